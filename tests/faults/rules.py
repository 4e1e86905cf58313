"""What each cell must come to (pure). Every rule stands here with its reason; none was made by looking what happens.

Three promises decide: what was delivered is never lost, what may have been charged is not asked twice by accident, and
no client takes a broken answer for a whole one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tests.faults.cells import CLIENT, DEATHS, Cell, Fault, Mode, Phase, Reader

DRAIN = 1.0  # seconds, of the gateways that are told to end
LINGER = 0.4  # seconds that a `linger` of these cells lasts where it is to run out
COMPLETED, FAILED, CANCELLED, LOST = "completed", "failed", "cancelled", "lost"
# What a client is told.
WHOLE, IN_BAND, ERROR_CUT, CUT, NOTHING, LEFT = (
    "the whole answer", "an error event, then the stream's proper end", "an error body, then a broken connection",
    "a broken connection", "no byte", "(it left)",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Expected:
    """`state`: in which the exchange ends. `fault`: the code it ends with. `retry_class`: of the failed attempt.
    `calls`: of the upstream. `told`: to the client, a status or one of the words above. `kept`: how the exchange is
    found by its id afterwards: `state`, `partial` (the words that came), `result` (the whole answer, also for whoever
    asks again), or "" where nobody needs it any more. `why`: the rule's reason."""

    state: str
    why: str
    fault: str = ""
    retry_class: str = ""
    calls: int = 1
    told: str = WHOLE
    kept: str = ""


def expected(cell: Cell) -> Expected:
    """What `cell` must come to."""
    if cell.fault in CLIENT:
        return _client(cell)
    return _death(cell) if cell.fault in DEATHS else _upstream(cell)


# -- the client


def _client(cell: Cell) -> Expected:
    if cell.fault is Fault.CLIENT_STALL:
        why = "A client that reads slowly has not left: the answer waits for it."
        return Expected(COMPLETED, why)
    if cell.phase is Phase.AFTER:
        return Expected(COMPLETED, "Who has the whole answer may leave as it likes.")
    if cell.reader is Reader.FINISH:
        why = "`finish`: the call goes on without its client, and its whole answer is kept: a retry receives it, and"
        why += " nothing is paid for twice."
        if cell.instant:
            why += " Also where the answer comes in the instant in which its client leaves: what our kernel took may"
            why += " have reached nobody."
        return Expected(COMPLETED, why, told=LEFT, kept="result")
    if cell.reader is Reader.LINGER:
        why = "`linger`: nobody came back in time, so the call is ended, and the upstream told by closing."
        return Expected(CANCELLED, why, fault="client_gave_up", told=LEFT)
    why = "`cancel`: the call ends with its client, and the upstream is told by closing."
    return Expected(CANCELLED, why, fault="client_gave_up", told=LEFT)


# -- the upstream

_BEFORE: Mapping[Fault, tuple[str, int]] = {
    Fault.UPSTREAM_RST: ("upstream_reset", 502),
    Fault.UPSTREAM_FIN: ("upstream_reset", 502),
    Fault.UPSTREAM_STALL: ("first_byte_timeout", 504),
    Fault.UPSTREAM_TRUNCATE: ("upstream_reset", 502),  # a head that is not whole is no head
    Fault.UPSTREAM_ERROR: ("upstream_error", 500),  # the upstream's own status
}
_HELD: Mapping[Fault, str] = {
    Fault.UPSTREAM_RST: "upstream_truncated",
    Fault.UPSTREAM_FIN: "upstream_truncated",
    Fault.UPSTREAM_STALL: "first_token_timeout",
    Fault.UPSTREAM_TRUNCATE: "upstream_truncated",
    Fault.UPSTREAM_ERROR: "upstream_error",
}
_FLOWING = {**_HELD, Fault.UPSTREAM_STALL: "idle_timeout"}


def _upstream(cell: Cell) -> Expected:
    if cell.phase is Phase.AFTER:
        return Expected(COMPLETED, "What comes behind a whole answer changes nothing.")
    if cell.phase is Phase.FLOWING:
        why = "The client has words: another attempt would repeat them. It is told in the stream, not by its mere end."
        found = Expected(FAILED, why, _FLOWING[cell.fault], "committed", told=IN_BAND)
    elif cell.phase is Phase.HELD:
        why = "The request was sent whole, so it may have been charged: not asked again. The status is out, so the"
        why += " error is told in band."
        told = IN_BAND if cell.stream else ERROR_CUT
        found = Expected(FAILED, why, _HELD[cell.fault], "ambiguous", told=told)
    else:
        why = "The request was sent whole, so it may have been charged: not asked again. Nothing is out, so the true"
        why += " status is told."
        code, status = _BEFORE[cell.fault]
        found = Expected(FAILED, why, code, "ambiguous", told=str(status))
    if cell.reader is Reader.PAID:
        return _paid(cell, found)
    if cell.reader is Reader.STAYS:
        # Whoever was told by a broken connection asks again, and is to find the truth.
        return replace(found, kept="state" if found.told == ERROR_CUT else "")
    why = "As with a client that stays; nobody is told now, and who comes back is."
    return replace(found, why=why, told=LEFT, kept="state" if cell.phase is not Phase.FLOWING else "partial")


def _paid(cell: Cell, found: Expected) -> Expected:
    if cell.phase is Phase.FLOWING:
        return found
    why = "The scenario may risk a second charge: another channel is asked, and the client gets its answer."
    return replace(found, state=COMPLETED, why=why, fault="", calls=2, told=WHOLE)


# -- the gateway itself


def _death(cell: Cell) -> Expected:
    if cell.phase is Phase.AFTER:
        return Expected(COMPLETED, "Who has the whole answer needs no gateway any more.")
    if cell.reader is Reader.CANCEL:
        why = "`cancel`: it was over before."
        return Expected(CANCELLED, why, fault="client_gave_up", told=LEFT)
    # Who is connected has the words: only those without a client are drafted.
    kept = "partial" if cell.phase is Phase.FLOWING and cell.left else "state"
    if cell.fault is Fault.SIGKILL:
        why = "The connection to the upstream died with the process: what it would have said is lost, what it said is"
        why += " kept, and nothing runs for ever."
        told = LEFT if cell.left else NOTHING if cell.phase is Phase.BEFORE else CUT
        return Expected(LOST, why, "exchange_lost", told=told, kept=kept)
    why = "It had the drain's time. Who still waits is told so; what was said is kept, and who comes back is told."
    told = {Phase.BEFORE: "503", Phase.HELD: IN_BAND if cell.mode is Mode.STREAM else ERROR_CUT}.get(
        cell.phase, IN_BAND
    )
    return Expected(LOST, why, "gateway_draining", told=LEFT if cell.left else told, kept=kept)
