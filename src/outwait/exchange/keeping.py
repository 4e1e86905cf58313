"""What is kept of finished exchanges, for how long, and what goes first when there is too much of it.

Named ones are kept for a day, since their clients may ask again whatever they got; orphans for minutes, since only a
client that lost its answer comes for those; what was delivered, as far as we know, for seconds. When there is no room
these go first, then the oldest orphans; but a quarter of each bound is the orphans', or clients that name every call
would leave nothing for those that cannot.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from outwait.exchange.driver import Exchange
from outwait.wire.wheel import Alarm, Wheel

_SHARE = 4  # an unnamed answer gives way until they all have no more than one part in so many


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long and how much is kept for clients that may come back. `ttl`: seconds from the client's going (a running
    exchange is kept until it ends, then for `ttl`). `named`: seconds from the end, where the client gave it a name.
    `memory`: bytes of finished answers held in memory, and of their questions, `size`: of all answers, spilled to disk
    or not. `count`: finished ones at most.
    """

    ttl: float = 120.0
    named: float = 86_400.0
    doubt: float = 15.0
    memory: int = 256 << 20
    size: int = 2 << 30
    count: int = 10_000


@dataclass(frozen=True, slots=True)
class _Held:
    """A finished exchange: when it is dropped, and what it weighs."""

    until: float
    memory: int
    size: int


class Row(Enum):
    """Why a finished exchange is kept; the first go first."""

    DOUBT = "doubt"  # it was delivered, but perhaps not received
    ORPHAN = "orphan"
    NAMED = "named"


class _Row:
    """Those that are kept for the same time, oldest first, and what they weigh."""

    __slots__ = ("held", "memory", "size", "ttl")

    def __init__(self, ttl: float) -> None:
        self.ttl = ttl
        self.held: dict[str, _Held] = {}
        self.memory = 0
        self.size = 0

    def put(self, ident: str, held: _Held) -> None:
        self.held[ident] = held
        self.memory += held.memory
        self.size += held.size

    def take(self, ident: str) -> None:
        held = self.held.pop(ident, None)
        if held is not None:
            self.memory -= held.memory
            self.size -= held.size


class Kept:
    """The finished exchanges that wait for clients. `drop(id)` is called for one whose time or room has run out, and
    must `take` it.
    """

    __slots__ = ("_alarm", "_drop", "_keeping", "_rows", "_wheel")

    def __init__(self, wheel: Wheel, keeping: Keeping, drop: Callable[[str], None]) -> None:
        self._wheel = wheel
        self._keeping = keeping
        self._drop = drop
        self._rows = {
            Row.DOUBT: _Row(keeping.doubt),
            Row.ORPHAN: _Row(keeping.ttl),
            Row.NAMED: _Row(keeping.named),
        }
        self._alarm = Alarm(self._ring)

    def put(self, exchange: Exchange, why: Row) -> None:
        """Keep `exchange`, which is settled; nothing happens if it is kept already."""
        row = self._rows[why]
        if exchange.id not in row.held:
            replay = exchange.replay
            memory = replay.memory + len(exchange.call.body)
            row.put(exchange.id, _Held(self._wheel.now() + row.ttl, memory, replay.size))
            self._trim()
            self._arm()

    def take(self, ident: str) -> None:
        """Keep it no longer, if it is kept at all."""
        for row in self._rows.values():
            row.take(ident)

    def _trim(self) -> None:
        while self._over(1, *self._rows.values()):
            self._drop(next(iter(self._first().held)))

    def _first(self) -> _Row:
        """The row whose oldest goes first."""
        doubts, orphans, named = self._rows.values()
        if doubts.held:
            return doubts
        return orphans if self._over(_SHARE, orphans) or not named.held else named

    def _over(self, share: int, *rows: _Row) -> bool:
        """Whether `rows` together have more than one part in `share` of what there may be of anything."""
        keeping = self._keeping
        return (
            sum(row.memory for row in rows) * share > keeping.memory
            or sum(row.size for row in rows) * share > keeping.size
            or sum(len(row.held) for row in rows) * share > keeping.count
        )

    def _ring(self, now: float) -> None:
        for row in self._rows.values():
            while row.held:
                ident, held = next(iter(row.held.items()))
                if held.until > now:
                    break
                self._drop(ident)
        self._arm()

    def _arm(self) -> None:
        due = [next(iter(row.held.values())).until for row in self._rows.values() if row.held]
        if due:
            self._wheel.set(self._alarm, min(due))
