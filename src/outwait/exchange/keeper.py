"""The keeper: sees to it that what a client may come back for outlives the client, the worker and the process.

Four kinds of exchanges come into the store, none of them plain: who had to wait for its first words (`held`, or running
for a minute), whose client went without the whole answer (`left`), what a drain had no time for, and what shall be
found again by a name or a response id (`submit`, `attend`). While one runs without a client its words are drafted every
few seconds, so that a killed process loses the connection but not the words. An end that somebody may come back for is
on the disk before anybody is told that there is one; a store that does not answer in time delays it by
`scribe.PATIENCE` seconds at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final

import msgspec

from outwait.core.request import Call
from outwait.dialects.dialect import Dialect
from outwait.exchange import filing, recall
from outwait.exchange.adopt import Named, fingerprint
from outwait.exchange.driver import Exchange, Ports
from outwait.exchange.replay import Reader
from outwait.exchange.scribe import PATIENCE, Case, Scribe, nobody
from outwait.exchange.ties import Ties
from outwait.store.errors import StoreError
from outwait.store.rows import ExchangeRow, ResponseRow, State
from outwait.wire.tasks import spawn
from outwait.wire.wheel import Alarm, Wheel

if TYPE_CHECKING:
    from outwait.exchange.names import Names
    from outwait.exchange.registry import Registry
    from outwait.store.store import Store

TICK: Final = 2.0  # seconds between drafts
LONG: Final = 60.0  # seconds after which a running exchange is remembered, though its words flow


class Keeper:
    """Keeps one worker's exchanges in `store`. `names`: those that clients gave."""

    __slots__ = (
        "_alarm", "_cases", "_late", "_recalled", "_registry", "_scribe", "_tasks", "_ties", "_wheel", "names", "store",
    )  # fmt: skip

    def __init__(
        self, store: Store, scribe: Scribe, names: Names, registry: Registry, wheel: Wheel, ties: Ties
    ) -> None:
        self.store = store
        self.names = names
        self._scribe = scribe
        self._registry = registry
        self._wheel = wheel
        self._ties = ties
        self._cases: dict[str, Case] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._late: asyncio.Task[None] | None = None
        self._recalled: list[Exchange] = []  # since the last tick
        self._alarm = Alarm(self._ring)
        wheel.set(self._alarm, wheel.now() + TICK)

    def keeps(self, key: str) -> bool:
        """Whether answers of this client key may be kept."""
        return self._ties.keeps(key)

    def forgotten_at(self) -> float:
        """When a response that begins now is forgotten, in seconds since 1970."""
        return self._scribe.forgotten_at()

    # -- what happens to an exchange -----------------------------------------------------------------------------

    async def submit(self, exchange: Exchange, named: Named | None = None, response: ResponseRow | None = None) -> None:
        """Remember `exchange` before it begins: it has a name, or a response that is asked for by its id. Raises
        StoreError; nothing is remembered then.
        """
        case = self._open(exchange, named)
        case.response = response
        try:
            await self._scribe.remember(case)
        finally:
            if not case.known:
                self._close(case)

    def attend(self, exchange: Exchange) -> None:
        """It makes a response that shall be kept once it is there; nothing is remembered before."""
        self._open(exchange)

    def inherit(self, exchange: Exchange, named: Named | None, response: ResponseRow | None) -> None:
        """It was remembered by a process that is no more, and goes on here."""
        case = self._open(exchange, named)
        case.known, case.response = True, response

    def held(self, exchange: Exchange) -> None:
        """Its client was told to wait: from now on it would be missed."""
        if not exchange.settled and self._ties.keeps(exchange.key):
            self._remember(exchange)

    def left(self, exchange: Exchange) -> None:
        """Its client went without the whole answer, and may come back."""
        if exchange.stored:
            if self._registry.awaited(exchange):
                self._attempt(self.store.exchanges.orphan(exchange.id, self._ties.wall()))
        elif not exchange.settled and self._ties.keeps(exchange.key):
            self._remember(exchange)

    def over(self, exchange: Exchange, *, awaited: bool) -> bool:
        """It has settled, and nobody reads it any more; `awaited`: somebody may come back for it. True: it is being
        written down, and the registry hears of it again after that.
        """
        case = self._cases.get(exchange.id)
        known = case is not None and (case.known or case.remembering is not None)
        missed = awaited or filing.cut_short(exchange)
        if exchange.stored is not None or not (known or (missed and self._ties.keeps(exchange.key))):
            self._close(case)
            return False
        case = self._open(exchange)  # maybe it shows only now that it must be kept
        case.ended = True
        reader = Reader(exchange.replay, nobody)
        exchange.replay.readers.append(reader)  # nothing of it goes before it is written
        self._run(self._end_later(case, reader, awaited=awaited), "end of an exchange")
        return True

    def adopted(self, exchange: Exchange) -> None:
        """A client came back for it."""
        if exchange.stored:
            self._attempt(self.store.exchanges.adopted(exchange.id, self._ties.wall()))

    def _handled(self, exchange: Exchange) -> None:
        """Another process could go on with it from now on."""
        if exchange.handle is not None and self._ties.keeps(exchange.key):
            handle = msgspec.json.encode(exchange.handle).decode()
            self._run(self._handle(self._remember(exchange), handle), "handle of an exchange")

    # -- what the store knows ------------------------------------------------------------------------------------

    async def find(self, ident: str, key: str) -> ExchangeRow | None:
        """What the store knows of the exchange `ident` of this client key. Raises StoreError."""
        row = await self.store.exchanges.find(ident)
        return row if row is not None and row.key == key else None

    async def recall(self, row: ExchangeRow, call: Call | None, dialect: Dialect, ports: Ports) -> Exchange | None:
        """The exchange of `row`, with its answer; it is in the registry then. `call`: as it is asked again, if it is.
        None when it runs, or its answer is not kept (any more). Raises StoreError.
        """
        here = self._registry.get(row.id)
        if here is not None or row.state is State.RUNNING:
            return here
        asked = call or recall.call_of(row)
        found = await recall.recall(row, self.store.results, asked, dialect, ports)
        if found is None:
            return None
        here = self._registry.get(row.id)
        if here is not None:  # somebody else was quicker
            found.replay.close()
            return here
        self._registry.add(found)
        self._recalled.append(found)
        return found

    async def adopt(self, key: str, call: Call, dialect: Dialect, ports: Ports) -> Exchange | None:
        """The oldest kept exchange that waits for this question of this key. Raises StoreError."""
        question, now = fingerprint(key, call), self._ties.wall()
        if await self.store.exchanges.waiting(key, question, now) is None:
            return None
        row = await self.store.exchanges.adopt(key, question, now)
        if row is None:
            return None
        try:
            return await self.recall(row, call, dialect, ports)
        except StoreError:
            self._attempt(self.store.exchanges.orphan(row.id, now))  # the next retry may have it
            raise

    def complain(self, error: StoreError) -> None:
        """The store could not be asked; the call goes on without it."""
        self._scribe.complain(error)

    async def close(self) -> None:
        """Write what is still to be written, as far as the store takes it in time. Exchanges that run are somebody
        else's to end before.
        """
        self._wheel.forget(self._alarm)
        try:
            async with asyncio.timeout(2 * PATIENCE):  # ends are over after half of it
                await self.quiet()
                self._catch_up()
                await self.quiet()
        except TimeoutError:
            for task in self._tasks:
                task.cancel()

    async def quiet(self) -> None:
        """Wait until everything that was to be written is."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    # -- cases ---------------------------------------------------------------------------------------------------

    def _open(self, exchange: Exchange, named: Named | None = None) -> Case:
        case = self._cases.get(exchange.id)
        if case is None:
            case = self._cases[exchange.id] = Case(exchange, named)
            exchange.keep = self._hold
            exchange.on_handle = self._handled
        if case.named is None:
            case.named = self._registry.name_of(exchange)
        return case

    def _close(self, case: Case | None) -> None:
        if case is not None and self._cases.pop(case.exchange.id, None) is not None:
            case.exchange.keep = case.exchange.on_handle = None

    def _remember(self, exchange: Exchange) -> Case:
        case = self._open(exchange)
        if not case.known and case.remembering is None and not case.ended:
            case.remembering = self._run(self._remember_now(case), "memory of an exchange")
        return case

    async def _remember_now(self, case: Case) -> None:
        await self._scribe.attempt(self._scribe.remember(case))
        case.remembering = None

    # -- the end -------------------------------------------------------------------------------------------------

    def _hold(self, exchange: Exchange) -> bool:
        """The exchange has settled: True holds back its end until it is on the disk."""
        case, awaited = self._open(exchange), self._registry.awaited(exchange)
        read, answers = bool(exchange.replay.readers), exchange.call.state is not None
        if not (answers or case.named is not None or (awaited and not read)):
            return False  # a client has it before it, and is not kept waiting; `over` comes when it has gone
        if read and not awaited and case.response is None and case.named is None:
            self._run(self._respond(case), "response of an exchange")  # what its client got of it shows later
            return True
        case.ended = True
        self._run(self._end_held(case, awaited=awaited), "end of an exchange")
        return True

    async def _respond(self, case: Case) -> None:
        try:
            await self._scribe.respond(case)
        finally:
            case.exchange.release()

    async def _end_held(self, case: Case, *, awaited: bool) -> None:
        try:
            await self._end(case, awaited=awaited)
        finally:
            case.exchange.release()

    async def _end_later(self, case: Case, reader: Reader, *, awaited: bool) -> None:
        exchange = case.exchange
        try:
            await self._end(case, awaited=awaited)
        finally:
            self._close(case)
            exchange.replay.readers.remove(reader)
            if not exchange.replay.readers:
                self._registry.done(exchange)

    async def _end(self, case: Case, *, awaited: bool) -> None:
        await self._scribe.end(case, awaited=awaited)
        exchange = case.exchange
        if exchange.stored and awaited and not self._registry.awaited(exchange):
            self.adopted(exchange)  # somebody came back meanwhile

    # -- from time to time ---------------------------------------------------------------------------------------

    def _ring(self, now: float) -> None:
        self._wheel.set(self._alarm, now + TICK)
        self.tick(now)

    def tick(self, now: float) -> None:
        """Remember what has run for long, and draft what runs without a client."""
        for exchange in self._registry:
            if exchange.machine.timeline.accepted > now - LONG:
                break  # the oldest come first
            self.held(exchange)
        for case in self._cases.values():
            if case.known and case.drafting is None and case.alone and case.drafted.behind:
                case.drafting = self._run(self._draft(case), "draft of an answer")

        recalled, self._recalled = self._recalled, []
        for exchange in recalled:
            if not exchange.replay.readers:  # whom it was recalled for went, or was refused
                self._registry.done(exchange)
        self._catch_up()

    def _catch_up(self) -> None:
        if self._scribe.late and (self._late is None or self._late.done()):
            self._late = self._run(self._scribe.catch_up(), "ends that are late")

    async def _draft(self, case: Case) -> None:
        await self._scribe.draft(case)
        case.drafting = None

    # -- small writes --------------------------------------------------------------------------------------------

    async def _handle(self, case: Case, handle: str) -> None:
        if case.remembering is not None:
            await asyncio.wait([case.remembering])
        await self._scribe.attempt(self.store.exchanges.handle(case.exchange.id, handle, self._ties.wall()))

    def _attempt(self, write: Coroutine[Any, Any, object]) -> None:
        self._run(self._scribe.attempt(write), "write of the keeper")

    def _run(self, coro: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = spawn(coro, name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
