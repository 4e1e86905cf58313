"""Kept answers, in encrypted chunks: a long one is written in several transactions and becomes visible in the last.

That of a running exchange is a draft, and takes part in no write but its own and the end of its exchange.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from outwait.core.reply import Head, Usage
from outwait.store.database import Database, Row, changed
from outwait.store.drafts import Draft
from outwait.store.errors import Ended, ResultTooLarge, StoreError
from outwait.store.pieces import CHUNK, LIMIT, TOGETHER, pieces, place, weight, withdraw
from outwait.store.rows import Result, ResultRow, State
from outwait.store.schema import chunks, exchanges, results
from outwait.store.writer import Act

_head = msgspec.json.Decoder(Head).decode
_usage = msgspec.json.Decoder(Usage).decode


@dataclass(frozen=True, slots=True)
class Written:
    """An answer that nobody sees yet: `chunks` are those still to be written with `row`, in one transaction."""

    row: dict[str, Any]
    chunks: list[dict[str, Any]]

    @property
    def weight(self) -> int:
        """Bytes still to be written."""
        return weight(self.chunks)

    async def publish(self, connection: AsyncConnection) -> None:
        """Make it the answer of its exchange, in the place of a draft."""
        await withdraw(connection, self.row["exchange"])
        if self.chunks:
            await connection.execute(sa.insert(chunks), self.chunks)
        await connection.execute(sa.insert(results).values(self.row))


class Results:
    """The kept answers."""

    __slots__ = ("_database",)

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, exchange: str) -> ResultRow | None:
        """The kept answer of `exchange`, without its body."""

        async def act(connection: AsyncConnection) -> Row | None:
            return (await connection.execute(sa.select(results).where(results.c.exchange == exchange))).one_or_none()

        row = await self._database.read(act)
        if row is None:
            return None
        head = _head(await self._database.opened(row.head, f"head of {exchange}"))
        usage = None if row.usage is None else _usage(row.usage)
        return ResultRow(exchange, head, row.size, row.created, row.partial, usage)

    async def body(self, exchange: str, start: int = 0) -> AsyncIterator[bytes]:
        """The body from byte `start` on, piece by piece, as long as it is when the first is read. Raises StoreError
        when it is not, or no longer, there: a draft goes when the answer comes.
        """
        wanted = sa.select(results.c.body, results.c.size).where(results.c.exchange == exchange)

        async def first(connection: AsyncConnection) -> Row | None:
            return (await connection.execute(wanted)).one_or_none()

        row = await self._database.read(first)
        if row is None:
            raise _gone(exchange)
        for number in range(start // CHUNK, -(-row.size // CHUNK)):
            data = await self._chunk(exchange, row.body, number)
            yield data[max(start - number * CHUNK, 0) : row.size - number * CHUNK]

    async def _chunk(self, exchange: str, body: str, number: int) -> bytes:
        wanted = sa.select(chunks.c.data).where(chunks.c.body == body, chunks.c.number == number)

        async def act(connection: AsyncConnection) -> bytes | None:
            return (await connection.execute(wanted)).scalar_one_or_none()

        data = await self._database.read(act)
        if data is None:
            raise _gone(exchange)
        return await self._database.opened(data, place(exchange, body, number))

    def draft(self, exchange: str, head: Head) -> Draft:
        """A new draft of the answer of `exchange`, which runs; nothing is stored before the first addition."""
        return Draft(self._database, exchange, head)

    async def resume(self, exchange: str) -> Draft | None:
        """The stored draft of `exchange`, to go on with what another process began; None when there is none."""
        wanted = sa.select(results.c.body, results.c.size, exchanges.c.state)
        wanted = wanted.join(exchanges, exchanges.c.id == results.c.exchange).where(results.c.exchange == exchange)

        async def act(connection: AsyncConnection) -> Row | None:
            return (await connection.execute(wanted)).one_or_none()

        row = await self._database.read(act)
        if row is None or row.state != State.RUNNING:
            return None
        number, rest = divmod(row.size, CHUNK)
        tail = (await self._chunk(exchange, row.body, number))[:rest] if rest else b""
        return Draft(self._database, exchange, None).found(row.body, row.size, tail)

    async def write(self, exchange: str, result: Result, now: float, first: Act[bool] | None = None) -> Written:
        """Write all of `result` but its end; what comes back makes it visible. Raises StorageFull, ResultTooLarge, and
        what reading the body raises, Ended when a long one comes too late; nothing stays then. `first` is done in the
        transaction of the first write, if there is one.
        """
        body = uuid.uuid4().hex
        whole = False
        try:
            size, held = await self._pour(exchange, body, result, first)
            head = await self._database.sealed(msgspec.json.encode(result.head), f"head of {exchange}")
            whole = True
        finally:
            if not whole:
                await self._drop(body)
        row = {
            "exchange": exchange,
            "body": body,
            "head": head,
            "partial": result.partial,
            "usage": None if result.usage is None else msgspec.json.encode(result.usage).decode(),
            "size": size,
            "created": now,
        }
        return Written(row, held)

    async def _pour(
        self, exchange: str, body: str, result: Result, first: Act[bool] | None
    ) -> tuple[int, list[dict[str, Any]]]:
        """Write all chunks but the last few; the body's size, and those."""
        number, size = 0, 0
        held: list[dict[str, Any]] = []
        async for data in pieces(result.body):
            size += len(data)
            if size > LIMIT:
                raise ResultTooLarge(LIMIT)
            if len(held) == TOGETHER:
                await self._stage(held, first)
                held = []
            sealed = await self._database.sealed(data, place(exchange, body, number))
            held.append({"body": body, "number": number, "exchange": exchange, "data": sealed})
            number += 1
        return size, held

    async def discard(self, written: Written) -> None:
        """Take back what `write` wrote, unless it became an answer after all."""
        if written.row["size"] > CHUNK * TOGETHER:
            await self._drop(written.row["body"])

    async def _stage(self, held: list[dict[str, Any]], first: Act[bool] | None) -> None:
        running = sa.select(exchanges.c.id).where(
            exchanges.c.id == held[0]["exchange"], exchanges.c.state == State.RUNNING
        )

        async def act(connection: AsyncConnection) -> None:
            if first is not None:
                await first(connection)
            if (await connection.execute(running)).one_or_none() is None:
                raise Ended
            await connection.execute(sa.insert(chunks), held)

        await self._database.writer.do(act, weight=weight(held))

    async def _drop(self, body: str) -> None:
        """Delete staged chunks, also while the caller is being cancelled; a sweep takes what is left all the same."""
        act: Act[int] = _deleted(body)
        try:
            await asyncio.shield(self._database.writer.do(act, grows=False))
        except StoreError:
            pass


def _deleted(body: str) -> Act[int]:
    # A commit that was not answered may have been made: then these chunks are somebody's answer.
    unseen = ~sa.exists().where(results.c.body == body)

    async def act(connection: AsyncConnection) -> int:
        return await changed(connection, sa.delete(chunks).where(chunks.c.body == body, unseen))

    return act


def _gone(exchange: str) -> StoreError:
    return StoreError(f"the answer of {exchange} is not kept any more")
