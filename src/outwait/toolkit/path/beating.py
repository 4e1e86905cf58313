"""Heartbeats on a path: which are proposed for its limits, whether they survive, and whether they arrive in time. Pure.

They are tried as outwait sends them: nothing until the first, which brings the head, then one every so often, for
several times the limit. A path that cuts all the same, while heartbeats came through, has a limit on the whole answer:
no heartbeat helps against that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from outwait.core.plan import Heartbeat
from outwait.policy import heartbeat
from outwait.toolkit.path.judge import Outcome, Verdict
from outwait.toolkit.path.question import Form

PARTS: Final = 3.0  # heartbeats in one limit: one may be late, and one may be lost
TIMES: Final = 2.5  # how many limits a trial lasts
HOPELESS: Final = 2.0  # seconds; heartbeats come no closer than one a second, and one must fit with a margin
RHYTHM: Final = 1.0  # seconds between the heartbeats that are watched as they arrive,
RHYTHM_SILENCE: Final = 5.6  # for so long
LATE: Final = 0.75  # of an interval, and at least of a second: such heartbeats were held back
_TRIALS: Final = 3
_NEAR: Final = 0.9  # of a limit: a silence shorter than that is not what was cut
_BUILT_IN: Final = Heartbeat()


class Result(StrEnum):
    """What became of the heartbeats."""

    SURVIVED = "survived"
    TOTAL = "total"  # cut although they came through: a limit on the whole answer
    HELD = "held"  # cut, and they had not come through in time
    CUT = "cut"  # cut, however close they came
    HOPELESS = "hopeless"  # the limit is too short to be beaten
    TROUBLE = "trouble"  # something else kept them from being tried


@dataclass(frozen=True, slots=True)
class Setting:
    """Seconds until the first heartbeat, and between two."""

    after: float
    every: float


@dataclass(frozen=True, slots=True)
class Beating:
    """A trial of heartbeats. `limit`: the shortest of the path for this form (seconds). `span`: the silence they are
    tried in. `result`: None while another trial is due. `outcome`: of the latest.
    """

    limit: float
    setting: Setting
    span: float
    result: Result | None = None
    trials: int = 0
    outcome: Outcome | None = None


def proposed(form: Form, first_byte: float | None, idle: float | None) -> Setting:
    """The heartbeats for a path with these limits (None for none), in seconds of whole or half ones: at most a third of
    each, and never slower than the built-in ones.
    """
    after = _BUILT_IN.json_after if form is Form.JSON else _BUILT_IN.after
    every = _BUILT_IN.every
    if first_byte is not None:
        after = min(after, first_byte / PARTS)
    if idle is not None:
        every = min(every, idle / PARTS)
    return Setting(_tidy(after), _tidy(every))


def begun(form: Form, first_byte: float | None, idle: float | None, longest: float) -> Beating:
    """The first trial; at least one of the limits is there. `longest`: the longest silence that may be asked for."""
    limit = min(each for each in (first_byte, idle) if each is not None)
    setting = proposed(form, first_byte, idle)
    span = min(longest, max(TIMES * limit, setting.after + 3 * setting.every))
    hopeless = limit < HOPELESS
    return Beating(limit, setting, span, Result.HOPELESS if hopeless else None)


def tried(beating: Beating, outcome: Outcome) -> Beating:
    """What is known after a trial: the result, or the next trial, with heartbeats twice as close."""
    beating = replace(beating, outcome=outcome, trials=beating.trials + 1)
    if outcome.verdict is Verdict.SURVIVED:
        return replace(beating, result=Result.SURVIVED)
    if outcome.verdict in (Verdict.TROUBLE, Verdict.REFUSED):
        return replace(beating, result=Result.TROUBLE)
    if outcome.verdict is Verdict.CUT:
        if due(outcome) and (not outcome.beats or _late(outcome, _came_late(outcome))):
            return replace(beating, result=Result.HELD)
        # Those that are missing at the end were after the cut: some close a connection a second after they cut it.
        if outcome.beats and outcome.elapsed - outcome.beats[-1] < _NEAR * beating.limit:
            return replace(beating, result=Result.TOTAL)
    closer = Setting(_tidy(beating.setting.after / 2), _tidy(beating.setting.every / 2))
    if beating.trials >= _TRIALS or closer == beating.setting:
        return replace(beating, result=Result.CUT)
    return replace(beating, setting=closer)


def due(outcome: Outcome) -> tuple[float, ...]:
    """When heartbeats were due before the end of `outcome`, seconds since its request."""
    question = outcome.question
    if question.beat is None:
        return ()
    end = min(outcome.elapsed, question.silence)
    count = math.ceil((end - question.after) / question.beat - 1e-3)
    return tuple(question.after + number * question.beat for number in range(max(0, count)))


def total(beating: Beating) -> float | None:
    """The limit on the whole answer (seconds), None if none was met: somewhere between the last heartbeat and the end;
    the limit of silence, if it is there, is the same one, and known better.
    """
    outcome = beating.outcome
    if beating.result is not Result.TOTAL or outcome is None:
        return None
    return beating.limit if outcome.beats[-1] <= beating.limit <= outcome.elapsed else outcome.elapsed


def lateness(outcome: Outcome) -> float:
    """How late the latest heartbeat arrived, in seconds; of an answer that survived, one that never did at the end."""
    moments = due(outcome)
    missing = moments[len(outcome.beats) :] if outcome.verdict is Verdict.SURVIVED else ()
    return max((_came_late(outcome), *(outcome.elapsed - each for each in missing)))


def held_back(outcome: Outcome) -> bool:
    """Whether the path held heartbeats back."""
    return _late(outcome, lateness(outcome))


def _came_late(outcome: Outcome) -> float:
    """How late the latest of those was that arrived."""
    return max((came - moment for came, moment in zip(outcome.beats, due(outcome), strict=False)), default=0.0)


def _late(outcome: Outcome, seconds: float) -> bool:
    beat = outcome.question.beat
    return beat is not None and seconds > LATE * max(1.0, beat)


def _tidy(seconds: float) -> float:
    """Down to whole seconds, or halves of the short ones, within what the gateway takes."""
    step = 1.0 if seconds >= 10 else 0.5
    return min(max(math.floor(seconds / step + 1e-9) * step, heartbeat.SHORTEST), heartbeat.LONGEST)
