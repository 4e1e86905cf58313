"""What is worth a word beside the verdict: each note has a sign of its own, and all that hold are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from outwait.core.tongue import Said
from outwait.toolkit.net import eyeballs, quality, route, rules_talk, signs
from outwait.toolkit.net.findings import Answered, Findings, Reached, Shook, Tunnel
from outwait.toolkit.net.remark import Remark, day, days, remark, spent
from outwait.toolkit.net.words_steps import HEARD, REACHED

_SOON: Final = 14 * 86_400.0
"""Seconds before a certificate's end from which on that is worth a word."""
_STANDARD: Final = 1500

_DIFFER: Final = Said(
    "Nameservers disagree: {server} says {addresses}. That is usual for a CDN; for one server it means a filter or a "
    "stale record.",
    "域名服务器的回答不一致：{server} 说是 {addresses}。CDN 如此很正常；若只有一台服务器，则是过滤或陈旧的记录。",
)
_SICK: Final = Said(
    "The nameserver {server} is of no use ({heard}): every lookup that begins there waits.",
    "域名服务器 {server} 不可用（{heard}）：从它开始的每次查询都会等待。",
)
_SPARE: Final = Said(
    "The address was asked of a nameserver directly; programs on this machine do not find it.",
    "地址是直接向域名服务器问来的；本机上的程序查不到它。",
)
_NO_SIXTH: Final = Said(
    "This machine has no way to {addresses} (IPv{family}).", "本机没有到 {addresses} 的路（IPv{family}）。"
)
_EXPIRING: Final = Said("The certificate ends in {left} ({until}).", "证书将在 {left} 后到期（{until}）。")
_ONLY_CALLED: Final = Said(
    "The certificate names {host} as its common name only: OpenSSL takes that, so do Python and curl; Go and browsers "
    "do not. Have a subject alternative name added (openssl req ... -addext subjectAltName=DNS:{host}).",
    "证书只在通用名称（CN）中写了 {host}：OpenSSL 以及 Python、curl 接受，Go 与浏览器不接受。请补充主体备用名称"
    "（openssl req ... -addext subjectAltName=DNS:{host}）。",
)
_INSPECTED: Final = Said(
    "{box} opens TLS on the way: the certificate is its own, and this machine trusts it.",
    "{box} 在途中拆解 TLS：证书是它签发的，本机信任它。",
)
_AHEAD: Final = Said("This machine's clock is {off} ahead of the server's.", "本机时钟比服务器快 {off}。")
_BEHIND: Final = Said("This machine's clock is {off} behind the server's.", "本机时钟比服务器慢 {off}。")
_LOSS: Final = Said("{loss} of the packets that open connections are lost.", "建立连接的数据包丢失 {loss}。")
_HOLE: Final = Said(
    "Large packets vanish without a word: a black hole for path MTU discovery, or a filter for UDP.",
    "大包无声消失：路径 MTU 发现的黑洞，或 UDP 被过滤。",
)
_SMALL: Final = Said(
    "The path carries {path} bytes only, as of a tunnel or VPN.", "路径只能承载 {path} 字节，像是隧道或 VPN。"
)
_ELSEWHERE: Final = Said(
    "The answer leads to another host, {there}: a move, or a login page of this network.",
    "回答把人引向另一主机 {there}：可能已搬迁，或是此网络的登录页。",
)
_STRAIGHT_TOO: Final = Said("Without the proxy it is reached as well.", "不经代理也能到达。")
_PROXY_ONLY: Final = Said("Without the proxy it is not reached.", "不经代理则无法到达。")
_PROXY_NAMES: Final = Said(
    "Through a proxy the name is looked up by the proxy; this machine's DNS does not matter.",
    "经代理时由代理解析域名，本机 DNS 无关紧要。",
)
_RETRANSMITS: Final = Said("{count} packets of the request had to be sent again.", "请求中有 {count} 个数据包重传。")
DEAD: Final = Said("The address {address} takes no connection: {reached}.", "地址 {address} 连不上：{reached}。")
_FIRST_DEAD: Final = Said(
    "A client that tries one address after the other needs {seconds} to connect.",
    "逐个尝试地址的客户端需要 {seconds} 才能连上。",
)


def notes(found: Findings) -> tuple[Remark, ...]:
    """All that is worth a word, in the order of the stages."""
    return tuple(said for make in _MAKERS for said in make(found))


def _proxy(found: Findings) -> list[Remark]:
    through = route.proxied(found)
    if through is None or through.tunnel is not Tunnel.OPEN:
        straight = through is not None and bool(route.opened(found))
        return [remark(_STRAIGHT_TOO)] if straight else []
    told = [remark(_PROXY_NAMES)] if found.names is not None and route.lost_name(found) else []
    if found.attempts and not route.opened(found):
        told.append(remark(_PROXY_ONLY))
    return told


def _names(found: Findings) -> list[Remark]:
    told = [remark(_DIFFER, server=one.server, addresses=", ".join(one.addresses)) for one in route.differ(found)]
    if found.names is not None and found.names.system:
        told += [remark(_SICK, server=one.server, heard=HEARD[one.heard]) for one in route.sick(found)]
    return told + ([remark(_SPARE)] if found.spare else [])


def _addresses(found: Findings) -> list[Remark]:
    if not route.opened(found):
        return []
    told = []
    lost = [each.address for each in found.attempts if each.reached is Reached.NO_ROUTE]
    if lost:
        told.append(remark(_NO_SIXTH, addresses=", ".join(lost), family=eyeballs.family(lost[0].partition("%")[0])))
    told += [remark(DEAD, address=each.address, reached=REACHED[each.reached]) for each in route.dead(found)]
    waited = eyeballs.one_by_one(found.attempts)
    if waited is not None and waited > 1.0:
        told.append(remark(_FIRST_DEAD, seconds=spent(waited)))
    return told


def _tls(found: Findings) -> list[Remark]:
    tls = route.tls(found)
    if tls is None or tls.shook is not Shook.OK or not tls.chain:
        return []
    told = []
    left = tls.chain[0].not_after - found.now
    if left < _SOON:
        told.append(remark(_EXPIRING, left=days(left), until=day(tls.chain[0].not_after)))
    if route.only_called(found):
        told.append(remark(_ONLY_CALLED, host=found.target.shown))
    box = rules_talk.inspected(found)
    return [*told, remark(_INSPECTED, box=box)] if box else told


def _http(found: Findings) -> list[Remark]:
    reply = route.reply(found)
    if reply is None:
        return []
    told = []
    there = signs.elsewhere(reply.location, found.target.host) if 300 <= reply.status < 400 else ""
    if there:
        told.append(remark(_ELSEWHERE, there=there))
    if reply.info is not None and reply.info.retransmits and reply.answered is not Answered.RESET:
        told.append(remark(_RETRANSMITS, count=reply.info.retransmits))
    return told


def _path(found: Findings) -> list[Remark]:
    told = []
    if found.loss is not None and (share := quality.quality(found.loss).loss) > 0:
        told.append(remark(_LOSS, loss=f"{share:.0%}"))
    size = found.mtu
    if size is not None and size.hole:
        told.append(remark(_HOLE))
    elif size is not None and size.path < _STANDARD <= size.interface:
        told.append(remark(_SMALL, path=size.path))
    return told


def _clock(found: Findings) -> list[Remark]:
    off = route.skew(found)
    if off is None or not route.clock_off(found):
        return []
    return [remark(_AHEAD if off > 0 else _BEHIND, off=days(off))]


_MAKERS: Final[tuple[Callable[[Findings], list[Remark]], ...]] = (
    _proxy, _names, _addresses, _tls, _http, _path, _clock,
)  # fmt: skip
