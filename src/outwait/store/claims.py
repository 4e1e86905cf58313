"""Names clients give to their questions (Idempotency-Key): one name, one question, one exchange, until it expires."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from outwait.store.database import Database, changed
from outwait.store.rows import Claim, Claimed, Existing
from outwait.store.schema import claims as table
from outwait.store.writer import Act

_NAME = ("key", "name")


class Claims:
    """Who claims a name first has it."""

    __slots__ = ("_database",)

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, claim: Claim) -> Claimed | Existing:
        """Give the name to `claim.exchange`, unless another exchange has it and has it still at `claim.created`."""
        values = {name: getattr(claim, name) for name in Claim.__struct_fields__}
        mine = self._database.insert(table).values(values)
        renewed = {name: mine.excluded[name] for name in values if name not in _NAME}
        mine = mine.on_conflict_do_update(
            index_elements=_NAME, set_=renewed, where=table.c.expires <= mine.excluded["created"]
        )
        theirs = sa.select(table.c.exchange, table.c.fingerprint).where(*_named(claim.key, claim.name))

        async def act(connection: AsyncConnection) -> Claimed | Existing:
            while True:
                if await changed(connection, mine) == 1:
                    return Claimed()
                row = (await connection.execute(theirs)).one_or_none()
                if row is not None:  # else it was released in between
                    return Claimed() if row.exchange == claim.exchange else Existing(row.exchange, row.fingerprint)

        def undo(answer: Claimed | Existing) -> Act[int]:
            return self._released(claim.key, claim.name, claim.exchange if isinstance(answer, Claimed) else "")

        return await self._database.writer.do(act, undo=undo)

    async def find(self, key: str, name: str, now: float) -> Existing | None:
        """The exchange that has the name."""
        statement = sa.select(table.c.exchange, table.c.fingerprint)
        statement = statement.where(*_named(key, name), table.c.expires > now)

        async def act(connection: AsyncConnection) -> Existing | None:
            row = (await connection.execute(statement)).one_or_none()
            return None if row is None else Existing(row.exchange, row.fingerprint)

        return await self._database.read(act)

    async def release(self, key: str, name: str, exchange: str) -> bool:
        """Let the question be asked anew, since `exchange` never asked it; False when it does not have the name."""
        return await self._database.writer.do(self._released(key, name, exchange), grows=False) == 1

    def _released(self, key: str, name: str, exchange: str) -> Act[int]:
        statement = sa.delete(table).where(*_named(key, name), table.c.exchange == exchange)

        async def act(connection: AsyncConnection) -> int:
            return await changed(connection, statement)

        return act


def _named(key: str, name: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return table.c.key == key, table.c.name == name
