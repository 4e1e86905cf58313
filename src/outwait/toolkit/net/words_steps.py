"""What is said of each stage: tables of sentences in both languages."""

from __future__ import annotations

from typing import Final

from outwait.core.tongue import Said
from outwait.toolkit.net.findings import Answered, Heard, Problem, Reached, Shook, Tunnel

NAMES: Final = {
    "proxy": Said("proxy", "代理"),
    "dns": Said("DNS", "DNS"),
    "tcp": Said("TCP", "TCP"),
    "tls": Said("TLS", "TLS"),
    "http": Said("HTTP", "HTTP"),
    "loss": Said("loss", "丢包"),
    "mtu": Said("MTU", "MTU"),
    "trace": Said("route", "路由"),
    "clock": Said("clock", "时钟"),
}
SEEN: Final = Said("{stage}: {seen}", "{stage}：{seen}")
STATES: Final = {"ok": Said("ok", "正常"), "failed": Said("failed", "失败"), "not_tried": Said("-", "-")}

PROXY_NONE: Final = Said("none in the environment for this target", "环境变量中没有适用于此目标的代理")
PROXY_BYPASSED: Final = Said("not used for this host: {proxy} in NO_PROXY", "此主机不经代理：{proxy}，见 NO_PROXY")
TUNNELS: Final = {
    Tunnel.OPEN: Said(
        "{variable}={proxy} goes through; it looks the name up itself", "{variable}={proxy} 可用；域名由代理解析"
    ),
    Tunnel.UNREACHED: Said("{variable}={proxy} cannot be reached {line}", "{variable}={proxy} 无法连接 {line}"),
    Tunnel.REFUSED: Said("{variable}={proxy} answered {status} {line}", "{variable}={proxy} 回答 {status} {line}"),
    Tunnel.SILENT: Said(
        "{variable}={proxy} took the connection and said nothing", "{variable}={proxy} 接受连接后没有回应"
    ),
    Tunnel.BROKEN: Said(
        "{variable}={proxy} does not answer as a proxy does {line}", "{variable}={proxy} 的应答不像代理 {line}"
    ),
    Tunnel.BAD_URL: Said("{variable} is no URL: {line}", "{variable} 不是合法 URL：{line}"),
    Tunnel.NOT_SPOKEN: Said(
        "{variable}={proxy}: {line} is not measured here; shown is the way without it",
        "{variable}={proxy}：此处不测量 {line}；所示为不经代理的路径",
    ),
}
DNS_LITERAL: Final = Said("not needed: an address was given", "不需要：给出的就是地址")
DNS_OK: Final = Said("{addresses} ({servers})", "{addresses}（{servers}）")
DNS_HOSTS: Final = Said("{addresses}, from the hosts file ({servers})", "{addresses}，来自 hosts 文件（{servers}）")
DNS_FAILED: Final = Said("no address: {error} ({servers})", "没有地址：{error}（{servers}）")
DNS_TIMEOUT: Final = Said("the system's lookup did not end", "系统解析没有结束")
DNS_SERVER: Final = Said("{server}: {heard}, {seconds}", "{server}：{heard}，{seconds}")
DNS_ALIAS: Final = Said("{server}: {heard}, alias {aliases}, {seconds}", "{server}：{heard}，别名 {aliases}，{seconds}")
HEARD: Final = {
    Heard.ANSWER: Said("answers", "有回答"),
    Heard.NXDOMAIN: Said("no such name (NXDOMAIN)", "没有此名（NXDOMAIN）"),
    Heard.NO_DATA: Said("no address of that name", "此名没有地址"),
    Heard.SERVFAIL: Said("could not find out (SERVFAIL)", "查询失败（SERVFAIL）"),
    Heard.REFUSED: Said("refuses to answer (REFUSED)", "拒绝回答（REFUSED）"),
    Heard.SILENT: Said("silent", "没有应答"),
    Heard.CLOSED: Said("nobody listens there, or no way to it", "无人监听或无法到达"),
    Heard.GARBLED: Said("an answer of no use", "回答无法使用"),
}
TCP_NOT_TRIED: Final = Said("not tried: there is no address", "未尝试：没有地址")
TCP_OK: Final = Said("port {port}: {attempts}", "端口 {port}：{attempts}")
TCP_OF_SEVERAL: Final = Said(
    "port {port}: {attempts}; a client takes {address}", "端口 {port}：{attempts}；客户端会选 {address}"
)
TCP_FAILED: Final = Said("port {port}: {attempts}", "端口 {port}：{attempts}")
ATTEMPT: Final = Said("{address} {reached} in {seconds}{sender}", "{address} {reached}，{seconds}{sender}")
BY_ICMP: Final = Said(" (ICMP from {sender})", "（ICMP 来自 {sender}）")
REACHED: Final = {
    Reached.OPEN: Said("open", "已连接"),
    Reached.REFUSED: Said("refused", "被拒绝"),
    Reached.TIMEOUT: Said("no answer", "无应答"),
    Reached.PROHIBITED: Said("prohibited by a firewall", "被防火墙禁止"),
    Reached.UNREACHABLE: Said("unreachable", "不可达"),
    Reached.NO_ROUTE: Said("no way from this machine", "本机没有路由"),
    Reached.LOCAL: Said("not let out by this machine", "本机未放行"),
}
TLS_PLAIN: Final = Said("not wanted: the URL says http", "不需要：URL 是 http")
TLS_NOT_TRIED: Final = Said("not tried: no connection", "未尝试：没有连接")
TLS_UNSEEN: Final = Said("the hello was never confirmed: it was lost on the way", "问候从未被确认：丢在了途中")
SHOOK: Final = {
    Shook.OK: Said(
        "{version}, {cipher}, ALPN {alpn}, valid until {until} ({left} left)",
        "{version}，{cipher}，ALPN {alpn}，有效至 {until}（还剩 {left}）",
    ),
    Shook.UNTRUSTED: Said(
        "{version}, but the certificate is not to be trusted: {problems} ({line}; until {until})",
        "{version}，但证书不可信：{problems}（{line}；至 {until}）",
    ),
    Shook.NOT_TLS: Said("the peer does not speak TLS: {line!r}", "对方不讲 TLS：{line!r}"),
    Shook.ALERT: Said("the peer declined: {line}", "对方拒绝：{line}"),
    Shook.RESET: Said("connection reset after the hello", "问候发出后连接被重置"),
    Shook.CLOSED: Said("connection closed after the hello", "问候发出后连接被关闭"),
    Shook.SILENT: Said("no answer to the hello", "问候没有得到回应"),
    Shook.FAILED: Said("failed: {line}", "失败：{line}"),
}
PROBLEMS: Final = {
    Problem.EXPIRED: Said("expired", "已过期"),
    Problem.NOT_YET_VALID: Said("not yet valid", "尚未生效"),
    Problem.WRONG_HOST: Said("for another host", "属于其他主机"),
    Problem.SELF_SIGNED: Said("self-signed", "自签名"),
    Problem.UNKNOWN_CA: Said("unknown authority", "未知颁发机构"),
    Problem.INCOMPLETE_CHAIN: Said("incomplete chain", "证书链不完整"),
    Problem.OTHER: Said("not accepted", "不被接受"),
}
HTTP_NOT_TRIED: Final = Said("not tried", "未尝试")
ANSWERED: Final = {
    Answered.ANSWER: Said(
        "{method} {path}: {status} {reason} from {who}; first byte {seconds}, round trip {rtt}",
        "{method} {path}：{status} {reason}，来自 {who}；首字节 {seconds}，往返 {rtt}",
    ),
    Answered.SILENT: Said(
        "{method} {path}: nothing for {seconds}; {confirmed}; round trip {rtt}",
        "{method} {path}：{seconds} 内没有回应；{confirmed}；往返 {rtt}",
    ),
    Answered.RESET: Said(
        "{method} {path}: connection reset {seconds} after the request",
        "{method} {path}：请求发出 {seconds} 后连接被重置",
    ),
    Answered.CLOSED: Said(
        "{method} {path}: connection closed without an answer after {seconds}",
        "{method} {path}：{seconds} 后未作回应就关闭连接",
    ),
    Answered.GARBLED: Said("{method} {path}: no HTTP answer: {line!r}", "{method} {path}：应答不是 HTTP：{line!r}"),
}
CONFIRMED: Final = {
    True: Said("the peer's machine confirmed the request", "对方机器已确认收到请求"),
    False: Said("the request was never confirmed", "请求从未被确认"),
    None: Said("whether the request arrived is not known", "不知请求是否到达"),
}
LOSS_NOT_TRIED: Final = Said("not tried", "未尝试")
LOSS: Final = Said(
    "{count} connects, {loss} lost, {best} to {worst}, jitter {jitter}",
    "{count} 次连接，丢失 {loss}，{best} 至 {worst}，抖动 {jitter}",
)
LOSS_ALL: Final = Said("{count} connects, none came through", "{count} 次连接，全部失败")
MTU_NOT_TRIED: Final = Said("not tried", "未尝试")
MTU: Final = Said("{path} bytes", "{path} 字节")
MTU_TOLD: Final = Said(
    "{path} bytes instead of {interface}, says {router}", "{path} 字节而非 {interface}，{router} 所告"
)
MTU_HOLE: Final = Said(
    "small packets pass, those of {interface} bytes vanish: a black hole, or a filter",
    "小包能通过，{interface} 字节的包消失：黑洞或过滤",
)
TRACE_HERE: Final = Said("not needed: the target is this machine", "不需要：目标就是本机")
TRACE_NOT_TRIED: Final = Said("not tried", "未尝试")
TRACE_OK: Final = Said("reached at hop {hops} ({by})", "第 {hops} 跳到达（{by}）")
TRACE_LOST: Final = Said(
    "not seen to the end; the last that answered: {hop} ({by})", "没有看到终点；最后应答的：{hop}（{by}）"
)
TRACE_INSTEAD: Final = Said(
    "reached at hop {hops} (outwait itself, since mtr could not: {error})",
    "第 {hops} 跳到达（outwait 自己测得，因为 mtr 不行：{error}）",
)
TRACE_ERROR: Final = Said("{by}: {error}", "{by}：{error}")
CLOCK_NOT_TRIED: Final = Said("nobody told the time", "没有人告知时间")
CLOCK_OK: Final = Said("agrees with the server's", "与服务器一致")
CLOCK_AHEAD: Final = Said("{off} ahead of the server's", "比服务器快 {off}")
CLOCK_BEHIND: Final = Said("{off} behind the server's", "比服务器慢 {off}")
