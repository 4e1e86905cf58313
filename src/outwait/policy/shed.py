"""What a worker in need refuses: background work first, then all new work, admitted work never (FACTS 2.2, Envoy).

               loop lag p99   memory (share of what the process may have)
  BACKGROUND   > 100 ms       > 80 %      background responses are refused: nobody waits for them at this moment
  NEW          > 500 ms       > 90 %      and so is every new request, with 503

A level is taken at once. It is left one step at a time, each after 5 s in which all was well below what led there:
lag below 80 % of its bound, memory below 95 %, since memory comes back slowly. So a load that swings around a bound
does not flap. O(1); measuring is somebody else's work, who also knows what is background and what is admitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from outwait.core.fault import Fault, fault


class Level(IntEnum):
    """What is refused."""

    NOTHING = 0
    BACKGROUND = 1
    NEW = 2


@dataclass(frozen=True, slots=True)
class Bounds:
    """The numbers: `*_lag` in seconds, `*_memory` as shares (FACTS 2.2).

    `lag_relief`, `memory_relief`: the share of a bound below which it counts as left behind; `calm`: for so many
    seconds.
    """

    background_lag: float = 0.1
    background_memory: float = 0.8
    new_lag: float = 0.5
    new_memory: float = 0.9
    lag_relief: float = 0.8
    memory_relief: float = 0.95
    calm: float = 5.0

    def level(self, lag: float, memory: float) -> Level:
        """What `lag` and `memory` ask for by themselves; a measure that is not there (NaN) asks for nothing."""
        if lag > self.new_lag or memory > self.new_memory:
            return Level.NEW
        if lag > self.background_lag or memory > self.background_memory:
            return Level.BACKGROUND
        return Level.NOTHING


class Shed:
    """The level of one worker. `why`: the measures that raised it last."""

    __slots__ = ("_bounds", "_calm_since", "level", "why")

    def __init__(self, bounds: Bounds) -> None:
        self.level = Level.NOTHING
        self.why = ""
        self._bounds = bounds
        self._calm_since: float | None = None

    def observe(self, lag: float, memory: float, now: float) -> Level:
        """The measures of this moment; returns the level. `lag`: p99 in seconds, `memory`: resident share."""
        bounds = self._bounds
        wanted = bounds.level(lag, memory)
        if wanted > self.level:
            self.level, self._calm_since = wanted, None
            self.why = f"loop lag p99 {lag * 1000:.0f} ms, memory {memory:.0%}"
        elif self.level:
            self._relax(bounds.level(lag / bounds.lag_relief, memory / bounds.memory_relief), now)
        return self.level

    def refusal(self, background: bool) -> Fault | None:
        """What to tell somebody new, None to let it in. Never asked for admitted work."""
        if self.level is Level.NOTHING or (self.level is Level.BACKGROUND and not background):
            return None
        return fault("gateway_overloaded", retry_after=self._bounds.calm, detail=self.why)

    def _relax(self, held: Level, now: float) -> None:
        if held >= self.level:
            self._calm_since = None
        elif self._calm_since is None:
            self._calm_since = now
        elif now - self._calm_since >= self._bounds.calm:
            self.level = Level(self.level - 1)
            self._calm_since = now
