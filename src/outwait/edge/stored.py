"""Exchanges that no worker has in memory any more, as the store tells them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from outwait.core.fault import Fault, Refusal, fault
from outwait.dialects.passthrough.table import PASSTHROUGH
from outwait.dialects.table import DIALECTS
from outwait.exchange.driver import Exchange, Ports
from outwait.exchange.keeper import Keeper
from outwait.exchange.story import answer_of, state_of
from outwait.store.errors import StoreError
from outwait.store.rows import ExchangeRow, State

RESULT_MAX: Final = 8 << 20
"""Bytes of an answer that stand inside its state; a longer one is at /stream."""


@contextmanager
def asked(keeper: Keeper) -> Iterator[None]:
    """Ask the store in here; where it fails the client is told to try again."""
    try:
        yield
    except StoreError as error:
        keeper.complain(error)
        raise Refusal(fault("owner_unreachable", "The store cannot be asked now.")) from None


async def row_of(keeper: Keeper, ident: str, key: str) -> ExchangeRow:
    """The exchange `ident` of this client key; somebody else's is not there. Raises Refusal, StoreError."""
    row = await keeper.find(ident, key)
    if row is None:
        raise Refusal(unknown(ident))
    return row


async def recalled(keeper: Keeper, row: ExchangeRow, ports: Ports) -> Exchange:
    """The exchange with its answer. Raises Refusal, StoreError."""
    exchange = await keeper.recall(row, None, DIALECTS.get(row.dialect, PASSTHROUGH), ports)
    if exchange is not None:
        return exchange
    if row.state is State.RUNNING:
        raise Refusal(unreachable(row.id))
    raise Refusal(delivered(row.id))


async def told_of(keeper: Keeper, row: ExchangeRow) -> dict[str, Any]:
    """Its state, with the JSON reply where that is whole and not too long to stand here. Raises StoreError."""
    result = await keeper.store.results.find(row.id)
    told = state_of(row) | answer_of(result)
    if row.stream or row.state is not State.COMPLETED or result is None or result.size > RESULT_MAX:
        return told
    return told | inside(b"".join([piece async for piece in keeper.store.results.body(row.id)]))


def inside(body: bytes) -> dict[str, Any]:
    """`body` as the result that stands in a state, if it is JSON; sound and subtitles are not."""
    try:
        msgspec.json.decode(body)
    except ValueError:
        return {}
    return {"result": msgspec.Raw(body)}


def unknown(ident: str) -> Fault:
    """There is no such exchange."""
    why = "it never was, or its answer was delivered whole, or it has been kept long enough"
    return fault("not_found", f"There is no exchange {ident[:80]!r} here: {why}.")


def delivered(ident: str) -> Fault:
    """It is known how it went, and its answer is not here."""
    return fault("not_found", f"The answer of the exchange {ident} is not kept; it was delivered, or too long.")


def unreachable(ident: str) -> Fault:
    """Its process does not answer, and is not known to be over."""
    return fault("owner_unreachable", f"The exchange {ident} runs in a process that cannot be reached.")
