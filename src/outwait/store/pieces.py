"""A body in pieces of one size, each encrypted for its place: how answers lie in the database."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterator
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from outwait.store.schema import chunks, results

CHUNK: Final = 256 << 10
LIMIT: Final = 64 << 20  # bytes of one answer
TOGETHER: Final = 4  # chunks in one write


async def pieces(body: bytes | AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """`body` in pieces of CHUNK bytes, the last one shorter; none for an empty one."""
    if isinstance(body, bytes):
        for piece in cut(body):
            yield piece
        return
    held = bytearray()
    async for data in body:
        held += data
        while len(held) >= CHUNK:
            yield bytes(held[:CHUNK])
            del held[:CHUNK]
    if held:
        yield bytes(held)


def cut(body: bytes) -> Iterator[bytes]:
    """The same of a body that is there as a whole."""
    for at in range(0, len(body), CHUNK):
        yield body[at : at + CHUNK]


def place(exchange: str, body: str, number: int) -> str:
    """The label a piece is sealed for."""
    return f"chunk {number} of {body} of {exchange}"


def weight(rows: list[dict[str, Any]]) -> int:
    """Bytes of the data in rows of `chunks`."""
    return sum(len(row["data"]) for row in rows)


async def withdraw(connection: AsyncConnection, exchange: str, but: str = "") -> None:
    """Delete what is there of the answer of `exchange`, with its pieces, unless they are those of the body `but`."""
    mine = sa.select(results.c.body).where(results.c.exchange == exchange, results.c.body != but).scalar_subquery()
    await connection.execute(sa.delete(chunks).where(chunks.c.body == mine))
    await connection.execute(sa.delete(results).where(results.c.exchange == exchange))
