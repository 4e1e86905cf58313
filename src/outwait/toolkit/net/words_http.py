"""What is said of answers, and of what is well but not good: a row for each of those rules in `rules_talk`."""

from __future__ import annotations

from typing import Final

from outwait.core.tongue import Said
from outwait.toolkit.net.words import FIREWALL, LISTENING, LOGS, NAMESERVERS, OTHER_WAY, Words

_CURL: Final = Said("curl -v -o /dev/null {url}", "curl -v -o /dev/null {url}")
_FAMILY: Final = Said(
    "outwait net {target} -4; outwait net {target} -6", "outwait net {target} -4; outwait net {target} -6"
)

HTTP: Final[dict[str, Words]] = {
    "http_wants_tls": Words(
        Said("Port {port} speaks TLS, and was asked without it.", "端口 {port} 讲 TLS，却被以明文询问。"),
        (
            Said("Use https:// there.", "那里请用 https://。"),
            Said("outwait net https://{host_port}", "outwait net https://{host_port}"),
        ),
    ),
    "http_reset_here": Words(
        Said(
            "The program on this machine's port {port} took the request and reset the connection.",
            "本机端口 {port} 上的程序收到请求后重置了连接。",
        ),
        (LOGS, LISTENING),
    ),
    "http_reset": Words(
        Said(
            (
                "The connection opened and was reset {seconds} after the request: a firewall or balancer on the way, "
                "or a server that crashed."
            ),
            "连接建立后，在请求发出 {seconds} 后被重置：途中的防火墙或负载均衡，或服务器崩溃。",
        ),
        (
            LOGS,
            Said(
                "If its log shows no such request, something on the way did it.",
                "若日志里没有这个请求，就是途中的设备所为。",
            ),
            OTHER_WAY,
            _CURL,
        ),
    ),
    "http_closed": Words(
        Said(
            "The server took the request and closed the connection without a word.",
            "服务器收到请求后，一言不发就关闭了连接。",
        ),
        (LOGS, _CURL),
    ),
    "http_lost": Words(
        Said(
            "The connection opened, but the request was never confirmed: packets with content are lost.",
            "连接能建立，但请求从未被确认：带内容的数据包丢失了。",
        ),
        (
            Said(
                "Check VPN and MTU: ip link set dev IFACE mtu 1280 tries it.",
                "检查 VPN 与 MTU：可用 ip link set dev 网卡 mtu 1280 试验。",
            ),
            OTHER_WAY,
        ),
    ),
    "http_black_hole": Words(
        Said(
            "Large packets vanish on this path, and no answer came in {seconds}: it may have been lost.",
            "此路径吞掉大包，{seconds} 内没有回应：回应可能丢在了途中。",
        ),
        (
            Said(
                "Make packets smaller: ip link set dev IFACE mtu 1280 tries it; clamp the MSS on the VPN or router.",
                "缩小数据包：可用 ip link set dev 网卡 mtu 1280 试验；在 VPN 或路由器上限制 MSS。",
            ),
            LOGS,
        ),
    ),
    "http_silent_briefly": Words(
        Said(
            "The server sent nothing for {seconds}, which is all the time it was given.",
            "服务器在 {seconds} 内没有回应，而只给了它这么多时间。",
        ),
        (
            Said(
                "Give it more time: outwait net {target} --timeout 60",
                "多给它些时间：outwait net {target} --timeout 60",
            ),
            LOGS,
        ),
    ),
    "http_silent": Words(
        Said(
            "The server is slow: it confirmed the request at once and sent nothing for {seconds}. The network is fine.",
            "服务器慢：它立即确认了请求，却在 {seconds} 内没有回应。网络没有问题。",
        ),
        (
            Said("Wait longer: outwait net {target} --timeout 120", "多等一会儿：outwait net {target} --timeout 120"),
            Said(
                "Raise the client's first-byte limit, or let heartbeats hold the line (outwait serve).",
                "提高客户端的首字节时限，或用心跳保持连接（outwait serve）。",
            ),
            LOGS,
        ),
    ),
    "http_silent_unseen": Words(
        Said("The server sent nothing for {seconds} after the request.", "请求发出后 {seconds} 内服务器没有回应。"),
        (
            Said("Wait longer: outwait net {target} --timeout 120", "多等一会儿：outwait net {target} --timeout 120"),
            LOGS,
        ),
    ),
    "http_garbled": Words(
        Said("What answers on port {port} does not speak HTTP: {line!r}.", "端口 {port} 上的应答不是 HTTP：{line!r}。"),
        (Said("Check port and scheme.", "检查端口与协议。"), _CURL),
    ),
    "http_captive": Words(
        Said("This network wants a login first (511).", "此网络要求先登录（511）。"),
        (Said("Open any page in a browser and log in.", "在浏览器中打开任意网页并登录。"),),
    ),
    "http_proxy_login": Words(
        Said("A proxy on the way wants a login (407).", "途中的代理要求登录（407）。"),
        (Said("{variable}=http://USER:PASSWORD@HOST:PORT", "{variable}=http://用户:密码@主机:端口"),),
    ),
    "http_filtered": Words(
        Said("{who} on the way forbids this page ({status}).", "途中的 {who} 禁止访问此页（{status}）。"),
        (Said("Ask for {host} to be let through.", "申请放行 {host}。"),),
    ),
    "http_rate_limited": Words(
        Said("The server is reached and limits the rate (429).", "服务器可达，但限制了速率（429）。"),
        (Said("Wait as long as its Retry-After says.", "按其 Retry-After 等待。"), _CURL),
    ),
    "http_gateway_timeout": Words(
        Said(
            "{who} answered {status} itself: it waited in vain for the server behind it.",
            "{who} 自己回答了 {status}：它没有等到背后的服务器。",
        ),
        (
            Said(
                "Raise its limit (nginx: proxy_read_timeout), or send heartbeats through it (outwait serve).",
                "提高它的时限（nginx：proxy_read_timeout），或让心跳穿过它（outwait serve）。",
            ),
            _CURL,
        ),
    ),
    "http_overloaded": Words(
        Said("{who} answers {status}: overloaded, or nobody behind it.", "{who} 回答 {status}：过载，或背后无人。"),
        (
            Said(
                "Try again later; if it is yours, look at what stands behind it.",
                "稍后再试；若是你自己的，检查其背后的服务。",
            ),
            _CURL,
        ),
    ),
    "http_bad_gateway": Words(
        Said("{who} answers {status}: the server behind it failed.", "{who} 回答 {status}：其背后的服务器失败了。"),
        (
            Said(
                "Look at the server behind it: is it running, is its port right?",
                "检查其背后的服务器：是否在运行，端口是否正确？",
            ),
            _CURL,
        ),
    ),
    "http_failing": Words(
        Said("The way is fine; the server answers {status}.", "路是通的；服务器回答 {status}。"), (LOGS, _CURL)
    ),
    "slow_network": Words(
        Said(
            "The first byte took {seconds}, and packets had to be sent again: the network loses them.",
            "首字节用了 {seconds}，且有数据包重传：网络在丢包。",
        ),
        (OTHER_WAY, Said("outwait net {target} --count 20 --mtr", "outwait net {target} --count 20 --mtr")),
    ),
    "slow_server": Words(
        Said(
            "The server is slow: its first byte took {seconds}, while the network needs {rtt}.",
            "服务器慢：首字节用了 {seconds}，而网络只需 {rtt}。",
        ),
        (
            Said(
                "Clients need a first-byte limit well above that: outwait timeouts",
                "客户端的首字节时限应远大于此：outwait timeouts",
            ),
            LOGS,
        ),
    ),
    "address_dropped": Words(
        Said(
            "{host} answers at one address, but {dead} swallows connections: some clients hang for {waste}.",
            "{host} 有一个地址可用，但 {dead} 吞掉连接：部分客户端会卡住 {waste}。",
        ),
        (
            Said(
                "Repair that address or take it out of DNS; a dead IPv6 way: use -4 in the client.",
                "修复该地址或将其移出 DNS；若是 IPv6 不通：让客户端只用 IPv4。",
            ),
            _FAMILY,
            FIREWALL,
        ),
    ),
    "address_refused": Words(
        Said("{host} answers at one address, but {dead} refuses.", "{host} 有一个地址可用，但 {dead} 拒绝连接。"),
        (
            Said(
                "Start the server there too, or take the address out of DNS.", "在那里也启动服务，或将该地址移出 DNS。"
            ),
            _FAMILY,
        ),
    ),
    "address_prohibited": Words(
        Said(
            "{host} answers at one address, but a firewall forbids {dead}.",
            "{host} 有一个地址可用，但防火墙禁止 {dead}。",
        ),
        (FIREWALL, _FAMILY),
    ),
    "address_unreachable": Words(
        Said(
            "{host} answers at one address, but there is no way to {dead}.",
            "{host} 有一个地址可用，但没有到 {dead} 的路。",
        ),
        (Said("Check the routes, or take the address out of DNS.", "检查路由，或将该地址移出 DNS。"), _FAMILY),
    ),
    "lossy": Words(
        Said(
            "The server answers, but the way loses {loss} of the packets.", "服务器有应答，但途中丢失 {loss} 的数据包。"
        ),
        (OTHER_WAY, Said("outwait net {target} --count 20 --mtr", "outwait net {target} --count 20 --mtr")),
    ),
    "slow_dns": Words(
        Said("The server answers, but finding its address took {lookup}.", "服务器有应答，但查询地址用了 {lookup}。"),
        (
            Said(
                "A nameserver of this machine is slow or dead: take it out.",
                "本机有一台域名服务器缓慢或失效：将其移除。",
            ),
            NAMESERVERS,
        ),
    ),
    "well": Words(
        Said("All is well: {host} answers {status} after {total}.", "一切正常：{host} 在 {total} 后回答 {status}。"), ()
    ),
    "unfinished": Words(
        Said("The time was over before the whole way was seen.", "时间用完，还没有看完整条路。"),
        (Said("outwait net {target} --timeout 60", "outwait net {target} --timeout 60"),),
    ),
}
