"""Exchanges that only the store knows: the process that ran them is no more, and another gateway is asked for them."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest
from tests.app.conftest import chat
from tests.edge.conftest import House, house, provider, story, until

from outwait.edge import stored
from outwait.edge.stored import inside
from outwait.store.errors import StoreError
from outwait.store.exchanges import Exchanges

pytestmark = pytest.mark.slow  # real gateways and stores on disk

EVENT = re.compile(r".*?\n\n", re.DOTALL)
SHORT = chat("silent-50ms-then-echo", stream=False)
STREAM = chat("drip-2ms+long-12", stream=True)
ENDLESS = chat("drip-20ms+long-900", stream=True)


async def left(door: House, request: bytes, mark: bytes = b"") -> str:
    """The id of an exchange whose client left, once it is over and kept."""
    ident = await door.leave(request, mark)
    await door.ended(ident)
    return ident


async def broken(*_: object) -> Any:
    raise StoreError("the disk is gone")


@story
async def test_a_json_call_has_its_result_after_a_restart(tmp_path: Path) -> None:
    async with provider() as (text, model):
        async with house(text, data_dir=tmp_path) as door:
            ident = await left(door, SHORT)
            before = await door.state(ident)
            answer = (await door.ask(f"/v1/exchanges/{ident}/stream")).body
        async with house(text, data_dir=tmp_path) as door:
            after = await door.state(ident)
            again = await door.ask(f"/v1/exchanges/{ident}/stream")
            assert len(door.gateway.door.registry) == 0  # recalled for that reader only
        assert after["result"]["choices"][0]["message"]["content"] == "Hi"
        assert (again.status, again.body) == (200, answer)
        assert again.headers["x-outwait-exchange"] == ident
        assert again.headers["x-outwait-channel"] == "sim"
        assert after == before
        assert len(model.calls) == 1


@story
async def test_a_stream_goes_on_at_every_place(tmp_path: Path) -> None:
    async with provider() as (text, model):
        async with house(text, data_dir=tmp_path) as door:
            ident = await left(door, STREAM, b"data:")
            whole = (await door.ask(f"/v1/exchanges/{ident}/stream")).body
        events = EVENT.findall(whole)
        assert len(events) > 12
        async with house(text, data_dir=tmp_path) as door:
            assert (await door.ask(f"/v1/exchanges/{ident}/stream")).body == whole
            for place in range(1, len(events) + 1):
                rest = await door.ask(f"/v1/exchanges/{ident}/stream?starting_after={place}")
                assert (rest.body, rest.whole) == ("".join(events[place:]), True)
            wrong = await door.ask(f"/v1/exchanges/{ident}/stream?starting_after=x")
            assert (wrong.status, wrong.error["param"]) == (400, "starting_after")
            assert "result" not in await door.state(ident)
        assert len(model.calls) == 1


@story
async def test_a_failure_keeps_its_status(tmp_path: Path) -> None:
    async with provider("retry: {attempts: 1}\n") as (text, _):
        async with house(text, data_dir=tmp_path) as door:
            ident = await left(door, chat("silent-50ms-then-error-500", stream=False))
            before = await door.state(ident)
        async with house(text, data_dir=tmp_path) as door:
            after = await door.state(ident)
            told = await door.ask(f"/v1/exchanges/{ident}/stream")
        assert (after["status"], after["fault"]["code"]) == ("failed", "upstream_error")
        assert (after["fault"], after["timeline"]) == (before["fault"], before["timeline"])
        assert "result" not in after
        assert told.status == 500


@story
async def test_what_ran_in_a_killed_process_is_lost_with_what_it_had_said(tmp_path: Path) -> None:
    async with provider() as (text, model):
        async with house(text, data_dir=tmp_path) as door:
            ident = await door.leave(ENDLESS, b"data:")
            keeper = door.storage.keeper
            await keeper.quiet()
            keeper.tick(0.0)
            await keeper.quiet()
            said = door.gateway.door.registry.get(ident)
            assert said is not None
            begun = said.replay.chunk(0).decode()
            await door.kill()
        async with house(text, data_dir=tmp_path) as door:
            state = await door.state(ident)
            told = await door.ask(f"/v1/exchanges/{ident}/stream")
            over = await door.ask(f"/v1/exchanges/{ident}/cancel", "content-length: 0", method="POST")
            door.gateway.recorder.flush()
            assert b'outwait_lost_requests_total{reason="process"} 1.0' in door.gateway.metrics.render()
        assert (state["status"], state["fault"]["code"], state["complete"]) == ("lost", "exchange_lost", False)
        assert state["bytes"] > 0
        assert told.status == 200
        assert told.body.startswith(begun)
        assert "exchange_lost" in EVENT.findall(told.body)[-2]
        assert (over.status, over.error["code"]) == (409, "conflict")
        assert "lost" in over.error["message"]
        assert len(model.calls) == 1


@story
async def test_a_cancelled_one_says_so(tmp_path: Path) -> None:
    async with provider() as (text, _):
        async with house(text, data_dir=tmp_path) as door:
            ident = await door.leave(ENDLESS, b"data:")
            await door.ask(f"/v1/exchanges/{ident}/cancel", "content-length: 0", method="POST")
            await door.storage.keeper.quiet()
        async with house(text, data_dir=tmp_path) as door:
            assert (await door.state(ident))["status"] == "cancelled"
            told = await door.ask(f"/v1/exchanges/{ident}/stream")
            over = await door.ask(f"/v1/exchanges/{ident}/cancel", "content-length: 0", method="POST")
        assert (told.status, told.error["code"]) == (499, "cancelled")
        assert (over.status, over.error["code"]) == (409, "conflict")


@story
async def test_it_is_there_for_its_own_key_only(tmp_path: Path) -> None:
    async with provider() as (text, _):
        async with house(text, data_dir=tmp_path) as door:
            ident = await left(door, SHORT)
        async with house(text, data_dir=tmp_path) as door:
            for what, method in (("", "GET"), ("/stream", "GET"), ("/cancel", "POST")):
                path = f"/v1/exchanges/{ident}{what}"
                reply = await door.ask(path, "content-length: 0", method=method, key="ow-small")
                assert (reply.status, reply.error["code"]) == (404, "not_found")
            assert json.loads((await door.ask("/v1/exchanges", key="ow-small")).body)["data"] == []
            for path in (f"/v1/exchanges/{ident}/nothing", "/v1/exchanges/ow_0000000123456789abcdef"):
                assert (await door.ask(path)).status == 404
            assert (await door.ask(f"/v1/exchanges/{ident}/no", "content-length: 0", method="POST")).status == 404


@story
async def test_the_list_has_those_of_the_store_and_those_that_run_here(tmp_path: Path) -> None:
    async with provider() as (text, _):
        async with house(text, data_dir=tmp_path) as door:
            old = [await left(door, SHORT), await left(door, STREAM, b"data:")]
        async with house(text, data_dir=tmp_path) as door:
            new = await door.leave(ENDLESS, b"data:")
            listed = json.loads((await door.ask("/v1/exchanges")).body)["data"]
            assert [each["id"] for each in listed[:2]] in (old, old[::-1])  # both of one second, perhaps
            assert [(each["id"], each["status"]) for each in listed[2:]] == [(new, "running")]
            assert listed[2]["phase"] == "flowing"  # told by who runs it


def test_a_long_result_stands_at_its_stream_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "RESULT_MAX", 100)

    @story
    async def told() -> None:
        async with provider() as (text, _):
            async with house(text, data_dir=tmp_path) as door:
                ident = await left(door, SHORT)
            async with house(text, data_dir=tmp_path) as door:
                state = await door.state(ident)
                assert (state["complete"], "result" in state) == (True, False)
                whole = await door.ask(f"/v1/exchanges/{ident}/stream")
                assert len(whole.body) == state["bytes"] > 100

    told()


@story
async def test_the_state_of_what_was_delivered_outlives_its_answer(tmp_path: Path) -> None:
    async with provider() as (text, _):
        async with house(text, data_dir=tmp_path) as door:
            reply = await as_if_it_took_long(door, SHORT)
        async with house(text, data_dir=tmp_path) as door:
            state = await door.state(reply)
            assert (state["status"], state["complete"], state["bytes"]) == ("completed", False, 0)
            gone = await door.ask(f"/v1/exchanges/{reply}/stream")
            assert (gone.status, gone.error["code"]) == (404, "not_found")
            assert "delivered" in gone.error["message"]


async def as_if_it_took_long(door: House, request: bytes) -> str:
    """A call that is answered whole, to a client that had to wait; its id."""
    call = asyncio.ensure_future(door.send(request))
    await until(lambda: door.gateway.door.registry)
    (exchange,) = door.gateway.door.registry
    door.gateway.door.ports.held(exchange)
    assert (await call).status == 200
    await until(lambda: not door.gateway.door.registry)
    await door.storage.keeper.quiet()
    return exchange.id


@story
async def test_what_runs_in_a_process_that_cannot_be_reached_is_not_called_over(tmp_path: Path) -> None:
    async with provider() as (text, _), house(text, data_dir=tmp_path) as one:
        ident = await one.leave(ENDLESS, b"data:")
        await one.storage.keeper.quiet()
        async with house(text, data_dir=tmp_path) as two:  # neither has a side door
            state = await two.state(ident)
            assert (state["status"], state["phase"]) == ("running", "unknown")
            for what, method in (("stream", "GET"), ("cancel", "POST")):
                told = await two.ask(f"/v1/exchanges/{ident}/{what}", "content-length: 0", method=method)
                assert (told.status, told.error["code"]) == (503, "owner_unreachable")
                assert told.headers["x-should-retry"] == "true"


@story
async def test_a_worker_that_has_just_died_is_asked_for_in_the_store(tmp_path: Path) -> None:
    doors, kept = tmp_path / "doors", tmp_path / "kept"
    doors.mkdir()
    async with provider() as (text, _):
        async with house(text, doors / "01aaaa", data_dir=kept) as one:
            ident = await left(one, SHORT)
        with socket.socket(socket.AF_UNIX) as dead:
            (doors / "01aaaa").unlink(missing_ok=True)
            dead.bind(str(doors / "01aaaa"))
        async with house(text, doors / "02bbbb", data_dir=kept) as two:
            assert (await two.state(ident))["result"]["choices"][0]["message"]["content"] == "Hi"
            over = await two.ask(f"/v1/exchanges/{ident}/cancel", "content-length: 0", method="POST")
            assert (over.status, over.error["code"]) == (409, "conflict")
            unknown = await two.ask("/v1/exchanges/ow_01aaaa0123456789abcdef")
            assert (unknown.status, unknown.error["code"]) == (404, "not_found")
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Exchanges, "find", lambda *_: 1 / 0)
                failed = await two.ask(f"/v1/exchanges/{ident}")
                assert (failed.status, failed.error["code"]) == (500, "internal_error")
        async with house(text, doors / "03cccc", forgetful=True) as three:
            told = await three.ask(f"/v1/exchanges/{ident}")
            assert (told.status, told.error["code"]) == (503, "owner_unreachable")


def test_a_store_that_fails_is_told_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @story
    async def told() -> None:
        async with provider() as (text, _), house(text, data_dir=tmp_path) as door:
            monkeypatch.setattr(Exchanges, "find", broken)
            monkeypatch.setattr(Exchanges, "of", broken)
            for what, method in (("", "GET"), ("/stream", "GET"), ("/cancel", "POST")):
                path = f"/v1/exchanges/ow_0000000123456789abcdef{what}"
                reply = await door.ask(path, "content-length: 0", method=method)
                assert (reply.status, reply.error["code"]) == (503, "owner_unreachable")
                assert reply.headers["x-should-retry"] == "true"
            assert json.loads((await door.ask("/v1/exchanges")).body)["data"] == []
            assert door.counted["outwait_store_errors_total"] == 4

    told()


@pytest.mark.parametrize("body, told", [(b"\x00\xff", {}), (b"1\n00:00", {}), (b'{"a":1}', ["result"]), (b"", {})])
def test_only_json_stands_inside_a_state(body: bytes, told: Any) -> None:
    assert list(inside(body)) == list(told)
