"""One model call at the door: who asks what, what is to be done about it, and the ways it can be answered."""

from __future__ import annotations

from collections.abc import Callable

from outwait.core.fault import Fault
from outwait.core.plan import Plan
from outwait.core.request import Call
from outwait.dialects.dialect import Dialect
from outwait.edge.door import Door
from outwait.edge.known import Known
from outwait.edge.refuse import refuse
from outwait.exchange.adopt import Named
from outwait.exchange.driver import Exchange
from outwait.exchange.keeper import Keeper
from outwait.exchange.ports import Ports
from outwait.relay.relay import Relay
from outwait.store.errors import StoreError
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

    @property
    def keeper(self) -> Keeper | None:
        """Who keeps the answers of this client; None if nobody may."""
        return self.door.keeper_of(self.known.principal)

    @property
    def ports(self) -> Ports:
        """What an exchange of this client needs."""
        return self.door.ports if self.known.principal.keep else self.door.bare

    @property
    def background(self) -> bool:
        """Whether the call is one that nobody waits for at this moment."""
        return False

    def when_ready(self, then: Callable[[Visit, str], None], name: str) -> None:
        """Call `then` with this visit and `name` once all is known that the call needs, now or later; not at all where
        it is refused instead.
        """
        then(self, name)

    def begin(self, ident: str | None = None, named: Named | None = None) -> None:
        """A new exchange answers; `ident`: its id, if that was said before. In need a refusal answers instead."""
        if not self.turned_away():
            self.answer(self.make(ident), named)

    def turned_away(self) -> bool:
        """Whether the gateway is in need and takes no such work; the client was told so then. Asked right before a new
        exchange begins: who came for one that is there already is served.
        """
        shedding = self.door.shedding
        if shedding is None or not shedding.level:
            return False
        refused = shedding.refusal(background=self.background)
        if refused is not None:
            self.refuse(refused)
        return refused is not None

    def make(self, ident: str | None = None) -> Exchange:
        """A new exchange, which nobody can find yet."""
        return Exchange(ident or self.door.new_id(), self.key, self.call, self.plan, self.dialect, self.ports)

    async def file(self, exchange: Exchange, named: Named | None, keeper: Keeper) -> bool:
        """Write a new exchange down before it begins. False where it must not begin; the client was told why."""
        try:
            await keeper.submit(exchange, named)
        except StoreError as error:
            keeper.complain(error)  # it is in memory as ever
        return True

    def answer(self, exchange: Exchange, named: Named | None = None) -> None:
        """A new exchange begins, and answers."""
        self.door.registry.add(exchange, named)
        relay = Relay(exchange, self.request.outlet, self.known.client)
        exchange.begin()
        relay.start()

    def join(self, exchange: Exchange, *, adopted: bool = False, named: bool = False) -> None:
        """An exchange that is there answers, from its first byte."""
        Relay(exchange, self.request.outlet, self.known.client, adopted=adopted, named=named).start()

    def refuse(self, refused: Fault) -> None:
        """A refusal answers."""
        refuse(self.door, self.dialect, self.request, refused, self.known.principal)
