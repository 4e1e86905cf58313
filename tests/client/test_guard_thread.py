from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from outwait.client.guard import Guarded, guarded
from outwait.client.idle import IdleTimeout, Partial

WORD = {"choices": [{"delta": {"content": "word "}}]}
PING = ": ping"


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


def test_a_slow_reader_in_a_thread_is_no_silent_model() -> None:
    class Time:
        now = 0.0

        def __call__(self) -> float:
            return self.now

    time = Time()
    watch = guarded([], first=10, idle=5, total=60)._watch
    stream = Guarded([WORD, PING, PING, WORD, WORD], watch, time)
    for _ in stream:
        time.now += 100
    assert stream.partial == Partial("word " * 3, "", 5)
    gone()


def test_what_came_while_the_process_stood_still_is_given() -> None:
    times = iter([0.0, 0.0, 30.0, 30.0])
    release = threading.Event()

    def clock() -> float:
        now = next(times)
        if now:
            release.set()
        return now

    def events() -> Iterator[Any]:
        release.wait(5)
        yield WORD

    stream = Guarded(events(), guarded([], first=0.02)._watch, clock)
    assert next(stream) == WORD
    stream.close()
    gone()


def test_pings_are_no_content_in_a_thread() -> None:
    def events() -> Iterator[Any]:
        for _ in range(500):
            pause.wait(0.01)
            yield PING

    pause = threading.Event()
    with pytest.raises(IdleTimeout) as caught:
        list(guarded(events(), first=0.055))
    assert 2 <= caught.value.partial.events <= 20
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

    class Unread:
        def __iter__(self) -> Iterator[Any]:
            return iter(())

        def close(self) -> None:
            closed.append(2)

    with guarded(Unread()):
        """Nothing is read."""
    assert closed == [1, 1, 2]
    assert helpers() == 0
