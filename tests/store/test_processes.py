"""Several processes at one store: what is for one of them goes to one, and a killed one takes nothing with it."""

from __future__ import annotations

import asyncio
import json
import random
import sys
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


Told = dict[str, dict[str, int]]  # what was said -> exchange -> bytes of its draft


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


async def _killed(place: Place, chance: random.Random) -> Told:
    """Let two write, kill them one after the other; what was acknowledged as running, as drafted, and as settled."""
    players = await asyncio.gather(*(_player("write", place, n) for n in range(2)))
    said: list[str] = []
    for player in players:
        assert player.stdout is not None
        said += [(await player.stdout.readline()).decode() for _ in range(30)]
        await asyncio.sleep(chance.uniform(0.0, 0.2))
        player.kill()
    for player in players:
        said += (await player.communicate())[0].decode().splitlines()
        assert player.returncode == -9
    told: Told = {"running": {}, "drafted": {}, "settled": {}}
    for what, ident, *size in map(str.split, said):
        told[what][ident] = int(size[0]) if size else 0
    return told


async def _seen(store: Store, statement: sa.Select[Any]) -> set[str]:
    async with store._database.engines.reader.connect() as connection:
        return set((await connection.execute(statement)).scalars())


async def _drafts(store: Store, completed: set[str], drafted: dict[str, int]) -> None:
    """Of what did not end, there is a beginning, and at least as much of it as was acknowledged."""
    partial = await _seen(store, sa.select(results.c.exchange).where(results.c.partial))
    assert partial >= {ident for ident, size in drafted.items() if size} - completed
    for ident in partial:
        said = await body_of(store, ident)
        assert len(said) >= max(drafted.get(ident, 0), 1)
        assert body(ident, 10 << 20).startswith(said)


async def _examine(store: Store, told: Told) -> int:
    stored = await _seen(store, sa.select(exchanges.c.id))
    completed = await _seen(store, sa.select(exchanges.c.id).where(exchanges.c.state == State.COMPLETED))
    assert told["running"].keys() <= stored
    assert told["settled"].keys() <= completed
    # Nothing is half settled: what is completed has everything that belongs to it, and what is not has nothing.
    assert await _seen(store, sa.select(results.c.exchange).where(~results.c.partial)) == completed
    assert await _seen(store, sa.select(responses.c.exchange).where(responses.c.status == "completed")) == completed
    assert await _seen(store, sa.select(outbox.c.id)) == {f"evt_{ident}" for ident in completed}
    for ident in completed:
        lane, turn = map(int, ident.split("_")[2:])
        assert await body_of(store, ident) == body(ident, SIZES[(turn + lane) % len(SIZES)])
    await _drafts(store, completed, told["drafted"])
    await store.exchanges.lose(await store.exchanges.boots(), Owner(9, "boot-9"), NOW)
    assert (await store.exchanges.counts())[State.RUNNING] == 0
    await _drafts(store, completed, told["drafted"])
    await store.sweep(NOW)
    assert await _seen(store, sa.select(chunks.c.body)) <= await _seen(store, sa.select(results.c.body))
    return len(completed)


def test_a_kill_takes_nothing_with_it_that_was_acknowledged(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        chance = random.Random(7)
        told: Told = {"running": {}, "drafted": {}, "settled": {}}
        completed = 0
        for _ in range(2):
            for what, more in (await _killed(place, chance)).items():
                told[what] |= more
            async with place.open() as store:
                completed = await _examine(store, told)
        assert completed >= len(told["settled"]) > 5

    run(story())
