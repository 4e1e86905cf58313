"""What is written down of an exchange: the row by which it is known, its end, and its answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import msgspec

from outwait.core.reply import Head
from outwait.exchange import responded
from outwait.exchange.adopt import Named, fingerprint
from outwait.exchange.driver import Exchange
from outwait.exchange.effects import Outcome
from outwait.exchange.replay import Reader
from outwait.exchange.story import pack, story
from outwait.store.manifest import Aboard
from outwait.store.rows import EventRow, ExchangeRow, Owner, ResponseEnd, ResponseRow, Result, Settlement, State

_STATES: Final = {
    Outcome.COMPLETED: State.COMPLETED,
    Outcome.FAILED: State.FAILED,
    Outcome.CANCELLED: State.CANCELLED,
}
_CUT: Final = "gateway_draining"  # the fault of what a drain had no time for


def row_of(exchange: Exchange, owner: Owner, now: float, expires: float, named: Named | None) -> ExchangeRow:
    """The row of a running exchange."""
    call = exchange.call
    return ExchangeRow(
        id=exchange.id,
        owner=owner,
        key=exchange.key,
        fingerprint=named.question if named is not None else fingerprint(exchange.key, call),
        dialect=call.dialect,
        endpoint=call.endpoint,
        model=call.model,
        stream=call.stream,
        created=exchange.started,
        updated=now,
        expires=expires,
        on_disconnect=exchange.plan.on_disconnect.value,
        idempotency=None if named is None else named.name.hex(),
        story=pack(story(exchange)),
    )


def lost_row(entry: Aboard, heir: Owner, now: float, expires: float) -> ExchangeRow:
    """The row of an exchange that was never remembered, and was lost with its process."""
    return ExchangeRow(
        id=entry.id,
        owner=heir,
        key=entry.key,
        fingerprint=b"",
        dialect=entry.dialect,
        endpoint=entry.endpoint,
        model=entry.model,
        stream=entry.stream,
        created=entry.created,
        updated=now,
        expires=expires,
        on_disconnect="",
        state=State.LOST,
    )


def goes_on(exchange: Exchange) -> bool:
    """Whether a settled exchange has only ended here: a drain had no time for it, but its provider goes on with it, and
    so does whoever takes its handle up.
    """
    failed = exchange.fault
    return exchange.handle is not None and failed is not None and failed.code == _CUT


def cut_short(exchange: Exchange) -> bool:
    """Whether a drain had no time for a settled exchange, of which something had been asked upstream."""
    return state_of(exchange) is State.LOST and exchange.candidate is not None


def state_of(exchange: Exchange) -> State:
    """How a settled exchange ended."""
    failed = exchange.fault
    if failed is not None and failed.code == _CUT:
        return State.LOST
    return _STATES[exchange.machine.outcome or Outcome.FAILED]


def settlement_of(exchange: Exchange, now: float, expires: float, orphan: float | None) -> Settlement:
    """The end of a settled exchange, without its answer."""
    return Settlement(
        id=exchange.id,
        state=state_of(exchange),
        now=now,
        expires=expires,
        story=pack(story(exchange)),
        orphan=orphan,
    )


def with_all(
    end: Settlement,
    result: Result | None,
    response: ResponseRow | ResponseEnd | None,
    events: tuple[EventRow, ...],
) -> Settlement:
    """`end`, and all that comes with it."""
    return msgspec.structs.replace(end, result=result, response=response, events=events)


class Body:
    """The answer of a settled exchange, from its first byte to its last."""

    __slots__ = ("_exchange",)

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def result(self) -> Result | None:
        """It as the store takes it; None where there is nothing, or its beginning was given up."""
        exchange = self._exchange
        replay = exchange.replay
        head: Head | None = replay.head
        if head is None or not replay.whole or not (replay.count or exchange.ending):
            return None
        partial = exchange.machine.outcome is not Outcome.COMPLETED
        return Result(head, self._pieces(), partial, exchange.usage)

    async def response(self, expires: float) -> ResponseRow | ResponseEnd | None:
        """What is kept of the response that it makes; None when it makes none. Raises Gone."""
        exchange = self._exchange
        if exchange.call.state is None:
            return None
        body = b"".join([piece async for piece in self._pieces()]) if exchange.replay.whole else b""
        return responded.ended_row(exchange, body, expires)

    async def _pieces(self) -> AsyncIterator[bytes]:
        reader = Reader(self._exchange.replay, lambda: None)
        while data := reader.read():
            yield data
        if self._exchange.ending:  # held back until this is written
            yield self._exchange.ending


def event_type(exchange: Exchange, status: str) -> str | None:
    """The kind of event that tells of its response; None where nobody is told."""
    return responded.event_type(exchange, status)


def take(reader: Reader, limit: int) -> bytes:
    """What `reader` has not read yet, up to about `limit` bytes. Raises Gone."""
    pieces, size = [], 0
    while size < limit and (data := reader.read()):
        pieces.append(data)
        size += len(data)
    return b"".join(pieces)
