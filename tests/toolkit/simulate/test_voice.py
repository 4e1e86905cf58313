"""A client that leaves, and one that does not read."""

from __future__ import annotations

import asyncio
import json

import pytest

from outwait.toolkit.simulate.record import Received
from outwait.toolkit.simulate.server import Simulator


async def begin(url: str, model: str, stream: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    port = int(url.split(":")[2].split("/", maxsplit=1)[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 12)
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hi"}], "stream": stream}).encode()
    writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    await writer.drain()
    return reader, writer


@pytest.mark.parametrize("model", ["hang", "silent-30s", "head+hang", "drip-50ms+long-900", "pings-30s", "think-30s"])
def test_a_client_that_leaves_ends_the_script_at_once(model: str) -> None:
    over: list[Received] = []

    async def story() -> None:
        ended = asyncio.Event()

        def note(call: Received) -> None:
            over.append(call)
            ended.set()

        simulator = Simulator(on_call=note)
        async with simulator as url, asyncio.timeout(5):
            _, writer = await begin(url, model, stream=True)
            await asyncio.sleep(0.05)
            writer.close()
            await ended.wait()

    asyncio.run(story())
    assert [(call.cut, call.outcome) for call in over] == [(True, "cut")]
    assert over[0].seconds is not None
    assert over[0].seconds < 1


def test_a_client_that_does_not_read_holds_the_script_up() -> None:
    async def story() -> None:
        simulator = Simulator()
        async with simulator as url, asyncio.timeout(10):
            reader, writer = await begin(url, "big-48mb", stream=True)
            before = -1
            while not simulator.calls or simulator.calls[0].sent != before:
                before = simulator.calls[0].sent if simulator.calls else -1
                await asyncio.sleep(0.1)
            assert simulator.calls[0].outcome == "running"
            assert 0 < before < 48 << 20
            while simulator.calls[0].outcome == "running":
                await reader.read(1 << 20)
            assert simulator.calls[0].outcome == "whole"
            assert simulator.calls[0].sent > 48 << 20
            writer.close()

    asyncio.run(story())


def test_what_was_sent_is_counted() -> None:
    async def story() -> None:
        simulator = Simulator()
        async with simulator as url, asyncio.timeout(5):
            reader, writer = await begin(url, "fast", stream=False)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            call = simulator.calls[0]
            assert (call.sent, call.pieces, call.status, call.cut) == (length, 1, 200, False)
            writer.close()

    asyncio.run(story())
