"""What to do in cases more particular than their cause: rows of causes, words and advice; the first that fits."""

from __future__ import annotations

from typing import Final, NamedTuple

from outwait.core.tongue import Said
from outwait.diagnosis import causes
from outwait.diagnosis.pattern import compiled


class Case(NamedTuple):
    """`words` of a folded text, with one of `found` as its cause, mean this advice.

    `now`: for this call, where that of the cause does not fit.
    """

    found: tuple[str, ...]
    words: str
    change: Said
    now: Said | None = None


CASES: Final[tuple[Case, ...]] = (
    Case(
        (causes.REFUSED, causes.UNKNOWN, causes.CONNECT),
        r"localhost|127\.0\.0\.1|host\.docker\.internal",
        Said(
            "Inside a container localhost is the container itself: use host.docker.internal or the service's "
            "name, and let the server listen on 0.0.0.0.",
            "在容器里 localhost 是容器自己：改用 host.docker.internal 或服务名，并让服务监听 0.0.0.0。",
        ),
    ),
    Case(
        (causes.FIRST_BYTE, causes.IDLE),
        r"und_err_|headers ?timeout|body ?timeout|fetch failed|terminated",
        Said(
            "Node's fetch gives up after 300 s whatever the SDK's timeout says: pass an undici Agent with "
            "headersTimeout and bodyTimeout, or stream with heartbeats.",
            "无论 SDK 超时多长，Node 的 fetch 都在 300 秒放弃：传入设置了 headersTimeout 和 bodyTimeout 的 undici "
            "Agent，或使用带心跳的流式。",
        ),
    ),
    Case(
        (causes.TOTAL, causes.CONNECT),
        r"client\.timeout",
        Said(
            "Go's http.Client.Timeout covers the body too: set it to 0 for streams and use "
            "Transport.ResponseHeaderTimeout.",
            "Go 的 http.Client.Timeout 也包含正文：流式时设为 0，改用 Transport.ResponseHeaderTimeout。",
        ),
    ),
    Case(
        (causes.TOTAL, causes.FIRST_BYTE),
        r"httpclient\.timeout|networktimeout",
        Said(
            ".NET stops after 100 s by default: set HttpClient.Timeout, in the Azure SDK "
            "ClientOptions.Retry.NetworkTimeout.",
            ".NET 默认 100 秒停止：设置 HttpClient.Timeout，Azure SDK 中为 ClientOptions.Retry.NetworkTimeout。",
        ),
    ),
    Case(
        (causes.FIRST_BYTE, causes.IDLE, causes.TOTAL),
        r"okhttp|sockettimeoutexception",
        Said(
            "OkHttp's read timeout is 10 s by default: raise readTimeout, and callTimeout if it is set.",
            "OkHttp 读超时默认 10 秒：调大 readTimeout，若设置了 callTimeout 也一并调大。",
        ),
    ),
    Case(
        (causes.TOTAL, causes.FIRST_BYTE, causes.IDLE),
        r"aiohttp|asyncio",
        Said(
            "aiohttp's total timeout is 300 s by default, streams included: ClientTimeout(total=None, sock_read=...).",
            "aiohttp 总超时默认 300 秒，流式也算在内：使用 ClientTimeout(total=None, sock_read=...)。",
        ),
    ),
    Case(
        (causes.BAD_REQUEST,),
        r"\bcors\b|cross-origin|access-control-allow|\bpreflight\b|跨域",
        Said(
            "Let that server allow the page's origin (outwait: `server.cors`; Ollama: OLLAMA_ORIGINS), without a login "
            "for OPTIONS, or call it from a server of your own, which also keeps the key out of the page.",
            "让该服务允许页面的来源（outwait：`server.cors`；Ollama：OLLAMA_ORIGINS），且 OPTIONS 不要求登录；"
            "或改由自己的服务端调用，密钥也不会留在页面里。",
        ),
        Said(
            "Do not retry: the browser keeps the answer from this page, whatever it was. Other programs may call.",
            "不要重试：无论回答是什么，浏览器都不会交给此页面。其他程序可以调用。",
        ),
    ),
    Case(
        (causes.BAD_REQUEST,),
        r"content[- ]security[- ]policy",
        Said(
            "Add the host to connect-src of the page's Content-Security-Policy, or call it from a server of your own.",
            "把该主机加入页面 Content-Security-Policy 的 connect-src，或改由自己的服务端调用。",
        ),
        Said(
            "Do not retry: the page's own rules keep the browser from sending it.",
            "不要重试：页面自己的规则不允许浏览器发送。",
        ),
    ),
    Case(
        (causes.CUT,),
        r"\bbun\.serve\b|pass .?idletimeout",
        Said(
            "Bun.serve ends a connection that was idle for 10 s by default: set idleTimeout (up to 255 s, 0 for none), "
            "or have it send heartbeats.",
            "Bun.serve 默认在空闲 10 秒后结束连接：设置 idleTimeout（最大 255 秒，0 为不限），或让它发送心跳。",
        ),
    ),
    Case(
        (causes.GATEWAY_TIMEOUT, causes.CUT),
        r"nginx|openresty|<center>|gateway time-out|upstream timed out",
        Said(
            "nginx: raise proxy_read_timeout (60 s by default) for this route, and set proxy_buffering off for "
            "streams.",
            "nginx：为该路由调大 proxy_read_timeout（默认 60 秒），流式时设置 proxy_buffering off。",
        ),
    ),
    Case(
        (causes.GATEWAY_TIMEOUT,),
        r"cloudflare|\b524\b",
        Said(
            "Cloudflare waits 100-125 s for the first byte (524): begin the answer earlier with a heartbeat, or "
            "take the host off its proxy.",
            "Cloudflare 等待首字节 100-125 秒（524）：用心跳提前开始响应，或让该域名不经过其代理。",
        ),
    ),
    Case(
        (causes.GATEWAY_TIMEOUT, causes.CUT, causes.TOTAL),
        r"envoy|istio|upstream request timeout|stream timeout",
        Said(
            "Envoy: raise the route's timeout (15 s in total by default) and stream_idle_timeout (5 min).",
            "Envoy：调大路由 timeout（默认总计 15 秒）和 stream_idle_timeout（5 分钟）。",
        ),
    ),
    Case(
        (causes.GATEWAY_TIMEOUT, causes.CUT),
        r"haproxy|didn't respond in time|termination_state|\bsh--|\bsd--",
        Said(
            "HAProxy: raise `timeout server` (and `timeout tunnel` for upgraded connections).",
            "HAProxy：调大 `timeout server`（升级的连接还有 `timeout tunnel`）。",
        ),
    ),
    Case(
        (causes.GATEWAY_TIMEOUT,),
        r"upstream server is timing out",
        Said(
            "Kong: raise read_timeout of the service (60 s by default).",
            "Kong：调大 service 的 read_timeout（默认 60 秒）。",
        ),
    ),
    Case(
        (causes.GATEWAY_TIMEOUT,),
        r"endpoint request timed",
        Said(
            "API Gateway ends every call after 29 s, heartbeats or not: use a function URL with streaming, or a "
            "background job.",
            "API Gateway 无论有无心跳都在 29 秒结束：改用支持流式的函数 URL，或后台任务。",
        ),
    ),
    Case(
        (causes.GATEWAY_TIMEOUT, causes.CUT),
        r"\bh1[25]\b|heroku",
        Said(
            "Heroku: the first byte within 30 s, then one at least every 55 s: send heartbeats.",
            "Heroku：30 秒内要有首字节，之后至少每 55 秒一次：发送心跳。",
        ),
    ),
    Case(
        (causes.GATEWAY_TIMEOUT,),
        r"function_invocation_timeout|vercel",
        Said(
            "Vercel: stream with an early first byte, raise maxDuration, or move the call out of the function.",
            "Vercel：尽早发出首字节的流式，调大 maxDuration，或把调用移出函数。",
        ),
    ),
    Case(
        (causes.QUOTA,),
        r"user quota|token quota|额度|budget",
        Said(
            "It is the quota of the gateway's user or key: its administrator raises it; the provider's account is "
            "another one.",
            "这是网关用户或密钥的额度：由网关管理员提高；服务商账户是另一回事。",
        ),
    ),
    Case(
        (causes.RATE,),
        r"request too large|limit [0-9]+, requested",
        Said(
            "This one request is above the limit by itself, so waiting never helps: send less, or raise the tier.",
            "这一个请求本身就超过限制，等待没有用：减少内容或提升等级。",
        ),
    ),
    Case(
        (causes.TLS,),
        r"local issuer|self[- _]signed|unknown authority|unable_to|unknown ca",
        Said(
            "Give the client the CA of the network: SSL_CERT_FILE or REQUESTS_CA_BUNDLE (Python), "
            "NODE_EXTRA_CA_CERTS (Node), --cacert (curl).",
            "把网络的 CA 交给客户端：SSL_CERT_FILE 或 REQUESTS_CA_BUNDLE（Python）、NODE_EXTRA_CA_CERTS（Node）、-"
            "-cacert（curl）。",
        ),
    ),
    Case(
        (causes.PROXY, causes.TLS),
        r"tls handshake|wrong.version.number",
        Said(
            "TLS was spoken to a port that speaks plain HTTP: write http:// in the proxy's address, or in the "
            "base URL.",
            "对只讲明文 HTTP 的端口使用了 TLS：代理地址或 base URL 请写 http://。",
        ),
    ),
)


def refined(cause: str, read: str) -> Case | None:
    """The particular advice for `cause` in a folded text `read`."""
    for case in CASES:
        if cause in case.found and compiled(case.words).search(read):
            return case
    return None
