"""A named call is to begin, say all workers that run now; the store has the last word.

It may know the exchange of that name from a process that is no more: then that one answers, whole or with the truth
about its loss. What begins is on the disk before anything goes upstream.
"""

from __future__ import annotations

from outwait.core.fault import Refusal, fault
from outwait.edge.visit import Visit
from outwait.exchange.adopt import Named
from outwait.exchange.driver import Exchange
from outwait.exchange.keeper import Keeper
from outwait.exchange.names import ROUNDS
from outwait.store.errors import StoreError
from outwait.store.rows import State


class Deed:
    """The claim of one named call."""

    __slots__ = ("_keeper", "_named", "_visit")

    def __init__(self, visit: Visit, named: Named, keeper: Keeper) -> None:
        self._visit = visit
        self._named = named
        self._keeper = keeper

    async def begin(self, ident: str) -> str:
        """Begin the exchange `ident`, or answer with the one that had the name before. Returns who has it: another id
        than `ident` only where a neighbour runs it, which must answer then.
        """
        visit = self._visit
        try:
            kept = await self._kept(ident)
        except Refusal as refused:
            visit.refuse(refused.fault)
            return ident
        except StoreError as error:
            self._keeper.complain(error)
            kept = None
        if isinstance(kept, str):
            return kept
        if visit.request.outlet.done:
            return ident  # the claim is of an exchange that nobody knows: the next call has the name
        if kept is not None:
            visit.join(kept, named=True)
            return ident
        if visit.turned_away():
            return ident  # the same
        exchange = visit.make(ident)
        if await visit.file(exchange, self._named, self._keeper):
            visit.answer(exchange, self._named)
        return ident

    async def _kept(self, ident: str) -> Exchange | str | None:
        """The exchange that has the name, as it was kept; its id if a neighbour runs it; None if nobody has it.

        Raises Refusal, StoreError.
        """
        keeper, visit = self._keeper, self._visit
        for _ in range(ROUNDS):
            holder = await keeper.names.claim(visit.key, self._named, ident)
            if holder == ident:
                return None
            row = await keeper.find(holder, visit.key)
            kept = None if row is None else await keeper.recall(row, visit.call, visit.dialect, visit.ports)
            if kept is not None:
                return kept
            if row is not None and row.state is State.RUNNING:
                if visit.door.neighbours.owner(holder) is not None:
                    return holder
                told = f"The exchange {holder} of this Idempotency-Key runs in a process that cannot be reached."
                raise Refusal(fault("owner_unreachable", told))
            await keeper.names.release(visit.key, self._named, holder)
        return None
