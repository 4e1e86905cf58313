from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from tests.store.conftest import Run
from tests.store.places import DAY, NOW, Place, body_of, event, exchange, response, result, settlement

from outwait.store.errors import ResultTooLarge, StorageFull, StoreError
from outwait.store.rows import Owner, ResponseEnd, State


def test_a_remembered_exchange_is_found_by_others(place: Place, run: Run[None]) -> None:
    row = exchange(idempotency="once", provider="openai:resp_x", orphan=NOW, story=b'{"code":"x"}')

    async def story() -> None:
        async with place.open() as one, place.open() as other:
            assert await one.exchanges.remember(row)
            assert await other.exchanges.find("ow_1") == row
            assert await other.exchanges.find("ow_2") is None

    run(story())


def test_an_id_is_remembered_once(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            assert await store.exchanges.remember(exchange())
            assert await store.exchanges.settle(settlement())
            assert not await store.exchanges.remember(exchange())
            found = await store.exchanges.find("ow_1")
            assert found is not None
            assert found.state is State.COMPLETED

    run(story())


def test_counts_name_every_state(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            await asyncio.gather(*(store.exchanges.remember(exchange(f"ow_{n}")) for n in range(3)))
            await store.exchanges.settle(settlement("ow_0", State.FAILED))
            counts = await store.exchanges.counts()
            assert counts == dict.fromkeys(State, 0) | {State.RUNNING: 2, State.FAILED: 1}

    run(story())


def test_an_orphan_is_adopted_by_one_of_many(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as one, place.open() as other:
            await one.exchanges.remember(exchange())
            ask = [store.exchanges.adopt("dev", b"f" * 16, NOW) for store in (one, other) for _ in range(5)]
            assert await asyncio.gather(*ask) == [None] * 10  # its client is still there
            assert await one.exchanges.orphan("ow_1", NOW + 1)
            ask = [store.exchanges.adopt("dev", b"f" * 16, NOW + 2) for store in (one, other) for _ in range(5)]
            assert [row.id for row in await asyncio.gather(*ask) if row is not None] == ["ow_1"]
            assert await other.exchanges.orphan("ow_1", NOW + 3)  # the retry broke as well
            again = await one.exchanges.adopt("dev", b"f" * 16, NOW + 4)
            assert again is not None
            assert (again.orphan, again.updated) == (None, NOW + 4)

    run(story())


def test_many_orphans_of_one_question_are_adopted_once_each(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as one, place.open() as other:
            names = [f"ow_{n}" for n in range(8)]
            rows = [exchange(name, orphan=NOW + n) for n, name in enumerate(names)]
            await asyncio.gather(*map(one.exchanges.remember, rows))
            first = await one.exchanges.adopt("dev", b"f" * 16, NOW)
            assert first is not None
            assert first.id == "ow_0"  # the one that waits longest
            ask = [store.exchanges.adopt("dev", b"f" * 16, NOW) for store in (one, other) for _ in range(6)]
            rest = [row.id for row in await asyncio.gather(*ask) if row is not None]
            assert sorted(rest) == names[1:]

    run(story())


@pytest.mark.parametrize(
    "change",
    [
        {"key": "another"},
        {"fingerprint": b"g" * 16},
        {"state": State.CANCELLED},
        {"state": State.LOST},
        {"state": State.COMPLETED, "expires": NOW},
    ],
)
def test_what_is_not_for_this_client_is_not_adopted(place: Place, run: Run[None], change: dict[str, Any]) -> None:
    async def story() -> None:
        async with place.open() as store:
            await store.exchanges.remember(exchange(orphan=NOW, **change))
            assert await store.exchanges.adopt("dev", b"f" * 16, NOW) is None

    run(story())


def test_an_adoption_nobody_waits_for_is_undone(sqlite_place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with sqlite_place.open() as store:
            await store.exchanges.remember(exchange(orphan=NOW))
            adoption = asyncio.ensure_future(store.exchanges.adopt("dev", b"f" * 16, NOW + 1))
            leave = adoption.cancel
            writer = store._database.engines.writer.sync_engine
            sa.event.listen(writer, "commit", lambda _: leave() and None, once=True)  # while it is committed
            await asyncio.wait([adoption])
            assert adoption.cancelled()
            assert await store.exchanges.adopt("dev", b"f" * 16, NOW + 2) is not None

    run(story())


def test_an_end_is_visible_with_all_that_comes_with_it(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store, place.open() as other:
            await store.exchanges.remember(exchange())
            await store.responses.add(response())
            end = settlement(
                story=b'{"code":"none"}',
                result=result(partial=True),
                response=ResponseEnd("resp_1", "completed", b'[{"type":"message"}]'),
                events=(event(),),
            )
            assert await store.exchanges.settle(end)
            found = await other.exchanges.find("ow_1")
            assert found == exchange(state=State.COMPLETED, updated=NOW + 5, story=b'{"code":"none"}')
            kept = await other.results.find("ow_1")
            assert kept is not None
            assert (kept.head, kept.usage, kept.partial, kept.size) == (end.result.head, end.result.usage, True, 13)  # type: ignore[union-attr]  # it has one
            assert await body_of(other) == b'{"answer":42}'
            said = await other.responses.find("resp_1", "dev")
            assert said is not None
            assert (said.status, said.output) == ("completed", b'[{"type":"message"}]')
            assert await other.outbox.lease(NOW, NOW + 60) == [event(attempts=1, next=NOW + 60)]

    run(story())


@pytest.mark.parametrize("size", [13, 3 << 20])
def test_an_exchange_ends_once(place: Place, run: Run[None], size: int) -> None:
    async def story() -> None:
        async with place.open() as one, place.open() as other:
            await one.exchanges.remember(exchange())
            ends = [settlement(result=result(bytes([n]) * size), events=(event(f"evt_{n}"),)) for n in range(4)]
            settled = await asyncio.gather(*((one, other)[n % 2].exchanges.settle(ends[n]) for n in range(4)))
            assert sorted(settled) == [False, False, False, True]
            assert await body_of(one) == bytes([settled.index(True)]) * size
            assert [due.id for due in await one.outbox.lease(NOW, NOW + 1)] == [f"evt_{settled.index(True)}"]
            assert not await one.exchanges.settle(settlement("ow_unknown", result=result(b"x" * size)))
            assert (await one.sweep(NOW)).freed == 0

    run(story())


def test_an_end_that_fails_leaves_it_running(place: Place, run: Run[None]) -> None:
    async def breaking() -> object:
        yield b"x" * (2 << 20)
        raise OSError("the journal cannot be read")

    async def story() -> None:
        async with place.open() as store:
            await store.exchanges.remember(exchange())
            with pytest.raises(OSError, match="journal"):
                await store.exchanges.settle(settlement(result=result(breaking())))
            assert await store.results.find("ow_1") is None
            found = await store.exchanges.find("ow_1")
            assert found is not None
            assert found.state is State.RUNNING
            assert await store.exchanges.settle(settlement(result=result(b"whole")))
            assert await body_of(store) == b"whole"

    run(story())


def test_an_answer_beyond_the_limit_is_refused(
    sqlite_place: Place, run: Run[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outwait.store.results.LIMIT", 2 << 20)

    async def story() -> None:
        async with sqlite_place.open() as store:
            await store.exchanges.remember(exchange())
            with pytest.raises(ResultTooLarge):
                await store.exchanges.settle(settlement(result=result(b"x" * (2 << 20) + b"y")))
            assert await store.exchanges.settle(settlement(story=b'{"code":"storage_full"}'))

    run(story())


def test_the_fallen_are_lost_or_taken_over_once(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as one, place.open() as other:
            await one.exchanges.remember(exchange("ow_plain", orphan=NOW))
            await one.exchanges.remember(exchange("ow_handle"))
            await one.exchanges.remember(exchange("ow_alive", owner=Owner(1, "boot-2")))
            await one.exchanges.remember(exchange("ow_ended"))
            assert await one.exchanges.handle("ow_handle", "openai:resp_x", NOW + 1)
            await one.exchanges.settle(settlement("ow_ended"))
            assert await other.exchanges.boots() == {"boot-1", "boot-2"}

            stores = (one, other)
            fallen = await asyncio.gather(
                *(stores[n].exchanges.lose(["boot-1"], Owner(n, f"boot-{n + 3}"), NOW + 9, b'{"w":1}') for n in (0, 1))
            )
            assert [row.id for each in fallen for row in each.lost] == ["ow_plain"]
            [(winner, resumed)] = [(n, row) for n in (0, 1) for row in fallen[n].resumed]
            assert (resumed.id, resumed.owner) == ("ow_handle", Owner(winner, f"boot-{winner + 3}"))
            assert await one.exchanges.find("ow_handle") == resumed
            lost = await one.exchanges.find("ow_plain")
            assert lost == exchange("ow_plain", state=State.LOST, updated=NOW + 9, story=b'{"w":1}')
            assert await one.exchanges.boots() == {"boot-2", f"boot-{winner + 3}"}
            assert not await one.exchanges.handle("ow_plain", "x", NOW)
            assert await one.exchanges.lose([], Owner(0, "b"), NOW) == msgspec.structs.replace(
                fallen[0], lost=(), resumed=()
            )

    run(story())


def test_an_exchange_may_be_kept_longer(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            await store.exchanges.remember(exchange())
            await store.exchanges.settle(settlement(expires=NOW + 10))
            assert await store.exchanges.extend("ow_1", NOW + DAY, NOW + 9)
            assert (await store.sweep(NOW + 11)).expired == ()
            assert not await store.exchanges.extend("ow_2", NOW + DAY, NOW)

    run(story())


def test_a_closed_store_says_so(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            pass
        with pytest.raises(StoreError, match="closed"):
            await store.exchanges.remember(exchange())

    run(story())
    assert issubclass(StorageFull, StoreError)
