"""The verdict: whose trouble it is, of which kind, how surely, with the evidence and what to do next.

Rules are rows (`rules_reach`, `rules_talk`); the first that holds decides, in the order of the way: proxy, name,
address, TLS, HTTP. Sentences are rows too (`words_*`), by the rule's name.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Final

from outwait.core.fault import Side
from outwait.core.tongue import Said
from outwait.toolkit.net import eyeballs, quality, route, rules_talk
from outwait.toolkit.net.findings import Certificate, Findings, Heard
from outwait.toolkit.net.notes import DEAD, notes
from outwait.toolkit.net.remark import Remark, day, days, remark, spent
from outwait.toolkit.net.rules_reach import RULES as REACH_RULES
from outwait.toolkit.net.rules_reach import Confidence, Rule
from outwait.toolkit.net.rules_talk import RULES as TALK_RULES
from outwait.toolkit.net.steps import last_hop, steps
from outwait.toolkit.net.words import Words
from outwait.toolkit.net.words_http import HTTP
from outwait.toolkit.net.words_reach import REACH
from outwait.toolkit.net.words_steps import NAMES, SEEN
from outwait.toolkit.net.words_tls import TLS

RULES: Final[tuple[Rule, ...]] = (*REACH_RULES, *TALK_RULES)
WORDS: Final[dict[str, Words]] = {**REACH, **TLS, **HTTP}
WHERE: Final = {Side.CLIENT: "client", Side.NETWORK: "network", Side.MIDDLEBOX: "middlebox", Side.UPSTREAM: "server"}
"""The sides of a fault, as people say them of a way to a host."""
_NOBODY: Final = Said("nobody", "没有任何设备")
_USELESS: Final = (Heard.SERVFAIL, Heard.REFUSED, Heard.SILENT, Heard.CLOSED, Heard.GARBLED)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided. `ok`: reachable and well. `cause` is one of FACTS 4, "" where nothing is the matter.

    `evidence`: what was seen at each stage that was tried, then what else is worth a word. `others`: further causes the
    same signs could have. `rule`: which one decided.
    """

    rule: str
    ok: bool
    where: str
    cause: str
    side: Side | None
    confidence: Confidence
    summary: Remark
    evidence: tuple[Remark, ...]
    notes: tuple[Remark, ...]
    advice: tuple[Remark, ...]
    others: tuple[tuple[str, Side], ...]


def judge(found: Findings) -> Verdict:
    """The verdict on `found`."""
    rule = next(each for each in RULES if each.when(found))
    words, values = WORDS[rule.name], _values(found)
    return Verdict(
        rule=rule.name,
        ok=rule.name == "well",
        where="" if rule.side is None else WHERE[rule.side],
        cause=rule.cause,
        side=rule.side,
        confidence=rule.confidence,
        summary=Remark(words.summary, values),
        evidence=tuple(
            remark(SEEN, stage=NAMES[step.name], seen=step.seen) for step in steps(found) if step.state != "not_tried"
        ),
        notes=tuple(each for each in notes(found) if not (each.said is DEAD and rule.name.startswith("address_"))),
        advice=tuple(Remark(said, values) for said in words.advice),
        others=rule.others,
    )


def _values(found: Findings) -> dict[str, object]:
    """What the sentences of `words_*` may name."""
    target = found.target
    address = _address(found)
    host = f"[{target.host}]" if ":" in target.host else target.host
    joined = f"[{address}]" if ":" in address else address
    return {
        "target": shlex.quote(target.url),
        "url": shlex.quote(target.url),
        "host": target.shown,
        "port": target.port,
        "address": address,
        "address_port": f"{joined}:{target.port}",
        "host_port": f"{host}:{target.port}",
        **_of_proxy(found),
        **_of_names(found),
        **_of_tcp(found),
        **_of_tls(found),
        **_of_http(found),
    }


def _address(found: Findings) -> str:
    won = eyeballs.winner(found.attempts)
    if won is not None:
        return won[0].address
    return next((each.address for each in route.tried(found)), found.target.host)


def _of_proxy(found: Findings) -> dict[str, object]:
    through = found.proxied
    if through is None:
        return {"proxy": "-", "variable": f"{found.target.scheme.upper()}_PROXY", "status": "-", "line": "-"}
    return {"proxy": through.url, "variable": through.variable, "status": through.status, "line": through.detail or "-"}


def _of_names(found: Findings) -> dict[str, object]:
    names = found.names
    if names is None:
        return {"server": "-", "lookup": "-"}
    bad = [one.server for one in names.asked if one.configured and one.heard in _USELESS]
    told: dict[str, object] = {"server": ", ".join(bad) or "-", "lookup": spent(names.seconds)}
    return told | ({"line": names.error} if names.error and found.proxied is None else {})


def _of_tcp(found: Findings) -> dict[str, object]:
    attempts = route.dead(found) or route.tried(found)
    waste = sum(each.seconds for each in route.dead(found))
    told: dict[str, object] = {
        "icmp_from": next((each.icmp_from for each in attempts if each.icmp_from), route.complainer(found) or "-"),
        "seconds": spent(max((each.seconds for each in attempts), default=0.0)),
        "dead": ", ".join(each.address for each in route.dead(found)),
        "waste": spent(waste),
        "hop": last_hop(found) or _NOBODY,
        "loss": "-" if found.loss is None else f"{quality.quality(found.loss).loss:.0%}",
        "total": spent(0.0),
    }
    detail = next((each.detail for each in attempts if each.detail), "")
    return told | ({"line": detail} if detail and not route.opened(found) and found.proxied is None else {})


def _of_tls(found: Findings) -> dict[str, object]:
    tls = route.tls(found)
    off = route.skew(found) or 0.0
    if tls is None:
        return {"skew": days(off), **_of_leaf(None, found.now), "box": "-"}
    said = {"line": tls.spoken or tls.detail} if tls.spoken or tls.detail else {}
    leaf = tls.chain[0] if tls.chain else None
    box = rules_talk.inspected(found) or "-"
    return {"skew": days(off), "seconds": spent(tls.seconds), "box": box, **said, **_of_leaf(leaf, found.now)}


def _of_leaf(leaf: Certificate | None, now: float) -> dict[str, object]:
    if leaf is None:
        return {"not_after": "-", "not_before": "-", "ago": "-", "names": "-", "issuer": "-"}
    return {
        "not_after": day(leaf.not_after),
        "not_before": day(leaf.not_before),
        "ago": days(now - leaf.not_after),
        "names": ", ".join(leaf.names[:4]) or f"CN={leaf.subject}",
        "issuer": leaf.issuer,
    }


def _of_http(found: Findings) -> dict[str, object]:
    reply = route.reply(found)
    if reply is None:
        return {"who": "-", "rtt": "-"}
    told: dict[str, object] = {
        "who": reply.signed or reply.server or found.target.shown,
        "rtt": "-" if reply.info is None else spent(reply.info.rtt),
        "total": spent(_total(found, reply.first_byte)),
        "seconds": spent(reply.first_byte),
    }
    if reply.status:
        told["status"] = reply.status
    return told | ({"line": reply.detail} if reply.detail else {})


def _total(found: Findings, first_byte: float) -> float:
    """Seconds from the lookup's begin to the first byte, as a client would have needed."""
    won, tls = eyeballs.winner(found.attempts), route.tls(found)
    if route.proxied(found) is not None and found.proxied is not None:
        before = found.proxied.seconds
    else:
        before = (0.0 if found.names is None else found.names.seconds) + (0.0 if won is None else won[1])
    return before + (0.0 if tls is None else tls.seconds) + first_byte
