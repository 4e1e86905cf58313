from __future__ import annotations

import asyncio

import sqlalchemy as sa
from tests.store.conftest import Run
from tests.store.places import DAY, NOW, Place, claim, event, exchange, response, result, settlement

from outwait.store.pieces import CHUNK
from outwait.store.rows import ResponseEnd, State, Swept
from outwait.store.schema import chunks
from outwait.store.store import Store
from outwait.store.sweep import joined


async def _settled(store: Store, ident: str, size: int, at: float) -> None:
    await store.exchanges.remember(exchange(ident, created=at))
    await store.exchanges.settle(settlement(ident, now=at, expires=at + DAY, result=result(b"x" * size)))


async def _chunks(store: Store) -> int:
    async with store._database.engines.reader.connect() as connection:
        return int((await connection.execute(sa.select(sa.func.count()).select_from(chunks))).scalar_one())


def test_what_is_over_goes_with_all_that_belongs_to_it(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            await _settled(store, "ow_old", 3 * CHUNK, NOW)
            await _settled(store, "ow_new", 100, NOW + 50)
            await store.exchanges.remember(exchange("ow_running", expires=NOW))
            await store.claims.claim(claim("ow_old"))
            await store.claims.claim(claim("ow_else", name="other", expires=NOW + 1))
            await store.responses.add(response(expires=NOW + DAY))
            await store.outbox.put(event(expires=NOW + DAY))
            assert await store.sweep(NOW) == Swept()
            size = await store.kept() - 3 * CHUNK - 100
            swept = await store.sweep(NOW + DAY)
            assert swept == Swept(("ow_old",), (), ("resp_1",), 1, 1, 3 * CHUNK + size)
            assert await store.claims.find("dev", "once-1", NOW) is None
            assert (await store.kept(), await _chunks(store)) == (100, 1)
            assert await store.exchanges.counts() == dict.fromkeys(State, 0) | {State.RUNNING: 1, State.COMPLETED: 1}
            assert await store.sweep(NOW + DAY) == Swept()

    run(story())


def test_the_oldest_answers_make_room(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            for number in range(6):
                await _settled(store, f"ow_{number}", 1000, NOW + number)
            await store.claims.claim(claim("ow_0"))
            await store.exchanges.remember(exchange("ow_running"))
            assert (await store.sweep(NOW + 9, 6000)).freed == 0
            swept = await store.sweep(NOW + 9, 3500)
            assert swept == Swept(evicted=("ow_0", "ow_1", "ow_2"), freed=3000)
            assert await store.kept() == 3000
            assert await store.claims.find("dev", "once-1", NOW) is None
            await store.sweep(NOW + 9, 0)
            assert (await store.kept(), (await store.exchanges.counts())[State.RUNNING]) == (0, 1)

    run(story())


def test_responses_make_room_when_they_ended(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            await store.responses.add(response("resp_running"))
            await store.responses.add(response("resp_old"))
            await store.responses.end(ResponseEnd("resp_old", "completed", b"[]"))
            await _settled(store, "ow_new", 1000, NOW + 1)
            assert (await store.sweep(NOW, 1500)).responses == ("resp_old",)
            assert (await store.sweep(NOW, 0)).evicted == ("ow_new",)
            assert (await store.sweep(NOW, 0)) == Swept()
            assert await store.responses.find("resp_running", "dev") is not None

    run(story())


def test_more_than_one_transactions_worth_goes_too(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            await asyncio.gather(*(_settled(store, f"ow_{n:03}", 10, NOW + n) for n in range(250)))
            await asyncio.gather(*(store.claims.claim(claim(f"ow_{n}", name=f"n{n}")) for n in range(1000, 1250)))
            swept = await store.sweep(NOW + 2 * DAY)
            assert (len(set(swept.expired)), swept.claims, swept.freed) == (250, 250, 2500)

    run(story())


def test_each_of_the_deleted_is_reported_to_one(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as one, place.open() as other:
            await asyncio.gather(*(_settled(one, f"ow_{n:02}", 10, NOW) for n in range(40)))
            swept = await asyncio.gather(*((one, other)[n % 2].sweep(NOW + DAY) for n in range(6)))
            gone = [name for each in swept for name in each.expired]
            assert sorted(gone) == [f"ow_{n:02}" for n in range(40)]
            assert sum(each.freed for each in swept) == 400

    run(story())


def test_room_is_made_once_by_many(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as one, place.open() as other:
            await asyncio.gather(*(_settled(one, f"ow_{n}", 1000, NOW + n) for n in range(20)))
            swept = await asyncio.gather(*((one, other)[n % 2].sweep(NOW, 15_000) for n in range(6)))
            assert sorted(name for each in swept for name in each.evicted) == [f"ow_{n}" for n in range(5)]
            assert await one.kept() == 15_000

    run(story())


def test_chunks_that_never_became_an_answer_go(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            await store.exchanges.remember(exchange())
            await store.results.write("ow_1", result(b"x" * (9 * CHUNK)), NOW)  # and then its process died
            assert await _chunks(store) == 8
            await store.sweep(NOW)
            assert await _chunks(store) == 8  # it may still go on
            await store.exchanges.settle(settlement(state=State.LOST))
            await store.sweep(NOW)
            assert await _chunks(store) == 0

    run(story())


def test_two_sweeps_are_told_as_one() -> None:
    one, other = Swept(("a",), ("b",), ("c",), 1, 2, 3), Swept(("d",), (), ("e",), 10, 20, 30)
    assert joined(one, other) == Swept(("a", "d"), ("b",), ("c", "e"), 11, 22, 33)
