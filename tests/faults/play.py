"""Plays cells: brings each to its phase, lets the fault strike, and notes what came of it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tests.e2e.stage import Gateway
from tests.faults import scene, speech
from tests.faults.caller import TINY, Caller, get
from tests.faults.cells import CLIENT, UPSTREAM, Cell, Fault, Phase
from tests.faults.upstream import SAID, Part, Upstream

AT_ONCE = 160  # cells
NOTICED = 0.15  # seconds in which the gateway sees that a client has left
SETTLING = 15.0  # seconds an exchange has to be told of in the log
_FAILED = re.compile(r"^[\d.]+ failed (\w+) \((\w+)\)$")


@dataclass(slots=True)
class Seen:
    """What came of a cell. `line`: of the log. `caller`: the client's side. `found`, `stream`: what is at the
    exchange's id afterwards. `again`: the next call, where the break came behind the answer. `retried`: the same call
    once more, from a client that left. `trouble`: what kept it from being played."""

    cell: Cell
    part: Part
    line: Mapping[str, Any] = field(default_factory=dict)
    caller: Caller | None = None
    found: Mapping[str, Any] | None = None
    stream: Caller | None = None
    again: Caller | None = None
    retried: Caller | None = None
    trouble: str = ""

    @property
    def told(self) -> speech.Told:
        """What the client makes of its bytes."""
        return self.read(self.caller)

    @property
    def failed(self) -> list[tuple[str, str]]:
        """Fault and class of each failed attempt; a dead connection of the pool is none, and is repaired."""
        marks = [*self.line.get("timeline", ()), ""]
        found = [(_FAILED.match(mark), after) for mark, after in pairwise(marks)]
        return [
            (match[1], match[2]) for match, after in found if match and "the pooled connection was dead" not in after
        ]

    def read(self, caller: Caller | None) -> speech.Told:
        """What a client makes of the bytes that `caller` has; a refusal is JSON even where a stream was asked for."""
        if caller is None:
            return speech.Told()
        stream = caller.headers.get("content-type", "").startswith("text/event-stream")
        return speech.read(self.cell.dialect, bytes(caller.body), stream=stream)


def parts(cells: Iterable[Cell]) -> dict[str, Part]:
    """A part for each cell, by its model."""
    return {cell.model: Part(cell) for cell in cells}


async def play(found: Mapping[str, Part], gateway: Gateway) -> list[Seen]:
    """Play all cells of `found`, whose parts the upstream has: first those that end with their answer, then those in
    which connections break that others could have taken from the pool."""
    log = scene.Log(gateway.log)
    room = asyncio.Semaphore(AT_ONCE)
    late = [part for part in found.values() if _pooled(part.cell)]
    early = [part for part in found.values() if not _pooled(part.cell)]
    together = asyncio.Barrier(len(late) or 1)

    async def one(part: Part) -> Seen:
        async with room:
            return await _one(part, gateway.port, log)

    async def afterwards(part: Part) -> Seen:
        return await _afterwards(part, gateway.port, log, together)

    seen = await asyncio.gather(*map(one, early))
    return [*seen, *await asyncio.gather(*map(afterwards, late))]


def _pooled(cell: Cell) -> bool:
    return cell.fault in UPSTREAM and cell.phase is Phase.AFTER


async def _one(part: Part, port: int, log: scene.Log) -> Seen:
    seen = Seen(part.cell, part)
    try:
        async with Caller(port, receive=TINY if part.cell.fault is Fault.CLIENT_STALL else None) as caller:
            seen.caller = caller
            await reach(caller, part)
            await _strike(caller, part, log)
        seen.line = await _line(part.cell, log)
        await look(seen, port, seen.line["exchange"])
        if part.cell.retried:
            async with Caller(port) as caller:
                seen.retried = caller
                await caller.send(scene.request(part.cell, retry=True))
                await caller.to_the_end()
    except (TimeoutError, AssertionError) as error:
        seen.trouble = f"{type(error).__name__}: {error}"
    return seen


async def reach(caller: Caller, part: Part) -> None:
    """Ask, and come to the cell's phase."""
    cell = part.cell
    await caller.send(scene.request(cell))
    async with asyncio.timeout(SETTLING):
        await part.asked.wait()
    if cell.phase is Phase.HELD:
        assert await caller.until(lambda: caller.status != 0), f"no head: {caller.end}"
    elif cell.phase is Phase.FLOWING:
        said = "".join(part.pieces[:SAID])
        heard = speech.read(cell.dialect, b"", stream=True)

        def words() -> bool:
            nonlocal heard
            heard = speech.read(cell.dialect, bytes(caller.body), stream=True)
            return heard.text == said

        assert await caller.until(words), f"no words: {bytes(caller.body)!r}"
    elif cell.phase is Phase.AFTER and cell.fault is not Fault.CLIENT_STALL:
        await caller.to_the_end()


async def _strike(caller: Caller, part: Part, log: scene.Log) -> None:
    cell = part.cell
    if cell.fault in CLIENT:
        await _leave(caller, part)
        if cell.fault is Fault.CLIENT_FIN:
            await caller.to_the_end()
        elif cell.fault is Fault.CLIENT_STALL:
            await _stalled(caller, cell, part)
        return
    if cell.left:
        caller.reset()
        await asyncio.sleep(NOTICED)
    part.strike.set()
    if not cell.left:
        await caller.to_the_end()


async def _leave(caller: Caller, part: Part) -> None:
    """The client leaves, and the upstream may say the rest."""
    cell = part.cell
    if cell.instant and cell.stream:
        part.strike.set()
        await part.said.wait()  # it is on its way
    if cell.fault is Fault.CLIENT_RST:
        caller.reset()
    elif cell.fault is Fault.CLIENT_FIN:
        caller.finish()
    if not cell.instant:
        await asyncio.sleep(NOTICED)
    part.strike.set()


async def _stalled(caller: Caller, cell: Cell, part: Part) -> None:
    """Read nothing while the upstream says all it has; then read on."""
    await asyncio.sleep(scene.BEAT)
    await caller.to_the_end()


async def _afterwards(part: Part, port: int, log: scene.Log, together: asyncio.Barrier) -> Seen:
    """All have an upstream connection of their own; then all answers are whole; then all these connections break; then
    each client asks again."""
    seen = Seen(part.cell, part)
    try:
        async with asyncio.timeout(2 * SETTLING), Caller(port) as caller:
            seen.caller = caller
            await caller.send(scene.request(part.cell))
            await part.asked.wait()
            await together.wait()
            part.answer.set()
            await caller.to_the_end()
            await together.wait()
        part.strike.set()
        await asyncio.sleep(NOTICED)
        async with Caller(port) as again:
            seen.again = again
            await again.send(scene.request(part.cell))
            await again.to_the_end()
        seen.line = await _line(part.cell, log)
    except (TimeoutError, AssertionError) as error:
        seen.trouble = f"{type(error).__name__}: {error}"
    return seen


async def _line(cell: Cell, log: scene.Log) -> Mapping[str, Any]:
    """The exchange's line in the log."""
    async with asyncio.timeout(SETTLING):
        while (line := log.line(cell.model)) is None:  # noqa: ASYNC110 - a file of another process
            await asyncio.sleep(0.1)
    return line


async def look(seen: Seen, port: int, ident: str) -> None:
    """Come back for the exchange by its id."""
    state = await get(port, f"/v1/exchanges/{ident}", scene.credentials())
    if state.status == 200:
        seen.found = json.loads(bytes(state.body))
        seen.stream = await get(port, f"/v1/exchanges/{ident}/stream", scene.credentials())


async def whole(cells: Iterable[Cell], start: Any) -> list[Seen]:
    """Start an upstream, a gateway in front of it (`start(port)`), and play `cells`.

    It is started by this very thread, as all of them are: the kernel ends a gateway whose starter is gone,
    be that a thread.
    """
    made = parts(cells)
    upstream = Upstream(made)
    await upstream.start()
    try:
        return await play(made, start(upstream.port))
    finally:
        await upstream.stop()
