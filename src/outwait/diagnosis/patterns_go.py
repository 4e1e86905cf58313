"""How Go says it: net, net/http, crypto/tls, and the HTTP/2 of golang.org/x/net; most gateways are written in it."""

from __future__ import annotations

from typing import Final

from outwait.diagnosis.causes import (
    BAD_RESPONSE,
    CONNECT,
    DNS,
    EXHAUSTED,
    FIRST_BYTE,
    GAVE_UP,
    NETWORK,
    PROXY,
    REFUSED,
    RESET,
    TLS,
    TOTAL,
    TRUNCATED,
    UPSTREAM,
    WRITE,
)
from outwait.diagnosis.pattern import Pattern, rows

_NET = "https://pkg.go.dev/net#OpError"
_HTTP = "https://pkg.go.dev/net/http#Client"
_TRANSPORT = "https://pkg.go.dev/net/http#Transport"
_CONTEXT = "https://pkg.go.dev/context#pkg-variables"
_TLS = "https://pkg.go.dev/crypto/tls"
_HTTP2 = "https://pkg.go.dev/golang.org/x/net/http2"
_JSON = "https://pkg.go.dev/encoding/json#SyntaxError"

# A table: what is said in one place stands together, one row a line where that can be.
# fmt: off
GO: Final[tuple[Pattern, ...]] = (
    *rows(_NET, 97, DNS, r"""
        lookup [^ ]{1,253}( on [^ ]{1,60})?: (i/o timeout|no such host|server misbehaving)
        lookup [^ ]{1,253}( on [^ ]{1,60})?: (no answer|dial udp|read udp)
        lookup [^ ]{1,253} on .{1,120}(connection refused|i/o timeout|no such host|server misbehaving)   no such host
        server misbehaving   lookup [^ ]{1,253}: (temporary failure|device or resource busy|network is unreachable)
    """),
    *rows(_NET, 92, CONNECT, r"""
        dial (tcp[46]?|udp) .{0,200}i/o timeout   dial (tcp[46]?) .{0,200}connect: (connection|operation) timed out
        dial tcp.{0,200}connectex: a connection attempt failed
    """),
    *rows(_NET, 90, REFUSED, r"""
        dial (tcp[46]?|unix) .{0,300}connect(ex)?: (connection refused|no such file)
        connectex: no connection could be made
    """),
    *rows(_NET, 94, EXHAUSTED, r"""
        dial (tcp[46]?) .{0,200}(cannot assign requested address|too many open files)   socket: too many open files
        accept4?: too many open files
    """),
    *rows(_NET, 86, RESET, r"read tcp .{0,200}(connection reset|forcibly closed|wsarecv)   wsarecv:   wsasend:"),
    *rows(_NET, 76, FIRST_BYTE, r"read tcp .{0,200}i/o timeout"),
    *rows(_NET, 92, RESET, r"""
        write tcp [^ ]{1,80}->[^ ]{1,80}:(443|80|8080): (use of closed|write: (broken pipe|connection reset))
        write tcp [^ ]{1,80}->[^ ]{1,80}:(8000|11434): (use of closed|write: (broken pipe|connection reset))
    """, side=NETWORK),
    *rows(_NET, 92, GAVE_UP, r"""
        write tcp [^ ]{0,60}:(80|443|3000|3001|8000|8080)->[^ ]{1,80}: (write: )?(broken pipe|connection reset)
        write tcp [^ ]{0,60}:(80|443|3000|3001|8000|8080)->[^ ]{1,80}: (write: )?(i/o timeout)
        write tcp [^ ]{0,60}:(8443|8317|4000|5000|9000)->[^ ]{1,80}: (write: )?(broken pipe|connection reset)
        write tcp [^ ]{0,60}:(8443|8317|4000|5000|9000)->[^ ]{1,80}: (write: )?(i/o timeout)
        failed to (copy|write) response.{0,200}broken pipe   write: broken pipe
    """),
    *rows(_NET, 90, WRITE, r"write tcp .{0,200}i/o timeout"),
    *rows(_HTTP, 95, TOTAL, r"""
        client\.timeout exceeded while awaiting headers   client\.timeout or context cancellation while reading body
        client\.timeout exceeded   request canceled \(client\.timeout
    """),
    *rows(_NET, 97, CONNECT, r"connect: (connection|operation) timed out"),
    *rows(_HTTP, 96, CONNECT, r"request canceled while waiting for connection \(client\.timeout"),
    *rows(_TRANSPORT, 95, FIRST_BYTE, r"timeout awaiting response headers"),
    *rows(_TRANSPORT, 91, TLS, r"tls handshake timeout", side=NETWORK),
    *rows(_CONTEXT, 82, TOTAL, r"context deadline exceeded"),
    *rows(_CONTEXT, 80, GAVE_UP, r"context canceled   context cancelled   request context (was )?cancell?ed"),
    *rows(_TRANSPORT, 70, RESET, r"""
        (post|get) '?"?https?://[^ ]{1,300}"?: (unexpected )?eof   server closed idle connection
        unsolicited response received   transport connection broken   use of closed network connection
        connection (closed|lost) before (any )?response
    """),
    *rows(_TRANSPORT, 78, TRUNCATED, r"""
        unexpected eof   stream (ended|closed) unexpectedly   malformed chunked encoding   reading body: eof
    """),
    *rows(_TRANSPORT, 97, PROXY, r"""
        proxyconnect tcp   socks connect tcp   proxy authentication required
        socks5?: .{0,60}(failed|refused|unreachable|rejected|not allowed)   unknown proxy scheme
        invalid proxy (address|url)
    """),
    *rows(_TRANSPORT, 82, BAD_RESPONSE, r"""
        malformed http (response|status|version)   http/1\.x transport got|malformed mime header
        net/http: http/1.x transport connection broken: malformed
    """),
    *rows(_TLS, 95, TLS, r"""
        x509: certificate signed by unknown   x509: cannot validate   failed to verify certificate
        x509: certificate is valid for   x509:
    """),
    *rows(_TLS, 96, TLS, r"""
        x509: certificate has expired   remote error: tls   tls: no supported versions
    """, side=UPSTREAM),
    *rows(_TLS, 95, PROXY, r"first record does not look like a tls handshake"),
    *rows(_TLS, 94, TLS, r"server gave http response to https client"),
    *rows(_HTTP2, 86, TRUNCATED, r"""
        \bstream id [0-9]{1,12}; (internal_error|protocol_error|cancel|no_error|flow_control_error|stream_closed)
        \bstream id [0-9]{1,12}; (settings_timeout|frame_size_error|compression_error)   http2: response body closed
        connection error: protocol_error
    """),
    *rows(_HTTP2, 84, RESET, r"""
        http2: client connection (lost|force closed)   http2: server sent goaway and closed
        http2: client connection not usable   http2: no cached connection
    """),
    *rows(_HTTP2, 88, FIRST_BYTE, r"http2: timeout awaiting response headers"),
    *rows(_JSON, 80, BAD_RESPONSE, r"""
        invalid character .{1,8} (looking for beginning of|after top-level)
        invalid character .{1,8} (in (literal|string|numeric)|after (object|array))   cannot unmarshal
        error unmarshal   unmarshal(l)?ing .{0,60}(failed|error)   (failed|error|unable) (to )?unmarshal
        unmarshal_response_body_failed   unmarshal_response_failed   json: (unknown|unsupported)
    """),
    *rows(_JSON, 92, "bad_request", r"cannot unmarshal .{0,80}go struct field [a-z]{0,40}request"),
    *rows(_JSON, 74, BAD_RESPONSE, r"unexpected end of json"),
    *rows("https://pkg.go.dev/bufio#pkg-variables", 88, BAD_RESPONSE, r"bufio\.scanner: token too long"),
    *rows("https://go.dev/doc/effective_go#panic", 60, "upstream_error", r"""
        runtime error: (invalid memory|index out of range)   nil pointer dereference
    """),
)
# fmt: on
