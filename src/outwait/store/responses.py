"""Responses of the Responses API: what was asked, what came of it, and which response each one continues."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from outwait.store.database import Database, Row, changed
from outwait.store.errors import StoreError
from outwait.store.pieces import withdraw
from outwait.store.rows import Conversation, ResponseEnd, ResponseRow
from outwait.store.schema import responses as table
from outwait.store.writer import Act

DEPTH: Final = 10_000  # responses of one conversation
_SLACK: Final = 3600.0  # seconds by which an older part of a conversation may expire early; saves writing it every turn
_SEALED = ("request", "input", "output")
_PLAIN = tuple(name for name in ResponseRow.__struct_fields__ if name not in _SEALED)
_THERE = table.c.deleted.is_(False)

_items = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Responses:
    """The responses of all keys; a key sees its own only."""

    __slots__ = ("_database",)

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, row: ResponseRow) -> bool:
        """Store a new response, and keep those it continues as long as it; False when its id is stored already."""
        return await self._database.writer.do(await self.entering(row), weight=weight(row))

    async def entering(self, row: ResponseRow) -> Act[bool]:
        """The write of a new response, for a transaction with others."""
        return self._insert(row, await self._values(row))

    async def _values(self, row: ResponseRow) -> dict[str, Any]:
        values: dict[str, Any] = {name: getattr(row, name) for name in _PLAIN}
        for name in _SEALED:
            data = getattr(row, name)
            values[name] = None if data is None else await self._database.sealed(data, _label(name, row.id))
        return values

    def _insert(self, row: ResponseRow, values: dict[str, Any]) -> Act[bool]:
        size = sum(len(values[name] or b"") for name in _SEALED)
        insert = self._database.insert(table).values(**values, size=size)
        insert = insert.on_conflict_do_nothing(index_elements=["id"])

        async def act(connection: AsyncConnection) -> bool:
            if await changed(connection, insert) == 0:
                return False
            if row.previous is not None:
                chain = _chain(row.previous, row.key)
                older = sa.update(table).where(table.c.id.in_(sa.select(chain.c.id)))
                older = older.where(table.c.expires < row.expires - _SLACK).values(expires=row.expires)
                await connection.execute(older)
            return True

        return act

    async def find(self, ident: str, key: str) -> ResponseRow | None:
        """The response `ident` of `key`; None when there is none or it was deleted."""
        return await self._one(sa.select(table).where(table.c.id == ident, table.c.key == key, _THERE))

    async def of(self, exchange: str) -> ResponseRow | None:
        """The response that `exchange` makes."""
        return await self._one(sa.select(table).where(table.c.exchange == exchange, _THERE).limit(1))

    async def status(self, ident: str, status: str) -> bool:
        """How far it has come; False when it is not there."""
        statement = sa.update(table).where(table.c.id == ident, _THERE).values(status=status)

        async def act(connection: AsyncConnection) -> bool:
            return await changed(connection, statement) == 1

        return await self._database.writer.do(act, grows=False)

    async def end(self, end: ResponseEnd) -> bool:
        """How it ended; `Exchanges.settle` does it together with the exchange. False when it is not there."""
        return await self._database.writer.do(await self.prepared(end), weight=weight(end))

    async def prepared(self, end: ResponseEnd | ResponseRow) -> Act[bool]:
        """The write of `end`, for a transaction with others. A whole row is entered; when it was known after all, it
        says how that one ended, unless the id is another exchange's.
        """
        if isinstance(end, ResponseEnd):
            output = await self._database.sealed(end.output, _label("output", end.id))
            return _ending(end, output)
        values = await self._values(end)
        insert = self._insert(end, values)
        update = _ending(end, values["output"], table.c.exchange == end.exchange)

        async def act(connection: AsyncConnection) -> bool:
            return await insert(connection) or await update(connection)

        return act

    async def delete(self, ident: str, key: str) -> bool:
        """Erase its content, and the answer it came in; False when it is not there. Those that continue it stay."""
        statement = sa.update(table).where(table.c.id == ident, table.c.key == key, _THERE)
        statement = statement.values(deleted=True, request=None, input=None, output=None, size=0)
        mine = statement.returning(table.c.exchange)

        async def act(connection: AsyncConnection) -> bool:
            exchange = (await connection.execute(mine)).scalar_one_or_none()
            if exchange is None:
                return False
            await withdraw(connection, exchange)
            return True

        return await self._database.writer.do(act, grows=False)

    async def conversation(self, ident: str, key: str) -> Conversation:
        """`ident` and all it continues, oldest first."""
        chain = _chain(ident, key)
        statement = sa.select(table).join(chain, table.c.id == chain.c.id).order_by(chain.c.depth.desc())

        async def act(connection: AsyncConnection) -> list[Row]:
            return list((await connection.execute(statement)).all())

        rows = [await self._row(row) for row in await self._database.read(act)]
        return Conversation(tuple(rows), rows[0].previous if rows else ident)

    async def input_items(self, ident: str, key: str) -> list[bytes] | None:
        """The items it was asked with, each as JSON; None when it is not there."""
        row = await self.find(ident, key)
        if row is None:
            return None
        try:
            return [bytes(item) for item in _items(row.input)]
        except msgspec.DecodeError:
            raise StoreError(f"the input of {ident} was not stored as a JSON array") from None

    async def _one(self, statement: sa.Select[Any]) -> ResponseRow | None:
        async def act(connection: AsyncConnection) -> Row | None:
            row: Row | None = (await connection.execute(statement)).one_or_none()
            return row

        row = await self._database.read(act)
        return None if row is None else await self._row(row)

    async def _row(self, row: Row) -> ResponseRow:
        values = {name: getattr(row, name) for name in _PLAIN}
        for name in _SEALED:
            sealed = getattr(row, name)
            values[name] = None if sealed is None else await self._database.opened(sealed, _label(name, row.id))
        return ResponseRow(**values)


def weight(said: ResponseRow | ResponseEnd) -> int:
    """Bytes that are written with it."""
    if isinstance(said, ResponseEnd):
        return len(said.output)
    return len(said.request) + len(said.input) + len(said.output or b"")


def _ending(end: ResponseEnd | ResponseRow, output: bytes | None, *only: sa.ColumnElement[bool]) -> Act[bool]:
    """The update of a stored response; `output` is its own, encrypted."""
    statement = sa.update(table).where(table.c.id == end.id, _THERE, *only).values(status=end.status)
    if end.handle is not None:
        statement = statement.values(handle=end.handle)
    if output is not None:
        size = table.c.size - sa.func.coalesce(sa.func.length(table.c.output), 0) + len(output)
        statement = statement.values(output=output, size=size)

    async def act(connection: AsyncConnection) -> bool:
        return await changed(connection, statement) == 1

    return act


def _chain(ident: str, key: str) -> sa.CTE:
    """`ident` and what it continues: `id`, `previous`, and `depth` steps back."""
    mine = (table.c.key == key, _THERE)
    last = sa.select(table.c.id, table.c.previous, sa.literal(0).label("depth")).where(table.c.id == ident, *mine)
    chain = last.cte("chain", recursive=True)
    before = sa.select(table.c.id, table.c.previous, chain.c.depth + 1)
    before = before.join(chain, table.c.id == chain.c.previous).where(*mine, chain.c.depth < DEPTH)
    return chain.union_all(before)


def _label(what: str, ident: str) -> str:
    return f"{what} of {ident}"
