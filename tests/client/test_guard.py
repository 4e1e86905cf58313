from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from outwait.client.guard import guarded
from outwait.client.idle import IdleTimeout, Partial, Watch
from outwait.core.plan import Span
from outwait.testing.virtual import run

WORD = {"choices": [{"delta": {"content": "word "}}]}
PING = ": ping"


def due(watch: Watch) -> tuple[float, str, Span]:
    return watch.due


def test_spans_are_those_of_the_model_unless_given() -> None:
    watch = guarded([], model="o3-pro", idle=7)._watch
    assert due(watch) == (1800, "first_token", Span(1800, "as first_byte: scenario deep"))
    watch.hear(WORD)
    assert due(watch) == (7, "idle", Span(7, "given"))
    with pytest.raises(ValueError, match="idle must be more than 0 seconds"):
        guarded([], idle=0)
    assert guarded([], total=1e300)._watch.due[1] == "first_token"


# -- on a loop ---------------------------------------------------------------------------------------------------------


class Stream:
    """Gives events after some seconds each; `closed` when somebody closed it."""

    def __init__(self, *steps: tuple[float, Any]) -> None:
        self.steps = list(steps)
        self.closed = 0

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        if not self.steps:
            raise StopAsyncIteration
        seconds, event = self.steps.pop(0)
        await asyncio.sleep(seconds)
        if isinstance(event, Exception):
            raise event
        return event

    async def close(self) -> None:
        self.closed += 1


async def collected(stream: AsyncIterator[Any]) -> list[Any]:
    return [event async for event in stream]


def test_a_lively_stream_is_passed_on() -> None:
    async def ask() -> None:
        stream = guarded(Stream((9, PING), (0.5, WORD), (4, PING), (0.5, WORD)), first=10, idle=5, total=60)
        assert await collected(stream) == [PING, WORD, PING, WORD]
        assert stream.partial == Partial("word word ", "", 4)

    run(ask())


@pytest.mark.parametrize(
    "steps, clock, when, text",
    [
        ([(4, PING)] * 9, "first_token", 10, ""),
        ([(1, WORD), *[(2, PING)] * 9], "idle", 6, "word "),
        ([(4, WORD)] * 99, "total", 60, "word " * 14),
        ([(999, WORD)], "first_token", 10, ""),
    ],
)
def test_silence_ends_it_and_what_came_is_kept(steps: list[Any], clock: str, when: float, text: str) -> None:
    async def ask() -> None:
        source = Stream(*steps)
        with pytest.raises(IdleTimeout) as caught:
            await collected(guarded(source, first=10, idle=5, total=60))
        assert (caught.value.clock, caught.value.partial.text) == (clock, text)
        assert asyncio.get_running_loop().time() == when
        assert source.closed == 1

    run(ask())


def test_a_slow_reader_is_no_silent_model() -> None:
    async def ask() -> None:
        source = Stream((0, WORD), (1, PING), (3, WORD), (0, PING), (0, WORD))
        stream = guarded(source, first=10, idle=5, total=60)
        async for _ in stream:
            await asyncio.sleep(100)
        assert stream.partial == Partial("word " * 3, "", 5)
        assert asyncio.get_running_loop().time() == 504

    run(ask())


def test_a_reader_that_was_called_away_waits_on() -> None:
    async def ask() -> None:
        class Slow(Stream):
            async def __anext__(self) -> Any:
                await asyncio.sleep(2)
                raise asyncio.CancelledError

        stream = guarded(Slow(), idle=5, first=5)
        for _ in range(2):
            with pytest.raises(asyncio.CancelledError):
                await anext(stream)
            await asyncio.sleep(50)
        with pytest.raises(IdleTimeout):
            await anext(stream)
        assert asyncio.get_running_loop().time() == 105

    run(ask())


def test_what_came_while_the_loop_stood_still_is_given() -> None:
    """Its clock runs out before it reads: the loop sees both at once."""

    async def ask() -> list[bytes]:
        near, far = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=near)
        far.send(b"a\nb\n")

        async def lines_of() -> AsyncIterator[bytes]:
            while line := await reader.readline():
                for _ in range(3):  # layers of a client
                    await asyncio.sleep(0)
                yield line

        stream = guarded(lines_of(), first=0.2, idle=0.02)
        lines = [await anext(stream), await anext(stream)]
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        far.send(b"c\n")
        threading.Event().wait(0.1)
        lines.append(await waiting)
        writer.close()
        far.close()
        return lines

    assert asyncio.run(ask()) == [b"a\n", b"b\n", b"c\n"]


def test_pings_are_no_content_on_a_real_loop() -> None:
    async def ask() -> None:
        with pytest.raises(IdleTimeout) as caught:
            await collected(guarded(Stream(*[(0.01, PING)] * 500), first=0.055))
        assert 2 <= caught.value.partial.events <= 20

    asyncio.run(ask())


def test_other_troubles_get_through_and_what_came_is_kept() -> None:
    async def ask() -> None:
        for trouble in (ConnectionResetError(), TimeoutError("its own")):
            stream = guarded(Stream((1, WORD), (1, trouble)))
            with pytest.raises(type(trouble)) as caught:
                await collected(stream)
            assert caught.value is trouble
            assert stream.partial.text == "word "

    run(ask())


def test_who_leaves_closes_it() -> None:
    async def ask() -> None:
        async def events() -> AsyncIterator[int]:
            try:
                yield 1
                yield 2
            finally:
                closed.append(1)

        closed: list[int] = []
        stream = guarded(events())
        assert await anext(stream) == 1
        await stream.aclose()
        assert closed == [1]

        class Bare:
            def __aiter__(self) -> Any:
                return self

            async def __anext__(self) -> None:
                """Nothing to close."""

        await guarded(Bare()).aclose()

    run(ask())


def test_who_leaves_its_block_closes_it() -> None:
    async def ask() -> None:
        source = Stream((0, WORD), (0, WORD))
        async with guarded(source) as stream:
            async for _ in stream:
                break
        assert source.closed == 1
        assert await collected(stream) == []
        assert stream.partial.events == 1

        class Sdk(Stream):
            """Its iterator is another object, which has nothing to close until it is read."""

            async def events(self) -> AsyncIterator[Any]:
                yield WORD

            def __aiter__(self) -> AsyncIterator[Any]:
                return self.events()

        unread = Sdk()
        async with guarded(unread):
            """Nothing is read."""
        assert unread.closed == 1

    run(ask())
