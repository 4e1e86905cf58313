from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.app.conftest import chat
from tests.edge.conftest import KEYS, House, house, story

from outwait.toolkit.simulate.server import Simulator


@asynccontextmanager
async def scene(more: str = "") -> AsyncIterator[tuple[House, Simulator]]:
    """A gateway before a simulated provider."""
    model = Simulator()
    url = await model.start()
    try:
        async with house(f"channels: [{{name: sim, base_url: '{url}'}}]\n{KEYS}{more}") as door:
            yield door, model
    finally:
        await model.stop()


@story
async def test_a_json_call_and_a_stream() -> None:
    async with scene() as (door, model):
        reply = await door.chat("echo")
        assert (reply.status, json.loads(reply.body)["choices"][0]["message"]["content"]) == (200, "Hi")
        assert reply.headers["x-outwait-channel"] == "sim"
        streamed = await door.chat("echo", stream=True)
        assert (streamed.status, streamed.whole) == (200, True)
        assert streamed.body.endswith("data: [DONE]\n\n")
        assert len(model.calls) == 2


@pytest.mark.parametrize(
    "request_, status, code",
    [
        (chat("", stream=False), 400, "invalid_value"),
        (chat("echo", stream=False).replace(b'"model"', b'"modem"'), 400, None),
        (chat("echo", stream=False).replace(b'{"model"', b'["model"'), 400, "invalid_json"),
        (chat("echo", stream=False).replace(b"Bearer ow-", b"Bearer xx-"), 401, "invalid_api_key"),
        (chat("echo", stream=False).replace(b"Bearer ow-" + b"test" * 6, b"Bearer ow-small"), 403, "permission_denied"),
        (
            chat("echo", stream=False).replace(b"host:", b"x-outwait-heartbeat: loud\r\nhost:"),
            400,
            "invalid_value",
        ),
    ],
)
def test_what_is_refused_never_reaches_a_provider(request_: bytes, status: int, code: str | None) -> None:
    @story
    async def told() -> None:
        async with scene() as (door, model):
            reply = await door.send(request_)
            assert reply.status == status
            assert code in (None, reply.error["code"])
            assert [entry.outcome for entry in door.entries] == ["refused"]
            assert model.calls == []

    told()


@story
async def test_a_draining_gateway_takes_no_new_work() -> None:
    async with scene() as (door, model):
        door.gateway.door.draining = True
        reply = await door.chat("echo")
        assert (reply.status, reply.error["code"], reply.headers["x-should-retry"]) == (503, "gateway_draining", "true")
        assert "retry-after" in reply.headers
        assert model.calls == []


@story
async def test_an_sdks_retry_gets_the_answer_of_the_call_it_repeats() -> None:
    async with scene() as (door, model):
        _, writer = await asyncio.open_connection("127.0.0.1", door.port)
        request = chat("silent-300ms-then-echo", stream=False)
        writer.write(request)
        while not door.gateway.door.registry:  # noqa: ASYNC110 - nothing tells of an accepted call
            await asyncio.sleep(0.01)
        writer.close()
        reply = await door.send(request.replace(b"host:", b"x-stainless-retry-count: 1\r\nhost:"))
        assert reply.status == 200
        assert json.loads(reply.body)["choices"][0]["message"]["content"] == "Hi"
        assert len(model.calls) <= 1  # the simulator tells a call when it is over
        again = await door.send(request.replace(b"host:", b"x-stainless-retry-count: 1\r\nhost:"))
        assert again.headers["x-outwait-exchange"] != reply.headers["x-outwait-exchange"]
