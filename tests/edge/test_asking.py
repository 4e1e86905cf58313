"""Asking for a response whose state is kept: in the background, continued, named, or plainly."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.app.conftest import Reply, get
from tests.edge.conftest import House, house, story
from tests.edge.memory import Memory

from outwait.store.errors import StorageFull, StoreError
from outwait.toolkit.simulate.server import Simulator

KEYS = "keys: [{name: dev, key: ow-%s}, {name: other, key: ow-other}]\n" % ("test" * 6)


@asynccontextmanager
async def scene(*, endpoint: str = "chat.completions", keeps: bool = True) -> AsyncIterator[Scene]:
    """A gateway before a simulated provider that is asked at `endpoint`."""
    model = Simulator()
    url = await model.start()
    try:
        channels = f"channels: [{{name: sim, base_url: '{url}', dialect: openai, endpoints: [{endpoint}]}}]\n"
        async with house(channels + KEYS) as door:
            yield Scene(door, model, Memory(door) if keeps else None)
    finally:
        await model.stop()


class Scene:
    """What a story is played with."""

    def __init__(self, door: House, model: Simulator, memory: Memory | None) -> None:
        self.door = door
        self.model = model
        self._memory = memory

    @property
    def memory(self) -> Memory:
        assert self._memory is not None
        return self._memory

    async def post(self, *headers: str, path: str = "/v1/responses", **fields: Any) -> Reply:
        return await self.door.send(asked(*headers, path=path, **fields))

    async def get(self, path: str, key: str | None = None, method: str = "GET") -> Reply:
        return await self.door.ask(f"/v1/responses/{path}", method=method, key=key)

    async def ended(self, ident: str) -> dict[str, Any]:
        for _ in range(500):
            told: dict[str, Any] = json.loads((await self.get(ident)).body)
            if told["status"] not in {"queued", "in_progress"}:
                return told
            await asyncio.sleep(0.01)
        raise AssertionError(ident)

    async def until(self, true: Callable[[], object]) -> None:
        for _ in range(500):
            if true():
                return
            await asyncio.sleep(0.01)
        raise AssertionError


def asked(*headers: str, path: str = "/v1/responses", **fields: Any) -> bytes:
    body = json.dumps({"model": "echo", "input": "Hi"} | fields).encode()
    how = ("content-type: application/json", f"content-length: {len(body)}", *headers)
    return get(path, *how, method="POST") + body


def said(response: dict[str, Any]) -> str:
    return "".join(part["text"] for item in response["output"] for part in item.get("content", ()) if "text" in part)


@story
async def test_a_plain_response_is_stored_before_its_end_is_told_and_looks_nothing_up() -> None:
    async with scene() as on:
        reply = await on.post(metadata={"a": "b"})
        told = json.loads(reply.body)
        assert (reply.status, said(told)) == (200, "Hi")
        assert told["id"] == "resp_" + reply.headers["x-outwait-exchange"].removeprefix("ow_")
        row = on.memory.rows[told["id"]]
        assert (row.key, row.status, row.background, row.stream) == ("dev", "completed", False, False)
        assert json.loads(row.output or b"") == told
        assert json.loads(row.input)[0]["content"] == [{"type": "input_text", "text": "Hi"}]
        assert on.memory.lookups == 0


@story
async def test_what_shall_not_be_stored_is_not() -> None:
    async with scene() as on:
        assert (await on.post(store=False)).status == 200
        assert (await on.post(model="error-500")).status == 500
        assert on.memory.rows == {}
    async with scene(keeps=False) as on:
        assert (await on.post()).status == 200


@pytest.mark.parametrize("stream", [False, True])
def test_a_background_response_is_answered_at_once_and_goes_on(stream: bool) -> None:
    @story
    async def told() -> None:
        async with scene() as on:
            reply = await on.post(model="silent-300ms-then-long-3", background=True, stream=stream)
            assert reply.status == 200
            ident = "resp_" + reply.headers["x-outwait-exchange"].removeprefix("ow_")
            if not stream:
                first = json.loads(reply.body)
                assert (first["id"], first["object"], first["status"]) == (ident, "response", "queued")
                assert first["background"] is True
                assert first["output"] == []
            else:
                assert f'"{ident}"' in reply.body
                assert "response.completed" in reply.body
            final = await on.ended(ident)
            assert (final["id"], final["status"], len(said(final).split())) == (ident, "completed", 3)
            row = on.memory.rows[ident]
            assert (row.background, row.stream, row.status) == (True, stream, "completed")
            assert len(on.model.calls) == 1

    told()


@story
async def test_a_client_that_leaves_a_background_stream_changes_nothing() -> None:
    async with scene() as on:
        reader, writer = await asyncio.open_connection("127.0.0.1", on.door.port)
        writer.write(asked(model="silent-300ms-then-long-3", background=True, stream=True))
        await on.until(lambda: on.memory.rows)
        writer.close()
        (ident,) = on.memory.rows
        assert (await on.ended(ident))["status"] == "completed"
        assert reader is not None


@pytest.mark.parametrize(
    "fields, param, word",
    [
        ({"background": True, "store": False}, "store", "store"),
        ({"background": True}, "background", "keep_results"),
        ({"previous_response_id": "resp_1"}, "previous_response_id", "Previous response with id 'resp_1' not found."),
    ],
)
def test_what_needs_a_keeper_is_refused_without_one(fields: dict[str, Any], param: str, word: str) -> None:
    @story
    async def told() -> None:
        async with scene(keeps=False) as on:
            reply = await on.post(**fields)
            assert (reply.status, reply.error["param"]) == (400, param)
            assert word in reply.error["message"]
            assert on.model.calls == []

    told()


@pytest.mark.parametrize(
    "broken, status, code",
    [
        (StorageFull("the disk"), 507, "storage_full"),
        (StoreError("gone"), 503, "owner_unreachable"),
        (RuntimeError("a bug"), 500, "internal_error"),
    ],
)
@pytest.mark.parametrize("named", [False, True])
def test_what_cannot_be_written_down_is_not_begun(broken: Exception, status: int, code: str, named: bool) -> None:
    @story
    async def told() -> None:
        async with scene() as on:
            on.memory.broken = broken
            headers = ("idempotency-key: one",) if named else ()
            reply = await on.post(*headers, background=True)
            assert (reply.status, reply.error["code"]) == (status, code)
            assert len(on.memory.complaints) == isinstance(broken, StoreError)
            assert on.model.calls == []
            assert not on.door.gateway.door.registry
            assert (await on.post(*headers, background=True)).status == 200

    told()


@story
async def test_a_named_plain_response_begins_though_the_store_fails() -> None:
    async with scene() as on:
        on.memory.broken = StoreError("gone")
        assert (await on.post("idempotency-key: one")).status == 200
        assert on.memory.complaints == ["gone"]


@story
async def test_a_name_leads_to_the_same_background_response() -> None:
    async with scene() as on:
        fields: dict[str, Any] = {"model": "silent-300ms-then-long-3", "background": True}
        first, second = await asyncio.gather(*[on.post("idempotency-key: one", **fields) for _ in range(2)])
        ident = json.loads(first.body)["id"]
        assert json.loads(second.body)["id"] == ident
        await on.ended(ident)
        third = await on.post("idempotency-key: one", **fields)
        assert third.headers["idempotent-replayed"] == "true"
        assert (json.loads(third.body)["id"], json.loads(third.body)["status"]) == (ident, "completed")
        assert len(on.model.calls) == 1


@story
async def test_a_retry_is_given_the_same_response_until_somebody_asks_for_its_id() -> None:
    async with scene() as on:
        fields: dict[str, Any] = {"model": "silent-500ms-then-long-3", "background": True}
        again = "x-stainless-retry-count: 1"
        ident = json.loads((await on.post(**fields)).body)["id"]
        for _ in range(2):  # whose answer may have been lost again
            assert json.loads((await on.post(again, **fields)).body)["id"] == ident
        assert json.loads((await on.get(ident)).body)["status"] == "in_progress"
        other = json.loads((await on.post(again, **fields)).body)["id"]
        assert other != ident
        await on.ended(other)
        assert (await on.ended(ident))["status"] == "completed"
        assert len(on.model.calls) == 2


@story
async def test_a_background_response_that_fails_has_failed() -> None:
    async with scene() as on:
        ident = json.loads((await on.post(model="error-400", background=True)).body)["id"]
        final = await on.ended(ident)
        assert (final["status"], final["output"]) == ("failed", [])
        assert final["error"]["message"]


@story
async def test_a_conversation_goes_on() -> None:
    async with scene() as on:
        first = json.loads((await on.post(input="One")).body)
        second = await on.post(input="Two", previous_response_id=first["id"])
        told = json.loads(second.body)
        assert (second.status, told["previous_response_id"]) == (200, first["id"])
        assert on.memory.rows[told["id"]].previous == first["id"]
        third = await on.post(input="Three", previous_response_id=told["id"], store=False)
        assert third.status == 200
        theirs = await on.door.send(
            asked(previous_response_id=first["id"]).replace(b"Bearer ow-" + b"test" * 6, b"Bearer ow-other")
        )
        assert (theirs.status, theirs.error["code"]) == (400, "previous_response_not_found")
        assert len(on.memory.rows) == 2


@pytest.mark.parametrize("broken, status", [(StoreError("gone"), 503), (RuntimeError("a bug"), 500)])
def test_a_conversation_that_cannot_be_looked_up_is_not_guessed(broken: Exception, status: int) -> None:
    @story
    async def told() -> None:
        async with scene() as on:
            on.memory.broken = broken
            assert (await on.post(previous_response_id="resp_1")).status == status
            assert on.model.calls == []

    told()


@story
async def test_a_client_that_left_while_a_conversation_was_looked_up_begins_nothing() -> None:
    async with scene() as on:
        first = json.loads((await on.post(input="One")).body)
        waiting, going = asyncio.Event(), asyncio.Event()
        conversation = on.memory.conversation

        async def slowly(ident: str, key: str) -> Any:
            waiting.set()
            await going.wait()
            return await conversation(ident, key)

        on.memory.conversation = slowly  # type: ignore[method-assign] # a store that takes its time
        _, writer = await asyncio.open_connection("127.0.0.1", on.door.port)
        writer.write(asked(input="Two", previous_response_id=first["id"]))
        await waiting.wait()
        writer.transport.abort()
        await asyncio.sleep(0.05)
        going.set()
        await asyncio.sleep(0.05)
        assert len(on.memory.rows) == 1
        assert not on.door.gateway.door.registry
