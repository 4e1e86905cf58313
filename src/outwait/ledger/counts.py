"""Totals of what happens beside exchanges, such as an answer that was stored: counted on the loop, told in batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter

ANSWER, REFUSED, ERROR = "answer", "refused", "error"
LOST_PROCESS, LOST_DRAIN = "lost_process", "lost_drain"
DELIVERED, FAILED, GIVEN_UP = "delivered", "failed", "given_up"

# Metric, text, label, and which total is counted under which value of the label.
_ROWS: Final[tuple[tuple[str, str, str, Mapping[str, str]], ...]] = (
    ("outwait_kept_answers", "Answers that were stored for a client that may come back.", "", {ANSWER: ""}),
    ("outwait_unkept_answers", "Answers that should have been stored, and are in memory only.", "", {REFUSED: ""}),
    ("outwait_store_errors", "Times the store could not do what it was asked.", "", {ERROR: ""}),
    (
        "outwait_lost_requests",
        "Exchanges that were lost: their process died, or a drain had no time for them.",
        "reason",
        {LOST_PROCESS: "process", LOST_DRAIN: "drain"},
    ),
    (
        "outwait_webhooks",
        "Attempts to tell a webhook; `failed` ones are followed by another.",
        "result",
        {DELIVERED: "delivered", FAILED: "failed", GIVEN_UP: "given_up"},
    ),
)


class Counts:
    """Counts upwards, from 0, for as long as the process lives. `add` belongs to the loop's thread."""

    __slots__ = ("_totals",)

    def __init__(self) -> None:
        self._totals: dict[str, int] = {}

    def add(self, what: str) -> None:
        """One more of `what`."""
        self._totals[what] = self._totals.get(what, 0) + 1

    def totals(self) -> Mapping[str, int]:
        """A copy of all totals; any thread may ask."""
        return self._totals.copy()


class Totals:
    """The metrics of `Counts`. A series stands at 0 before its first event, so that it can be alerted on."""

    __slots__ = ("_counters", "_told")

    def __init__(self, registry: CollectorRegistry) -> None:
        self._counters: dict[str, Counter] = {}
        self._told: dict[str, int] = {}
        for name, text, label, values in _ROWS:
            counter = Counter(name, text, (label,) if label else (), registry=registry)
            for what, value in values.items():
                self._counters[what] = counter.labels(value) if label else counter

    def tell(self, totals: Mapping[str, int]) -> None:
        """Add what came since the last time. Raises KeyError for what has no metric."""
        for what, total in totals.items():
            new = total - self._told.get(what, 0)
            if new:
                self._counters[what].inc(new)
                self._told[what] = total
