"""How channels and endpoints are, as plain data: for the channels page and for metrics. Reads, changes nothing.

One worker's view. Dates are whole milliseconds since the epoch as seconds; what is not known is None. No secret is in
it: keys are named by their place in the configuration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from outwait.core.catalog import Channel
from outwait.core.fault import Fault
from outwait.core.probed import Probed
from outwait.health.channel import ChannelHealth
from outwait.health.endpoint import Endpoint
from outwait.policy.limiter import MANY

Row = dict[str, Any]
Lessons = Iterable[Mapping[str, object]]

# How a channel is; `impaired`: something of it is not as it should be, and the rest works.
UP, IMPAIRED, OUT = "up", "impaired", "out"
# How an endpoint is. In these it gets no attempts but single ones that try it.
SHUT = frozenset(("ejected", "half-open", "suspect", "dead"))

_NOBODY: Mapping[int, float] = MappingProxyType({})


class Moment(NamedTuple):
    """Now, on the loop's clock and on the wall's."""

    now: float
    today: float

    def date(self, at: float) -> float:
        """When `at` (loop seconds) is or was, in seconds since the epoch."""
        return round(self.today + at - self.now, 3)


class State(NamedTuple):
    """`until`: loop seconds from which it may be another."""

    word: str
    why: str = ""
    until: float | None = None


def channel_row(
    known: ChannelHealth, channel: Channel, at: Moment, lessons: Lessons = (), died: Mapping[int, float] = _NOBODY
) -> Row:
    """One channel with its endpoints. `lessons`: rows of `Learning.told`, those of other endpoints are left out.
    `died`: when its dead keys were refused (loop seconds), as far as that is known.
    """
    credentials = known.credentials
    dead = [
        {
            "key": key,
            "since": at.date(died[key]) if key in died else None,
            "next_probe": at.date(due),
            "tries": death.tries,
            "fault": None if death.why is None else fault_row(death.why),
        }
        for key in range(len(credentials))
        if (due := credentials.next_probe(key)) is not None and (death := credentials.death(key)) is not None
    ]
    learned: dict[str, list[Mapping[str, object]]] = {}
    for lesson in lessons:
        learned.setdefault(str(lesson["endpoint"]), []).append(
            {name: value for name, value in lesson.items() if name != "endpoint"}
        )
    endpoints = sorted(known.endpoints.values(), key=lambda endpoint: endpoint.name)
    return {
        "object": "channel",
        "name": channel.name,
        "state": condition(known, at.now),
        "dialect": channel.dialect,
        "base_url": address(channel.base_url),
        "priority": channel.priority,
        "weight": channel.weight,
        "models": list(channel.models),
        "running": known.running,
        "max_in_flight": channel.max_in_flight,
        "keys": {"count": len(channel.api_keys), "dead": dead},
        "probe": None if known.last_free is None else probe_row(known.last_free, at),
        "check": None if known.last_paid is None else probe_row(known.last_paid, at),
        "endpoints": [endpoint_row(each, at, learned.get(each.name, [])) for each in endpoints],
    }


def endpoint_row(endpoint: Endpoint, at: Moment, learned: list[Mapping[str, object]]) -> Row:
    """One endpoint."""
    state, standing = state_of(endpoint, at.now), endpoint.standing
    weight = standing.weight
    return {
        "name": endpoint.name,
        "model": endpoint.model,
        "state": state.word,
        "why": state.why,
        "until": None if state.until is None else at.date(state.until),
        "outstanding": standing.outstanding,
        "limit": endpoint.limiter.limit if endpoint.limiter.limit < MANY else None,
        "waiting": sum(row.line.length for row in list(endpoint.rows)),
        "share": round(standing.eased(at.now) / weight, 3) if weight else 1.0,
        "ejections": standing.breaker.times(at.now),
        "attempts": endpoint.attempts,
        "failures": endpoint.failures,
        "blamed": {blame.value: count for blame, count in endpoint.blamed.items() if count},
        "last_success": None if endpoint.succeeded is None else at.date(endpoint.succeeded),
        "last_fault": None if endpoint.last_fault is None else fault_row(endpoint.last_fault),
        "rates": [
            {"key": key, "waits": round(wait, 3), "why": quota.why}
            for key, quota in sorted(endpoint.quotas.items())
            if (wait := quota.wait(at.now))
        ],
        "learned": learned,
    }


def probe_row(found: Probed, at: Moment) -> Row:
    """What one probe found."""
    return {
        "probe": found.probe.value,
        "asked": found.asked,
        "ok": found.ok,
        "status": found.status or None,
        "seconds": round(found.seconds, 4),
        "at": at.date(found.at),
        "model": found.model or None,
        "fault": None if found.failed is None else fault_row(found.failed),
    }


def fault_row(failed: Fault) -> Row:
    """A fault, without what only its request knows."""
    return {
        "code": failed.code,
        "cause": failed.cause,
        "side": failed.side.value,
        "message": failed.message,
        "detail": failed.detail,
    }


def address(base_url: str) -> str:
    """A base URL without what could be a secret: credentials, query."""
    parts = urlsplit(base_url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def state_of(endpoint: Endpoint, now: float) -> State:
    """How an endpoint is. What keeps everybody out comes before what makes somebody wait."""
    standing = endpoint.standing
    breaker, suspicion, keys = standing.breaker, standing.suspicion, standing.keys
    wait = keys.wait(now)
    if wait is None:
        return State("dead", "every key of the channel was refused; it is tried only where no other channel is left")
    if breaker.open:
        failed = endpoint.last_fault
        why = f"it failed: {failed.code}" if failed is not None else "it failed"
        if breaker.trial:
            return State("half-open", f"{why}; one request is trying it")
        if breaker.due(now):
            return State("half-open", f"{why}; the next request tries it")
        return State("ejected", why, breaker.until)
    if suspicion.on:
        seen = endpoint.watch.suspect
        heard = "a neighbour, or free probes, say so"
        return State("suspect", heard if seen is None else seen.reason, suspicion.trial_at)
    if wait:
        whys = [quota.why for quota in list(endpoint.quotas.values()) if quota.wait(now)]
        return State("resting", whys[0] if whys else "the provider asked to be left alone", now + wait)
    if standing.outstanding >= standing.limit:
        return State("full", f"{standing.outstanding} attempts are running, as many as may")
    return State("open")


def condition(known: ChannelHealth, now: float) -> str:
    """How a channel is: `up`, `impaired` or `out`."""
    credentials = known.credentials
    endpoints = list(known.endpoints.values())
    if credentials.dead == len(credentials):
        return OUT
    shut = sum(state_of(endpoint, now).word in SHUT for endpoint in endpoints)
    if shut and shut == len(endpoints):
        return OUT
    lost = unreachable(known)
    if lost and not endpoints:
        return OUT  # nothing was asked there yet; endpoints become suspect when it lasts
    return IMPAIRED if lost or shut or credentials.dead else UP


def unreachable(known: ChannelHealth) -> bool:
    """Whether the last free probe failed, and nothing has been answered since it began."""
    probed = known.last_free
    if probed is None or probed.failed is None:
        return False
    began = probed.at - probed.seconds
    answers = (endpoint.succeeded for endpoint in list(known.endpoints.values()))
    return not any(answered is not None and answered >= began for answered in answers)
