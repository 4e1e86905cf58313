"""Cells that do not come to what the rules demand yet, each with what is wrong. One that is gone must be struck."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.cells import DEATHS, Cell, Phase, Reader


@dataclass(frozen=True, slots=True)
class Finding:
    """`covers`: the cells that fail for it. `what`: what happens there, in a sentence."""

    covers: Callable[[Cell], bool]
    what: str


def _not_told_to_wait(cell: Cell) -> bool:
    return cell.fault in DEATHS and cell.reader is Reader.STAYS and cell.phase in (Phase.BEFORE, Phase.FLOWING)


FINDINGS: tuple[Finding, ...] = (
    Finding(
        _not_told_to_wait,
        "An exchange whose client is connected, and was never told to wait by a heartbeat, is not remembered for its"
        " first minute: when its process ends, its id is not found instead of `lost`.",
    ),
)


def finding(cell: Cell) -> Finding | None:
    """What keeps `cell` from being as it must be, if that is known."""
    return next((each for each in FINDINGS if each.covers(cell)), None)
