"""Cells that do not come to what the rules demand yet, each with what is wrong. One that is gone must be struck."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.cells import Cell


@dataclass(frozen=True, slots=True)
class Finding:
    """`covers`: the cells that fail for it. `what`: what happens there, in a sentence."""

    covers: Callable[[Cell], bool]
    what: str


FINDINGS: tuple[Finding, ...] = ()


def finding(cell: Cell) -> Finding | None:
    """What keeps `cell` from being as it must be, if that is known."""
    return next((each for each in FINDINGS if each.covers(cell)), None)
