"""The story of one call: who asks, what is asked, what to do about it, and the answer.

admit    the key is known                               access
read     the few facts that decide are taken from it    dialects
plan     candidates, clocks, heartbeats, and why        plan
open     a new exchange, or the one this call is a retry of, wherever it is
respond  the relay carries the answer, however long it takes
"""

from __future__ import annotations

from functools import partial

from outwait.core.fault import Refusal, fault
from outwait.core.plan import Plan
from outwait.core.request import Call
from outwait.dialects.dialect import Dialect
from outwait.edge.door import Door
from outwait.edge.known import Known, meet
from outwait.edge.refuse import refuse
from outwait.exchange.adopt import fingerprint, is_retry
from outwait.exchange.driver import Exchange
from outwait.relay.forward import ORPHAN, miss
from outwait.relay.relay import Relay
from outwait.wire.request import Request


def serve_call(door: Door, dialect: Dialect, request: Request) -> None:
    """Answer one model call, in the client's dialect. Returns at once: the relay answers when there is something."""
    known: Known | None = None
    try:
        if door.draining and not request.neighbour:  # a neighbour comes for what is kept here
            raise Refusal(fault("gateway_draining"))
        known = meet(door, dialect, request)
        call = dialect.read(request.method, _target(request), request.headers, request.body)
        plan = known.plan(call)
    except Refusal as refused:
        refuse(door, dialect, request, refused.fault, known.principal if known else None)
        return
    if not is_retry(call.headers) or not _resume(door, dialect, request, known, call, plan):
        _begin(door, dialect, request, known, call, plan)


def _target(request: Request) -> str:
    return f"{request.path}?{request.query}" if request.query else request.path


def _begin(door: Door, dialect: Dialect, request: Request, known: Known, call: Call, plan: Plan) -> None:
    """A new exchange answers."""
    exchange = Exchange(door.new_id(), known.principal.name, call, plan, dialect, door.ports)
    door.registry.add(exchange)
    relay = Relay(exchange, request.outlet, known.client, adopted=False)
    exchange.begin()
    relay.start()


def _resume(door: Door, dialect: Dialect, request: Request, known: Known, call: Call, plan: Plan) -> bool:
    """The exchange of an earlier try answers, running or finished, here or at the neighbour that keeps it. False when
    there is none, and nobody else to ask.
    """
    question = fingerprint(known.principal.name, call)
    wanted = request.headers.get(ORPHAN, "") if request.neighbour else ""
    exchange = door.registry.adopt(question, wanted)
    if exchange is not None:
        Relay(exchange, request.outlet, known.client, adopted=True).start()
        return True
    if request.neighbour:
        miss(request)
        return True
    begin = partial(_begin, door, dialect, request, known, call, plan)
    lost = partial(refuse, door, dialect, request, principal=known.principal)
    return door.neighbours.adopt(request, question, begin, lost)
