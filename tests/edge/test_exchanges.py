"""A client that lost its connection comes back for its exchange: state, the rest of the answer, the end."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.app.conftest import Reply, chat, get
from tests.edge.conftest import KEYS, House, house, story

from outwait.toolkit.simulate.server import Simulator

EVENT = re.compile(r".*?(?:\r\n\r\n|\n\n)", re.DOTALL)
MESSAGES = [{"role": "user", "content": "Hi"}]
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "openai": ("/v1/chat/completions", {"messages": MESSAGES, "stream": True}),
    "responses": ("/v1/responses", {"input": "Hi", "stream": True}),
    "anthropic": ("/v1/messages", {"messages": MESSAGES, "max_tokens": 99, "stream": True}),
    "gemini": ("/v1beta/models/{}:streamGenerateContent?alt=sse", {"contents": [{"parts": [{"text": "Hi"}]}]}),
}


@asynccontextmanager
async def scene(more: str = "") -> AsyncIterator[tuple[House, Simulator]]:
    """A gateway before a simulated provider, one channel for each dialect."""
    model = Simulator()
    url = await model.start()
    host = url.removesuffix("/v1")
    channels = "\n".join(
        f"  - {{name: {name}, dialect: {dialect}, base_url: '{at}', api_key: sim, priority: {place}}}"
        for place, (name, dialect, at) in enumerate(
            [("o", "openai", url), ("a", "anthropic", host), ("g", "gemini", host)]
        )
    )
    try:
        async with house(f"channels:\n{channels}\n{KEYS}{more}") as door:
            yield door, model
    finally:
        await model.stop()


def request_of(dialect: str, model: str, *headers: str) -> bytes:
    path, fields = ASKED[dialect]
    body = json.dumps(fields if dialect == "gemini" else fields | {"model": model}).encode()
    how = ("content-type: application/json", f"content-length: {len(body)}", "anthropic-version: 2023-06-01", *headers)
    return get(path.format(model), *how, method="POST") + body


async def leave_after(door: House, request: bytes, mark: bytes) -> tuple[str, bytes]:
    """Ask, read on until `mark` is among what came, and leave; returns the exchange's id and what was read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(request)
    seen = b""
    while mark not in seen:
        data = await reader.read(65536)
        assert data, seen
        seen += data
    writer.close()
    found = re.search(rb"x-outwait-exchange: (\S+)", seen)
    assert found
    return found[1].decode(), seen


async def settled(door: House, ident: str) -> dict[str, Any]:
    for _ in range(500):
        told: dict[str, Any] = json.loads((await door.ask(f"/v1/exchanges/{ident}")).body)
        if told["status"] != "running" and not told["readers"]:
            return told
        await asyncio.sleep(0.01)
    raise AssertionError(ident)


async def attach(door: House, ident: str, query: str = "", *headers: str) -> Reply:
    return await door.ask(f"/v1/exchanges/{ident}/stream{query}", *headers)


def numbers(events: list[str]) -> list[int]:
    """What a client of each event would come back with, if it was the last it saw."""
    own = [re.search(r'"sequence_number":(\d+)', event) for event in events]
    return [int(found[1]) if found else place for place, found in enumerate(own, 1)]


@pytest.mark.parametrize("dialect", ASKED)
def test_for_every_place_of_a_cut_the_rest_is_the_rest(dialect: str) -> None:
    @story
    async def told() -> None:
        async with scene() as (door, model):
            request = request_of(dialect, "think-50ms-then-drip-2ms+long-12")
            ident, _ = await leave_after(door, request, b"data:")
            state = await settled(door, ident)
            assert (state["status"], state["stream"], state["fault"]) == ("completed", True, None)
            whole = await attach(door, ident)
            assert whole.status == 200
            assert whole.headers["content-type"].startswith("text/event-stream")
            events = EVENT.findall(whole.body)
            assert len(events) > 12
            for place, number in enumerate(numbers(events), 1):
                rest = await attach(door, ident, f"?starting_after={number}")
                assert rest.body == "".join(events[place:])
                assert rest.whole
            assert len(model.calls) == 1

    told()


@pytest.mark.parametrize("dialect", ASKED)
def test_what_was_seen_and_what_follows_is_one_stream_although_it_still_runs(dialect: str) -> None:
    @story
    async def told() -> None:
        async with scene() as (door, model):
            ident, seen = await leave_after(door, request_of(dialect, "drip-20ms+long-12"), b"data:")
            first = EVENT.findall(Reply(seen).body) or EVENT.findall(re.sub(r"\r\n[0-9a-f]+\r\n", "", Reply(seen).body))
            assert json.loads((await door.ask(f"/v1/exchanges/{ident}")).body)["status"] == "running"
            rest = await attach(door, ident, f"?starting_after={numbers(first)[-1]}" if first else "")
            whole = await attach(door, ident)
            assert "".join(first) + rest.body == whole.body
            assert len(model.calls) == 1

    told()


@pytest.mark.slow  # waits for real heartbeats
@story
async def test_heartbeats_that_had_numbers_are_counted_where_the_client_saw_them() -> None:
    async with scene() as (door, _):
        hurried = "x-outwait-heartbeat: after=1s,every=1s"
        request = request_of("responses", "silent-1500ms-then-drip-2ms+long-4", hurried)
        ident, seen = await leave_after(door, request, b"output_text.delta")
        await settled(door, ident)
        own = [int(found) for found in re.findall(r'"sequence_number":(\d+)', seen.decode())]
        assert own == list(range(len(own)))
        assert seen.count(b"response.created") == 2  # its event line and its type: one event, made by outwait
        rest = await attach(door, ident, f"?starting_after={own[-1]}")
        followed = [int(found) for found in re.findall(r'"sequence_number":(\d+)', rest.body)]
        assert followed == list(range(own[-1] + 1, own[-1] + 1 + len(followed)))
        assert "response.completed" in rest.body


@pytest.mark.slow  # waits for real heartbeats
@story
async def test_they_are_counted_too_while_the_old_connection_is_not_known_to_be_dead() -> None:
    async with scene() as (door, _):
        hurried = "x-outwait-heartbeat: after=1s,every=1s"
        request = request_of("responses", "silent-1500ms-then-drip-50ms+long-20", hurried)
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(request)
        seen = b""
        while b"output_text.delta" not in seen:
            seen += await reader.read(65536)
        numbers = [int(found) for found in re.findall(r'"sequence_number":(\d+)', seen.decode())]
        (exchange,) = door.gateway.door.registry
        rest = await attach(door, exchange.id, f"?starting_after={numbers[-1]}")
        followed = [int(found) for found in re.findall(r'"sequence_number":(\d+)', rest.body)]
        assert followed == list(range(numbers[-1] + 1, numbers[-1] + 1 + len(followed)))
        words = re.findall(r'response.output_text.delta",[^}]*"delta":"([^"]*)"', seen.decode() + rest.body)
        done = re.findall(r'response.output_text.done",[^}]*"text":"([^"]*)"', rest.body)
        assert "".join(words) == done[0]
        writer.close()


@story
async def test_many_readers_share_one_upstream_call() -> None:
    async with scene() as (door, model):
        ident, _ = await leave_after(door, request_of("openai", "drip-20ms+long-20"), b"data:")
        replies = await asyncio.gather(*(attach(door, ident) for _ in range(50)))
        assert {reply.body for reply in replies} == {replies[0].body}
        assert replies[0].body.endswith("data: [DONE]\n\n")
        assert len(model.calls) == 1


@story
async def test_a_json_call_tells_its_result_and_can_be_had_again() -> None:
    async with scene() as (door, model):
        _, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(chat("silent-200ms-then-echo", stream=False))
        while not door.gateway.door.registry:  # noqa: ASYNC110 - nothing tells of an accepted call
            await asyncio.sleep(0.01)
        (exchange,) = door.gateway.door.registry
        running = json.loads((await door.ask("/v1/exchanges")).body)["data"]
        assert [(each["id"], each["status"]) for each in running] == [(exchange.id, "running")]
        writer.close()
        state = await settled(door, exchange.id)
        assert state["result"]["choices"][0]["message"]["content"] == "Hi"
        assert state["timeline"][0][1] == "accepted"
        again = await attach(door, exchange.id)
        assert json.loads(again.body) == state["result"]
        assert again.headers["content-type"] == "application/json"
        refused = await attach(door, exchange.id, "?starting_after=1")
        assert (refused.status, refused.error["param"]) == (400, "starting_after")
        assert len(model.calls) == 1


@story
async def test_a_failure_is_told_with_its_clock_and_its_real_status() -> None:
    async with scene("retry: {attempts: 1}\n") as (door, _):
        hasty = "x-outwait-timeout-first-byte: 1s"
        _, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(chat("hang", stream=False).replace(b"host:", hasty.encode() + b"\r\nhost:"))
        while not door.gateway.door.registry:  # noqa: ASYNC110 - nothing tells of an accepted call
            await asyncio.sleep(0.01)
        (exchange,) = door.gateway.door.registry
        writer.close()
        state = await settled(door, exchange.id)
        assert state["status"] == "failed"
        assert (state["fault"]["code"], state["fault"]["clock"]) == ("first_byte_timeout", "first_byte")
        assert "result" not in state
        assert (await attach(door, exchange.id)).status == 504


@story
async def test_a_cancel_closes_the_upstream_connection() -> None:
    async with scene() as (door, model):
        ident, _ = await leave_after(door, request_of("openai", "drip-50ms+long-400"), b"data:")
        cancelled = await door.ask(f"/v1/exchanges/{ident}/cancel", "content-length: 0", method="POST")
        assert (cancelled.status, json.loads(cancelled.body)["status"]) == (200, "cancelled")
        while model.calls[0].outcome == "running":  # noqa: ASYNC110 - the scene's patience is the limit
            await asyncio.sleep(0.01)
        assert [call.outcome for call in model.calls] == ["cut"]
        then = json.loads((await door.ask(f"/v1/exchanges/{ident}")).body)
        assert (then["status"], then["complete"], then["timeline"][-1][1]) == ("cancelled", False, "cancelled")


@story
async def test_what_was_delivered_is_told_without_its_answer() -> None:
    async with scene() as (door, _):
        reply = await door.send(request_of("openai", "long-3"))
        ident = reply.headers["x-outwait-exchange"]
        assert list(door.gateway.door.registry) == []
        then = json.loads((await door.ask(f"/v1/exchanges/{ident}")).body)
        assert (then["id"], then["status"], then["phase"], then["channel"]) == (ident, "completed", "settled", "o")
        assert (then["bytes"], then["complete"], then["readers"]) == (0, False, 0)
        assert [mark[1] for mark in then["timeline"]][0::9] == ["accepted"]
        assert (then["fault"], then["diagnosis"]) == (None, None)
        gone = await door.ask(f"/v1/exchanges/{ident}/stream")
        assert (gone.status, gone.error["code"]) == (404, "not_found")
        assert "delivered" in gone.error["message"]
        over = await door.ask(f"/v1/exchanges/{ident}/cancel", "content-length: 0", method="POST")
        assert (over.status, over.error["code"]) == (409, "conflict")
        assert (await door.ask(f"/v1/exchanges/{ident}/else")).status == 404
        assert (await door.ask(f"/v1/exchanges/{ident}", key="ow-small")).status == 404


@story
async def test_a_failure_that_was_told_has_its_diagnosis() -> None:
    async with scene("retry: {attempts: 1}\n") as (door, _):
        reply = await door.send(chat("error-500", stream=False))
        then = json.loads((await door.ask(f"/v1/exchanges/{reply.headers['x-outwait-exchange']}")).body)
        assert (then["status"], then["fault"]["status"]) == ("failed", reply.status)
        assert (then["diagnosis"]["cause"], then["diagnosis"]["side"]) == ("upstream_error", "upstream")


@story
async def test_what_is_over_cannot_be_cancelled() -> None:
    async with scene() as (door, _):
        ident, _ = await leave_after(door, request_of("openai", "drip-2ms+long-3"), b"data:")
        await settled(door, ident)
        refused = await door.ask(f"/v1/exchanges/{ident}/cancel", "content-length: 0", method="POST")
        assert (refused.status, refused.error["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    "path, method, status",
    [
        ("/v1/exchanges/ow_nobody", "GET", 404),
        ("/v1/exchanges/{}/nothing", "GET", 404),
        ("/v1/exchanges/{}/nothing", "POST", 404),
        ("/v1/exchanges/ow_nobody/cancel", "POST", 404),
        ("/v1/exchanges/{}/stream?starting_after=-1", "GET", 400),
        ("/v1/exchanges/{}/stream?starting_after=x", "GET", 400),
        ("/v1/exchanges/{}", "DELETE", 405),
    ],
)
def test_what_is_asked_wrongly_is_told(path: str, method: str, status: int) -> None:
    @story
    async def told() -> None:
        async with scene() as (door, _):
            ident, _ = await leave_after(door, request_of("openai", "drip-2ms+long-3"), b"data:")
            reply = await door.ask(path.format(ident), "content-length: 0", method=method)
            assert reply.status == status
            assert reply.error["message"]

    told()


@story
async def test_somebody_elses_exchange_is_not_there() -> None:
    async with scene() as (door, _):
        ident, _ = await leave_after(door, request_of("openai", "drip-2ms+long-3"), b"data:")
        for path in (f"/v1/exchanges/{ident}", f"/v1/exchanges/{ident}/stream"):
            assert (await door.ask(path, key="ow-small")).status == 404
            assert (await door.ask(path, key="nobody")).status == 401
        assert json.loads((await door.ask("/v1/exchanges", key="ow-small")).body)["data"] == []
        assert (await door.ask("/v1/exchanges", key="nobody")).status == 401
