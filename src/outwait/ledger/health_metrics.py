"""Channels and endpoints for Prometheus: each worker tells how it sees them, and the sum or the worst of that is shown.

Labels are bounded: channels by the configuration, endpoints by `ENDPOINTS`, since a channel for all models has one for
each name that clients think of. Those that come later are told together, as `other`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

ENDPOINTS = 200
OTHER = "other"

_CHANNEL, _ENDPOINT = "channel", "endpoint"
# What is asked for -> text, label, how workers are joined.
_GAUGES: Final[Mapping[str, tuple[str, str, str]]] = {
    "channel_up": ("1, or 0: no worker should count on the channel; the worst of all workers.", _CHANNEL, "livemin"),
    "channel_probe_seconds": ("How long the last free probe took.", _CHANNEL, "livemax"),
    "dead_keys": ("Keys that were refused and are not used; the most of any worker.", _CHANNEL, "livemax"),
    "endpoint_up": ("1, or 0: it gets single attempts that try it; the worst of all workers.", _ENDPOINT, "livemin"),
    "endpoint_outstanding": ("Attempts that are running.", _ENDPOINT, "livesum"),
    "endpoint_limit": ("Attempts that may run at a time.", _ENDPOINT, "livesum"),
    "queue_length": ("Requests that wait for a place.", "", "livesum"),
}
_COUNTERS: Final[Mapping[str, tuple[str, str]]] = {
    "channel_probe_failures": ("Free probes that failed.", _CHANNEL),
    "ejections": ("Times an endpoint was taken out because attempts failed.", _ENDPOINT),
    "suspicions": ("Times an endpoint was thought to hang, or found unreachable.", _ENDPOINT),
}
# How endpoints told together become one: by the worst, or by the sum.
_JOIN: Final[Mapping[str, Callable[[float, float], float]]] = {"endpoint_up": min}
# What is told of those that are no more: sums must not count them, and nothing else is known of them.
_GONE: Final = {"livesum": 0.0, "livemin": math.nan, "livemax": math.nan}


class HealthMetrics:
    """The metrics, in `registry`. `tell` belongs to one thread."""

    __slots__ = ("_counters", "_gauges", "_labels", "_seen", "_told")

    def __init__(self, registry: CollectorRegistry) -> None:
        self._gauges = {
            name: Gauge(f"outwait_{name}", text, (label,) if label else (), registry=registry, multiprocess_mode=mode)  # type: ignore[arg-type]  # a literal
            for name, (text, label, mode) in _GAUGES.items()
        }
        self._counters = {
            name: Counter(f"outwait_{name}", text, (label,), registry=registry)
            for name, (text, label) in _COUNTERS.items()
        }
        self._labels: set[str] = set()
        self._seen: set[tuple[str, str]] = set()
        self._told: dict[tuple[str, str], int] = {}

    def tell(self, gauges: Mapping[tuple[str, str], float], totals: Mapping[tuple[str, str], int]) -> None:
        """How all is now, by metric and label; and how often things happened since the start."""
        joined: dict[tuple[str, str], float] = {}
        for (metric, name), value in gauges.items():
            at = metric, self._label(_GAUGES[metric][1], name)
            joined[at] = _JOIN.get(metric, _sum)(joined[at], value) if at in joined else value
        for metric, label in self._seen - joined.keys():
            self._set(metric, label, _GONE[_GAUGES[metric][2]])
        for (metric, label), value in joined.items():
            self._set(metric, label, value)
        self._seen = set(joined)
        for at, total in totals.items():
            new = total - self._told.get(at, 0)
            if new:
                metric, name = at
                self._counters[metric].labels(self._label(_COUNTERS[metric][1], name)).inc(new)
                self._told[at] = total

    def _set(self, metric: str, label: str, value: float) -> None:
        gauge = self._gauges[metric]
        (gauge.labels(label) if _GAUGES[metric][1] else gauge).set(value)

    def _label(self, kind: str, name: str) -> str:
        if kind != _ENDPOINT or name in self._labels:
            return name
        if len(self._labels) >= ENDPOINTS:
            return OTHER
        self._labels.add(name)
        return name


def _sum(one: float, other: float) -> float:
    return one + other
