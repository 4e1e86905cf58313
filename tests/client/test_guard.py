from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
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
    watch.begin(0)
    assert due(watch) == (1800, "first_token", Span(1800, "as first_byte: scenario deep"))
    watch.hear(WORD, 0)
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


# -- in a thread -------------------------------------------------------------------------------------------------------


def helpers() -> int:
    return sum(thread.name == "outwait-guard" for thread in threading.enumerate())


def gone() -> None:
    for thread in threading.enumerate():
        if thread.name == "outwait-guard":
            thread.join(2)
    assert helpers() == 0


def test_an_iterator_is_passed_on() -> None:
    stream = guarded([PING, WORD, WORD])
    assert list(stream) == [PING, WORD, WORD]
    assert stream.partial == Partial("word word ", "", 3)
    assert list(stream) == []
    gone()


def test_a_read_that_waits_is_given_up() -> None:
    release = threading.Event()

    def events() -> Iterator[Any]:
        yield WORD
        release.wait(5)
        closed.append(1)

    closed: list[int] = []
    with pytest.raises(IdleTimeout) as caught:
        list(guarded(events(), idle=0.02))
    assert (caught.value.clock, caught.value.partial.text) == ("idle", "word ")
    release.set()
    gone()
    assert closed == [1]


def test_a_socket_that_is_waited_for_is_shut_down() -> None:
    """So the helper thread ends at once, and closes the response."""
    near, far = socket.socketpair()

    class Response:
        def __init__(self, extensions: dict[str, Any]) -> None:
            self.response = SimpleNamespace(extensions=extensions)
            self.closed = False

        def __iter__(self) -> Iterator[bytes]:
            while data := near.recv(100):
                yield data

        def close(self) -> None:
            self.closed = True

    line = SimpleNamespace(get_extra_info=lambda name: near if name == "socket" else None)
    stream = Response({"network_stream": line})
    far.send(b"text")
    with pytest.raises(IdleTimeout):
        list(guarded(stream, idle=0.02))
    gone()
    assert stream.closed
    near.close()
    far.close()


def test_a_reattaching_response_is_told_to_stop() -> None:
    release = threading.Event()

    class Response:
        extensions = {"outwait.abandon": release.set}  # noqa: RUF012 - a fake

        def __iter__(self) -> Iterator[bytes]:
            release.wait(5)
            yield b""

    with pytest.raises(IdleTimeout):
        list(guarded(Response(), first=0.02))
    assert release.is_set()
    gone()


def test_an_error_of_the_stream_gets_through() -> None:
    def events() -> Iterator[Any]:
        yield WORD
        raise ConnectionResetError("gone")

    stream = guarded(events())
    with pytest.raises(ConnectionResetError, match="gone"):
        list(stream)
    assert stream.partial.text == "word "
    gone()


def test_what_is_no_iterator_is_told_at_once() -> None:
    odd: Any = SimpleNamespace()
    with pytest.raises(TypeError, match="guarded takes an iterator"):
        guarded(odd)


def test_who_leaves_lets_the_helper_go() -> None:
    closed: list[int] = []

    def events() -> Iterator[Any]:
        try:
            while True:
                yield WORD
        finally:
            closed.append(1)

    with guarded(events()) as stream:
        next(stream)
    gone()
    for _ in guarded(events()):
        break
    gone()
    assert closed == [1, 1]
    guarded([]).close()
