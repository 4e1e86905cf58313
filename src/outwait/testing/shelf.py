"""A store that fails, hangs and remembers as a test wants it: before a real one, or alone with answers that say yes.

    shelf = Shelf()
    gate = shelf.hang("exchanges.settle")
    ...
    assert shelf.asked == ["exchanges.remember", "exchanges.settle"]
    gate.set()

Names are those of the families and methods of `store.store.Store`; `draft.add` is that of any draft. What is read from
`results.body` goes past it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from outwait.exchange.ties import Kept, Ties
from outwait.store.rows import Claimed, EventRow, ExchangeRow, Fallen, Swept

if TYPE_CHECKING:
    from outwait.store.store import Store

_FOR_EVER: Final = 1 << 30
_NOTHING: Final = ("exchanges.find", "exchanges.waiting", "exchanges.adopt", "results.find", "responses.of")
_ANSWERS: Final[dict[str, Any]] = {
    **dict.fromkeys(_NOTHING),
    "exchanges.boots": frozenset(),
    "exchanges.lose": Fallen((), ()),
    "claims.claim": Claimed(),
    "sweep": Swept(),
}  # of a shelf without a store; all else is answered with True


class Shelf:
    """`asked`: what was asked of it, oldest first; `given`: the same, with what came along; `done`: what of that was
    answered.
    """

    def __init__(self, store: Store | None = None) -> None:
        self.given: list[tuple[str, tuple[Any, ...]]] = []
        self.done: list[tuple[str, tuple[Any, ...]]] = []
        self._store = store
        self._gates: dict[str, asyncio.Event] = {}
        self._errors: dict[str, tuple[Exception, int]] = {}
        self._answers = dict(_ANSWERS)
        self._meetings: dict[str, asyncio.Event] = {}

    @property
    def asked(self) -> list[str]:
        """Names without arguments."""
        return [name for name, _ in self.given]

    @property
    def store(self) -> Store:
        """It, as those see it who believe in it."""
        return cast("Store", self)

    def hang(self, name: str) -> asyncio.Event:
        """Let `name` wait until the event is set."""
        self._gates[name] = gate = asyncio.Event()
        return gate

    async def met(self, name: str) -> None:
        """Wait until `name` is asked, if it was not yet."""
        if name not in self.asked:
            await self._meetings.setdefault(name, asyncio.Event()).wait()

    def fail(self, name: str, error: Exception, times: int = _FOR_EVER) -> None:
        """Let `name` raise `error` so many times."""
        self._errors[name] = error, times

    def heal(self) -> None:
        """Let nothing hang or fail any more."""
        for gate in self._gates.values():
            gate.set()
        self._errors.clear()

    def answer(self, name: str, answer: object) -> None:
        """What `name` returns, where there is no store behind."""
        self._answers[name] = answer

    def family(self, name: str, real: object) -> Any:
        """One family of methods, `real` behind it."""
        return _Family(self, name, real)

    def __getattr__(self, name: str) -> Any:
        real = None if self._store is None else getattr(self._store, name)
        if name in ("sweep", "close", "kept"):
            return self.method(name, real)
        return self.family(name, real)

    def method(self, name: str, real: Callable[..., Any] | None) -> Callable[..., Any]:
        """What stands before `real`."""

        async def ask(*given: Any, **more: Any) -> Any:
            self.given.append((name, given))
            if name in self._meetings:
                self._meetings[name].set()
            if name in self._gates:
                await self._gates[name].wait()
            error, times = self._errors.get(name, (None, 0))
            if error is not None and times:
                self._errors[name] = error, times - 1
                raise error
            answer = self._answers.get(name, True) if real is None else await real(*given, **more)
            self.done.append((name, given))
            return answer

        return ask


class _Family:
    def __init__(self, shelf: Shelf, name: str, real: object) -> None:
        self._shelf = shelf
        self._name = name
        self._real = real

    def __getattr__(self, name: str) -> Any:
        real = None if self._real is None else getattr(self._real, name)
        if name == "draft":
            return lambda *given: self._shelf.family("draft", None if real is None else real(*given))
        if name == "body":
            return real
        return self._shelf.method(f"{self._name}.{name}", real)


@dataclass
class Joined:
    """What a keeper's ties lead to. `counts`: what was counted; `resumed`: who was to go on; `woken`: how often the
    sender was; `silent`: client keys of which nothing may be kept; `dead`: process lives that are over.
    """

    wall: Callable[[], float]
    counts: Counter[Kept] = field(default_factory=Counter)
    resumed: list[ExchangeRow] = field(default_factory=list)
    woken: int = 0
    silent: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)

    def ties(self) -> Ties:
        """The ties."""
        return Ties(self._keeps, _events, self._woken, self._count, self.wall, self._dead, self._resume)

    def _keeps(self, key: str) -> bool:
        return key not in self.silent

    def _woken(self) -> None:
        self.woken += 1

    def _count(self, kept: Kept) -> None:
        self.counts[kept] += 1

    async def _dead(self, boots: Collection[str]) -> frozenset[str]:
        return frozenset(boots) & self.dead

    async def _resume(self, row: ExchangeRow) -> None:
        self.resumed.append(row)


def _events(_key: str, kind: str, response: str, now: float) -> tuple[EventRow, ...]:
    """One event for one address."""
    return (EventRow(f"evt_{response}", "http://hook.test/", kind, response.encode(), now, now, now + 60.0),)
