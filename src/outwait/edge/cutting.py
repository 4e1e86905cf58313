"""What workers tell each other of replies that they have cut: a program that asks again is then known on any of them.

The questions' digests go to all neighbours at once, in one letter for those that come while another is on its way. A
program waits before it asks again; one that does not may be quicker than the letter, and then its call is a new one.
"""

from __future__ import annotations

import asyncio
from typing import Final

from outwait.edge.neighbours import CUTS, PATIENCE, Neighbours
from outwait.exchange.cuts import Cuts
from outwait.wire import errand
from outwait.wire.endpoint import SideDoor
from outwait.wire.tasks import spawn

LETTER: Final = f"{CUTS}letter"
DIGEST: Final = 16  # bytes of a question


class Cutting:
    """Tells `neighbours` what this worker has cut."""

    __slots__ = ("_neighbours", "_task", "_untold")

    def __init__(self, neighbours: Neighbours) -> None:
        self._neighbours = neighbours
        self._untold: list[bytes] = []
        self._task: asyncio.Task[None] | None = None

    def tell(self, question: bytes) -> None:
        """A reply to `question` was cut; returns at once."""
        self._untold.append(question)
        if self._task is None or self._task.done():
            self._task = spawn(self._send(), "cuts for the neighbours")

    async def _send(self) -> None:
        while self._untold:
            letter, self._untold = b"".join(self._untold), []
            await asyncio.gather(*(_post(door, letter) for door in self._neighbours.others()))


async def _post(door: SideDoor, letter: bytes) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            await errand.fetch(door, LETTER, letter)
    except (errand.Unanswered, TimeoutError):
        pass  # it has just died, or is stuck: a retry that it is asked is a new call


def hear(cuts: Cuts, letter: bytes) -> bool:
    """Remember what a neighbour has cut. False, and nothing is changed, when it is no such letter."""
    if len(letter) % DIGEST:
        return False
    for start in range(0, len(letter), DIGEST):
        cuts.hear(letter[start : start + DIGEST])
    return True
