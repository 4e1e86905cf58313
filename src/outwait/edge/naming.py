"""A call that has a name (Idempotency-Key): one exchange answers all calls of that name, whichever worker they reach.

here               it runs or is kept here: attach, or replay
being asked for    another call of the same name is about to find out where it is: wait for that
claimed            its home says who has the name: an exchange that we begin now, or one that a neighbour has
kept               before it is begun, the store is asked, which may know one of a process that is no more
passed on          the neighbour answers; when it has it no more, the name is claimed instead of that exchange

The worker that has the exchange compares the questions: a name that was given to another one is refused there.
"""

from __future__ import annotations

import logging
from functools import partial

from outwait.core.fault import Fault, Refusal, fault
from outwait.edge.deed import Deed
from outwait.edge.neighbours import ROUNDS
from outwait.edge.standing import when
from outwait.edge.visit import Visit
from outwait.exchange.adopt import Named
from outwait.relay.forward import forward, miss
from outwait.wire.tasks import spawn

_log = logging.getLogger("outwait")


class Naming:
    """One named call finds its exchange, or begins it."""

    __slots__ = ("_instead", "_named", "_rounds", "_visit")

    def __init__(self, visit: Visit, named: Named) -> None:
        self._visit = visit
        self._named = named
        self._instead = ""  # the exchange that was said to have the name, and has not
        self._rounds = 0

    def serve(self) -> None:
        """Answer, or see to it that somebody does."""
        visit = self._visit
        door = visit.door
        if visit.request.outlet.done:
            return  # the client did not wait; nothing was begun for it
        try:
            exchange = door.registry.named(self._named)
        except Refusal as refused:
            visit.refuse(refused.fault)
            return
        if exchange is not None and door.registry.ending(exchange):
            when(exchange, lambda: exchange.settled, self.serve)
        elif exchange is not None:
            visit.join(exchange, named=True)
        elif door.claims.wait(self._named.name, self._told):
            return
        elif visit.request.neighbour:
            miss(visit.request)
        else:
            self._claim()

    def _claim(self) -> None:
        claims, ident = self._visit.door.claims, self._visit.door.new_id()
        if self._rounds >= ROUNDS:
            self._visit.begin(ident, self._named)
            return
        keeper = self._visit.keeper
        holder = claims.at_once(self._named.name, ident, self._instead) if keeper is None else None
        if holder is None:
            claims.open(self._named.name)
            spawn(self._ask(ident), "claim of a name")
        else:
            self._go(holder, ident)

    async def _ask(self, ident: str) -> None:
        claims, outlet, holder = self._visit.door.claims, self._visit.request.outlet, ident
        try:
            holder = await claims.claim(self._named.name, ident, self._instead)
            keeper = self._visit.keeper
            if outlet.done:
                return
            if holder == ident and keeper is not None:
                holder = await Deed(self._visit, self._named, keeper).begin(ident)
                if holder != ident:
                    self._pass_on(holder)
            else:
                self._go(holder, ident)
        except Exception:  # noqa: BLE001 - task top: the client must hear of it
            _log.exception("the claim of a name failed")
            if not outlet.opened:
                self._visit.refuse(fault("internal_error"))
        finally:
            claims.close(self._named.name, holder)

    def _told(self, holder: str) -> None:
        """The call that we waited for knows who has the name; nobody, if it was not begun."""
        visit = self._visit
        if visit.request.neighbour or visit.door.neighbours.owner(holder) is None:
            self.serve()
        else:
            self._pass_on(holder)

    def _go(self, holder: str, ident: str) -> None:
        if holder == ident:
            self._visit.begin(ident, self._named)
        else:
            self._pass_on(holder)

    def _pass_on(self, holder: str) -> None:
        owner = self._visit.door.neighbours.owner(holder)
        if owner is None:
            self._again(holder)
        else:
            forward(self._visit.request, owner, partial(self._lost, holder), holder)

    def _lost(self, holder: str, failed: Fault) -> None:
        if failed.hint in ("missed", "dead"):
            self._again(holder)
        else:
            self._visit.refuse(failed)

    def _again(self, holder: str) -> None:
        """It is gone, and its name is free. Workers that disagree about that must not send a client round for ever."""
        self._rounds += 1
        self._instead = holder
        self.serve()
