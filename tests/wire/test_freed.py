"""What a request made is freed when its last user lets go: the garbage collector finds nothing (no sockets)."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import uvloop

from outwait.core.fault import Fault
from outwait.wire.attempt import OpenAttempt
from outwait.wire.connection import Connection
from outwait.wire.endpoint import Endpoint
from outwait.wire.guard import Limits
from outwait.wire.pool import Pool
from outwait.wire.request import Request
from outwait.wire.server import Server
from outwait.wire.wheel import Wheel

GET = b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n"
POST = b"POST /p HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello"
OK = b"HTTP/1.1 200 OK\r\ncontent-type: a/b\r\ncontent-length: 5\r\n\r\nhello"
CODED = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nhello"


class Memory:
    """A transport that takes everything."""

    def __init__(self) -> None:
        self.closing = False

    def write(self, data: bytes) -> None:
        """Nobody reads it."""

    def set_write_buffer_limits(self, **limits: int) -> None:
        """Nothing ever waits."""

    pause_reading = resume_reading = set_write_buffer_limits

    def close(self) -> None:
        self.closing = True

    abort = write_eof = close

    def is_closing(self) -> bool:
        return self.closing

    def can_write_eof(self) -> bool:
        return True

    def get_extra_info(self, name: str) -> object:
        return ("10.0.0.1", 1) if name == "peername" else None

    def get_write_buffer_size(self) -> int:
        return 0


class Relay:
    """Answers later, from callbacks that hold it, as the product's relay does."""

    def __init__(self, request: Request, waiting: list[Relay]) -> None:
        self.outlet = request.outlet
        self.outlet.on_gone = self.gone
        self.outlet.on_drain = self.gone
        self.outlet.alarm(1e9, self.ring)
        waiting.append(self)

    def gone(self) -> None:
        """The client left."""

    def ring(self, now: float) -> None:
        """A heartbeat is due."""


def found(story: Callable[[], object]) -> int:
    """How many objects only the collector could free, after many turns of `story`.

    What other tests left on the heap is frozen meanwhile: walking it takes a second, and nothing here refers to it.
    """

    async def turn() -> None:
        story()
        for _ in range(8):  # tasks, and what waits behind them
            await asyncio.sleep(0)

    async def play() -> int:
        await turn()
        gc.collect()
        gc.disable()
        try:
            for _ in range(20):
                await turn()
            return gc.collect()
        finally:
            gc.enable()

    gc.freeze()
    try:
        return uvloop.run(play())
    finally:
        gc.unfreeze()


async def task(request: Request) -> None:
    request.outlet.send(200, b"", b"")


def whole(request: Request) -> None:
    request.outlet.send(200, b"", b"")


def pieces(request: Request) -> None:
    request.outlet.open(200, b"")
    request.outlet.write(b"x")
    request.outlet.finish()


def cut(request: Request) -> None:
    request.outlet.open(200, b"")
    request.outlet.abort()


def raises(request: Request) -> None:
    raise ValueError("spilled")


@pytest.mark.parametrize("handler", [task, whole, pieces, cut, raises])
@pytest.mark.parametrize("sent", [GET, POST, POST * 3, b"nonsense\n"])
@pytest.mark.parametrize("kept", [True, False])
def test_on_the_server_side(handler: Any, sent: bytes, kept: bool, caplog: pytest.LogCaptureFixture) -> None:
    made: list[Any] = []

    def story() -> None:
        if not made:
            wheel = Wheel(asyncio.get_running_loop())
            made.append(
                Server(
                    handler, limits=Limits(), wheel=wheel, body_limit=lambda _: 100,
                    refuse=lambda fault, _: (fault.status, b"", b""),
                )
            )  # fmt: skip
        if not kept or len(made) == 1 or made[1].transport.is_closing():
            inlet = made[0].protocol_factory()
            inlet.connection_made(Memory())
            made[1:] = [inlet]
        made[1].data_received(sent)
        if not kept:
            made[1].connection_lost(None)
        caplog.clear()

    assert found(story) == 0


@pytest.mark.parametrize("end", ["answered", "gone"])
def test_with_an_answer_that_comes_later(end: str) -> None:
    made: list[Any] = []
    waiting: list[Relay] = []

    def handler(request: Request) -> None:
        Relay(request, waiting)

    def story() -> None:
        if not made:
            wheel = Wheel(asyncio.get_running_loop())
            made.append(
                Server(
                    handler, limits=Limits(), wheel=wheel, body_limit=lambda _: 100,
                    refuse=lambda fault, _: (fault.status, b"", b""),
                )
            )  # fmt: skip
        inlet = made[0].protocol_factory()
        inlet.connection_made(Memory())
        inlet.data_received(POST)
        relay = waiting.pop()
        if end == "answered":
            relay.outlet.send(200, b"", b"")
        inlet.connection_lost(None)

    assert found(story) == 0


class Taker:
    """A sink that holds its attempt, as an exchange does."""

    def __init__(self) -> None:
        self.attempt = OpenAttempt()
        self.said: list[str] = []

    def resolved(self) -> None:
        self.said.append("resolved")

    def connected(self, reused: bool) -> None:
        self.said.append("connected")

    def wrote(self, left: int) -> None:
        self.said.append("wrote")

    def sent(self) -> None:
        self.said.append("sent")

    def head(self, status: int, headers: Mapping[str, str], *, whole: bool = False) -> None:
        self.said.append("head")

    def body(self, data: bytes) -> None:
        self.said.append("body")

    def end(self) -> None:
        self.said.append("end")

    def failed(self, fault: Fault) -> None:
        self.said.append("failed")


@pytest.mark.parametrize(
    "reply, last", [(OK, "end"), (b"nonsense", "failed"), (CODED, "failed"), (OK[:-1], "sent"), (b"", "sent")]
)
def test_on_the_client_side(reply: bytes, last: str) -> None:
    made: list[Pool] = []

    def story() -> None:
        loop = asyncio.get_running_loop()
        if not made:
            made.append(Pool(Wheel(loop)))
        connection = made[0].take(Endpoint("a", 1, False))
        if connection is None:
            connection = Connection(loop, Endpoint("a", 1, False), made[0])
            connection.connection_made(Memory())  # type: ignore[arg-type]
        taker = Taker()
        connection.begin(taker.attempt, taker, b"POST / HTTP/1.1\r\n\r\n", b"x", reused=True)
        if reply:
            connection.data_received(reply)
        if last == "sent":
            assert taker.said[-1] in ("sent", "body")
            taker.attempt.cancel()
        elif last != "failed" or reply is not CODED:
            assert taker.said[-1] == last
        if not connection.usable:
            connection.connection_lost(None)

    assert found(story) == 0
