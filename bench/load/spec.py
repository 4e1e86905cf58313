"""What the load generator is told, and what it answers: JSON on its command line, JSON on its output."""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["w1", "w2", "w3", "soak"]


class Order(msgspec.Struct, frozen=True):
    """One measurement. `pids`: the proxy's processes; `core`: where they run; `connections`: how many at once.

    `script`: what the upstream plays (see bench.http). `warmup`, `seconds`: the load before the window, and the window.
    `every`: seconds between heartbeats (w3).
    """

    kind: Kind
    port: int
    pids: tuple[int, ...]
    core: int
    connections: int
    script: str
    warmup: float
    seconds: float
    every: float = 5.0


class Outcome(msgspec.Struct, frozen=True):
    """One measurement's result. `units`: replies (w1, soak), chunks (w2) or heartbeats (w3) in the window.

    `cpu`: seconds the proxy used in the window, `core_busy`: what its core was busy for anybody. `reads`: reads that
    brought the chunks. `failed`: calls or streams that broke, `sample` shows one. Memory in KiB before the streams and
    with them; `late`: p50, p99 and highest lateness of heartbeats in seconds.
    """

    units: int
    seconds: float
    cpu: float
    core_busy: float
    reads: int = 0
    failed: int = 0
    sample: str = ""
    streams: int = 0
    rss_before: int = 0
    rss_after: int = 0
    pss_before: int = 0
    pss_after: int = 0
    late: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def busy(self) -> float:
        """Share of its core the proxy used."""
        return self.cpu / self.seconds

    @property
    def others(self) -> float:
        """Share of that core that somebody else used: noise."""
        return max(0.0, self.core_busy - self.cpu) / self.seconds

    @property
    def rate(self) -> float:
        """Units per second."""
        return self.units / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """Units per CPU-second of the proxy; 0 if it used none that could be seen."""
        return self.units / self.cpu if self.cpu > 0 else 0.0

    @property
    def micros(self) -> float:
        """CPU microseconds of the proxy per unit."""
        return self.cpu / self.units * 1e6 if self.units else 0.0

    @property
    def rss_per_stream(self) -> float:
        """KiB of resident memory per stream."""
        return (self.rss_after - self.rss_before) / self.streams if self.streams else 0.0

    @property
    def pss_per_stream(self) -> float:
        """KiB of proportional memory per stream."""
        return (self.pss_after - self.pss_before) / self.streams if self.streams else 0.0
