"""A stream that may not fall silent: pings keep a line alive, only content keeps a guarded stream alive.

    for event in guarded(client.responses.create(model="o3", input=question, stream=True), model="o3"):
        ...

Its clocks run while the program waits for the stream, and stand still while it is busy with an event, so that what came
meanwhile is always given. Works for every iterator and async iterator: the streams of the SDKs,
`response.iter_lines()`, LangChain. When content does not come in time, `IdleTimeout` is raised, the stream is closed,
and what came so far is kept, there and in `partial`. It is kept there whatever else goes wrong, too.

A thread cannot give up a read of its own, so a guarded iterator is read by a helper thread, one event at a time.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from contextvars import copy_context
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final, Generic, TypeVar, overload

from outwait.client.idle import Partial, Watch
from outwait.client.timeouts import optimal_timeout
from outwait.core.plan import Span

T = TypeVar("T")
_FOREVER: Final = 366 * 86_400.0
_GRACE: Final = 1.0  # seconds, at most


@overload
def guarded(
    stream: AsyncIterable[T],
    *,
    model: str = ...,
    first: float | None = ...,
    idle: float | None = ...,
    total: float | None = ...,
) -> AsyncGuarded[T]: ...


@overload
def guarded(
    stream: Iterable[T],
    *,
    model: str = ...,
    first: float | None = ...,
    idle: float | None = ...,
    total: float | None = ...,
) -> Guarded[T]: ...


def guarded(
    stream: Iterable[T] | AsyncIterable[T],
    *,
    model: str = "",
    first: float | None = None,
    idle: float | None = None,
    total: float | None = None,
) -> Guarded[T] | AsyncGuarded[T]:
    """`stream`, with an end to its silence. `first`, `idle`, `total`: seconds, instead of those of `model`."""
    known = optimal_timeout(model, stream=True)
    spans = (
        own if given is None else _given(name, given)
        for name, given, own in (
            ("first", first, known.first),
            ("idle", idle, known.idle),
            ("total", total, known.total),
        )
    )
    watch = Watch(*spans)
    if not (hasattr(stream, "__iter__") or hasattr(stream, "__aiter__")):
        told = "guarded takes an iterator or an async iterator; of a stream manager, what `with ... as` gives"
        raise TypeError(f"{told}, not {type(stream).__name__}")
    return AsyncGuarded(stream, watch) if isinstance(stream, AsyncIterable) else Guarded(stream, watch)


def _given(name: str, seconds: float) -> Span:
    if not seconds > 0:
        raise ValueError(f"{name} must be more than 0 seconds, not {seconds}")
    return Span(min(seconds, _FOREVER), "given")


def _grace(late: float) -> float:
    """Seconds more for a clock that ran out `late` seconds ago: a loop or a process that stood still has not read yet
    what came meanwhile.
    """
    return min(10 * max(late, 0.0), _GRACE)


class AsyncGuarded(Generic[T]):
    """An async iterator with an end to its silence; on asyncio. `partial`: what came so far."""

    def __init__(self, stream: AsyncIterable[T], watch: Watch) -> None:
        self._stream = stream
        self._events = aiter(stream)
        self._watch = watch
        self._closed = False

    @property
    def partial(self) -> Partial:
        """What came so far."""
        return self._watch.partial

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        if self._closed:
            raise StopAsyncIteration
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._watch.wait(now)
        due = max(now, self._watch.due[0])
        limit = asyncio.timeout(None)
        alarm = loop.call_at(due, lambda: limit.reschedule(loop.time() + _grace(loop.time() - due)))
        try:
            async with limit:
                event = await anext(self._events)
        except TimeoutError:
            if not limit.expired():
                raise
            error = self._watch.over()
            await self.aclose()
            raise error from None
        finally:
            alarm.cancel()
            self._watch.rest(loop.time())
        self._watch.hear(event)
        return event

    async def aclose(self) -> None:
        """Close the stream."""
        self._closed = True
        for holder in (self._events,) if self._events is self._stream else (self._events, self._stream):
            close = getattr(holder, "aclose", None) or getattr(holder, "close", None)
            closing: Any = None if close is None else close()
            if hasattr(closing, "__await__"):
                await closing

    async def __aenter__(self) -> AsyncGuarded[T]:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class Guarded(Generic[T]):
    """An iterator with an end to its silence. `partial`: what came so far. `clock`: seconds, for tests."""

    def __init__(self, stream: Iterable[T], watch: Watch, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._events = iter(stream)
        self._watch = watch
        self._clock = clock
        self._helper: _Helper | None = None
        self._closed = False

    @property
    def partial(self) -> Partial:
        """What came so far."""
        return self._watch.partial

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if self._closed:
            raise StopIteration
        if self._helper is None:
            self._helper = _Helper(self._stream, self._events)
        now = self._clock()
        self._watch.wait(now)
        try:
            kind, value = self._helper.ask(max(now, self._watch.due[0]), self._clock)
        except Empty:
            error = self._watch.over()
            self._closed = True
            self._helper.leave()
            raise error from None
        finally:
            self._watch.rest(self._clock())
        if kind == "event":
            self._watch.hear(value)
            event: T = value
            return event
        self._closed = True
        if kind == "error":
            raise value
        raise StopIteration

    def close(self) -> None:
        """Close the stream."""
        self._closed = True
        if self._helper is None:
            _close(self._stream, self._events)  # nobody has read yet
        else:
            self._helper.close()

    def __del__(self) -> None:
        if self._helper is not None:
            self._helper.close()

    def __enter__(self) -> Guarded[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Helper:
    """Reads a stream in a thread, when it is asked to."""

    def __init__(self, stream: Iterable[Any], events: Iterator[Any]) -> None:
        self._stream = stream
        self._events = events
        self._asks: SimpleQueue[bool] = SimpleQueue()
        self._told: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        Thread(target=copy_context().run, args=(self._read,), name="outwait-guard", daemon=True).start()

    def ask(self, due: float, clock: Callable[[], float]) -> tuple[str, Any]:
        """The next event, the end, or the error of the stream. Raises queue.Empty when none comes until `due`."""
        self._asks.put(True)
        try:
            return self._told.get(timeout=max(0.0, due - clock()))
        except Empty:
            return self._told.get(timeout=_grace(clock() - due))

    def close(self) -> None:
        """Let the thread close the stream, and go."""
        self._asks.put(False)

    def leave(self) -> None:
        """The thread waits in a read: wake it up, if the stream is one over a socket. It closes the stream."""
        self.close()
        response = getattr(self._stream, "response", self._stream)
        extensions = getattr(response, "extensions", None) or {}
        abandon = extensions.get("outwait.abandon")
        line = extensions.get("network_stream")
        if abandon is not None:
            abandon()
        elif line is not None and (raw := line.get_extra_info("socket")) is not None:
            try:
                raw.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it is closed already

    def _read(self) -> None:
        try:
            while self._asks.get():
                try:
                    told = ("event", next(self._events))
                except StopIteration:
                    told = ("end", None)
                except BaseException as error:  # noqa: BLE001 - task top: the reader raises it
                    told = ("error", error)
                self._told.put(told)
                if told[0] != "event":
                    return
        finally:
            _close(self._stream, self._events)


def _close(*holders: object) -> None:
    """Close the first that can be closed."""
    for holder in holders:
        close = getattr(holder, "close", None)
        if close is not None:
            close()
            break
