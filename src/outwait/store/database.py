"""What every family of tables stands on: reading, writing, and the seal."""

from __future__ import annotations

import asyncio
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from outwait.store.engine import Engines
from outwait.store.seal import Seal
from outwait.store.trouble import told
from outwait.store.writer import Act, Writer

_LONG: Final = 64 << 10  # bytes from which on encrypting is done beside the loop

T = TypeVar("T")
Row = sa.Row[*tuple[Any, ...]]
Upsert = sqlite.Insert | postgresql.Insert


class Database:
    """One process's hands on the database. `seal` encrypts what is sealed at rest."""

    __slots__ = ("engines", "seal", "writer")

    def __init__(self, engines: Engines, writer: Writer, seal: Seal) -> None:
        self.engines = engines
        self.writer = writer
        self.seal = seal

    async def read(self, act: Act[T]) -> T:
        """Run `act`, which only reads, on a connection of its own. Raises StoreError."""
        try:
            async with self.engines.reader.connect() as connection:
                try:
                    return await act(connection)
                except asyncio.CancelledError:
                    # An answer may still be on its way, and must not be the next caller's (FACTS 3).
                    await connection.invalidate()
                    raise
        except (sa.exc.SQLAlchemyError, OSError) as error:
            raise told(error, self.engines.place) from None

    def insert(self, table: sa.Table) -> Upsert:
        """INSERT with `on_conflict_...`, which both databases have and the standard has not."""
        return sqlite.insert(table) if self.engines.embedded else postgresql.insert(table)

    async def sealed(self, data: bytes, label: str) -> bytes:
        """`data` encrypted for the place `label`."""
        if len(data) < _LONG:
            return self.seal.close(data, label)
        return await asyncio.to_thread(self.seal.close, data, label)

    async def opened(self, data: bytes, label: str) -> bytes:
        """What was sealed for `label`. Raises StoreError when it cannot be decrypted."""
        if len(data) < _LONG:
            return self.seal.open(data, label)
        return await asyncio.to_thread(self.seal.open, data, label)


async def changed(connection: AsyncConnection, statement: sa.UpdateBase) -> int:
    """Execute `statement`; how many rows it changed."""
    result = await connection.execute(statement, execution_options={"preserve_rowcount": True})
    return result.rowcount
