"""W1: short JSON calls in a closed loop; each connection sends its next call when it has the last reply."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from bench.http import BadReplyError, closes, reply_length, request
from bench.load.spec import Order, Outcome
from bench.load.window import Tally, measure

MODEL = "gpt-4o-mini"


class Caller(asyncio.Protocol):
    """One connection; when a reply says `Connection: close`, `renew` is asked for another."""

    __slots__ = ("_buffer", "_over", "_renew", "_request", "_tally", "_transport")

    def __init__(self, call: bytes, tally: Tally, renew: Callable[[], None]) -> None:
        self._request = call
        self._tally = tally
        self._renew = renew
        self._buffer = b""
        self._over = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first call."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count a whole reply and send the next call."""
        if self._buffer:
            data = self._buffer + data
        try:
            length = reply_length(data)
        except BadReplyError as error:
            self._end(str(error))
            return
        if not length:
            self._buffer = data
            return
        self._buffer = b""
        self._tally.units += 1
        if length != len(data):
            self._end("bytes after the reply")
        elif closes(data):
            self._over = True
            self._transport.close()
            self._renew()
        else:
            self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        """A connection that ends while a call is under way is a failure."""
        if not self._over:
            self._end(f"connection lost: {exc or 'closed by the proxy'}")

    def finish(self) -> None:
        """Close: the run is over."""
        self._over = True
        self._transport.close()

    def _end(self, why: str) -> None:
        self._over = True
        self._tally.fail(why)
        self._transport.close()


async def run(order: Order) -> Outcome:
    """Call in a closed loop on `order.connections` connections."""
    loop = asyncio.get_running_loop()
    tally = Tally()
    callers: list[Caller] = []
    call = request(order.port, MODEL, order.script, stream=False)
    wanted: asyncio.Queue[None] = asyncio.Queue()

    async def connect() -> None:
        while True:
            await wanted.get()
            _, caller = await loop.create_connection(
                lambda: Caller(call, tally, lambda: wanted.put_nowait(None)), "127.0.0.1", order.port
            )
            callers.append(caller)

    for _ in range(order.connections):
        wanted.put_nowait(None)
    async with asyncio.TaskGroup() as group:
        opener = group.create_task(connect())
        await asyncio.sleep(order.warmup)
        outcome = await measure(order, tally)
        opener.cancel()
    for caller in callers:
        caller.finish()
    return outcome
