from __future__ import annotations

import asyncio

import msgspec
from tests.store.conftest import Run
from tests.store.places import DAY, NOW, Place, event


def test_an_event_has_one_sender_at_a_time(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as one, place.open() as other:
            names = [f"evt_{n:02}" for n in range(30)]
            await asyncio.gather(*(one.outbox.put(event(name)) for name in names))
            taken = await asyncio.gather(
                *(store.outbox.lease(NOW, NOW + 60, 4) for store in (one, other) for _ in range(5))
            )
            assert sorted(due.id for each in taken for due in each) == names
            assert await one.outbox.lease(NOW + 59, NOW + 99) == []

    run(story())


def test_the_longest_due_goes_first(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            assert await store.outbox.next() is None
            await store.outbox.put(event("evt_later", next=NOW + 2))
            await store.outbox.put(event("evt_now", next=NOW + 1))
            await store.outbox.put(event("evt_future", next=NOW + 50))
            assert await store.outbox.next() == NOW + 1
            assert [due.id for due in await store.outbox.lease(NOW + 10, NOW + 20, 2)] == ["evt_now", "evt_later"]
            assert await store.outbox.next() == NOW + 20

    run(story())


def test_what_its_sender_does_not_settle_is_due_again(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            assert await store.outbox.put(event())
            assert not await store.outbox.put(event())
            [first] = await store.outbox.lease(NOW, NOW + 60)
            [second] = await store.outbox.lease(NOW + 60, NOW + 120)
            assert (first.attempts, second.attempts, second.payload) == (1, 2, event().payload)
            assert not await store.outbox.done(first)  # its lease is over
            assert await store.outbox.again(second, NOW + 300)
            assert await store.outbox.lease(NOW + 299, NOW + 400) == []
            [third] = await store.outbox.lease(NOW + 300, NOW + 400)
            assert third == msgspec.structs.replace(event(), attempts=3, next=NOW + 400)
            assert await store.outbox.done(third)
            assert not await store.outbox.done(third)
            assert not await store.outbox.again(third, NOW)
            assert await store.outbox.lease(NOW + DAY - 1, NOW + DAY) == []
            assert await store.outbox.next() is None

    run(story())


def test_a_stale_event_is_not_sent(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            await store.outbox.put(event())
            assert await store.outbox.lease(NOW + DAY, NOW + 2 * DAY) == []
            assert (await store.sweep(NOW + DAY)).events == 1
            assert await store.outbox.next() is None

    run(story())


def test_an_event_is_unreadable_at_rest(sqlite_place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with sqlite_place.open() as store:
            await store.outbox.put(event(payload=b"measles"))
            stored = b"".join(file.read_bytes() for file in sqlite_place.folder.iterdir())
            assert b"evt_1" in stored
            assert b"measles" not in stored
            assert b"token=t" not in stored

    run(story())
