"""The other workers of this gateway: who made an exchange, and who keeps the one that a retry comes back for.

Every worker has a side door: a Unix socket in a folder that only this gateway's user can enter, named by the worker's
number and its life, two and four hexadecimal digits. Exchange ids begin with the same digits, so that an id leads to
the process that made it, or, when that process is no more, to nobody: never to another that cannot know it.

Asking costs a retry that nobody kept anything for `PATIENCE` seconds at most, and usually a millisecond.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final

from outwait.core.fault import Fault, fault
from outwait.relay.forward import forward
from outwait.wire import errand
from outwait.wire.endpoint import SideDoor
from outwait.wire.request import Request
from outwait.wire.tasks import spawn

_log = logging.getLogger("outwait")

ORPHANS: Final = "/internal/orphans/"
CUTS: Final = "/internal/cuts/"
PATIENCE: Final = 0.5  # seconds all neighbours together have to say whether they keep an orphan
ROUNDS: Final = 4  # times an orphan may be snatched away before the retry is asked anew

_NAMES: Final = "[0-9a-f]" * 6
_IDENT: Final = re.compile(r"ow_([0-9a-f]{6})[0-9a-f]{16}")

Lost = Callable[[Fault], None]


class Neighbours:
    """`side_door`: this worker's own; None for one that stands alone."""

    __slots__ = ("_own",)

    def __init__(self, side_door: Path | None) -> None:
        self._own = side_door

    def others(self) -> list[SideDoor]:
        """The side doors of the workers that serve now, this one's left out."""
        own = self._own
        if own is None:
            return []
        found = sorted(own.parent.glob(_NAMES))
        return [SideDoor(str(path)) for path in found if path.name != own.name]

    def owner(self, ident: str) -> SideDoor | None:
        """The side door of the neighbour that made the exchange `ident`; None when that was this worker, or one that is
        no more, or nobody.
        """
        match, own = _IDENT.fullmatch(ident), self._own
        if match is None or own is None or match[1] == own.name:
            return None
        path = own.with_name(match[1])
        return SideDoor(str(path)) if path.is_socket() else None

    def home(self, name: bytes, others: Sequence[SideDoor]) -> SideDoor | None:
        """Who keeps the claims of `name`, of this worker (None) and `others`: everybody chooses the same one, and where
        one comes or goes only the names that are its own move.
        """
        if self._own is None or not others:
            return None
        doors = {Path(door.path).name: door for door in others}
        first = max((self._own.name, *doors), key=lambda worker: _draw(name, worker))
        return doors.get(first)

    def pass_on(self, request: Request, ident: str, lost: Lost) -> bool:
        """Let the neighbour that made `ident` answer `request`. False when there is none, or the request came from one;
        `lost(fault)`: it could not be reached, and nothing was told to the client.
        """
        door = None if request.neighbour else self.owner(ident)
        if door is None:
            return False
        forward(request, door, lost)
        return True

    def adopt(self, request: Request, wanted: str, anew: Callable[[], None], lost: Lost) -> bool:
        """Find the neighbour that keeps what is `wanted`, and let it answer `request`; `anew()` is called when none
        does. False at once when there is nobody to ask. `wanted`: `ORPHANS` or `CUTS`, and the question (hexadecimal).
        """
        others = self.others()
        if not others:
            return False
        spawn(_Search(others, request, wanted, anew, lost).run(), "search for an orphan")
        return True


def _draw(name: bytes, worker: str) -> tuple[bytes, str]:
    """By the worker's number, so that its next life is the home of the same names."""
    return blake2b(name + worker[:2].encode(), digest_size=8).digest(), worker


class _Search:
    """One retry looks for the orphan that it comes back for. What it is passed on for may be taken by another retry
    meanwhile; then it looks again.
    """

    __slots__ = ("_anew", "_lost", "_others", "_request", "_rounds", "_wanted")

    def __init__(
        self,
        others: Sequence[SideDoor],
        request: Request,
        wanted: str,
        anew: Callable[[], None],
        lost: Lost,
    ) -> None:
        self._others = others
        self._request = request
        self._wanted = wanted
        self._anew = anew
        self._lost = lost
        self._rounds = 0

    async def run(self) -> None:
        self._rounds += 1
        try:
            found = await _first(self._others, self._wanted) if self._rounds <= ROUNDS else None
            if self._request.outlet.done:
                return  # the client did not wait; nothing was begun for it
            if found is None:
                self._anew()
            else:
                forward(self._request, found[0], self._missed, found[1])
        except Exception:  # noqa: BLE001 - task top: the client must hear of it
            _log.exception("the search for an orphan failed")
            if not self._request.outlet.opened:
                self._lost(fault("internal_error"))

    def _missed(self, failed: Fault) -> None:
        if failed.hint == "missed":
            spawn(self.run(), "search for an orphan")
        else:
            self._lost(failed)


async def _first(others: Sequence[SideDoor], wanted: str) -> tuple[SideDoor, str] | None:
    """The first neighbour that keeps an orphan which is `wanted`, and the orphan's id."""
    asked = [spawn(_ask(door, wanted), "question to a neighbour") for door in others]
    try:
        async with asyncio.timeout(PATIENCE):
            for answer in asyncio.as_completed(asked):
                found = await answer
                if found is not None:
                    return found
    except TimeoutError:
        pass
    finally:
        for task in asked:
            task.cancel()
    return None


async def _ask(door: SideDoor, wanted: str) -> tuple[SideDoor, str] | None:
    try:
        status, body = await errand.fetch(door, wanted)
    except errand.Unanswered:
        return None  # it has just died, or is about to
    return (door, body.decode("ascii")) if status == 200 else None
