"""Who is on board a worker stands in a file next to its life, and whoever comes after a kill tells what was lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.app.conftest import chat
from tests.edge.conftest import House, house, provider, story, until

from outwait.store import lives
from outwait.store.manifest import FOLDER
from outwait.store.rows import State

pytestmark = pytest.mark.slow  # real gateways and stores on disk

ENDLESS = chat("silent-20s", stream=False)


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in (folder / FOLDER).iterdir())


async def asking(door: House) -> asyncio.StreamWriter:
    """A client that stays; its call runs."""
    _, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(ENDLESS)
    await until(lambda: len(door.gateway.door.registry))
    return writer


@story
async def test_it_is_there_while_the_worker_is(tmp_path: Path) -> None:
    async with provider() as (text, _):
        async with house(text, data_dir=tmp_path) as door:
            assert files(tmp_path) == [door.storage.life.boot]
            writer = await asking(door)
            manifest = door.storage.manifest
            assert manifest is not None
            assert len(manifest) == 1
        writer.close()
        assert files(tmp_path) == []
        assert list((tmp_path / lives.FOLDER).iterdir()) == []


@story
async def test_without_room_for_it_the_worker_serves(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("in the way")
    async with provider() as (text, _), house(text, data_dir=tmp_path) as door:
        assert door.storage.manifest is None
        assert (await door.chat("echo")).status == 200


@story
async def test_after_a_kill_the_next_one_tells_what_was_lost_and_whose_it_was(tmp_path: Path) -> None:
    async with provider() as (text, _):
        async with house(text, data_dir=tmp_path) as door:
            writer = await asking(door)
            (exchange,) = door.gateway.door.registry
            boot = door.storage.life.boot
            await door.kill()
        writer.close()
        assert files(tmp_path) == [boot]
        async with house(text, data_dir=tmp_path) as heir:
            await heir.storage.upkeep.bury()
            row = await heir.storage.store.exchanges.find(exchange.id)
            assert row is not None
            assert (row.state, row.key, row.owner.boot) == (State.LOST, "dev", heir.storage.life.boot)
            assert files(tmp_path) == [heir.storage.life.boot]
