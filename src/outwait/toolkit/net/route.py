"""Questions that rules and sentences ask of the findings."""

from __future__ import annotations

from collections.abc import Sequence

from outwait.toolkit.net import certificate, quality
from outwait.toolkit.net.findings import (
    Asked,
    Attempt,
    Findings,
    Heard,
    Problem,
    Proxied,
    Reached,
    Reply,
    Talk,
    Tls,
    Tunnel,
)

UNFIT = ("0.0.0.0", "::")  # noqa: S104 - what a blocking nameserver answers with, nothing is bound
_OFF = 60.0  # seconds of clock skew worth a word
_DAY = 86_400.0


def proxied(found: Findings) -> Proxied | None:
    """The proxy that clients would go through; None where they go straight, or the kind is not measured here."""
    through = found.proxied
    return None if through is None or through.tunnel is Tunnel.NOT_SPOKEN else through


def said(found: Findings) -> Talk | None:
    """What was said on the way that clients would take."""
    through = proxied(found)
    return found.talk if through is None else through.talk


def tls(found: Findings) -> Tls | None:
    """The handshake on that way."""
    talk = said(found)
    return None if talk is None else talk.tls


def reply(found: Findings) -> Reply | None:
    """The answer on that way."""
    talk = said(found)
    return None if talk is None else talk.reply


def tried(found: Findings) -> tuple[Attempt, ...]:
    """The attempts that say something: an address this machine has no way to is no evidence beside others."""
    useful = tuple(each for each in found.attempts if each.reached is not Reached.NO_ROUTE)
    return useful or found.attempts


def opened(found: Findings) -> tuple[Attempt, ...]:
    """The addresses that took a connection."""
    return tuple(each for each in found.attempts if each.reached is Reached.OPEN)


def dead(found: Findings) -> tuple[Attempt, ...]:
    """The addresses that did not, where this machine has a way to them."""
    return tuple(each for each in tried(found) if each.reached not in (Reached.OPEN, Reached.NO_ROUTE))


def complainer(found: Findings, note: str = "") -> str:
    """The router that ends the way, as it says itself: `unreachable`, `prohibited`, or either; "" if none does."""
    hops = () if found.trace is None else found.trace.hops
    return next((hop.address for hop in hops if hop.address and hop.note and note in ("", hop.note)), "")


def every(attempts: Sequence[Attempt], *kinds: Reached) -> bool:
    """Whether there are attempts, and all ended as one of `kinds`."""
    return bool(attempts) and all(each.reached in kinds for each in attempts)


def here(found: Findings) -> bool:
    """The target is on this very machine: nobody stands between."""
    return proxied(found) is None and any(each.own for each in found.attempts)


def lost_name(found: Findings) -> bool:
    """The system's lookup gave no address that could be used."""
    return found.names is not None and not [each for each in found.names.system if each not in UNFIT]


def heard(found: Findings, *, configured: bool = True) -> tuple[Asked, ...]:
    """What nameservers said: those of this machine, or those asked to compare."""
    return () if found.names is None else tuple(one for one in found.names.asked if one.configured is configured)


def any_heard(found: Findings, kind: Heard, *, configured: bool = True) -> bool:
    """Whether one of them said `kind`."""
    return any(one.heard is kind for one in heard(found, configured=configured))


def sick(found: Findings) -> tuple[Asked, ...]:
    """Configured nameservers that are of no use, whatever the name."""
    useless = (Heard.SERVFAIL, Heard.REFUSED, Heard.SILENT, Heard.CLOSED, Heard.GARBLED)
    return tuple(one for one in heard(found) if one.heard in useless)


def differ(found: Findings) -> tuple[Asked, ...]:
    """Nameservers whose answer has no address in common with the system's."""
    if found.names is None or not found.names.system or found.names.hosts:
        return ()
    mine = set(found.names.system)
    return tuple(one for one in found.names.asked if one.heard is Heard.ANSWER and not mine & set(one.addresses))


def skew(found: Findings) -> float | None:
    """Seconds that our clock is ahead of the peer's; None if nobody told the time."""
    answer = reply(found)
    if answer is None or answer.date is None:
        return None
    rtt = 0.0 if answer.info is None else answer.info.rtt
    return quality.skew(answer.date, answer.at, rtt)


def clock_off(found: Findings) -> bool:
    """Our clock and the peer's differ by more than a minute."""
    off = skew(found)
    return off is not None and abs(off) > _OFF


def clock_to_blame(found: Findings) -> bool:
    """The certificate's dates are wrong by our clock, right by the peer's, and the clocks differ by more than a day."""
    shook, answer, off = tls(found), reply(found), skew(found)
    if shook is None or answer is None or answer.date is None or off is None or not shook.chain:
        return False
    dated = Problem.EXPIRED in shook.problems or Problem.NOT_YET_VALID in shook.problems
    leaf = shook.chain[0]
    return dated and abs(off) > _DAY and leaf.not_before <= answer.date <= leaf.not_after


def wrong(found: Findings, problem: Problem) -> bool:
    """Whether that is wrong with the certificate."""
    shook = tls(found)
    return shook is not None and problem in shook.problems


def only_called(found: Findings) -> bool:
    """Whether nothing but its common name says that the certificate is for the host."""
    shook = tls(found)
    return shook is not None and bool(shook.chain) and certificate.by_common_name(shook.chain[0], found.target.host)


def covered(found: Findings) -> bool | None:
    """Whether the certificate is for the host; None without one."""
    shook = tls(found)
    return None if shook is None or not shook.chain else certificate.speaks_for(shook.chain[0], found.target.host)
