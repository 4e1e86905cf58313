"""Rounds of probes: every endpoint at the same time, so that they meet the same hour and the same network, each with a
cap of its own. Stops when told to, with what is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

import anyio.lowlevel
import httpx2

from outwait.core.fault import Clock
from outwait.toolkit.check.probe import Probe
from outwait.toolkit.check.sending import Place, client, send
from outwait.toolkit.check.wording import Wording

Heard = Callable[[Probe], None]

_SPARE: Final = 4  # threads for each probe that may run at a time
_THREADS: Final = 256


@dataclass(frozen=True, slots=True)
class Pace:
    """How a run is made. `probes`: of each endpoint in a round, at most `parallel` at a time. `every`: seconds from one
    round's start to the next; None: one round alone. `rounds`: how many, None: until somebody stops it. `stagger`:
    seconds between the first probes of one endpoint; those of the others lie in between, so that no handshake waits
    for another one's on this machine.
    """

    spans: Mapping[Clock, float]
    probes: int = 10
    parallel: int = 4
    reuse: bool = False
    every: float | None = None
    rounds: int | None = None
    stagger: float = 0.02


async def run(
    wordings: Sequence[Wording],
    pace: Pace,
    heard: Heard,
    after: Callable[[int], None],
    stop: asyncio.Event,
) -> int:
    """All rounds; returns how many were begun. `heard`: is told each probe as it ends. `after`: that a round has ended.
    Once `stop` is set, running probes are dropped. Raises NoCertificates where a file of them cannot be read.
    """
    loop = asyncio.get_running_loop()
    # A lookup that is given up runs on in its thread: one endpoint's dead name server must not hold up the others.
    threads = min(_THREADS, _SPARE * pace.parallel * len(wordings))
    loop.set_default_executor(ThreadPoolExecutor(threads, thread_name_prefix="lookup"))
    began = loop.time()
    number = 0
    async with AsyncExitStack() as stack:
        await anyio.lowlevel.checkpoint()  # what the library loads on its first use is no part of the first probe
        senders = [await stack.enter_async_context(client(wording, reuse=pace.reuse)) for wording in wordings]
        while not stop.is_set():
            number += 1
            due = loop.time() + (pace.every or 0.0)
            places = [
                (sender, wording, iter([Place(number, each, began) for each in range(1, pace.probes + 1)]))
                for sender, wording in zip(senders, wordings, strict=True)
            ]
            await _round(places, pace, heard, stop)
            after(number)
            if pace.every is None or number == pace.rounds:
                break
            await _pause(stop, due - loop.time())
    return number


async def _round(
    places: Sequence[tuple[httpx2.AsyncClient, Wording, Iterator[Place]]],
    pace: Pace,
    heard: Heard,
    stop: asyncio.Event,
) -> None:
    async def work(late: float, sender: httpx2.AsyncClient, wording: Wording, own: Iterator[Place]) -> None:
        await asyncio.sleep(late)
        for place in own:
            heard(await send(sender, wording, pace.spans, place, reuse=pace.reuse))

    async with asyncio.TaskGroup() as group:
        workers = {
            group.create_task(work(pace.stagger * (slot + order / len(places)), *each))
            for slot in range(min(pace.parallel, pace.probes))
            for order, each in enumerate(places)
        }
        ended = group.create_task(stop.wait())
        while workers and not ended.done():
            await asyncio.wait((*workers, ended), return_when=asyncio.FIRST_COMPLETED)
            workers = {worker for worker in workers if not worker.done()}
        for task in (*workers, ended):
            task.cancel()


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await stop.wait()
    except TimeoutError:
        pass
