"""What is done at a full disk: nothing new is taken, what is over goes, and space that comes back is taken back."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from outwait.store.ballast import Ballast
from outwait.store.engine import Engines
from outwait.store.file import shrink
from outwait.store.sweep import expire

_ROUNDS: Final = 50  # transactions of deleting at once; the next full disk goes on
_BUSY: Final = 1.0  # seconds to wait for others before the file is left as large as it is


class Relief:
    """`ballast` is None where the disk is not ours, as with PostgreSQL. `clock`: wall seconds."""

    __slots__ = ("_ballast", "_clock", "_engines")

    def __init__(self, engines: Engines, ballast: Ballast | None, clock: Callable[[], float]) -> None:
        self._engines = engines
        self._ballast = ballast
        self._clock = clock

    async def room(self) -> bool:
        """Whether something new may be written: the ballast is held, or can be held again."""
        if self._ballast is None or self._ballast.held:
            return True
        return await asyncio.to_thread(self._ballast.hold)

    async def relieve(self) -> None:
        """The disk is full: let the ballast go and delete, with the space it leaves, what is over."""
        if self._ballast is not None:
            await asyncio.to_thread(self._ballast.drop)
        try:
            for _ in range(_ROUNDS):
                async with self._engines.writer.begin() as connection:
                    if await expire(connection, self._clock()) is None:
                        break
        except (sa.exc.SQLAlchemyError, OSError):  # nothing more can be done; the writes that failed say so
            return
        await self.shrink()

    async def shrink(self) -> None:
        """Give what was deleted back to the disk, if nobody is in the way."""
        if self._engines.embedded:
            try:
                await asyncio.to_thread(shrink, Path(self._engines.place), _BUSY)
            except sqlite3.Error:  # the pages stay free inside the file
                pass
