"""What only neighbours may ask, over the side door."""

from __future__ import annotations

from outwait.dialects.dialect import Dialect
from outwait.edge import cutting
from outwait.edge.claims import CLAIMS
from outwait.edge.door import Door
from outwait.edge.neighbours import CUTS, ORPHANS
from outwait.exchange.driver import Exchange
from outwait.wire.request import Request

_TEXT = b"content-type: text/plain\r\n"


def find_orphan(door: Door, _: Dialect, request: Request) -> None:
    """The id of the oldest orphan that is this question (hexadecimal), or 204. It stays one: who asked may not come."""
    _tell(request, door.registry.find(_question(request, ORPHANS)))


def find_cut(door: Door, _: Dialect, request: Request) -> None:
    """The same, of those whose replies were cut here lately; the question is that of `adopt.same_request`."""
    _tell(request, door.registry.cuts.find(_question(request, CUTS)))


def hear_cuts(door: Door, _: Dialect, request: Request) -> None:
    """Nothing, once what a neighbour has cut was heard; 400 where that is no letter, and then nothing has changed."""
    heard = cutting.hear(door.registry.cuts, bytes(request.body))
    request.outlet.send(204 if heard else 400, b"", b"")


def _question(request: Request, prefix: str) -> bytes:
    try:
        return bytes.fromhex(request.path.removeprefix(prefix))
    except ValueError:
        return b""


def _tell(request: Request, orphan: Exchange | None) -> None:
    if orphan is None:
        request.outlet.send(204, b"", b"")
    else:
        request.outlet.send(200, _TEXT, orphan.id.encode("ascii"))


async def claim_name(door: Door, _: Dialect, request: Request) -> None:
    """The id of the exchange that has a name (hexadecimal) from now on: the one that asks for it, or an earlier one
    that is not said to be gone.
    """
    name, ident, instead = request.path.removeprefix(CLAIMS).split("/")
    holder = await door.claims.give(bytes.fromhex(name), ident, instead)
    request.outlet.send(200, _TEXT, holder.encode("ascii"))


def hear_words(door: Door, _: Dialect, request: Request) -> None:
    """Nothing, once what a neighbour tells of endpoints was heard; 409 to one that speaks another version, 400 where a
    letter is none, and then nothing has changed.
    """
    if door.hearsay is None:
        request.outlet.send(404, b"", b"")
        return
    status, why = door.hearsay.hear(bytes(request.body))
    request.outlet.send(status, _TEXT if why else b"", why.encode("utf-8", "replace"))


def find_names(door: Door, _: Dialect, request: Request) -> None:
    """The names (hexadecimal) that exchanges of this worker have, a line for each, with the exchange's id."""
    lines = "".join(f"{name.hex()} {ident}\n" for name, ident in door.registry.names())
    request.outlet.send(200, _TEXT, lines.encode("ascii"))
