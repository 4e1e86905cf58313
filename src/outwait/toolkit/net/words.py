"""What each verdict says: one sentence of what is the matter, and what to do next. A row for each rule.

Names in braces: `host`, `port`, `url`, `address`, `proxy`, `variable`, `server` (a nameserver), `seconds`, `status`,
`who` (who signed a page), `box`, `hop` (the last one that answered), `line` (own words of the peer).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from outwait.core.tongue import Said


class Words(NamedTuple):
    """`summary`: what is the matter. `advice`: what to do, commands last."""

    summary: Said
    advice: tuple[Said, ...]


OPENSSL: Final = Said(
    "openssl s_client -connect {address_port} -servername {host} -showcerts </dev/null",
    "openssl s_client -connect {address_port} -servername {host} -showcerts </dev/null",
)
LISTENING: Final = Said("On the server: ss -ltnp 'sport = :{port}'", "在服务器上：ss -ltnp 'sport = :{port}'")
OTHER_WAY: Final = Said(
    "Try the same from another network (a phone's hotspot): if it works there, the way from here is to blame.",
    "换一个网络（例如手机热点）再试：若那里可用，问题就在从这里出去的路上。",
)
NAMESERVERS: Final = Said("cat /etc/resolv.conf; resolvectl status", "cat /etc/resolv.conf; resolvectl status")
COMPARE: Final = Said("outwait net {target} --resolver 1.1.1.1", "outwait net {target} --resolver 1.1.1.1")
FIREWALL: Final = Said(
    "Look at the firewalls in between (security group, nft list ruleset, company firewall) for port {port}.",
    "检查途中的防火墙（安全组、nft list ruleset、公司防火墙）对端口 {port} 的规则。",
)
NO_PROXY: Final = Said(
    "See whether it works without: NO_PROXY={host} outwait net {target}",
    "看看不经代理是否可用：NO_PROXY={host} outwait net {target}",
)
CA: Final = Said(
    (
        "If that authority is your company's, give it to the client: SSL_CERT_FILE=company-ca.pem, "
        "NODE_EXTRA_CA_CERTS=company-ca.pem."
    ),
    "若该颁发机构属于贵公司，把它交给客户端：SSL_CERT_FILE=company-ca.pem，NODE_EXTRA_CA_CERTS=company-ca.pem。",
)
LOGS: Final = Said(
    "Look into the server's log at this time: it took the connection.", "查看服务器此刻的日志：它接受了连接。"
)
