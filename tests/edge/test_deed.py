"""A named call whose name may be older than every process that runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.app.conftest import Reply, chat
from tests.edge.conftest import House, house, provider, story, until

from outwait.edge.claims import Claims
from outwait.exchange.names import ROUNDS, Names
from outwait.store.claims import Claims as Stored
from outwait.store.errors import StoreError
from outwait.store.exchanges import Exchanges
from outwait.store.results import Results

pytestmark = pytest.mark.slow  # real gateways and stores on disk

MARK = "idempotent-replayed"
ENDLESS = chat("drip-20ms+long-900", stream=True)
KEPT, ERRORS = "outwait_kept_answers_total", "outwait_store_errors_total"


def named(request: bytes, name: str = "q") -> bytes:
    return request.replace(b"host:", f"idempotency-key: {name}\r\nhost:".encode())


async def answered(door: House, request: bytes) -> Reply:
    """A reply, once all of it that is to be kept is on the disk."""
    reply = await door.send(request)
    await until(lambda: all(exchange.settled for exchange in door.gateway.door.registry))
    await door.storage.keeper.quiet()
    return reply


async def broken(*_: object, **__: object) -> Any:
    raise StoreError("the disk is gone")


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
def test_an_answer_is_replayed_by_the_next_process(tmp_path: Path, stream: bool) -> None:
    @story
    async def told() -> None:
        request = named(chat("drip-1ms+long-9", stream=stream))
        async with provider() as (text, model):
            async with house(text, data_dir=tmp_path) as door:
                first = await answered(door, request)
                assert door.counted[KEPT] == 1
            async with house(text, data_dir=tmp_path) as door:
                for _ in range(2):
                    again = await answered(door, request)
                    assert (again.status, again.body, again.headers[MARK]) == (200, first.body, "true")
                    assert again.headers["x-outwait-exchange"] == first.headers["x-outwait-exchange"]
                assert door.counted["outwait_replayed_requests_total"] == 2
            assert MARK not in first.headers
            assert len(model.calls) == 1

    told()


@story
async def test_another_question_of_that_name_is_refused(tmp_path: Path) -> None:
    async with provider() as (text, model):
        async with house(text, data_dir=tmp_path) as door:
            await answered(door, named(chat("echo", stream=False)))
        async with house(text, data_dir=tmp_path) as door:
            refused = await door.send(named(chat("echo", stream=True)))
            assert (refused.status, refused.error["code"]) == (422, "idempotency_mismatch")
            assert refused.error["param"] == "Idempotency-Key"
            assert refused.headers["x-should-retry"] == "false"
            other = await door.send(named(chat("echo", stream=True), "r"))
            assert other.status == 200
        assert len(model.calls) == 2


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
def test_what_was_lost_is_not_asked_again(tmp_path: Path, stream: bool) -> None:
    """It may have been paid for: whoever gave it a name is told what became of it."""

    @story
    async def told() -> None:
        request = named(ENDLESS if stream else chat("hang", stream=False))
        async with provider() as (text, model):
            async with house(text, data_dir=tmp_path) as door:
                await door.leave(request, b"data:" if stream else b"")
                await until(lambda: model.calls)
                await door.kill()
            async with house(text, data_dir=tmp_path) as door:
                for _ in range(2):
                    reply = await door.send(request)
                    assert (reply.status, reply.error["code"]) == (502, "exchange_lost")
                    assert (reply.headers["x-should-retry"], reply.headers[MARK]) == ("false", "true")
            assert len(model.calls) == 1

    told()


@pytest.mark.parametrize("model_name, status", [("error-429", 429), ("error-500", 500)])
def test_only_what_surely_cost_nothing_is_asked_anew(tmp_path: Path, model_name: str, status: int) -> None:
    @story
    async def told() -> None:
        request = named(chat(model_name, stream=False))
        async with provider("retry: {attempts: 1}\n") as (text, model):
            for _ in range(2):
                async with house(text, data_dir=tmp_path) as door:
                    assert (await answered(door, request)).status == status
            assert len(model.calls) == (2 if status == 429 else 1)

    told()


@story
async def test_what_was_cancelled_is_asked_anew(tmp_path: Path) -> None:
    async with provider() as (text, model):
        async with house(text, data_dir=tmp_path) as door:
            ident = await door.leave(named(ENDLESS), b"data:")
            await door.ask(f"/v1/exchanges/{ident}/cancel", "content-length: 0", method="POST")
            await door.storage.keeper.quiet()
        async with house(text, data_dir=tmp_path) as door:
            fresh = await door.leave(named(ENDLESS), b"data:")
            assert fresh != ident
        assert len(model.calls) == 2


@story
async def test_what_is_not_kept_any_more_is_asked_anew(tmp_path: Path) -> None:
    request = named(chat("echo", stream=False))
    async with provider() as (text, model):
        async with house(text, data_dir=tmp_path) as door:
            await answered(door, request)
            swept = await door.storage.store.sweep(0.0, 1)
            assert swept.evicted
        async with house(text, data_dir=tmp_path) as door:
            assert MARK not in (await answered(door, request)).headers
        assert len(model.calls) == 2


def test_what_a_neighbour_runs_is_its_to_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the workers did not agree about the name: the store knows who has it."""

    async def alone(_: Claims, __: bytes, ident: str, ___: str = "") -> str:
        return ident

    monkeypatch.setattr(Claims, "claim", alone)
    doors, kept = tmp_path / "doors", tmp_path / "kept"
    doors.mkdir()
    request = named(chat("silent-300ms-then-echo", stream=False))

    @story
    async def told() -> None:
        async with (
            provider() as (text, model),
            house(text, doors / "01aaaa", data_dir=kept) as one,
            house(text, doors / "02bbbb", data_dir=kept) as two,
        ):
            first = asyncio.ensure_future(one.send(request))
            await until(lambda: model.calls)
            second = await two.send(request)
            assert (await first).body == second.body
            assert second.headers["x-outwait-exchange"].startswith("ow_01aaaa")
            assert len(model.calls) == 1

    told()


@story
async def test_what_runs_where_nobody_can_reach_it_is_not_asked_twice(tmp_path: Path) -> None:
    async with provider() as (text, model), house(text, data_dir=tmp_path) as one:
        ident = await one.leave(named(ENDLESS), b"data:")
        async with house(text, data_dir=tmp_path) as two:  # neither has a side door
            told = await two.send(named(ENDLESS))
            assert (told.status, told.error["code"]) == (503, "owner_unreachable")
            assert (ident in told.error["message"], told.headers["x-should-retry"]) == (True, "true")
        assert len(model.calls) == 1


def test_first_tries_at_once_make_one_call_however_slow_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free, remember, asked = asyncio.Event(), Exchanges.remember, []

    async def slow(self: Exchanges, *args: Any) -> bool:
        asked.append(args)
        await free.wait()
        return await remember(self, *args)

    monkeypatch.setattr(Exchanges, "remember", slow)

    @story
    async def told() -> None:
        request = named(chat("echo", stream=False))
        async with provider() as (text, model), house(text, data_dir=tmp_path) as door:
            calls = [asyncio.ensure_future(door.send(request)) for _ in range(5)]
            await until(lambda: len(asked) and len(next(iter(door.gateway.door.claims._open.values()))) == 4)
            assert model.calls == []  # nothing goes upstream before it is on the disk
            free.set()
            replies = await asyncio.gather(*calls)
            assert len({reply.headers["x-outwait-exchange"] for reply in replies}) == 1
            assert {reply.status for reply in replies} == {200}
            assert (len(model.calls), len(asked)) == (1, 1)

    told()


@pytest.mark.parametrize(
    "place, name, errors",
    [(Stored, "claim", 1), (Exchanges, "remember", 1), (Exchanges, "find", 0), (Results, "find", 0)],
)
def test_a_call_goes_on_without_a_store_that_fails(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    place: type,
    name: str,
    errors: int,
) -> None:
    @story
    async def told() -> None:
        request = named(chat("echo", stream=False))
        async with provider() as (text, model):
            async with house(text, data_dir=tmp_path) as door:
                with monkeypatch.context() as patch:
                    patch.setattr(place, name, broken)
                    assert (await answered(door, request)).status == 200
                assert door.counted.get(ERRORS, 0) == errors
                again = await door.send(request)  # it is in memory, whatever became of the store
                assert again.headers[MARK] == "true"
            async with house(text, data_dir=tmp_path) as door:
                with monkeypatch.context() as patch:
                    patch.setattr(place, name, broken)
                    assert (await answered(door, request)).status == 200
                assert door.counted.get(ERRORS, 0) == (1 if place is not Exchanges or name == "find" else 0)
            assert len(model.calls) == 1 + (name != "remember")

    told()
    assert "in memory only: the disk is gone" in caplog.text


def test_whoever_left_while_the_store_was_asked_leaves_the_name_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free, claim = asyncio.Event(), Names.claim

    async def slow(self: Names, *args: Any) -> str:
        await free.wait()
        return await claim(self, *args)

    monkeypatch.setattr(Names, "claim", slow)

    @story
    async def told() -> None:
        request = named(chat("echo", stream=False))
        async with provider() as (text, model), house(text, data_dir=tmp_path) as door:
            _, writer = await asyncio.open_connection("127.0.0.1", door.port)
            writer.write(request)
            await until(lambda: door.gateway.door.claims._open)
            writer.close()
            await until(lambda: not door.gateway.server.connections)
            free.set()
            await until(lambda: not door.gateway.door.claims._open)
            assert (model.calls, len(door.gateway.door.registry)) == ([], 0)
            reply = await door.send(request)
            assert (reply.status, MARK in reply.headers, len(model.calls)) == (200, False, 1)

    told()


@pytest.mark.parametrize("leaving", ["cancel", "finish"])
def test_whoever_left_while_it_was_written_down_has_left_a_call_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leaving: str
) -> None:
    asked, free, remember = asyncio.Event(), asyncio.Event(), Exchanges.remember

    async def slow(self: Exchanges, *args: Any) -> bool:
        asked.set()
        await free.wait()
        return await remember(self, *args)

    monkeypatch.setattr(Exchanges, "remember", slow)

    @story
    async def told() -> None:
        request = named(chat("silent-50ms-then-echo", stream=False))
        async with provider(f"on_disconnect: {leaving}\n") as (text, model), house(text, data_dir=tmp_path) as door:
            _, writer = await asyncio.open_connection("127.0.0.1", door.port)
            writer.write(request)
            await asked.wait()
            writer.close()
            await until(lambda: not door.gateway.server.connections)
            free.set()
            await until(lambda: not door.gateway.door.claims._open)
            await until(lambda: all(each.settled for each in door.gateway.door.registry))
            await door.storage.keeper.quiet()
            reply = await door.send(request)
            assert (reply.status, MARK in reply.headers) == (200, leaving == "finish")
            assert [call.outcome for call in model.calls].count("whole") == 1

    told()


def test_a_name_that_is_always_somebody_elses_is_asked_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def elsewhere(_: Names, __: str, ___: object, ident: str) -> str:
        asked.append(ident)
        return "ow_0000000123456789abcdef"

    monkeypatch.setattr(Names, "claim", elsewhere)

    @story
    async def told() -> None:
        async with provider() as (text, model), house(text, data_dir=tmp_path) as door:
            assert (await door.send(named(chat("echo", stream=False)))).status == 200
            assert (len(asked), len(model.calls)) == (ROUNDS, 1)

    told()


@story
async def test_the_bug_of_a_store_is_told_as_one(tmp_path: Path) -> None:
    async with provider() as (text, _), house(text, data_dir=tmp_path) as door:
        fails: Callable[..., Any] = lambda *_: 1 / 0  # noqa: E731 - it is that short
        door.storage.keeper.names = type("Fails", (), {"claim": fails})()
        reply = await door.send(named(chat("echo", stream=False)))
        assert (reply.status, reply.error["code"]) == (500, "internal_error")
        assert door.gateway.door.claims._open == {}


def test_while_the_end_of_a_cancelled_one_is_written_its_name_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing in it to be given, and its name is not free yet."""

    @story
    async def told() -> None:
        gate = asyncio.Event()
        settle = Exchanges.settle

        async def slowly(self: Exchanges, *end: Any) -> bool:
            await gate.wait()
            return await settle(self, *end)

        monkeypatch.setattr(Exchanges, "settle", slowly)
        async with provider() as (text, model), house(text, data_dir=tmp_path) as door:
            registry = door.gateway.door.registry
            await door.leave(named(ENDLESS), b"content")
            (exchange,) = registry
            exchange.cancel()
            assert registry.ending(exchange)
            again = asyncio.create_task(door.leave(named(ENDLESS), b"content"))
            await asyncio.sleep(0)
            assert len(model.calls) == 1
            gate.set()
            await again
            assert len(model.calls) == 2

    told()
