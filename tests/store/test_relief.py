from __future__ import annotations

import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from tests.store.conftest import Run
from tests.store.places import DAY, NOW, SMALL, Place, exchange, result, settlement
from tests.store.test_migrate import engines_of

from outwait.store.ballast import Ballast
from outwait.store.errors import StorageFull
from outwait.store.opening import Tuning
from outwait.store.relief import Relief
from outwait.store.rows import State
from outwait.store.store import Store

ROOT = Path(__file__).resolve().parents[2]


async def _bounded(store: Store, pages: int) -> None:
    """Let the file grow by no more than `pages`; SQLite then says what it says at a full disk."""
    async with store._database.engines.writer.connect() as connection:  # the one connection that writes
        now = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
        await connection.exec_driver_sql(f"PRAGMA max_page_count={now + pages}")


def test_a_full_file_lets_the_ballast_go_and_says_so(sqlite_place: Place, run: Run[None]) -> None:
    ballast = sqlite_place.folder / "ballast"

    async def story() -> None:
        async with sqlite_place.open(tuning=Tuning(ballast=SMALL)) as store:
            await store.exchanges.remember(exchange())
            await _bounded(store, 20)
            with pytest.raises(StorageFull):
                await store.exchanges.settle(settlement(result=result(b"x" * 500_000)))
            assert not ballast.exists()
            assert await store.exchanges.settle(settlement(state=State.FAILED, story=b"{}"))
            await store.exchanges.remember(exchange("ow_2"))
            assert ballast.exists()  # the disk had room after all

    run(story())


def test_what_is_over_goes_at_a_full_disk(sqlite_place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with sqlite_place.open(now=NOW + 2 * DAY) as store:
            await store.exchanges.remember(exchange())
            await store.exchanges.settle(settlement(result=result(b"x" * 500_000)))
            await store.exchanges.remember(exchange("ow_2"))
            await _bounded(store, 20)
            with pytest.raises(StorageFull):
                await store.exchanges.settle(settlement("ow_2", result=result(b"y" * 500_000)))
            assert await store.exchanges.find("ow_1") is None
            assert await store.exchanges.settle(settlement("ow_2", result=result(b"y" * 400_000)))

    run(story())


def test_while_there_is_no_room_nothing_new_is_taken(
    sqlite_place: Place, run: Run[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with sqlite_place.open() as store:
            await store.exchanges.remember(exchange())
            (sqlite_place.folder / "ballast").unlink()
            with monkeypatch.context() as patch:
                patch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 0))
                with pytest.raises(StorageFull):
                    await store.exchanges.remember(exchange("ow_2"))
                assert await store.exchanges.orphan("ow_1", NOW)
            assert await store.exchanges.remember(exchange("ow_2"))

    run(story())


def test_a_database_that_fails_altogether_is_left_alone(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        engines = engines_of(place)  # no tables in it
        ballast = None if place.url else Ballast(place.folder / "ballast", SMALL)
        relief = Relief(engines, ballast, lambda: NOW)
        assert await relief.room()
        await relief.relieve()
        await relief.shrink()
        await engines.close()

    run(story())


@cache
def _may_mount() -> bool:
    try:
        asked = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.mark.slow
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    if not _may_mount():
        pytest.skip("no name space of one's own to mount a small disk in (unshare -rm)")
    command = ["unshare", "-rm", sys.executable, "-m", "tests.store.full_disk", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert 40 < seen.pop("kept") < 100
    assert seen.pop("stored") > 80
    assert 0 < seen.pop("refusals") < 30
    assert seen == dict.fromkeys(seen, True)
