"""A provider made of bytes: each accepted connection runs the next script, on a real loopback socket."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import pytest
import uvloop

from outwait.core.catalog import Catalog, Channel
from outwait.core.fault import Fault
from outwait.core.plan import Candidate
from outwait.upstream.call import Upstream
from outwait.wire.attempt import OpenAttempt
from outwait.wire.wheel import Wheel

PATIENCE = 5.0  # seconds until a test that waits for the wrong thing fails
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class Peer:
    """The provider's side of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.head = b""
        self.body = b""
        self.finished = asyncio.Event()  # its script is over

    async def request(self) -> bytes:
        """Read a whole request; returns its body."""
        self.head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(self.head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        self.body = await self.reader.readexactly(length)
        return self.body

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, data: bytes = OK) -> None:
        await self.request()
        await self.say(data)

    async def gone(self) -> None:
        """Until the other side has closed."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            pass

    def reset(self) -> None:
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Script = Callable[[Peer], Awaitable[None]]


class Notes:
    """A sink that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.data = b""
        self.lefts: list[int] = []
        self.status = 0
        self.reused = False
        self.headers: Mapping[str, str] = {}
        self.fault: Fault | None = None
        self.over = asyncio.Event()
        self.changed = asyncio.Event()

    def _note(self, name: str) -> None:
        assert not self.over.is_set(), f"{name} after the end"
        self.told.append(name)
        self.changed.set()

    def resolved(self) -> None:
        self._note("resolved")

    def connected(self, reused: bool) -> None:
        self.reused = reused
        self._note("connected")

    def wrote(self, left: int) -> None:
        self.lefts.append(left)
        self._note("wrote")

    def sent(self) -> None:
        self._note("sent")

    def head(self, status: int, headers: Mapping[str, str], *, whole: bool = False) -> None:
        self.status, self.headers = status, headers
        self._note("head")

    def body(self, data: bytes) -> None:
        assert data
        self.data += data
        self._note("body")

    def end(self) -> None:
        self._note("end")
        self.over.set()

    def failed(self, fault: Fault) -> None:
        self.fault = fault
        self._note("failed")
        self.over.set()

    async def until(self, name: str) -> None:
        while name not in self.told:
            self.changed.clear()
            await self.changed.wait()


class Stage:
    """A provider and an `Upstream` that calls it."""

    candidate = Candidate("c", "openai", "m")

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.peers: list[Peer] = []

    def open(self, body: bytes = b"{}", *, fresh: bool = False, **more: Any) -> tuple[OpenAttempt, Notes]:
        notes = Notes()
        return self.upstream.open(self.candidate, body, notes, fresh=fresh, **more), notes

    async def call(self, body: bytes = b"{}", *, fresh: bool = False, **more: Any) -> Notes:
        notes = self.open(body, fresh=fresh, **more)[1]
        await notes.over.wait()
        return notes

    async def pooled(self, count: int) -> None:
        """Until so many connections are idle; there is no event for it."""
        while self.upstream.idle != count:  # noqa: ASYNC110 - the code under test should not have one for tests
            await asyncio.sleep(0.001)


Scenario = Callable[[Stage], Awaitable[None]]


def _play(scenario: Scenario, *scripts: Script, tls: ssl.SSLContext | None = None, **options: Any) -> None:
    async def run() -> None:
        waiting = list(scripts)
        running: set[asyncio.Task[None]] = set()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            peer = Peer(reader, writer)
            stage.peers.append(peer)
            task = asyncio.current_task()
            assert task is not None
            running.add(task)
            try:
                await waiting.pop(0)(peer)
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                running.discard(task)
                peer.finished.set()
                writer.close()

        server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
        port = server.sockets[0].getsockname()[1]
        channel = Channel(
            "c", options.pop("dialect", "openai"), f"{'https' if tls else 'http'}://127.0.0.1:{port}", **options
        )
        wheel = Wheel(asyncio.get_running_loop(), tick=0.005)
        stage = Stage(Upstream(wheel, Catalog(channels=(channel,))))
        try:
            async with asyncio.timeout(PATIENCE):
                await scenario(stage)
        finally:
            stage.upstream.close()
            wheel.close()
            server.close()
            for task in list(running):
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    uvloop.run(run())


class Play:
    """Runs a scenario; each connection to the provider runs the next of `scripts`."""

    def __call__(self, scenario: Scenario, *scripts: Script, tls: ssl.SSLContext | None = None, **channel: Any) -> None:
        _play(scenario, *scripts, tls=tls, **channel)

    @staticmethod
    async def answers(peer: Peer) -> None:
        """Answer request after request."""
        while True:
            await peer.answer()

    @staticmethod
    async def once(peer: Peer, answer: bytes = OK) -> None:
        """Answer one request and wait for the other side to go."""
        await peer.answer(answer)
        await peer.gone()

    @staticmethod
    async def silent(peer: Peer) -> None:
        """Take the request, say nothing, wait for the other side to go."""
        await peer.request()
        await peer.gone()


@pytest.fixture
def play(caplog: pytest.LogCaptureFixture) -> Iterator[Play]:
    """Fails when something went wrong that only the log tells."""
    yield Play()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
