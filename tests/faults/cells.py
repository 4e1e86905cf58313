"""The cells of the fault matrix, as data: what breaks, when, for which client.

Every combination is there. One that cannot be played says why (`absent`), so that the page can say it too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from tests.e2e.speakers import DIALECTS


class Fault(StrEnum):
    """What breaks."""

    CLIENT_RST = "client RST"
    CLIENT_FIN = "client FIN"
    CLIENT_STALL = "client stall"
    UPSTREAM_RST = "upstream RST"
    UPSTREAM_FIN = "upstream FIN"
    UPSTREAM_STALL = "upstream stall"
    UPSTREAM_TRUNCATE = "upstream truncate"
    UPSTREAM_ERROR = "upstream late error"
    SIGKILL = "worker SIGKILL"
    SIGTERM = "SIGTERM"


class Phase(StrEnum):
    """When: before anybody has a head; once the client has headers and heartbeats and the upstream's head is here; once
    it has words; once it has all of them."""

    BEFORE = "before head"
    HELD = "held"
    FLOWING = "flowing"
    AFTER = "after end"


class Mode(StrEnum):
    """Which kind of answer was asked for."""

    STREAM = "stream"
    JSON = "JSON"


class Reader(StrEnum):
    """Who reads: a client that stays; one that stays, of a scenario in which a second charge may be risked; one that
    left before it broke, or whose leaving is the fault, and what was to become of its exchange then."""

    STAYS = "stays"
    PAID = "stays, paid retry"
    FINISH = "finish"
    LINGER = "linger"
    CANCEL = "cancel"


CLIENT = (Fault.CLIENT_RST, Fault.CLIENT_FIN, Fault.CLIENT_STALL)
UPSTREAM = (
    Fault.UPSTREAM_RST, Fault.UPSTREAM_FIN, Fault.UPSTREAM_STALL, Fault.UPSTREAM_TRUNCATE, Fault.UPSTREAM_ERROR,
)  # fmt: skip
DEATHS = (Fault.SIGKILL, Fault.SIGTERM)
LEAVING = (Reader.FINISH, Reader.LINGER, Reader.CANCEL)
# These say inside the stream that it is over; of a Gemini stream only its framing says so.
SELF_ENDING = ("chat", "responses", "anthropic")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. `dialect`: of the client and of the upstream."""

    fault: Fault
    phase: Phase
    dialect: str
    mode: Mode
    reader: Reader

    @property
    def stream(self) -> bool:
        return self.mode is Mode.STREAM

    @property
    def left(self) -> bool:
        """The client has left before the fault strikes, where its leaving is not the fault itself."""
        return self.fault not in CLIENT and self.reader in LEAVING

    @property
    def instant(self) -> bool:
        """The client leaves in the very instant in which its answer comes: whoever is first, it has not received it.
        That can be told only of an answer that took long enough to be kept in case of that.
        """
        leaves = self.fault in (Fault.CLIENT_RST, Fault.CLIENT_FIN)
        return leaves and self.reader is Reader.FINISH and self.phase is Phase.HELD

    @property
    def retried(self) -> bool:
        """Its client, which left, asks again when all is over, and says that it does."""
        leaves = self.fault in (Fault.CLIENT_RST, Fault.CLIENT_FIN) and self.phase is not Phase.AFTER
        return leaves and self.reader is Reader.FINISH

    @property
    def name(self) -> str:
        """Tells it from all others; in words."""
        return f"{self.fault}, {self.phase}, {self.dialect} {self.mode}, {self.reader}"

    @property
    def model(self) -> str:
        """Tells it from all others; the model it asks for."""
        parts = ("cell", self.dialect, "paid" if self.reader is Reader.PAID else "once", *self.name.split())
        return "-".join("".join(filter(str.isalnum, part)).lower() for part in parts)


def every() -> Iterator[Cell]:
    """All combinations."""
    for each in product(Fault, Phase, DIALECTS, Mode, Reader):
        yield Cell(*each)


def played(*faults: Fault) -> list[Cell]:
    """Those that can be played, of these faults or of all."""
    return [cell for cell in every() if absent(cell) is None and (not faults or cell.fault in faults)]


def absent(cell: Cell) -> str | None:
    """Why this cell cannot be played; None for one that can."""
    return next((why for why, true in _ABSENT.items() if true(cell)), None)


def _no_paid(cell: Cell) -> bool:
    if cell.reader is not Reader.PAID:
        return False
    return cell.fault not in UPSTREAM or cell.phase is Phase.AFTER


def _framed(cell: Cell) -> bool:
    """Only the framing says that this answer is whole, so that nothing can break between its end and its framing's."""
    return not (cell.stream and cell.dialect in SELF_ENDING)


def _behind_framing(cell: Cell) -> bool:
    return cell.phase is Phase.AFTER and cell.fault in _INSIDE and _framed(cell)


def _flows_as_json(cell: Cell) -> bool:
    return cell.phase is Phase.FLOWING and not cell.stream


def _breaks_and_stays(cell: Cell) -> bool:
    return cell.fault in CLIENT and cell.reader in (Reader.STAYS, Reader.PAID)


def _breaks_what_is_over(cell: Cell) -> bool:
    return cell.fault in UPSTREAM and cell.reader is Reader.CANCEL


def _left_before_the_end(cell: Cell) -> bool:
    return cell.phase is Phase.AFTER and cell.left


_INSIDE = (Fault.UPSTREAM_STALL, Fault.UPSTREAM_TRUNCATE)
_ABSENT: dict[str, Callable[[Cell], bool]] = {
    "A JSON reply does not flow: it is delivered whole or not at all; its client is held until then.": _flows_as_json,
    "A client's fault is asked what it means for the exchange: with each of the three words.": _breaks_and_stays,
    "Paid retries answer failures of an upstream, before the end.": _no_paid,
    "With `cancel` the exchange ended when its client left: the upstream can break nothing.": _breaks_what_is_over,
    "An answer that is whole is whole whoever reads it: shown with a client that stays.": _left_before_the_end,
    "Only its framing says that this answer is over (JSON, Gemini's streams): before the framing's end it is not after"
    " the end.": _behind_framing,
}
