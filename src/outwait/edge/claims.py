"""Who has a name: one worker is asked for each name, so that two first tries at two workers make one upstream call.

That worker, the name's home, is chosen by the name among those that serve now. It gives the name to the first exchange
that asks for it, and tells everybody else of that one. It need not be told when an exchange ends: who is sent to one
that is gone says so, and gets the name. When workers come or go, homes change; then a home first asks all others which
names their exchanges have, so that nothing is forgotten but what went with a worker's own memory.

A home that does not answer in time is not waited for: the call goes on alone, as it would without its neighbours. A
second call of that name elsewhere may then be asked upstream too; nothing else is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from outwait.edge.neighbours import PATIENCE, Neighbours
from outwait.exchange.registry import Registry
from outwait.wire import errand
from outwait.wire.endpoint import SideDoor
from outwait.wire.tasks import spawn

CLAIMS: Final = "/internal/claims/"
NAMES: Final = "/internal/names/"
HEARING: Final = PATIENCE / 2  # seconds all others together have to say their names; who waits for us has PATIENCE
HELD: Final = 1 << 16  # names given away and remembered; a few megabytes
_PROCESS: Final = len("ow_0012ab")

Told = Callable[[str], None]


class Claims:
    """The names this worker is the home of, and the way to the homes of others. What stands in for it, a store that all
    workers share, must answer what `claim` answers.
    """

    __slots__ = ("_heard", "_hearing", "_held", "_neighbours", "_open", "_registry")

    def __init__(self, registry: Registry, neighbours: Neighbours) -> None:
        self._registry = registry
        self._neighbours = neighbours
        self._held: dict[bytes, str] = {}  # name -> the exchange it was given to, the latest used last
        self._heard: frozenset[SideDoor] = frozenset()  # whose names are among them
        self._hearing: asyncio.Task[None] | None = None
        self._open: dict[bytes, list[Told]] = {}  # names that this worker is asking for -> who waits for the answer

    # -- for a call ----------------------------------------------------------------------------------------------

    def at_once(self, name: bytes, ident: str, instead: str = "") -> str | None:
        """As `claim`, when nobody else need be asked; else None."""
        others = self._neighbours.others()
        if self._neighbours.home(name, others) is not None or frozenset(others) != self._heard:
            return None
        return self._give(name, ident, instead)

    async def claim(self, name: bytes, ident: str, instead: str = "") -> str:
        """The exchange that has `name` now: `ident`, which is about to begin, or an earlier one. `instead`: that one
        had it, as we heard, and is gone.
        """
        home = self._neighbours.home(name, self._neighbours.others())
        if home is None:
            return await self.give(name, ident, instead)
        try:
            async with asyncio.timeout(PATIENCE):
                status, body = await errand.fetch(home, f"{CLAIMS}{name.hex()}/{ident}/{instead}")
        except (errand.Unanswered, TimeoutError):
            return ident  # it is gone, or stuck: alone, then
        return body.decode("ascii") if status == 200 else ident

    def wait(self, name: bytes, told: Told) -> bool:
        """Whether another call of this worker asks for `name` already; `told` is called with what it was answered."""
        waiting = self._open.get(name)
        if waiting is not None:
            waiting.append(told)
        return waiting is not None

    def open(self, name: bytes) -> None:
        """We are going to ask for it."""
        self._open[name] = []

    def close(self, name: bytes, holder: str) -> None:
        """It was answered: the exchange `holder` has it."""
        for told in self._open.pop(name):
            told(holder)

    # -- at home -------------------------------------------------------------------------------------------------

    async def give(self, name: bytes, ident: str, instead: str) -> str:
        """What the home answers."""
        while (others := frozenset(self._neighbours.others())) != self._heard:
            if self._hearing is None or self._hearing.done():
                self._hearing = spawn(self._hear(others), "names of neighbours")
            await asyncio.shield(self._hearing)  # who asked may leave; others wait for it too
        return self._give(name, ident, instead)

    def _give(self, name: bytes, ident: str, instead: str) -> str:
        own = self._registry.holder(name)
        if own is not None and own != instead:
            return own
        held = self._held.pop(name, None)
        # A process that asks for a name has no exchange of it; one that we would have to look for here is gone.
        same = held is not None and held[:_PROCESS] == ident[:_PROCESS]
        if held is None or held == instead or same or self._neighbours.owner(held) is None:
            held = ident
        if self._neighbours.owner(held) is not None:  # our own are in the registry
            self._hold(name, held)
        return held

    def _hold(self, name: bytes, ident: str) -> None:
        self._held[name] = ident
        if len(self._held) > HELD:
            del self._held[next(iter(self._held))]

    async def _hear(self, others: frozenset[SideDoor]) -> None:
        """Learn which names the exchanges of `others` have. One that does not answer now is not asked again."""
        told = [spawn(_names(door), "names of a neighbour") for door in others]
        try:
            done, _ = await asyncio.wait(told, timeout=HEARING) if told else (set(), ())
            for line in (line for task in done for line in task.result()):
                name, ident = bytes.fromhex(line[:32]), line[33:]
                held = self._held.get(name)
                if held is None or self._neighbours.owner(held) is None:
                    self._hold(name, ident)
        finally:
            for task in told:
                task.cancel()
            self._heard = others


async def _names(door: SideDoor) -> list[str]:
    """What `find_names` tells."""
    try:
        status, body = await errand.fetch(door, f"{NAMES}all")
    except errand.Unanswered:
        return []  # it has just died, or is about to
    return body.decode("ascii").splitlines() if status == 200 else []
