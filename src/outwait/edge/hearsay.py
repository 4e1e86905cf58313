"""What workers tell each other of endpoints, over their side doors (`health.hints` says what, `health.letter` how).

What was found out is told at once, but for letters less than `PAUSE` seconds apart, and waits every `WAITS`
seconds. Each neighbour has a box of what it is to hear, with the latest word about each thing, and is sent one letter
at a time; one that begins later is told all that stands. Who does not take a letter within `PATIENCE` is left alone
for `AWAY` seconds; meanwhile its box fills, up to a bound, and waits are not kept for it. Who does not read such
letters (another version, while one gateway takes another's place) gets no more of them.

No call waits for any of this, and nothing depends on it: a worker that hears nothing finds out by itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from outwait.edge.neighbours import Neighbours
from outwait.health import letter
from outwait.health.hints import Box, Hints, Said
from outwait.wire import errand
from outwait.wire.endpoint import SideDoor
from outwait.wire.tasks import spawn
from outwait.wire.wheel import Alarm, Wheel

_log = logging.getLogger("outwait")

HEARSAY: Final = "/internal/hearsay/"
WORDS: Final = f"{HEARSAY}words"
PAUSE: Final = 0.2  # seconds from letter to letter
BEAT: Final = 1.0  # seconds between two looks at what nobody tells, and at who is there
WAITS: Final = 5.0  # seconds
PATIENCE: Final = 1.0  # seconds
AWAY: Final = 10.0  # seconds
_DEAF: Final = frozenset((404, 409))  # it knows of no letters; it knows of others


class _Neighbour:
    """`box`, `waits`: what it is to be told. `away_until`: it did not answer. `deaf`: it does not read our letters."""

    __slots__ = ("away_until", "box", "deaf", "door", "task", "waits")

    def __init__(self, door: SideDoor) -> None:
        self.door = door
        self.box = Box()
        self.waits: Sequence[object] = ()
        self.away_until = 0.0
        self.deaf = False
        self.task: asyncio.Task[None] | None = None


class Hearsay:
    """Tells neighbours what `hints` has, and `hints` what neighbours tell."""

    __slots__ = ("_alarm", "_beat_at", "_hints", "_met", "_neighbours", "_next", "_waits_at", "_wheel")

    def __init__(self, hints: Hints, neighbours: Neighbours, wheel: Wheel) -> None:
        self._hints = hints
        self._neighbours = neighbours
        self._wheel = wheel
        self._alarm = Alarm(self._ring)
        self._met: dict[SideDoor, _Neighbour] = {}
        self._next = self._beat_at = self._waits_at = 0.0

    def start(self) -> None:
        """Begin to tell."""
        now = self._wheel.now()
        self._beat_at = now
        self._waits_at = now + WAITS
        self._hints.woken = self._woken
        self._wheel.set(self._alarm, now)

    def close(self) -> None:
        """Tell no more."""
        self._wheel.forget(self._alarm)
        for known in self._met.values():
            if known.task is not None:
                known.task.cancel()

    def hear(self, data: bytes) -> tuple[int, str]:
        """Do as a neighbour's letter says; returns the status to answer with, and why."""
        try:
            self._hints.hear(letter.read(data))
        except letter.Strange as strange:
            return 409, str(strange)
        except ValueError as error:
            _log.warning("a neighbour's letter was not understood: %s", error)
            return 400, str(error)
        return 204, ""

    def _woken(self) -> None:
        due = max(self._wheel.now(), self._next)
        if due < self._alarm.due:
            self._wheel.set(self._alarm, due)

    def _ring(self, now: float) -> None:
        due = now + BEAT
        try:
            if now >= self._beat_at:
                self._beat_at = now + BEAT
                self._hints.look()
            due = self._beat_at
            if now >= self._next:
                self._next = now + PAUSE
                self._tell(now)
            else:
                due = min(due, self._next)
        finally:
            self._wheel.set(self._alarm, due)

    def _tell(self, now: float) -> None:
        fresh = self._hints.news()
        waits: Sequence[object] = ()
        here = self._here()
        if now >= self._waits_at and here:
            self._waits_at = now + WAITS
            waits = self._hints.waits()
        for known in here:
            if known.deaf:
                continue
            known.box.put(fresh)
            if known.task is not None or now < known.away_until:
                continue
            if known.box or waits:
                known.waits = waits
                known.task = spawn(self._send(known), "words to a neighbour")

    def _here(self) -> list[_Neighbour]:
        """The neighbours there are. One that is new is to hear all that stands."""
        met, self._met = self._met, {}
        for door in self._neighbours.others():
            known = met.get(door)
            if known is None:
                known = _Neighbour(door)
                known.box.put(self._hints.standing())
            self._met[door] = known
        return list(self._met.values())

    async def _send(self, known: _Neighbour) -> None:
        taken = known.box.take()
        waits, known.waits = known.waits, ()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._write(known, taken, waits)
        except (errand.Unanswered, TimeoutError):
            known.away_until = self._wheel.now() + AWAY
            known.box.back(taken)
        finally:
            known.task = None
        if known.box:
            self._woken()

    async def _write(self, known: _Neighbour, taken: Sequence[Said], waits: Sequence[object]) -> None:
        now = self._wheel.now()
        words = [word for said in taken if (word := said.now(now)) is not None]
        for one in letter.write(words, waits):
            status, body = await errand.fetch(known.door, WORDS, one)
            if status in _DEAF:
                known.deaf = True
                return
            if status >= 400:
                _log.warning("a neighbour did not understand a letter: %s", body[:200].decode("utf-8", "replace"))
