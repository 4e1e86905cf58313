"""Where an upstream is, and which addresses it may have: everything but link-local and cloud metadata services.

Private and loopback addresses are normal for self-hosted models; link-local ones never are, and the metadata services
behind them hand out credentials. `ipaddress.is_global` is no guide here: it calls 64:ff9b::a9fe:a9fe and
168.63.129.16 global (FACTS part 3), so the list is our own and looks through every form that carries an IPv4 address.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple


class SideDoor(NamedTuple):
    """The Unix socket of another process of this machine: no name to look up, no address to judge, no TLS."""

    path: str


class Endpoint(NamedTuple):
    """What connections can be shared by: a host (ASCII, no brackets), a port, and how its TLS is judged, if any."""

    host: str
    port: int
    tls: bool
    ca_file: str | None = None
    verify: bool = True


Target = Endpoint | SideDoor


_REFUSED_4: tuple[tuple[IPv4Network, str], ...] = (
    (IPv4Network("169.254.0.0/16"), "link-local address"),  # RFC 3927; AWS, GCP, Azure and Oracle metadata
    (IPv4Network("168.63.129.16/32"), "Azure platform address"),
    (IPv4Network("100.100.100.200/32"), "Alibaba Cloud metadata address"),
    (IPv4Network("224.0.0.0/4"), "multicast address"),
    (IPv4Network("255.255.255.255/32"), "broadcast address"),
)
_REFUSED_6: tuple[tuple[IPv6Network, str], ...] = (
    (IPv6Network("fe80::/10"), "link-local address"),  # RFC 4291
    (IPv6Network("fd00:ec2::254/128"), "AWS metadata address"),
    (IPv6Network("ff00::/8"), "multicast address"),
)
_LOOPBACK_6 = IPv6Address("::1")
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
_NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")  # RFC 8215; the usual /96 inside it
_COMPATIBLE = IPv6Network("::/96")  # RFC 4291, deprecated and still routed by some stacks


def refusal(address: str) -> str | None:
    """Why an upstream must not be at `address` (an IP literal, zone allowed), or None. ValueError: not an IP."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        plain = IPv6Address(int(ip))  # without its zone, which would make it unequal to every network
        for six, why in _REFUSED_6:
            if plain in six:
                return why
        inner = _carried(plain)
        if inner is None:
            return None
        ip = inner
    for four, why in _REFUSED_4:
        if ip in four:
            return why
    return None


def _carried(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that packets to `ip` would really reach, if it carries one."""
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    if ip in _NAT64 or ip in _NAT64_LOCAL or (ip in _COMPATIBLE and ip != _LOOPBACK_6):
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return None
