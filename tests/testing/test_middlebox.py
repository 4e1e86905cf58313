"""The middlebox is asked over real sockets; its patience is a fraction of a second."""

from __future__ import annotations

import asyncio
import os
import selectors
import time
from collections.abc import Awaitable, Callable
from typing import Self

import pytest

from outwait.testing.middlebox import Middlebox

SILENCE = 0.12
ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
Upstream = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Scene:
    """An upstream of a few lines, a middlebox before it, and what the middlebox saw."""

    def __init__(self, upstream: Upstream, silence: float = SILENCE) -> None:
        self.seen: list[tuple[str, bytes]] = []
        self._upstream = upstream
        self._silence = silence

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        watch = lambda kind, data: self.seen.append((kind, data))  # noqa: E731
        self.box = Middlebox("127.0.0.1", port, self._silence, watch=watch)
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", await self.box.start())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        await self.box.stop()
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._upstream(reader, writer)
        except OSError:
            pass
        finally:
            writer.close()

    async def ask(self) -> bytes:
        """The whole reply to one request, up to the end of the connection."""
        self.writer.write(ASK)
        async with asyncio.timeout(5):
            return await self.reader.read()


async def head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await writer.drain()


def test_silence_before_the_head_is_answered_with_504() -> None:
    async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async def story() -> None:
        loop = asyncio.get_running_loop()
        async with Scene(hang) as scene:
            start = loop.time()
            reply = await scene.ask()
            assert loop.time() - start >= SILENCE - 0.01
            assert reply.startswith(b"HTTP/1.1 504 Gateway Time-out\r\n")
            assert b"<h1>504 Gateway Time-out</h1>" in reply
            assert (scene.box.cuts, scene.seen) == (1, [("cut", b"")])

    asyncio.run(story())


def test_silence_in_the_middle_cuts_the_connection_without_an_end() -> None:
    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await head(writer)
        writer.write(b"3\r\nabc\r\n")
        await reader.read()

    async def story() -> None:
        async with Scene(stall) as scene:
            reply = await scene.ask()
            assert reply.endswith(b"\r\n\r\n3\r\nabc\r\n")
            assert scene.box.cuts == 1
            assert [kind for kind, _ in scene.seen] == ["head", "body", "cut"]

    asyncio.run(story())


def test_a_byte_now_and_then_keeps_the_line_alive() -> None:
    async def beat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await head(writer)
        for _ in range(6):
            await asyncio.sleep(SILENCE / 3)
            writer.write(b"1\r\n\n\r\n")
        writer.write(b"0\r\n\r\n")

    async def story() -> None:
        async with Scene(beat) as scene:
            reply = await scene.ask()
            assert reply.endswith(b"0\r\n\r\n")
            assert scene.box.cuts == 0
            assert [piece for piece in scene.seen if piece[0] == "body"] == [("body", b"\n")] * 6
            assert scene.seen[-1] == ("end", b"")

    asyncio.run(story())


class Starved(selectors.SelectSelector):
    """Its next empty look is told late, with `late` in between: somebody else has the interpreter."""

    late: Callable[[], None] | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(timeout)
        if not found and self.late is not None:
            late, self.late = self.late, None
            late()
        return found


def test_what_came_while_the_loop_was_starved_came_in_time() -> None:
    selector = Starved()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        number = writer.get_extra_info("socket").fileno()

        def late() -> None:
            os.write(number, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            time.sleep(1.5 * SILENCE)

        selector.late = late
        await reader.read()

    async def story() -> None:
        async with Scene(answer) as scene:
            scene.writer.write(ASK)
            async with asyncio.timeout(5):
                assert (await scene.reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
            assert scene.box.cuts == 0

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        runner.run(story())


def test_an_idle_connection_is_left_alone_and_serves_again() -> None:
    async def twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async def story() -> None:
        async with Scene(twice) as scene:
            for _ in range(2):
                scene.writer.write(ASK)
                assert (await scene.reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
                await asyncio.sleep(SILENCE * 1.5)
            assert scene.box.cuts == 0

    asyncio.run(story())


@pytest.mark.parametrize("told", [True, False])
def test_an_upstream_that_closes_is_told_as_nginx_tells_it(told: bool) -> None:
    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if told:
            await head(writer)

    async def story() -> None:
        async with Scene(close, silence=5) as scene:
            reply = await scene.ask()
            assert reply.startswith(b"HTTP/1.1 200 OK" if told else b"HTTP/1.1 502 Bad Gateway")
            assert scene.box.cuts == 0

    asyncio.run(story())


def test_an_upstream_that_is_not_there_is_a_502() -> None:
    async def story() -> None:
        async with Scene(lambda *_: asyncio.sleep(0)) as scene:
            scene.box.target = ("127.0.0.1", 1)
            scene.writer.close()
            scene.reader, scene.writer = await asyncio.open_connection(
                "127.0.0.1", scene.box._listener.sockets[0].getsockname()[1] if scene.box._listener else 0
            )
            assert (await scene.ask()).startswith(b"HTTP/1.1 502")

    asyncio.run(story())


def test_what_is_not_http_passes_unchanged() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\x16\x03 SSH-2.0\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.write(b"more")

    async def story() -> None:
        async with Scene(speak, silence=5) as scene:
            assert await scene.ask() == b"\x16\x03 SSH-2.0\r\nmore"

    asyncio.run(story())


def test_a_client_that_leaves_takes_its_upstream_connection_along() -> None:
    async def story() -> None:
        asked, gone = asyncio.Event(), asyncio.Event()

        async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
            asked.set()
            try:
                await reader.read()
            finally:
                gone.set()

        async with Scene(hang, silence=5) as scene:
            scene.writer.write(ASK)
            async with asyncio.timeout(2):
                await asked.wait()
                assert scene.box.connections == 1
                scene.writer.close()
                await gone.wait()
            assert scene.box.connections == 0

    asyncio.run(story())


def test_a_slow_client_holds_the_upstream_up() -> None:
    size = 24 << 20
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        while sent < size:
            writer.write(bytes(1 << 16))
            sent += 1 << 16
            await writer.drain()
        await reader.read()

    async def story() -> None:
        async with Scene(flood, silence=5) as scene:
            scene.writer.write(ASK)
            await scene.reader.readuntil(b"\r\n\r\n")
            before = -1
            while sent != before:
                before = sent
                await asyncio.sleep(0.1)
            assert sent < size  # held up: neither we nor the kernels take all of it
            async with asyncio.timeout(5):
                await scene.reader.readexactly(size)

    asyncio.run(story())
