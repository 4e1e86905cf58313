"""Scripts for an exchange's machine: what happens when, and what must follow, one line for each input.

    play(plan_of("a", "b"), '''
        0   begin                          -> acquire a               | queued until 5
        1   granted                        -> open a 1                | connecting until 11
        11  tick                           -> close, retry a safe, acquire b
        11  granted                        -> open b 2
        12  fail upstream_error status=400 -> settle failed upstream_error
    ''')

A line is `seconds input [options] [-> effects] [| phase [until seconds]]`. Without an arrow nothing may follow; phase
and deadline are compared where they are given (`until never` for none). Inputs are those of `exchange.inputs` in lower
case, and `progress`; some have options: `begin granted`, `head 206`, `replied 200 wordless`, `hedged 1 b`. Options of
`fail` and `fell` are fields of a fault (`status` makes it an answer of the upstream), those of `fail` and `tick` the
odds: `paid`, `spent` (the retry budget has no room), `luck=0.5`. When something else happens than what is written, the
script is shown with what did.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from outwait.core.fault import Clock, Fault, Stage, UpstreamError, fault
from outwait.core.plan import Candidate, Plan, Span, Timeouts
from outwait.exchange import effects as do
from outwait.exchange import inputs as on
from outwait.exchange.machine import Machine

# Different for each clock, so that a test sees which one ran.
SPANS: Mapping[str, float] = {
    "queue": 5,
    "connect": 10,
    "write": 20,
    "first_byte": 40,
    "first_token": 80,
    "idle": 30,
    "total": 600,
}


def timeouts_of(growth: float = 0.0, **spans: float) -> Timeouts:
    """All seven spans in seconds: `SPANS`, where nothing else is said; the reason of each is `rule of <clock>`."""
    known = {clock.value: spans.get(clock.value, SPANS[clock.value]) for clock in Clock}
    return Timeouts(**{name: Span(seconds, f"rule of {name}") for name, seconds in known.items()}, growth=growth)


def plan_of(
    *channels: str | Candidate, spans: Mapping[str, float] | None = None, growth: float = 0.0, **fields: Any
) -> Plan:
    """A plan over `channels`, in that order. `spans`: clock -> seconds. `fields`: of `core.plan.Plan`."""
    candidates = [
        channel if isinstance(channel, Candidate) else Candidate(channel, "plain", f"model-{channel}")
        for channel in channels
    ]
    return Plan(
        scenario=fields.pop("scenario", "chat"),
        candidates=tuple(candidates),
        timeouts=timeouts_of(growth, **(spans or {})),
        **fields,
    )


def play(plan: Plan, script: str, machine: Machine | None = None) -> Machine:
    """Hand the script's inputs to a machine of `plan`, or to `machine` to go on with it, and return the machine.

    Raises AssertionError, with the script as it went, at the first line that went otherwise.
    """
    lines = [_read(text) for text in script.strip().splitlines() if text.strip()]
    acting = machine or Machine(plan, lines[0].at)
    for position, line in enumerate(lines):
        found = _perform(acting, line)
        if not _fits(line, found):
            raise AssertionError(_differs(lines, position, found))
    return acting


# -- reading a script ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Line:
    """One line. `effects` and `state`: as written, in plain spacing; `state` is "" when it was left out."""

    at: float
    said: str
    effects: str
    state: str


def _read(text: str) -> _Line:
    rest, _, state = text.partition("|")
    rest, _, effects = rest.partition("->")
    at, _, said = rest.strip().partition(" ")
    return _Line(float(at), _plain(said), ", ".join(_plain(part) for part in effects.split(",")), _plain(state))


def _plain(text: str) -> str:
    return " ".join(text.split())


_WORDS: Mapping[str, on.Input] = {
    "granted": on.GRANTED,
    "overtaken": on.OVERTAKEN,
    "connected": on.CONNECTED,
    "reused": on.REUSED,
    "wrote": on.WROTE,
    "sent": on.SENT,
    "dispatched": on.DISPATCHED,
    "head": on.HEADED_OK,
    "content": on.CONTENT,
    "committed": on.COMMITTED,
    "paused": on.PAUSED,
    "resumed": on.RESUMED,
    "ended": on.ENDED,
    "left": on.READER_LEFT,
    "came": on.READER_CAME,
    "cancel": on.CANCEL,
}


def _input(said: str) -> on.Input:
    word, *options = said.split()
    flags = {option for option in options if "=" not in option}
    values = {name: value for name, mark, value in (option.partition("=") for option in options) if mark}
    odds = on.Odds(active="spent" not in flags, paid="paid" in flags, luck=float(values.pop("luck", "0.5")))
    if word == "tick":
        return on.Tick(odds)
    if word == "fail":
        return on.Failed(_fault(options[0], values), odds)
    if word == "hedged":
        return on.Hedged(int(options[0]), Candidate(options[1], "plain", f"model-{options[1]}"), "late")
    if word == "fell":
        return on.Fell(_fault(options[0], values))
    if word == "head" and options:
        return on.Headed(int(options[0]))
    if word == "replied":
        return on.Replied(int(options[0]), content="wordless" not in flags)
    if word == "begin":
        return on.BEGIN_GRANTED if "granted" in flags else on.BEGIN
    return _WORDS[word]


_FIELDS: Mapping[str, Callable[[str], Any]] = {"stage": Stage, "hint": str, "retry_after": float, "cause": str}


def _fault(code: str, values: Mapping[str, str]) -> Fault:
    fields = {name: _FIELDS[name](value) for name, value in values.items() if name != "status"}
    if "status" in values:
        status = int(values["status"])
        fields |= {"status": status, "upstream": UpstreamError(status, "application/json", b"{}")}
    return fault(code, **fields)


# -- telling what happens --------------------------------------------------------------------------------------------


def _perform(machine: Machine, line: _Line) -> _Line:
    effects: tuple[do.Effect, ...] = ()
    if line.said == "progress":
        machine.progress(line.at)
    else:
        effects = machine.handle(_input(line.said), line.at)
    due = machine.deadline()
    until = "never" if due == math.inf else f"{round(due, 6):g}"
    return _Line(line.at, line.said, ", ".join(map(tell, effects)), f"{machine.phase.value} until {until}")


def tell(effect: do.Effect) -> str:
    """The effect in the words of a script."""
    match effect:
        case do.Acquire(candidate):
            return f"acquire {candidate.channel}"
        case do.Open(candidate, number, fresh):
            return f"open {candidate.channel} {number}{' fresh' if fresh else ''}"
        case do.Close():
            return "close"
        case do.Overtake(failed):
            return f"overtake {failed.value}" if failed else "overtake"
        case do.Forgo():
            return "forgo"
        case do.Retrying(candidate, retry_class, _, repair):
            return f"{'repair' if repair else 'retry'} {candidate.channel} {retry_class.value}"
        case do.Settle(outcome, why):
            return f"settle {outcome.value}{f' {why.code}' if why else ''}"


def _fits(line: _Line, found: _Line) -> bool:
    return line.effects == found.effects and (not line.state or f"{found.state} ".startswith(f"{line.state} "))


def _differs(lines: list[_Line], position: int, found: _Line) -> str:
    told = [f"      {_tell(line)}" for line in lines[:position]]
    wanted = [f"want  {_tell(lines[position])}", f"have  {_tell(found)}"]
    return "\n".join(["the script went otherwise:", *told, *wanted])


def _tell(line: _Line) -> str:
    text = f"{line.at:<8g} {line.said:<34} -> {line.effects:<44}"
    return (f"{text} | {line.state}" if line.state else text).rstrip()
