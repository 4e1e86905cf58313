"""What an exchange needs from other rooms: callables and parts, joined by whoever makes exchanges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outwait.core.endpoints import Endpoints
from outwait.core.entry import Entry
from outwait.core.fault import Fault
from outwait.core.plan import Candidate
from outwait.core.progress import Open
from outwait.dialects.dialect import Dialect
from outwait.exchange.replay import Bounds
from outwait.policy.budget import Budgets
from outwait.wire.wheel import Wheel

if TYPE_CHECKING:
    from outwait.exchange.account import Delivery
    from outwait.exchange.driver import Exchange


@dataclass(frozen=True, slots=True)
class Ports:
    """What an exchange needs from the rest of the house; one for all exchanges of a worker.

    `judge` reads an upstream's error reply (status, headers, body, seconds from the whole request to its head) into a
    fault; the seconds are below 0 when the head came before the request was whole. `record` takes the entry of
    each delivery, once. `left` is told when a reader went without the whole answer (it may come back), with what it
    got, `done` when nobody reads and nothing runs, `held` when a client was told the first time that it must wait.
    """

    open: Open
    judge: Callable[[Candidate, int, Mapping[str, str], bytes, float], Fault]
    endpoints: Endpoints
    budgets: Budgets
    wheel: Wheel
    bounds: Bounds
    upstream_dialect: Callable[[str], Dialect]
    record: Callable[[Entry], None]
    left: Callable[[Exchange, Delivery], None]
    done: Callable[[Exchange], None]
    held: Callable[[Exchange], None]
    clock: Callable[[], float]
    wall: Callable[[], float]
    luck: Callable[[], float]
