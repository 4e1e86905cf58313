from __future__ import annotations

import asyncio

import sqlalchemy as sa
from tests.store.conftest import Run
from tests.store.places import DAY, NOW, Place, claim

from outwait.store.rows import Claimed, Existing


def test_a_name_is_given_once(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as one, place.open() as other:
            asked = [(one, other)[n % 2].claims.claim(claim(f"ow_{n}")) for n in range(10)]
            answers = await asyncio.gather(*asked)
            [winner] = [n for n, answer in enumerate(answers) if answer == Claimed()]
            theirs = Existing(f"ow_{winner}", b"f" * 16)
            assert all(answer == theirs for n, answer in enumerate(answers) if n != winner)
            assert await other.claims.find("dev", "once-1", NOW) == theirs

    run(story())


def test_whoever_has_the_name_may_claim_it_again(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            assert await store.claims.claim(claim()) == Claimed()
            assert await store.claims.claim(claim()) == Claimed()

    run(story())


def test_another_question_is_told_by_its_fingerprint(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            await store.claims.claim(claim())
            answer = await store.claims.claim(claim("ow_2", fingerprint=b"g" * 16))
            assert answer == Existing("ow_1", b"f" * 16)

    run(story())


def test_keys_do_not_share_names(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            await store.claims.claim(claim())
            assert await store.claims.claim(claim("ow_2", key="another")) == Claimed()
            assert await store.claims.claim(claim("ow_3", name="once-2")) == Claimed()

    run(story())


def test_a_name_is_free_when_its_time_is_over(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            await store.claims.claim(claim())
            assert await store.claims.find("dev", "once-1", NOW + DAY) is None
            late = claim("ow_2", created=NOW + DAY, expires=NOW + 2 * DAY, fingerprint=b"g" * 16)
            assert await store.claims.claim(late) == Claimed()
            assert await store.claims.find("dev", "once-1", NOW + DAY) == Existing("ow_2", b"g" * 16)

    run(story())


def test_only_its_exchange_releases_a_name(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            await store.claims.claim(claim())
            assert not await store.claims.release("dev", "once-1", "ow_2")
            assert await store.claims.release("dev", "once-1", "ow_1")
            assert await store.claims.find("dev", "once-1", NOW) is None
            assert await store.claims.claim(claim("ow_2")) == Claimed()

    run(story())


def test_a_claim_nobody_waits_for_is_undone(sqlite_place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with sqlite_place.open() as store:
            asked = asyncio.ensure_future(store.claims.claim(claim()))
            leave = asked.cancel
            writer = store._database.engines.writer.sync_engine
            sa.event.listen(writer, "commit", lambda _: leave() and None, once=True)  # while it is committed
            await asyncio.wait([asked])
            assert asked.cancelled()
            assert await store.claims.claim(claim("ow_2")) == Claimed()

    run(story())
