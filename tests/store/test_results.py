from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from tests.store.conftest import Run
from tests.store.places import NOW, Place, body_of, exchange, result, settlement

from outwait.core.reply import Head
from outwait.store.errors import StoreError
from outwait.store.pieces import CHUNK
from outwait.store.rows import Result
from outwait.store.store import Store

LONG = bytes(range(256)) * (9 * CHUNK // 512) + b"end"  # 4 whole chunks, half of one, and a bit


async def _flow(data: bytes, step: int) -> AsyncIterator[bytes]:
    for at in range(0, len(data), step):
        yield data[at : at + step]


@pytest.mark.parametrize("body", [b"", b"x", LONG[:CHUNK], LONG[: CHUNK + 1], LONG])
@pytest.mark.parametrize("flowing", [False, True])
def test_a_body_comes_back_as_it_was(place: Place, run: Run[None], body: bytes, flowing: bool) -> None:
    async def story() -> None:
        async with place.open() as store:
            await store.exchanges.remember(exchange())
            given = _flow(body, 100_000) if flowing else body
            assert await store.exchanges.settle(settlement(result=result(given)))
            kept = await store.results.find("ow_1")
            assert kept is not None
            assert kept.size == len(body)
            assert await body_of(store) == body
            for start in (1, CHUNK - 1, CHUNK, CHUNK + 1, len(body), len(body) + CHUNK):
                assert await body_of(store, start=start) == body[start:]
            assert await store.kept() == len(body)

    run(story())


def test_nothing_of_an_answer_is_readable_at_rest(sqlite_place: Place, run: Run[None]) -> None:
    secret = b"the patient has measles "

    async def story() -> None:
        async with sqlite_place.open() as store:
            await store.exchanges.remember(exchange(story=secret))
            head = Head(200, "text/plain", (("x-secret", secret.decode().strip()),))
            await store.exchanges.settle(settlement(result=Result(head, secret * 50_000), story=secret))
            for file in sqlite_place.folder.iterdir():
                assert b"measles" not in file.read_bytes()

    run(story())


def test_a_body_that_goes_while_it_is_read_says_so(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            with pytest.raises(StoreError, match="ow_1 is not kept"):
                await body_of(store)
            await store.exchanges.remember(exchange())
            await store.exchanges.settle(settlement(result=result(LONG), expires=NOW))
            reading = store.results.body("ow_1")
            assert await anext(reading) == LONG[:CHUNK]
            await store.sweep(NOW)
            with pytest.raises(StoreError, match="ow_1 is not kept"):
                await anext(reading)

    run(story())


async def _change(store: Store, statement: str) -> None:
    async with store._database.engines.writer.begin() as connection:
        await connection.execute(sa.text(statement))


def test_an_answer_put_in_another_place_cannot_be_read(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            for name in ("ow_1", "ow_2"):
                await store.exchanges.remember(exchange(name))
                await store.exchanges.settle(settlement(name, result=result(name.encode())))
            theirs = "(SELECT {0} FROM {1} WHERE exchange = 'ow_2')"
            await _change(store, f"UPDATE chunks SET data = {theirs.format('data', 'chunks')} WHERE exchange = 'ow_1'")
            await _change(
                store, f"UPDATE results SET head = {theirs.format('head', 'results')} WHERE exchange = 'ow_1'"
            )
            with pytest.raises(StoreError, match=r"chunk 0 of .* of ow_1: it cannot be decrypted"):
                await body_of(store)
            with pytest.raises(StoreError, match="head of ow_1: it cannot be decrypted"):
                await store.results.find("ow_1")
            assert await body_of(store, "ow_2") == b"ow_2"

    run(story())


def test_many_read_while_many_write(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store, place.open() as other:
            names = [f"ow_{n}" for n in range(20)]

            async def live(name: str) -> bytes:
                await store.exchanges.remember(exchange(name))
                assert await store.exchanges.settle(settlement(name, result=result(name.encode() * 60_000)))
                return await body_of(other, name)

            assert await asyncio.gather(*map(live, names)) == [name.encode() * 60_000 for name in names]

    run(story())


def test_a_reader_that_is_cancelled_leaves_nothing_behind(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            for name in ("ow_1", "ow_2"):
                await store.exchanges.remember(exchange(name))
            for pause in range(15):
                reading = asyncio.ensure_future(store.exchanges.find("ow_1"))
                for _ in range(pause):
                    await asyncio.sleep(0)
                reading.cancel()
                await asyncio.wait([reading])
                found = await store.exchanges.find("ow_2")
                assert found is not None
                assert found.id == "ow_2"

    run(story())


def test_an_answer_whose_commit_was_not_heard_of_stays_whole(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            await store.exchanges.remember(exchange())
            written = await store.results.write("ow_1", result(LONG), NOW)
            async with store._database.engines.writer.begin() as connection:
                await written.publish(connection)
            await store.results.discard(written)  # by one who was told that the connection broke
            assert await body_of(store) == LONG

    run(story())
