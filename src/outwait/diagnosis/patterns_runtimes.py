"""How Java, Kotlin, .NET, Rust, Ruby, PHP, Swift, Dart and curl say it."""

from __future__ import annotations

from typing import Final

from outwait.diagnosis.causes import (
    BAD_REQUEST,
    BAD_RESPONSE,
    CLIENT,
    CONNECT,
    DNS,
    EXHAUSTED,
    FIRST_BYTE,
    GAVE_UP,
    IDLE,
    NETWORK,
    PROXY,
    REFUSED,
    RESET,
    TLS,
    TOTAL,
    TRUNCATED,
    UNKNOWN,
    UNREACHABLE,
    UPSTREAM,
    WRITE,
)
from outwait.diagnosis.pattern import Pattern, rows

_JAVA = "https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/net/package-summary.html"
_JAVA_HTTP = "https://docs.oracle.com/en/java/javase/21/docs/api/java.net.http/java/net/http/package-summary.html"
_OKHTTP = "https://square.github.io/okhttp/recipes/#timeouts-kt-java"
_NETTY = "https://projectreactor.io/docs/netty/release/reference/http-client.html#http-client-timeout"
_SPRING = "https://docs.spring.io/spring-framework/reference/integration/rest-clients.html"
_DOTNET = "https://learn.microsoft.com/en-us/dotnet/api/system.net.http.httpclient.timeout"
_DOTNET_ERRORS = "https://learn.microsoft.com/en-us/dotnet/api/system.net.http.httprequesterror"
_POLLY = "https://learn.microsoft.com/en-us/dotnet/core/resilience/http-resilience"
_RESILIENCE = "https://resilience4j.readme.io/docs/circuitbreaker"
_RUSTLS = "https://docs.rs/rustls/latest/rustls/manual/_03_howto/index.html#unexpected-eof"
_REQWEST = "https://docs.rs/reqwest/latest/reqwest/struct.Error.html"
_HYPER = "https://docs.rs/hyper/latest/hyper/struct.Error.html"
_RUBY = "https://docs.ruby-lang.org/en/master/Net/HTTP.html"
_WGET = "https://www.gnu.org/software/wget/manual/wget.html"
_CURL = "https://curl.se/libcurl/c/libcurl-errors.html"
_PHP = "https://docs.guzzlephp.org/en/stable/quickstart.html#exceptions"
_APPLE = "https://developer.apple.com/documentation/foundation/urlerror/code"
_DART = "https://api.dart.dev/dart-io/SocketException-class.html"

# A table: what is said in one place stands together, one row a line where that can be.
# fmt: off
RUNTIMES: Final[tuple[Pattern, ...]] = (
    # --------------------------------------------------------------------------------------------------- Java, Kotlin
    *rows(_JAVA, 95, DNS, r"unknownhostexception   unresolvedaddressexception   dnsnameresolver   dnsresolvecontext"),
    *rows(_JAVA, 96, CONNECT, r"""
        sockettimeoutexception: (connect|failed to connect)   httpconnecttimeoutexception   connecttimeoutexception
        http connect timed out   connection timed out: (no further information|[a-z0-9.-]{1,40}/)
        connectexception: (connection|operation) timed out   connectexception: http connect timed out
        failed to connect to /?[^ ]{1,120} \(port [0-9]{1,12}\).{0,80} after [0-9]{1,12} ?ms
    """),
    *rows(_JAVA, 92, REFUSED, r"""
        connectexception: connection refused   httphostconnectexception
        failed to connect to .{1,120}connection refused
    """),
    *rows(_JAVA, 40, TRUNCATED, r"closedchannelexception   ioexception: (stream )?closed"),
    *rows(_JAVA, 92, EXHAUSTED, r"rejectedexecutionexception"),
    *rows(_RESILIENCE, 90, "overloaded", r"callnotpermittedexception   circuit ?breaker .{0,60}is open", side=CLIENT),
    *rows(_RESILIENCE, 92, "rate_limited", r"requestnotpermitted   ratelimiter .{0,60}does not permit", side=CLIENT),
    *rows(_RESILIENCE, 92, TOTAL, r"timelimiter .{0,60}recorded a timeout"),
    *rows(_RESILIENCE, 92, EXHAUSTED, r"bulkheadfullexception   bulkhead .{0,60}is full"),
    *rows(_SPRING, 92, "gateway_no_channel", r"""
        does not have available server   no (servers|instances) available for   unable to find instance for
    """, side="gateway"),
    *rows(_JAVA, 56, REFUSED, r"java\.net\.connectexception   failed to connect to /?[0-9a-z]"),
    *rows(_JAVA, 94, UNREACHABLE, r"noroutetohostexception   network is unreachable"),
    *rows(_JAVA, 86, FIRST_BYTE, r"""
        sockettimeoutexception: read( timed out)?   sockettimeoutexception: timeout   sockettimeoutexception
        read timed out
    """),
    *rows(_OKHTTP, 92, FIRST_BYTE, r"sockettimeoutexception.{0,3000}(readresponseheaders|headersreader\.readline)"),
    *rows(_OKHTTP, 93, IDLE, r"""
        sockettimeoutexception.{0,3000}(realbufferedsource|chunkedsource|readutf8line|eventsource)
        sockettimeoutexception.{0,3000}(bodysource|inputstreamreader|bufferedreader\.readline)
    """),
    *rows(_OKHTTP, 90, TOTAL, r"interruptedioexception: (timeout|call timeout)   calltimeout"),
    *rows(_SPRING, 24, UNKNOWN, r"i/o error on (post|get|put) request", side=CLIENT),
    *rows(_JAVA_HTTP, 88, TOTAL, r"httptimeoutexception: request timed out   java\.net\.http\.httptimeoutexception"),
    *rows(_NETTY, 93, FIRST_BYTE, r"readtimeoutexception   responsetimeoutexception"),
    *rows(_NETTY, 90, TOTAL, r"""
        did not observe any item or terminal signal within   java\.util\.concurrent\.timeoutexception
        timeoutcancellationexception   httprequesttimeoutexception
    """),
    *rows(_NETTY, 94, WRITE, r"writetimeoutexception"),
    *rows(_NETTY, 95, EXHAUSTED, r"""
        pendingacquiretimeout   pending acquire queue   pool#acquire   connectionpooltimeoutexception
        timeout waiting for connection from pool   connection is not available, request timed out after
    """),
    *rows(_NETTY, 88, RESET, r"""
        prematurecloseexception: connection prematurely closed before response
        connection prematurely closed before response   nohttpresponseexception   :[0-9]{2,5} failed to respond
    """, side=UPSTREAM),
    *rows(_NETTY, 90, TRUNCATED, r"""
        connection prematurely closed during response   premature end of (content-length|chunk)
        connectionclosedexception   truncatedchunkexception   unexpected end of stream   insufficient data written
    """),
    *rows(_JAVA, 86, RESET, r"""
        socketexception: (connection reset|broken pipe|socket (is )?closed|software caused)
        header parser received no bytes   eof reached while reading   httpsession.{0,20}closed
    """),
    *rows(_OKHTTP, 96, PROXY, r"unexpected end of stream.{0,3000}createtunnel"),
    *rows(_OKHTTP, 84, TRUNCATED, r"""
        streamresetexception: stream was reset: (cancel|internal_error|protocol_error)
        stream was reset: (cancel|internal_error|protocol_error)
    """),
    *rows(_OKHTTP, 84, RESET, r"stream was reset: refused_stream   connectionshutdownexception   rst_stream received"),
    *rows(_SPRING, 84, GAVE_UP, r"eofexception: broken pipe   response already committed"),
    *rows(_SPRING, 84, TOTAL, r"asyncrequesttimeoutexception", side="gateway"),
    *rows(_JAVA, 95, TLS, r"""
        sslhandshakeexception   pkix path building failed   pkix path validation   suncertpathbuilder
        sslpeerunverifiedexception   certpathvalidatorexception   trust anchor for certification path not found
    """),
    *rows(_JAVA, 90, TLS, r"remote host terminated the handshake   ssl peer shut down incorrectly", side=NETWORK),
    *rows(_JAVA, 88, TLS, r"sslexception   unsupported or unrecognized ssl message"),
    *rows(_JAVA, 95, PROXY, r"""
        unable to tunnel through proxy   failed to authenticate with proxy   malformed reply from socks server
        can't connect to socks proxy   socks server general failure
    """),
    *rows(_SPRING, 82, BAD_RESPONSE, r"""
        unknowncontenttypeexception   no suitable httpmessageconverter   could not extract response
        mismatchedinputexception   jsonparseexception   unrecognizedpropertyexception   malformedjsonexception
        illegalstateexception: expected begin_   unsupportedmediatypeexception.{0,120}bodytype
    """),
    *rows(_SPRING, 84, BAD_RESPONSE, r"exceeded limit on max bytes to buffer   databufferlimitexception"),
    # ------------------------------------------------------------------------------------------------------------ .NET
    *rows(_DOTNET, 93, TOTAL, r"""
        configured httpclient\.timeout   exceeded the configured timeout of   timeoutrejectedexception
        didn't complete within the allowed timeout   did not complete within the allowed timeout
    """),
    *rows(_POLLY, 90, "overloaded", r"brokencircuitexception   circuit is now open", side=CLIENT),
    *rows(_DOTNET, 70, TOTAL, r"taskcanceledexception.{0,2000}timeoutexception   a task was canceled"),
    *rows(_DOTNET, 62, GAVE_UP, r"taskcanceledexception   operationcanceledexception   the operation was canceled"),
    *rows(_DOTNET_ERRORS, 88, TRUNCATED, r"""
        httpioexception.{0,60}responseended   error while copying content to a stream
        unable to read beyond the end
    """),
    *rows(_DOTNET_ERRORS, 80, RESET, r"""
        underlying connection was closed   connection that was expected to be kept alive
        an error occurred while sending the request   unable to read data from the transport connection
    """),
    *rows(_DOTNET_ERRORS, 92, RESET, r"""
        an error occurred while sending the request.{0,300}response ended prematurely
    """),
    *rows(_DOTNET_ERRORS, 94, TLS, r"""
        ssl connection could not be established   authenticationexception.{0,60}(ssl|tls|certificate|handshake)
        remote certificate is invalid   remotecertificatechainerrors
    """),
    *rows(_DOTNET_ERRORS, 96, CONNECT, r"connection could not be established within the configured connecttimeout"),
    *rows(_DOTNET_ERRORS, 96, PROXY, r"proxy tunnel request to proxy   the proxy tunnel"),
    # ------------------------------------------------------------------------------------------------------------ Rust
    *rows(_REQWEST, 22, UNKNOWN, r"""
        error sending request( for url)?   request or response body error   error following redirect
    """, side=CLIENT),
    *rows(_REQWEST, 86, TOTAL, r"""
        error sending request.{0,300}operation timed out   kind: (request|body), .{0,300}source: timedout
        reqwest::error.{0,300}timedout
    """),
    *rows(_REQWEST, 78, TOTAL, r"operation timed out"),
    *rows(_REQWEST, 86, IDLE, r"""
        (error decoding response body|request or response body error).{0,200}(operation )?timed out
    """),
    *rows(_REQWEST, 74, TRUNCATED, r"""
        error decoding response body   error reading a body from connection   body write aborted
    """),
    *rows(_HYPER, 88, TRUNCATED, r"""
        connection closed before message completed   unexpected eof during chunk
        end of file before message length reached   incompletemessage   incompletebody
    """),
    *rows(_HYPER, 86, RESET, r"""
        connection closed before response   channel closed   dispatch task is gone   connection was not ready
        http2 error: (stream|connection) error
    """),
    *rows(_HYPER, 44, REFUSED, r"error trying to connect   client error \(connect\)   tcp connect error"),
    *rows(_HYPER, 80, RESET, r"client error \(sendrequest\)"),
    *rows(_HYPER, 72, BAD_RESPONSE, r"""
        invalid http version parsed   invalid http status-code parsed   expected value at line [0-9]{1,12} column
        missing field `?'?[a-z_]{1,40}'?`? at line
    """),
    *rows(_RUSTLS, 92, TRUNCATED, r"""
        (error decoding response body|body error).{0,200}without (sending )?(tls )?close_notify
    """),
    *rows(_RUSTLS, 88, RESET, r"""
        (closed|ended|terminated) (the )?connection without (sending )?(a )?(tls )?close_notify
        \brustls\b.{0,120}#unexpected-eof
    """),
    *rows(_REQWEST, 80, BAD_RESPONSE, r"error decoding response body: (expected|missing|invalid|eof while parsing)"),
    *rows(_REQWEST, 84, BAD_REQUEST, r"""
        relative url without a base   builder error   empty host   failed to parse header value
    """, side=CLIENT),
    *rows("https://docs.rs/tokio/latest/tokio/time/error/struct.Elapsed.html", 76, TOTAL, r"deadline has elapsed"),
    # ----------------------------------------------------------------------------------------------- Ruby, PHP and curl
    *rows(_RUBY, 90, FIRST_BYTE, r"net::readtimeout   faraday::timeouterror   net_http_timeout"),
    *rows(_RUBY, 95, CONNECT, r"""
        net::opentimeout   failed to open tcp connection to .{1,120}(execution expired|operation timed out)
    """),
    *rows(_RUBY, 95, WRITE, r"net::writetimeout"),
    *rows(_RUBY, 78, TOTAL, r"execution expired   timeout::error   timeout::exittimeout"),
    *rows(_RUBY, 60, REFUSED, r"faraday::connectionfailed   failed to open tcp connection"),
    *rows(_RUBY, 90, RESET, r"(eoferror|end of file reached).{0,2000}read_status_line", side=UPSTREAM),
    *rows(_RUBY, 84, TRUNCATED, r"eoferror   end of file reached"),
    *rows(_RUBY, 90, TLS, r"openssl::ssl::sslerror   faraday::sslerror   net::http::sslerror"),
    *rows(_CURL, 96, DNS, r"curl: ?\(6\)   curl error 6\b   curle_couldnt_resolve_host   resolving timed out after"),
    *rows(_CURL, 96, PROXY, r"""
        curl: ?\(5\)   curl: ?\(97\)   curl error (5|97)\b   couldn?'?t resolve proxy   could not resolve proxy
        received http code [0-9]{1,12} from proxy after connect   connect tunnel failed
        unable to receive initial socks
    """),
    *rows(_CURL, 84, REFUSED, r"""
        curl: ?\(7\)   curl error 7\b   couldn't connect to server   could not connect to server
        failed to connect to .{1,120} port [0-9]{1,12}
    """),
    *rows(_CURL, 97, CONNECT, r"""
        connection timed out after [0-9]{1,12} milliseconds
        failed to connect to .{1,120} port [0-9]{1,12}.{0,40}(timed out|timeout was reached)
        timeout was reached.{0,40}connect   connection timeout after
        port [0-9]{1,12} after ([2-9][0-9]{4}|[1-9][0-9]{5}) ms
    """),
    *rows(_CURL, 93, FIRST_BYTE, r"""
        operation timed out after [0-9]{1,12} milliseconds with 0 (bytes|out of)
        timed out after [0-9]{1,12} milliseconds with 0 bytes
    """),
    *rows(_CURL, 93, TOTAL, r"timed out after [0-9]{1,12} milliseconds with [1-9][0-9]{0,12} (bytes|out of)"),
    *rows(_CURL, 78, TOTAL, r"""
        curl: ?\(28\)   curl error 28\b   curle_operation_timedout   operation timed out after   timeout was reached
    """),
    *rows(_CURL, 94, IDLE, r"operation too slow\. less than"),
    *rows(_CURL, 80, TLS, r"curl: ?\(35\)   curl error 35\b   ssl connect error", side=NETWORK),
    *rows(_CURL, 90, RESET, r"\(35\).{0,80}connection reset   connection reset by peer in connection to"),
    *rows(_CURL, 95, TLS, r"curl: ?\((51|58|60|77)\)   curl error (51|58|60|77)\b   ssl peer certificate"),
    *rows(_CURL, 87, RESET, r"curl: ?\((55|56)\)   curl error (55|56)\b   recv failure   send failure", side=NETWORK),
    *rows(_WGET, 90, RESET, r"awaiting response\.\.\. no data received", side=UPSTREAM),
    *rows(_CURL, 95, RESET, r"curl: ?\(52\)   curl error 52\b   empty reply from server", side=UPSTREAM),
    *rows(_CURL, 97, PROXY, r"\(56\).{0,80}(proxy|connect tunnel)"),
    *rows(_CURL, 90, TRUNCATED, r"""
        curl: ?\((18|92|95)\)   curl error (18|92|95)\b   transfer closed with
        http/2 stream [0-9]{1,12} was not closed cleanly   outstanding read data remaining   http/3 stream [0-9]{1,12}
    """),
    *rows(_CURL, 92, GAVE_UP, r"""
        curl: ?\(23\)   curl error:? ?23\b   failed writing received data   failure writing output to destination
        failed writing body
    """),
    *rows(_CURL, 84, RESET, r"curl: ?\(16\)   error in the http2 framing layer"),
    *rows(_CURL, 92, BAD_RESPONSE, r"received http/0\.9 when not allowed   weird server reply"),
    *rows(_CURL, 97, PROXY, r"uses proxy env variable.{0,600}(refused|couldn't connect|could not resolve|timed out)"),
    *rows(_WGET, 96, FIRST_BYTE, r"read error \(.{1,60}\) in headers"),
    *rows(_PHP, 74, BAD_RESPONSE, r"jsonexception"),
    *rows(_CURL, 84, BAD_REQUEST, r"curl: ?\((1|3)\)   url using bad/illegal format   curl error 3\b", side=CLIENT),
    *rows(_PHP, 90, TOTAL, r"maximum execution time of [0-9]{1,12} seconds? exceeded   max_execution_time"),
    *rows(_PHP, 95, EXHAUSTED, r"allowed memory size of [0-9]{1,12} bytes exhausted   reached pm\.max_children"),
    *rows(_PHP, 40, REFUSED, r"guzzlehttp.exception.connectexception"),
    *rows(_PHP, 70, UNKNOWN, r"failed to open stream: http request failed!?$", side=CLIENT),
    # ------------------------------------------------------------------------------------------------------ Swift, Dart
    *rows(_APPLE, 94, DNS, r"""
        nsurlerrordomain (code=)?-?100[36]\b   server with the specified hostname could not be found
        nsurlerrorcannotfindhost
    """),
    *rows(_APPLE, 80, FIRST_BYTE, r"nsurlerrordomain (code=)?-?1001\b   nsurlerrortimedout   the request timed out"),
    *rows(_APPLE, 88, REFUSED, r"""
        nsurlerrordomain (code=)?-?1004\b   could not connect to the server   cannotconnecttohost
    """),
    *rows(_APPLE, 86, RESET, r"""
        nsurlerrordomain (code=)?-?1005\b   the network connection was lost   networkconnectionlost
    """),
    *rows(_APPLE, 93, UNREACHABLE, r"""
        nsurlerrordomain (code=)?-?1009\b   internet connection appears to be offline   notconnectedtointernet
    """),
    *rows(_APPLE, 92, TLS, r"""
        nsurlerrordomain (code=)?-?12[0-9][0-9]\b   an ssl error has occurred   app transport security
    """),
    *rows(_APPLE, 76, GAVE_UP, r"nsurlerrordomain (code=)?-?999\b"),
    *rows(_DART, 95, DNS, r"socketexception: failed host lookup"),
    *rows(_DART, 86, RESET, r"""
        connection closed before full header was received   connection closed while receiving data
        httpexception: connection closed
    """),
    *rows(_DART, 76, TOTAL, r"timeoutexception after   future not completed   dioexception \[receive timeout\]"),
    *rows(_DART, 92, CONNECT, r"dioexception \[connection timeout\]"),
    *rows(_DART, 93, TLS, r"handshakeexception   certificateexception"),
    *rows("https://www.erlang.org/doc/apps/kernel/inet.html#module-posix-error-codes", 84, REFUSED, r":econnrefused"),
    *rows("https://www.erlang.org/doc/apps/kernel/inet.html#module-posix-error-codes", 94, DNS, r"non-existing domain"),
    *rows("https://api.dart.dev/dart-core/FormatException-class.html", 80, BAD_RESPONSE, r"formatexception: "),
)
# fmt: on
