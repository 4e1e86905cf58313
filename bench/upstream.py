"""The provider behind the proxies: a raw HTTP/1.1 server on uvloop that plays the scripts of `bench.http`.

Run as `python -m bench.upstream`; it prints its port and serves until its standard input closes. Each drip chunk
is one HTTP chunk and one write; streams are spread over ten slots of a millisecond, so that chunks come evenly instead
of in bursts. When the server itself falls behind, it catches up: the rate holds, and two chunks may share a segment.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from typing import cast

import uvloop

from bench.http import LAST_CHUNK, STREAM_HEAD, chunk, completion, delta, request_length, script_of

_TICK = 0.001
_SLOTS = 10  # one chunk per stream and round: 100 chunks a second
_THOUGHT_CHUNKS = 20
_BEAT = chunk(b": ping\n\n")
_DRIP = chunk(delta(" patience"))
_FIRST_BEAT = STREAM_HEAD + _BEAT
_END = chunk(delta(None)) + chunk(b"data: [DONE]\n\n") + LAST_CHUNK
_BODY = completion()
_SHORT = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(_BODY), _BODY)


class Dripper:
    """The one clock of all dripping streams."""

    __slots__ = ("_due", "_loop", "_slot", "_streams")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._streams: list[set[Provider]] = [set() for _ in range(_SLOTS)]
        self._slot = 0
        self._due = loop.time()
        loop.call_soon(self._tick)

    def add(self, stream: Provider) -> None:
        """Let `stream` drip, in the emptiest slot."""
        min(self._streams, key=len).add(stream)

    def remove(self, stream: Provider) -> None:
        """Let `stream` drip no more."""
        for slot in self._streams:
            slot.discard(stream)

    def _tick(self) -> None:
        now = self._loop.time()
        while self._due <= now:
            for stream in [stream for stream in self._streams[self._slot] if stream.drip()]:
                self._streams[self._slot].discard(stream)
            self._slot = (self._slot + 1) % _SLOTS
            self._due += _TICK
        self._loop.call_at(self._due, self._tick)


class Provider(asyncio.Protocol):
    """One connection from a proxy."""

    __slots__ = ("_buffer", "_dripper", "_left", "_loop", "_timer", "_transport")

    def __init__(self, loop: asyncio.AbstractEventLoop, dripper: Dripper) -> None:
        self._loop = loop
        self._dripper = dripper
        self._buffer = b""
        self._left = -1
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Play the script of each whole request."""
        self._buffer = self._buffer + data if self._buffer else data
        length = request_length(self._buffer)
        if length:
            script, number = script_of(self._buffer[:length])
            self._buffer = self._buffer[length:]
            self._play(script, number)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was still to be sent."""
        del exc
        self._dripper.remove(self)
        if self._timer:
            self._timer.cancel()

    def drip(self) -> bool:
        """Send the next chunk; true when it was the last."""
        if self._left == 0:
            self._transport.write(_END)
            return True
        self._left -= 1
        self._transport.write(_DRIP)
        return False

    def _play(self, script: str, number: int) -> None:
        match script:
            case "drip":
                self._start_drip(number or -1)
            case "think":
                self._timer = self._loop.call_later(number, self._start_drip, _THOUGHT_CHUNKS)
            case "beat":
                due = self._loop.time() + number
                self._timer = self._loop.call_at(due, self._beat, _FIRST_BEAT, due, number)
            case "silent":
                pass
            case _:
                self._transport.write(_SHORT)

    def _start_drip(self, chunks: int) -> None:
        self._left = chunks
        self._transport.write(STREAM_HEAD)
        self._dripper.add(self)

    def _beat(self, data: bytes, due: float, every: int) -> None:
        self._transport.write(data)
        self._timer = self._loop.call_at(due + every, self._beat, _BEAT, due + every, every)


async def serve() -> None:
    """Serve until standard input closes."""
    loop = asyncio.get_running_loop()
    dripper = Dripper(loop)
    server = await loop.create_server(lambda: Provider(loop, dripper), "127.0.0.1", 0, backlog=4096)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    gc.freeze()
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    uvloop.run(serve())
