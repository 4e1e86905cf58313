"""The search for one limit: which silences to ask for next, from what became of those that were asked for. Pure.

A silence that is longer than the limit shows the limit, if whoever cuts says so: the moment of the cut is it. So the
longest silence is asked for first, and then one just below the moment, which must survive. Where it does not, or where
connections are dropped without a word, the limit lies between the longest silence that survived and the shortest that
did not, and what is between them is asked for, several silences at once.

    one long silence --survived--> no limit up to there
          | cut at t                        | lost without a word
          v                                 v
    one just below t --survived--> t     a ladder below it, and again between two of its rungs
          `--cut earlier, at u--> one just below u, then halves
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

CLOSE: Final = 0.4  # seconds; a limit is known when it is known this well,
SHARE: Final = 0.02  # or to this share of it,
LOST_SHARE: Final = 0.05  # or, where only survival tells, this one
SHORTEST: Final = 0.2  # seconds; no shorter silence is asked for
_RUNGS: Final = 4  # silences asked for at once, where only survival tells
_ROUNDS: Final = 12
_EASE: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Tried:
    """A silence that was asked for (seconds). `cut`: when it was cut, None if it survived. `seen`: whether that moment
    was seen; else `cut` is only the length of the silence.
    """

    silence: float
    cut: float | None = None
    seen: bool = True


@dataclass(frozen=True, slots=True)
class Search:
    """What is known. `up_to`: the longest silence that matters. `low`: the longest that survived, below `high`.
    `high`: the earliest cut, None for none yet. `seen`: whether that is the moment of a cut. `steady`: whether no
    longer silence survived than one that was cut. `rounds`: how often was asked.
    """

    up_to: float
    low: float = 0.0
    high: float | None = None
    seen: bool = True
    steady: bool = True
    rounds: int = 0

    @property
    def known(self) -> bool:
        """Whether the limit, or that there is none, is known as well as is asked for."""
        if self.rounds == 0:
            return False
        return self.high is None or self.high - self.low <= self._width + _EASE

    @property
    def limit(self) -> float | None:
        """The limit in seconds; None: there is none up to `up_to`. Where only survival tells, the longest that is safe
        is said.
        """
        if self.high is None:
            return None
        return self.high if self.seen else self.low

    @property
    def _width(self) -> float:
        high = self.high or 0.0
        return max(CLOSE, high * (SHARE if self.seen else LOST_SHARE))


def ahead(search: Search) -> tuple[float, ...]:
    """The silences to ask for now, at once; none when the search is over."""
    if search.rounds == 0:
        return (search.up_to,)
    if search.known or search.rounds >= _ROUNDS or search.high is None:
        return ()
    low, high = search.low, search.high
    if not search.seen:
        return _ladder(low, high)
    below = max(high - search._width, high / 2)  # noqa: SLF001 - its own kind's
    if search.rounds > 2:
        below = (low + max(high, low)) / 2  # what is just below the cut was cut as well, twice
    below = max(below, SHORTEST)
    return (below,) if low < below < high else ()


def learned(search: Search, tried: Iterable[Tried]) -> Search:
    """What is known after a round."""
    high, seen = search.high, search.seen
    survived = [search.low]
    for each in tried:
        if each.cut is None:
            survived.append(each.silence)
        elif high is None or each.cut < high:
            high, seen = each.cut, each.seen
    if high is None:
        return replace(search, low=max(survived), rounds=search.rounds + 1)
    longest = max(survived)
    low = max(each for each in (0.0, *survived) if each < high)
    steady = search.steady and longest < high
    return replace(search, low=low, high=high, seen=seen, steady=steady, rounds=search.rounds + 1)


def _ladder(low: float, high: float) -> tuple[float, ...]:
    """Rungs between `low` and `high`: halves while nothing survived, else evenly."""
    if low <= 0:
        rungs = [high / 2**step for step in range(_RUNGS, 0, -1)]
    else:
        rungs = [low + (high - low) * step / (_RUNGS + 1) for step in range(1, _RUNGS + 1)]
    return tuple(each for each in rungs if each >= SHORTEST)
