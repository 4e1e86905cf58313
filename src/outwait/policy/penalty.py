"""What an endpoint's recent failures add to its load: 5 each, falling by the factor e in 30 s (FACTS 2.2, Finagle).

An endpoint that fails fast has few requests running and would look idle; the penalty makes it look as busy as it is
useless. It forgets by itself, so no success has to find it first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PenaltyRule:
    """`step`: what a failure adds, in running requests of an endpoint of weight 1. `fold`: seconds to 1/e of it."""

    step: float = 5.0
    fold: float = 30.0


DEFAULT = PenaltyRule()
_FORGOTTEN = 1e-3  # of a request; a failure is forgotten after 256 s


class Penalty:
    """The penalty of one endpoint. `level` is its height at the last failure; 0 means none. `rule` may be set."""

    __slots__ = ("_at", "level", "rule")

    def __init__(self, rule: PenaltyRule = DEFAULT) -> None:
        self.rule = rule
        self._at = 0.0
        self.level = 0.0

    def add(self, now: float) -> None:
        """A failure came."""
        self.level = self.of(now) + self.rule.step
        self._at = now

    def of(self, now: float) -> float:
        """The height at `now`."""
        if not self.level:
            return 0.0
        height = self.level * math.exp(min(0.0, self._at - now) / self.rule.fold)
        if height >= _FORGOTTEN:
            return height
        self.level = 0.0
        return 0.0

    def clear(self) -> None:
        """The endpoint starts anew."""
        self.level = 0.0
