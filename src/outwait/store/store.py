"""The store of one process, as the gateway holds it: the families of tables, and what concerns all of them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from outwait.store.claims import Claims
from outwait.store.database import Database
from outwait.store.exchanges import Exchanges
from outwait.store.outbox import Outbox
from outwait.store.relief import Relief
from outwait.store.responses import Responses
from outwait.store.results import Results
from outwait.store.rows import Swept
from outwait.store.schema import responses, results
from outwait.store.sweep import evict, expire, joined

_EVICTION: Final = 0x6F757477616975  # the number of PostgreSQL's advisory lock
_SHRINK: Final = 8 << 20  # bytes freed from which on the file is made smaller


class Store:
    """Durable state, shared with the other processes. Never on the way of a plain call.

    All methods of all families raise StoreError when the database fails them. What they return is on the disk.
    """

    __slots__ = ("_database", "_relief", "claims", "exchanges", "outbox", "responses", "results")

    def __init__(self, database: Database, relief: Relief) -> None:
        self._database = database
        self._relief = relief
        self.claims = Claims(database)
        self.results = Results(database)
        self.responses = Responses(database)
        self.outbox = Outbox(database)
        self.exchanges = Exchanges(database, self.results, self.responses, self.outbox)

    @property
    def place(self) -> str:
        """The file, or the database's address without its password: for logs."""
        return self._database.engines.place

    async def kept(self) -> int:
        """Bytes of kept answers and responses."""
        answers = sa.select(sa.func.coalesce(sa.func.sum(results.c.size), 0)).scalar_subquery()
        spoken = sa.select(sa.func.coalesce(sa.func.sum(responses.c.size), 0)).scalar_subquery()

        async def act(connection: AsyncConnection) -> int:
            return int((await connection.execute(sa.select(answers + spoken))).scalar_one())

        return await self._database.read(act)

    async def sweep(self, now: float, max_bytes: int | None = None) -> Swept:
        """Delete what is over at `now`, and the oldest answers as long as there are more than `max_bytes` of them.

        Any process may do it at any time; each of the deleted is reported to one of them.
        """

        async def old(connection: AsyncConnection) -> Swept | None:
            return await expire(connection, now)

        async def many(connection: AsyncConnection) -> Swept | None:
            if max_bytes is None:
                return None
            if not self._database.engines.embedded:  # two that count at once would each take what one should
                await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_EVICTION)))
            return await evict(connection, max_bytes)

        total = Swept()
        for act in (old, many):
            while (some := await self._database.writer.do(act, grows=False)) is not None:
                total = joined(total, some)
        if total.freed >= _SHRINK:
            await self._relief.shrink()
        return total

    async def close(self) -> None:
        """Finish the writes that were asked for, and end all connections."""
        await self._database.writer.close()
        await self._database.engines.close()
