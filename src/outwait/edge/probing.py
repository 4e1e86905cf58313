"""How many probes of the path run in this worker, and what may be asked of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Protocol

from outwait.core.fault import Fault, Refusal, fault


class Running(Protocol):
    """A probe that runs."""

    def end(self, failed: Fault) -> None:
        """End it before its time."""


@dataclass(frozen=True, slots=True)
class ProbeBounds:
    """What may be asked for (seconds, counts), and what the wire takes of a request's body (bytes a second, seconds).

    `per_key`, `total`: probes at a time in one worker. `body_rate`, `body_grace`, `body_time`, `body_size`: as in
    `wire.guard.Limits`; who probes uploads must know what this gateway itself cuts.
    """

    max_silence: float = 1200.0
    per_key: int = 16
    total: int = 64
    body_rate: float = 1024.0
    body_grace: float = 5.0
    body_time: float = 120.0
    body_size: int = 20 * 1024**2

    def told(self) -> dict[str, float]:
        """The bounds by name."""
        return asdict(self)


class Probing:
    """The probes that run in this worker, by client key."""

    __slots__ = ("_running", "bounds")

    def __init__(self, bounds: ProbeBounds) -> None:
        self.bounds = bounds
        self._running: dict[str, set[Running]] = {}

    @property
    def count(self) -> int:
        """How many run."""
        return sum(map(len, self._running.values()))

    def admit(self, key: str) -> None:
        """Raises Refusal when there is no room for one more of the client key `key`."""
        bounds = self.bounds
        if len(self._running.get(key, ())) >= bounds.per_key:
            told = f"{bounds.per_key} probes of this key run already; that is as many as may (server.probe.per_key)."
            raise Refusal(fault("rate_limited", told, retry_after=5.0))
        if self.count >= bounds.total:
            told = f"{bounds.total} probes run already; that is as many as may (server.probe.total)."
            raise Refusal(fault("gateway_overloaded", told, retry_after=5.0))

    def began(self, key: str, probe: Running) -> None:
        """Count a probe."""
        self._running.setdefault(key, set()).add(probe)

    def ended(self, key: str, probe: Running) -> None:
        """Count it no more."""
        running = self._running[key]
        running.discard(probe)
        if not running:
            del self._running[key]

    def close(self) -> None:
        """End all of them: the worker is about to leave."""
        for probe in [each for running in self._running.values() for each in running]:
            probe.end(fault("gateway_draining", "The gateway is shutting down, and ends its probes."))
