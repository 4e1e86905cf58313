"""The measured window: the proxy's CPU and its core's, from one moment of the load to another."""

from __future__ import annotations

import asyncio
import time

from bench import proc
from bench.load.spec import Order, Outcome


class Tally:
    """What the connections of one run count together. `failed`: broken calls; `sample`: what one of them saw."""

    __slots__ = ("failed", "late", "reads", "sample", "units")

    def __init__(self) -> None:
        self.units = 0
        self.reads = 0
        self.failed = 0
        self.sample = ""
        self.late: list[float] = []

    def fail(self, why: str) -> None:
        """Count one broken call; the first is kept as the sample."""
        self.failed += 1
        self.sample = self.sample or why[:400]


async def measure(order: Order, tally: Tally) -> Outcome:
    """Let the load run for `order.seconds`; what happened in that time."""
    started, units, reads = time.perf_counter(), tally.units, tally.reads
    cpu, core = proc.cpu_seconds(order.pids), proc.core_seconds(order.core)
    await asyncio.sleep(order.seconds)
    return Outcome(
        units=tally.units - units,
        seconds=time.perf_counter() - started,
        cpu=proc.cpu_seconds(order.pids) - cpu,
        core_busy=proc.core_seconds(order.core) - core,
        reads=tally.reads - reads,
        failed=tally.failed,
        sample=tally.sample,
    )
