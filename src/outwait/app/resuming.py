"""An exchange whose process died, while its job at the provider did not, goes on in this one."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from outwait.access.admission import ANONYMOUS
from outwait.core.fault import Refusal
from outwait.core.plan import OnDisconnect, Plan
from outwait.core.principal import Principal
from outwait.core.request import Call
from outwait.dialects.table import DIALECTS
from outwait.edge.door import Door
from outwait.exchange import responded
from outwait.exchange.account import Delivery
from outwait.exchange.adopt import Named
from outwait.exchange.driver import Exchange
from outwait.exchange.handle import Handle
from outwait.exchange.recall import NO_TIME
from outwait.plan.facts import Facts
from outwait.store.rows import ExchangeRow, ResponseRow, Settlement, State

if TYPE_CHECKING:
    from outwait.store.store import Store

_log = logging.getLogger("outwait")


class Resuming:
    """Makes exchanges of stored rows that have a handle, and begins them."""

    __slots__ = ("_door", "_store")

    def __init__(self, door: Door, store: Store) -> None:
        self._door = door
        self._store = store

    async def resume(self, row: ExchangeRow) -> None:
        """Go on with `row`, which is this process's now. Raises StoreError."""
        response = await self._store.responses.of(row.id)
        if response is None or row.provider is None or self._door.keeper is None:
            _log.error("exchange %s cannot go on: nothing says what it was asked", row.id)
            now = self._door.ports.wall()
            await self._store.exchanges.settle(Settlement(row.id, State.LOST, now, row.expires))
            return
        handle = msgspec.json.decode(row.provider, type=Handle)
        call = responded.call_of(response)
        exchange = self._made(row, response, call, handle)
        named = None if row.idempotency is None else Named(bytes.fromhex(row.idempotency), row.fingerprint)
        self._door.registry.add(exchange, named)
        self._door.keeper.inherit(exchange, named, response)
        reader = exchange.join(_nobody)
        exchange.begin()
        exchange.leave(reader, Delivery())  # the client of the process before; the ledger has one entry for it
        self._door.registry.asked_for(exchange)

    def _made(self, row: ExchangeRow, response: ResponseRow, call: Call, handle: Handle) -> Exchange:
        door = self._door
        plan = self._plan(call, row.key)
        exchange = Exchange(row.id, row.key, call, plan, DIALECTS[call.dialect], door.ports)
        exchange.started = response.created
        exchange.handle = handle
        return exchange

    def _plan(self, call: Call, key: str) -> Plan:
        """As it would be planned now; without the channel that has the job it fails, and says so."""
        principals = {each.name: each for each in self._door.catalog.keys.values()}
        principal = principals.get(key) or replace(ANONYMOUS, name=key, admin=False)
        try:
            plan = self._door.planner.plan(Facts(call, _unbound(principal)))
        except Refusal as refused:
            _log.error("a job cannot be read any more: %s", refused.fault.message)
            return Plan("unknown", (), NO_TIME)
        return replace(plan, on_disconnect=OnDisconnect.FINISH)


def _nobody() -> None:
    """Whoever comes reads from the beginning."""


def _unbound(principal: Principal) -> Principal:
    """What was begun with this key's rights goes on, also if it has lost some since."""
    return replace(principal, models=("*",))
