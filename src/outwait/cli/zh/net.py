"""`outwait net`, in Chinese."""

from __future__ import annotations

from typing import Final

HELP: Final = {
    """Look at the way to a host, and say whose trouble it is: client, network, middlebox or server.

    DNS, TCP at each address, TLS, HTTP, routers, loss, path MTU, clocks and proxies.

    Each stage is shown, also when the next ones cannot be tried. Works without a gateway.
    """: """查看通往某主机的路，并指出问题出在哪里：客户端、网络、中间设备还是服务器。

    DNS、每个地址的 TCP、TLS、HTTP、路由、丢包、路径 MTU、时钟与代理。

    每个阶段都会显示，即使后面的阶段无法尝试。不需要网关。
    """,
    """Examples:

outwait net api.openai.com

outwait net https://gateway.example/v1/models --count 20

outwait net localhost:8787    (http, as for all private hosts; say https:// if it is not)

outwait net vllm.corp.example --resolver 10.0.0.53    (compare what another nameserver says)

outwait net api.openai.com --no-proxy -4 --json

No root is needed, and nothing secret is sent.

Exit status: 0 reachable and well, 1 otherwise, 2 usage.
""": """示例：

outwait net api.openai.com

outwait net https://gateway.example/v1/models --count 20

outwait net localhost:8787    （私有主机一律按 http；若不是，请写明 https://）

outwait net vllm.corp.example --resolver 10.0.0.53    （与另一台域名服务器的回答比较）

outwait net api.openai.com --no-proxy -4 --json

不需要 root，也不发送任何机密。

退出码：0 可达且正常，1 其他情况，2 用法有误。
""",
    "A host, HOST:PORT, an address or a URL.": "主机、主机:端口、地址或 URL。",
    "Ask this nameserver too and compare; IP:PORT for another port. Repeatable.": (
        "也询问这台域名服务器并比较；其他端口写 IP:端口。可重复。"
    ),
    "How many connects loss and jitter are measured with.": "用多少次连接来测量丢包与抖动。",
    "Limit for everything, as 20, 20s or 2m.": "全部检查的时限，如 20、20s 或 2m。",
    "From when on a first byte is late, as 2s.": "首字节从多久起算慢，如 2s。",
    "The HTTP method.": "HTTP 方法。",
    "Only IPv4 addresses.": "只用 IPv4 地址。",
    "Only IPv6 addresses.": "只用 IPv6 地址。",
    "Go through this proxy, whatever the environment says.": "经由此代理，不管环境变量怎么说。",
    "Overlook proxies of the environment.": "忽略环境变量中的代理。",
    "Trust these authorities too (PEM).": "同时信任这些颁发机构（PEM）。",
    "Look for the routers on the way.": "查找途中的路由器。",
    "Let mtr do that, if it is installed: loss for each hop.": "若已安装 mtr，则由它查找：给出每跳的丢包。",
}
