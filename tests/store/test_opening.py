from __future__ import annotations

import asyncio
import base64
import fcntl
import os
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.store.conftest import Run
from tests.store.places import NOW, SMALL, Place, body_of, exchange, result, settlement

from outwait.store.errors import StoreError
from outwait.store.opening import LOCK_FILE, Tuning, open_store
from outwait.store.seal import KEY_FILE
from outwait.wire.tasks import spawn

ONE = base64.urlsafe_b64encode(b"1" * 32).decode()
TWO = base64.urlsafe_b64encode(b"2" * 32).decode()


def test_what_was_stored_is_there_again(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            await store.exchanges.remember(exchange())
            await store.exchanges.settle(settlement(result=result(b"kept")))
        async with place.open() as store:
            assert await body_of(store) == b"kept"

    run(story())


def test_what_lies_in_the_directory_is_its_owners(sqlite_place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with sqlite_place.open() as store:
            assert store.place == str(sqlite_place.folder / "outwait.db")
            await store.exchanges.remember(exchange())
            names = {file.name for file in sqlite_place.folder.iterdir()}
            assert names == {"outwait.db", "outwait.db-wal", "outwait.db-shm", KEY_FILE, LOCK_FILE, "ballast"}

    run(story())
    assert sqlite_place.folder.stat().st_mode & 0o777 == 0o700


def test_many_open_a_new_store_at_once(place: Place, run: Run[None]) -> None:
    async def one(number: int) -> None:
        async with place.open() as store:
            await store.exchanges.remember(exchange(f"ow_{number}", story=b"sealed"))
            assert await store.exchanges.find(f"ow_{number}") is not None

    async def story() -> None:
        await asyncio.gather(*map(one, range(6)))
        async with place.open() as store:
            assert sum((await store.exchanges.counts()).values()) == 6

    run(story())


def test_keys_are_changed_one_after_the_other(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open([ONE]) as store:
            await store.exchanges.remember(exchange())
            await store.exchanges.settle(settlement(result=result(b"kept")))
        async with place.open([TWO, ONE]) as store:
            assert await body_of(store) == b"kept"
        async with place.open([TWO]) as store:
            assert await store.exchanges.find("ow_1") is not None
            with pytest.raises(StoreError, match="its key is not among the present ones"):
                await body_of(store)

    run(story())


def test_another_key_is_refused(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open([ONE]):
            pass
        with pytest.raises(StoreError, match=r"another encryption key: restore secret\.key"):
            async with place.open([TWO]):
                pass
        with pytest.raises(StoreError, match="another encryption key"):  # a fresh one, since none is given
            async with place.open():
                pass
        async with place.open([ONE]):
            pass

    run(story())


@pytest.mark.parametrize("path", ["file/data", "file"])
def test_a_directory_that_cannot_be_written_to_is_named(tmp_path: Path, run: Run[None], path: str) -> None:
    (tmp_path / "file").touch()

    async def story() -> None:
        await open_store(None, tmp_path / path, spawn=spawn, clock=lambda: NOW)

    with pytest.raises(StoreError, match=f"data_dir {tmp_path / path} cannot be written to"):
        run(story())


def test_a_directory_without_permission_is_named(run: Run[None]) -> None:
    async def story() -> None:
        await open_store(None, Path("/proc/self/task"), spawn=spawn, clock=lambda: NOW)

    with pytest.raises(StoreError, match="cannot be written to"):
        run(story())


def test_a_damaged_file_is_refused(sqlite_place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with sqlite_place.open() as store:
            await store.exchanges.remember(exchange())
            await store.exchanges.settle(settlement(result=result(b"x" * 500_000)))
        file = sqlite_place.folder / "outwait.db"
        with file.open("r+b") as out:
            out.seek(file.stat().st_size // 2)
            out.write(os.urandom(20_000))
            out.truncate(file.stat().st_size - 50_000)
        with pytest.raises(StoreError, match=r"is damaged .*\n.*\.recover"):
            async with sqlite_place.open():
                pass

    run(story())


def test_who_opens_too_long_is_not_waited_for(sqlite_place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with sqlite_place.open():
            pass
        lock = os.open(sqlite_place.folder / LOCK_FILE, os.O_RDWR)
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StoreError, match="another process has been opening"):
            async with sqlite_place.open(tuning=Tuning(patience=0.0)):
                pass
        waiting = asyncio.ensure_future(_opened(sqlite_place))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        os.close(lock)
        await waiting

    run(story())


async def _opened(place: Place) -> None:
    async with place.open(tuning=Tuning(ballast=SMALL)):
        pass


def test_a_lock_that_cannot_be_is_told(sqlite_place: Place, run: Run[None]) -> None:
    (sqlite_place.folder / LOCK_FILE).mkdir(parents=True)
    with pytest.raises(StoreError, match=r"store\.lock cannot be opened: Is a directory"):
        run(_opened(sqlite_place))


def test_a_database_that_does_not_answer_is_told(tmp_path: Path, run: Run[None]) -> None:
    pytest.importorskip("psycopg")
    url = f"postgresql://someone:hunter2@/db?host={tmp_path}"
    with pytest.raises(StoreError, match="no connection to postgresql://someone:") as told:
        run(_opened(Place(url, tmp_path / "data")))
    assert "hunter2" not in str(told.value)
    assert "see whether it runs" in str(told.value)


def test_a_broken_schema_is_told(sqlite_place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with sqlite_place.open() as store, store._database.engines.writer.begin() as connection:
            await connection.execute(sa.text("DROP TABLE facts"))
        with pytest.raises(StoreError, match=r"outwait\.db refused this"):
            await _opened(sqlite_place)
        shutil.rmtree(sqlite_place.folder)
        await _opened(sqlite_place)

    run(story())
