"""What runs right now, for operators: all exchanges in flight, over all workers. Admin keys only.

    GET /v1/live            the oldest first; ?limit=N of them (200)
    GET /v1/live/{id}       one of them, with its timeline

The worker that is asked asks its neighbours at their side doors, and names those that did not answer in time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

import msgspec

from outwait.core.fault import Fault, Refusal, fault
from outwait.core.principal import Principal
from outwait.dialects.dialect import Dialect
from outwait.edge.channels import admit_operator
from outwait.edge.door import Door
from outwait.edge.known import meet
from outwait.edge.refuse import refuse
from outwait.exchange.live import Running, oldest, running
from outwait.wire import errand
from outwait.wire.endpoint import SideDoor
from outwait.wire.request import Request
from outwait.wire.tasks import spawn

PATH: Final = "/v1/live"
SIDE: Final = "/internal/live/"
PATIENCE: Final = 1.0  # seconds all neighbours together have to answer
_SHOWN, _MOST = 200, 5000
_JSON = b"content-type: application/json\r\ncache-control: no-store\r\n"

_log = logging.getLogger("outwait")


class Part(msgspec.Struct, frozen=True, gc=False):
    """What one worker tells: how many are in flight there, and the oldest of them."""

    worker: str
    in_flight: int
    data: list[Running]


class View(msgspec.Struct, frozen=True, gc=False):
    """What all of them tell. `unheard`: workers that did not answer; theirs are missing."""

    object: str
    worker: str
    in_flight: int
    workers: dict[str, int]
    unheard: list[str]
    data: list[Running]


_decode = msgspec.json.Decoder(Part).decode


def list_live(door: Door, dialect: Dialect, request: Request) -> Awaitable[None] | None:
    """All that is in flight, the oldest first."""
    principal: Principal | None = None
    try:
        principal = meet(door, dialect, request).principal
        admit_operator(door, principal)
        limit = _limit(request.query)
    except Refusal as refused:
        refuse(door, dialect, request, refused.fault, principal)
        return None
    others = door.neighbours.others()
    if others:
        return _list_all(door, request, others, limit)
    _send(request, view(_here(door, limit), [], [], limit))
    return None


def read_live(door: Door, dialect: Dialect, request: Request) -> None:
    """One exchange in flight, with its timeline; the worker that made it answers."""
    principal: Principal | None = None
    try:
        principal = meet(door, dialect, request).principal
        admit_operator(door, principal)
    except Refusal as refused:
        refuse(door, dialect, request, refused.fault, principal)
        return
    told = partial(refuse, door, dialect, request, principal=principal)
    ident = request.path.removeprefix(f"{PATH}/")
    exchange = door.registry.get(ident)
    if exchange is not None and not exchange.settled:
        _send(request, running(exchange, door.ports.clock(), whole=True))
    elif exchange is not None or not door.neighbours.pass_on(request, ident, told):
        told(_over(ident))


def tell_live(door: Door, _: Dialect, request: Request) -> None:
    """This worker's part, for a neighbour: as many rows as the path's end says."""
    digits = request.path.removeprefix(SIDE)
    _send(request, _here(door, min(int(digits), _MOST) if digits.isdecimal() else _SHOWN))


def view(own: Part, parts: Sequence[Part], unheard: Sequence[str], limit: int) -> View:
    """One view of all parts: `limit` rows of the oldest, and how many there are."""
    everyone = [own, *parts]
    rows = sorted((row for part in everyone for row in part.data), key=lambda row: row.started)
    counts = {part.worker: part.in_flight for part in sorted(everyone, key=lambda part: part.worker)}
    return View("live", own.worker, sum(counts.values()), counts, sorted(unheard), rows[:limit])


def _here(door: Door, limit: int) -> Part:
    count, rows = oldest(door.registry, door.ports.clock(), limit)
    return Part(door.name, count, rows)


async def _list_all(door: Door, request: Request, others: Sequence[SideDoor], limit: int) -> None:
    asked = {Path(other.path).name: spawn(_ask(other, limit), "what runs at a neighbour") for other in others}
    done, late = await asyncio.wait(asked.values(), timeout=PATIENCE)
    for task in late:
        task.cancel()
    parts = [part for part in (task.result() for task in done) if part is not None]
    unheard = set(asked) - {part.worker for part in parts}
    _send(request, view(_here(door, limit), parts, sorted(unheard), limit))


async def _ask(other: SideDoor, limit: int) -> Part | None:
    try:
        status, body = await errand.fetch(other, f"{SIDE}{limit}")
        return _decode(body) if status == 200 else None
    except errand.Unanswered:
        return None  # it has just ended, or is about to
    except msgspec.MsgspecError as error:
        _log.warning("what a neighbour tells of its exchanges cannot be read", extra={"detail": str(error)})
        return None


def _limit(query: str) -> int:
    """Raises Refusal."""
    asked = parse_qs(query).get("limit")
    if asked is None:
        return _SHOWN
    if not (asked[0].isascii() and asked[0].isdigit() and 1 <= int(asked[0][:9]) <= _MOST):
        raise Refusal(fault("invalid_value", f"limit is a number from 1 to {_MOST}.", param="limit"))
    return int(asked[0])


def _over(ident: str) -> Fault:
    return fault("not_found", f"No exchange {ident[:100]!r} is in flight; what has ended is its client's to see.")


def _send(request: Request, told: object) -> None:
    request.outlet.send(200, _JSON, msgspec.json.encode(told))
