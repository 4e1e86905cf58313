"""How an exchange stands, for those who only want to know: without a relay, and without an entry in the ledger."""

from __future__ import annotations

from collections.abc import Callable

from outwait.core.fault import Fault, fault
from outwait.exchange.driver import Exchange
from outwait.exchange.keeper import Keeper
from outwait.exchange.replay import Gone, Reader
from outwait.store.errors import StorageFull, StoreError


def nobody() -> None:
    """Wakes nobody: who reads does so at once."""


def when(exchange: Exchange, true: Callable[[], bool], then: Callable[[], None]) -> None:
    """Call `then` once `true` is so; it is asked now, and whenever the exchange wakes its readers. Only for what comes
    before an answer flows or after it has: who waits here reads nothing, and would hold the upstream back.
    """
    if true():
        then()
        return
    readers = exchange.replay.readers

    def wake() -> None:
        if reader in readers and true():
            readers.remove(reader)
            reader.close()
            then()

    reader = Reader(exchange.replay, wake)
    readers.append(reader)


def body_of(exchange: Exchange) -> bytes:
    """The answer of a settled exchange; empty while it runs, and where its beginning was given up."""
    if not exchange.settled or not exchange.replay.whole:
        return b""
    reader = Reader(exchange.replay, nobody)
    pieces = []
    try:
        while data := reader.read():
            pieces.append(data)
    except Gone:
        return b""
    return b"".join(pieces)


def unstored(keeper: Keeper, error: StoreError) -> Fault:
    """What a client is told when the store fails it; the way out is for the operator."""
    keeper.complain(error)
    if isinstance(error, StorageFull):
        return fault("storage_full", detail=str(error))
    return fault("owner_unreachable", "The store cannot be asked now.", detail=str(error))
