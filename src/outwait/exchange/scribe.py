"""The scribe writes exchanges down: that there is one, what it has said so far, how it ended.

The store may be full, slow or gone. Then what should be kept is in memory as ever; that is counted, and the operator is
told once a minute.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from outwait.core.reply import Head
from outwait.exchange import filing
from outwait.exchange.adopt import Named
from outwait.exchange.driver import Exchange
from outwait.exchange.phase import Phase
from outwait.exchange.replay import Gone, Reader
from outwait.exchange.ties import Kept, Ties
from outwait.store.errors import Ended, ResultTooLarge, StorageFull, StoreError
from outwait.store.rows import EventRow, ExchangeRow, Owner, ResponseRow, Settlement, State

if TYPE_CHECKING:
    from outwait.store.drafts import Draft
    from outwait.store.store import Store

_log = logging.getLogger("outwait")

PATIENCE: Final = 10.0  # seconds the end of an exchange waits for the store
_TOGETHER: Final = 256 << 10  # bytes of a draft written at a time
_OFTEN: Final = 60.0  # seconds between complaints
_LATE: Final = 1000  # ends that wait for a store that failed


def nobody() -> None:
    """Who is woken when a reader reads when it likes."""


class Case:
    """One exchange that the store knows, or shall know. `known`: it does. `ended`: its end is being written, or is.
    `response`: of a submission, as it was stored. `answered`: its response is stored as it ended.
    """

    __slots__ = (
        "answered", "draft", "drafted", "drafting", "end", "ended", "exchange", "known", "named", "remembering",
        "response",
    )  # fmt: skip

    def __init__(self, exchange: Exchange, named: Named | None = None) -> None:
        self.exchange = exchange
        self.named = named
        self.known = False
        self.ended = False
        self.answered = False
        self.end: Settlement | None = None  # as it is to be stored, without the answer
        self.remembering: asyncio.Task[None] | None = None
        self.response: ResponseRow | None = None
        self.draft: Draft | None = None
        self.drafted = Reader(exchange.replay, nobody)
        self.drafting: asyncio.Task[None] | None = None

    @property
    def alone(self) -> bool:
        """It runs, and nobody reads it."""
        return self.exchange.machine.phase is not Phase.SETTLED and not self.exchange.replay.readers


@dataclass(frozen=True, slots=True)
class Keeps:
    """How long, in seconds: `ttl` an answer that somebody may come back for, `responses` a response, `delivered` the
    state of an exchange that was delivered whole.
    """

    ttl: float = 86_400.0
    responses: float = 30 * 86_400.0
    delivered: float = 3_600.0


class Scribe:
    """Writes for one worker; `owner` is its process's life. `keeps` may be replaced."""

    __slots__ = ("_complained", "_owner", "_store", "_ties", "keeps", "late")

    def __init__(self, store: Store, owner: Owner, ties: Ties, keeps: Keeps) -> None:
        self._store = store
        self._owner = owner
        self._ties = ties
        self.keeps = keeps
        self._complained = 0.0
        self.late: deque[Settlement] = deque(maxlen=_LATE)  # of exchanges that the store still takes for running

    def forgotten_at(self) -> float:
        """When a response that begins now is forgotten."""
        return self._ties.wall() + self.keeps.responses

    async def remember(self, case: Case) -> None:
        """That there is such an exchange. Raises StoreError."""
        await self._store.exchanges.remember(self._row(case), case.response)
        case.known = True

    async def draft(self, case: Case) -> None:
        """What it has said so far, as long as nobody reads it."""
        try:
            head = case.exchange.replay.head
            while head is not None and case.drafted.behind and case.alone and case.exchange.replay.whole:
                await self._write(case, head)
        except (StoreError, Ended) as error:
            self.complain(error)

    async def _write(self, case: Case, head: Head) -> None:
        if case.draft is None:
            case.draft = self._store.results.draft(case.exchange.id, head)
        reader = case.drafted
        position, taken = reader.position, reader.taken
        try:
            await case.draft.add(filing.take(reader, _TOGETHER))
        except StoreError:
            reader.position, reader.taken = position, taken  # nothing of it is stored: the next draft begins with it
            raise

    async def end(self, case: Case, *, awaited: bool) -> None:
        """How it ended; with its answer, if somebody is awaited to come for it. `exchange.stored` says whether the
        store has it.
        """
        exchange = case.exchange
        if filing.goes_on(exchange):
            exchange.stored = False
        elif not await self._in_time(case, self._file_after(case, awaited=awaited)):
            exchange.stored = False
            if case.known:
                now = self._ties.wall()
                self.late.append(case.end or filing.settlement_of(exchange, now, now + self.keeps.delivered, None))

    async def catch_up(self) -> None:
        """Store the ends that could not be stored in time; their answers are in memory only."""
        while self.late:
            end = self.late.popleft()
            try:
                await self._store.exchanges.settle(end)
            except StoreError as error:
                full = isinstance(error, StorageFull)
                self.late.appendleft(filing.with_all(end, None, None, ()) if full else end)
                self.complain(error)
                return

    async def respond(self, case: Case) -> None:
        """The response that it made, and nothing else of it."""
        await self._in_time(case, self._add(case))

    async def _in_time(self, case: Case, write: Coroutine[Any, Any, None]) -> bool:
        """Whether `write` was done while readers can be kept waiting."""
        try:
            async with asyncio.timeout(PATIENCE):
                await write
        except (StoreError, TimeoutError, Gone) as error:
            self._ties.count(Kept.REFUSED)
            self.complain(error)
        except Exception:  # noqa: BLE001 - task top: its readers wait for the end
            _log.exception("the end of exchange %s could not be stored", case.exchange.id)
        else:
            return True
        if case.remembering is not None:
            case.remembering.cancel()  # it must not say later that the exchange runs
        return False

    async def _add(self, case: Case) -> None:
        response = await filing.Body(case.exchange).response(self.forgotten_at())
        if isinstance(response, ResponseRow):
            case.answered = await self._store.responses.add(response)

    async def _file_after(self, case: Case, *, awaited: bool) -> None:
        for earlier in (case.remembering, case.drafting):
            if earlier is not None:
                await asyncio.wait([earlier])
        await self._file(case, awaited=awaited)

    async def _file(self, case: Case, *, awaited: bool) -> None:
        exchange, now = case.exchange, self._ties.wall()
        body = filing.Body(exchange)
        cut = filing.cut_short(exchange) and self._ties.keeps(exchange.key)
        wanted = awaited or cut or case.response is not None
        if not case.known and not wanted:
            if not case.answered:
                await self._add(case)
            return
        response = None if case.answered else await body.response(now + self.keeps.responses)
        events: tuple[EventRow, ...] = ()
        if response is not None and case.response is not None:
            kind = filing.event_type(exchange, response.status)
            events = () if kind is None else self._ties.events(exchange.key, kind, response.id, now)
        orphan = now if awaited and case.named is None and case.response is None else None
        end = filing.settlement_of(exchange, now, now + (self.keeps.ttl if wanted else self.keeps.delivered), orphan)
        case.end = filing.with_all(end, None, response, events)
        full = filing.with_all(end, body.result() if wanted else None, response, events)
        exchange.stored = await self._settled(case, full, end)
        if events:
            self._ties.woken()
        if case.named is not None and not (awaited or cut):
            await self._store.claims.release(exchange.key, case.named.name.hex(), exchange.id)

    async def _settled(self, case: Case, full: Settlement, bare: Settlement) -> bool:
        """Store the end with the answer; without it where there is no room. False when it was settled before."""
        try:
            settled = await self._settle(case, full)
        except (StorageFull, ResultTooLarge) as error:
            settled = await self._settle(case, bare)
            self._ties.count(Kept.REFUSED)
            self.complain(error)
        else:
            if settled and full.result is not None:
                self._ties.count(Kept.ANSWER)
        if settled and bare.state is State.LOST:
            self._ties.count(Kept.LOST_DRAIN)
        return settled

    async def _settle(self, case: Case, end: Settlement) -> bool:
        if case.known:
            return await self._store.exchanges.settle(end)
        return await self._store.exchanges.keep(self._row(case), end)

    async def attempt(self, write: Awaitable[object]) -> None:
        """A small write, of which nobody waits for the outcome."""
        try:
            await write
        except StoreError as error:
            self.complain(error)

    def complain(self, error: BaseException) -> None:
        """The store failed."""
        self._ties.count(Kept.ERROR)
        now = self._ties.wall()
        if abs(now - self._complained) >= _OFTEN:
            self._complained = now
            _log.error("what should be kept is in memory only: %s", str(error) or "the store does not answer in time")

    def _row(self, case: Case) -> ExchangeRow:
        now = self._ties.wall()
        return filing.row_of(case.exchange, self._owner, now, now + self.keeps.ttl, case.named)
