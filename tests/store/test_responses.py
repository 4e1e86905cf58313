from __future__ import annotations

import msgspec
import pytest
from tests.store.conftest import Run
from tests.store.places import DAY, HEAD, NOW, Place, exchange, response, settlement

from outwait.store.errors import StoreError
from outwait.store.rows import Conversation, ResponseEnd, Result


def test_a_response_is_its_keys_own(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            assert await store.responses.add(response())
            assert not await store.responses.add(response(model="other"))
            assert await store.responses.find("resp_1", "dev") == response()
            assert await store.responses.find("resp_1", "another") is None
            assert await store.responses.of("ow_1") == response()
            assert await store.responses.of("ow_2") is None

    run(story())


def test_a_response_goes_on_and_ends(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            await store.responses.add(response(status="queued"))
            assert await store.responses.status("resp_1", "in_progress")
            before = await store.kept()
            for output in (b"[1]", b"[1,2]"):  # the second time instead of the first, also in what it weighs
                assert await store.responses.end(ResponseEnd("resp_1", "completed", output))
            assert await store.kept() - before == len(store._database.seal.close(b"[1,2]", "output of resp_1"))
            assert await store.responses.find("resp_1", "dev") == response(status="completed", output=b"[1,2]")
            assert await store.responses.end(ResponseEnd("resp_1", "completed", b"[1,2]", "theirs"))
            assert await store.responses.end(ResponseEnd("resp_1", "completed", b"[1,2]"))
            ended = response(status="completed", output=b"[1,2]", handle="theirs")
            assert await store.responses.find("resp_1", "dev") == ended
            assert not await store.responses.end(ResponseEnd("resp_2", "completed", b"[]"))
            assert not await store.responses.status("resp_2", "failed")

    run(story())


def test_a_conversation_is_told_from_its_beginning(place: Place, run: Run[None]) -> None:
    rows = [response(f"resp_{n}", previous=f"resp_{n - 1}" if n else None, output=b"[]") for n in range(5)]

    async def story() -> None:
        async with place.open() as store:
            for row in rows:
                await store.responses.add(row)
            await store.responses.add(response("resp_side", previous="resp_1"))  # another way on from the same past
            assert await store.responses.conversation("resp_4", "dev") == Conversation(tuple(rows))
            assert await store.responses.conversation("resp_0", "dev") == Conversation(tuple(rows[:1]))
            assert await store.responses.conversation("resp_4", "another") == Conversation((), "resp_4")
            assert await store.responses.delete("resp_2", "dev")
            assert await store.responses.conversation("resp_4", "dev") == Conversation(tuple(rows[3:]), "resp_2")

    run(story())


def test_a_conversation_does_not_cross_keys(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            await store.responses.add(response("resp_0", key="another"))
            mine = response("resp_1", previous="resp_0")
            await store.responses.add(mine)
            assert await store.responses.conversation("resp_1", "dev") == Conversation((mine,), "resp_0")

    run(story())


def test_a_conversation_lives_as_long_as_its_newest_part(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            await store.responses.add(response("resp_0"))
            await store.responses.add(response("resp_1", previous="resp_0", expires=NOW + DAY + 60))
            first = await store.responses.find("resp_0", "dev")
            assert first == response("resp_0")  # a minute is not worth a write
            await store.responses.add(response("resp_2", previous="resp_1", expires=NOW + 5 * DAY))
            await store.responses.add(response("resp_other"))
            assert (await store.sweep(NOW + 4 * DAY)).responses == ("resp_other",)
            chain = await store.responses.conversation("resp_2", "dev")
            assert [row.id for row in chain.responses] == ["resp_0", "resp_1", "resp_2"]

    run(story())


def test_a_deleted_response_has_no_content_any_more(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            await store.responses.add(response())
            assert not await store.responses.delete("resp_1", "another")
            assert await store.responses.delete("resp_1", "dev")
            assert not await store.responses.delete("resp_1", "dev")
            assert await store.responses.find("resp_1", "dev") is None
            assert await store.responses.input_items("resp_1", "dev") is None
            assert await store.kept() == 0
            assert not await store.responses.add(response())  # nor does its id come back

    run(story())


def test_the_answer_a_deleted_response_came_in_is_gone_too(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            for ident in ("ow_1", "ow_2"):
                await store.exchanges.remember(exchange(ident))
                assert await store.exchanges.settle(settlement(ident, result=Result(HEAD, b"words")))
            await store.responses.add(response())
            assert await store.responses.delete("resp_1", "dev")
            assert await store.results.find("ow_1") is None
            assert await store.results.find("ow_2") is not None

    run(story())


def test_input_items_are_listed_as_they_came(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            await store.responses.add(response())
            await store.responses.add(response("resp_2", input=b'"hello"'))
            items = await store.responses.input_items("resp_1", "dev")
            assert items is not None
            assert [msgspec.json.decode(item)["id"] for item in items] == ["msg_1", "msg_2"]
            assert await store.responses.input_items("resp_3", "dev") is None
            with pytest.raises(StoreError, match="input of resp_2"):
                await store.responses.input_items("resp_2", "dev")

    run(story())


def test_a_great_request_is_kept_too(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store:
            row = response(request=b"r" * (2 << 20), output=b"o" * (1 << 20))
            await store.responses.add(row)
            assert await store.responses.find("resp_1", "dev") == row

    run(story())
