"""Upstreams for whole-process tests, on one loop in a thread: the simulated provider, and raw ones for what it is too
well-behaved to do."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar

from outwait.toolkit.simulate.record import Received
from outwait.toolkit.simulate.server import Simulator

T = TypeVar("T")
PATIENCE = 20.0  # seconds until a call into the loop counts as stuck
Script = Callable[["Raw", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Backstage:
    """The loop and what runs on it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="backstage", daemon=True)
        self._thread.start()
        self._stops: list[Callable[[], Coroutine[Any, Any, None]]] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` on the loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def simulate(self, **options: Any) -> Provider:
        """Start a simulated provider."""
        provider = Provider(self, options)
        self._stops.append(provider.close)
        return provider

    def raw(self, script: Script, *, receive: int | None = None) -> Raw:
        """Start a server that plays `script` to each connection. `receive`: its receive buffer in bytes."""
        upstream = Raw(script, receive)
        self.run(upstream.start())
        self._stops.append(upstream.stop)
        return upstream

    def close(self) -> None:
        """Stop everything."""
        for stop in reversed(self._stops):
            self.run(stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()


class Provider:
    """A simulated provider as tests see it."""

    def __init__(self, backstage: Backstage, options: Mapping[str, Any]) -> None:
        self._backstage = backstage
        self._before: list[Received] = []
        self._simulator = Simulator(**options)
        self.url = backstage.run(self._simulator.start())
        self.port = int(self.url.split(":")[2].split("/", maxsplit=1)[0])

    def becomes(self, **options: Any) -> None:
        """Another provider takes its place, at the same address. What was running is cut; what was received is kept."""

        async def change() -> None:
            await self._simulator.stop()
            self._before += self._simulator.calls
            self._simulator = Simulator(**options)
            await self._simulator.start(self.port)

        self._backstage.run(change())

    async def close(self) -> None:
        """Stop; on the loop."""
        await self._simulator.stop()

    def calls(self, question: str | None = None) -> list[Received]:
        """The calls received, oldest first; only those that asked `question`, if given."""

        async def look() -> list[Received]:
            return [*self._before, *self._simulator.calls]

        return [call for call in self._backstage.run(look()) if question is None or call.question == question]


class Raw:
    """A server that knows no HTTP but what its script says. `requests`: heads and bodies it read. `lost`: set when a
    client closed its connection."""

    def __init__(self, script: Script, receive: int | None) -> None:
        self._script = script
        self._receive = receive
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self._playing: set[asyncio.Task[None]] = set()
        self.port = 0
        self.requests: list[tuple[bytes, bytes]] = []
        self.lost = threading.Event()

    @property
    def url(self) -> str:
        """The base URL of a channel."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def start(self) -> None:
        """Listen on a free port."""
        sock = socket.socket()
        if self._receive is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive)
        sock.bind(("127.0.0.1", 0))
        self.port = sock.getsockname()[1]
        self._server = await asyncio.start_server(self._play, sock=sock, limit=1 << 16)

    async def stop(self) -> None:
        """Cut what is open and close."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._playing):
            task.cancel()
        await asyncio.gather(*self._playing, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        if self._server is not None:
            await self._server.wait_closed()

    async def read(self, reader: asyncio.StreamReader) -> bytes:
        """One request; returns its body."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        self.requests.append((head, body))
        return body

    async def until_lost(self, reader: asyncio.StreamReader) -> None:
        """Wait until the client closes."""
        try:
            while await reader.read(65536):
                pass
        except ConnectionError:
            pass
        self.lost.set()

    async def _play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        task = asyncio.current_task()
        assert task is not None
        self._playing.add(task)
        try:
            await self._script(self, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._playing.discard(task)
            writer.close()


class Full:
    """A listening socket whose backlog is full: a further connection is neither taken nor refused."""

    def __init__(self) -> None:
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(0)
        self.port: int = self._listener.getsockname()[1]
        self._fill: list[socket.socket] = []
        for _ in range(8):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", self.port))
            self._fill.append(sock)

    @property
    def url(self) -> str:
        """The base URL of a channel."""
        return f"http://127.0.0.1:{self.port}/v1"

    def close(self) -> None:
        """Let go."""
        for sock in (*self._fill, self._listener):
            sock.close()
