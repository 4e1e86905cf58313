"""All writes of a process go through one hand, which makes one transaction of what came meanwhile.

Waiting for the disk is the price of a transaction, not of a row (FACTS 3), so those who wait share it. Each write has
a savepoint: one that is refused takes nobody along. A caller hears of its write after the commit.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from outwait.store.engine import Engines
from outwait.store.errors import StorageFull, StoreError
from outwait.store.trouble import Trouble, told, trouble

GROUP: Final = 200  # writes in a transaction
WEIGHT: Final = 1 << 20  # and bytes: others' turn comes soon, and the log stays smaller than the ballast
_TRIES: Final = 6
_PAUSE: Final = 0.02  # seconds before the second try; each further one waits twice as long

T = TypeVar("T")
Act = Callable[[AsyncConnection], Awaitable[T]]
Spawn = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]


class Relief(Protocol):
    """Who makes room at a full disk."""

    async def room(self) -> bool:
        """Whether something new may be written."""

    async def relieve(self) -> None:
        """A write found the disk full: make room for deleting."""


@dataclass(slots=True, eq=False)
class _Write:
    """`grows`: it needs room. `undo`: what to do with its result when nobody waits for it any more."""

    act: Act[Any]
    future: asyncio.Future[Any]
    weight: int
    grows: bool
    undo: Callable[[Any], Act[Any]] | None


class _Commit(Exception):  # noqa: N818 - not an error by itself
    """The commit failed, and it is not known whether the database did it."""


class Writer:
    """Takes writes from any task of its loop. `close` waits for those that were taken."""

    __slots__ = ("_closed", "_engines", "_queue", "_relief", "_spawn", "_task")

    def __init__(self, engines: Engines, spawn: Spawn, relief: Relief) -> None:
        self._engines = engines
        self._spawn = spawn
        self._relief = relief
        self._queue: deque[_Write] = deque()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def do(
        self,
        act: Act[T],
        *,
        weight: int = 0,
        grows: bool = True,
        undo: Callable[[T], Act[Any]] | None = None,
    ) -> T:
        """Run `act` in a transaction and return what it returned, once it is on the disk. `act` may run several times.

        Raises StoreError when the database fails, StorageFull when it is full, and whatever `act` raises.
        """
        if self._closed:
            raise StoreError("the store is closed")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.append(_Write(act, future, weight, grows, undo))
        self._wake()
        try:
            return await future
        except asyncio.CancelledError:
            if undo is not None and future.done() and not future.cancelled() and future.exception() is None:
                self._revoke(undo(future.result()))  # cancelled after the write, before it could be told
            raise

    async def close(self) -> None:
        """Finish what was taken; nothing is taken any more."""
        self._closed = True
        if self._task is not None:
            await asyncio.wait([self._task])

    def _wake(self) -> None:
        if self._task is None:
            self._task = self._spawn(self._drain(), "store writer")

    def _revoke(self, act: Act[Any]) -> None:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_heard)
        self._queue.appendleft(_Write(act, future, 0, grows=False, undo=None))  # before others look
        self._wake()

    async def _drain(self) -> None:
        group: list[_Write] = []
        try:
            while self._queue:
                group = self._take()
                await self._serve(group)
        finally:  # also when cancelled: nobody must wait for ever
            self._task = None
            for write in (*group, *self._queue):
                _fail(write, StoreError("the store was closed before this was written"))
            self._queue.clear()

    def _take(self) -> list[_Write]:
        group: list[_Write] = []
        weight = 0
        while self._queue and len(group) < GROUP and (not group or weight + self._queue[0].weight <= WEIGHT):
            write = self._queue.popleft()
            if not write.future.done():  # else its caller left before it began
                group.append(write)
                weight += write.weight
        return group

    async def _serve(self, group: list[_Write]) -> None:
        """Write `group`, in smaller transactions if that is what it takes; each future is done afterwards."""
        relieved = False
        for number in range(_TRIES):
            group = await self._admitted(group)
            if not group:
                return
            try:
                await self._transact(group)
                return
            except _Commit as failed:
                _fail_all(group, told(failed.__cause__ or failed, self._engines.place))
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
                kind = trouble(error)
                if kind is Trouble.FULL and not relieved:
                    relieved = True
                    await self._relief.relieve()  # before anybody hears of it and tries again
                    group = _refuse_growing(group, self._engines.place)
                    continue
                if kind not in (Trouble.CONTENTION, Trouble.GONE) or number == _TRIES - 1:
                    _fail_all(group, told(error, self._engines.place))
                    return
                await asyncio.sleep(_PAUSE * 2**number)
        _fail_all(group, StorageFull(self._engines.place))

    async def _admitted(self, group: list[_Write]) -> list[_Write]:
        """`group` without those who left, and those for which there is no room."""
        group = [write for write in group if not write.future.done()]
        if any(write.grows for write in group) and not await self._relief.room():
            return _refuse_growing(group, self._engines.place)
        return group

    async def _transact(self, group: list[_Write]) -> None:
        done: list[tuple[_Write, Any]] = []
        refused: list[tuple[_Write, BaseException]] = []
        async with self._engines.writer.connect() as connection:
            transaction = await connection.begin()
            for write in group:
                savepoint = await connection.begin_nested()
                try:
                    result = await write.act(connection)
                    if write.future.done():  # its caller left meanwhile: as if it had never asked
                        await savepoint.rollback()
                        continue
                    await savepoint.commit()
                    done.append((write, result))
                except Exception as error:  # task top: a refused write is its caller's, not the group's
                    if isinstance(error, sa.exc.SQLAlchemyError) and trouble(error) is not Trouble.REFUSED:
                        raise  # SQLite may have ended the whole transaction: there is no savepoint to go back to
                    await savepoint.rollback()
                    refused.append((write, error))
            try:
                await transaction.commit()
            except sa.exc.SQLAlchemyError as error:
                await connection.invalidate()  # its transaction may still be open
                if trouble(error) is Trouble.GONE:
                    raise _Commit from error
                raise
            self._tell(done, refused)  # before anything else can go wrong

    def _tell(self, done: list[tuple[_Write, Any]], refused: list[tuple[_Write, BaseException]]) -> None:
        for write, why in refused:
            _fail(write, told(why, self._engines.place) if isinstance(why, sa.exc.SQLAlchemyError) else why)
        for write, result in done:
            if not write.future.done():
                write.future.set_result(result)
            elif write.undo is not None:  # its caller was cancelled while it was committed
                self._revoke(write.undo(result))


def _heard(future: asyncio.Future[Any]) -> None:
    """Nobody waits for it, so an error of it is no surprise to anybody."""
    if not future.cancelled():
        future.exception()


def _fail(write: _Write, error: BaseException) -> None:
    if not write.future.done():
        write.future.set_exception(error)


def _fail_all(group: list[_Write], error: StoreError) -> None:
    for write in group:
        _fail(write, error)


def _refuse_growing(group: list[_Write], place: str) -> list[_Write]:
    """Tells those that need room that there is none; returns the others."""
    _fail_all([write for write in group if write.grows], StorageFull(place))
    return [write for write in group if not write.grows]
