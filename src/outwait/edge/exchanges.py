"""Coming back for an exchange by its id: what it is doing, its answer from where the client lost it, its end.

    GET  /v1/exchanges                     the key's exchanges: those of this worker, and those in the store
    GET  /v1/exchanges/{id}                one of them: state, timeline, and the result of a JSON call
    GET  /v1/exchanges/{id}/stream         the answer from its beginning, or behind ?starting_after=N
    POST /v1/exchanges/{id}/cancel         end it, upstream connection and all

An exchange is there while it runs, and for a while after its client left without the whole answer: in the memory of
the worker that ran it, and in the store, where any worker finds it. Of one that was delivered whole the state is told
for some minutes, by the worker that ran it, and no answer.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import msgspec

from outwait.core.entry import Entry
from outwait.core.fault import Fault, Refusal, fault
from outwait.dialects.dialect import Dialect
from outwait.edge.door import Door
from outwait.edge.known import Known, meet
from outwait.edge.refuse import refuse
from outwait.edge.stored import RESULT_MAX, asked, delivered, inside, recalled, row_of, told_of, unknown, unreachable
from outwait.exchange.driver import Exchange
from outwait.exchange.effects import Outcome
from outwait.exchange.keeper import Keeper
from outwait.exchange.replay import Gone, Reader, Replay
from outwait.exchange.story import state, state_of, state_then
from outwait.relay.relay import Relay
from outwait.store.errors import StoreError
from outwait.store.rows import State
from outwait.wire.request import Request
from outwait.wire.tasks import spawn

PATH = "/v1/exchanges"
_JSON = b"content-type: application/json\r\ncache-control: no-store\r\n"
_EVENTS = "text/event-stream"
_STREAM, _CANCEL = "stream", "cancel"
_LISTED = 1000  # stored exchanges in a list, the newest

Answer = Callable[[Request, Known, Exchange | None], None]
Stored = Callable[[Keeper, Door, Request, Known], Awaitable[None]]
Ask = Callable[[], Awaitable[None]]

_log = logging.getLogger("outwait")


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
    return _serve(door, dialect, request, _read, _read_stored)


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
    return _serve(door, dialect, request, _cancel, _cancel_stored)


def _cancel(request: Request, _: Known, exchange: Exchange | None) -> None:
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


# -- where it is -------------------------------------------------------------------------------------------------------


def _serve(door: Door, dialect: Dialect, request: Request, answer: Answer, stored: Stored) -> Awaitable[None] | None:
    """Answer with the exchange that the path names, if this worker has it; else where it is: the worker that made it,
    or the store.
    """
    known = _met(door, dialect, request)
    if known is None:
        return None
    told = partial(refuse, door, dialect, request, principal=known.principal)
    exchange, keeper = _here(door, known, request), door.keeper_of(known.principal)
    if exchange is None:
        then = door.recent.find(_named(request)[0], known.principal.name)
        if then is not None:
            told = partial(_recounted, request, then, told)
        ask = None if keeper is None else partial(_ask, partial(stored, keeper, door, request, known), told)
        if door.neighbours.pass_on(request, _named(request)[0], partial(_lost, ask, told)):
            return None
        if ask is not None:
            return ask()
    try:
        answer(request, known, exchange)
    except Refusal as refused:
        told(refused.fault)
    return None


def _recounted(request: Request, then: Entry, told: Callable[[Fault], None], failed: Fault) -> None:
    """Nothing is kept of an exchange that was over a short while ago: its state is told, and what can't be had."""
    what = _named(request)[1]
    if failed.code != "not_found" or what not in ("", _STREAM, _CANCEL):
        told(failed)
    elif what == _STREAM:
        told(delivered(then.exchange))
    elif what == _CANCEL:
        told(_over(then.exchange, then.outcome))
    else:
        _send(request, state_then(then))


def _lost(ask: Ask | None, told: Callable[[Fault], None], failed: Fault) -> None:
    """The worker that made it did not answer. One that has just died may have left it in the store."""
    if ask is not None and failed.hint == "dead":
        spawn(_asked(ask, told), "search in the store")
    else:
        told(failed)


async def _asked(ask: Ask, told: Callable[[Fault], None]) -> None:
    try:
        await ask()
    except Exception:  # noqa: BLE001 - task top: the client must hear of it
        _log.exception("the search for a stored exchange failed")
        told(fault("internal_error"))


async def _ask(answer: Ask, told: Callable[[Fault], None]) -> None:
    try:
        await answer()
    except Refusal as refused:
        told(refused.fault)


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
