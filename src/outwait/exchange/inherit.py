"""What dead processes left behind: an exchange that somebody can go on with is taken over, any other is lost.

Lost is an end like another: it is told to whoever asks, with what had come of the answer until then. Of several
workers that look at the same time, each exchange falls to one.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from outwait.exchange import filing, responded
from outwait.exchange.story import LOST
from outwait.exchange.ties import Kept, Ties
from outwait.store.errors import StoreError
from outwait.store.manifest import Left
from outwait.store.rows import ExchangeRow, Owner, State

if TYPE_CHECKING:
    from outwait.store.store import Store

_log = logging.getLogger("outwait")

KNOWN: Final = 86_400.0  # seconds for which a loss is told that nothing else is known of
_TOGETHER: Final = 200  # rows that are written at the same time


class Heirs:
    """One worker's part in it. `owner`: its process's life."""

    __slots__ = ("_left", "_owner", "_store", "_ties")

    def __init__(self, store: Store, owner: Owner, ties: Ties) -> None:
        self._store = store
        self._owner = owner
        self._ties = ties
        self._left: deque[ExchangeRow] = deque()  # lost or taken over, and not seen to yet

    async def bury(self) -> None:
        """See to all that ran in processes that are no more. Raises StoreError; the next call goes on then."""
        over = await self._ties.dead(await self._store.exchanges.boots())
        if over:
            await self._take(over)
        for manifest in await self._ties.left():
            await self._note(manifest)
        while self._left:
            row = self._left.popleft()  # others may be at it as well
            try:
                await self._see_to(row)
            except StoreError:
                self._left.append(row)
                raise

    async def _take(self, over: Collection[str]) -> None:
        fallen = await self._store.exchanges.lose(over, self._owner, self._ties.wall())
        self._left += (*fallen.lost, *fallen.resumed)
        for _ in fallen.lost:
            self._ties.count(Kept.LOST_PROCESS)
        if fallen.lost:
            _log.warning("%d exchanges were lost with their process", len(fallen.lost))

    async def _note(self, manifest: Left) -> None:
        """Write down the loss of those on board whom the store does not know."""
        now = self._ties.wall()
        entries = await asyncio.to_thread(lambda: list(manifest.entries()))
        rows = [filing.lost_row(entry, self._owner, now, now + KNOWN) for entry in entries]
        for at in range(0, len(rows), _TOGETHER):  # those that wait together share a commit
            await asyncio.gather(*map(self._note_one, rows[at : at + _TOGETHER]))
        await asyncio.to_thread(manifest.done)

    async def _note_one(self, row: ExchangeRow) -> None:
        if await self._store.exchanges.remember(row):
            self._ties.count(Kept.LOST_PROCESS)

    async def _see_to(self, row: ExchangeRow) -> None:
        if row.state is State.LOST:
            await self._end_response(row)
        else:
            _log.info("exchange %s goes on here: its process is gone, its job at the provider is not", row.id)
            await self._ties.resume(row)

    async def _end_response(self, row: ExchangeRow) -> None:
        """The response of a lost exchange failed, and whoever waits for it is told."""
        response = await self._store.responses.of(row.id)
        end = None if response is None else responded.lost_end(response, LOST)
        if response is None or end is None:
            return
        await self._store.responses.end(end)
        for event in self._ties.events(row.key, f"response.{end.status}", response.id, self._ties.wall()):
            await self._store.outbox.put(event)
            self._ties.woken()
