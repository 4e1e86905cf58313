"""The story of one call: who asks, what is asked, what to do about it, and the answer.

admit    the key is known                               access
read     the few facts that decide are taken from it    dialects
plan     candidates, clocks, heartbeats, and why        plan
open     a new exchange, or the one this call is a retry of
respond  the relay carries the answer, however long it takes
"""

from __future__ import annotations

from outwait.core.fault import Refusal, fault
from outwait.core.plan import Plan
from outwait.core.principal import Principal
from outwait.core.request import Call
from outwait.dialects.dialect import Dialect
from outwait.edge.door import Door
from outwait.edge.known import Known, meet
from outwait.edge.refuse import refuse
from outwait.exchange.adopt import fingerprint, is_retry
from outwait.exchange.driver import Exchange
from outwait.relay.relay import Relay
from outwait.wire.request import Request


def serve_call(door: Door, dialect: Dialect, request: Request) -> None:
    """Answer one model call, in the client's dialect. Returns at once: the relay answers when there is something."""
    known: Known | None = None
    try:
        if door.draining:
            raise Refusal(fault("gateway_draining"))
        known = meet(door, dialect, request)
        call = dialect.read(request.method, _target(request), request.headers, request.body)
        plan = known.plan(call)
    except Refusal as refused:
        refuse(door, dialect, request, refused.fault, known.principal if known else None)
        return
    exchange, adopted = _open(door, dialect, call, known.principal, plan)
    relay = Relay(exchange, request.outlet, known.client, adopted=adopted)
    if not adopted:
        exchange.begin()
    relay.start()


def _target(request: Request) -> str:
    return f"{request.path}?{request.query}" if request.query else request.path


def _open(door: Door, dialect: Dialect, call: Call, principal: Principal, plan: Plan) -> tuple[Exchange, bool]:
    """The exchange that answers `call`, and whether it was adopted: running or finished for an earlier try of it."""
    if is_retry(call.headers):
        known = door.registry.adopt(fingerprint(principal.name, call))
        if known is not None:
            return known, True
    exchange = Exchange(door.new_id(), principal.name, call, plan, dialect, door.ports)
    door.registry.add(exchange)
    return exchange, False
