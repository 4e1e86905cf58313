"""What to do about each cause, in both languages: now, for good, and the command that would prove it.

`{host}`, `{url}` and `{model}` in a command are filled from the text where it names them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from outwait.core.tongue import Said
from outwait.diagnosis import causes


@dataclass(frozen=True, slots=True)
class Advice:
    """`meaning`: the cause in words, after "says that". `now`: for this call. `change`: so that it does not come back.

    `confirm`: names of commands in `COMMANDS`.
    """

    meaning: Said
    now: Said
    change: Said
    confirm: tuple[str, ...] = ()


COMMANDS: Final = {
    "net": "outwait net {host}",
    "path": "outwait path {url}",
    "check": "outwait check {url}",
    "timeouts": "outwait timeouts {model}",
    "channels": "outwait channels",
    "explain": "outwait explain --model {model}",
}

ADVICE: Final[dict[str, Advice]] = {
    causes.DNS: Advice(
        Said("the host name could not be resolved", "主机名无法解析"),
        Said(
            "Nothing was sent, so a retry is safe, but only a working resolver helps. Check the name for a typo first.",
            "请求没有发出，可以安全重试，但要先让解析恢复正常。先检查域名有没有写错。",
        ),
        Said(
            "Give the machine or container a resolver that works (Docker: `dns` in daemon.json); a longer timeout "
            "does not help.",
            "给主机或容器配置可用的 DNS（Docker：daemon.json 的 `dns`）；加长超时没有用。",
        ),
        ("net",),
    ),
    causes.REFUSED: Advice(
        Said("nobody listens at that address and port", "该地址和端口没有服务在监听"),
        Said(
            "Start the server, or correct host and port. Nothing was sent, so a retry is safe once it runs.",
            "启动服务，或改正主机和端口。请求没有发出，服务起来后可以安全重试。",
        ),
        Said(
            "Check on which address the server listens, and that its health is watched; a longer timeout does not "
            "help.",
            "确认服务监听的地址，并监控其健康；加长超时没有用。",
        ),
        ("net",),
    ),
    causes.CONNECT: Advice(
        Said("no connection could be made in time", "未能在时限内建立连接"),
        Said(
            "The host does not answer from here: wrong address, firewall, missing proxy, broken IPv6, or a host "
            "that is down.",
            "从这里连不上该主机：地址错误、防火墙、缺少代理、IPv6 不通，或主机已宕机。",
        ),
        Said(
            "Fix the route or set the proxy. Keep the connect timeout short (5-10 s): raising it or the read "
            "timeout does not help.",
            "修复路由或设置代理。连接超时保持短（5-10 秒）：加长它或读超时都没有用。",
        ),
        ("net",),
    ),
    causes.RESET: Advice(
        Said("the other end, or something on the way, broke the connection", "对端或中间设备断开了连接"),
        Said(
            "Retry once on a fresh connection. It may have run and been charged if the request was fully sent.",
            "用新连接重试一次。如果请求已完整发出，它可能已经执行并计费。",
        ),
        Said(
            "If it breaks after the same time again and again, something on the way has a limit; if at once, a "
            "stale keep-alive connection, a filter or a crash.",
            "如果总在相同时间后断开，说明途中有时限；如果立刻断开，多半是过期的长连接、过滤设备或服务崩溃。",
        ),
        ("net", "path"),
    ),
    causes.UNREACHABLE: Advice(
        Said("there is no route to that network or host", "没有到该网络或主机的路由"),
        Said(
            "Check the network of this machine: interface, route, VPN, IPv6 without a route. A retry is safe.",
            "检查本机网络：网卡、路由、VPN、没有路由的 IPv6。可以安全重试。",
        ),
        Said(
            "Force IPv4, fix the route, or set the proxy the network requires.",
            "强制使用 IPv4、修复路由，或设置网络要求的代理。",
        ),
        ("net",),
    ),
    causes.TLS: Advice(
        Said("the TLS handshake failed", "TLS 握手失败"),
        Said(
            "Nothing of the request was sent. Look at the certificate that is really shown: whose is it, and "
            "until when?",
            "请求内容没有发出。看看实际出示的证书：是谁的，何时到期？",
        ),
        Said(
            "Expired or wrong name: the server's side. Unknown issuer: give this client the CA of the network "
            "that inspects TLS. Never switch verification off.",
            "过期或域名不符：服务端的问题。签发者未知：把检查 TLS 的网络的 CA 交给客户端。不要关闭校验。",
        ),
        ("net",),
    ),
    causes.PROXY: Advice(
        Said("the proxy that was configured does not work as configured", "所配置的代理无法按配置工作"),
        Said(
            "Look at HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, and at the application's own proxy setting.",
            "检查 HTTP_PROXY、HTTPS_PROXY、ALL_PROXY、NO_PROXY 以及应用自己的代理设置。",
        ),
        Said(
            "Start or correct the proxy, use http:// in the address of an HTTP proxy, add credentials, or exclude "
            "local hosts with NO_PROXY.",
            "启动或改正代理；HTTP 代理的地址用 http://；补上凭据；用 NO_PROXY 排除本地主机。",
        ),
        ("net",),
    ),
    causes.WRITE: Advice(
        Said("the request could not be sent in time", "请求未能在时限内发送完"),
        Said(
            "The model was never asked. Send less (compress images), or give the upload more time.",
            "模型根本没有收到请求。减少发送内容（压缩图片），或给上传更多时间。",
        ),
        Said(
            "Raise the write timeout for large bodies; look for a slow uplink or a proxy that buffers.",
            "对大请求加长写超时；排查上行带宽或会缓冲的代理。",
        ),
        ("net", "path"),
    ),
    causes.FIRST_BYTE: Advice(
        Said("a connection was there, but no answer began in time", "连接已建立，但回答没有在时限内开始"),
        Said(
            "The request may still run and be charged upstream: do not repeat it blindly.",
            "请求可能仍在上游执行并计费：不要盲目重试。",
        ),
        Said(
            "Stream the answer, or raise the read timeout of whoever gave up to what the model needs; reasoning "
            "models are silent for minutes.",
            "改用流式，或把放弃一方的读超时调到模型所需；推理模型会沉默数分钟。",
        ),
        ("timeouts", "check"),
    ),
    causes.IDLE: Advice(
        Said("the answer had begun and then no byte came for too long", "回答已开始，但之后太久没有数据"),
        Said(
            "Keep the part that came; the rest may have been produced and charged.",
            "保留已收到的部分；其余内容可能已经生成并计费。",
        ),
        Said(
            "Raise the idle timeout of whoever gave up, or have heartbeats sent; some clients count events, so "
            "comments are not enough.",
            "加长放弃一方的空闲超时，或发送心跳；有些客户端只数事件，注释行不够。",
        ),
        ("timeouts", "path"),
    ),
    causes.TOTAL: Advice(
        Said("the time for the whole call was over", "整个请求的时限已到"),
        Said(
            "The request may still run and be charged upstream: do not repeat it blindly.",
            "请求可能仍在上游执行并计费：不要盲目重试。",
        ),
        Said(
            "A total limit is wrong for answers of unknown length: replace it by an idle limit, or raise it. "
            "Heartbeats do not help against it.",
            "总时限不适合长度未知的回答：换成空闲超时，或调大。心跳对它无效。",
        ),
        ("timeouts",),
    ),
    causes.GAVE_UP: Advice(
        Said("the caller had gone before the answer was whole", "调用方在回答完成前已离开"),
        Said(
            "Look at the caller, not at the server: a timeout that is too short, a user who stopped, or a proxy "
            "in between.",
            "问题在调用方而不是服务端：超时太短、用户停止，或中间的代理。",
        ),
        Said(
            "Lengthen the patience of the hop in front, send heartbeats, and keep the answer so that it can be "
            "fetched again.",
            "加长前一跳的等待时间、发送心跳，并保留回答以便再次取回。",
        ),
        ("path", "timeouts"),
    ),
    causes.CUT: Advice(
        Said("something on the way cut a connection that was silent for too long", "途中的设备切断了沉默太久的连接"),
        Said(
            "The model was not to blame, and the answer may have been charged. Stream, or call through something "
            "that sends heartbeats.",
            "不是模型的问题，且可能已计费。改用流式，或经由会发送心跳的网关调用。",
        ),
        Said(
            "Raise the idle limit of that proxy or load balancer for this route, or send a heartbeat at a third of it.",
            "为该路由加长代理或负载均衡的空闲时限，或以其三分之一为间隔发送心跳。",
        ),
        ("path",),
    ),
    causes.GATEWAY_TIMEOUT: Advice(
        Said("a hop in front of the model gave up waiting for it", "模型前面的一跳等不及而放弃"),
        Said(
            "The model may still work on it and charge for it: do not retry blindly, fetch the result if there is "
            "a way.",
            "模型可能仍在处理并计费：不要盲目重试，能取回结果就取回。",
        ),
        Said(
            "Raise the read timeout of that hop above the longest answer, stream with heartbeats, or use a "
            "background job.",
            "把该跳的读超时调到最长回答之上，使用带心跳的流式，或改用后台任务。",
        ),
        ("path", "timeouts"),
    ),
    causes.TRUNCATED: Advice(
        Said("the answer broke off before its end", "回答在结束前中断"),
        Said(
            "Do not take the part for the whole. Retry only if the caller can drop what it has; it may be charged "
            "again.",
            "不要把部分当作全部。只有调用方能丢弃已收内容时才重试；可能再次计费。",
        ),
        Said(
            "Look for a restart or a crash of the server, and for a limit if it always breaks after the same "
            "time; HTTP/1.1 instead of HTTP/2 tells more.",
            "排查服务重启或崩溃；若总在同一时刻中断，则有时限；改用 HTTP/1.1 更容易看清。",
        ),
        ("path", "check"),
    ),
    causes.EMPTY: Advice(
        Said("the call succeeded, but there is nothing in the answer", "调用成功，但回答里没有内容"),
        Said(
            "Retry once or twice. Look at finish_reason and at the tokens spent on thinking.",
            "重试一两次。查看 finish_reason 和思考消耗的 token。",
        ),
        Said(
            "Raise the output budget, or use another model or provider if it stays.",
            "提高输出上限；若持续出现，换模型或服务商。",
        ),
        ("check",),
    ),
    causes.BAD_RESPONSE: Advice(
        Said("what came back is not what the protocol asks for", "返回的内容不符合协议"),
        Said(
            "Look at the first bytes of the body: an HTML page, another protocol, a stream where JSON was expected?",
            "查看返回内容的开头：HTML 页面、别的协议，还是该返回 JSON 却给了流？",
        ),
        Said(
            "Correct the base URL (is /v1 missing?), the provider type or the stream flag.",
            "改正 base URL（缺少 /v1？）、服务商类型或 stream 开关。",
        ),
        ("check",),
    ),
    causes.RATE: Advice(
        Said("more was asked than is allowed in this time", "单位时间内的请求超过了限制"),
        Said(
            "Wait as long as Retry-After says, else back off with jitter; the request did not run.",
            "按 Retry-After 等待，否则带抖动退避；请求没有执行。",
        ),
        Said(
            "Send fewer or smaller requests at once, spread them over keys or channels, or ask for a higher tier. "
            "One request above the limit by itself never fits.",
            "减少并发和大小，分散到多个密钥或渠道，或申请更高等级。单个请求就超限时，等待没有用。",
        ),
        ("check",),
    ),
    causes.OVERLOADED: Advice(
        Said("there is no capacity for it right now", "当前没有足够的容量"),
        Said(
            "Back off for longer than for a rate limit, or ask another model, region or provider. It is not your "
            "limit.",
            "退避时间要比限流更长，或换模型、区域、服务商。这不是你的限额问题。",
        ),
        Said("Configure a fallback, and spread the load.", "配置后备渠道，分散负载。"),
        ("check",),
    ),
    causes.QUOTA: Advice(
        Said("credit or quota is used up", "余额或额度已用完"),
        Said(
            "Do not retry: only credit, a higher quota or the next period helps.",
            "不要重试：只有充值、提高额度或等到下个周期才有用。",
        ),
        Said(
            "Find out whose account it is, the gateway's user or the provider's key, and set an alarm before it "
            "is empty.",
            "弄清是谁的账户：网关用户还是服务商密钥，并在用完前设置告警。",
        ),
        ("channels",),
    ),
    causes.AUTH: Advice(
        Said("the key was not accepted", "密钥未被接受"),
        Said(
            "Do not retry. Check which key was sent to whom: a gateway's key is not a provider's.",
            "不要重试。检查把哪个密钥发给了谁：网关的密钥不是服务商的密钥。",
        ),
        Said(
            "Renew or correct the key; look for blanks, a wrong header (Authorization, x-api-key) and a base URL "
            "of another provider.",
            "更新或改正密钥；检查空格、错误的请求头（Authorization、x-api-key）以及别家的 base URL。",
        ),
        ("check",),
    ),
    causes.PERMISSION: Advice(
        Said("the call is not allowed from here or for this account", "此处或此账户不允许该调用"),
        Said(
            "Do not retry. Region, address block, organization or account: the words say which.",
            "不要重试。看文字说明是地区、地址段、组织还是账户的限制。",
        ),
        Said(
            "Leave through an allowed region, have the right granted, or let the page's owner allow this client.",
            "经由允许的地区访问，申请权限，或让页面的所有者放行此客户端。",
        ),
        ("net",),
    ),
    causes.NO_MODEL: Advice(
        Said("the model, or the path, does not exist there", "那里没有这个模型或路径"),
        Said(
            "Compare the name with the list of models of that server, letter by letter.",
            "把模型名与该服务器的模型列表逐字比较。",
        ),
        Said(
            "Correct the model, deployment or region; with `404` also the base URL: is /v1 missing or there twice?",
            "改正模型名、部署名或区域；`404` 时还要检查 base URL：/v1 是否缺失或重复？",
        ),
        ("check",),
    ),
    causes.BAD_REQUEST: Advice(
        Said("the request is not one that the server takes", "服务器不接受这样的请求"),
        Said(
            "Do not retry: it will fail again. The words name the field or the size.",
            "不要重试：还会失败。文字会指出是哪个字段或大小。",
        ),
        Said(
            "Correct the field, send less, or raise the body limit of the proxy in front (a 413 page of nginx: "
            "client_max_body_size).",
            "改正字段、减少内容，或调大前面代理的请求体上限（nginx 的 413 页面：client_max_body_size）。",
        ),
        (),
    ),
    causes.CONTEXT: Advice(
        Said("prompt and answer together do not fit into the model", "提示与回答合计超出模型长度"),
        Said(
            "Do not retry as it is: shorten or compact the conversation, or lower max_tokens.",
            "不要原样重试：缩短或压缩对话，或降低 max_tokens。",
        ),
        Said(
            "Use a model with a longer window, or serve it with one (max_model_len, num_ctx).",
            "使用窗口更长的模型，或在服务端调大（max_model_len、num_ctx）。",
        ),
        (),
    ),
    causes.FILTERED: Advice(
        Said("a content filter stopped the prompt or the answer", "内容过滤拦截了提示或回答"),
        Said(
            "Do not retry as it is: rephrase, or split the task. It is no fault of the connection.",
            "不要原样重试：换一种说法，或拆分任务。与连接无关。",
        ),
        Said(
            "Adjust the filter where you may, or configure a fallback model.",
            "在允许的范围内调整过滤，或配置后备模型。",
        ),
        (),
    ),
    causes.UPSTREAM_ERROR: Advice(
        Said("the server failed in its own work", "服务端自身出错"),
        Said("Retry with backoff; it may have run and been charged.", "退避后重试；它可能已经执行并计费。"),
        Said(
            "Keep the request id for the provider's support, read the log of the server or relay if it is yours, "
            "and configure a fallback.",
            "保留请求 ID 以便联系服务商；若服务或中转是自己的，查看其日志；并配置后备渠道。",
        ),
        ("check",),
    ),
    causes.NO_CHANNEL: Advice(
        Said("the gateway has nobody to send this to", "网关没有可用的渠道"),
        Said(
            "Check the spelling of the model and which channels serve it; they may all be disabled or cooling down.",
            "检查模型名以及哪些渠道提供它；它们可能都被禁用或在冷却。",
        ),
        Said(
            "Add a channel with exactly this model name, allow fallbacks, or repair the backends' health checks.",
            "添加名称完全一致的渠道，允许后备，或修复后端的健康检查。",
        ),
        ("channels",),
    ),
    causes.EXHAUSTED: Advice(
        Said("this process or machine has run out of something", "进程或机器的资源已耗尽"),
        Said("Reduce concurrency now; backing off alone does not cure a leak.", "立即降低并发；仅靠退避无法解决泄漏。"),
        Said(
            "Reuse and close connections, raise the limit (ulimit -n, pool size, memory), and find out what piles up.",
            "复用并关闭连接，调高上限（ulimit -n、连接池、内存），并找出堆积的原因。",
        ),
        (),
    ),
    causes.UNKNOWN: Advice(
        Said("nothing certain", "没有确定的信息"),
        Said(
            "The text does not say what failed. Collect: the innermost exception, the HTTP status and headers, "
            "and how many seconds it took.",
            "文字没有说明哪里出错。请收集：最内层的异常、HTTP 状态和响应头，以及经过了多少秒。",
        ),
        Said(
            "Run it again with --status, --elapsed and --headers, and log the cause of wrapped errors "
            "(`error.cause`, `__cause__`).",
            "带上 --status、--elapsed、--headers 再运行，并记录被包装错误的原因（`error.cause`、`__cause__`）。",
        ),
        ("check", "net"),
    ),
}
