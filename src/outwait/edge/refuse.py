"""Telling a refusal: the dialect's error shape, the headers SDKs obey, and one entry in the ledger."""

from __future__ import annotations

from outwait.core.entry import Entry
from outwait.core.fault import Fault
from outwait.core.principal import Principal
from outwait.dialects.dialect import Dialect
from outwait.edge.door import Door
from outwait.relay import heads
from outwait.wire.request import Request


def refuse(door: Door, dialect: Dialect, request: Request, refused: Fault, principal: Principal | None = None) -> None:
    """Answer `request` with `refused`; no exchange was begun."""
    ident = door.new_id()
    names = f"x-outwait-exchange: {ident}\r\nx-request-id: {ident}\r\nrequest-id: {ident}\r\n".encode()
    request.outlet.send(refused.status, names + heads.failure(refused, told=False), dialect.error_body(refused, ident))
    door.record(_entry(door, dialect, request, refused, ident, principal.name if principal else ""))


def _entry(door: Door, dialect: Dialect, request: Request, refused: Fault, ident: str, key: str) -> Entry:
    return Entry(
        exchange=ident,
        key=key,
        dialect=dialect.name,
        endpoint=_endpoint(dialect, request.path),
        model="",
        scenario="",
        stream=False,
        outcome="refused",
        delivered="none",
        status=refused.status,
        started=door.ports.wall(),
        duration=door.ports.clock() - request.accepted,
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
        client=request.headers.get("user-agent", ""),
    )


def _endpoint(dialect: Dialect, path: str) -> str:
    """The name of the endpoint at `path`; paths that clients make up must not become labels."""
    return next((name for name, known in dialect.upstream_path.items() if path.endswith(known)), "other")
