"""The answer of a running exchange as far as it has come, so that its process may die at any moment.

Readers see all of what was added so far, up to the last addition that was finished: pieces are written first, also in
several transactions, and what lies beyond the size of the row is seen by nobody. The last piece is written again and
again until it is full, so that all pieces but the last have one size.
"""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from outwait.core.reply import Head
from outwait.store.database import Database, changed
from outwait.store.errors import Ended
from outwait.store.pieces import CHUNK, LIMIT, TOGETHER, cut, place, weight, withdraw
from outwait.store.rows import State
from outwait.store.schema import chunks, exchanges, results
from outwait.store.writer import Act


class Draft:
    """One answer that grows. It takes one addition at a time.

    `size`: bytes of it that are stored. After an error it goes on from there. `full`: it grows no more, since more than
    its size is not kept of an answer.
    """

    __slots__ = ("_body", "_database", "_exchange", "_head", "_tail", "full", "size")

    def __init__(self, database: Database, exchange: str, head: Head | None) -> None:
        """`head` is None for one that is stored already; `found` completes it."""
        self._database = database
        self._exchange = exchange
        self._head = head
        self._body = uuid.uuid4().hex
        self._tail = b""  # what is in the last piece, while that is not full
        self.size = 0
        self.full = False

    def found(self, body: str, size: int, tail: bytes) -> Draft:
        """Itself, as it was found in the store."""
        self._body, self.size, self._tail = body, size, tail
        return self

    async def add(self, data: bytes, provider: str | None = None) -> None:
        """Append `data`: all of it becomes visible, or nothing. With it `provider`, unless None, becomes the handle of
        the exchange, so that the two never tell different positions. A draft of another process for the same exchange
        goes with the first addition. Raises Ended when the exchange runs no more, StorageFull when there is no room.
        """
        self.full = self.full or self.size + len(data) > LIMIT
        if self.full or not data:
            return
        body = self._tail + data
        rows: list[dict[str, Any]] = []
        for number, piece in enumerate(cut(body), self.size // CHUNK):
            if len(rows) == TOGETHER:
                await self._database.writer.do(await self._written(rows, None), weight=weight(rows))
                rows = []
            sealed = await self._database.sealed(piece, place(self._exchange, self._body, number))
            rows.append({"body": self._body, "number": number, "exchange": self._exchange, "data": sealed})
        size = self.size + len(data)
        await self._database.writer.do(await self._written(rows, size, provider), weight=weight(rows))
        self.size, self._head = size, None
        self._tail = body[len(body) - size % CHUNK :]

    async def _written(self, rows: list[dict[str, Any]], size: int | None, provider: str | None = None) -> Act[None]:
        """The write of pieces, which makes what is there visible up to `size` unless that is None."""
        mine = (exchanges.c.id == self._exchange, exchanges.c.state == State.RUNNING)
        # A settlement by another process waits for this, or this for it and then finds the exchange ended.
        running = sa.select(exchanges.c.created).where(*mine).with_for_update(key_share=True)
        insert = self._database.insert(chunks).values(rows)
        insert = insert.on_conflict_do_update(index_elements=["body", "number"], set_={"data": insert.excluded.data})
        head = None
        if self._head is not None and size is not None:
            label = f"head of {self._exchange}"
            head = await self._database.sealed(msgspec.json.encode(self._head), label)

        async def act(connection: AsyncConnection) -> None:
            created = (await connection.execute(running)).scalar_one_or_none()
            if created is None:
                raise Ended
            await connection.execute(insert)
            if provider is not None:
                await connection.execute(sa.update(exchanges).where(*mine).values(provider=provider))
            if head is not None:
                await withdraw(connection, self._exchange, but=self._body)
                await connection.execute(sa.insert(results).values(self._row(head, size, created)))
            elif size is not None and await changed(connection, self._grown(size)) == 0:
                raise Ended  # another process goes on with it, in a draft of its own

        return act

    def _row(self, head: bytes, size: int | None, created: float) -> dict[str, Any]:
        return {
            "exchange": self._exchange,
            "body": self._body,
            "head": head,
            "partial": True,
            "size": size,
            "created": created,
        }

    def _grown(self, size: int) -> sa.Update:
        mine = sa.update(results).where(results.c.exchange == self._exchange, results.c.body == self._body)
        return mine.values(size=size)
