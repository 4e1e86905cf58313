"""Two servers of the wire: the owner behind a Unix socket, and the front that passes requests on to it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import uvloop

from outwait.core.fault import Fault, Stage
from outwait.relay.forward import ORPHAN, forward
from outwait.wire import listen
from outwait.wire.endpoint import SideDoor
from outwait.wire.guard import Limits
from outwait.wire.request import NEIGHBOUR, Request
from outwait.wire.server import Server
from outwait.wire.wheel import Wheel

TEXT = b"content-type: text/plain\r\n"
GET = b"GET /x?y=1 HTTP/1.1\r\nhost: a\r\n\r\n"
LARGE = 8 << 20

Handler = Callable[[Request], Awaitable[None] | None]
Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Scene:
    """`seen`: what the owner was asked. `lost`: the faults the front was told."""

    def __init__(self, handler: Handler, folder: Path) -> None:
        self._handler = handler
        self.seen: list[Request] = []
        self.lost: list[Fault] = []
        self.door = SideDoor(str(folder / "owner"))
        self.orphan: str | None = None
        self.wheel = Wheel(asyncio.get_running_loop(), tick=0.005)
        self.owner = self._server(self._answer)
        self.front = self._server(self._pass_on)
        self.port = 0
        self.writers: list[asyncio.StreamWriter] = []

    def _server(self, handler: Handler) -> Server:
        return Server(
            handler, limits=Limits(), wheel=self.wheel, body_limit=lambda _: LARGE, refuse=lambda *_: (400, b"", b"")
        )

    def _answer(self, request: Request) -> Awaitable[None] | None:
        self.seen.append(request)
        return self._handler(request)

    def _pass_on(self, request: Request) -> None:
        def lost(fault: Fault) -> None:
            self.lost.append(fault)
            request.outlet.send(fault.status, b"", b"lost")

        forward(request, self.door, lost, self.orphan)

    async def client(self, sent: bytes) -> Client:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 16)
        self.writers.append(writer)
        writer.write(sent)
        return reader, writer

    async def ask(self, sent: bytes) -> bytes:
        """All that comes until the front closes."""
        reader, _ = await self.client(sent.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1))
        return await reader.read()


def play(scenario: Callable[[Scene], Awaitable[None]], handler: Handler) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            scene = Scene(handler, Path(folder))
            (sock,) = listen.bind("127.0.0.1", 0)
            scene.port = sock.getsockname()[1]
            side = await listen.start_side(scene.owner, listen.bind_side(Path(scene.door.path)))
            front = await listen.start(scene.front, sock)
            try:
                async with asyncio.timeout(10):
                    await scenario(scene)
            finally:
                for writer in scene.writers:
                    writer.transport.abort()
                front.close()
                side.close()
                await scene.front.close(1.0)
                await scene.owner.close(1.0)
                scene.wheel.close()
                assert (scene.front.connections, scene.owner.connections) == (0, 0)

    uvloop.run(run())


async def until(true: Callable[[], object]) -> None:
    while not true():  # noqa: ASYNC110 - real sockets have no event for it
        await asyncio.sleep(0.002)


def whole(request: Request) -> None:
    request.outlet.send(207, TEXT + b"x-answer: yes\r\n", b"answer to " + request.body)


# ------------------------------------------------------------------------------------------------------- the request
def test_the_owner_gets_the_request_as_it_is() -> None:
    async def scenario(scene: Scene) -> None:
        body = b"\x00\xff" * 400_000  # more than one write
        sent = (
            b"POST /v1/x?a=%%20b HTTP/1.1\r\nhost: h\r\nAuthorization: Bearer k\r\nx-note: caf\xe9\r\nx-note: two\r\n"
            b"connection: x-mine\r\nx-mine: 1\r\nte: trailers\r\nx-outwait-orphan: ow_forged\r\n"
            b"content-length: %d\r\n\r\n" % len(body)
        )
        _, writer = await scene.client(sent + body)
        await until(lambda: scene.seen)
        (request,) = scene.seen
        assert (request.method, request.path, request.query, request.body) == ("POST", "/v1/x", "a=%20b", body)
        assert (request.peer, request.neighbour) == (NEIGHBOUR, True)
        assert dict(request.headers) == {
            "host": "h",
            "authorization": "Bearer k",
            "x-note": "caf\xe9, two",
            "connection": "close",
        }
        writer.close()

    play(scenario, whole)


def test_the_orphan_is_named_to_the_owner() -> None:
    async def scenario(scene: Scene) -> None:
        scene.orphan = "ow_1"
        await scene.ask(b"GET /x HTTP/1.1\r\nhost: a\r\nx-outwait-orphan: ow_forged\r\n\r\n")
        assert scene.seen[0].headers[ORPHAN] == "ow_1"

    play(scenario, whole)


def test_an_old_client_without_a_host_is_passed_on_too() -> None:
    async def scenario(scene: Scene) -> None:
        reader, writer = await scene.client(b"GET /x HTTP/1.0\r\n\r\n")
        told = await reader.read()
        assert told.endswith(b"\r\n\r\nanswer to ")
        writer.close()

    play(scenario, whole)


# --------------------------------------------------------------------------------------------------------- the reply
def test_a_whole_reply_stays_one() -> None:
    async def scenario(scene: Scene) -> None:
        told = await scene.ask(b"POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi")
        head, _, body = told.partition(b"\r\n\r\n")
        assert body == b"answer to hi"
        assert head.startswith(b"HTTP/1.1 207 ")
        assert head.count(b"date: ") == head.count(b"content-length: 12") == head.count(b"x-answer: yes") == 1

    play(scenario, whole)


def test_a_reply_without_a_body() -> None:
    async def scenario(scene: Scene) -> None:
        assert (await scene.ask(GET)).startswith(b"HTTP/1.1 204 ")

    play(scenario, lambda request: request.outlet.send(204, b"", b""))


def test_pieces_come_as_they_come_and_end_as_they_end() -> None:
    going_on = asyncio.Event()

    async def pieces(request: Request) -> None:
        request.outlet.open(200, TEXT)
        request.outlet.write(b": beat\n\n")
        await going_on.wait()
        request.outlet.write(b"data: 1\n\n")
        request.outlet.finish()

    async def scenario(scene: Scene) -> None:
        reader, writer = await scene.client(GET)
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"transfer-encoding: chunked" in head
        assert await reader.readexactly(13) == b"8\r\n: beat\n\n\r\n"
        going_on.set()
        assert await reader.readexactly(19) == b"9\r\ndata: 1\n\n\r\n0\r\n\r\n"
        writer.write(GET)  # the client's connection is still good
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        writer.close()

    play(scenario, pieces)


@pytest.mark.parametrize("head", [GET, b"GET /x HTTP/1.0\r\nhost: a\r\n\r\n"], ids=["chunked", "1.0"])
def test_an_abort_stays_an_abort(head: bytes) -> None:
    async def aborts(request: Request) -> None:
        request.outlet.open(200, TEXT)
        request.outlet.write(b"half")
        request.outlet.abort()

    async def scenario(scene: Scene) -> None:
        reader, writer = await scene.client(head)
        try:
            told = await reader.read()
        except ConnectionResetError:  # how an answer without a length is broken off
            told = b""
        assert not told.endswith(b"0\r\n\r\n")
        assert (b"chunked" in told) == (b"1.1" in head)
        assert scene.lost == []
        writer.close()

    play(scenario, aborts)


def test_a_head_is_answered_without_a_body() -> None:
    async def endless(request: Request) -> None:
        gone = asyncio.Event()
        request.outlet.on_gone = gone.set
        request.outlet.open(200, TEXT)
        request.outlet.write(b"x")
        await gone.wait()

    async def scenario(scene: Scene) -> None:
        told = await scene.ask(b"HEAD /x HTTP/1.1\r\nhost: a\r\n\r\n")
        assert told.startswith(b"HTTP/1.1 200 ")
        assert told.endswith(b"\r\n\r\n")
        assert scene.seen[0].method == "GET"
        await until(lambda: scene.owner.handling == 0)

    play(scenario, endless)


# ------------------------------------------------------------------------------------------------------ back-pressure
def test_a_slow_client_holds_the_owner_back() -> None:
    piece = b"x" * 65_536
    written: list[int] = []

    def flood(request: Request) -> None:
        outlet = request.outlet
        outlet.open(200, TEXT)

        def more() -> None:
            while not outlet.blocked and len(written) < 1000:
                written.append(1)
                outlet.write(piece)
            if len(written) == 1000:
                outlet.on_drain = None
                outlet.finish()

        outlet.on_drain = more
        more()

    async def scenario(scene: Scene) -> None:
        reader, writer = await scene.client(GET)
        await reader.readuntil(b"\r\n\r\n")
        stood = -1
        while stood != len(written):
            stood = len(written)
            await asyncio.sleep(0.1)
        assert 0 < stood < 600  # the sockets' buffers are full, and nobody reads
        count = 0
        async with asyncio.timeout(8):
            while not (data := await reader.read(1 << 20)).endswith(b"0\r\n\r\n"):
                count += data.count(b"x")
        assert count + data.count(b"x") == 1000 * len(piece)
        writer.close()

    play(scenario, flood)


# ------------------------------------------------------------------------------------------------------------ partings
def test_a_client_that_leaves_is_gone_for_the_owner() -> None:
    gone = asyncio.Event()

    async def waits(request: Request) -> None:
        request.outlet.on_gone = gone.set
        await gone.wait()

    async def scenario(scene: Scene) -> None:
        _, writer = await scene.client(GET)
        await until(lambda: scene.seen)
        writer.close()
        await gone.wait()
        assert scene.lost == []

    play(scenario, waits)


def test_who_left_before_is_not_passed_on() -> None:
    async def scenario(scene: Scene) -> None:
        held: list[Request] = []
        scene.front._handler = held.append
        _, writer = await scene.client(GET)
        await until(lambda: held)
        writer.close()
        await until(lambda: held[0].outlet.gone)
        assert forward(held[0], scene.door, scene.lost.append) is None
        await asyncio.sleep(0.01)
        assert scene.seen == []

    play(scenario, whole)


def test_nobody_at_the_door_is_told_at_once() -> None:
    async def scenario(scene: Scene) -> None:
        scene.door = SideDoor(scene.door.path + "-gone")
        assert (await scene.ask(GET)).endswith(b"lost")
        (fault,) = scene.lost
        assert (fault.code, fault.status, fault.stage) == ("owner_unreachable", 503, Stage.CONNECTING)
        assert "No such file" in (fault.detail or "")

    play(scenario, whole)


def test_an_owner_that_breaks_off_before_it_said_anything_is_lost() -> None:
    async def scenario(scene: Scene) -> None:
        assert (await scene.ask(GET)).endswith(b"lost")
        assert [(fault.code, fault.stage) for fault in scene.lost] == [("owner_unreachable", Stage.SENT)]

    play(scenario, lambda request: request.outlet.abort())
