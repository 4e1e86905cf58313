"""The stories of what was over a short while ago: how it went, not what was said.

Most exchanges are delivered whole, and nothing of them is kept. Who asks soon after why one failed or took so long is
told all the same: the ledger's entry has it, without a word of question or answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from outwait.core.entry import Entry

COUNT: Final = 2_000
"""Entries remembered at most, of one worker; some 2 KB each."""

SPAN: Final = 900.0
"""Seconds for which an entry is told."""


class Recent:
    """Remembers the latest entries by the id of their exchange. `clock`: seconds, the loop's."""

    __slots__ = ("_clock", "_held")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._held: dict[str, tuple[float, Entry]] = {}

    def __len__(self) -> int:
        return len(self._held)

    def put(self, entry: Entry) -> None:
        """Remember `entry`; a later one of the same exchange takes its place."""
        held = self._held
        held[entry.exchange] = (self._clock(), entry)
        if len(held) > COUNT:
            del held[next(iter(held))]

    def find(self, ident: str, key: str) -> Entry | None:
        """The entry of the exchange `ident`, if it is of this client key and not too old."""
        since, entry = self._held.get(ident, (0.0, None))
        if entry is None or entry.key != key or self._clock() - since > SPAN:
            return None
        return entry
