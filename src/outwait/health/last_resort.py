"""Where no key of a route works: the attempt that is made all the same, and what is told where none is.

Which key is tried, and how often, are rules of `policy.last_resort` and `policy.keyring`.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from outwait.core.fault import Fault, fault
from outwait.health.channel import ChannelHealth
from outwait.health.endpoint import Change, Endpoint, News
from outwait.health.hold import Held
from outwait.health.route import Route
from outwait.policy import choice, durations
from outwait.policy.last_resort import DEFAULT, Death, Knock

_log = logging.getLogger("outwait")


def nobody(route: Route, now: float) -> Fault:
    """Why nobody of `route` is asked: there is nobody, or no key works and enough were tried all the same."""
    if not route.endpoints:
        return fault("no_healthy_channel", detail="the plan has no candidate")
    death = max(_deaths(route), key=lambda death: death.since)
    failed = death.why or fault("upstream_auth")
    names = ", ".join(dict.fromkeys(endpoint.channel.name for endpoint in route.endpoints))
    detail = (
        f"all credentials of {names} are dead, the last one for {_span(death, now)}; what was remembered: "
        f"{failed.detail or failed.code}"
    )
    advice = max(DEFAULT.advice, failed.retry_after or 0.0)
    return replace(failed, retry_after=advice, stage=None, hint=None, detail=detail)


def full(route: Route, now: float) -> bool:
    """Whether somebody of `route` may be tried when an attempt there has ended."""
    return any(one.outstanding >= one.limit and one.keys.spare(now) is not None for one in route.standings)


def hearsay(code: str) -> Fault | None:
    """What a neighbour says was the refusal; None where it says nothing that is one."""
    return fault(code) if code in ("upstream_auth", "upstream_quota") else None


def knock(hold: Held, endpoint: Endpoint, now: float) -> None:
    """`hold` begins an attempt at `endpoint`; if its key is dead, it is a last resort, and says so."""
    channel, key = endpoint.channel, hold.key
    death = channel.credentials.death(key)
    if death is None:
        return
    hold.reason = f"{choice.LAST_KEY}: {_ails(channel, key, death)} {_span(death, now)} ago"
    if not death.tries:
        _log.info("%s: %s, and no other key or channel is left: calls try it", channel.name, hold.reason)
    hold.knock = Knock(death, now, refused=endpoint.standing.keys.refused(key))


def answered(endpoint: Endpoint, key: int, death: Death, now: float) -> list[News]:
    """The dead `key` was answered at `endpoint`: it works. Nothing changes where that is known already."""
    channel = endpoint.channel
    if channel.credentials.death(key) is not death:
        return []
    for other in channel.endpoints.values():
        if other is not endpoint:
            other.standing.keys.doubt(key, now)
    channel.credentials.revive(key)
    told = f"{key}, answered as a last resort {_span(death, now)} after it was refused"
    return [News(channel.name, Change.KEY_REVIVED, told)]


def _deaths(route: Route) -> list[Death]:
    all_credentials = {endpoint.channel.name: endpoint.channel.credentials for endpoint in route.endpoints}
    return [
        death
        for credentials in all_credentials.values()
        for key in range(len(credentials))
        if (death := credentials.death(key)) is not None
    ]


def _ails(channel: ChannelHealth, key: int, death: Death) -> str:
    which = "its key" if len(channel.credentials) == 1 else f"its key {key}"
    if death.why is not None and death.why.cause == "quota_exhausted":
        return f"the account of {which} was empty"
    return f"{which} was refused"


def _span(death: Death, now: float) -> str:
    seconds = max(0.0, now - death.since)
    return durations.tell(round(seconds) if seconds >= 1 else seconds)
