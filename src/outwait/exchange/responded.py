"""What is kept of the response that an exchange makes, and what is told of it meanwhile (pure).

A response that outwait names itself has the digits of its exchange: the one leads to the other. One that is not in the
background keeps the id that stands in its answer, unless a heartbeat named it before. Where its provider keeps it too,
a handle says so: a call that continues it can go there as it is.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from outwait.core.fault import Fault, fault
from outwait.core.request import Call, State
from outwait.dialects import document
from outwait.dialects.openai_responses.asked import asked_state
from outwait.dialects.openai_responses.standing import ended, standing
from outwait.dialects.openai_responses.stored import input_items
from outwait.dialects.providers import PROVIDERS
from outwait.exchange.driver import Exchange
from outwait.exchange.effects import Outcome
from outwait.exchange.handle import Handle
from outwait.exchange.story import story_of
from outwait.store import rows
from outwait.store.rows import ExchangeRow, ResponseEnd, ResponseRow

DIALECT: Final = "responses"
PENDING: Final = frozenset(("queued", "in_progress"))
ANSWERED: Final = frozenset(("completed", "incomplete"))
_OURS: Final = re.compile(r"resp_([0-9a-f]{22})")
_CUT: Final = "gateway_draining"  # ended by outwait, not by anybody who asked for that
_UNKEPT: Final = fault("storage_full", "The answer was whole, but there was no room to keep it.")
_LOST: Final = fault("exchange_lost")

_unpacked = msgspec.json.Decoder(Handle).decode


def response_id(exchange: str) -> str:
    """The id that outwait gives the response of the exchange with this id."""
    return f"resp_{exchange.removeprefix('ow_')}"


def exchange_id(response: str) -> str | None:
    """The exchange that makes the response with this id; None where outwait did not give it."""
    match = _OURS.fullmatch(response)
    return None if match is None else f"ow_{match[1]}"


def handle_of(row: ResponseRow) -> Handle | None:
    """Where the upstream has the response itself."""
    return None if row.handle is None else _unpacked(row.handle)


def call_of(row: ResponseRow) -> Call:
    """The call that a stored response was made for."""
    state = State(row.id, background=row.background)
    created = int(row.created)
    return Call(
        DIALECT, DIALECT, row.model, row.stream, row.request, path="/v1/responses", state=state, created=created
    )


def asked_row(exchange: Exchange, expires: float) -> ResponseRow:
    """The row of a background response that is about to begin."""
    return _row(exchange, response_id(exchange.id), "queued", expires)


def ended_row(exchange: Exchange, body: bytes, expires: float) -> ResponseRow | ResponseEnd | None:
    """How the response of a settled exchange ended: of one in the background, whose row is there, the end; of another
    that is to be kept, all of it. `body`: the answer as its client got it; empty where its beginning was given up.
    """
    call = exchange.call
    status, told = _final(exchange, body)
    if call.state is not None and call.state.background:
        return ResponseEnd(call.state.ident, status, document.dumps(told), _packed(exchange.handle))
    if status not in ANSWERED or not body or not asked_state(call.body).store:
        return None
    made = _row(exchange, told["id"], status, expires)
    return msgspec.structs.replace(made, output=document.dumps(told), handle=_handle(exchange, told["id"]))


def lost_end(row: ResponseRow, why: Fault) -> ResponseEnd | None:
    """The end of a response whose process is no more; None if it had ended before."""
    if row.status not in PENDING:
        return None
    status, told = ended(call_of(row), Outcome.FAILED.value, b"", why, int(row.created))
    return ResponseEnd(row.id, status, document.dumps(told))


def event_type(exchange: Exchange, status: str) -> str | None:
    """The kind of event that tells of a response with this status; None for one that nobody waits for elsewhere."""
    state = exchange.call.state
    return f"response.{status}" if state is not None and state.background else None


def told_now(exchange: Exchange, body: bytes) -> bytes:
    """The response of an exchange as it stands. `body`: the answer, if that is over."""
    if exchange.settled:
        return document.dumps(_final(exchange, body)[1])
    status = "in_progress" if exchange.machine.number else "queued"
    return document.dumps(standing(_call(exchange), int(exchange.started), status))


def told_of(row: ResponseRow, exchange: ExchangeRow | None) -> bytes:
    """A stored response as it stands. `exchange`: what the store knows of the one that makes it, None if nothing."""
    if row.output is not None:
        return row.output
    call, created = call_of(row), int(row.created)
    if exchange is not None and exchange.state is rows.State.RUNNING:
        return document.dumps(standing(call, created, row.status))
    outcome, why = _lost(exchange)
    return document.dumps(ended(call, outcome.value, b"", why, created)[1])


def status_of(row: ResponseRow, exchange: ExchangeRow | None) -> str:
    """The status that `told_of` tells."""
    if row.output is not None or (exchange is not None and exchange.state is rows.State.RUNNING):
        return row.status
    outcome, why = _lost(exchange)
    return ended(call_of(row), outcome.value, b"", why, int(row.created))[0]


def _lost(exchange: ExchangeRow | None) -> tuple[Outcome, Fault]:
    """How an exchange ended whose response nobody could write down."""
    if exchange is None:
        return Outcome.FAILED, _LOST
    usual = _UNKEPT if exchange.state is rows.State.COMPLETED else _LOST
    outcome = Outcome.CANCELLED if exchange.state is rows.State.CANCELLED else Outcome.FAILED
    return outcome, story_of(exchange).fault or usual


def _final(exchange: Exchange, body: bytes) -> tuple[str, dict[str, Any]]:
    outcome, failed = exchange.machine.outcome or Outcome.FAILED, exchange.fault
    if outcome is Outcome.CANCELLED and failed is not None and failed.code == _CUT:
        outcome = Outcome.FAILED
    if outcome is Outcome.COMPLETED and not body:
        outcome, failed = Outcome.FAILED, fault("storage_full", "The answer is too long to be kept.")
    return ended(_call(exchange), outcome.value, body, failed, int(exchange.started))


def _call(exchange: Exchange) -> Call:
    """Its call; one that was called back from the store by a retry does not say that it is kept."""
    call = exchange.call
    if call.state is not None:
        return call
    return msgspec.structs.replace(call, state=State(response_id(exchange.id), asked_state(call.body).background))


def _row(exchange: Exchange, ident: str, status: str, expires: float) -> ResponseRow:
    call = exchange.call
    asked = asked_state(call.body)
    return ResponseRow(
        id=ident,
        exchange=exchange.id,
        key=exchange.key,
        created=exchange.started,
        model=call.model,
        status=status,
        expires=expires,
        request=call.body,
        input=document.dumps(input_items(call.body, ident)),
        previous=asked.previous_response_id,
        background=asked.background,
        stream=call.stream,
    )


def _handle(exchange: Exchange, ident: str) -> str | None:
    """Where the upstream has this response itself: at a provider that keeps them, which was asked for this very one."""
    candidate = exchange.candidate
    if exchange.announced is not None:
        ident = exchange.announced.handle
    if candidate is None or candidate.dialect != DIALECT or ident in {"", response_id(exchange.id)}:
        return None
    if not PROVIDERS[candidate.provider].quirks.background:
        return None
    return _packed(Handle(candidate.channel, ident, key=candidate.key))


def _packed(handle: Handle | None) -> str | None:
    return None if handle is None else msgspec.json.encode(msgspec.structs.replace(handle, sequence=-1)).decode()
