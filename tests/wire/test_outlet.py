from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from outwait.wire.outlet import Outlet
from outwait.wire.request import Request
from outwait.wire.wheel import NEVER

GET = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"
OLD = b"GET / HTTP/1.0\r\n\r\n"
OLD_KEEP = b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n"
HEAD = b"HEAD / HTTP/1.1\r\nhost: a\r\n\r\n"
TYPE = b"content-type: text/event-stream\r\n"


def does(act: Callable[[Outlet], None]) -> Callable[[Request], Any]:
    """A handler that does `act` to its outlet."""

    async def handler(request: Request) -> None:
        act(request.outlet)

    return handler


def stream(outlet: Outlet) -> None:
    outlet.open(200, TYPE)
    outlet.write(b"one ")
    outlet.write(b"")
    outlet.write(b"b" * 20_000)
    outlet.finish()


# -------------------------------------------------------------------------------------------------------------- shapes
def test_a_whole_response(knock: Any) -> None:
    async def story(door: Any) -> None:
        client = await door.connect()
        await client.send(GET)
        raw = (await client.reader.readuntil(b"\r\n\r\n")) + await client.reader.readexactly(5)
        assert re.fullmatch(
            rb"HTTP/1\.1 201 Created\r\ndate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\nx: y\r\n"
            rb"content-length: 5\r\n\r\nhello",
            raw,
        )

    knock(story, does(lambda outlet: outlet.send(201, b"x: y\r\n", b"hello")))


def test_a_response_in_pieces(knock: Any) -> None:
    async def story(door: Any) -> None:
        client = await door.connect()
        for _ in range(2):
            await client.send(GET)
            reply = await client.reply()
            assert reply.headers["transfer-encoding"] == "chunked"
            assert (reply.end, reply.body) == ("keep-alive", b"one " + b"b" * 20_000)

    knock(story, does(stream))


@pytest.mark.parametrize("sent", [OLD, OLD_KEEP])
def test_pieces_for_http_1_0_end_with_the_connection(knock: Any, sent: bytes) -> None:
    async def story(door: Any) -> None:
        _, reply = await door.ask(sent)
        assert "transfer-encoding" not in reply.headers
        assert "content-length" not in reply.headers
        assert reply.headers["connection"] == "close"
        assert (reply.end, reply.body) == ("eof", b"one " + b"b" * 20_000)

    knock(story, does(stream))


@pytest.mark.parametrize("act", [stream, lambda outlet: outlet.send(200, TYPE, b"hello")])
def test_head_gets_the_head_only(knock: Any, act: Callable[[Outlet], None]) -> None:
    async def story(door: Any) -> None:
        client = await door.connect()
        for _ in range(2):
            await client.send(HEAD)
            reply = await client.reply(head_only=True)
            assert (reply.headers.get("content-length"), reply.headers.get("transfer-encoding")) in [
                ("5", None),
                (None, "chunked"),
            ]
        await client.send(b"nonsense\n")
        assert (await client.reply()).status == 400  # and no byte of a body before it

    knock(story, does(act))


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("pieces", [True, False])
def test_a_status_without_a_body(knock: Any, status: int, pieces: bool) -> None:
    def act(outlet: Outlet) -> None:
        if pieces:
            outlet.open(status, b"")
            outlet.write(b"lost")
            outlet.finish()
        else:
            outlet.send(status, b"", b"lost")

    async def story(door: Any) -> None:
        client = await door.connect()
        for _ in range(2):
            await client.send(GET)
            reply = await client.reply()
            assert reply.status == status
            assert not {"content-length", "transfer-encoding"} & reply.headers.keys()
        client.writer.write_eof()
        assert await client.closed() == b""

    knock(story, does(act))


# --------------------------------------------------------------------------------------------------------------- abort
def broken(outlet: Outlet) -> None:
    outlet.open(200, TYPE)
    outlet.write(b"x" * 100_000 + b'{"error":{}}')
    outlet.abort()
    outlet.abort()
    outlet.write(b"never")
    outlet.finish()


def test_an_aborted_chunked_body_is_all_there_but_not_whole(knock: Any) -> None:
    async def story(door: Any) -> None:
        client, reply = await door.ask(GET)
        assert (reply.end, reply.body) == ("cut", b"x" * 100_000 + b'{"error":{}}')
        assert client.reader.at_eof()  # a FIN, not a reset: nothing of it can get lost

    knock(story, does(broken))


def test_an_aborted_close_delimited_body_ends_in_a_reset(knock: Any) -> None:
    async def story(door: Any) -> None:
        _, reply = await door.ask(OLD)
        assert (reply.end, reply.body) == ("reset", b"x" * 100_000 + b'{"error":{}}')

    knock(story, does(broken))


def test_the_reset_waits_for_a_slow_reader_but_not_for_ever(knock: Any) -> None:
    async def story(door: Any) -> None:
        client = await door.connect(buffer=4096)
        client.writer.transport.pause_reading()
        await client.send(OLD)
        await knock.until(lambda: door.seen)
        await asyncio.sleep(0.03)
        assert door.server.connections == 1
        await knock.until(lambda: door.server.connections == 0)

    def much(outlet: Outlet) -> None:
        outlet.open(200, TYPE)
        outlet.write(b"x" * 8_000_000)
        outlet.abort()

    knock(story, does(much), linger_seconds=0.2)


def test_a_client_that_closed_its_side_still_gets_the_reset(knock: Any) -> None:
    async def story(door: Any) -> None:
        client = await door.connect(buffer=4096)
        client.writer.transport.pause_reading()
        await client.send(OLD)
        await knock.until(lambda: door.seen and door.seen[0].outlet.done)
        client.writer.write_eof()
        await asyncio.sleep(0.02)
        client.writer.transport.resume_reading()
        reply = await client.reply()
        assert (reply.end, len(reply.body)) == ("reset", 1_000_000)

    def much(outlet: Outlet) -> None:
        outlet.open(200, TYPE)
        outlet.write(b"x" * 1_000_000)
        outlet.abort()

    knock(story, does(much))


@pytest.mark.parametrize("sent", [GET, OLD])
def test_aborted_before_the_head_there_is_no_reply_at_all(knock: Any, sent: bytes) -> None:
    async def story(door: Any) -> None:
        client = await door.connect()
        await client.send(sent)
        assert await client.closed() == b""

    knock(story, does(lambda outlet: outlet.abort()))


# ---------------------------------------------------------------------------------------------------------------- gone
async def leaves(client: Any, how: str) -> None:
    if how == "reset":
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.writer.transport.abort()
    elif how == "half":
        client.writer.write_eof()
    else:
        client.close()


@pytest.mark.parametrize("how", ["close", "half", "reset"])
@pytest.mark.parametrize("phase, first", [("fresh", "send"), ("fresh", "open"), ("open", ""), ("written", "")])
def test_a_client_that_leaves_is_noticed_in_silence(knock: Any, how: str, phase: str, first: str) -> None:
    told: list[str] = []

    async def handler(request: Request) -> None:
        outlet, left = request.outlet, asyncio.Event()
        outlet.on_gone = lambda: (told.append("gone"), left.set())  # type: ignore[assignment, func-returns-value]
        outlet.alarm(0.0, lambda _: told.append("rang"))
        if phase != "fresh":
            outlet.open(200, TYPE)
        if phase == "written":
            outlet.write(b"word")
        await left.wait()
        assert outlet.gone
        assert outlet.done
        outlet.alarm(0.0)
        if phase == "fresh":
            getattr(outlet, first)(200, b"", *([b"to nobody"] if first == "send" else []))
        outlet.write(b"to nobody")
        outlet.finish()
        outlet.abort()

    async def story(door: Any) -> None:
        client = await door.connect()
        await client.send(GET)
        await knock.until(lambda: told == ["rang"])
        await leaves(client, how)
        await knock.until(lambda: door.server.connections == 0 and door.server.handling == 0)
        assert told == ["rang", "gone"]

    knock(story, handler)


def test_nobody_is_told_of_a_client_that_leaves_after_its_response(knock: Any) -> None:
    told: list[str] = []

    def act(outlet: Outlet) -> None:
        outlet.on_gone = lambda: told.append("gone")
        outlet.send(200, b"", b"")

    async def story(door: Any) -> None:
        client, _ = await door.ask(GET)
        client.close()
        await knock.until(lambda: door.server.connections == 0)
        assert told == []
        assert not door.seen[0].outlet.gone

    knock(story, does(act))


# ------------------------------------------------------------------------------------------------------- back-pressure
def test_a_client_that_does_not_read_blocks_and_reading_drains(knock: Any) -> None:
    total = 12 * 1024 * 1024
    peak = 0

    async def handler(request: Request) -> None:
        nonlocal peak
        outlet, drained = request.outlet, asyncio.Event()
        outlet.on_drain = drained.set
        outlet.open(200, TYPE)
        for _ in range(total // 32768):
            outlet.write(b"x" * 32768)
            await asyncio.sleep(0)
            peak = max(peak, outlet._inlet.transport.get_write_buffer_size())
            if outlet.blocked:
                drained.clear()
                await drained.wait()
                assert not outlet.blocked
        outlet.finish()

    async def story(door: Any) -> None:
        client = await door.connect(buffer=65536)
        client.writer.transport.pause_reading()
        await client.send(GET)
        await knock.until(lambda: door.seen and door.seen[0].outlet.blocked)
        await asyncio.sleep(0.05)
        assert door.seen[0].outlet.blocked
        client.writer.transport.resume_reading()
        reply = await client.reply()
        assert (len(reply.body), reply.end) == (total, "keep-alive")
        assert peak < 64 * 1024 + 2 * 32768 + 100

    knock(story, handler)


def test_a_client_that_takes_nothing_for_too_long_is_dropped(knock: Any) -> None:
    async def handler(request: Request) -> None:
        left = asyncio.Event()
        request.outlet.on_gone = left.set
        request.outlet.open(200, TYPE)
        request.outlet.write(b"x" * 8_000_000)
        await left.wait()

    async def story(door: Any) -> None:
        client = await door.connect(buffer=4096)
        client.writer.transport.pause_reading()
        await client.send(GET)
        await knock.until(lambda: door.seen and door.seen[0].outlet.gone)
        await knock.until(lambda: door.server.connections == 0)

    knock(story, handler, write_stall=0.1)


def test_a_slow_client_is_not_a_dead_one(knock: Any) -> None:
    total = 1_000_000

    async def story(door: Any) -> None:
        client = await door.connect(buffer=4096)
        await client.send(GET)
        for _ in range(30):
            assert await client.reader.readexactly(3000)
            await asyncio.sleep(0.01)
        assert not door.seen[0].outlet.gone
        assert len(await client.reader.readexactly(total - 90_000)) == total - 90_000

    def much(outlet: Outlet) -> None:
        outlet.open(200, TYPE)
        outlet.write(b"x" * total)
        outlet.finish()

    knock(story, does(much), write_stall=0.1, idle_seconds=0.05)


# --------------------------------------------------------------------------------------------------------------- alarm
def test_the_lent_alarm_rings_once_each_time_it_is_set(knock: Any) -> None:
    rung: list[float] = []

    async def handler(request: Request) -> None:
        outlet, enough = request.outlet, asyncio.Event()
        loop = asyncio.get_running_loop()

        def beat(now: float) -> None:
            assert now >= due[0]
            rung.append(now)
            outlet.write(b"\n")
            if len(rung) == 5:
                enough.set()
                outlet.alarm(NEVER)
            else:
                due[0] = now + 0.02
                outlet.alarm(due[0])

        due = [loop.time() + 0.02]
        outlet.open(200, TYPE)
        outlet.alarm(due[0], beat)
        await enough.wait()
        await asyncio.sleep(0.05)
        outlet.finish()
        outlet.alarm(loop.time())

    async def story(door: Any) -> None:
        _, reply = await door.ask(GET)
        assert reply.body == b"\n" * 5
        await asyncio.sleep(0.03)
        assert len(rung) == 5
        assert all(later - earlier > 0.0199 for earlier, later in pairwise(rung))

    knock(story, handler)


# -------------------------------------------------------------------------------------------------------------- misuse
@pytest.mark.parametrize(
    "act",
    [
        lambda outlet: outlet.write(b"x"),
        lambda outlet: outlet.finish(),
        lambda outlet: (outlet.send(200, b"", b""), outlet.send(200, b"", b"")),
        lambda outlet: (outlet.open(200, b""), outlet.open(200, b"")),
        lambda outlet: (outlet.open(200, b""), outlet.send(200, b"", b"")),
    ],
)
def test_misuse_is_a_bug_and_says_so(knock: Any, act: Callable[[Outlet], None]) -> None:
    failed: list[str] = []

    async def handler(request: Request) -> None:
        try:
            act(request.outlet)
        except RuntimeError as error:
            failed.append(str(error))
        finally:
            request.outlet.abort()

    async def story(door: Any) -> None:
        client = await door.connect()
        await client.send(GET)
        client.writer.write_eof()
        await client.closed()
        await knock.until(lambda: failed)

    knock(story, handler)
