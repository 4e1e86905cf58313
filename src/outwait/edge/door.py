"""What the edge needs of the gateway; the app composes it, and swaps catalog and planner together on a reload."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from secrets import token_hex

from outwait.core.catalog import Catalog
from outwait.core.entry import Entry
from outwait.exchange.driver import Ports
from outwait.exchange.registry import Registry
from outwait.plan.planner import Planner


@dataclass(slots=True)
class Door:
    """`record` takes ledger entries, `metrics` renders the page for Prometheus, `worker` marks exchange ids, `draining`
    is set when the process is about to end: no new work is taken.
    """

    planner: Planner
    registry: Registry
    ports: Ports
    record: Callable[[Entry], None]
    metrics: Callable[[], Awaitable[bytes]]
    worker: int = 0
    draining: bool = False

    @property
    def catalog(self) -> Catalog:
        """The snapshot that plans are made from."""
        return self.planner.catalog

    def new_id(self) -> str:
        """A fresh exchange id: `ow_`, the worker that owns it, and 80 random bits."""
        return f"ow_{self.worker:02x}{token_hex(10)}"
