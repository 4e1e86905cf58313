"""The stages in a row, each ok, failed or not tried, with a sentence of what was seen there: also the evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from outwait.toolkit.net import eyeballs, quality, route
from outwait.toolkit.net import words_steps as say
from outwait.toolkit.net.findings import Answered, Asked, Attempt, Findings, Reply, Shook, Tunnel
from outwait.toolkit.net.remark import Remark, day, days, remark, spent

State = Literal["ok", "failed", "not_tried"]


@dataclass(frozen=True, slots=True)
class Step:
    """One stage. `seconds`: how long it took, None where that says nothing."""

    name: str
    state: State
    seen: Remark
    seconds: float | None = None


def steps(found: Findings) -> tuple[Step, ...]:
    """All stages, in the order a client walks them."""
    return tuple(make(found) for make in _MAKERS)


def _proxy(found: Findings) -> Step:
    through = found.proxied
    if through is None:
        said = remark(say.PROXY_BYPASSED, proxy=found.bypassed) if found.bypassed else remark(say.PROXY_NONE)
        return Step("proxy", "not_tried", said)
    values = {"proxy": through.url, "variable": through.variable, "status": through.status, "line": through.detail}
    state: State = "ok" if through.tunnel is Tunnel.OPEN else "failed"
    if through.tunnel is Tunnel.NOT_SPOKEN:
        state = "not_tried"
    return Step("proxy", state, Remark(say.TUNNELS[through.tunnel], values), through.seconds)


def _dns(found: Findings) -> Step:
    names = found.names
    if names is None:
        return Step("dns", "not_tried", remark(say.DNS_LITERAL))
    told = tuple(_server(one) for one in names.asked)
    if names.system and not route.lost_name(found):
        said = say.DNS_HOSTS if names.hosts else say.DNS_OK
        return Step("dns", "ok", remark(said, addresses=", ".join(names.system), servers=told), names.seconds)
    error = remark(say.DNS_TIMEOUT) if names.timed_out else names.error or ", ".join(names.system)
    return Step("dns", "failed", remark(say.DNS_FAILED, error=error, servers=told), names.seconds)


def _server(one: Asked) -> Remark:
    said = say.DNS_ALIAS if one.aliases else say.DNS_SERVER
    aliases = " -> ".join(one.aliases)
    return remark(said, server=one.server, heard=say.HEARD[one.heard], seconds=spent(one.seconds), aliases=aliases)


def _tcp(found: Findings) -> Step:
    if not found.attempts:
        return Step("tcp", "not_tried", remark(say.TCP_NOT_TRIED))
    won = eyeballs.winner(found.attempts)
    told = tuple(attempt(each) for each in found.attempts)
    if won is None:
        return Step("tcp", "failed", remark(say.TCP_FAILED, port=found.target.port, attempts=told))
    values = {"port": found.target.port, "attempts": told, "address": won[0].address}
    return Step("tcp", "ok", Remark(say.TCP_OK if len(told) == 1 else say.TCP_OF_SEVERAL, values), won[1])


def attempt(each: Attempt) -> Remark:
    """One connect in a few words."""
    sender = remark(say.BY_ICMP, sender=each.icmp_from) if each.icmp_from else ""
    reached = say.REACHED[each.reached]
    return remark(say.ATTEMPT, address=each.address, reached=reached, seconds=spent(each.seconds), sender=sender)


def _tls(found: Findings) -> Step:
    tls = route.tls(found)
    if tls is None:
        plain = found.target.scheme == "http"
        return Step("tls", "not_tried", remark(say.TLS_PLAIN if plain else say.TLS_NOT_TRIED))
    leaf = tls.chain[0] if tls.chain else None
    values: dict[str, object] = {
        "version": tls.version,
        "cipher": tls.cipher,
        "line": tls.spoken or tls.detail,
        "alpn": tls.alpn or "-",
        "until": "-" if leaf is None else day(leaf.not_after),
        "left": "-" if leaf is None else days(leaf.not_after - found.now),
        "problems": tuple(say.PROBLEMS[each] for each in tls.problems),
    }
    state: State = "ok" if tls.shook is Shook.OK else "failed"
    said = say.SHOOK[tls.shook]
    if tls.shook is Shook.SILENT and tls.acknowledged is False:
        said = say.TLS_UNSEEN
    return Step("tls", state, Remark(said, values), tls.seconds)


def _http(found: Findings) -> Step:
    reply = route.reply(found)
    if reply is None:
        return Step("http", "not_tried", remark(say.HTTP_NOT_TRIED))
    values = {
        "method": reply.method,
        "path": found.target.path,
        "status": reply.status,
        "reason": reply.reason,
        "line": reply.detail,
    }
    values |= {"seconds": spent(reply.first_byte), "who": _who(found, reply)}
    rtt = "-" if reply.info is None else spent(reply.info.rtt)
    confirmed = say.CONFIRMED[reply.acknowledged]
    state: State = "ok" if reply.answered is Answered.ANSWER else "failed"
    return Step(
        "http",
        state,
        Remark(say.ANSWERED[reply.answered], {**values, "rtt": rtt, "confirmed": confirmed}),
        reply.first_byte,
    )


def _who(found: Findings, reply: Reply) -> str:
    """Who answers, as far as it is said, and through whom."""
    name = reply.signed or reply.server or found.target.shown
    return f"{name} (Via: {reply.via})" if reply.via else name


def _loss(found: Findings) -> Step:
    loss = found.loss
    if loss is None or not loss.seconds + (0.0,) * loss.lost:
        return Step("loss", "not_tried", remark(say.LOSS_NOT_TRIED))
    what = quality.quality(loss)
    low, high = spent(what.best or 0.0), spent(what.worst or 0.0)
    values = {
        "count": what.count,
        "loss": f"{what.loss:.0%}",
        "best": low,
        "worst": high,
        "jitter": spent(what.jitter or 0.0),
    }
    return Step(
        "loss", "failed" if what.loss else "ok", Remark(say.LOSS if loss.seconds else say.LOSS_ALL, values), what.median
    )


def _mtu(found: Findings) -> Step:
    size = found.mtu
    if size is None:
        return Step("mtu", "not_tried", remark(say.MTU_NOT_TRIED))
    if size.hole:
        return Step("mtu", "failed", remark(say.MTU_HOLE, interface=size.interface))
    if size.told_by:
        return Step("mtu", "ok", remark(say.MTU_TOLD, path=size.path, interface=size.interface, router=size.told_by))
    return Step("mtu", "ok", remark(say.MTU, path=size.path))


def _trace(found: Findings) -> Step:
    way = found.trace
    if way is None:
        return Step(
            "trace",
            "not_tried",
            remark(say.TRACE_HERE if route.opened(found) and found.attempts[0].own else say.TRACE_NOT_TRIED),
        )
    if way.instead and way.reached:
        return Step("trace", "ok", remark(say.TRACE_INSTEAD, hops=len(way.hops), error=way.instead))
    if way.error:
        return Step("trace", "failed", remark(say.TRACE_ERROR, by=way.by, error=way.error))
    if way.reached:
        return Step("trace", "ok", remark(say.TRACE_OK, hops=len(way.hops), by=way.by), way.hops[-1].seconds)
    return Step("trace", "failed", remark(say.TRACE_LOST, hop=last_hop(found) or "-", by=way.by))


def last_hop(found: Findings) -> str:
    """The last router that answered; "" if none did."""
    way = found.trace
    spoke = [] if way is None else [hop for hop in way.hops if hop.address and not hop.last]
    return f"{spoke[-1].address} ({spoke[-1].ttl})" if spoke else ""


def _clock(found: Findings) -> Step:
    off = route.skew(found)
    if off is None:
        return Step("clock", "not_tried", remark(say.CLOCK_NOT_TRIED))
    if not route.clock_off(found):
        return Step("clock", "ok", remark(say.CLOCK_OK))
    return Step("clock", "failed", remark(say.CLOCK_AHEAD if off > 0 else say.CLOCK_BEHIND, off=days(off)))


_MAKERS: Final[tuple[Callable[[Findings], Step], ...]] = (_proxy, _dns, _tcp, _tls, _http, _loss, _mtu, _trace, _clock)
STAGES: Final = ("proxy", "dns", "tcp", "tls", "http", "loss", "mtu", "trace", "clock")
