"""What comes with the end of an exchange: who waits for it, its response, and exchanges that were never remembered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from tests.store.conftest import Run
from tests.store.places import HEAD, NOW, Place, body_of, event, exchange, response, result, settlement

from outwait.store.errors import StorageFull, StoreError
from outwait.store.rows import ExchangeRow, Owner, State

LONG = b"x" * (3 << 20)
ASKED = (b"f" * 16, NOW + 9)


# --------------------------------------------------------------------------------------------------------- who waits
@pytest.mark.parametrize("before, end, after", [(None, None, None), (NOW, None, NOW), (None, NOW + 5, NOW + 5)])
def test_a_settled_exchange_waits_for_its_client(
    place: Place, run: Run[None], before: float | None, end: float | None, after: float | None
) -> None:
    async def story() -> None:
        async with place.open() as store:
            await store.exchanges.remember(exchange(orphan=before, story=b"1"))
            assert await store.exchanges.settle(settlement(orphan=end))
            assert await store.exchanges.find("ow_1") == exchange(
                state=State.COMPLETED, updated=NOW + 5, orphan=after, story=b"1"
            )
            found = await store.exchanges.waiting("dev", *ASKED)
            assert found == (None if after is None else "ow_1")

    run(story())


def test_who_waits_is_seen_without_an_adoption(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as one, place.open() as other:
            assert await one.exchanges.waiting("dev", *ASKED) is None
            for name, at in (("ow_2", NOW + 2), ("ow_1", NOW + 1), ("ow_3", NOW + 3)):
                await one.exchanges.remember(exchange(name, orphan=at))
            await one.exchanges.remember(exchange("ow_0", orphan=NOW, key="another"))
            for _ in range(2):
                assert await other.exchanges.waiting("dev", *ASKED) == "ow_1"
            assert await other.exchanges.adopted("ow_1", NOW + 5)
            assert not await one.exchanges.adopted("ow_1", NOW + 6)  # another was quicker
            assert not await one.exchanges.adopted("ow_9", NOW)
            assert await one.exchanges.find("ow_1") == exchange(updated=NOW + 5)
            row = await one.exchanges.adopt("dev", *ASKED)
            assert row is not None
            assert row.id == "ow_2"
            assert await one.exchanges.waiting("dev", *ASKED) == "ow_3"

    run(story())


def test_a_keys_exchanges_are_told_newest_first(place: Place, run: Run[None]) -> None:
    rows = [exchange(f"ow_{n}", created=NOW + n // 2, story=b"%d" % n) for n in range(5)]

    async def story() -> None:
        async with place.open() as store:
            for row in (*rows, exchange("ow_9", key="another")):
                await store.exchanges.remember(row)
            assert await store.exchanges.of("dev", 10) == rows[::-1]
            assert await store.exchanges.of("dev", 2) == [rows[4], rows[3]]
            assert await store.exchanges.of("nobody", 10) == []

    run(story())


# --------------------------------------------------------------------------------------------------------- responses
def test_an_exchange_and_its_response_are_remembered_together(place: Place, run: Run[None]) -> None:
    asked = response(background=True, stream=True, handle="openai:resp_up")

    async def story() -> None:
        async with place.open() as store:
            assert await store.exchanges.remember(exchange(), asked)
            assert await store.responses.of("ow_1") == asked
            assert not await store.exchanges.remember(exchange(), response("resp_2"))
            assert not await store.exchanges.remember(exchange("ow_2"), response())
            assert await store.responses.find("resp_2", "dev") is None
            assert await store.exchanges.find("ow_2") is None

    run(story())


def test_a_response_that_was_not_known_comes_with_the_end(place: Place, run: Run[None]) -> None:
    whole = response(status="completed", output=b"[1]", handle="a:b", previous="resp_0", expires=NOW + 9 * 86_400)

    async def story() -> None:
        async with place.open() as store:
            await store.responses.add(response("resp_0", exchange="ow_0"))
            await store.exchanges.remember(exchange())
            assert await store.exchanges.settle(settlement(response=whole))
            assert await store.responses.of("ow_1") == whole
            older = await store.responses.find("resp_0", "dev")
            assert older is not None
            assert older.expires == whole.expires
            assert not await store.exchanges.settle(settlement(response=response("resp_2")))
            assert await store.responses.find("resp_2", "dev") is None

    run(story())


@pytest.mark.parametrize("output", [b"[1]", None])
def test_a_response_that_was_known_after_all_ends(place: Place, run: Run[None], output: bytes | None) -> None:
    async def story() -> None:
        async with place.open() as store:
            await store.exchanges.remember(exchange(), response(background=True))
            assert await store.exchanges.settle(settlement(response=response(status="failed", output=output)))
            assert await store.responses.of("ow_1") == response(background=True, status="failed", output=output)

    run(story())


def test_the_response_of_another_exchange_stays_what_it_is(place: Place, run: Run[None]) -> None:
    theirs = response(key="another", exchange="ow_2")

    async def story() -> None:
        async with place.open() as store:
            await store.exchanges.remember(exchange("ow_2"), theirs)
            await store.exchanges.remember(exchange())
            assert await store.exchanges.settle(settlement(response=response(status="completed", output=b"[1]")))
            assert await store.responses.find("resp_1", "another") == theirs
            assert await store.responses.find("resp_1", "dev") is None

    run(story())


# -------------------------------------------------------------------------------------------------- never remembered
@pytest.mark.parametrize("body", [None, b"", b"short", LONG])
@pytest.mark.parametrize("known", [False, True])
def test_what_was_never_remembered_can_be_kept(place: Place, run: Run[None], body: bytes | None, known: bool) -> None:
    async def story() -> None:
        async with place.open() as store:
            row = exchange(story=b"before", orphan=NOW)
            if known:
                assert await store.exchanges.remember(row)
            end = settlement(
                story=b"after",
                result=None if body is None else result(body),
                response=response(status="completed", output=b"[1]"),
                events=(event(),),
            )
            assert await store.exchanges.keep(row, end)
            after = {"state": State.COMPLETED, "updated": NOW + 5, "story": b"after"}
            assert await store.exchanges.find("ow_1") == msgspec.structs.replace(row, **after)
            if body is not None:
                assert await body_of(store) == body
            assert await store.responses.of("ow_1") == response(status="completed", output=b"[1]")
            assert await store.outbox.next() == NOW
            assert not await store.exchanges.keep(row, end)
            assert await store.exchanges.waiting("dev", *ASKED) == "ow_1"

    run(story())


def test_of_many_who_keep_it_one_does(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as one, place.open() as other:
            ends = [settlement(result=result(bytes([n]) * (1 << 21))) for n in range(4)]
            kept = await asyncio.gather(*((one, other)[n % 2].exchanges.keep(exchange(), ends[n]) for n in range(4)))
            assert sorted(kept) == [False, False, False, True]
            assert await body_of(one) == bytes([kept.index(True)]) * (1 << 21)

    run(story())


async def _breaking(size: int) -> AsyncIterator[bytes]:
    yield b"x" * size
    raise OSError("the journal cannot be read")


@pytest.mark.parametrize("size", [1, 3 << 20])
@pytest.mark.parametrize("known", [False, True])
def test_what_could_not_be_kept_leaves_nothing(place: Place, run: Run[None], size: int, known: bool) -> None:
    async def story() -> None:
        async with place.open() as store:
            if known:
                await store.exchanges.remember(exchange())
            with pytest.raises(OSError, match="journal"):
                await store.exchanges.keep(exchange(), settlement(result=result(_breaking(size))))
            found = await store.exchanges.find("ow_1")
            assert found == (exchange() if known else None)
            assert await store.exchanges.keep(exchange(), settlement(result=result(b"whole")))
            assert await body_of(store) == b"whole"

    run(story())


def test_keeping_that_cannot_be_taken_back_tells_what_was_wrong(
    sqlite_place: Place, run: Run[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with sqlite_place.open() as store:
            writer = type(store._database.writer)
            real = writer.do

            async def do(self: object, act: object, **how: object) -> object:
                if how.get("grows") is False:
                    raise StoreError("the database went")
                return await real(self, act, **how)  # type: ignore[arg-type]  # as it came

            monkeypatch.setattr(writer, "do", do)
            with pytest.raises(OSError, match="journal"):
                await store.exchanges.keep(exchange(), settlement(result=result(_breaking(3 << 20))))
            assert await store.exchanges.boots() == {"boot-1"}  # whose end will be its end

    run(story())


def test_nothing_is_kept_without_room(sqlite_place: Place, run: Run[None], monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with sqlite_place.open() as store:

            async def room(_: object) -> bool:
                return False

            monkeypatch.setattr("outwait.store.relief.Relief.room", room)
            with pytest.raises(StorageFull):
                await store.exchanges.keep(exchange(), settlement())
            assert await store.exchanges.find("ow_1") is None

    run(story())


# -------------------------------------------------------------------------------------------------------------- lost
def test_each_of_the_lost_has_a_story_of_its_own(place: Place, run: Run[None]) -> None:
    def told(row: ExchangeRow) -> bytes | None:
        return None if row.story is None else row.story + b", and then it died"

    async def story() -> None:
        async with place.open() as store:
            await store.exchanges.remember(exchange("ow_1", story=b"it ran"))
            await store.exchanges.remember(exchange("ow_2"))
            fallen = await store.exchanges.lose(["boot-1"], Owner(1, "boot-2"), NOW, told)
            stories = {row.id: row.story for row in fallen.lost}
            assert stories == {"ow_1": b"it ran, and then it died", "ow_2": None}
            for row in fallen.lost:
                assert await store.exchanges.find(row.id) == row

    run(story())


def test_a_partial_answer_can_be_given_too(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            await store.exchanges.remember(exchange())
            await store.results.draft("ow_1", HEAD).add(b"short")
            end = settlement(state=State.FAILED, result=result(b"shorter", partial=True))
            assert await store.exchanges.settle(end)
            assert await body_of(store) == b"shorter"

    run(story())
