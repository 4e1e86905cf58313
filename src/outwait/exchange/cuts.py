"""Questions whose replies outwait itself has cut, and for how long the same request is taken for their retry.

A JSON reply that fails after its headers were out is cut, and many programs then ask again without saying that they
repeat themselves. Such a retry cannot be told from a person who asks once more, except by this: it is the same request,
and it comes soon after a cut that we made. Who left by itself may have pressed stop, and is not in here.

Neighbours tell each other of their cuts, so that a plain call asks nobody as long as nothing was cut anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from outwait.exchange.waiting import Waiting

if TYPE_CHECKING:
    from outwait.exchange.driver import Exchange

SPAN: Final = 15.0
"""Seconds from a cut, or from the time it was told last, in which the same request is its retry: SDKs wait 0.5 to 8 s
between two tries, and longer each time; a program that is busy comes later than it meant to."""

TELLINGS: Final = 2
"""Times that it is told: as often as most SDKs ask again by themselves. Those that do not read `x-should-retry` would
else be cut a second time, and end without having seen why."""

HEARD: Final = 1 << 14
"""Cuts of neighbours that are remembered at most; about 2 MB."""


class Cuts:
    """What was cut within the last `SPAN` seconds, here and at neighbours. `clock`: monotonic seconds. `tell`: called
    with each question that is cut here, None where there is nobody to tell. Questions: `adopt.same_request`.
    """

    __slots__ = ("_clock", "_heard", "_left", "_own", "_until", "tell")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._own = Waiting()
        self._until: dict[str, float] = {}  # exchange id -> when its time is over, the first one first
        self._left: dict[str, int] = {}  # exchange id -> how often it may be told yet
        self._heard: dict[bytes, float] = {}  # question -> the same
        self.tell: Callable[[bytes], None] | None = None

    def __bool__(self) -> bool:
        """Whether anything was cut lately; else no request need be looked at."""
        now = self._clock()
        while self._until and (ident := next(iter(self._until))) and self._until[ident] <= now:
            self.remove(ident)
        while self._heard and self._heard[question := next(iter(self._heard))] <= now:
            del self._heard[question]
        return bool(self._until or self._heard)

    def add(self, question: bytes, exchange: Exchange) -> None:
        """The reply of `exchange` was cut here, now."""
        self.remove(exchange.id)
        self._own.add(question, exchange)
        self._left[exchange.id] = TELLINGS
        self._begin(question, exchange.id)

    def hear(self, question: bytes) -> None:
        """A neighbour has cut a reply to `question`."""
        self._heard.pop(question, None)
        self._heard[question] = self._clock() + SPAN
        if len(self._heard) > HEARD:
            del self._heard[next(iter(self._heard))]

    def find(self, question: bytes, ident: str = "") -> Exchange | None:
        """The exchange `ident` if its reply to this question was cut here, else the oldest of which that is true."""
        return self._own.find(question, ident) if self else None

    def spend(self, question: bytes, ident: str) -> bool:
        """It is told once more. False when that was the last time; else its span begins anew."""
        self._left[ident] -= 1
        if self._left[ident] <= 0:
            return False
        del self._until[ident]
        self._begin(question, ident)
        return True

    def _begin(self, question: bytes, ident: str) -> None:
        self._until[ident] = self._clock() + SPAN
        if self.tell is not None:
            self.tell(question)

    def elsewhere(self, question: bytes) -> bool:
        """Whether a neighbour has cut a reply to `question`."""
        return bool(self) and question in self._heard

    def remove(self, ident: str) -> None:
        """It is taken for no retry's exchange any more, if it was."""
        if self._until.pop(ident, None) is not None:
            self._own.remove(ident)
            del self._left[ident]
