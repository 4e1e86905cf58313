"""Rules about getting to the target at all: the proxy, its name, its addresses. The first that holds decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from outwait.core.fault import Side
from outwait.toolkit.net import route
from outwait.toolkit.net.findings import Findings, Heard, Proxied, Reached, Tunnel

Confidence = Literal["high", "medium", "low"]


@dataclass(frozen=True, slots=True)
class Rule:
    """When it holds, what it means. `cause` is a name of FACTS 4, "" for good news; `side` None for nobody's.

    `others`: further causes that the same signs could have, with their sides.
    """

    name: str
    when: Callable[[Findings], bool]
    cause: str
    side: Side | None
    confidence: Confidence
    others: tuple[tuple[str, Side], ...] = ()


_C, _N, _M, _U = Side.CLIENT, Side.NETWORK, Side.MIDDLEBOX, Side.UPSTREAM
_HARD: Final = (Reached.REFUSED, Reached.TIMEOUT, Reached.PROHIBITED, Reached.UNREACHABLE, Reached.LOCAL)


def _through(check: Callable[[Proxied], bool]) -> Callable[[Findings], bool]:
    def holds(found: Findings) -> bool:
        through = route.proxied(found)
        return through is not None and check(through)

    return holds


def _refusing(*statuses: int) -> Callable[[Findings], bool]:
    return _through(lambda one: one.tunnel is Tunnel.REFUSED and (not statuses or one.status in statuses))


def _tunnel(*kinds: Tunnel) -> Callable[[Findings], bool]:
    return _through(lambda one: one.tunnel in kinds)


def _unnamed(check: Callable[[Findings], bool]) -> Callable[[Findings], bool]:
    """`check`, where clients go straight and the name has no address."""
    return lambda found: route.proxied(found) is None and route.lost_name(found) and check(found)


def _told(kind: Heard) -> Callable[[Findings], bool]:
    return _unnamed(lambda found: route.any_heard(found, kind))


def _shut(check: Callable[[Findings], bool]) -> Callable[[Findings], bool]:
    """`check`, where clients go straight and no address takes a connection."""
    return lambda found: (
        route.proxied(found) is None and bool(found.attempts) and not route.opened(found) and check(found)
    )


def _all(*kinds: Reached) -> Callable[[Findings], bool]:
    return _shut(lambda found: route.every(route.tried(found), *kinds))


def _any(kind: Reached) -> Callable[[Findings], bool]:
    return _shut(lambda found: any(each.reached is kind for each in route.tried(found)))


def _sunk(found: Findings) -> bool:
    return found.names is not None and bool(found.names.system)


def _elsewhere_known(found: Findings) -> bool:
    return route.any_heard(found, Heard.ANSWER, configured=False) and not route.any_heard(found, Heard.ANSWER)


def _own_trouble(found: Findings) -> bool:
    return route.any_heard(found, Heard.ANSWER)


def _nobody_to_ask(found: Findings) -> bool:
    return found.names is not None and not route.heard(found)


def _no_such_family(found: Findings) -> bool:
    """The name has addresses, and none of the kind that was asked for."""
    return route.proxied(found) is None and found.names is not None and not found.attempts


def _filter_says_so(found: Findings) -> bool:
    return any(each.reached is Reached.REFUSED and each.icmp_from for each in found.attempts)


def _host_is_there(found: Findings) -> bool:
    """The target answers other packets than those to this port."""
    way = found.trace
    return way is not None and way.reached and all("tcp" not in hop.how for hop in way.hops if hop.last)


def _filtered(found: Findings) -> bool:
    return _any(Reached.TIMEOUT)(found) and _host_is_there(found)


def _no_way(found: Findings) -> bool:
    """A router says so, to a connect or, after a silent one, to the packets that look for the way."""
    if route.every(route.tried(found), Reached.UNREACHABLE, Reached.NO_ROUTE):
        return True
    return _any(Reached.TIMEOUT)(found) and bool(route.complainer(found, "unreachable"))


def _refused_here(found: Findings) -> bool:
    return route.here(found) and _all(Reached.REFUSED)(found)


RULES: Final[tuple[Rule, ...]] = (
    Rule("proxy_bad_url", _tunnel(Tunnel.BAD_URL), "proxy_misconfigured", _C, "high"),
    Rule("proxy_unreached", _tunnel(Tunnel.UNREACHED), "proxy_misconfigured", _C, "high"),
    Rule("proxy_wants_login", _refusing(407), "proxy_misconfigured", _C, "high"),
    Rule("proxy_forbids", _refusing(401, 403, 405, 451), "proxy_misconfigured", _M, "high"),
    Rule("proxy_timed_out", _refusing(504), "gateway_timeout_upstream", _M, "medium", (("connect_timeout", _N),)),
    Rule("proxy_failed", _refusing(), "proxy_misconfigured", _M, "medium", (("connect_refused", _U),)),
    Rule("proxy_silent", _tunnel(Tunnel.SILENT), "connect_timeout", _M, "medium", (("proxy_misconfigured", _C),)),
    Rule("proxy_broken", _tunnel(Tunnel.BROKEN), "proxy_misconfigured", _C, "medium"),
    # The name has no address.
    Rule("dns_blocked", _unnamed(_sunk), "dns_failure", _N, "high"),
    Rule("dns_known_elsewhere", _unnamed(_elsewhere_known), "dns_failure", _N, "high"),
    Rule("dns_own_trouble", _unnamed(_own_trouble), "dns_failure", _C, "high"),
    Rule("dns_nxdomain", _told(Heard.NXDOMAIN), "dns_failure", _C, "high", (("dns_failure", _N),)),
    Rule("dns_no_data", _told(Heard.NO_DATA), "dns_failure", _C, "high"),
    Rule("dns_servfail", _told(Heard.SERVFAIL), "dns_failure", _N, "high"),
    Rule("dns_refused", _told(Heard.REFUSED), "dns_failure", _N, "high", (("dns_failure", _C),)),
    Rule("dns_silent", _told(Heard.SILENT), "dns_failure", _N, "high"),
    Rule("dns_closed", _told(Heard.CLOSED), "dns_failure", _N, "high", (("dns_failure", _C),)),
    Rule("dns_garbled", _told(Heard.GARBLED), "dns_failure", _N, "medium"),
    Rule("dns_unconfigured", _unnamed(_nobody_to_ask), "dns_failure", _C, "high"),
    Rule("dns_no_family", _no_such_family, "dns_failure", _C, "high"),
    # It has, and none takes a connection.
    Rule("tcp_filter_refused", _shut(_filter_says_so), "connect_refused", _M, "high", (("connect_refused", _U),)),
    Rule("tcp_refused_here", _refused_here, "connect_refused", _U, "high"),
    Rule("tcp_refused", _all(Reached.REFUSED), "connect_refused", _U, "high", (("connect_refused", _M),)),
    Rule("tcp_prohibited", _any(Reached.PROHIBITED), "network_unreachable", _M, "high"),
    Rule("tcp_no_route", _all(Reached.NO_ROUTE), "network_unreachable", _C, "high"),
    Rule("tcp_local", _all(Reached.LOCAL, Reached.NO_ROUTE), "resource_exhausted_local", _C, "medium"),
    Rule("tcp_filtered", _filtered, "connect_timeout", _N, "high"),
    Rule("tcp_unreachable", _shut(_no_way), "network_unreachable", _N, "high"),
    Rule("tcp_dropped", _any(Reached.TIMEOUT), "connect_timeout", _N, "high"),
    Rule("tcp_mixed", _shut(lambda f: any(each.reached in _HARD for each in f.attempts)), "connect_refused", _N, "low"),
)
