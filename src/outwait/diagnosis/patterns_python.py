"""How Python says it: requests, urllib3, httpx, httpcore, aiohttp, h11, and the official SDKs on top of them."""

from __future__ import annotations

from typing import Final

from outwait.diagnosis.causes import (
    AUTH,
    BAD_REQUEST,
    BAD_RESPONSE,
    CLIENT,
    CONNECT,
    DNS,
    EMPTY,
    EXHAUSTED,
    FIRST_BYTE,
    GAVE_UP,
    IDLE,
    NO_MODEL,
    OVERLOADED,
    PERMISSION,
    PROXY,
    RATE,
    REFUSED,
    RESET,
    TOTAL,
    TRUNCATED,
    UNKNOWN,
    UPSTREAM,
    UPSTREAM_ERROR,
    WRITE,
)
from outwait.diagnosis.pattern import Pattern, rows

_REQUESTS = "https://requests.readthedocs.io/en/latest/api/#exceptions"
_URLLIB3 = "https://urllib3.readthedocs.io/en/stable/reference/urllib3.exceptions.html"
_HTTPX = "https://www.python-httpx.org/exceptions/"
_AIOHTTP = "https://docs.aiohttp.org/en/stable/client_reference.html#client-exceptions"
_FRAMES = "https://docs.python.org/3/library/traceback.html"
_OPENAI = "https://github.com/openai/openai-python#handling-errors"
_ASYNCIO = "https://docs.python.org/3/library/asyncio-exceptions.html"
_HTTP = "https://docs.python.org/3/library/http.client.html"

# A table: what is said in one place stands together, one row a line where that can be.
# fmt: off
PYTHON: Final[tuple[Pattern, ...]] = (
    # ------------------------------------------------------------------------------------------ requests and urllib3
    *rows(_URLLIB3, 95, DNS, r"nameresolutionerror   failed to resolve '"),
    *rows(_URLLIB3, 94, CONNECT, r"\(connect timeout=   \bconnecttimeout\b"),
    *rows(_URLLIB3, 30, REFUSED, r"newconnectionerror   failed to establish a new connection"),
    *rows(_URLLIB3, 84, FIRST_BYTE, r"""
        read timed out\. \(read timeout   readtimeouterror   \breadtimeout\b   the read operation timed out
    """),
    *rows(_REQUESTS, 87, IDLE, r"connectionerror: https?connectionpool\(.{1,200}\): read timed out\.(?! \()"),
    *rows(_URLLIB3, 97, PROXY, r"""
        (cannot|unable to) connect to proxy   proxyerror   tunnel connection failed   proxyschemeunknown
        proxyschemeunsupported   unable to determine socks version   missing dependencies for socks
        'socksio' package is not installed   proxy url had no scheme   unknown scheme for proxy url
        proxy (url|scheme) .{0,40}(invalid|unsupported|not supported)   proxyconnectionerror
        check_hostname requires server_hostname   unexpected keyword argument 'proxies'   invalidproxyurl
        socks[45]?.{0,20}proxy.{0,40}(fail|refus|error)
    """),
    *rows(_HTTP, 86, RESET, r"remote end closed connection without response   remotedisconnected", side=UPSTREAM),
    *rows(_HTTP, 84, RESET, r"""
        connectionreseterror   connection aborted\.?', (connectionreset|oserror|brokenpipe)   connectionabortederror
    """),
    *rows(_HTTP, 84, RESET, r"connectionerror.{0,200}brokenpipeerror   connection aborted.{0,20}broken ?pipe"),
    *rows(_HTTP, 62, BAD_RESPONSE, r"badstatusline   unknownprotocol: http/   linetoolong"),
    *rows(_URLLIB3, 95, WRITE, r"write operation timed out   writetimeout   write timed out"),
    *rows(_HTTP, 90, TRUNCATED, r"""
        incompleteread\(   incompletereaderror   invalidchunklength   invalid chunk length
        response ended prematurely   chunkedencodingerror
    """),
    *rows(_REQUESTS, 78, BAD_RESPONSE, r"""
        contentdecodingerror   requests.exceptions.jsondecodeerror   error -3 while decompressing
    """),
    *rows(_REQUESTS, 88, BAD_REQUEST, r"""
        missingschema   no connection adapters were found   invalid url '   invalidschema   locationparseerror
        request url is missing an 'https?://'   unsupportedprotocol: request url   invalidurl
    """, side=CLIENT),
    *rows("https://urllib3.readthedocs.io/en/stable/advanced-usage.html", 40, EXHAUSTED, r"""
        connection pool is full, discarding
    """),
    *rows(_URLLIB3, 90, EXHAUSTED, r"emptypoolerror   pool reached maximum size and no more connections"),
    # ---------------------------------------------------- frames: what was being done when it failed, in a traceback
    *rows(_FRAMES, 91, IDLE, r"""
        \bin (__iter__|__aiter__|__stream__) .{0,6000}(readtimeout|read timed out)
        \bin (iter_raw|iter_bytes|iter_lines) .{0,6000}(readtimeout|read timed out)
        \bin (iter_text|aiter_raw|aiter_bytes) .{0,6000}(readtimeout|read timed out)
        \bin (aiter_lines|aiter_text|iter_content) .{0,6000}(readtimeout|read timed out)
        \bin (_?receive_response_body|read_chunked) .{0,6000}(readtimeout|read timed out|timed out)
        \bin (readany|readchunk|readuntil) .{0,6000}(timeout on reading|sockettimeout|servertimeout)
        \bin (iter_any|iter_chunked) .{0,6000}(timeout on reading|sockettimeout|servertimeout)
    """),
    *rows(_FRAMES, 92, FIRST_BYTE, r"""
        \bin (_?receive_response_headers|getresponse|_read_status) .{0,6000}(timed out|readtimeout)
    """),
    *rows(_FRAMES, 84, TOTAL, r"cancellederror .{0,4000}timeouterror"),
    *rows(_FRAMES, 90, WRITE, r"""
        connection aborted\.?', (socket\.)?time-?out(error)?\(
        \bin (sendall|_send_request|send_request_body) .{0,3000}timed out
    """),
    *rows(_FRAMES, 60, UPSTREAM_ERROR, r"raise apierror\("),
    # ------------------------------------------------------------------------------------------------ httpx, httpcore
    *rows(_HTTPX, 95, EXHAUSTED, r"pooltimeout"),
    *rows(_HTTPX, 62, UPSTREAM_ERROR, r"server error '50[02] "),
    *rows(_HTTPX, 62, OVERLOADED, r"server error '503 "),
    *rows(_HTTPX, 78, REFUSED, r"all connection attempts failed"),
    *rows(_HTTPX, 36, REFUSED, r"connecterror"),
    *rows(_HTTPX, 72, RESET, r"(?<!incomplete)readerror   writeerror"),
    *rows(_HTTPX, 94, TRUNCATED, r"without sending complete message body   incomplete chunked read"),
    *rows(_HTTPX, 87, RESET, r"server disconnected without sending a response", side=UPSTREAM),
    *rows(_HTTPX, 60, RESET, r"remoteprotocolerror   server disconnected"),
    *rows(_HTTPX, 78, BAD_RESPONSE, r"""
        remoteprotocolerror: illegal   illegal header line   illegal status line   httpx.decodingerror
    """),
    *rows(_HTTPX, 90, AUTH, r"illegal header value b'bearer   illegal header value b''", side=CLIENT),
    *rows(_HTTPX, 72, BAD_REQUEST, r"'(ascii|latin-1)' codec can't encode   localprotocolerror", side=CLIENT),
    *rows(_HTTPX, 70, BAD_REQUEST, r"toomanyredirects   exceeded maximum allowed redirects"),
    # -------------------------------------------------------------------------------------------------------- aiohttp
    *rows(_AIOHTTP, 94, CONNECT, r"connection timeout to host   (?<!api)connectiontimeouterror"),
    *rows(_AIOHTTP, 95, DNS, r"clientconnectordnserror"),
    *rows(_AIOHTTP, 88, REFUSED, r"""
        connect call failed \('   multiple exceptions: .errno (111|61). connect call failed
    """),
    *rows(_AIOHTTP, 50, REFUSED, r"clientconnectorerror   cannot connect to host"),
    *rows(_AIOHTTP, 95, PROXY, r"clientproxyconnectionerror   clienthttpproxyerror"),
    *rows(_AIOHTTP, 76, FIRST_BYTE, r"timeout on reading data from socket   sockettimeouterror   servertimeouterror"),
    *rows(_AIOHTTP, 68, TOTAL, r"""
        \baiohttp(?! server).{0,30}\b(default|total)\b.{0,20}time-?out.{0,24}\b(300 ?s|(5|five) ?m)
        \baiohttp(?! server).{0,30}\b(300[ -]?s|(5|five)[ -]?m)[a-z]{0,7}\b.{0,24}\bdefault
    """),
    *rows(_AIOHTTP, 88, IDLE, r"streams\.py.{0,2000}(timeout on reading|sockettimeouterror|servertimeouterror)"),
    *rows(_AIOHTTP, 84, RESET, r"serverdisconnectederror", side=UPSTREAM),
    *rows(_AIOHTTP, 92, TRUNCATED, r"""
        response payload is not completed   clientpayloaderror   transferencodingerror
        not enough data (for|to) satisfy
    """),
    *rows(_AIOHTTP, 80, BAD_RESPONSE, r"""
        contenttypeerror   unexpected mimetype   attempt to decode json with unexpected
    """),
    *rows(_AIOHTTP, 80, BAD_RESPONSE, r"""
        chunk too big   got more than [0-9]{1,12} bytes .{0,40}when reading   separator is (not )?found, .{0,30}limit
    """),
    *rows(_AIOHTTP, 66, RESET, r"clientoserror   cannot write to closing transport"),
    *rows(_ASYNCIO, 62, TOTAL, r"asyncio\.(exceptions\.)?timeouterror   concurrent\.futures\._base\.timeouterror"),
    *rows(_ASYNCIO, 66, GAVE_UP, r"""
        asyncio\.(exceptions\.)?cancellederror   \bcancellederror\b   clientdisconnect   client disconnected
    """),
    # ------------------------------------------------------------------------------------------------- SDKs and frames
    *rows(_OPENAI, 44, FIRST_BYTE, r"""
        apitimeouterror   apiconnectiontimeouterror   request timed out   openai\.error\.timeout
    """),
    *rows(_OPENAI, 41, UNKNOWN, r"""
        apiconnectionerror   connection error   connection failed   connection failure
        error communicating with openai
    """, side=CLIENT),
    *rows(_OPENAI, 58, RATE, r"ratelimiterror   rate_limit_error"),
    *rows(_OPENAI, 58, AUTH, r"authenticationerror"),
    *rows(_OPENAI, 58, PERMISSION, r"permissiondeniederror   permission_error"),
    *rows(_OPENAI, 46, NO_MODEL, r"(?<!module)(?<!file)notfounderror"),
    *rows(_OPENAI, 42, BAD_REQUEST, r"""
        badrequesterror   unprocessableentityerror   invalidrequesterror   invalid_request_error
    """),
    *rows(_OPENAI, 58, OVERLOADED, r"serviceunavailableerror"),
    *rows(_OPENAI, 32, UPSTREAM_ERROR, r"openai\.error\.apierror"),
    *rows(_OPENAI, 90, AUTH, r"""
        api_key client option must be set   no api key provided   you didn't provide an api key
        could not resolve authentication method
    """),
    *rows(_OPENAI, 78, BAD_RESPONSE, r"""
        'str' object has no attribute '(choices|model_dump|error|usage|data|output|content)'   lengthfinishreasonerror
    """),
    *rows(_OPENAI, 62, EMPTY, r"""
        'nonetype' object is not (subscriptable|iterable)
        'nonetype' object has no attribute '(choices|content|text|parts)
    """),
    *rows("https://docs.python.org/3/library/json.html", 74, BAD_RESPONSE, r"""
        jsondecodeerror   expecting value: line [0-9]{1,12} column [0-9]{1,12}
    """),
    *rows("https://python.langchain.com/docs/troubleshooting/errors/OUTPUT_PARSING_FAILURE/", 72, BAD_RESPONSE, r"""
        outputparserexception   could not parse llm output   failed to parse .{0,60}from completion
    """),
    *rows("https://python.langchain.com/docs/troubleshooting/errors/", 88, EMPTY, r"""
        no generation chunks were returned   no generations found in stream
    """),
    *rows("https://docs.pydantic.dev/latest/errors/errors/", 84, BAD_RESPONSE, r"""
        validation errors? for (chatcompletion|message\b|generate|response|completion|[a-z]{1,30}response)
    """),
    *rows("https://docs.pydantic.dev/latest/errors/errors/", 50, BAD_RESPONSE, r"""
        pydantic_core.{0,40}validationerror
    """),
    *rows("https://docs.sqlalchemy.org/en/20/errors.html", 96, EXHAUSTED, r"queuepool limit of size", side="gateway"),
    *rows("https://docs.python.org/3/library/exceptions.html", 64, UNKNOWN, r"""
        modulenotfounderror   nameerror: name   importerror: cannot import   unsupported operand type
        referenceerror: [a-z_$.]{1,60} is not defined   command not found   indentationerror
    """, side=CLIENT),
    *rows("https://docs.gunicorn.org/en/stable/settings.html#timeout", 86, TOTAL, r"""
        worker timeout \(pid
    """, side="gateway"),
)
# fmt: on
