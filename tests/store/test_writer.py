from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.store.conftest import Run
from tests.store.places import Place

from outwait.store import writer as module
from outwait.store.engine import Engines, postgres_engines, sqlite_engines
from outwait.store.errors import StorageFull, StoreError
from outwait.store.writer import Act, Writer
from outwait.wire.tasks import spawn

TABLE = sa.table("t", sa.column("x"))


@dataclass
class FakeRelief:
    """Room as the test says; counts the times it was asked for."""

    free: bool = True
    relieved: int = 0

    async def room(self) -> bool:
        return self.free

    async def relieve(self) -> None:
        self.relieved += 1


@dataclass
class Desk:
    engines: Engines
    writer: Writer
    relief: FakeRelief
    commits: list[int] = field(default_factory=list)

    async def rows(self) -> list[int]:
        async with self.engines.reader.connect() as connection:
            return sorted((await connection.execute(sa.select(TABLE.c.x))).scalars())


@asynccontextmanager
async def desk(engines: Engines) -> AsyncIterator[Desk]:
    async with engines.writer.begin() as connection:
        await connection.exec_driver_sql("CREATE TABLE t (x INTEGER PRIMARY KEY)")
    relief = FakeRelief()
    made = Desk(engines, Writer(engines, spawn, relief), relief)
    sa.event.listen(engines.writer.sync_engine, "commit", lambda _: made.commits.append(1))
    try:
        yield made
    finally:
        await made.writer.close()
        await engines.close()


def engines_of(place: Place, tmp_path: Path) -> Engines:
    return sqlite_engines(tmp_path / "x.db", 0.0) if place.url is None else postgres_engines(place.url)


def put(x: int, seen: list[int] | None = None) -> Act[int]:
    async def act(connection: AsyncConnection) -> int:
        if seen is not None:
            seen.append(x)
        await connection.execute(sa.insert(TABLE).values(x=x))
        return x

    return act


def failing(at: list[BaseException | None]) -> Act[str]:
    """An act that raises what `at` says, one per call, then does its work."""

    async def act(connection: AsyncConnection) -> str:
        wrong = at.pop(0) if at else None
        if wrong is not None:
            raise wrong
        return "done"

    return act


def driver_error(code: int | None) -> sa.exc.OperationalError:
    error = sqlite3.OperationalError("measles")
    if code is not None:
        error.sqlite_errorcode, error.sqlite_errorname = code, "SQLITE_NAME"
    return sa.exc.OperationalError("x", {}, error)


def test_those_who_wait_share_a_transaction(place: Place, tmp_path: Path, run: Run[None]) -> None:
    async def story() -> None:
        async with desk(engines_of(place, tmp_path)) as it:
            assert await asyncio.gather(*(it.writer.do(put(x)) for x in range(100))) == list(range(100))
            assert len(it.commits) <= 2
            assert await it.rows() == list(range(100))

    run(story())


def test_a_refused_write_takes_nobody_along(place: Place, tmp_path: Path, run: Run[None]) -> None:
    async def wrong(connection: AsyncConnection) -> None:
        await connection.execute(sa.insert(TABLE).values(x=50))
        raise KeyError("mine")

    async def story() -> None:
        async with desk(engines_of(place, tmp_path)) as it:
            await it.writer.do(put(7))
            acts: list[Act[Any]] = [put(8), put(7), wrong, put(9)]
            done = await asyncio.gather(*map(it.writer.do, acts), return_exceptions=True)
            assert (done[0], done[3]) == (8, 9)
            assert isinstance(done[1], StoreError)
            assert isinstance(done[2], KeyError)
            assert await it.rows() == [7, 8, 9]

    run(story())


def test_heavy_writes_go_alone(tmp_path: Path, run: Run[None], sqlite_place: Place) -> None:
    async def story() -> None:
        async with desk(engines_of(sqlite_place, tmp_path)) as it:
            weights = [1, module.WEIGHT * 2, module.WEIGHT // 2, module.WEIGHT // 2, 1]
            await asyncio.gather(*(it.writer.do(put(x), weight=weight) for x, weight in enumerate(weights)))
            assert len(it.commits) == 4  # the light one, the heavy one, the two halves, the last

    run(story())


def test_a_busy_database_is_tried_again(tmp_path: Path, run: Run[None], sqlite_place: Place) -> None:
    async def story() -> None:
        async with desk(engines_of(sqlite_place, tmp_path)) as it:
            with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                write = asyncio.ensure_future(it.writer.do(put(1)))
                await asyncio.sleep(0.03)
                other.execute("ROLLBACK")
                assert await write == 1

    run(story())


@pytest.mark.parametrize(
    "code, message",
    [
        (sqlite3.SQLITE_BUSY, "kept busy by others"),
        (None, "connection to .* broke"),
        (sqlite3.SQLITE_CORRUPT, "is damaged"),
    ],
)
def test_what_does_not_pass_is_told(
    tmp_path: Path, run: Run[None], sqlite_place: Place, monkeypatch: pytest.MonkeyPatch, code: int | None, message: str
) -> None:
    monkeypatch.setattr(module, "_PAUSE", 0.0001)
    error = driver_error(code)

    async def story() -> None:
        async with desk(engines_of(sqlite_place, tmp_path)) as it:
            acts = [failing([error] * 99), put(1)]
            told = await asyncio.gather(*map(it.writer.do, acts), return_exceptions=True)
            assert all(isinstance(each, StoreError) for each in told)
            with pytest.raises(StoreError, match=message):
                raise told[0]  # type: ignore[misc]  # it is one
            assert await it.writer.do(put(2)) == 2
            passing = driver_error(sqlite3.SQLITE_BUSY)
            assert await it.writer.do(failing([passing, passing])) == "done"
            assert await it.rows() == [2]

    run(story())


def test_at_a_full_disk_only_what_grows_is_refused(tmp_path: Path, run: Run[None], sqlite_place: Place) -> None:
    full = driver_error(sqlite3.SQLITE_FULL)

    async def story() -> None:
        async with desk(engines_of(sqlite_place, tmp_path)) as it:
            deleting = it.writer.do(failing([full]), grows=False)
            told = await asyncio.gather(it.writer.do(put(1)), deleting, return_exceptions=True)
            assert (type(told[0]), told[1]) == (StorageFull, "done")
            assert it.relief.relieved == 1
            it.relief.free = False
            with pytest.raises(StorageFull, match="no space left"):
                await it.writer.do(put(2))
            assert await it.writer.do(put(3), grows=False) == 3
            it.relief.free = True
            assert await it.writer.do(put(4)) == 4
            with pytest.raises(StorageFull):
                await it.writer.do(failing([full] * 99), grows=False)

    run(story())


def test_a_commit_nobody_knows_of_is_not_repeated(tmp_path: Path, run: Run[None], sqlite_place: Place) -> None:
    async def story() -> None:
        async with desk(engines_of(sqlite_place, tmp_path)) as it:
            seen: list[int] = []

            def broken(_: sa.Connection) -> None:
                raise driver_error(None)

            sa.event.listen(it.engines.writer.sync_engine, "commit", broken)
            with pytest.raises(StoreError, match="broke"):
                await it.writer.do(put(1, seen))
            assert seen == [1]
            sa.event.remove(it.engines.writer.sync_engine, "commit", broken)
            assert await it.writer.do(put(2)) == 2

    run(story())


def test_a_connection_that_broke_is_made_anew(postgres_server: str, tmp_path: Path, run: Run[None]) -> None:
    async def story() -> None:
        with Place.in_schema(postgres_server, tmp_path) as place:
            async with desk(engines_of(place, tmp_path)) as it:
                seen: list[int] = []

                async def killed(connection: AsyncConnection) -> int:
                    seen.append(1)
                    if len(seen) == 1:
                        await connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
                    return await put(1)(connection)

                assert await it.writer.do(killed) == 1
                assert (await it.rows(), len(seen)) == ([1], 2)

    run(story())


def test_two_that_lock_each_other_out_both_pass(postgres_server: str, tmp_path: Path, run: Run[None]) -> None:
    def touching(*order: int) -> Act[None]:
        async def act(connection: AsyncConnection) -> None:
            for x in order:
                await connection.execute(sa.update(TABLE).where(TABLE.c.x == x).values(x=x))
                await connection.exec_driver_sql("SELECT pg_sleep(0.05)")

        return act

    async def story() -> None:
        with Place.in_schema(postgres_server, tmp_path) as place:
            async with desk(engines_of(place, tmp_path)) as it:
                await asyncio.gather(it.writer.do(put(1)), it.writer.do(put(2)))
                engines = engines_of(place, tmp_path)
                other = Writer(engines, spawn, FakeRelief())
                await asyncio.gather(it.writer.do(touching(1, 2)), other.do(touching(2, 1)))
                await other.close()
                await engines.close()

    run(story())


def test_a_writer_that_is_stopped_leaves_nobody_waiting(tmp_path: Path, run: Run[None], sqlite_place: Place) -> None:
    async def story() -> None:
        async with desk(engines_of(sqlite_place, tmp_path)) as it:
            started = asyncio.Event()

            async def endless(connection: AsyncConnection) -> None:
                started.set()
                await asyncio.Event().wait()

            waiting = [asyncio.ensure_future(it.writer.do(endless)) for _ in range(2)]
            await started.wait()
            late = asyncio.ensure_future(it.writer.do(put(1)))
            await asyncio.sleep(0)
            task = it.writer._task
            assert task is not None
            task.cancel()
            told = await asyncio.gather(*waiting, late, return_exceptions=True)
            assert [type(each) for each in told] == [StoreError] * 3
            assert await it.writer.do(put(2)) == 2
            assert await it.rows() == [2]

    run(story())


def test_what_was_written_for_one_who_left_is_undone(tmp_path: Path, run: Run[None], sqlite_place: Place) -> None:
    def undo(x: int) -> Act[None]:
        async def act(connection: AsyncConnection) -> None:
            await connection.execute(sa.delete(TABLE).where(TABLE.c.x == x))

        return act

    async def story() -> None:
        async with desk(engines_of(sqlite_place, tmp_path)) as it:
            victim = asyncio.ensure_future(it.writer.do(put(1), undo=undo))
            leave = victim.cancel

            def leaving(_: sa.Connection) -> None:
                leave()

            sa.event.listen(it.engines.writer.sync_engine, "commit", leaving)  # while it is committed
            await asyncio.wait([victim])
            sa.event.remove(it.engines.writer.sync_engine, "commit", leaving)
            assert await it.writer.do(put(2)) == 2
            assert (victim.cancelled(), await it.rows()) == (True, [2])

            async def first() -> None:
                await it.writer.do(put(3))
                victims[0].cancel()  # it is written, and about to hear of it

            waiting = asyncio.ensure_future(first())
            victims = [asyncio.ensure_future(it.writer.do(put(4), undo=undo))]
            await asyncio.wait([waiting, *victims])
            assert victims[0].cancelled()
            assert await it.writer.do(put(4)) == 4

    run(story())


def test_what_is_being_written_for_one_who_left_is_not(tmp_path: Path, run: Run[None], sqlite_place: Place) -> None:
    async def story() -> None:
        async with desk(engines_of(sqlite_place, tmp_path)) as it:

            async def leaving(connection: AsyncConnection) -> int:
                victim.cancel()
                return await put(1)(connection)

            victim = asyncio.ensure_future(it.writer.do(leaving))
            await asyncio.wait([victim])
            assert await it.writer.do(put(1)) == 1

    run(story())


def test_an_undoing_that_fails_disturbs_nobody(tmp_path: Path, run: Run[None], sqlite_place: Place) -> None:
    def undo(_: int) -> Act[str]:
        return failing([KeyError()])

    async def story() -> None:
        async with desk(engines_of(sqlite_place, tmp_path)) as it:
            write = asyncio.ensure_future(it.writer.do(put(1), undo=undo))
            leave = write.cancel
            sa.event.listen(it.engines.writer.sync_engine, "commit", lambda _: leave() and None, once=True)
            await asyncio.wait([write])
            assert await it.writer.do(put(99)) == 99

    run(story())
