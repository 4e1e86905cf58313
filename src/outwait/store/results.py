"""Kept answers, in encrypted chunks: a long one is written in several transactions and becomes visible in the last."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from outwait.core.reply import Head, Usage
from outwait.store.database import Database, Row, changed
from outwait.store.errors import ResultTooLarge, StoreError
from outwait.store.rows import Result, ResultRow, State
from outwait.store.schema import chunks, exchanges, results
from outwait.store.writer import Act

CHUNK: Final = 256 << 10
LIMIT: Final = 64 << 20  # bytes of one answer
_TOGETHER: Final = 4  # chunks in one write

_head = msgspec.json.Decoder(Head).decode
_usage = msgspec.json.Decoder(Usage).decode


@dataclass(frozen=True, slots=True)
class Written:
    """An answer that nobody sees yet: `chunks` are those still to be written with `row`, in one transaction."""

    row: dict[str, Any]
    chunks: Sequence[dict[str, Any]]

    @property
    def weight(self) -> int:
        """Bytes still to be written."""
        return sum(len(chunk["data"]) for chunk in self.chunks)

    async def publish(self, connection: AsyncConnection) -> None:
        """Make it the answer of its exchange."""
        if self.chunks:
            await connection.execute(sa.insert(chunks), list(self.chunks))
        await connection.execute(sa.insert(results).values(self.row))


class Ended(Exception):  # noqa: N818 - no error: somebody else was quicker
    """The exchange does not run, so nothing can become its answer."""


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
        """The body from byte `start` on, piece by piece. Raises StoreError when it is not, or no longer, there."""
        wanted = sa.select(results.c.body, results.c.size).where(results.c.exchange == exchange)

        async def first(connection: AsyncConnection) -> Row | None:
            return (await connection.execute(wanted)).one_or_none()

        row = await self._database.read(first)
        if row is None:
            raise _gone(exchange)
        for number in range(start // CHUNK, -(-row.size // CHUNK)):
            data = await self._chunk(exchange, row.body, number)
            yield data[start - number * CHUNK :] if start > number * CHUNK else data

    async def _chunk(self, exchange: str, body: str, number: int) -> bytes:
        wanted = sa.select(chunks.c.data).where(chunks.c.body == body, chunks.c.number == number)

        async def act(connection: AsyncConnection) -> bytes | None:
            return (await connection.execute(wanted)).scalar_one_or_none()

        data = await self._database.read(act)
        if data is None:
            raise _gone(exchange)
        return await self._database.opened(data, _label(exchange, body, number))

    async def write(self, exchange: str, result: Result, now: float) -> Written:
        """Write all of `result` but its end; what comes back makes it visible. Raises StorageFull, ResultTooLarge, and
        what reading the body raises, Ended when a long one comes too late; nothing stays then.
        """
        body = uuid.uuid4().hex
        whole = False
        try:
            size, held = await self._pour(exchange, body, result)
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

    async def _pour(self, exchange: str, body: str, result: Result) -> tuple[int, list[dict[str, Any]]]:
        """Write all chunks but the last few; the body's size, and those."""
        number, size = 0, 0
        held: list[dict[str, Any]] = []
        async for data in pieces(result.body):
            size += len(data)
            if size > LIMIT:
                raise ResultTooLarge(LIMIT)
            if len(held) == _TOGETHER:
                await self._stage(held)
                held = []
            sealed = await self._database.sealed(data, _label(exchange, body, number))
            held.append({"body": body, "number": number, "exchange": exchange, "data": sealed})
            number += 1
        return size, held

    async def discard(self, written: Written) -> None:
        """Take back what `write` wrote, unless it became an answer after all."""
        if written.row["size"] > CHUNK * _TOGETHER:
            await self._drop(written.row["body"])

    async def _stage(self, held: Sequence[dict[str, Any]]) -> None:
        running = sa.select(exchanges.c.id).where(
            exchanges.c.id == held[0]["exchange"], exchanges.c.state == State.RUNNING
        )

        async def act(connection: AsyncConnection) -> None:
            if (await connection.execute(running)).one_or_none() is None:
                raise Ended
            await connection.execute(sa.insert(chunks), list(held))

        await self._database.writer.do(act, weight=sum(len(chunk["data"]) for chunk in held))

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


async def pieces(body: bytes | AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """`body` in pieces of CHUNK bytes, the last one shorter; none for an empty one."""
    if isinstance(body, bytes):
        for at in range(0, len(body), CHUNK):
            yield body[at : at + CHUNK]
        return
    held = bytearray()
    async for data in body:
        held += data
        while len(held) >= CHUNK:
            yield bytes(held[:CHUNK])
            del held[:CHUNK]
    if held:
        yield bytes(held)


def _label(exchange: str, body: str, number: int) -> str:
    return f"chunk {number} of {body} of {exchange}"


def _gone(exchange: str) -> StoreError:
    return StoreError(f"the answer of {exchange} is not kept any more")
