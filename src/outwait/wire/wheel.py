"""The timing wheel: one per worker, one `Alarm` per timed object, one loop timer for all of them.

Promises: an alarm rings once, not before its `due` and at most one tick (plus the loop's own lag) after it; an
exception in one alarm is logged and never stops the others; setting an alarm later costs nothing, since its entry is
looked at again only when its old slot comes up; a forgotten alarm leaves nothing behind. Only slots that were made for
an entry are visited, so a clock that jumps hours is crossed in few steps.

Where the whole process stood still (a suspended machine, a stopped container), what it was waiting for may have come
meanwhile: then the loop reads first, and alarms that this has moved do not ring.

Why not `loop.call_later` per deadline: deadlines here move with every byte and are rarely reached; cancelled timer
handles cost memory and heap work until they fall due (FACTS part 3: per-request entries cost 420 MB).
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from heapq import heappop, heappush

_log = logging.getLogger("outwait")

NEVER = math.inf
_NO_SLOT = -1
_READING = -2  # armed, and before every slot: the loop reads what has come
STANDSTILL = 0.2  # seconds of lateness that no turn of a healthy loop takes
# Alarms more than so many slots away wait in slots of this many: 10 s and 1 s, at the usual tick.
_FAR = 400
_COARSE = 40
# uvloop rounds timers to milliseconds: a tick that woke early sleeps at least this long, instead of spinning.
_RESOLUTION = 0.001


def _silent(now: float) -> None:
    """What a forgotten alarm rings."""


class Alarm:
    """One timed object's entry: `due` on the loop's clock (NEVER = unset) and what to call with the time then."""

    __slots__ = ("due", "ring", "slot")

    def __init__(self, ring: Callable[[float], None]) -> None:
        self.due = NEVER
        self.slot = _NO_SLOT
        self.ring = ring


class Wheel:
    """Rings alarms. `now()`: the loop's clock in seconds. `lateness`: seconds the latest tick came after its slot;
    `worst`: the highest, a reader resets.
    """

    __slots__ = (
        "_armed", "_closed", "_heap", "_loop", "_passed", "_rate", "_slots", "_timer", "lateness", "now", "worst",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop, tick: float = 0.025) -> None:
        self._loop = loop
        self.now = loop.time
        self._rate = 1.0 / tick
        self._slots: dict[int, dict[Alarm, None]] = {}  # a dict is an ordered set with a quick remove
        self._heap: list[int] = []
        self._timer: asyncio.Handle | None = None
        self._armed = _NO_SLOT
        self._passed = math.floor(loop.time() * self._rate) - 1
        self._closed = False
        self.lateness = 0.0
        self.worst = 0.0

    def set(self, alarm: Alarm, due: float) -> None:
        """Let `alarm` ring at `due` instead of whenever it would have; a `due` in the past rings at the next tick."""
        if alarm.slot != _NO_SLOT and due >= alarm.due:
            alarm.due = due  # its entry comes up first, and is looked at again then
            return
        alarm.due = due
        if due == NEVER or self._closed:
            return
        slot = max(math.ceil(due * self._rate), self._passed + 1)
        if slot - self._passed > _FAR:
            slot -= slot % _COARSE  # looked at early and set again then: far slots stay few
        if alarm.slot != _NO_SLOT:
            if alarm.slot <= slot:
                return
            self._withdraw(alarm)
        alarm.slot = slot
        entries = self._slots.get(slot)
        if entries is not None:
            entries[alarm] = None
            return
        self._slots[slot] = {alarm: None}
        heappush(self._heap, slot)
        if self._armed == _NO_SLOT or slot < self._armed:
            self._arm(slot)

    def clear(self, alarm: Alarm) -> None:
        """`alarm` will not ring until it is set again."""
        alarm.due = NEVER

    def forget(self, alarm: Alarm) -> None:
        """Clear `alarm` for good and drop its entry and its callback: most alarms are forgotten long before they are
        due, and what they leave behind must not pile up until then.
        """
        alarm.due = NEVER
        alarm.ring = _silent
        if alarm.slot != _NO_SLOT:
            self._withdraw(alarm)

    def _withdraw(self, alarm: Alarm) -> None:
        entries = self._slots.get(alarm.slot)
        if entries is not None:  # else its slot is being visited
            entries.pop(alarm, None)
        alarm.slot = _NO_SLOT

    def close(self) -> None:
        """Nothing rings any more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._slots.clear()
        self._heap.clear()

    def _arm(self, slot: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._armed = slot
        when = slot / self._rate
        self._timer = self._loop.call_at(max(when, self._loop.time() + _RESOLUTION), self._tick)

    def _tick(self) -> None:
        if self._loop.time() - self._armed / self._rate > STANDSTILL:
            self._armed = _READING
            self._after_reading(2)
        else:
            self._turn()

    def _after_reading(self, turns: int) -> None:
        """Turn when the loop has looked at its sockets: what is called soon may run before that, what it calls not."""
        if turns:
            self._timer = self._loop.call_soon(self._after_reading, turns - 1)
        else:
            self._turn()

    def _turn(self) -> None:
        now = self._loop.time()
        self._timer = None
        self._armed = _NO_SLOT
        limit = math.floor(now * self._rate)
        if self._heap and self._heap[0] <= limit:
            self.lateness = now - self._heap[0] / self._rate
            self.worst = max(self.worst, self.lateness)
        # Entries made while ringing land after `limit`: an alarm that always asks for "now" cannot hold the tick.
        self._passed = max(self._passed, limit)
        while self._heap and self._heap[0] <= limit:
            slot = heappop(self._heap)
            for alarm in self._slots.pop(slot, ()):
                if alarm.slot == slot:
                    self._visit(alarm, now)
        if self._heap and not self._closed:
            self._arm(self._heap[0])

    def _visit(self, alarm: Alarm, now: float) -> None:
        alarm.slot = _NO_SLOT
        if alarm.due > now:
            self.set(alarm, alarm.due)
            return
        alarm.due = NEVER
        try:
            alarm.ring(now)
        except Exception:  # noqa: BLE001 - the top of whatever rings; one failure must not stop the tick
            _log.exception("an alarm failed; the wheel turns on")
