"""The exchanges alive in this worker, and the orphans among them: those whose client went without the whole answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from outwait.exchange.adopt import fingerprint
from outwait.exchange.driver import Exchange
from outwait.exchange.effects import Outcome
from outwait.wire.wheel import Alarm, Wheel


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long and how much is kept for clients that may come back. `ttl`: seconds from the client's going (a running
    exchange is kept until it ends, then for `ttl`). `memory`: bytes of finished answers held in memory, `size`: of
    all, spilled to disk or not. `count`: finished orphans at most.
    """

    ttl: float = 120.0
    memory: int = 256 << 20
    size: int = 2 << 30
    count: int = 10_000


@dataclass(frozen=True, slots=True)
class _Kept:
    """A finished orphan: when it is dropped, and what it weighs."""

    until: float
    memory: int
    size: int


class Registry:
    """Finds an exchange by id, and an orphan by its question. One retry adopts one orphan."""

    __slots__ = ("_alarm", "_alive", "_keeping", "_kept", "_memory", "_orphans", "_questions", "_size", "_wheel")

    def __init__(self, wheel: Wheel, keeping: Keeping | None = None) -> None:
        self._wheel = wheel
        self._keeping = keeping or Keeping()
        self._alive: dict[str, Exchange] = {}
        self._orphans: dict[bytes, dict[str, Exchange]] = {}  # question -> orphans by id, oldest first
        self._questions: dict[str, bytes] = {}  # orphan id -> its question
        self._kept: dict[str, _Kept] = {}  # finished orphans, oldest first
        self._memory = 0  # bytes of the finished orphans in memory
        self._size = 0  # and in all
        self._alarm = Alarm(self._ring)

    def __len__(self) -> int:
        return len(self._alive)

    def __iter__(self) -> Iterator[Exchange]:
        return iter(tuple(self._alive.values()))

    @property
    def orphans(self) -> int:
        """How many exchanges wait for their client."""
        return len(self._questions)

    def get(self, ident: str) -> Exchange | None:
        """The exchange named `ident`, running or kept."""
        return self._alive.get(ident)

    def add(self, exchange: Exchange) -> None:
        """A new exchange."""
        self._alive[exchange.id] = exchange

    def left(self, exchange: Exchange) -> None:
        """Its client went without the whole answer: keep it for the client's retry."""
        if exchange.id not in self._questions and exchange.id in self._alive and exchange.replay.whole:
            question = fingerprint(exchange.key, exchange.call)
            self._orphans.setdefault(question, {})[exchange.id] = exchange
            self._questions[exchange.id] = question
        if exchange.settled and not exchange.replay.readers:
            self.done(exchange)

    def done(self, exchange: Exchange) -> None:
        """Nobody reads it and nothing runs: forget it, unless its client may still come back for what it has."""
        if exchange.id not in self._questions:
            self._forget(exchange)
        elif exchange.machine.outcome is Outcome.CANCELLED:
            self._unlist(exchange)  # there is no answer in it: a retry must ask anew
            self._forget(exchange)
        elif exchange.id not in self._kept:
            kept = _Kept(self._wheel.now() + self._keeping.ttl, exchange.replay.memory, exchange.replay.size)
            self._kept[exchange.id] = kept
            self._memory += kept.memory
            self._size += kept.size
            self._trim()
            self._arm()

    def find(self, question: bytes) -> Exchange | None:
        """The oldest orphan that is this question; it stays one."""
        waiting = self._orphans.get(question)
        return next(iter(waiting.values())) if waiting else None

    def adopt(self, question: bytes, ident: str = "") -> Exchange | None:
        """The orphan `ident` if it is this question, else the oldest that is; it is an orphan no more."""
        waiting = self._orphans.get(question)
        if not waiting:
            return None
        exchange = waiting.get(ident) or next(iter(waiting.values()))
        self._unlist(exchange)
        return exchange

    def _unlist(self, exchange: Exchange) -> None:
        question = self._questions.pop(exchange.id)
        waiting = self._orphans[question]
        del waiting[exchange.id]
        if not waiting:
            del self._orphans[question]
        kept = self._kept.pop(exchange.id, None)
        if kept is not None:
            self._memory -= kept.memory
            self._size -= kept.size

    def _forget(self, exchange: Exchange) -> None:
        if self._alive.pop(exchange.id, None) is not None:
            exchange.replay.close()

    def _trim(self) -> None:
        while self._kept and self._too_much():
            self._drop(next(iter(self._kept)))

    def _too_much(self) -> bool:
        keeping = self._keeping
        return self._memory > keeping.memory or self._size > keeping.size or len(self._kept) > keeping.count

    def _drop(self, ident: str) -> None:
        exchange = self._alive[ident]
        self._unlist(exchange)
        if not exchange.replay.readers:  # who came back for it keeps it alive
            self._forget(exchange)

    def _ring(self, now: float) -> None:
        while self._kept:
            ident, kept = next(iter(self._kept.items()))
            if kept.until > now:
                break
            self._drop(ident)
        self._arm()

    def _arm(self) -> None:
        if self._kept:
            self._wheel.set(self._alarm, next(iter(self._kept.values())).until)
