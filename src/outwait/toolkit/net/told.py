"""Findings and verdict as one JSON object: keys in English, sentences in the reader's language."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from outwait.core.tongue import Tongue
from outwait.toolkit.net import eyeballs, quality, route, rules_talk
from outwait.toolkit.net.findings import Attempt, Findings, Reached, Shook, Talk, TcpInfo, Tls
from outwait.toolkit.net.judge import Verdict
from outwait.toolkit.net.remark import iso
from outwait.toolkit.net.steps import steps

Json = dict[str, Any]


def told(found: Findings, verdict: Verdict, tongue: Tongue) -> Json:
    """The whole answer. Durations are seconds, dates ISO 8601 in UTC; what was not measured is null."""
    target = found.target
    whole = {
        "target": {"url": target.url, "host": target.host, "port": target.port, "scheme": target.scheme},
        "at": iso(found.now),
        "ok": verdict.ok,
        "verdict": _verdict(verdict, tongue),
        "stages": {
            step.name: {
                "state": step.state,
                "seconds": step.seconds,
                "said": step.seen.told(tongue),
                **(_STAGES[step.name](found) if step.name in _STAGES else {}),
            }
            for step in steps(found)
        },
    }
    return {name: _rounded(part) for name, part in whole.items()}


def _verdict(verdict: Verdict, tongue: Tongue) -> Json:
    return {
        "where": verdict.where or None,
        "cause": verdict.cause or None,
        "side": verdict.side,
        "confidence": verdict.confidence,
        "rule": verdict.rule,
        "summary": verdict.summary.told(tongue),
        "evidence": [each.told(tongue) for each in (*verdict.evidence, *verdict.notes)],
        "alternatives": [{"cause": cause, "side": side} for cause, side in verdict.others],
        "advice": [each.told(tongue) for each in verdict.advice],
    }


def _dns(found: Findings) -> Json:
    names = found.names
    if names is None:
        return {}
    asked = [
        {**asdict(one), "addresses": list(one.addresses), "aliases": list(one.aliases), "seconds": one.seconds}
        for one in names.asked
    ]
    return {
        "addresses": list(names.system),
        "error": names.error or None,
        "hosts_file": list(names.hosts),
        "searched": list(names.searched),
        "nameservers": asked,
        "agree": not route.differ(found) if names.system and names.asked else None,
    }


def _tcp(found: Findings) -> Json:
    won = eyeballs.winner(found.attempts)
    return {
        "attempts": _attempts(found.attempts),
        "taken": None if won is None else won[0].address,
        "happy_eyeballs_seconds": None if won is None else won[1],
        "one_by_one_seconds": eyeballs.one_by_one(found.attempts),
    }


def _attempts(attempts: tuple[Attempt, ...]) -> list[Json]:
    return [
        {
            "address": each.address,
            "family": eyeballs.family(each.address.partition("%")[0]),
            "outcome": each.reached,
            "seconds": each.seconds,
            "icmp_from": each.icmp_from,
            "detail": each.detail or None,
        }
        for each in attempts
    ]


def _tls(found: Findings) -> Json:
    tls = route.tls(found)
    return {} if tls is None else _handshake(found, tls)


def _handshake(found: Findings, tls: Tls) -> Json:
    leaf = tls.chain[0] if tls.chain else None
    return {
        "outcome": tls.shook,
        "version": tls.version or None,
        "cipher": tls.cipher or None,
        "alpn": tls.alpn or None,
        "problems": list(tls.problems),
        "error": tls.detail or None,
        "answered": tls.spoken or None,
        "hello_confirmed": None if tls.shook in (Shook.OK, Shook.UNTRUSTED) else tls.acknowledged,
        "without_name": tls.without_name,
        "hostname_matches": route.covered(found),
        "expires_in_days": None if leaf is None else round((leaf.not_after - found.now) / 86_400, 1),
        "inspected_by": rules_talk.inspected(found) or None,
        "chain": [
            {
                **asdict(each),
                "names": list(each.names),
                "not_before": iso(each.not_before),
                "not_after": iso(each.not_after),
            }
            for each in tls.chain
        ],
    }


def _http(found: Findings) -> Json:
    reply = route.reply(found)
    if reply is None:
        return {}
    return {
        "outcome": reply.answered,
        "method": reply.method,
        "first_byte_seconds": reply.first_byte,
        "status": reply.status or None,
        "reason": reply.reason or None,
        "server": reply.server or None,
        "via": reply.via or None,
        "signed_by": reply.signed or None,
        "location": reply.location or None,
        "request_confirmed": reply.acknowledged,
        "tcp_info": _info(reply.info),
    }


def _info(info: TcpInfo | None) -> Json | None:
    return None if info is None else asdict(info)


def _proxy(found: Findings) -> Json:
    through = found.proxied
    if through is None:
        return {"applies": False, "bypassed": found.bypassed or None}
    return {
        "applies": True,
        "variable": through.variable,
        "url": through.url,
        "outcome": through.tunnel,
        "status": through.status or None,
        "detail": through.detail or None,
        "attempts": _attempts(through.attempts),
        "without_it": _straight(found),
    }


def _straight(found: Findings) -> Json:
    """What one would see without the proxy."""
    talk: Talk | None = found.talk
    status = None if talk is None or talk.reply is None else talk.reply.status or None
    return {"reached": any(each.reached is Reached.OPEN for each in found.attempts), "status": status}


def _loss(found: Findings) -> Json:
    return {} if found.loss is None else {**asdict(quality.quality(found.loss)), "retransmits": found.loss.retransmits}


def _mtu(found: Findings) -> Json:
    return {} if found.mtu is None else asdict(found.mtu)


def _trace(found: Findings) -> Json:
    way = found.trace
    if way is None:
        return {}
    return {
        "reached": way.reached,
        "by": way.by,
        "error": way.error or way.instead or None,
        "hops": [asdict(hop) for hop in way.hops],
    }


def _clock(found: Findings) -> Json:
    return {"skew_seconds": route.skew(found)}


def _rounded(part: Any) -> Any:
    """Every number to a millionth: no clock here is better."""
    if isinstance(part, dict):
        return {name: _rounded(each) for name, each in part.items()}
    if isinstance(part, list):
        return [_rounded(each) for each in part]
    return round(part, 6) if isinstance(part, float) else part


_STAGES = {
    "proxy": _proxy, "dns": _dns, "tcp": _tcp, "tls": _tls, "http": _http, "loss": _loss, "mtu": _mtu, "trace": _trace,
    "clock": _clock,
}  # fmt: skip
