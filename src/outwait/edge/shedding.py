"""A worker in need takes no new work: measures of the loop and the memory, and what is refused by them.

Ten times a second an alarm looks how late it rings; once a second the lag of the last `WINDOW` seconds and the memory
go to the rule (`policy.shed`). The lag is what all looks but 1 in 100 stay within, so it is never that of one look
alone: a big request that holds the loop for a second is over when that is noticed, and no reason to refuse others. A
loop that is late again and again is one.

Asked before a new exchange begins, and only then: what runs, what a client comes back for and what operators look at
is never refused. Asking costs a call one look at `level`.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Callable, Collection
from typing import Final

from outwait.core.fault import Fault
from outwait.policy.shed import Bounds, Level, Shed
from outwait.wire.wheel import Alarm, Wheel

_log = logging.getLogger("outwait")

LOOK: Final = 0.1  # seconds between two looks at the lag
EVERY: Final = 1.0  # seconds between two judgements
WINDOW: Final = 10.0  # seconds that a look counts
_REFUSED: Final = {
    Level.NOTHING: "no work is refused any more",
    Level.BACKGROUND: "background work is refused",
    Level.NEW: "new work is refused",
}


class Shedding:
    """`level`: what is refused at this moment. `memory`: tells the share of its memory that the process has, NaN where
    that is not known. Nothing is measured, or refused, until it is told to `use` the rule.
    """

    __slots__ = ("_alarm", "_bounds", "_judge_at", "_looks", "_memory", "_on", "_shed", "_wheel", "level")

    def __init__(self, wheel: Wheel, memory: Callable[[], float], bounds: Bounds | None = None) -> None:
        self._wheel = wheel
        self._memory = memory
        self._bounds = bounds or Bounds()
        self._alarm = Alarm(self._look)
        self._on = False
        self._restart()

    def use(self, *, on: bool) -> None:
        """Measure and refuse from now on, or do neither any more; as the configuration says."""
        if on is self._on:
            return
        self._on = on
        self._restart()
        if on:
            self._wheel.set(self._alarm, self._wheel.now() + LOOK)
        else:
            self._wheel.clear(self._alarm)

    def refusal(self, *, background: bool) -> Fault | None:
        """What to tell somebody new, None to let it in."""
        return self._shed.refusal(background)

    def _restart(self) -> None:
        self._shed = Shed(self._bounds)
        self._looks: deque[tuple[float, float]] = deque()  # when, and how late it was, in seconds
        self._judge_at = self._wheel.now() + EVERY
        self.level = Level.NOTHING

    def _look(self, now: float) -> None:
        self._wheel.set(self._alarm, now + LOOK)
        looks = self._looks
        looks.append((now, self._wheel.lateness))  # of this very tick
        while looks[0][0] < now - WINDOW:
            looks.popleft()
        if now >= self._judge_at:
            self._judge_at = now + EVERY
            self._judge(now)

    def _judge(self, now: float) -> None:
        before = self.level
        self.level = self._shed.observe(lag([late for _, late in self._looks]), self._memory(), now)
        if self.level > before:
            _log.warning("%s: %s", _REFUSED[self.level], self._shed.why)
        elif self.level < before:
            _log.info("%s", _REFUSED[self.level])


def lag(looks: Collection[float]) -> float:
    """What all but 1 in 100 of `looks` stay within, and at least all but one; NaN for fewer than two."""
    if len(looks) < 2:
        return math.nan
    above = max(1, len(looks) // 100)
    return sorted(looks)[-1 - above]
