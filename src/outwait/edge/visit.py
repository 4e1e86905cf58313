"""One model call at the door: who asks what, what is to be done about it, and the ways it can be answered."""

from __future__ import annotations

from outwait.core.fault import Fault
from outwait.core.plan import Plan
from outwait.core.request import Call
from outwait.dialects.dialect import Dialect
from outwait.edge.door import Door
from outwait.edge.known import Known
from outwait.edge.refuse import refuse
from outwait.exchange.adopt import Named
from outwait.exchange.driver import Exchange
from outwait.relay.relay import Relay
from outwait.wire.request import Request


class Visit:
    """A call that was read, of a client that was admitted, with its plan."""

    __slots__ = ("call", "dialect", "door", "known", "plan", "request")

    def __init__(self, door: Door, dialect: Dialect, request: Request, known: Known, call: Call, plan: Plan) -> None:
        self.door = door
        self.dialect = dialect
        self.request = request
        self.known = known
        self.call = call
        self.plan = plan

    @property
    def key(self) -> str:
        """The name of the client's key."""
        return self.known.principal.name

    def begin(self, ident: str | None = None, named: Named | None = None) -> None:
        """A new exchange answers; `ident`: its id, if that was said before."""
        door = self.door
        exchange = Exchange(ident or door.new_id(), self.key, self.call, self.plan, self.dialect, door.ports)
        door.registry.add(exchange, named)
        relay = Relay(exchange, self.request.outlet, self.known.client)
        exchange.begin()
        relay.start()

    def join(self, exchange: Exchange, *, adopted: bool = False, named: bool = False) -> None:
        """An exchange that is there answers, from its first byte."""
        Relay(exchange, self.request.outlet, self.known.client, adopted=adopted, named=named).start()

    def refuse(self, refused: Fault) -> None:
        """A refusal answers."""
        refuse(self.door, self.dialect, self.request, refused, self.known.principal)
