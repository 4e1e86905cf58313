"""What is counted while a simulation runs, and what is told of several runs together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean


@dataclass(slots=True)
class Record:
    """One run. Requests that arrived before `since` (the warm-up) count nowhere, and nothing is counted then.

    `hits`: attempts that met the trouble of a channel. `given_up`: requests whose client got an error in the end.
    `waits`: seconds from a request's arrival to its first content. `charged`: attempts a provider may charge;
    `doubled`: those of them that were not the first of their request. `faults`: of requests given up, by code.
    `asked`: attempts by channel. `shut`: (moment, channel) of each ejection or suspicion.
    """

    since: float
    requests: int = 0
    attempts: int = 0
    hits: int = 0
    given_up: int = 0
    charged: int = 0
    doubled: int = 0
    waits: list[float] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    shut: list[tuple[float, str]] = field(default_factory=list)

    def counts(self, arrived: float) -> bool:
        """Whether what belongs to a request of that moment is counted."""
        return arrived >= self.since


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run comes to. `load`: attempts per request, less one. `noticed`: seconds from the trouble's begin until
    a troubled channel was out, NaN: never. `false`: healthy channels thrown out, per two hours. `skew`: the largest
    difference between a channel's share of all attempts and its share of the weights.
    """

    requests: int
    hits: int
    given_up: int
    p50: float
    p95: float
    doubled: int
    load: float
    noticed: float
    false: float
    skew: float


@dataclass(frozen=True, slots=True)
class Mean:
    """The means over all seeds; `worst` has the worst figure of each kind. `runs`: how many there were."""

    requests: float
    hits: float
    given_up: float
    p50: float
    p95: float
    doubled: float
    load: float
    noticed: float
    false: float
    skew: float
    worst: Figures
    runs: int


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of `values` lie; NaN for none."""
    if not values:
        return math.nan
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def mean(runs: Sequence[Figures]) -> Mean:
    """All of `runs` together; a run in which nothing was noticed does not count for when."""
    noticed = [one.noticed for one in runs if not math.isnan(one.noticed)]
    names = ("requests", "hits", "given_up", "p50", "p95", "doubled", "load", "false", "skew")
    means = {name: fmean(getattr(one, name) for one in runs) for name in names}
    worst = {name: max(getattr(one, name) for one in runs) for name in names}
    return Mean(
        **means,
        noticed=fmean(noticed) if noticed else math.nan,
        worst=Figures(**worst, noticed=max(noticed) if len(noticed) == len(runs) else math.inf),
        runs=len(runs),
    )
