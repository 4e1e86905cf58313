from __future__ import annotations

import asyncio

from tests.store.conftest import Run
from tests.store.places import NOW, Place, exchange, response, result, settlement

from outwait.store.pieces import CHUNK


def test_closing_finishes_what_was_asked_for(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            asked = [asyncio.ensure_future(store.exchanges.remember(exchange(f"ow_{n}"))) for n in range(50)]
            await asyncio.sleep(0)
        assert all(await asyncio.gather(*asked))
        async with place.open() as store:
            assert sum((await store.exchanges.counts()).values()) == 50

    run(story())


def test_kept_bytes_are_answers_and_responses(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            assert await store.kept() == 0
            await store.responses.add(response())
            said = await store.kept()
            assert said > 0
            await store.exchanges.remember(exchange())
            await store.exchanges.settle(settlement(result=result(b"x" * 1000)))
            assert await store.kept() == said + 1000

    run(story())


def test_a_great_sweep_makes_the_file_smaller(sqlite_place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with sqlite_place.open() as store:
            await store.exchanges.remember(exchange())
            await store.exchanges.settle(settlement(result=result(b"x" * (40 * CHUNK)), expires=NOW))
            await store.sweep(NOW)
            assert (sqlite_place.folder / "outwait.db").stat().st_size < CHUNK

    run(story())
