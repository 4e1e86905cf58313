"""A call that asks for a response of the Responses API, whose state outwait keeps.

One that is not in the background is a call like any other, and its response is stored before its end is told. One in
the background is written down, begun without a client, and answered at once: with the response as it stands, or with
its stream, which the client may leave. Until somebody asks for its id, an SDK's retry is given the same response: the
client may never have seen that answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import msgspec

from outwait.core.fault import Fault, Refusal, fault
from outwait.core.plan import OnDisconnect, Plan
from outwait.core.reply import Head
from outwait.core.request import Call, State
from outwait.dialects.dialect import Dialect
from outwait.dialects.openai_responses.asked import asked_state
from outwait.edge.continuing import Continued, continued, elsewhere
from outwait.edge.door import Door
from outwait.edge.known import Known
from outwait.edge.standing import body_of, nobody, unstored
from outwait.edge.visit import Visit
from outwait.exchange import responded
from outwait.exchange.account import Delivery
from outwait.exchange.adopt import Named
from outwait.exchange.driver import Exchange
from outwait.exchange.keeper import Keeper
from outwait.exchange.replay import Reader
from outwait.relay import heads
from outwait.store.errors import StoreError
from outwait.wire.request import Request
from outwait.wire.tasks import spawn

_log = logging.getLogger("outwait")

_JSON = Head(200, "application/json")
_ALONE = "a background response goes on without a client"
_SOON = 1.0  # seconds


class Asking(Visit):
    """A call of the Responses API. Raises Refusal for one in the background where nothing is kept."""

    __slots__ = ("_asked", "_continued", "_kept")

    def __init__(self, door: Door, dialect: Dialect, request: Request, known: Known, call: Call, plan: Plan) -> None:
        super().__init__(door, dialect, request, known, call, plan)
        self._asked = asked = asked_state(call.body)
        self._kept = self.keeper if asked.store else None  # who keeps its response
        self._continued: Continued | None = None
        if asked.background:
            if self._kept is None:
                raise Refusal(_keeps_nothing(self.key))
            self.plan = _alone(plan)

    @property
    def background(self) -> bool:
        """See `Visit`."""
        return self._asked.background

    def when_ready(self, then: Callable[[Visit, str], None], name: str) -> None:
        """Look up what the call continues, if it does."""
        previous = self._asked.previous_response_id
        if previous is None:
            then(self, name)
        else:
            spawn(self._look_back(previous, partial(then, self, name)), "conversation of a response")

    async def _look_back(self, previous: str, then: Callable[[], None]) -> None:
        try:
            self._continued = found = await self._find(previous)
            self.plan = found.plan
            if not self.request.outlet.done:  # else the client did not wait; nothing was begun for it
                then()
        except Refusal as refused:
            self.refuse(refused.fault)
        except Exception:  # noqa: BLE001 - task top: the client must hear of it
            _log.exception("a response could not be continued")
            if not self.request.outlet.opened:
                self.refuse(fault("internal_error"))

    async def _find(self, previous: str) -> Continued:
        keeper = self.keeper
        if keeper is None:
            return elsewhere(self.plan, previous)
        try:
            return await continued(keeper, self.key, self.call, self.plan, previous)
        except StoreError as error:
            raise Refusal(unstored(keeper, error)) from None

    # -- a new exchange ------------------------------------------------------------------------------------------

    def make(self, ident: str | None = None) -> Exchange:
        """See `Visit`. Its response has an id."""
        ident = ident or self.door.new_id()
        so_far = self._continued or Continued(self.plan)
        if self._kept is not None or so_far.body is not None or so_far.channel:
            own, background = responded.response_id(ident), self._asked.background
            state = State(own, background, so_far.body, so_far.channel, so_far.upstream)
            self.call = msgspec.structs.replace(self.call, state=state)
        return super().make(ident)

    def begin(self, ident: str | None = None, named: Named | None = None) -> None:
        """See `Visit`. One in the background begins once it is written down."""
        if self._asked.background and self._kept is not None:
            if self.turned_away():
                return
            spawn(self._submit(self.make(ident), named, self._kept), "submission of a background response")
        else:
            super().begin(ident, named)

    async def _submit(self, exchange: Exchange, named: Named | None, keeper: Keeper) -> None:
        try:
            if await self.file(exchange, named, keeper):
                self.answer(exchange, named)
        except Exception:  # noqa: BLE001 - task top: the client must hear of it
            _log.exception("a background response could not be submitted")
            if not self.request.outlet.opened:
                self.refuse(fault("internal_error"))

    async def file(self, exchange: Exchange, named: Named | None, keeper: Keeper) -> bool:
        """See `Visit`. One in the background must not begin unless it can be found again."""
        if not self._asked.background:
            return await super().file(exchange, named, keeper)
        try:
            await keeper.submit(exchange, named, responded.asked_row(exchange, keeper.forgotten_at()))
        except StoreError as error:
            self.refuse(unstored(keeper, error))
            return False
        return True

    def answer(self, exchange: Exchange, named: Named | None = None) -> None:
        """See `Visit`. What can be had by its id is answered at once, with the response as it stands."""
        if self._kept is not None and not self._asked.background:
            self._kept.attend(exchange)
        if self.call.stream or not self._asked.background:
            super().answer(exchange, named)
            return
        self.door.registry.add(exchange, named)
        reader, queued = exchange.join(nobody), responded.told_now(exchange, b"")
        exchange.begin()
        self._tell(exchange, reader, queued)

    # -- an exchange that is there -------------------------------------------------------------------------------

    def join(self, exchange: Exchange, *, adopted: bool = False, named: bool = False) -> None:
        """See `Visit`."""
        if self.call.stream or not self._asked.background:
            super().join(exchange, adopted=adopted, named=named)
        else:
            told = responded.told_now(exchange, body_of(exchange))
            self._tell(exchange, exchange.join(nobody), told, adopted=adopted, named=named)

    def _tell(
        self, exchange: Exchange, reader: Reader, told: bytes, *, adopted: bool = False, named: bool = False
    ) -> None:
        """Answer with the response as it stands. Whether the client gets that is not known: its retry may come."""
        replayed = named and exchange.settled
        block = heads.answer(exchange, _JSON) + (heads.REPLAYED if replayed else b"")
        self.request.outlet.send(200, block, told)
        now, attached = exchange.ports.clock(), named and not replayed
        delivery = Delivery(status=200, adopted=adopted, attached=attached, replayed=replayed, came=now)
        exchange.leave(reader, delivery)


def _alone(plan: Plan) -> Plan:
    """The plan of a call that goes on without a client. Whoever streams it needs its id first of all, to come back
    with: the first heartbeat tells it, and does not wait long.
    """
    why = {**plan.why, "on_disconnect": _ALONE}
    beats = replace(plan.heartbeat, after=min(plan.heartbeat.after, _SOON))
    return replace(plan, on_disconnect=OnDisconnect.FINISH, heartbeat=beats, why=why)


def _keeps_nothing(key: str) -> Fault:
    told = (
        f"A background response is kept until it is fetched, and keep_results is off for the key {key!r}: set"
        " keep_results to on in the configuration, or ask without 'background'."
    )
    return fault("invalid_value", told, param="background")
