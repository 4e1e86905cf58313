"""Virtual time: a heap of things to happen. Nothing sleeps, and equal moments keep their order."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

from outwait.wire.wheel import NEVER, Alarm


class Event:
    """Something that will happen; `what` None: it will not, after all."""

    __slots__ = ("what",)

    def __init__(self, what: Callable[[], None]) -> None:
        self.what: Callable[[], None] | None = what

    def cancel(self) -> None:
        """It will not happen."""
        self.what = None


class World:
    """`now`: seconds since the beginning. `wheel`: what stands in for a worker's timing wheel."""

    __slots__ = ("_heap", "_order", "now", "wheel")

    def __init__(self) -> None:
        self.now = 0.0
        self.wheel = VirtualWheel(self)
        self._heap: list[tuple[float, int, Event]] = []
        self._order = 0

    def clock(self) -> float:
        """`now`, as a function."""
        return self.now

    def at(self, moment: float, what: Callable[[], None]) -> Event:
        """`what` happens at `moment`; at once, but after all that is due already, if that is past."""
        event = Event(what)
        self._order += 1
        heappush(self._heap, (max(moment, self.now), self._order, event))
        return event

    def after(self, seconds: float, what: Callable[[], None]) -> Event:
        """`what` happens `seconds` from now."""
        return self.at(self.now + seconds, what)

    def run(self, until: float) -> None:
        """Let everything happen that is due before `until`, which is now then."""
        heap = self._heap
        while heap and heap[0][0] < until:
            self.now, _, event = heappop(heap)
            if event.what is not None:
                event.what()
        self.now = until


class VirtualWheel:
    """The two calls of `wire.wheel.Wheel` that its users make; an alarm rings exactly when it is due."""

    __slots__ = ("_world",)

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> float:
        """The world's clock."""
        return self._world.now

    def set(self, alarm: Alarm, due: float) -> None:
        """Let `alarm` ring at `due`."""
        alarm.due = due
        if due != NEVER:
            self._world.at(due, lambda: self._ring(alarm, due))

    def clear(self, alarm: Alarm) -> None:
        """`alarm` does not ring until it is set again."""
        alarm.due = NEVER

    forget = clear

    def _ring(self, alarm: Alarm, due: float) -> None:
        if alarm.due == due:  # else it was set anew, or cleared
            alarm.due = NEVER
            alarm.ring(self._world.now)
