"""A plan as rows for people: every number with the rule that set it. Plain data; the command and the panel draw it."""

from __future__ import annotations

from dataclasses import dataclass

from outwait.core.fault import Clock
from outwait.core.plan import Candidate, Heartbeat, OnDisconnect, Plan, Timeouts
from outwait.policy.durations import tell

# `total` runs over all attempts, so the first candidate's holds.
_PER_ATTEMPT = tuple(clock for clock in Clock if clock is not Clock.TOTAL)
_SKIPPED = "skipped "  # how `Planner` marks a model that was passed over


@dataclass(frozen=True, slots=True)
class Row:
    """One decision. `group`: clock | heartbeat | exchange | route. `value` is for people, `seconds` the number."""

    group: str
    name: str
    value: str
    reason: str
    seconds: float | None = None


def explain(plan: Plan) -> tuple[Row, ...]:
    """Every decision of `plan`: route, clocks (the first candidate's, and where others differ), heartbeat, the rest."""
    rows = [
        Row("exchange", "scenario", plan.scenario, plan.why.get("scenario", "")),
        *_routes(plan),
        *_clocks(plan),
        *_beats(plan.heartbeat),
        Row("exchange", "attempts", str(plan.retry.attempts), plan.why.get("retry", "")),
        _leaving(plan),
    ]
    if "hedge" in plan.why:
        rows.append(Row("exchange", "hedge", "off" if plan.hedge is None else "on", plan.why["hedge"]))
    if plan.patience is not None:
        rows.append(_span("exchange", "patience", plan.patience, plan.why.get("patience", "")))
    return tuple(rows)


def _routes(plan: Plan) -> list[Row]:
    rows = [_route(plan, number, candidate) for number, candidate in enumerate(plan.candidates, 1)]
    for what, reason in plan.why.items():
        if what.startswith(_SKIPPED):
            rows.append(Row("route", what.removeprefix(_SKIPPED), "skipped", reason))
    if plan.sticky:
        rows.append(Row("route", "sticky", "conversation", plan.why.get("sticky", "")))
    return rows


def _route(plan: Plan, number: int, candidate: Candidate) -> Row:
    how = plan.why.get(f"endpoint {candidate.name}", candidate.model)
    keys = f", {candidate.keys} keys" if candidate.keys > 1 else ""
    among = f"tier {candidate.tier}, weight {candidate.weight:g}{keys}"
    return Row("route", str(number), candidate.channel, f"{how} ({among})")


def _clocks(plan: Plan) -> list[Row]:
    rows = [_clock(plan.timeouts, clock, "") for clock in Clock]
    for candidate in plan.candidates[1:]:
        other = candidate.timeouts
        if other is not None:
            differing = [clock for clock in _PER_ATTEMPT if other.of(clock).seconds != plan.timeouts.of(clock).seconds]
            rows.extend(_clock(other, clock, f" ({_label(plan, candidate)})") for clock in differing)
    if plan.timeouts.growth:
        rows.append(Row("clock", "growth", f"× {1 + plan.timeouts.growth:g}, ...", "each attempt gets longer spans"))
    return rows


def _label(plan: Plan, candidate: Candidate) -> str:
    """The channel, or the endpoint's whole name where the channel is in the plan with several models."""
    alone = sum(each.channel == candidate.channel for each in plan.candidates) == 1
    return candidate.channel if alone else candidate.name


def _clock(spans: Timeouts, clock: Clock, whose: str) -> Row:
    span = spans.of(clock)
    return _span("clock", clock.value + whose, span.seconds, span.reason)


def _beats(beat: Heartbeat) -> list[Row]:
    if not beat.enabled:
        return [Row("heartbeat", "mode", "off", beat.reason)]
    rows = [Row("heartbeat", "mode", beat.mode, beat.reason)]
    rows.extend(_span("heartbeat", name, getattr(beat, name), beat.reason) for name in ("after", "json_after", "every"))
    if beat.limit is not None:
        rows.append(_span("heartbeat", "limit", beat.limit, beat.reason))
    rows.append(Row("heartbeat", "late_error", beat.late_error, beat.reason))
    return rows


def _leaving(plan: Plan) -> Row:
    reason = plan.why.get("on_disconnect", "")
    if plan.on_disconnect is OnDisconnect.LINGER:
        return Row("exchange", "on_disconnect", f"linger:{tell(plan.linger)}", reason, plan.linger)
    return Row("exchange", "on_disconnect", plan.on_disconnect.value, reason)


def _span(group: str, name: str, seconds: float, reason: str) -> Row:
    return Row(group, name, tell(seconds), reason, seconds)
