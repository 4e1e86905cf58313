from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from typing import Any

import pytest

from outwait.wire.inlet import Inlet
from outwait.wire.link import Link
from outwait.wire.request import Request
from outwait.wire.wheel import Wheel

GET = b"GET /a?b=c HTTP/1.1\r\nhost: a\r\n\r\n"


@pytest.fixture
def new_objects() -> Iterator[None]:
    """`gc.get_objects()` tells only what the test itself made, and quickly so."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def test_input_thrown_away_has_a_bound(knock: Any) -> None:
    async def story(door: Any) -> None:
        client = await door.connect()
        await client.send(b"nonsense\n")
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            await client.send(*[b"a" * 100_000] * 1000)

    knock(story, linger_bytes=1_000_000)


def test_a_refused_client_that_stays_is_closed_after_a_while(knock: Any) -> None:
    async def story(door: Any) -> None:
        client, _ = await door.ask(b"nonsense\n")
        await client.closed()
        await knock.until(lambda: door.server.connections == 0)

    knock(story, linger_seconds=0.05)


@pytest.mark.parametrize("sent", [b"", GET, b"\r\n"])
def test_an_idle_connection_is_closed_without_a_word(knock: Any, sent: bytes) -> None:
    async def story(door: Any) -> None:
        client = await door.connect()
        await client.send(sent)
        if sent == GET:
            await client.reply()
        assert await client.closed() == b""

    knock(story, idle_seconds=0.05)


@pytest.mark.usefixtures("new_objects")
def test_nothing_keeps_a_closed_connection_in_memory(knock: Any) -> None:
    async def story(door: Any) -> None:
        client, _ = await door.ask(GET)
        client.close()
        await knock.until(lambda: door.server.connections == 0)
        door.seen.clear()
        gc.collect()
        assert [thing for thing in gc.get_objects() if isinstance(thing, Inlet)] == []

    knock(story)


@pytest.mark.usefixtures("new_objects")
def test_requests_in_a_row_set_no_timers(knock: Any) -> None:
    """The one alarm of a connection is looked at again when it rings, instead of being moved with each request."""
    made: list[int] = []

    def beat(now: float) -> None:
        """A heartbeat that is never due."""

    def handler(request: Request) -> None:
        request.outlet.alarm(asyncio.get_running_loop().time() + 60.0, beat)
        (inlet,) = (each for each in gc.get_objects() if isinstance(each, Link))
        wheel: Wheel = inlet.server.wheel
        made.append(sum(map(len, wheel._slots.values())))
        request.outlet.send(200, b"", b"")

    async def story(door: Any) -> None:
        client = await door.connect()
        for _ in range(50):
            await client.send(GET)
            await client.reply()
        assert max(made) <= 3

    knock(story, handler)


@pytest.mark.parametrize("first, then", [(0.02, 0.06), (0.06, 0.02)])
def test_an_outlets_alarm_rings_at_its_own_time_whatever_was_set_before(knock: Any, first: float, then: float) -> None:
    rung: list[float] = []

    def handler(request: Request) -> None:
        loop = asyncio.get_running_loop()
        if len(rung) == 0 and request.path == "/a":
            request.outlet.alarm(loop.time() + first, rung.append)  # never rings: the response ends before
            request.outlet.send(200, b"", b"")
            return
        due = loop.time() + then

        def ring(now: float) -> None:
            rung.append(now - due)
            request.outlet.send(200, b"", b"")

        request.outlet.alarm(due, ring)

    async def story(door: Any) -> None:
        client = await door.connect()
        for sent in (GET, GET.replace(b"/a", b"/b")):
            await client.send(sent)
            await client.reply()
        (late,) = rung
        assert 0.0 <= late < 1.0

    knock(story, handler)
