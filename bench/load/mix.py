"""The soak's load: short calls, flowing streams and thinking ones, and clients that leave in the middle.

It is meant to touch every path that keeps memory, at a pace that leaves the proxy room: what is judged is not speed
but that memory stays level. A stream that ends without `[DONE]` is a failure.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bench.http import HEAD_END, LAST_CHUNK, BadReplyError, reply_length, request
from bench.load.calls import MODEL
from bench.load.spec import Order, Outcome
from bench.load.window import Tally, measure

_PAUSE = 0.01
_READ = 65536
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Crowd:
    """`count` clients of one kind. `leaves`: every n-th of a client's calls is left after `stay` seconds; 0 = never."""

    count: int
    model: str
    script: str
    leaves: int
    stay: float


SHORT = 8
CROWDS = (
    Crowd(count=30, model="gpt-4o", script="drip-300", leaves=5, stay=1.0),
    Crowd(count=300, model="o3-pro", script="think-12", leaves=10, stay=7.0),
)


async def run(order: Order) -> Outcome:
    """Run the whole crowd until the window ends."""
    tally = Tally()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_call(order, tally)) for _ in range(SHORT)]
        for crowd in CROWDS:
            tasks += [group.create_task(_stream(order, tally, crowd, number)) for number in range(crowd.count)]
        outcome = await measure(order, tally)
        for task in tasks:
            task.cancel()
    return outcome


async def _call(order: Order, tally: Tally) -> None:
    """Short calls on a connection that is kept alive."""
    call = request(order.port, MODEL, "short", stream=False)
    while True:
        reader, writer = await asyncio.open_connection("127.0.0.1", order.port)
        try:
            while True:
                writer.write(call)
                reply = b""
                while not reply_length(reply):
                    data = await asyncio.wait_for(reader.read(_READ), _PATIENCE)
                    if not data:
                        raise ConnectionResetError("closed by the proxy")
                    reply += data
                tally.units += 1
                await asyncio.sleep(_PAUSE)
        except (OSError, BadReplyError, TimeoutError) as error:
            tally.fail(f"short call: {error!r}")
            await asyncio.sleep(1)
        finally:
            writer.close()


async def _stream(order: Order, tally: Tally, crowd: Crowd, number: int) -> None:
    """Streamed calls one after the other, each on its own connection; the first come spread over ten seconds."""
    call = request(order.port, crowd.model, crowd.script, stream=True)
    await asyncio.sleep(10 * number / crowd.count)
    calls = number
    while True:
        calls += 1
        leaving = crowd.leaves and calls % crowd.leaves == 0
        try:
            async with asyncio.timeout(crowd.stay if leaving else _PATIENCE):
                await _read_stream(order, call)
            tally.units += 1
        except TimeoutError:
            if not leaving:
                tally.fail(f"{crowd.script}: no end in {_PATIENCE:.0f} s")
        except (OSError, BadReplyError) as error:
            tally.fail(f"{crowd.script}: {error!r}")
            await asyncio.sleep(1)


async def _read_stream(order: Order, call: bytes) -> None:
    """Make one streamed call and read it to its proper end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", order.port)
    try:
        writer.write(call)
        head = await reader.readuntil(HEAD_END)
        if not head.startswith(b"HTTP/1.1 200"):
            raise BadReplyError(head.decode("latin-1"))
        tail = b""
        while not tail.endswith(LAST_CHUNK):
            data = await reader.read(_READ)
            if not data:
                break
            tail = (tail + data)[-1024:]
        if b"[DONE]" not in tail or not tail.endswith(LAST_CHUNK):
            raise BadReplyError(f"stream cut: ...{tail[-200:]!r}")
    finally:
        writer.close()
