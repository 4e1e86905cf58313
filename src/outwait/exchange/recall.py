"""An exchange made of what the store keeps: settled, with the very bytes it had, so that a relay can serve it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from msgspec import structs

from outwait.core.plan import Candidate, Plan, Span, Timeouts
from outwait.core.request import Call
from outwait.dialects.dialect import Dialect
from outwait.exchange.driver import Exchange
from outwait.exchange.effects import Outcome
from outwait.exchange.phase import Phase
from outwait.exchange.ports import Ports
from outwait.exchange.story import Story, story_of
from outwait.policy.budget import Budgets
from outwait.store.rows import ExchangeRow, ResultRow, State

if TYPE_CHECKING:
    from outwait.store.results import Results

_OUTCOMES: Final = {
    State.COMPLETED: Outcome.COMPLETED,
    State.FAILED: Outcome.FAILED,
    State.CANCELLED: Outcome.CANCELLED,
    State.LOST: Outcome.FAILED,
}
_BREAKS: Final = (b"\r\n\r\n", b"\n\n")  # between two events
_BREAK_MAX: Final = 4  # bytes
_OVER: Final = Span(0.0, "settled")
NO_TIME: Final = Timeouts(_OVER, _OVER, _OVER, _OVER, _OVER, _OVER, _OVER)
"""Of a plan by which nothing is asked any more."""


def call_of(row: ExchangeRow) -> Call:
    """The call that `row` was made for, as far as the store knows it; its body is not kept."""
    return Call(row.dialect, row.endpoint, row.model, stream=row.stream, body=b"", created=int(row.created))


async def recall(row: ExchangeRow, results: Results, call: Call, dialect: Dialect, ports: Ports) -> Exchange | None:
    """The settled exchange of `row`, with its answer. None when the answer it had is not kept any more.

    `call`: as it was asked, or as it is asked again. Raises StoreError.
    """
    result = await results.find(row.id)
    if result is None and row.state is State.COMPLETED:
        return None
    known = story_of(row)
    made = _settled(row, known, call, dialect, ports)
    whole = False
    try:
        if result is not None:
            await _fill(made, result, results)
        whole = True
    finally:
        if not whole:
            made.replay.close()  # it may have a file
    made.fault = known.fault
    made.replay.finish(known.fault)
    return made


def _settled(row: ExchangeRow, known: Story, call: Call, dialect: Dialect, ports: Ports) -> Exchange:
    plan = Plan(known.scenario, _candidates(known), NO_TIME)
    # What it cost was budgeted when it ran.
    call = structs.replace(call, created=int(row.created))
    made = Exchange(row.id, row.key, call, plan, dialect, replace(ports, budgets=Budgets()))
    machine = made.machine
    for mark in known.timeline:
        machine.timeline.add(machine.timeline.accepted + mark.at, mark.event, mark.detail)
    machine.phase = Phase.SETTLED
    machine.outcome = _OUTCOMES[row.state]
    machine.number = known.attempts if plan.candidates else 0
    machine.silence = known.silence
    made.started = row.created
    made.usage = known.usage
    made.dropped = known.dropped
    made.inserted = known.inserted
    made.returns = known.returns
    made.stored = True
    return made


def _candidates(known: Story) -> tuple[Candidate, ...]:
    if known.channel is None:
        return ()
    return (Candidate(known.channel, known.upstream_dialect, known.upstream_model or ""),)


async def _fill(made: Exchange, result: ResultRow, results: Results) -> None:
    replay = made.replay
    replay.head = result.head
    body = results.body(made.id)
    if made.call.stream:
        async for events in whole_events(body):
            replay.append(events)
        return
    pieces = [piece async for piece in body]
    if pieces:  # a JSON reply is one piece, as it was
        replay.append(b"".join(pieces))


async def whole_events(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """`body` in pieces that end between two events, but for the last."""
    held = bytearray()
    async for data in body:
        seen = max(0, len(held) - _BREAK_MAX + 1)
        held += data
        end = max(_behind(held, mark, seen) for mark in _BREAKS)
        if end:
            yield bytes(held[:end])
            del held[:end]
    if held:
        yield bytes(held)


def _behind(data: bytearray, mark: bytes, start: int) -> int:
    """Where the last `mark` that begins at `start` or later ends; 0 where there is none."""
    at = data.rfind(mark, start)
    return 0 if at < 0 else at + len(mark)


def unspilled(ports: Ports) -> Ports:
    """Ports for exchanges of which nothing may be kept: what does not fit into memory is given up, not written down."""
    bounds = ports.bounds
    return replace(ports, bounds=replace(bounds, cap=min(bounds.cap, bounds.memory)))
