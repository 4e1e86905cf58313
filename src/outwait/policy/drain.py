"""How fast a queue moves, so that who is sent away can be told when to come back.

The rate is served / seconds in which somebody waited, both fading with an e-fold of 30 s of such time: hours in which
nobody waited say nothing of how fast the queue moves. O(1); `now` in seconds of any steady clock.
"""

from __future__ import annotations

import math


class Drain:
    """Tell it of every change of the queue, before the change (`pass_time`), and of everybody who was served."""

    __slots__ = ("_at", "_busy", "_memory", "_served")

    def __init__(self, memory: float = 30.0) -> None:
        self._memory = memory
        self._at = math.inf  # no time has passed yet
        self._busy = 0.0
        self._served = 0.0

    def pass_time(self, waiting: bool, now: float) -> None:
        """Time went by until `now`, and somebody was waiting or nobody was."""
        if waiting and now > self._at:
            kept = math.exp((self._at - now) / self._memory)
            self._served *= kept
            self._busy = self._busy * kept + self._memory * (1.0 - kept)
        self._at = now

    def serve(self) -> None:
        """One who waited is served."""
        self._served += 1.0

    @property
    def rate(self) -> float | None:
        """How many are served a second while somebody waits; None while that is not known."""
        return self._served / self._busy if self._served and self._busy else None
