"""How gRPC, HTTP/2, server-sent events and WebSockets say it."""

from __future__ import annotations

from typing import Final

from outwait.diagnosis.causes import (
    AUTH,
    BAD_REQUEST,
    CLIENT,
    CONNECT,
    GATEWAY_TIMEOUT,
    GAVE_UP,
    IDLE,
    NO_MODEL,
    OVERLOADED,
    PERMISSION,
    RATE,
    REFUSED,
    RESET,
    TLS,
    TOTAL,
    TRUNCATED,
    UPSTREAM,
    UPSTREAM_ERROR,
)
from outwait.diagnosis.pattern import Pattern, rows

_GRPC = "https://grpc.io/docs/guides/status-codes/"
_API_CORE = "https://googleapis.dev/python/google-api-core/latest/exceptions.html"
_H2 = "https://www.rfc-editor.org/rfc/rfc9113#name-error-codes"
_H2_RUST = "https://docs.rs/h2/latest/h2/struct.Reason.html"
_WEBSOCKET = "https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1"

# A table: what is said in one place stands together, one row a line where that can be.
# fmt: off
PROTOCOLS: Final[tuple[Pattern, ...]] = (
    # ------------------------------------------------------------------------------------------------------------ gRPC
    *rows(_API_CORE, 86, TOTAL, r"""
        deadlineexceeded: 504   \b504 deadline exceeded   timeout of [0-9.]{1,12} ?s exceeded
        deadline of [0-9.]{1,12}s exceeded   statuscode\.deadline_exceeded   code = deadlineexceeded
        deadline exceeded after [0-9.]{1,12}s   4 deadline_exceeded
    """),
    *rows(_GRPC, 87, GATEWAY_TIMEOUT, r"""
        deadline expired before operation could complete   504,? deadline_exceeded   status\W{1,6}deadline_exceeded
    """, side=UPSTREAM),
    *rows(_GRPC, 66, TOTAL, r"deadline[ _]?exceeded   deadline expired"),
    *rows(_GRPC, 74, CONNECT, r"failed to connect to all addresses   no connection established"),
    *rows(_GRPC, 95, CONNECT, r"failed to connect to all addresses.{0,300}(timed out|timeout)   fd shutdown"),
    *rows(_GRPC, 72, REFUSED, r"unavailable: connect(ion)? (failed|error|closed|dropped)"),
    *rows(_GRPC, 92, REFUSED, r"failed to connect to all addresses.{0,300}refused"),
    *rows(_GRPC, 62, OVERLOADED, r"""
        code = unavailable   14 unavailable   statuscode\.unavailable   \b503 unavailable   status\W{1,6}unavailable
    """),
    *rows(_GRPC, 76, RATE, r"""
        code = resourceexhausted   8 resource_exhausted   resource_exhausted   resourceexhausted
        resource (has been|is)? ?exhausted
    """),
    *rows(_GRPC, 60, AUTH, r"""
        code = unauthenticated   16 unauthenticated   status\W{1,6}unauthenticated   \b401,? unauthenticated
    """),
    *rows(_GRPC, 60, PERMISSION, r"""
        code = permissiondenied   7 permission_denied   status\W{1,6}permission_denied   \b403,? permission_denied
    """),
    *rows(_GRPC, 48, BAD_REQUEST, r"""
        code = invalidargument   3 invalid_argument   status\W{1,6}(invalid_argument|failed_precondition)
        \b400,? invalid_argument
    """),
    *rows(_GRPC, 48, NO_MODEL, r"status\W{1,6}not_found   code = notfound"),
    *rows(_GRPC, 40, UPSTREAM_ERROR, r"""
        code = internal\b   13 internal   status\W{1,6}internal\b   code = unknown   2 unknown
    """),
    *rows(_GRPC, 66, GAVE_UP, r"""
        code = canceled   1 cancelled   statuscode\.cancelled   status\W{1,6}cancelled   \b499 cancelled
        locally cancelled
    """),
    *rows(_GRPC, 84, RESET, r"""
        transport is closing   error reading from server: eof   received rst_stream with error code   socket closed
        http2: frame too large
    """),
    *rows(_GRPC, 92, AUTH, r"""
        getting metadata from plugin failed   default credentials were not found   defaultcredentialserror
        application default credentials
    """, side=CLIENT),
    # ---------------------------------------------------------------------------------------------------------- HTTP/2
    *rows(_H2, 84, TRUNCATED, r"""
        rst_stream   stream closed with error code (nghttp2_)?(internal_error|cancel|protocol_error)
        nghttp2_(internal_error|protocol_error|cancel)   err_http2_stream_error   <?streamreset
        stream reset by (peer|server)   stream reset   stream was reset
        stream error received: unspecific protocol error   http/2 error: (internal_error|protocol_error|cancel)
        error_code:(1|2|8)\b   error code: (internal_error|protocol_error)
        http/2: \"?(stream error|frameerror)\"? received
        \breset\(streamid\([0-9]{1,12}\), (internal_error|protocol_error|cancel|no_error|flow_control_error)
    """),
    *rows(_H2_RUST, 88, TRUNCATED, r"""
        stream error received: (unspecific protocol error|unexpected internal error|stream no longer needed)
        stream error received: (not a result of an error|flow-control protocol|received frame when|frame with invalid)
    """),
    # nothing of such a request was done (RFC 9113, 8.7); more than the class of exceptions that stands around it
    *rows(_H2, 93, RESET, r"""
        refused_stream   stream error received: refused stream before
        streamreset stream_id:[0-9]{1,12}, error_code:7\b
    """, side=UPSTREAM),
    *rows(_H2, 80, RESET, r"""
        \bgoaway\b   error_code:7\b   connectionterminated   http2 session
        http/2 connection
    """),
    *rows(_H2, 93, RATE, r"""
        enhance_your_calm   (stream|connection) error received: detected excessive load
        (streamreset stream_id:[0-9]{1,12},|connectionterminated) error_code:11\b
    """, side=UPSTREAM),
    *rows(_H2, 84, TLS, r"""
        http_1_1_required   alpn.{0,20}(negotiat|mismatch|error|fail|alert)   no application protocol
    """),
    # ------------------------------------------------------------------------------------------- SSE and WebSocket
    *rows(_WEBSOCKET, 80, TRUNCATED, r"""
        abnormal closure   close code (was )?1006   code[:= ]{1,2}1006   no close frame received
        websocket (connection )?(closed|disconnected) (unexpectedly|before)   received 1006
    """),
    *rows(_WEBSOCKET, 90, IDLE, r"keepalive ping timeout   ping timeout   pong timeout"),
    *rows(_WEBSOCKET, 74, RESET, r"""
        websocket error   websocket connection failed   websocket: (close|bad handshake)
        unexpected server response: 50[0-9]
    """),
    *rows(_WEBSOCKET, 84, TRUNCATED, r"""
        received 10(11|01|12)\b   close 10(11|01|12)\b   1011 \(?internal error   going away
    """),
    *rows("https://html.spec.whatwg.org/multipage/server-sent-events.html", 86, TRUNCATED, r"""
        stream (ended|closed|disconnected) (before|without|unexpectedly|prematurely|early)
        stream (terminated|interrupted) (before|without|unexpectedly|prematurely|early)
        stream (broke|aborted|stopped|finished) (before|without|unexpectedly|prematurely|early)   stream disconnected
        stream (was )?interrupted   (incomplete|truncated|partial) (stream|response|chunk|body|json|answer|reply)
        (response|answer|body|stream|reply) (is|was|seems|appears|got) (incomplete|truncated|cut off)
        (response|answer|body|stream|reply) (is|was|seems|appears|got) (cut short|interrupted)
        before (the )?(stream|response|message|completion|answer) (was )?(completed?|finished)
        without (a )?(finish_reason|message_stop|final chunk|\[done\])
        without (a )?(completion event|response\.completed|terminal event)
        did(n't| not) receive (a |the |any )?(\[?done|final|finish|completion|success|terminal|end|stop)
        missing (finish[_ ]reason|message_stop|\[done\]|final chunk)
        (ended|closed) (before|without) .{0,40}(message_stop|response\.completed|\[done\]|finish|completion)
        connection (was )?(closed|lost|dropped|interrupted|broken) (while|during|in the middle|mid)
        \bmid-?stream\b(?! (fallback )?error)
        unexpected end of (file|stream|data|response|body|input)
        流(式)?(响应|输出|传输)?(意外)?(中断|断开|提前结束|被截断)   响应(被)?截断   输出中断   回复不完整
    """),
)
# fmt: on
