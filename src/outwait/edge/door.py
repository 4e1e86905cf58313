"""What the edge needs of the gateway; the app composes it, and swaps catalog and planner together on a reload."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from secrets import token_hex

from outwait.core.catalog import Catalog
from outwait.core.entry import Entry
from outwait.core.principal import Principal
from outwait.edge.claims import Claims
from outwait.edge.hearsay import Hearsay
from outwait.edge.model_lists import ModelLists
from outwait.edge.neighbours import Neighbours
from outwait.edge.probing import Probing
from outwait.edge.sharing import Sharing
from outwait.edge.shedding import Shedding
from outwait.exchange.driver import Ports
from outwait.exchange.keeper import Keeper
from outwait.exchange.recent import Recent
from outwait.exchange.registry import Registry
from outwait.plan.planner import Planner

_ID_DIGITS = 16


@dataclass(slots=True)
class Door:
    """`record` takes ledger entries, `recent` remembers the latest of them, `metrics` renders the page for Prometheus,
    `neighbours` are the other workers, `claims` knows who has the names that clients give, `name` (six hexadecimal
    digits: the worker and its life) begins exchange ids, `draining` is set when the process is about to end: no new
    work is taken. `keeper`: None where nothing is kept; `bare`: the ports of exchanges of which nothing may be kept.
    `shedding` knows what is refused in need; `hearsay` hears what neighbours tell of endpoints; `probing` counts probes
    of the path, None where there are none; `sharing` knows which web pages may call, None where none may; `port` is the
    configured one; `lists` knows which models providers list, None where none is asked.
    """

    planner: Planner
    registry: Registry
    ports: Ports
    record: Callable[[Entry], None]
    metrics: Callable[[], Awaitable[bytes]]
    neighbours: Neighbours
    claims: Claims
    name: str
    bare: Ports
    recent: Recent
    keeper: Keeper | None = None
    draining: bool = False
    shedding: Shedding | None = None
    hearsay: Hearsay | None = None
    probing: Probing | None = None
    sharing: Sharing | None = None
    port: int = 0
    lists: ModelLists | None = None
    _random: str = field(default="", repr=False)

    @property
    def catalog(self) -> Catalog:
        """The snapshot that plans are made from."""
        return self.planner.catalog

    def keeper_of(self, principal: Principal) -> Keeper | None:
        """Who keeps the answers of this client key; None if nobody may."""
        return self.keeper if principal.keep else None

    def new_id(self) -> str:
        """A fresh exchange id: `ow_`, the process that owns it, and 64 random bits."""
        if len(self._random) < _ID_DIGITS:
            self._random = token_hex(
                _ID_DIGITS * 32
            )  # the system call costs as much as the rest of a short call's plan
        digits, self._random = self._random[:_ID_DIGITS], self._random[_ID_DIGITS:]
        return f"ow_{self.name}{digits}"
