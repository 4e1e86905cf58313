"""An SDK's retry whose exchange no worker has in memory any more."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.app.conftest import Reply, chat
from tests.edge.conftest import House, house, provider, story, until
from tests.edge.test_neighbours import street

from outwait.edge.remember import remember
from outwait.edge.visit import Visit
from outwait.exchange.keeper import Keeper
from outwait.store.errors import StoreError
from outwait.store.exchanges import Exchanges

pytestmark = pytest.mark.slow  # real gateways and stores on disk

SHORT = chat("silent-50ms-then-echo", stream=False)


def retry(request: bytes, count: int = 1) -> bytes:
    return request.replace(b"host:", f"x-stainless-retry-count: {count}\r\nhost:".encode())


async def left(door: House, request: bytes, mark: bytes = b"") -> str:
    ident = await door.leave(request, mark)
    await door.ended(ident)
    return ident


def of(reply: Reply) -> str:
    return reply.headers["x-outwait-exchange"]


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
def test_one_retry_is_given_one_exchange_of_an_earlier_process(tmp_path: Path, stream: bool) -> None:
    @story
    async def told() -> None:
        request = chat("silent-50ms-then-drip-1ms+long-9", stream=stream)
        async with provider() as (text, model):
            async with house(text, data_dir=tmp_path) as door:
                ident = await left(door, request)
                whole = (await door.ask(f"/v1/exchanges/{ident}/stream")).body
            async with house(text, data_dir=tmp_path) as door:
                assert of(await door.send(request)) != ident  # no retry: a question of its own
                first = await door.send(retry(request))
                assert (first.status, first.body, of(first)) == (200, whole, ident)
                second = await door.send(retry(request))
                assert (second.status, of(second) != ident) == (200, True)
                assert door.counted["outwait_adopted_requests_total"] == 1
            async with house(text, data_dir=tmp_path) as door:
                assert of(await door.send(retry(request))) != ident
            assert len(model.calls) == 4

    told()


@story
async def test_two_retries_at_once_are_given_two_exchanges(tmp_path: Path) -> None:
    async with provider() as (text, model):
        async with house(text, data_dir=tmp_path) as door:
            kept = {await left(door, SHORT), await left(door, SHORT)}
        async with house(text, data_dir=tmp_path) as door:
            replies = await asyncio.gather(*(door.send(retry(SHORT)) for _ in range(3)))
            assert {of(reply) for reply in replies} > kept
        assert len(model.calls) == 3


@story
async def test_a_retry_that_leaves_again_can_come_again(tmp_path: Path) -> None:
    """The exchange is an orphan once more, also for the process after the next."""
    async with provider() as (text, model):
        async with house(text, data_dir=tmp_path) as door:
            ident = await left(door, chat("drip-1ms+long-9", stream=True), b"data:")
        async with house(text, data_dir=tmp_path) as door:
            registry = door.gateway.door.registry
            _, writer = await asyncio.open_connection("127.0.0.1", door.port)
            adopt = Keeper.adopt
            gone = asyncio.Event()

            async def slow(*args: Any) -> Any:
                found = await adopt(*args)
                writer.close()
                await until(lambda: not door.gateway.server.connections)
                gone.set()
                return found

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Keeper, "adopt", slow)
                writer.write(retry(chat("drip-1ms+long-9", stream=True)))
                await gone.wait()
            await until(lambda: registry.orphans)
            await door.storage.keeper.quiet()
        async with house(text, data_dir=tmp_path) as door:
            assert of(await door.send(retry(chat("drip-1ms+long-9", stream=True)))) == ident
        assert len(model.calls) == 1


def test_a_retry_at_several_workers_finds_what_the_store_has(tmp_path: Path) -> None:
    @story
    async def told() -> None:
        kept = tmp_path / "kept"
        (tmp_path / "doors").mkdir()
        async with provider() as (text, model):
            async with house(text, data_dir=kept) as door:
                ident = await left(door, SHORT)
            async with (
                house(text, tmp_path / "doors" / "01aaaa", data_dir=kept),
                house(text, tmp_path / "doors" / "02bbbb", data_dir=kept) as two,
            ):
                assert of(await two.send(retry(SHORT))) == ident
            assert len(model.calls) == 1

    told()


@story
async def test_a_retry_of_what_was_lost_is_asked_anew(tmp_path: Path) -> None:
    """Its SDK repeats what broke, as it would without a gateway; who does not want to pay twice gives a name."""
    request = chat("drip-20ms+long-9", stream=True)
    async with provider() as (text, model):
        async with house(text, data_dir=tmp_path) as door:
            ident = await door.leave(request, b"data:")
            await door.storage.keeper.quiet()
            await door.kill()
        async with house(text, data_dir=tmp_path) as door:
            reply = await door.send(retry(request))
            assert (reply.status, of(reply) != ident, reply.whole) == (200, True, True)
            assert (await door.state(ident))["status"] == "lost"
        assert len(model.calls) == 2


def test_a_store_that_fails_is_gone_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> Any:
        raise StoreError("the disk is gone")

    @story
    async def told() -> None:
        async with provider() as (text, model), house(text, data_dir=tmp_path) as door:
            monkeypatch.setattr(Exchanges, "waiting", broken)
            assert (await door.send(retry(SHORT))).status == 200
            assert door.counted["outwait_store_errors_total"] == 1
            assert len(model.calls) == 1

    told()


def test_the_bug_of_a_search_is_told_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(*_: object) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(Keeper, "adopt", fails)

    @story
    async def told() -> None:
        async with provider() as (text, model), house(text, data_dir=tmp_path) as door:
            reply = await door.send(retry(SHORT))
            assert (reply.status, reply.error["code"]) == (500, "internal_error")
            assert model.calls == []

    told()
    assert "the search for a kept exchange failed" in caplog.text


def test_nothing_is_begun_for_whoever_left_while_the_store_was_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @story
    async def told() -> None:
        asked, free, over = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def slow(*_: object) -> None:
            asked.set()
            await free.wait()
            over.set()

        monkeypatch.setattr(Keeper, "adopt", slow)
        async with provider() as (text, model), house(text, data_dir=tmp_path) as door:
            _, writer = await asyncio.open_connection("127.0.0.1", door.port)
            writer.write(retry(SHORT))
            await asked.wait()
            writer.close()
            await until(lambda: not door.gateway.server.connections)
            free.set()
            await over.wait()
            await asyncio.sleep(0)
            assert (model.calls, len(door.gateway.door.registry)) == ([], 0)

    told()


@pytest.mark.parametrize("data_dir", [True, False], ids=["another key keeps", "nobody keeps"])
def test_who_keeps_nothing_has_nothing_to_come_back_for(tmp_path: Path, data_dir: bool) -> None:
    @story
    async def told() -> None:
        async with provider() as (whole, model):
            text = whole.replace("models: ['m*']", "keep_results: off")
            folder = tmp_path if data_dir else None
            request = SHORT.replace(b"ow-" + b"test" * 6, b"ow-small") if data_dir else SHORT
            for _ in range(2):
                async with house(text, data_dir=folder, forgetful=True) as door:
                    registry = door.gateway.door.registry
                    ident = await door.leave(request)
                    await until(lambda: registry.get(ident) is None)  # noqa: B023 - awaited before the next round
                    assert of(await door.send(retry(request))) != ident
                    if data_dir:
                        assert await door.storage.store.exchanges.find(ident) is None
            assert len(model.calls) == 4

    told()


def test_a_worker_without_a_store_asks_its_neighbours(tmp_path: Path) -> None:
    @story
    async def told() -> None:
        async with street(tmp_path, 2) as (houses, model):
            reply = await houses[1].send(retry(chat("echo", stream=False)))
            assert json.loads(reply.body)["choices"][0]["message"]["content"] == "Hi"
            assert len(model.calls) == 1

    told()


def test_where_a_reload_has_ended_the_keeping_meanwhile_it_is_asked_anew() -> None:
    begun: list[bool] = []
    remember(cast("Visit", SimpleNamespace(keeper=None, begin=lambda: begun.append(True))))
    assert begun == [True]
