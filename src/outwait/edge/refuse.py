"""Telling a refusal: the dialect's error shape, the headers SDKs obey, and one entry in the ledger."""

from __future__ import annotations

from collections.abc import Callable

from outwait.core.entry import Entry
from outwait.core.fault import Fault
from outwait.core.principal import Principal
from outwait.dialects.dialect import Dialect
from outwait.edge.door import Door
from outwait.relay import heads
from outwait.wire.request import Request


def refuse(
    door: Door,
    dialect: Dialect,
    request: Request,
    refused: Fault,
    principal: Principal | None = None,
    headers: bytes = b"",
) -> None:
    """Answer `request` with `refused`; no exchange was begun. `headers`: further lines."""
    ident = door.new_id()
    block = _named(ident) + heads.failure(refused, told=False) + headers
    request.outlet.send(refused.status, block, dialect.error_body(refused, ident))
    door.record(_entry(door, dialect, request, refused, (ident, principal.name if principal else "")))


def teller(door: Door, dialect: Dialect) -> Callable[[Fault, Request | None], tuple[int, bytes, bytes]]:
    """How the wire tells what it refuses by itself: framing, sizes, slowness, a handler's failure. The callable returns
    status, header block and body.
    """

    def tell(refused: Fault, request: Request | None) -> tuple[int, bytes, bytes]:
        ident = door.new_id()
        door.record(_entry(door, dialect, request, refused, (ident, "")))
        return refused.status, _named(ident) + heads.failure(refused, told=False), dialect.error_body(refused, ident)

    return tell


def _named(ident: str) -> bytes:
    return f"x-outwait-exchange: {ident}\r\nx-request-id: {ident}\r\nrequest-id: {ident}\r\n".encode()


def _entry(door: Door, dialect: Dialect, request: Request | None, refused: Fault, who: tuple[str, str]) -> Entry:
    """The entry of a refusal; `who`: its id and the key's name."""
    ident, key = who
    return Entry(
        exchange=ident,
        key=key,
        dialect=dialect.name,
        endpoint=dialect.endpoint(request.path) if request else "other",
        model="",
        scenario="",
        stream=False,
        outcome="refused",
        delivered="none",
        status=refused.status,
        started=door.ports.wall(),
        duration=door.ports.clock() - request.accepted if request else 0.0,
        attempts=0,
        channel="",
        upstream_model="",
        first_byte=None,
        first_token=None,
        silence=0.0,
        heartbeats=0,
        retries=(),
        rescued=False,
        adopted=False,
        fault=refused,
        usage=None,
        timeline=(),
        client=request.headers.get("user-agent", "") if request else "",
    )
