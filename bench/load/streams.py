"""W2 and W3: streams that are read as they come. In W2 chunks are counted, in W3 heartbeats are timed.

Connections come from several loopback addresses, a hundred each: no proxy's limit per client address is met, and
neither is the range of ephemeral ports.
"""

from __future__ import annotations

import asyncio
from typing import cast

from bench import proc
from bench.figures import percentile
from bench.http import request
from bench.load.spec import Order, Outcome
from bench.load.window import Tally, measure

_PER_ADDRESS = 100
_PER_SECOND = 1000  # new connections
_PRIMING = 32
_SETTLE = 1.5
_DRIP_MODEL = "gpt-4o"
_SILENT_MODEL = "o3-pro"


class Stream(asyncio.Protocol):
    """One streamed call. A chunk is counted by its event's end, which a read may cut in two.

    `every`: seconds between heartbeats, 0 if none are awaited: each is late by what it came after the last plus that.
    """

    __slots__ = ("_call", "_cut", "_every", "_last", "_loop", "_tally", "_transport", "ended", "open")

    def __init__(self, loop: asyncio.AbstractEventLoop, call: bytes, tally: Tally, every: float = 0.0) -> None:
        self._loop = loop
        self._call = call
        self._tally = tally
        self._every = every
        self._last = 0.0
        self._cut = False
        self._transport: asyncio.Transport
        self.open = True
        self.ended: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the call."""
        self._transport = cast("asyncio.Transport", transport)
        self._last = self._loop.time()
        self._transport.write(self._call)

    def data_received(self, data: bytes) -> None:
        """Count events, or time a heartbeat."""
        tally = self._tally
        tally.reads += 1
        if self._every:
            self._heard(data)
        else:
            tally.units += data.count(b"\n\n") + (self._cut and data[0] == ord("\n"))
            self._cut = data[-1] == ord("\n") and not data.endswith((b"\n\n", b"\r\n"))
        if data.startswith(b"HTTP/1.1 ") and data[9:12] != b"200":
            self.open = False
            tally.fail(data.decode("latin-1"))
            self._transport.close()
        elif data.endswith(b"\r\n0\r\n\r\n"):
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """A stream that ends before we end it is a failure."""
        if self.open:
            self.open = False
            self._tally.fail(f"stream lost: {exc or 'closed by the proxy'}")
        if not self.ended.done():
            self.ended.set_result(None)

    def close(self) -> None:
        """End the stream from our side."""
        self.open = False
        self._transport.close()

    def overdue(self) -> float:
        """Seconds by which the next heartbeat is late already."""
        return self._loop.time() - self._last - self._every

    def _heard(self, data: bytes) -> None:
        if b"ping" in data:
            now = self._loop.time()
            self._tally.units += 1
            self._tally.late.append(now - self._last - self._every)
            self._last = now


async def run_drip(order: Order) -> Outcome:
    """W2: count the chunks of `order.connections` dripping streams."""
    tally = Tally()
    streams = await _open(order, order.connections, order.script, tally)
    await asyncio.sleep(order.warmup)
    outcome = await measure(order, tally)
    _close(streams)
    return outcome


async def run_silent(order: Order) -> Outcome:
    """W3: hold `order.connections` silent streams; the window begins when each should have had a heartbeat."""
    await _prime(order)
    before = proc.memory(order.pids)
    tally = Tally()
    streams = await _open(order, order.connections, order.script, tally, every=order.every)
    await asyncio.sleep(order.warmup)
    window = await measure(order, tally)
    after = proc.memory(order.pids)
    alive = [stream for stream in streams if stream.open]
    missing = [seconds for seconds in (stream.overdue() for stream in alive) if seconds > 0]
    late = [max(0.0, seconds) for seconds in tally.late] + missing
    _close(streams)
    return Outcome(
        units=window.units,
        seconds=window.seconds,
        cpu=window.cpu,
        core_busy=window.core_busy,
        failed=tally.failed,
        sample=tally.sample,
        streams=len(alive),
        rss_before=before.rss,
        rss_after=after.rss,
        pss_before=before.pss,
        pss_after=after.pss,
        late=(percentile(late, 0.5), percentile(late, 0.99), max(late, default=0.0)),
    )


async def _prime(order: Order) -> None:
    """Let the proxy serve a few whole streams first: what it makes only once is not what a stream costs."""
    tally = Tally()
    streams = await _open(order, _PRIMING, "drip-20", tally)
    await asyncio.wait([stream.ended for stream in streams], timeout=10)
    _close(streams)
    await asyncio.sleep(_SETTLE)


async def _open(order: Order, count: int, script: str, tally: Tally, every: float = 0.0) -> list[Stream]:
    """Open streams evenly over `every` seconds (or as fast as is polite), so that heartbeats spread over their span."""
    loop = asyncio.get_running_loop()
    call = request(order.port, _SILENT_MODEL if every else _DRIP_MODEL, script, stream=True)
    gap = max(every / count, 1 / _PER_SECOND)
    start = loop.time()
    streams: list[Stream] = []
    for n in range(count):
        await asyncio.sleep(start + n * gap - loop.time())
        _, stream = await loop.create_connection(
            lambda: Stream(loop, call, tally, every),
            "127.0.0.1",
            order.port,
            local_addr=(f"127.1.0.{1 + n // _PER_ADDRESS}", 0),
        )
        streams.append(stream)
    return streams


def _close(streams: list[Stream]) -> None:
    for stream in streams:
        stream.close()
