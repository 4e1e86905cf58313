"""Which clocks follow from what was measured, and what to be careful with. Pure; docs/check.md says the rules in words.

A few short answers can show that a clock is too short, and never that a long one is longer than it need be: where a
model was called, what is suggested is never below the built-in spans of its scenario. A connection is made the same way
whatever is asked, so `connect` follows from the measurement alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from outwait.core.fault import Clock
from outwait.policy.scenarios import judge
from outwait.toolkit.check.statistics import Figures, figures
from outwait.toolkit.check.summary import Summary
from outwait.toolkit.check.words import Remark, seconds

_NICE: Final = (1, 2, 3, 5, 8, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 450, 600, 900, 1200, 1800, 2700, 3600)
_CONNECT: Final = 5.0  # seconds: the first two retransmissions of a SYN come after 1 s and 2 s more (RFC 6298)
_LEAST: Final = 5.0  # seconds
_FEW: Final = 20  # below this many, p95 is the largest
_VARIES: Final = 3.0  # times the median
_NOTICED: Final = 0.2  # seconds: less is felt by nobody
_PIECES: Final = 8  # tokens that can hardly come at once by chance


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`clock` should run for `seconds`, because of `reason`."""

    clock: Clock
    seconds: float
    reason: Remark


def suggest(found: Summary) -> tuple[Suggestion, ...]:
    """Clocks for the endpoint of `found`; none where nothing was measured, and of a list of models only `connect`: how
    long a list takes says nothing about answers.
    """
    if not found.ok:
        return ()
    dials = [
        (probe.connect or 0.0) + (probe.tls or 0.0) for probe in found.probes if probe.ok and probe.connect is not None
    ]
    made = [] if (dialled := figures(dials)) is None else [_suggested(found, Clock.CONNECT, dialled)]
    if found.about.dialect != "http" and not found.about.paid:
        return tuple(made)
    for clock in (Clock.FIRST_BYTE, Clock.FIRST_TOKEN, Clock.IDLE, Clock.TOTAL):
        measured = found.figures.get("silence" if clock is Clock.IDLE else clock.value)
        if measured is not None:
            made.append(_suggested(found, clock, measured))
    return tuple(made)


def _suggested(found: Summary, clock: Clock, measured: Figures) -> Suggestion:
    """The longest of what speaks for a span, and that as its reason."""
    least, why = _floor(found, clock)
    p95 = seconds(measured.p95)
    choices = [
        (least, Remark(why, {"p95": p95, "scenario": _scenario(found)})),
        (2 * measured.p95, Remark("twice_p95", {"p95": p95})),
        (1.25 * measured.worst, Remark("above_worst", {"worst": seconds(measured.worst)})),
    ]
    ran_out = [each.span for each in found.failures if each.clock == clock.value and each.span is not None]
    if ran_out:
        choices.append((2 * max(ran_out), Remark("ran_out", {"span": seconds(max(ran_out))})))
    span, reason = max(choices, key=lambda choice: choice[0])
    return Suggestion(clock, span if span == least else _nice(span), reason)


def _floor(found: Summary, clock: Clock) -> tuple[float, str]:
    if clock is Clock.CONNECT:
        return _CONNECT, "lost_packets"
    if not found.about.paid:
        return _LEAST, "at_least"
    scenario = judge(found.about.model or "").scenario
    if clock is Clock.FIRST_BYTE and not found.about.stream:
        return scenario.whole, "scenario"
    return float(getattr(scenario, "first_byte" if clock is Clock.FIRST_TOKEN else clock.value)), "scenario"


def _scenario(found: Summary) -> str:
    return judge(found.about.model or "").scenario.name


def _nice(span: float) -> float:
    """The next span that people would write."""
    return float(next((each for each in _NICE if each >= span), -(-span // 3600) * 3600))


def warnings(found: Sequence[Summary]) -> tuple[Remark, ...]:
    """What to be careful with."""
    told = [remark for each in found for remark in _of(each)]
    answered = [each.ok for each in found if each.ok]
    if answered and min(answered) < _FEW:
        told.append(Remark("few", {"n": min(answered)}))
    if any(each.ok and each.about.dialect != "http" and not each.about.paid for each in found):
        told.append(Remark("unasked"))
    return tuple(told)


def _of(found: Summary) -> list[Remark]:
    name, told = found.about.name, []
    limited = sum(each.count for each in found.failures if each.cause == "rate_limited")
    if limited:
        span = found.retry_after
        asked: object = "" if span is None else Remark("asked_to_wait", {"span": seconds(span)})
        told.append(Remark("rate_limited", {"n": limited, "asked": asked}, name))
    wait = found.wait
    if wait is None:
        return told
    if wait.p95 > _VARIES * wait.p50 and wait.p95 - wait.p50 > _NOTICED:
        values = {"p95": seconds(wait.p95), "p50": seconds(wait.p50), "times": f"{wait.p95 / wait.p50:.1f}"}
        told.append(Remark("varies", values, name))
    if found.about.stream:
        told += _streamed(found, wait)
    return told


def _streamed(found: Summary, wait: Figures) -> list[Remark]:
    name = found.about.name
    if "ttft" not in found.figures:
        return [Remark("no_stream", {}, name)]
    told = []
    answered = [probe for probe in found.probes if probe.ok]
    if all(probe.counted == "pieces" for probe in answered):
        told.append(Remark("pieces", {}, name))
    at_once = all(probe.rate is None and (probe.tokens or 0) > _PIECES for probe in answered)
    if at_once and len(answered) > 2 and wait.p50 > 2 * _NOTICED:
        told.append(Remark("buffered", {"wait": seconds(wait.p50)}, name))
    return told
