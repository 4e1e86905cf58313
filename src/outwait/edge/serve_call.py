"""The story of one call: who asks, what is asked, what to do about it, and the answer.

admit    the key is known                               access
read     the few facts that decide are taken from it    dialects
plan     candidates, clocks, heartbeats, and why        plan
recall   a response that this one continues             edge.asking
open     a new exchange, or the one this call is a retry of or has the name of, wherever it is; a call that says
         nothing of the kind is a retry too where we have just cut the reply to the same
respond  the relay carries the answer, however long it takes
"""

from __future__ import annotations

from functools import partial

from outwait.core.fault import Refusal, fault
from outwait.dialects.dialect import Dialect
from outwait.dialects.openai_responses.dialect import RESPONSES
from outwait.edge.asking import Asking
from outwait.edge.door import Door
from outwait.edge.known import Known, meet
from outwait.edge.naming import Naming
from outwait.edge.neighbours import CUTS, ORPHANS
from outwait.edge.refuse import refuse
from outwait.edge.remember import remember
from outwait.edge.visit import Visit
from outwait.exchange.adopt import fingerprint, is_retry, name_of, named, same_request
from outwait.relay.forward import ORPHAN, miss
from outwait.wire.request import Request


def serve_call(door: Door, dialect: Dialect, request: Request) -> None:
    """Answer one model call, in the client's dialect. Returns at once: the relay answers when there is something."""
    known: Known | None = None
    try:
        if door.draining and not request.neighbour:  # a neighbour comes for what is kept here
            raise Refusal(fault("gateway_draining"))
        known = meet(door, dialect, request)
        call = dialect.read(request.method, _target(request), request.headers, request.body)
        name = name_of(call.headers)
        plan = known.plan(call)
        visit = (Asking if dialect is RESPONSES else Visit)(door, dialect, request, known, call, plan)
    except Refusal as refused:
        refuse(door, dialect, request, refused.fault, known.principal if known else None)
        return
    visit.when_ready(_open, name)


def _target(request: Request) -> str:
    return f"{request.path}?{request.query}" if request.query else request.path


def _open(visit: Visit, name: str) -> None:
    """The exchange that this call is a try of answers, or a new one."""
    if name:
        Naming(visit, named(visit.key, name, visit.call)).serve()
    elif not (_resume(visit) if is_retry(visit.call.headers) else _retell(visit)):
        visit.begin()


def _resume(visit: Visit) -> bool:
    """The exchange of an earlier try answers, running or finished, here, at the neighbour that keeps it, or out of the
    store. False when there is none, and nobody else to ask.
    """
    door, request = visit.door, visit.request
    question = fingerprint(visit.key, visit.call)
    wanted = _wanted(request)
    exchange = door.registry.adopt(question, wanted)
    if exchange is not None:
        visit.join(exchange, adopted=True)
        return True
    if request.neighbour:
        miss(request)
        return True
    anew = visit.begin if visit.keeper is None else partial(remember, visit)
    if door.neighbours.adopt(request, ORPHANS + question.hex(), anew, visit.refuse):
        return True
    if visit.keeper is not None:
        remember(visit)
    return visit.keeper is not None


def _retell(visit: Visit) -> bool:
    """Where we cut the reply to the same request lately, here or at a neighbour, its exchange answers once more: how it
    failed could not be told before. False when there is none, and nobody else to ask. The store is not asked: a plain
    call never is in need of it.
    """
    door, request = visit.door, visit.request
    cuts, wanted = door.registry.cuts, _wanted(request)
    if not (cuts or wanted):
        return False
    question = same_request(visit.key, visit.call)
    exchange = door.registry.adopt_cut(question, wanted)
    if exchange is not None:
        visit.join(exchange, adopted=True)
        return True
    if wanted:
        miss(request)
        return True
    if not cuts.elsewhere(question):
        return False
    return door.neighbours.adopt(request, CUTS + question.hex(), visit.begin, visit.refuse)


def _wanted(request: Request) -> str:
    """The orphan that a neighbour passes this request on for, "" if none."""
    return request.headers.get(ORPHAN, "") if request.neighbour else ""
