from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.store.conftest import Run
from tests.store.places import DAY, HEAD, NOW, Place, body_of, exchange, result, settlement

from outwait.store.drafts import Draft
from outwait.store.errors import Ended, StorageFull, StoreError
from outwait.store.pieces import CHUNK, TOGETHER
from outwait.store.rows import Owner, ResultRow, State, Swept
from outwait.store.schema import chunks
from outwait.store.store import Store

TEXT = bytes(range(256)) * (12 * CHUNK // 256)


async def pieces_of(store: Store) -> list[int]:
    async with store._database.engines.reader.connect() as connection:
        return sorted((await connection.execute(sa.select(chunks.c.number))).scalars())


async def begun(store: Store, *added: bytes) -> Draft:
    await store.exchanges.remember(exchange())
    draft = store.results.draft("ow_1", HEAD)
    for data in added:
        await draft.add(data)
    return draft


def test_a_draft_grows_before_everybodys_eyes(place: Place, run: Run[None]) -> None:
    sizes = [1, 10, 0, CHUNK - 11, 1, CHUNK, 3, (TOGETHER + 2) * CHUNK, 7]  # whole pieces, and both sides of their ends

    async def story() -> None:
        async with place.open() as store, place.open() as other:
            draft = await begun(store)
            assert await other.results.find("ow_1") is None
            at = 0
            for size in sizes:
                await draft.add(TEXT[at : at + size])
                at += size
                assert (draft.size, await store.kept()) == (at, at)
                assert await other.results.find("ow_1") == ResultRow("ow_1", HEAD, at, NOW, partial=True)
                for start in {0, 1, max(at - 2, 0), at, min(CHUNK, at)}:
                    assert await body_of(other, start=start) == TEXT[start:at]
            assert await pieces_of(store) == list(range(-(-at // CHUNK)))

    run(story())


@pytest.mark.parametrize("state", [State.COMPLETED, State.FAILED, State.CANCELLED])
@pytest.mark.parametrize("size", [13, (TOGETHER + 2) * CHUNK])
def test_an_answer_takes_the_place_of_a_draft(place: Place, run: Run[None], state: State, size: int) -> None:
    async def story() -> None:
        async with place.open() as store:
            await begun(store, TEXT[: 3 * CHUNK])
            assert await store.exchanges.settle(settlement(state=state, result=result(b"x" * size)))
            assert await body_of(store) == b"x" * size
            kept = await store.results.find("ow_1")
            assert kept is not None
            assert (kept.partial, kept.size, await store.kept()) == (False, size, size)
            assert await pieces_of(store) == list(range(-(-size // CHUNK)))

    run(story())


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED, State.LOST])
def test_without_an_answer_a_draft_stays_as_a_partial_one(place: Place, run: Run[None], state: State) -> None:
    async def story() -> None:
        async with place.open() as store:
            draft = await begun(store, b"as far as it came")
            if state is State.LOST:
                assert (await store.exchanges.lose(["boot-1"], Owner(1, "boot-2"), NOW + 5)).lost
            else:
                assert await store.exchanges.settle(settlement(state=state))
            kept = await store.results.find("ow_1")
            assert kept is not None
            assert kept.partial
            assert await body_of(store) == b"as far as it came"
            with pytest.raises(Ended):
                await draft.add(b", and more")
            assert await store.results.resume("ow_1") is None
            assert (await store.sweep(NOW + 2 * DAY)).freed == 17
            assert await pieces_of(store) == []

    run(story())


def test_a_completed_exchange_without_an_answer_has_no_draft_either(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            await begun(store, TEXT)
            assert await store.exchanges.settle(settlement())
            assert await store.results.find("ow_1") is None
            assert (await store.kept(), await pieces_of(store)) == (0, [])

    run(story())


def test_a_late_settlement_changes_nothing(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            await begun(store, b"so far")
            await store.exchanges.settle(settlement(state=State.FAILED))
            assert not await store.exchanges.settle(settlement())
            assert not await store.exchanges.settle(settlement(result=result(b"late")))
            assert await body_of(store) == b"so far"

    run(story())


def test_an_unknown_exchange_has_no_draft(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            for size in (1, (TOGETHER + 1) * CHUNK):
                with pytest.raises(Ended):
                    await store.results.draft("ow_2", HEAD).add(b"x" * size)
            assert await store.results.resume("ow_2") is None
            assert await pieces_of(store) == []

    run(story())


def test_a_draft_beyond_the_limit_stays_what_it_is(
    place: Place, run: Run[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outwait.store.drafts.LIMIT", 10)

    async def story() -> None:
        async with place.open() as store:
            draft = await begun(store, b"0123456789")
            assert not draft.full
            for data in (b"x", b""):
                await draft.add(data)
                assert (draft.full, draft.size) == (True, 10)
            short = store.results.draft("ow_1", HEAD)
            for data in (b"01234", b"567890", b"5"):  # nothing is left out in the middle
                await short.add(data)
            assert (short.full, await body_of(store)) == (True, b"01234")

    run(story())


def test_a_handle_comes_with_what_it_stands_for(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            draft = await begun(store)
            for number, data in enumerate((b"a", b"b" * (TOGETHER + 1) * CHUNK, b"c")):
                await draft.add(data, f"openai:resp_x:{number}")
                row = await store.exchanges.find("ow_1")
                assert row is not None
                assert row.provider == f"openai:resp_x:{number}"
            await draft.add(b"d")
            fallen = await store.exchanges.lose(["boot-1"], Owner(1, "boot-2"), NOW)
            assert [row.provider for row in fallen.resumed] == ["openai:resp_x:2"]

    run(story())


@pytest.mark.parametrize("size", [5, CHUNK, CHUNK + 5])
def test_another_process_goes_on_with_it(place: Place, run: Run[None], size: int) -> None:
    async def story() -> None:
        async with place.open() as one, place.open() as other:
            first = await begun(one, TEXT[:size])
            again = await other.results.resume("ow_1")
            assert again is not None
            assert again.size == size
            await again.add(TEXT[size : size + CHUNK])
            assert await body_of(one) == TEXT[: size + CHUNK]
            assert first.size == size

    run(story())


def test_a_new_draft_ends_an_older_one(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as one, place.open() as other:
            old = await begun(one, TEXT[: 2 * CHUNK])
            await other.results.draft("ow_1", HEAD).add(b"anew")
            assert await body_of(one) == b"anew"
            with pytest.raises(Ended):
                await old.add(b"x")
            assert await body_of(one) == b"anew"
            assert await pieces_of(one) == [0]

    run(story())


def test_what_was_not_finished_is_seen_by_nobody_and_can_be_done_again(
    place: Place, run: Run[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    long = TEXT[3 : 3 + (2 * TOGETHER + 1) * CHUNK]

    async def story() -> None:
        async with place.open() as store:
            draft = await begun(store, TEXT[:3])
            real, writes = store._database.sealed, 0

            async def sealed(data: bytes, label: str) -> bytes:
                nonlocal writes
                writes += 1
                if writes > TOGETHER + 2:
                    raise StorageFull("here")
                return await real(data, label)

            with monkeypatch.context() as patch:
                patch.setattr(type(store._database), "sealed", lambda _, *given: sealed(*given))
                with pytest.raises(StorageFull):
                    await draft.add(long)
            assert await pieces_of(store) == list(range(TOGETHER))  # written, and beyond the end
            assert (draft.size, await body_of(store)) == (3, TEXT[:3])
            await store.sweep(NOW)
            await draft.add(long)
            assert await body_of(store) == TEXT[: 3 + len(long)]

    run(story())


def test_no_draft_makes_room(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            await begun(store, b"x" * 1000)
            await store.exchanges.remember(exchange("ow_2"))
            await store.exchanges.settle(settlement("ow_2", result=result(b"x" * 1000)))
            assert await store.sweep(NOW, 500) == Swept(evicted=("ow_2",), freed=1000)
            assert await body_of(store) == b"x" * 1000

    run(story())


def test_a_reader_of_a_draft_that_goes_is_told(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            await begun(store, TEXT)
            reading = store.results.body("ow_1")
            assert await anext(reading) == TEXT[:CHUNK]
            await store.exchanges.settle(settlement(result=result(TEXT)))
            with pytest.raises(StoreError, match="ow_1 is not kept"):
                await anext(reading)

    run(story())


def test_nothing_of_a_draft_is_readable_at_rest(sqlite_place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with sqlite_place.open() as store:
            await begun(store, b"the patient has measles")
            for file in sqlite_place.folder.iterdir():
                assert b"measles" not in file.read_bytes()

    run(story())


@pytest.fixture
def opened(sqlite_place: Place, run: Run[Any]) -> Iterator[Store]:
    """A store that stays open while many examples are tried."""
    context = sqlite_place.open()
    yield run(context.__aenter__())
    run(context.__aexit__(None, None, None))


@settings(max_examples=20, suppress_health_check=list(HealthCheck), deadline=None)
@given(parts=st.lists(st.tuples(st.binary(max_size=50), st.booleans()), max_size=8), size=st.integers(1, 20))
def test_any_parts_make_the_whole(
    opened: Store, run: Run[None], parts: Sequence[tuple[bytes, bool]], size: int
) -> None:
    store = opened

    async def story() -> None:
        await store.exchanges.remember(exchange())
        draft, whole = store.results.draft("ow_1", HEAD), b""
        for data, again in parts:
            if again:
                draft = await store.results.resume("ow_1") or draft
            await draft.add(data)
            whole += data
            assert (await body_of(store) if whole else b"") == whole
        await store.exchanges.settle(settlement(expires=NOW))
        await store.sweep(NOW)

    with pytest.MonkeyPatch.context() as patch:
        for room in ("pieces", "drafts", "results"):
            patch.setattr(f"outwait.store.{room}.CHUNK", size)
        run(story())
