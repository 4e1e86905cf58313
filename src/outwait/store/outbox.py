"""Events on their way to somebody's address. A sender leases some; what it does not settle is due again.

Delivery is at least once: a sender that dies after sending has not said so.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from outwait.store.database import Database, Row, changed
from outwait.store.rows import EventRow
from outwait.store.schema import outbox as table
from outwait.store.writer import Act

_SEALED = ("url", "payload")


class Outbox:
    """The events of all processes; each of them may send."""

    __slots__ = ("_database",)

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, event: EventRow) -> bool:
        """Store an event to be sent at `event.next`; False when its id is stored already."""
        return await self._database.writer.do(self.prepared(event), weight=len(event.payload))

    def prepared(self, event: EventRow) -> Act[bool]:
        """The write of `event`, for a transaction with others."""
        values: dict[str, Any] = {name: getattr(event, name) for name in EventRow.__struct_fields__}
        values["url"] = self._database.seal.close(event.url.encode(), _label("url", event.id))
        values["payload"] = self._database.seal.close(event.payload, _label("payload", event.id))
        insert = self._database.insert(table).values(values).on_conflict_do_nothing(index_elements=["id"])

        async def act(connection: AsyncConnection) -> bool:
            return await changed(connection, insert) == 1

        return act

    async def lease(self, now: float, until: float, limit: int = 10) -> list[EventRow]:
        """Up to `limit` events that are due at `now`, the longest due first; until `until` nobody else gets them."""
        due = sa.select(table.c.id).where(table.c.next <= now, table.c.expires > now)
        due = due.order_by(table.c.next, table.c.id).limit(limit).with_for_update(skip_locked=True)

        async def act(connection: AsyncConnection) -> list[Row]:
            names = (await connection.execute(due)).scalars().all()
            mine = sa.update(table).where(table.c.id.in_(names))
            mine = mine.values(next=until, attempts=table.c.attempts + 1)
            leased = {row.id: row for row in await connection.execute(mine.returning(table))} if names else {}
            return [leased[name] for name in names]

        return [self._row(row) for row in await self._database.writer.do(act, grows=False)]

    async def done(self, event: EventRow) -> bool:
        """It was sent, or never will be; False when the lease was over and another sender has it."""
        return await self._settle(event, None)

    async def again(self, event: EventRow, at: float) -> bool:
        """It could not be sent: try again at `at`; False as for `done`."""
        return await self._settle(event, at)

    async def next(self) -> float | None:
        """When the next event is due; None when there is none."""

        async def act(connection: AsyncConnection) -> float | None:
            soonest: float | None = (await connection.execute(sa.select(sa.func.min(table.c.next)))).scalar_one()
            return soonest

        return await self._database.read(act)

    async def _settle(self, event: EventRow, at: float | None) -> bool:
        # The number of the attempt is the fence: whoever leased it later has a higher one.
        mine = sa.update(table).where(
            table.c.id == event.id, table.c.attempts == event.attempts, table.c.next.is_not(None)
        )

        async def act(connection: AsyncConnection) -> bool:
            return await changed(connection, mine.values(next=at)) == 1

        return await self._database.writer.do(act, grows=False)

    def _row(self, row: Row) -> EventRow:
        values = {name: getattr(row, name) for name in EventRow.__struct_fields__ if name not in _SEALED}
        opened = {name: self._database.seal.open(getattr(row, name), _label(name, row.id)) for name in _SEALED}
        return EventRow(**values, url=opened["url"].decode(), payload=opened["payload"])


def _label(what: str, ident: str) -> str:
    return f"{what} of event {ident}"
