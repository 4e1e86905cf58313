"""Each of the seven clocks runs out in a test that names it, its span, its reason and the stage it struck at."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from outwait.core.fault import Clock, Fault, Stage
from outwait.core.plan import Candidate, Retry, Span
from outwait.exchange import inputs as on
from outwait.exchange.effects import Settle
from outwait.exchange.machine import Machine
from outwait.testing.playbook import plan_of, play, timeouts_of

WALK = ["begin -> acquire a", "granted -> open a 1", "connected", "sent", "head", "content"]
ONCE = Retry(attempts=1)


def until(steps: int) -> str:
    """The walk's first `steps` lines, all at second 0."""
    return "\n".join(f"0 {line}" for line in WALK[:steps])


def run_out(machine: Machine, now: float) -> Fault:
    """What the exchange settles with when the clock strikes at `now`, and not a moment earlier."""
    assert machine.deadline() == now
    assert machine.handle(on.Tick(on.Odds()), now - 0.001) == ()
    settle = machine.handle(on.Tick(on.Odds()), now)[-1]
    assert isinstance(settle, Settle)
    assert settle.fault is not None
    return settle.fault


@pytest.mark.parametrize(
    "clock, steps, span, stage",
    [
        (Clock.QUEUE, 1, 5, Stage.QUEUED),
        (Clock.CONNECT, 2, 10, Stage.CONNECTING),
        (Clock.WRITE, 3, 20, Stage.SENDING),
        (Clock.FIRST_BYTE, 4, 40, Stage.SENT),
        (Clock.FIRST_TOKEN, 5, 80, Stage.HEAD),
        (Clock.IDLE, 6, 30, Stage.CONTENT),
    ],
)
def test_each_clock_runs_out_in_its_own_name(clock: Clock, steps: int, span: float, stage: Stage) -> None:
    machine = play(plan_of("a", retry=ONCE), until(steps))
    failed = run_out(machine, span)
    assert failed.code == f"{clock.value}_timeout"
    assert (failed.clock, failed.span, failed.reason, failed.stage) == (clock, span, f"rule of {clock.value}", stage)
    marks = [(mark.at, mark.event, mark.detail) for mark in machine.timeline.marks()]
    assert (span, "timeout", f"{clock.value} {span:g}s: rule of {clock.value}") in marks


@pytest.mark.parametrize(
    "steps, stage",
    [
        (1, Stage.QUEUED),
        (2, Stage.CONNECTING),
        (3, Stage.SENDING),
        (4, Stage.SENT),
        (5, Stage.HEAD),
        (6, Stage.CONTENT),
    ],
)
def test_the_total_clock_ends_every_phase(steps: int, stage: Stage) -> None:
    machine = play(plan_of("a", spans={"total": 4}), until(steps))
    failed = run_out(machine, 4)
    assert (failed.code, failed.clock, failed.span) == ("total_timeout", Clock.TOTAL, 4)
    assert (failed.reason, failed.stage) == ("rule of total", stage)


def test_the_total_clock_closes_and_never_retries() -> None:
    play(
        plan_of("a", "b", spans={"total": 7}),
        until(2) + "\n7 tick paid -> close, settle failed total_timeout | settled until never",
    )


def test_the_end_of_the_total_clock_is_told_as_one() -> None:
    machine = play(plan_of("a", "b", spans={"total": 7}), until(2) + "\n7 tick -> close, settle failed total_timeout")
    told = [(mark.event, mark.detail) for mark in machine.timeline.marks()][-2:]
    assert told == [("timeout", "total 7s: rule of total"), ("failed", "total_timeout")]


def test_a_candidates_own_rule_is_told() -> None:
    spans = replace(timeouts_of(), connect=Span(3, "channel a"))
    machine = play(plan_of(Candidate("a", "plain", "m", timeouts=spans), retry=ONCE), until(2))
    assert run_out(machine, 3).reason == "channel a"


def test_the_total_clock_wins_over_a_clock_that_strikes_with_it() -> None:
    play(plan_of("a", spans={"total": 40}), until(4) + "\n40 tick -> close, settle failed total_timeout")


def test_the_total_clock_runs_from_acceptance_over_all_attempts() -> None:
    play(
        plan_of("a", "b", spans={"total": 15}),
        """
        100  begin      -> acquire a
        104  granted    -> open a 1                            | connecting until 114
        114  tick       -> close, retry a safe, acquire b      | queued until 115
        114  granted    -> open b 2                            | connecting until 115
        115  tick       -> close, settle failed total_timeout
        """,
    )


def test_the_total_clock_is_the_plans_whatever_a_candidate_says() -> None:
    quick = Candidate("a", "plain", "m", timeouts=timeouts_of(total=3, connect=2))
    play(plan_of(quick, retry=ONCE), "0 begin -> acquire a\n0 granted -> open a 1 | connecting until 2")
    slow = Candidate("a", "plain", "m", timeouts=timeouts_of(total=3, connect=50))
    play(plan_of(slow, retry=ONCE), "0 begin -> acquire a\n0 granted -> open a 1 | connecting until 50\n3 tick")


def test_the_total_clock_strikes_between_two_attempts() -> None:
    machine = play(
        plan_of("a", spans={"total": 3}, retry=Retry(base_transport=4)),
        """
        0  begin                            -> acquire a
        0  granted                          -> open a 1
        0  fail upstream_connect            -> retry a safe                 | backoff until 2
        3  tick                             -> settle failed total_timeout
        """,
    )
    assert machine.number == 1


def test_each_candidate_has_its_own_spans() -> None:
    slow = Candidate("b", "plain", "m", timeouts=timeouts_of(connect=70, queue=60))
    play(
        plan_of("a", slow),
        """
        0   begin     -> acquire a
        0   granted   -> open a 1                              | connecting until 10
        10  tick      -> close, retry a safe, acquire b        | queued until 70
        10  granted   -> open b 2                              | connecting until 80
        """,
    )


def test_spans_grow_with_the_attempts() -> None:
    machine = play(
        plan_of("a", growth=0.5, spans={"total": 10_000, "queue": 900}, retry=Retry(attempts=3, base_transport=0)),
        """
        0     begin                 -> acquire a                     | queued until 900
        0     granted               -> open a 1                      | connecting until 10
        10    tick                  -> close, retry a safe, acquire a | queued until 910
        10    granted               -> open a 2                      | connecting until 25
        20    connected                                              | sending until 50
        50    tick                  -> close, retry a safe, acquire a | queued until 950
        50    granted               -> open a 3                      | connecting until 70
        50    connected                                              | sending until 90
        50    sent                                                   | sent until 130
        50    head                                                   | head until 210
        50    content                                                | flowing until 110
        """,
    )
    failed = run_out(machine, 110)
    assert (failed.clock, failed.span, failed.reason) == (Clock.IDLE, 60, "rule of idle")


def test_nobody_queues_at_the_same_channel_twice() -> None:
    play(plan_of("a"), "0 begin -> acquire a\n5 tick -> close, settle failed queue_timeout")


def test_a_full_channel_is_followed_by_the_next() -> None:
    machine = play(
        plan_of("a", "b", "c", retry=Retry(attempts=9)),
        """
        0   begin    -> acquire a
        5   tick     -> close, retry a safe, acquire b              | queued until 10
        10  tick     -> close, retry b safe, acquire c              | queued until 15
        15  tick     -> close, settle failed queue_timeout
        """,
    )
    assert machine.number == 0
    assert machine.timeline.marks()[-2].detail == "no candidate is left that can be tried in time"


def test_a_full_channel_counts_as_a_try() -> None:
    play(
        plan_of("a", "b", "c", "d", retry=Retry(attempts=2)),
        "0 begin -> acquire a\n5 tick -> close, retry a safe, acquire b\n10 tick -> close, settle failed queue_timeout",
    )


def test_after_a_full_channel_the_first_attempt_is_still_the_first() -> None:
    play(
        plan_of("a", "b", growth=1.0),
        """
        0   begin    -> acquire a
        5   tick     -> close, retry a safe, acquire b
        6   granted  -> open b 1                              | connecting until 16
        """,
    )


def test_where_it_stands_is_told_for_each_moment() -> None:
    machine = play(plan_of("a", retry=ONCE), until(6))
    machine.progress(7)
    assert machine.standing(9) == (2, 30, 28, 591)  # silence, the span of idle, what is left of it, and of all
    assert machine.standing(20) == (13, 30, 17, 580)
    machine.handle(on.PAUSED, 20)
    assert machine.standing(25) == (5, 30, math.inf, 575)  # who is held back was there just then
    machine.handle(on.RESUMED, 30)
    assert machine.standing(31)[1:] == (30, 29, 569)
