"""Coming back for an exchange by its id: what it is doing, its answer from where the client lost it, its end.

    GET  /v1/exchanges                     the key's exchanges: those of this worker, and those in the store
    GET  /v1/exchanges/{id}                one of them: state, timeline, and the result of a JSON call
    GET  /v1/exchanges/{id}/stream         the answer from its beginning, or behind ?starting_after=N
    POST /v1/exchanges/{id}/cancel         end it, upstream connection and all

An exchange is there while it runs, and for a while after its client left without the whole answer: in the memory of
the worker that ran it, and in the store, where any worker finds it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import msgspec

from outwait.core.fault import Fault, Refusal, fault
from outwait.dialects.dialect import Dialect
from outwait.edge.door import Door
from outwait.edge.known import Known, meet
from outwait.edge.refuse import refuse
from outwait.edge.stored import RESULT_MAX, asked, inside, recalled, row_of, told_of, unknown, unreachable
from outwait.exchange.driver import Exchange
from outwait.exchange.effects import Outcome
from outwait.exchange.keeper import Keeper
from outwait.exchange.replay import Gone, Reader, Replay
from outwait.exchange.story import state, state_of
from outwait.relay.relay import Relay
from outwait.store.errors import StoreError
from outwait.store.rows import State
from outwait.wire.request import Request

PATH = "/v1/exchanges"
_JSON = b"content-type: application/json\r\ncache-control: no-store\r\n"
_EVENTS = "text/event-stream"
_STREAM, _CANCEL = "stream", "cancel"
_LISTED = 1000  # stored exchanges in a list, the newest


def list_exchanges(door: Door, dialect: Dialect, request: Request) -> Awaitable[None] | None:
    """The key's exchanges, oldest first."""
    known = _met(door, dialect, request)
    if known is None:
        return None
    here = {each.id: state(each) for each in door.registry if each.key == known.principal.name}
    keeper = door.keeper_of(known.principal)
    if keeper is not None:
        return _list_all(request, keeper, known.principal.name, here)
    _send(request, {"object": "list", "data": list(here.values())})
    return None


def _created(told: dict[str, Any]) -> int:
    since: int = told["created"]
    return since


async def _list_all(request: Request, keeper: Keeper, key: str, here: dict[str, dict[str, Any]]) -> None:
    try:
        rows = await keeper.store.exchanges.of(key, _LISTED)
    except StoreError as error:
        keeper.complain(error)
        rows = []
    stored: dict[str, dict[str, Any]] = {row.id: state_of(row) for row in reversed(rows)}
    stored.update(here)
    told = sorted(stored.values(), key=_created)
    _send(request, {"object": "list", "data": told})


def read_exchange(door: Door, dialect: Dialect, request: Request) -> Awaitable[None] | None:
    """One exchange, or its answer."""
    known = _met(door, dialect, request)
    if known is None or _passed_on(door, dialect, request, known):
        return None
    exchange = _here(door, known, request)
    if exchange is None and (keeper := door.keeper_of(known.principal)) is not None:
        return _stored(door, dialect, request, known, partial(_read_stored, keeper))
    try:
        _read(request, known, exchange)
    except Refusal as refused:
        refuse(door, dialect, request, refused.fault, known.principal)
    return None


def _read(request: Request, known: Known, exchange: Exchange | None) -> None:
    """Raises Refusal."""
    ident, what = _named(request)
    if exchange is None:
        raise Refusal(unknown(ident))
    if what == _STREAM:
        after = _starting_after(exchange, request)
        Relay(exchange, request.outlet, known.client, after=after).start()
    elif what:
        raise Refusal(_nothing(request))
    else:
        _send(request, state(exchange) | _result(exchange))


def cancel_exchange(door: Door, dialect: Dialect, request: Request) -> Awaitable[None] | None:
    """End one exchange. One that is over already cannot be cancelled: 409."""
    known = _met(door, dialect, request)
    if known is None or _passed_on(door, dialect, request, known):
        return None
    exchange = _here(door, known, request)
    if exchange is None and (keeper := door.keeper_of(known.principal)) is not None:
        return _stored(door, dialect, request, known, partial(_cancel_stored, keeper))
    try:
        _cancel(request, exchange)
    except Refusal as refused:
        refuse(door, dialect, request, refused.fault, known.principal)
    return None


def _cancel(request: Request, exchange: Exchange | None) -> None:
    """Raises Refusal."""
    ident, what = _named(request)
    if exchange is None:
        raise Refusal(unknown(ident))
    if what != _CANCEL:
        raise Refusal(_nothing(request))
    if exchange.settled:
        raise Refusal(_over(ident, state(exchange)["status"]))
    exchange.cancel()
    _send(request, state(exchange))


# -- out of the store --------------------------------------------------------------------------------------------------


async def _stored(
    door: Door,
    dialect: Dialect,
    request: Request,
    known: Known,
    answer: Callable[[Door, Request, Known], Awaitable[None]],
) -> None:
    """No worker has the exchange in memory; `answer` asks the store."""
    try:
        await answer(door, request, known)
    except Refusal as refused:
        refuse(door, dialect, request, refused.fault, known.principal)


async def _read_stored(keeper: Keeper, door: Door, request: Request, known: Known) -> None:
    """Raises Refusal."""
    ident, what = _named(request)
    with asked(keeper):
        row = await row_of(keeper, ident, known.principal.name)
        if what == _STREAM:
            _read(request, known, await recalled(keeper, row, door.ports))
            return
        told = await told_of(keeper, row)
    if what:
        raise Refusal(_nothing(request))
    _send(request, told)


async def _cancel_stored(keeper: Keeper, _: Door, request: Request, known: Known) -> None:
    """What is only in the store has no connection that could be closed. Raises Refusal."""
    ident, what = _named(request)
    with asked(keeper):
        row = await row_of(keeper, ident, known.principal.name)
    if what != _CANCEL:
        raise Refusal(_nothing(request))
    raise Refusal(unreachable(ident) if row.state is State.RUNNING else _over(ident, row.state.value))


# -- what the request says ---------------------------------------------------------------------------------------------


def _met(door: Door, dialect: Dialect, request: Request) -> Known | None:
    try:
        return meet(door, dialect, request)
    except Refusal as refused:
        refuse(door, dialect, request, refused.fault)
        return None


def _here(door: Door, known: Known, request: Request) -> Exchange | None:
    """The exchange that the path names, if this worker has it. Somebody else's is not there."""
    exchange = door.registry.get(_named(request)[0])
    return exchange if exchange is not None and exchange.key == known.principal.name else None


def _over(ident: str, word: str) -> Fault:
    return fault("conflict", f"The exchange {ident} is over already: {word}.")


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


def _result(exchange: Exchange) -> dict[str, Any]:
    """The JSON reply of a call that is over and was answered, if it is not too long to stand here."""
    replay = exchange.replay
    completed = exchange.settled and exchange.machine.outcome is Outcome.COMPLETED
    if exchange.call.stream or not completed or replay.size > RESULT_MAX:
        return {}
    try:
        return inside(_body(replay))
    except Gone:
        return {}


def _body(replay: Replay) -> bytes:
    reader = Reader(replay, lambda: None)
    pieces = []
    while data := reader.read():
        pieces.append(data)
    return b"".join(pieces)


def _send(request: Request, told: object) -> None:
    request.outlet.send(200, _JSON, msgspec.json.encode(told))
