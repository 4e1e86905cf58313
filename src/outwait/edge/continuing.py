"""A call that continues an earlier response: the conversation so far, and who can go on with it.

A response that is kept here is continued by any upstream: the whole conversation is written out for it. Where the
upstream has the response itself, it comes first, and is asked by its own id. A response that is not kept here is its
upstream's to know: the call goes to those that speak the Responses API, as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from outwait.core.fault import Fault, Refusal, fault
from outwait.core.plan import Candidate, Plan
from outwait.core.request import Call
from outwait.dialects.openai_responses.absent import unknown_previous
from outwait.dialects.openai_responses.conversation import Turn, expanded
from outwait.exchange import responded
from outwait.exchange.keeper import Keeper
from outwait.plan.prefer import prefer
from outwait.store.rows import Conversation, ResponseRow

LARGEST: Final = 20 << 20
"""Bytes of a request with its whole conversation: as much as a client may send (server.limits.json_body)."""

_PARAM: Final = "previous_response_id"


class Continued(NamedTuple):
    """How the call goes on: with which candidates; `body`: with the whole conversation in it, None if that is not
    known here; `channel`: the one that has the previous response itself, under the id `upstream`.
    """

    plan: Plan
    body: bytes | None = None
    channel: str = ""
    upstream: str = ""


def elsewhere(plan: Plan, previous: str) -> Continued:
    """`previous` is not kept here. Raises Refusal when nobody is left who could know it."""
    able = tuple(each for each in plan.candidates if each.dialect == responded.DIALECT)
    if not able:
        raise Refusal(unknown_previous(previous))
    return Continued(_with(plan, able))


async def continued(keeper: Keeper, key: str, call: Call, plan: Plan, previous: str) -> Continued:
    """How `call` of the client key `key` continues the response `previous`. Raises Refusal, StoreError."""
    found = await keeper.store.responses.conversation(previous, key)
    if not found.responses:
        return elsewhere(plan, previous)
    last = found.responses[-1]
    turns = await _turns(keeper, key, found)
    handle = responded.handle_of(last) if last.status in responded.ANSWERED else None
    own: tuple[Candidate, ...] = ()
    if handle is not None:
        own = tuple(each for each in plan.candidates if _has(each, handle.channel))
    told = _told(call.body, turns) if found.missing is None else None
    if told is not None and len(told) <= LARGEST:
        if handle is None or not own:
            return Continued(plan, told)
        first = prefer(plan, lambda each: each in own)
        return Continued(first, told, handle.channel, handle.ident)
    if handle is not None and own:
        return Continued(_with(plan, own), None, handle.channel, handle.ident)
    raise Refusal(_broken(previous, found.missing) if told is None else _too_long(previous, len(told)))


def _has(candidate: Candidate, channel: str) -> bool:
    return candidate.channel == channel and candidate.dialect == responded.DIALECT


def _with(plan: Plan, candidates: tuple[Candidate, ...]) -> Plan:
    first = candidates[0].timeouts or plan.timeouts
    return replace(plan, candidates=candidates, timeouts=first)


async def _turns(keeper: Keeper, key: str, found: Conversation) -> Sequence[Turn]:
    """What was said, oldest first. Raises Refusal while the last of it is still being made."""
    turns = []
    for row in found.responses:
        exchange = None if row.output is not None else await keeper.find(row.exchange, key)
        if responded.status_of(row, exchange) in responded.PENDING:
            raise Refusal(_running(row))
        turns.append(Turn(row.input, responded.told_of(row, exchange)))
    return turns


def _told(body: bytes, turns: Sequence[Turn]) -> bytes:
    try:
        return expanded(body, turns)
    except ValueError:
        told = "The conversation that this response belongs to cannot be read; send it as input instead."
        raise Refusal(fault("bad_request", told, param=_PARAM)) from None


def _running(row: ResponseRow) -> Fault:
    told = f"Previous response with id '{row.id}' is {row.status}; it can be continued once it is completed."
    return fault("bad_request", told, param=_PARAM)


def _broken(previous: str, missing: str | None) -> Fault:
    told = (
        f"Previous response with id '{previous}' cannot be continued: the conversation goes back to '{missing}', which"
        " is not kept any more. Send what is needed of it as input instead."
    )
    return replace(fault("bad_request", told, param=_PARAM), code="previous_response_not_found")


def _too_long(previous: str, size: int) -> Fault:
    told = (
        f"The conversation up to '{previous}' is too long: with it the request has {size} bytes, and at most {LARGEST}"
        " are sent. Begin a new one, with a summary as its input."
    )
    failed = fault("bad_request", told, param=_PARAM, cause="context_too_long")
    return replace(failed, code="context_length_exceeded")  # as OpenAI calls it; clients know the code
