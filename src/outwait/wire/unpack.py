"""Stands between a connection and a sink while a reply is coded: takes coded body, reports decoded body.

A step is 64 KiB, a turn of the loop some steps, and a paused attempt stops after the step it is in: neither the loop
nor the sink ever sees 67 MB from one read. The connection may be done long before the last step; the end, or the
failure, is reported after it.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from outwait.core.fault import Fault, Stage, fault
from outwait.wire.attempt import OpenAttempt
from outwait.wire.coding import CodingError, Decoder

# Decoded in one turn of the loop: some milliseconds of work.
_STEPS = 16


class BodySink(Protocol):
    """The part of `core.progress.Sink` that follows the head."""

    def body(self, data: bytes) -> None:
        """A piece of the body."""

    def end(self) -> None:
        """The body is whole."""

    def failed(self, fault: Fault) -> None:
        """The attempt broke."""


class Unpacker:
    """A `BodySink` for the connection, a `Carrier` for the caller's attempt.

    `outer`: the caller's attempt. `inner`: stands for it at the connection, to be paused and cancelled from here.
    """

    __slots__ = ("_decoder", "_ended", "_ending", "_inner", "_loop", "_outer", "_queued", "_sink")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, decoder: Decoder, sink: BodySink, outer: OpenAttempt, inner: OpenAttempt
    ) -> None:
        self._loop = loop
        self._decoder = decoder
        self._sink: BodySink | None = sink
        self._outer = outer
        self._inner = inner
        self._queued = False
        self._ended = False
        self._ending: Fault | None = None

    def body(self, data: bytes) -> None:
        """Coded bytes."""
        self._decoder.feed(data)
        self._turn()

    def end(self) -> None:
        """The coded body is whole."""
        self._ended = True
        self._turn()

    def failed(self, fault: Fault) -> None:
        """The connection broke; what came before is still decoded and reported."""
        self._ended = True
        self._ending = fault
        self._turn()

    def hold(self) -> None:
        """Decode and read no more."""
        self._inner.pause()

    def release(self) -> None:
        """Decode on, from the loop and not from inside this call; then read on."""
        self._later()

    def drop(self) -> None:
        """Close and report nothing more."""
        self._sink = None
        self._inner.cancel()

    def leave(self) -> None:
        """Report nothing more."""
        self._sink = None
        self._inner.leave()

    def left(self) -> int:
        """Nothing is asked of a request whose response is being read."""
        return 0

    def _later(self) -> None:
        if not self._queued:
            self._queued = True
            self._loop.call_soon(self._again)

    def _again(self) -> None:
        self._queued = False
        self._turn()

    def _turn(self) -> None:
        if self._queued:
            return
        try:
            for _ in range(_STEPS):
                sink = self._sink
                if sink is None or self._outer.paused:
                    return
                data = self._decoder.pull()
                if not data:
                    self._drained()
                    return
                sink.body(data)
        except CodingError as error:
            self._inner.cancel()
            self._settle(fault("upstream_bad_response", stage=Stage.HEAD, detail=str(error)))
            return
        self._inner.pause()
        self._later()

    def _drained(self) -> None:
        """Everything that came is decoded: read on, or end if that was all."""
        if not self._ended:
            self._inner.resume()
        elif self._ending is None:
            self._decoder.finish()
            self._settle(None)
        else:
            self._settle(self._ending)

    def _settle(self, broken: Fault | None) -> None:
        sink, self._sink = self._sink, None
        self._outer.settle()
        if sink is None:
            return
        if broken is None:
            sink.end()
        else:
            sink.failed(broken)
