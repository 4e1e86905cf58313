"""Several processes at one store: what is for one of them goes to one, and a killed one takes nothing with it."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.store.conftest import Run
from tests.store.places import NOW, Place, body_of, event, exchange
from tests.store.player import COUNT, SIZES, body

from outwait.store.rows import Owner, State
from outwait.store.schema import chunks, exchanges, outbox, responses, results
from outwait.store.store import Store

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


async def _player(part: str, place: Place, number: int) -> asyncio.subprocess.Process:
    more = [place.url] if place.url else []
    command = [sys.executable, "-m", "tests.store.player", part, str(place.folder), str(number), *more]
    return await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)


async def _fill(place: Place) -> None:
    async with place.open() as store:
        await asyncio.gather(
            *(store.exchanges.remember(exchange(f"ow_{n}", orphan=NOW)) for n in range(COUNT)),
            *(store.exchanges.remember(exchange(f"ow_lost_{n}", owner=Owner(0, "dead"))) for n in range(COUNT)),
            *(
                store.exchanges.remember(exchange(f"ow_res_{n}", owner=Owner(0, "dead"), provider="h"))
                for n in range(COUNT)
            ),
            *(store.outbox.put(event(f"evt_{n}")) for n in range(COUNT)),
        )


def test_what_is_for_one_goes_to_one(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        await _fill(place)
        players = await asyncio.gather(*(_player("share", place, n) for n in range(2)))
        told = [json.loads((await player.communicate())[0]) for player in players]
        expected: dict[str, list[Any]] = {
            "adopted": [f"ow_{n}" for n in range(COUNT)],
            "claimed": list(range(COUNT)),
            "leased": [f"evt_{n}" for n in range(COUNT)],
            "lost": [f"ow_lost_{n}" for n in range(COUNT)],
            "resumed": [f"ow_res_{n}" for n in range(COUNT)],
        }
        for what, all_of_them in expected.items():
            assert sorted(item for each in told for item in each[what]) == sorted(all_of_them), what

    run(story())


async def _killed(place: Place, chance: random.Random) -> tuple[list[str], list[str]]:
    """Let two write, kill them one after the other; what was acknowledged as running, and as settled."""
    players = await asyncio.gather(*(_player("write", place, n) for n in range(2)))
    said: list[str] = []
    for player in players:
        assert player.stdout is not None
        said.append((await player.stdout.readline()).decode())
        await asyncio.sleep(chance.uniform(0.0, 0.2))
        player.kill()
    for player in players:
        said += (await player.communicate())[0].decode().splitlines()
        assert player.returncode == -9
    words = [line.split() for line in said]
    return [ident for what, ident in words if what == "running"], [ident for what, ident in words if what == "settled"]


async def _seen(store: Store, statement: sa.Select[Any]) -> set[str]:
    async with store._database.engines.reader.connect() as connection:
        return set((await connection.execute(statement)).scalars())


async def _examine(store: Store, running: Sequence[str], settled: Sequence[str]) -> int:
    stored = await _seen(store, sa.select(exchanges.c.id))
    completed = await _seen(store, sa.select(exchanges.c.id).where(exchanges.c.state == State.COMPLETED))
    assert set(running) <= stored
    assert set(settled) <= completed
    # Nothing is half settled: what is completed has everything that belongs to it, and what is not has nothing.
    assert await _seen(store, sa.select(results.c.exchange)) == completed
    assert await _seen(store, sa.select(responses.c.exchange).where(responses.c.status == "completed")) == completed
    assert await _seen(store, sa.select(outbox.c.id)) == {f"evt_{ident}" for ident in completed}
    for ident in completed:
        lane, turn = map(int, ident.split("_")[2:])
        assert await body_of(store, ident) == body(ident, SIZES[(turn + lane) % len(SIZES)])
    await store.exchanges.lose(await store.exchanges.boots(), Owner(9, "boot-9"), NOW)
    assert (await store.exchanges.counts())[State.RUNNING] == 0
    await store.sweep(NOW)
    assert await _seen(store, sa.select(chunks.c.exchange)) <= completed
    return len(completed)


def test_a_kill_takes_nothing_with_it_that_was_acknowledged(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        chance = random.Random(7)
        running: list[str] = []
        settled: list[str] = []
        completed = 0
        for _ in range(2):
            more = await _killed(place, chance)
            running += more[0]
            settled += more[1]
            async with place.open() as store:
                completed = await _examine(store, running, settled)
        assert completed >= len(settled) > 10

    run(story())
