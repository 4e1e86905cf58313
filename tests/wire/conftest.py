"""A door to knock at: a server on a real loopback socket, a client that speaks bytes, and a loop per test."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

import pytest
import uvloop

from outwait.core.fault import Fault
from outwait.wire import framing, listen
from outwait.wire.guard import Limits
from outwait.wire.request import Request
from outwait.wire.server import Server
from outwait.wire.wheel import Wheel

JSON = framing.render([("content-type", "application/json")])
PATIENCE = 5.0  # seconds until a test that waits for the wrong thing fails


def refuse(fault: Fault, request: Request | None) -> tuple[int, bytes, bytes]:
    body = {
        "error": {"message": fault.message, "type": fault.type, "code": fault.code, "path": request and request.path}
    }
    return fault.status, JSON, json.dumps(body).encode()


async def echo(request: Request) -> None:
    told = {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "body": request.body.decode("latin-1"),
    }
    request.outlet.send(200, JSON, json.dumps(told).encode())


class Reply:
    """A response as the client saw it. `end`: keep-alive | eof | reset | cut, where cut is a body that is not whole."""

    def __init__(self, status: int, headers: dict[str, str]) -> None:
        self.status, self.headers = status, headers
        self.body, self.end = b"", "keep-alive"

    @property
    def code(self) -> str:
        """The code of the error it tells; fails unless its shape is the product's."""
        assert self.headers["content-type"] == "application/json"
        error = json.loads(self.body)["error"]
        assert error["message"]
        return str(error["code"])


class Client:
    """Speaks bytes and reads responses; framing is judged by the headers, as a client does."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0)

    async def reply(self, *, head_only: bool = False) -> Reply:
        async with asyncio.timeout(PATIENCE):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
            assert len(headers) == len(head) - 3, f"a header twice: {head}"
            reply = Reply(int(head[0].split(" ")[1]), headers)
            pieces = bytearray()
            try:
                await self._body(reply, pieces, head_only)
            except ConnectionResetError:
                reply.end = "reset"
            except asyncio.IncompleteReadError as error:
                pieces += error.partial
                reply.end = "cut"
        reply.body = bytes(pieces)
        return reply

    async def _body(self, reply: Reply, pieces: bytearray, head_only: bool) -> None:
        if head_only or reply.status in framing.BODILESS:
            return
        if "content-length" in reply.headers:
            pieces += await self.reader.readexactly(int(reply.headers["content-length"]))
        elif reply.headers.get("transfer-encoding") == "chunked":
            while size := int((await self.reader.readuntil(b"\r\n")).strip(), 16):
                pieces += (await self.reader.readexactly(size + 2))[:-2]
            assert await self.reader.readexactly(2) == b"\r\n"
        else:
            while data := await self.reader.read(65536):
                pieces += data
            reply.end = "eof"

    async def closed(self) -> bytes:
        """What still comes until the server closes; a reset is an end as well."""
        async with asyncio.timeout(PATIENCE):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    def close(self) -> None:
        self.writer.close()

    @property
    def sock(self) -> socket.socket:
        found: socket.socket = self.writer.get_extra_info("socket")
        return found


class Door:
    """A server and what its handler saw."""

    def __init__(self, server: Server, port: int, tls: ssl.SSLContext | None) -> None:
        self.server, self.port, self.tls = server, port, tls
        self.seen: list[Request] = []
        self._clients: list[Client] = []

    async def connect(self, *, buffer: int | None = None) -> Client:
        sock = socket.socket()
        if buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        name = "localhost" if self.tls is not None else None
        client = Client(*await asyncio.open_connection(sock=sock, ssl=self.tls, server_hostname=name, limit=4096))
        self._clients.append(client)
        return client

    async def ask(self, *pieces: bytes) -> tuple[Client, Reply]:
        client = await self.connect()
        await client.send(*pieces)
        return client, await client.reply()

    async def leave(self) -> None:
        for client in self._clients:
            client.close()
        await self.server.close(1.0)
        assert self.server.connections == 0
        assert self.server.handling == 0


async def until(true: Callable[[], object]) -> None:
    """Wait until something is true; real sockets have no event for it."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.001)


Scenario = Callable[[Door], Awaitable[None]]


class Knock:
    """Runs a scenario against a door; `limits` are the server's, changed where named."""

    until = staticmethod(until)
    echo = staticmethod(echo)
    json = JSON

    def __call__(
        self,
        scenario: Scenario,
        handler: Callable[[Request], Awaitable[None] | None] = echo,
        tls: tuple[ssl.SSLContext, ssl.SSLContext] | None = None,
        body_limit: int = 20 * 1024 * 1024,
        **limits: float | frozenset[str],
    ) -> None:
        async def play() -> None:
            wheel = Wheel(asyncio.get_running_loop(), tick=0.005)

            def noted(request: Request) -> Awaitable[None] | None:
                door.seen.append(request)
                return handler(request)

            bounds = replace(Limits(), **limits)  # type: ignore[arg-type] # names are checked by dataclasses
            server = Server(noted, limits=bounds, wheel=wheel, body_limit=lambda _: body_limit, refuse=refuse)
            sock = listen.bind("127.0.0.1", 0)[0]
            door = Door(server, sock.getsockname()[1], tls and tls[1])
            accepting = await listen.start(server, sock, tls and tls[0])
            try:
                async with asyncio.timeout(4 * PATIENCE):
                    await scenario(door)
            finally:
                accepting.close()
                await door.leave()
                wheel.close()

        uvloop.run(play())


@pytest.fixture
def knock(caplog: pytest.LogCaptureFixture) -> Iterator[Knock]:
    """`knock(scenario)`; fails when something went wrong that only the log tells, unless the test cleared it."""
    yield Knock()
    told = [record.getMessage() for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]
    assert told == []
