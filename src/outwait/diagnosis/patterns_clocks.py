"""Clocks that name themselves: whose it was, by who speaks, and what it waited for, by what had not come.

Whoever writes "no data from the provider for 30 s" owns that clock. A program's own timer is on its side; one that a
reply tells of is on the side of who replied.
"""

from __future__ import annotations

from typing import Final

from outwait.diagnosis.causes import (
    BAD_RESPONSE,
    CONNECT,
    CUT,
    DNS,
    EXHAUSTED,
    FIRST_BYTE,
    GATEWAY,
    GATEWAY_TIMEOUT,
    GAVE_UP,
    IDLE,
    MIDDLEBOX,
    NETWORK,
    REFUSED,
    RESET,
    TLS,
    TOTAL,
    TRUNCATED,
    UPSTREAM,
    WRITE,
)
from outwait.diagnosis.pattern import Pattern, rows

_PLAIN = ""  # plain words have no page to be looked up on
_HEROKU = "https://devcenter.heroku.com/articles/request-timeout"
_VERCEL = "https://vercel.com/docs/functions/runtimes/edge"
_VERCEL_PLANS = "https://vercel.com/docs/functions/configuring-functions/duration"
_CLOUDFLARE = (
    "https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/error-524/"
)
_UWSGI = "https://uwsgi-docs.readthedocs.io/en/latest/Options.html#harakiri"
_JAVA = "https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/net/SocketException.html"
_OKHTTP = "https://square.github.io/okhttp/recipes/#timeouts-kt-java"
_BUN = "https://bun.sh/reference/bun/Serve/HostnamePortServeOptions/idleTimeout"
_KTOR = "https://ktor.io/docs/client-timeout.html"
_MINT = "https://hexdocs.pm/mint/Mint.TransportError.html"
_HACKNEY = "https://hexdocs.pm/hackney/hackney.html"
_INETS = "https://www.erlang.org/doc/apps/kernel/inet.html#module-posix-error-codes"
_HTTPLIB = "https://github.com/yhirose/cpp-httplib#error-code"
_HTTPX = "https://www.python-httpx.org/advanced/timeouts/"
_GRPC = "https://grpc.io/docs/guides/keepalive/"
_TLS = "https://www.rfc-editor.org/rfc/rfc8446#section-4.1.3"
_LITELLM = "https://docs.litellm.ai/docs/proxy/alerting"
_WEBSOCKET = "https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1"
_BEAST = "https://www.boost.org/doc/libs/release/libs/beast/doc/html/beast/ref/boost__beast__error.html"
_LLAMA_CPP = "https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md"
_WAITRESS = "https://docs.pylonsproject.org/projects/waitress/en/stable/arguments.html"
_GO = "https://pkg.go.dev/net/http#pkg-variables"
_PHP_FPM = "https://www.php.net/manual/en/install.fpm.configuration.php#request-terminate-timeout"
_RACK = "https://github.com/zombocom/rack-timeout"
_CELERY = "https://docs.celeryq.dev/en/stable/reference/celery.exceptions.html"
_UVICORN = "https://www.uvicorn.org/"
_AIOHTTP = "https://docs.aiohttp.org/en/stable/web_reference.html#aiohttp.web.StreamResponse"
_ALB = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html"
_HUGGING_FACE = "https://huggingface.co/docs/huggingface_hub/package_reference/inference_client"

# A table: what is said in one place stands together, one row a line where that can be.
# fmt: off
CLOCKS: Final[tuple[Pattern, ...]] = (
    # ----------------------------------------------------- platforms: a deadline for the first byte or the whole answer
    *rows(_VERCEL, 96, GATEWAY_TIMEOUT, r"""
        (did(n't| not)|failed to|never) (return|send|produce|begin|start|deliver)[a-z]{0,3} (an?|the|its|any) (initial|
        first) (response|reply|byte|chunk).{0,12}(within|in) [0-9.]{1,9} ?(s|m)[a-z]{0,11}\b(?!.{0,60}(headers|event))
    """, side=MIDDLEBOX),
    *rows(_HEROKU, 94, GATEWAY_TIMEOUT, r"""
        \b(function|service|application|app|container|worker|lambda|handler|deployment|instance|origin|
        origin web server|
        web server) (did(n't| not)|failed to|has not|could not) (return|send|produce|give|complete|deliver) (an? |the |
        its |any )?(complete )?(response|reply|answer).{0,12}(within|in) (the )?[0-9.]{1,12}
    """, side=MIDDLEBOX),
    *rows(_VERCEL_PLANS, 81, GATEWAY_TIMEOUT, r"""
        \b(hobby|free|pro|starter|basic)[ -](plan|tier)\b.{0,100}\b[0-9]{1,4} ?(s|sec|seconds?|minutes?)\b.{0,80}\b504\b
        \b(serverless|edge|vercel|netlify|cloud) functions?\b.{0,100}\b[0-9]{1,4} ?(s|sec|seconds?|
        minutes?)\b.{0,80}\b504\b
        \b504\b.{0,80}\b(plan|tier|platform|serverless|vercel|netlify)\b.{0,80}\b[0-9]{1,4} ?(s|sec|seconds?|minutes?)\b
    """, side=MIDDLEBOX),
    *rows(_CLOUDFLARE, 96, GATEWAY_TIMEOUT, r"proxy read timeout (window|of|limit)", side=MIDDLEBOX),
    *rows(_PLAIN, 74, GATEWAY_TIMEOUT, r"""
        \b(gateway|proxy|load balancer|ingress)( [a-z]{1,12}){0,4} (times? out|timed out|time-?outs?) (after|at|
        of) [0-9]
    """, side=MIDDLEBOX),
    *rows(_ALB, 94, CUT, r"""
        \b(alb|elb|nlb|load ?balancer|nginx|ingress|proxy|nat|firewall|envoy|cloudfront|
        front door)('s)?( [0-9.]{1,5}[ -]?(s|sec|seconds?|min|
        minutes?))?( gateway)?( connection)?( default)? idle[- _]time-?out
    """, side=MIDDLEBOX),
    # -------------------------------------------------------------------- servers and platforms that end their own work
    *rows(_PHP_FPM, 95, TOTAL, r"execution timed out \([0-9.]{1,9} sec\), terminating", side=GATEWAY),
    *rows(_RACK, 94, TOTAL, r"rack::timeout::[a-z]{0,40}   request ran for longer than [0-9]", side=GATEWAY),
    *rows(_CELERY, 94, TOTAL, r"\b(soft)?timelimitexceeded\b"),
    *rows(_UVICORN, 84, TRUNCATED, r"asgi callable returned without completing", side=GATEWAY),
    *rows(_BUN, 96, CUT, r"""
        \bbun\.serve\b\W{1,4}request (timed out|time-?out)   \bpass \W?idletimeout\W? to configure
    """, side=GATEWAY),
    *rows(_UWSGI, 94, TOTAL, r"\bharakiri\b", side=GATEWAY),
    *rows(_VERCEL, 88, TOTAL, r"""
        \bfunction .{0,40}(exceeded|reached|hit) (the |its )?(maximum|max|time|execution|wall).{0,16}(duration|limit|
        time)
        (wall[- ]clock|cpu) time limit.{0,40}\b(reached|exceeded|terminated|hit)
    """, side=GATEWAY),
    # ---------------------------------------------------------------------------------------------- relays' own timers
    *rows(_PLAIN, 94, TOTAL, r"""
        \b(gateway|proxy|relay|router)('s)? (time )?limit of [0-9.]{1,12} ?(s|ms|m)[a-z]{0,11}\b
        \blocal_[a-z_]{0,40}(watchdog|deadline|time_?out)(_timeout)?\b   \brelay_time_?out\b
        \b(relay|gateway|proxy|router)('s)? (request |total |overall )?deadline of [0-9.]{1,12} ?(s|ms|m)[a-z]{0,11}\b
    """, side=GATEWAY),
    *rows(_PLAIN, 91, TOTAL, r"""
        (exceeded|reached|hit|past|over) (the |its )?watchdog time-?out( of)? [0-9]
        (deadline|time budget|time limit) of [0-9.]{1,12} ?(s|ms|m)[a-z]{0,11} (was |has been |is )?(exceeded|reached|
        passed|over)
    """),
    *rows(_PLAIN, 95, TOTAL, r"""
        (exceeded|used up|over|past) (its|the|a) ([a-z]{2,10} )?(budget|allowance) of [0-9.]{1,12} ?(s|ms|m)(ec|
        in)?[a-z]{0,5}\b
    """),
    *rows(_PLAIN, 92, IDLE, r"\bdata interval time-?out\b", side=GATEWAY),
    *rows(_LITELLM, 88, FIRST_BYTE, r"hanging request detected", side=GATEWAY),
    *rows(_PLAIN, 97, GATEWAY_TIMEOUT, r"""
        \b(provider|upstream) (request )?(time-?out|timed out) after [0-9.]{1,12} ?(s|ms|m)[a-z]{0,11}\b
    """, side=GATEWAY),
    *rows(_PLAIN, 93, FIRST_BYTE, r"""
        (渠道|上游|通道).{0,30}[0-9]{1,12} ?(秒|毫秒|s|ms)(内|之内)?.{0,4}(未|没有|没).{0,6}(首|第一)
    """, side=GATEWAY),
    *rows(_PLAIN, 93, IDLE, r"""
        \bno (data|bytes|tokens?|chunks?|events?|frames?) from (the )?(upstream|channel|provider|backend) (for|in|
        within|since)
        \b(upstream|provider|channel|backend) (stream|response|connection) (has been |was |is )?(idle|silent|stalled|
        quiet)
        \bno (data|bytes|tokens?|chunks?|events?|frames?) from (the )?(upstream|channel|backend)\b
    """, side=GATEWAY),
    *rows(_HUGGING_FACE, 92, GATEWAY_TIMEOUT, r"""
        \braised by (the )?([a-z-]{1,20} ){0,3}(api|service|server|endpoint|backend)\b.{0,120}(time-?out|timed out)
    """, side=UPSTREAM),
    *rows(_HTTPLIB, 80, FIRST_BYTE, r"http client error: failed to read connection", side=GATEWAY),
    *rows(_HTTPLIB, 80, WRITE, r"http client error: failed to write connection", side=GATEWAY),
    *rows(_HTTPLIB, 88, CONNECT, r"http client error: (connection timed out|connection timeout)", side=GATEWAY),
    *rows(_HTTPLIB, 80, REFUSED, r"http client error: could not establish connection", side=UPSTREAM),
    # ---------------------------------------------------------------------------------------------- clients' own timers
    *rows(_JAVA, 94, FIRST_BYTE, r"""
        (ioexception|i/o error on .{1,200}|sockettimeoutexception): (timeout|
        timed out)\b.{0,400}socketexception: socket (is )?closed
    """),
    *rows(_JAVA, 93, FIRST_BYTE, r"socketexception: socket (is )?closed.{0,400}okio\.asynctimeout"),
    *rows(_OKHTTP, 97, TOTAL, r"""
        \b(realcall|transmitter)\.timeoutexit\b   \bcall ?timeout (of [0-9]{1,9} ?m?s[a-z]{0,11} )?(exceeded|
        expired|reached)\b
    """),
    *rows(_KTOR, 90, FIRST_BYTE, r"socket timeout has expired"),
    *rows(_KTOR, 94, TOTAL, r"request timeout has expired"),
    *rows(_KTOR, 96, CONNECT, r"connect timeout has expired"),
    *rows(_PLAIN, 93, FIRST_BYTE, r"""
        (did(n't| not)|never|failed to) (deliver|sen[dt]|produce|receive|yield|emit|g[eo]t)[a-z]{0,3} (a |the |its |
        any )?first ((sse|
        stream|response|content) )?(event|chunk|token|delta|frame|byte)
        (waiting|waited) for (a |the |its )?first ((sse|stream|response|content) )?(event|chunk|token|delta|frame|byte)
        \bfirst-(event|chunk|token|byte|delta) time-?out
    """),
    *rows(_ALB, 94, CUT, r"\bidle[- ]connection time-?out"),
    *rows(_PLAIN, 88, IDLE, r"""
        \bno (data|bytes|tokens?|chunks?|events?) (is |are |was |were )?received .{0,60}(for|in|within|over|
        during) (that|this|the) (period|time|window|interval)
        \bstuck (for )?[>~]?[0-9]{1,6} ?(s|m)
    """),
    *rows(_PLAIN, 66, TOTAL, r"\b(run|turn|task|job) time-?out:   (工作流|节点|任务|函数|代码|插件).{0,6}超时"),
    *rows(_HTTPX, 90, IDLE, r"""
        timed out while (streaming|receiving|reading) (the )?(next )?(chunks?|tokens?|deltas?|events?|sse|stream|
        response body)
    """),
    *rows(_PLAIN, 88, WRITE, r"could( not|n't) be (written|sent|uploaded) in [0-9]"),
    *rows(_GRPC, 90, RESET, r"keepalive (ping|watchdog).{0,24}(fail|time-?out)", side=NETWORK),
    *rows(_TLS, 92, TLS, r"\bno server ?hello\b", side=NETWORK),
    *rows(_WEBSOCKET, 86, RESET, r"\b(websocket|ws)\b.{0,60}\b1006\b"),
    *rows(_BEAST, 84, FIRST_BYTE, r"socket was closed due to a timeout"),
    *rows(_HTTPLIB, 66, RESET, r"httplib::error::read\b"),
    *rows(_HTTPLIB, 88, CONNECT, r"httplib::error::connectiontimeout"),
    *rows(_HTTPLIB, 80, REFUSED, r"httplib::error::connection\b"),
    *rows(_MINT, 88, RESET, r"""
        \b(mint|finch|req)\.(transport|http)error[^.]{0,40}(: ?:closed|socket closed|\) closed)
        \b(httpoison|hackney|tesla|gun)[a-z._]{0,24}.{0,60}\b(reason: ?|, ?):(closed|econnreset|
        socket_closed_remotely)\b
        \{:error, ?\{?:(closed|socket_closed_remotely)\b
    """),
    *rows(_MINT, 88, FIRST_BYTE, r"""
        \b(mint|finch|req)\.(transport|http)error[^.]{0,40}(: ?:timeout|\) timeout)
        \b(httpoison|hackney|tesla|gun)[a-z._]{0,24}.{0,60}\b(reason: ?|, ?):(timeout|recv_timeout)\b
        \{:error, ?:(timeout|recv_timeout)\}
    """),
    *rows(_HACKNEY, 94, CONNECT, r"(reason: ?|:error, ?):connect_timeout\b"),
    *rows(_HACKNEY, 94, EXHAUSTED, r":(checkout_timeout|pool_timeout|pool_not_available)\b"),
    *rows(_INETS, 95, DNS, r"(reason: ?|:error, ?|\{):nxdomain\b"),
    *rows(_MINT, 92, TLS, r"(reason: ?|:error, ?)\{:(tls_alert|bad_cert)\b"),
    *rows(_MINT, 84, BAD_RESPONSE, r"mint\.httperror.{0,40}(invalid_|too_many_|unexpected_)[a-z_]{3,30}"),
    # -------------------------------------------------------------------------------------- a server whose client left
    *rows(_LLAMA_CPP, 96, GAVE_UP, r"""
        stopping wait for next result due to should_stop   \bshould_stop\b.{0,80}(peer|client|gone|closed|cancel)
    """),
    *rows(_WAITRESS, 92, GAVE_UP, r"""
        \bclient aborted after [0-9]   client disconnected while serving   \bhttp peer (is|has) (gone|left|closed)
    """),
    *rows(_AIOHTTP, 93, GAVE_UP, r"""
        (streamresponse|web_response|web_protocol|response writer).{0,200}cannot write to closing transport
    """),
    *rows(_GO, 84, GAVE_UP, r"http: read on closed response body"),
)
# fmt: on
