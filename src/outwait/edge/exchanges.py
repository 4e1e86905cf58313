"""Coming back for an exchange by its id: what it is doing, its answer from where the client lost it, its end.

    GET  /v1/exchanges                     the key's exchanges that this worker runs or keeps
    GET  /v1/exchanges/{id}                one of them: state, timeline, and the result of a JSON call
    GET  /v1/exchanges/{id}/stream         the answer from its beginning, or behind ?starting_after=N
    POST /v1/exchanges/{id}/cancel         end it, upstream connection and all

An exchange is there while it runs, and for a while after its client left without the whole answer.
"""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import parse_qs

import msgspec

from outwait.core.fault import Fault, Refusal, fault
from outwait.dialects.dialect import Dialect
from outwait.dialects.telling import message
from outwait.edge.door import Door
from outwait.edge.known import Known, meet
from outwait.edge.refuse import refuse
from outwait.exchange.driver import Exchange
from outwait.exchange.effects import Outcome
from outwait.exchange.replay import Gone, Reader, Replay
from outwait.relay.relay import Relay
from outwait.wire.request import Request

PATH = "/v1/exchanges"
_JSON = b"content-type: application/json\r\ncache-control: no-store\r\n"
_EVENTS = "text/event-stream"
_STREAM, _CANCEL = "stream", "cancel"
_RESULT_MAX = 8 << 20  # bytes of an answer that stand inside its state; a longer one is at /stream


def list_exchanges(door: Door, dialect: Dialect, request: Request) -> None:
    """The key's exchanges, oldest first."""
    known = _met(door, dialect, request)
    if known is not None:
        own = [_state(each) for each in door.registry if each.key == known.principal.name]
        _send(request, {"object": "list", "data": own})


def read_exchange(door: Door, dialect: Dialect, request: Request) -> None:
    """One exchange, or its answer."""
    known = _met(door, dialect, request)
    if known is None or _passed_on(door, dialect, request, known):
        return
    try:
        exchange, what = _find(door, known, request)
        if what == _STREAM:
            after = _starting_after(exchange, request)
        elif what:
            raise Refusal(_nothing(request))
        else:
            _send(request, _state(exchange) | _result(exchange))
            return
    except Refusal as refused:
        refuse(door, dialect, request, refused.fault, known.principal)
        return
    Relay(exchange, request.outlet, known.client, after=after).start()


def cancel_exchange(door: Door, dialect: Dialect, request: Request) -> None:
    """End one exchange. One that is over already cannot be cancelled: 409."""
    known = _met(door, dialect, request)
    if known is None or _passed_on(door, dialect, request, known):
        return
    try:
        exchange, what = _find(door, known, request)
        if what != _CANCEL:
            raise Refusal(_nothing(request))
        if exchange.settled:
            raise Refusal(fault("conflict", f"The exchange {exchange.id} is over already: {_word(exchange)}."))
    except Refusal as refused:
        refuse(door, dialect, request, refused.fault, known.principal)
        return
    exchange.cancel()
    _send(request, _state(exchange))


def _met(door: Door, dialect: Dialect, request: Request) -> Known | None:
    try:
        return meet(door, dialect, request)
    except Refusal as refused:
        refuse(door, dialect, request, refused.fault)
        return None


def _find(door: Door, known: Known, request: Request) -> tuple[Exchange, str]:
    """The exchange that the path names, and what of it. Somebody else's is not there."""
    ident, what = _named(request)
    exchange = door.registry.get(ident)
    if exchange is None or exchange.key != known.principal.name:
        why = "it never was, or its answer was delivered whole, or it has been kept long enough"
        raise Refusal(fault("not_found", f"There is no exchange {ident[:80]!r} here: {why}."))
    return exchange, what


def _named(request: Request) -> tuple[str, str]:
    """The exchange's id, and what of it."""
    ident, _, what = request.path.removeprefix(f"{PATH}/").partition("/")
    return ident, what


def _passed_on(door: Door, dialect: Dialect, request: Request, known: Known) -> bool:
    """Whether the worker that owns the exchange was asked instead; its answer comes from there."""
    ident, _ = _named(request)
    if door.registry.get(ident) is not None:
        return False
    return door.neighbours.pass_on(request, ident, partial(refuse, door, dialect, request, principal=known.principal))


def _nothing(request: Request) -> Fault:
    return fault("not_found", f"There is nothing at {request.path[:200]}. Did you mean /{_STREAM} or /{_CANCEL}?")


def _starting_after(exchange: Exchange, request: Request) -> int:
    """How much the client has seen; -1 for nothing. Raises Refusal."""
    asked = parse_qs(request.query).get("starting_after")
    if asked is None:
        return -1
    if not (asked[0].isascii() and asked[0].isdigit() and len(asked[0]) < 19):
        told = "starting_after is a number: of the last event that was received, or of events that were."
        raise Refusal(fault("invalid_value", told, param="starting_after"))
    after = int(asked[0])
    if after and not exchange.dialect.reply_head(exchange.call).content_type.startswith(_EVENTS):
        told = "This answer is no event stream: it can only be had from its beginning."
        raise Refusal(fault("invalid_value", told, param="starting_after"))
    return after


def _state(exchange: Exchange) -> dict[str, Any]:
    machine, call, candidate = exchange.machine, exchange.call, exchange.candidate
    failed = exchange.fault
    return {
        "id": exchange.id,
        "object": "exchange",
        "status": _word(exchange),
        "phase": machine.phase.value,
        "created": int(exchange.started),
        "endpoint": call.endpoint,
        "model": call.model,
        "stream": call.stream,
        "scenario": exchange.plan.scenario,
        "channel": candidate.channel if candidate else None,
        "upstream_model": candidate.model if candidate else None,
        "attempts": machine.number,
        "readers": len(exchange.replay.readers),
        "bytes": exchange.replay.size,
        "complete": exchange.replay.whole,
        "fault": None if failed is None else _told(failed),
        "usage": exchange.usage,
        "timeline": machine.timeline.marks(),
    }


def _word(exchange: Exchange) -> str:
    """One of running, completed, failed and cancelled."""
    outcome = exchange.machine.outcome
    return "running" if outcome is None else outcome.value


def _told(failed: Fault) -> dict[str, Any]:
    clock = None if failed.clock is None else failed.clock.value
    told = {"code": failed.code, "cause": failed.cause, "side": failed.side.value, "status": failed.status}
    return told | {"clock": clock, "message": message(failed)}


def _result(exchange: Exchange) -> dict[str, Any]:
    """The JSON reply of a call that is over and was answered, if it is not too long to stand here."""
    replay = exchange.replay
    if exchange.call.stream or exchange.machine.outcome is not Outcome.COMPLETED or replay.size > _RESULT_MAX:
        return {}
    try:
        body = _body(replay)
        msgspec.json.decode(body)
    except (Gone, ValueError):  # given up, or no JSON at all: sound, subtitles
        return {}
    return {"result": msgspec.Raw(body)}


def _body(replay: Replay) -> bytes:
    reader = Reader(replay, lambda: None)
    pieces = []
    while data := reader.read():
        pieces.append(data)
    return b"".join(pieces)


def _send(request: Request, told: object) -> None:
    request.outlet.send(200, _JSON, msgspec.json.encode(told))
