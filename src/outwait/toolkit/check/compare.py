"""A run against an earlier one: what is better, worse or the same, with noise considered. Pure.

A time or a rate has changed where the rank test gives chance less than 1 % and the median moved by a tenth and by more
than anybody would notice; a success rate, where Fisher's exact test gives chance less than 5 %. Everything else is
`same`; with fewer than five answers on a side it is `unclear`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from outwait.toolkit.check.saved import About, Run
from outwait.toolkit.check.statistics import rank_test, share_test
from outwait.toolkit.check.summary import Summary, summarize
from outwait.toolkit.check.words import Remark

Verdict = Literal["better", "worse", "same", "unclear"]

COMPARED: Final = ("success", "connect", "tls", "first_byte", "ttft", "total", "rate")
_CHANCE: Final = 0.01  # several metrics are looked at, so each must be surer than one alone
_CHANCE_OF_SHARES: Final = 0.05
_MOVED: Final = 0.10
_NOTICED: Final = 0.005  # seconds
_FEWEST: Final = 5
_HIGH_IS_GOOD: Final = frozenset(("success", "rate"))
_SETTINGS: Final = ("model", "stream", "dialect", "asked", "max_tokens")


@dataclass(frozen=True, slots=True)
class Change:
    """One metric of one endpoint: the median (of `success`: the share) `then` and `now`; `p`: what chance would do."""

    endpoint: str
    metric: str
    then: float
    now: float
    verdict: Verdict
    p: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """`started`: of the earlier run. `changes`: in the order of endpoints and of `COMPARED`."""

    started: str
    changes: tuple[Change, ...]
    remarks: tuple[Remark, ...] = ()


def compare(found: Sequence[Summary], earlier: Run) -> Comparison:
    """What became of the endpoints of `earlier`; those that are found by their name, or else by URL and model."""
    changes: list[Change] = []
    remarks: list[Remark] = []
    for now in found:
        about = _same(now.about, earlier)
        if about is None:
            remarks.append(Remark("not_then", {}, now.about.name))
            continue
        unlike = [name for name in _SETTINGS if getattr(about, name) != getattr(now.about, name)]
        if unlike:
            remarks.append(Remark("unlike_then", {"fields": ", ".join(unlike)}, now.about.name))
        then = summarize(about, earlier.probes)
        changes += [change for metric in COMPARED if (change := _change(metric, then, now)) is not None]
    return Comparison(earlier.header.started, tuple(changes), tuple(remarks))


def _same(about: About, earlier: Run) -> About | None:
    known = earlier.header.endpoints
    by_name = next((each for each in known if each.name == about.name and each.url == about.url), None)
    return by_name or next((each for each in known if (each.url, each.model) == (about.url, about.model)), None)


def _change(metric: str, then: Summary, now: Summary) -> Change | None:
    name = now.about.name
    if metric == "success":
        if not then.probes or not now.probes:
            return None
        p = share_test(then.ok, len(then.probes), now.ok, len(now.probes))
        verdict = _verdict(metric, then.success, now.success, sure=p < _CHANCE_OF_SHARES)
        return Change(name, metric, then.success, now.success, verdict, p)
    before, after = then.figures.get(metric), now.figures.get(metric)
    if before is None or after is None:
        return None
    p = rank_test(then.values(metric), now.values(metric))
    moved = abs(after.p50 - before.p50)
    least = _MOVED * max(before.p50, after.p50)
    noticed = moved >= least and (metric == "rate" or moved >= _NOTICED)
    verdict = _verdict(metric, before.p50, after.p50, sure=p < _CHANCE and noticed)
    if min(before.n, after.n) < _FEWEST:
        verdict = "unclear"
    return Change(name, metric, before.p50, after.p50, verdict, p)


def _verdict(metric: str, then: float, now: float, *, sure: bool) -> Verdict:
    if not sure:
        return "same"
    return "better" if (now > then) == (metric in _HIGH_IS_GOOD) else "worse"
