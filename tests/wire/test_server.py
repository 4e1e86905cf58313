from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from outwait.core.fault import Refusal, fault
from outwait.wire import listen
from outwait.wire.request import NEIGHBOUR, Request
from outwait.wire.server import _household

GET = b"GET /x HTTP/1.1\r\nhost: a\r\n\r\n"


# ------------------------------------------------------------------------------------------------- handlers that fail
async def raises(_: Request) -> None:
    raise ValueError("spilled")


async def says_nothing(_: Request) -> None:
    pass


async def raises_late(request: Request) -> None:
    request.outlet.open(200, b"")
    request.outlet.write(b"half")
    raise ValueError("spilled")


async def stops_half_way(request: Request) -> None:
    request.outlet.open(200, b"")
    request.outlet.write(b"half")


@pytest.mark.parametrize("handler, logged", [(raises, "spilled"), (says_nothing, "before the response was whole")])
def test_a_handler_that_does_not_answer(
    knock: Any, caplog: pytest.LogCaptureFixture, handler: Any, logged: str
) -> None:
    async def story(door: Any) -> None:
        client = await door.connect()
        for _ in range(2):
            await client.send(GET)
            reply = await client.reply()
            assert (reply.status, reply.code) == (500, "internal_error")

    with caplog.at_level(logging.ERROR, "outwait"):
        knock(story, handler)
    assert logged in caplog.text
    assert "/x" in caplog.text
    caplog.clear()


@pytest.mark.parametrize("handler", [raises_late, stops_half_way])
def test_a_handler_that_stops_half_way(knock: Any, caplog: pytest.LogCaptureFixture, handler: Any) -> None:
    async def story(door: Any) -> None:
        _, reply = await door.ask(GET)
        assert (reply.end, reply.body) == ("cut", b"half")

    knock(story, handler)
    assert caplog.records
    caplog.clear()


def test_a_handler_that_is_cancelled(knock: Any) -> None:
    async def handler(_: Request) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    async def story(door: Any) -> None:
        client = await door.connect()
        await client.send(GET)
        assert await client.closed() == b""

    knock(story, handler)


def test_a_refusal_that_reaches_the_top_is_a_bug(knock: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The door above tells refusals; here an exception is an exception."""

    async def handler(_: Request) -> None:
        raise Refusal(fault("not_found"))

    async def story(door: Any) -> None:
        _, reply = await door.ask(GET)
        assert reply.status == 500

    knock(story, handler)
    caplog.clear()


# -------------------------------------------------------------------------------------------------------------- limits
def test_too_many_connections_of_one_address(knock: Any) -> None:
    async def story(door: Any) -> None:
        clients = [await door.connect() for _ in range(3)]
        for client in clients:
            await client.send(GET)
            assert (await client.reply()).status == 200
        fourth = await door.connect()
        reply = await fourth.reply()
        assert (reply.status, reply.code) == (503, "gateway_overloaded")
        assert b"3 connections from 127.0.0.1 already (server.limits.per_ip)" in reply.body
        assert await fourth.closed() == b""
        fourth.close()
        clients[0].close()
        await knock.until(lambda: door.server.connections == 2)
        _, reply = await door.ask(GET)
        assert reply.status == 200

    knock(story, per_ip=3)


def test_addresses_that_are_not_counted(knock: Any) -> None:
    async def story(door: Any) -> None:
        for _ in range(3):
            _, reply = await door.ask(GET)
            assert reply.status == 200

    knock(story, per_ip=1, uncounted=(ip_network("127.0.0.0/30"), ip_network("fd00::/8")))
    knock(story, per_ip=0)


def test_too_many_connections_at_all(knock: Any) -> None:
    async def story(door: Any) -> None:
        first, _ = await door.ask(GET)
        many = [await door.connect() for _ in range(80)]
        told = [await client.closed() for client in many]
        assert all(text.startswith(b"HTTP/1.1 503 ") or text == b"" for text in told)
        assert told[0] != b""
        assert b"" in told  # above a courteous number they are cut without a word
        await first.send(GET)
        assert (await first.reply()).status == 200

    knock(story, connections=1, per_ip=0)


def test_an_ipv6_customer_is_one_address() -> None:
    assert _household("10.0.0.1") == "10.0.0.1"
    assert _household("2001:db8:1:2::1") == _household("2001:db8:1:2:ffff::9%eth0")
    assert _household("2001:db8:1:2::1") != _household("2001:db8:1:3::1")


def test_answering_a_connection_that_just_broke_is_no_error(knock: Any) -> None:
    async def handler(request: Request) -> None:
        request.outlet._inlet.transport.abort()
        request.outlet.open(200, b"")
        request.outlet.write(b"to nobody")
        request.outlet.abort()

    async def story(door: Any) -> None:
        client = await door.connect()
        await client.send(GET)
        assert await client.closed() == b""

    knock(story, handler)


def test_nothing_is_left_of_the_counts(knock: Any) -> None:
    async def story(door: Any) -> None:
        for _ in range(3):
            client, _ = await door.ask(GET)
            client.close()
        await knock.until(lambda: door.server.connections == 0)
        assert door.server._peers == {}

    knock(story)


# ------------------------------------------------------------------------------------------------------- further lines
@pytest.mark.parametrize(
    "path, size, status", [("/a", 4, 200), ("/a", 20_000, 200), ("/stream", 4, 200), ("/a", 0, 204), ("/a", -1, 413)]
)
def test_further_lines_are_in_every_head(knock: Any, path: str, size: int, status: int) -> None:
    def answer(request: Request) -> None:
        if path == "/a":
            request.outlet.send(status, b"x: y\r\n", b"b" * size)
        else:
            request.outlet.open(status, b"x: y\r\n")
            request.outlet.finish()

    async def story(door: Any) -> None:
        door.server.lines_of = lambda request: f"x-of: {request.path}\r\n".encode()
        asked = GET.replace(b"/x", path.encode())
        _, reply = await door.ask(asked if size >= 0 else asked[:-2] + b"content-length: 11\r\n\r\n")
        assert (reply.status, reply.headers["x-of"]) == (status, path)
        assert size < 0 or reply.headers["x"] == "y"

    knock(story, answer, body_limit=10)


# -------------------------------------------------------------------------------------------------------------- ending
def test_drain_closes_the_idle_and_lets_the_busy_finish(knock: Any) -> None:
    go = asyncio.Event()

    async def handler(request: Request) -> None:
        if request.path == "/wait":
            await go.wait()
        request.outlet.send(200, b"", b"done")

    async def story(door: Any) -> None:
        fresh = await door.connect()
        idle, _ = await door.ask(GET)
        busy = await door.connect()
        await busy.send(b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\n" + GET)
        half = await door.connect()
        await half.send(b"POST /p HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\na")
        await knock.until(lambda: door.server.connections == 4 and door.server.handling == 1)
        door.server.drain()
        assert await fresh.closed() == b""
        assert await idle.closed() == b""
        assert not await door.server.wait_idle(0.02)
        await half.send(b"b")
        for client in (half, busy):
            go.set()
            reply = await client.reply()
            assert (reply.status, reply.body, reply.headers["connection"]) == (200, b"done", "close")
            assert await client.closed() == b""
            client.close()
        assert await door.server.wait_idle(1.0)

    knock(story, handler)


def test_a_stream_outlives_the_drain(knock: Any) -> None:
    go = asyncio.Event()

    async def handler(request: Request) -> None:
        request.outlet.open(200, b"")
        request.outlet.write(b"before ")
        await go.wait()
        request.outlet.write(b"after")
        request.outlet.finish()

    async def story(door: Any) -> None:
        client = await door.connect()
        await client.send(GET)
        await knock.until(lambda: door.server.handling)
        door.server.drain()
        go.set()
        reply = await client.reply()
        assert (reply.body, reply.end) == (b"before after", "keep-alive")

    knock(story, handler)


class _Streams:
    """Begins to answer at once; the answer to GET ends when `go` is set."""

    def __init__(self) -> None:
        self.go = asyncio.Event()

    async def __call__(self, request: Request) -> None:
        request.outlet.open(200, b"")
        request.outlet.write(b"before ")
        if request.path == "/x":
            await self.go.wait()
        request.outlet.write(b"after")
        request.outlet.finish()

    async def in_the_drain(self, door: Any, until: Callable[..., Any]) -> Any:
        """A client whose stream has ended since the drain began."""
        client = await door.connect()
        await client.send(GET)
        await until(lambda: door.seen and door.seen[0].outlet.opened)
        door.server.drain()
        self.go.set()
        reply = await client.reply()
        assert (reply.body, reply.headers.get("connection")) == (b"before after", None)
        return client


def test_whose_stream_ends_in_the_drain_may_ask_once_more(knock: Any) -> None:
    """The head did not say that the connection would be closed, so the next request may be on its way."""
    streams = _Streams()

    async def story(door: Any) -> None:
        client = await streams.in_the_drain(door, knock.until)
        for _ in range(3):
            door.server.drain()  # as the gateway does now and then, until nobody is connected
            await asyncio.sleep(0.01)
        await client.send(GET.replace(b"/x", b"/again"))
        second = await client.reply()
        assert (second.body, second.headers["connection"]) == (b"before after", "close")
        assert await client.closed() == b""
        client.close()
        assert await door.server.wait_idle(1.0)

    knock(story, streams)


def test_who_does_not_ask_again_is_not_waited_for(knock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outwait.wire.link.PARTING", 0.05)
    streams = _Streams()

    async def story(door: Any) -> None:
        client = await streams.in_the_drain(door, knock.until)
        assert door.server.connections == 1
        assert await client.closed() == b""
        client.close()
        assert await door.server.wait_idle(1.0)

    knock(story, streams)


def test_an_end_without_grace_does_not_wait_for_them(knock: Any) -> None:
    streams = _Streams()

    async def story(door: Any) -> None:
        await streams.in_the_drain(door, knock.until)
        await door.server.close(0.0)
        assert door.server.connections == 0

    knock(story, streams)


def test_close_cuts_what_outlasts_the_grace(knock: Any) -> None:
    async def handler(request: Request) -> None:
        left = asyncio.Event()
        request.outlet.on_gone = left.set
        request.outlet.open(200, b"")
        await left.wait()

    async def story(door: Any) -> None:
        client = await door.connect()
        await client.send(GET)
        await knock.until(lambda: door.server.handling)
        assert not await door.server.close(0.02)
        assert (door.server.connections, door.server.handling) == (0, 0)
        assert (await client.reply()).end == "cut"

    knock(story, handler)


def test_close_of_a_quiet_server_is_clean(knock: Any) -> None:
    async def story(door: Any) -> None:
        await door.ask(GET)
        assert await door.server.close(1.0)

    knock(story)


def test_the_date_is_made_once_a_second(knock: Any) -> None:
    async def story(door: Any) -> None:
        _, reply = await door.ask(GET)
        now = door.server.wheel.now()
        first = door.server.opening(200, now)
        assert first is door.server.opening(200, now + 0.5)
        date = parsedate_to_datetime(reply.headers["date"])
        told = parsedate_to_datetime(first.decode().splitlines()[1].removeprefix("date: "))
        assert timedelta() <= told - date <= timedelta(seconds=1)
        assert door.server.opening(404, now).splitlines() == [b"HTTP/1.1 404 Not Found", first.splitlines()[1]]
        assert first is not door.server.opening(200, now + 1.5)

    knock(story)


# ----------------------------------------------------------------------------------------------------------- neighbours
def test_a_neighbour_is_marked_not_counted_by_address_and_its_heads_are_not_remembered(
    knock: Any, tmp_path: Path
) -> None:
    path = tmp_path / "door"

    async def story(door: Any) -> None:
        side = await listen.start_side(door.server, listen.bind_side(path))
        waiting = [await asyncio.open_unix_connection(str(path)) for _ in range(3)]
        for reader, writer in waiting:
            writer.write(GET.replace(b"a\r\n", b"a\r\nconnection: close\r\n"))
            assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
            writer.close()
        assert [(request.neighbour, request.peer) for request in door.seen] == [(True, NEIGHBOUR)] * 3
        assert door.server.heads._known == {}
        _, reply = await door.ask(GET)
        assert reply.status == 200
        assert (door.seen[-1].neighbour, door.seen[-1].peer) == (False, "127.0.0.1")
        assert len(door.server.heads._known) == 1
        side.close()

    knock(story, per_ip=1)
