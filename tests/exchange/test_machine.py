"""The ordinary walk of an exchange, and back-pressure; readers, clocks and failures have their own files."""

from __future__ import annotations

from dataclasses import replace

import pytest

from outwait.core.fault import fault
from outwait.core.plan import OnDisconnect, Retry
from outwait.exchange import inputs as on
from outwait.exchange.effects import Acquire, Open, Outcome, Retrying, Settle
from outwait.exchange.machine import Machine
from outwait.exchange.phase import Impossible, Phase
from outwait.testing.playbook import plan_of, play, timeouts_of

TO_CONTENT = """
    0   begin     -> acquire a
    1   granted   -> open a 1
    2   connected
    3   sent
    4   head
    5   content
"""


def marks(machine: Machine) -> list[str]:
    return [f"{mark.at:g} {mark.event} {mark.detail}".strip() for mark in machine.timeline.marks()]


def test_the_whole_walk() -> None:
    machine = play(
        plan_of("a"),
        """
        100  begin     -> acquire a                | queued until 105
        101  granted   -> open a 1                 | connecting until 111
        102  connected                             | sending until 122
        105  wrote                                 | sending until 125
        106  sent                                  | sent until 146
        107  head                                  | head until 187
        108  content                               | flowing until 138
        109  committed                             | flowing until 138
        110  committed                             | flowing until 138
        111  progress                              | flowing until 141
        112  content                               | flowing until 141
        120  ended     -> settle completed         | settled until never
        """,
    )
    assert machine.outcome is Outcome.COMPLETED
    assert machine.committed
    assert machine.silence == 9
    assert marks(machine) == [
        "0 accepted chat",
        "1 attempt a",
        "2 connected",
        "6 sent",
        "7 head 200",
        "8 content",
        "9 committed",
        "20 completed",
    ]


def test_a_new_exchange_waits_for_nothing_but_its_end() -> None:
    machine = Machine(plan_of("a"), 7.0)
    assert (machine.phase, machine.deadline(), machine.number, machine.silence) == (Phase.NEW, 607.0, 0, 0.0)
    assert machine.gap == 0.0
    assert machine.attached
    assert not machine.committed
    assert machine.outcome is None
    with pytest.raises(Impossible, match="Granted cannot happen in phase new"):
        machine.handle(on.GRANTED, 7.0)


def test_what_is_no_attempt_yet_may_end_like_any_other() -> None:
    play(
        plan_of("a"),
        """
        0   tick -> | new until 600
        1   left -> | new until 61
        2   came -> | new until 600
        600 tick -> settle failed total_timeout
        """,
    )
    play(plan_of("a"), "1 cancel -> settle cancelled cancelled")


def test_a_job_is_committed_before_its_first_words() -> None:
    machine = play(
        plan_of("a", "b", retry=Retry(paid=1.0)),
        """
        0 begin granted                                -> open a 1
        0 dispatched
        1 head
        2 committed                                    -> | head until 81
        3 fail upstream_reset stage=head paid          -> settle failed upstream_reset
        """,
    )
    assert machine.committed


def test_where_no_place_will_be_free_in_time_it_ends() -> None:
    plan = plan_of("a", "b")
    full = fault("rate_limited", retry_after=7.0)
    machine = play(plan, "0 begin -> acquire a | queued until 5")
    assert machine.handle(on.Refused(full), 1.0) == (Settle(Outcome.FAILED, full),)
    assert [(mark.event, mark.detail) for mark in machine.timeline.marks()][-2:] == [
        ("refused", "rate_limited"),
        ("failed", "rate_limited"),
    ]


def test_what_failed_before_is_more_of_a_reason_than_a_full_house() -> None:
    machine = play(
        plan_of("a", "b"),
        "0 begin granted -> open a 1\n1 fail upstream_connect -> retry a safe, acquire b | queued until 6",
    )
    (settle,) = machine.handle(on.Refused(fault("rate_limited")), 2.0)
    assert isinstance(settle, Settle)
    assert settle.fault is not None
    assert settle.fault.code == "upstream_connect"


def test_an_attempt_is_made_where_the_place_is() -> None:
    plan = plan_of("a", "b")
    machine = Machine(plan, 0.0)
    other = replace(plan.candidates[1], key=3, timeouts=timeouts_of(connect=2))
    assert machine.handle(on.Begin(on.Granted(1, other, "least loaded of two")), 0.0) == (Open(other, 1, fresh=False),)
    assert (machine.candidate, machine.deadline()) == (other, 2.0)
    assert [mark.detail for mark in machine.timeline.marks() if mark.event == "attempt"] == ["b: least loaded of two"]
    (retrying, acquire) = machine.handle(on.Failed(fault("upstream_connect"), on.Odds(order=(1, 0))), 1.0)
    assert isinstance(retrying, Retrying)
    assert acquire == Acquire(plan.candidates[0], (0,), ((1, 3),))


def test_a_plan_without_candidates_fails_at_once() -> None:
    machine = play(plan_of(), "0 begin -> settle failed no_healthy_channel | settled until never")
    assert machine.outcome is Outcome.FAILED
    assert marks(machine) == ["0 accepted chat", "0 failed no_healthy_channel"]


def test_a_pooled_connection_is_told_in_the_timeline() -> None:
    machine = play(plan_of("a"), "0 begin -> acquire a\n0 granted -> open a 1\n0 reused | sending until 20")
    assert "0 connected reused" in marks(machine)


def test_the_status_of_the_head_is_told_in_the_timeline() -> None:
    machine = play(plan_of("a"), TO_CONTENT.replace("head", "head 206"))
    assert "4 head 206" in marks(machine)


def test_the_short_way_of_a_quick_call() -> None:
    machine = play(
        plan_of("a", "b"),
        """
        100  begin granted   -> open a 1            | connecting until 110
        101  dispatched                             | sent until 141
        103  replied 201     -> settle completed    | settled until never
        """,
    )
    assert (machine.outcome, machine.number, machine.silence) == (Outcome.COMPLETED, 1, 3)
    assert (machine.head_at, machine.content_at) == (103, 103)
    assert marks(machine) == [
        "0 accepted chat",
        "0 attempt a",
        "1 sent on a pooled connection",
        "3 replied 201",
        "3 completed",
    ]


def test_a_quick_answer_without_words_has_no_first_token() -> None:
    machine = play(
        plan_of("a"), "0 begin granted -> open a 1\n0 dispatched\n1 replied 200 wordless -> settle completed"
    )
    assert (machine.head_at, machine.content_at) == (1, None)


def test_a_slot_that_was_taken_at_once_counts_as_a_try() -> None:
    play(
        plan_of("a", retry=Retry(attempts=2, base_transport=0)),
        """
        0  begin granted            -> open a 1
        1  fail upstream_connect    -> retry a safe, acquire a
        1  granted                  -> open a 2
        1  fail upstream_connect    -> settle failed upstream_connect
        """,
    )


def test_the_last_head_and_the_last_content_are_remembered() -> None:
    machine = Machine(plan_of("a", "b"), 0)
    assert (machine.head_at, machine.content_at) == (None, None)
    play(machine.plan, TO_CONTENT + "\n6 fail upstream_reset paid -> retry a ambiguous, acquire b", machine)
    assert (machine.head_at, machine.content_at) == (4, 5)
    play(machine.plan, "7 granted -> open b 2\n7 connected\n7 sent\n8 head\n9 content", machine)
    assert (machine.head_at, machine.content_at) == (8, 9)


def test_a_head_may_come_before_the_request_is_flushed() -> None:
    play(
        plan_of("a"),
        """
        0   begin     -> acquire a
        0   granted   -> open a 1
        1   connected
        2   head                           | head until 82
        3   wrote                          | head until 82
        4   sent                           | head until 82
        5   content                        | flowing until 35
        6   wrote                          | flowing until 35
        7   sent                           | flowing until 35
        8   ended     -> settle completed
        """,
    )


def test_an_answer_without_words_may_end_behind_its_head() -> None:
    play(plan_of("a"), TO_CONTENT.replace("5   content", "5   ended -> settle completed"))


def test_progress_counts_only_while_content_flows() -> None:
    play(plan_of("a"), TO_CONTENT.replace("5   content", "5   progress | head until 84"))


def test_silence_is_the_longest_wait_for_a_sign_of_life() -> None:
    machine = play(plan_of("a", spans={"first_token": 500, "idle": 100}), TO_CONTENT)
    assert machine.silence == 5
    play(machine.plan, "35 progress\n40 progress", machine)
    assert machine.silence == 30
    play(machine.plan, "90 ended -> settle completed", machine)
    assert machine.silence == 50


# -- back-pressure


def test_the_gap_is_the_longest_silence_after_the_first_words() -> None:
    machine = play(plan_of("a"), "0 begin granted -> open a 1\n0 dispatched\n0 head\n30 content")
    assert machine.gap == 0.0
    play(machine.plan, "30.5 progress", machine)
    assert machine.gap == 0.5
    play(machine.plan, "33.5 progress\n34 ended -> settle completed", machine)
    assert (machine.gap, machine.silence) == (3.0, 30.0)
    machine.silence = 50.0
    assert machine.silence == 50.0


def test_back_pressure_stops_the_idle_clock_but_not_the_others() -> None:
    machine = play(plan_of("a", on_disconnect=OnDisconnect.LINGER, linger=40.0), TO_CONTENT)
    play(
        machine.plan,
        """
        6    paused                                 | flowing until 600
        90   tick                                   | flowing until 600
        95   progress                               | flowing until 600
        100  left                                   | flowing until 140
        101  came                                   | flowing until 600
        110  resumed                                | flowing until 140
        139  tick                                   | flowing until 140
        140  tick     -> close, settle failed idle_timeout
        """,
        machine,
    )
    assert machine.silence == 30  # from reading on; what a slow reader takes is not the upstream's silence


def test_the_silence_before_back_pressure_counts() -> None:
    machine = play(plan_of("a"), TO_CONTENT + "\n25 paused\n90 resumed\n91 ended -> settle completed")
    assert machine.silence == 20


def test_an_end_under_back_pressure_adds_no_silence() -> None:
    machine = play(plan_of("a"), TO_CONTENT + "\n6 paused\n600 tick -> close, settle failed total_timeout")
    assert machine.silence == 5


def test_back_pressure_may_come_while_the_first_words_are_held() -> None:
    play(
        plan_of("a"),
        TO_CONTENT.replace("5   content", "5 paused | head until 600\n6 resumed | head until 86\n7 wrote"),
    )


def test_the_next_attempt_starts_without_back_pressure() -> None:
    play(
        plan_of("a", "b"),
        TO_CONTENT.replace("5   content", "5 paused")
        + """
        6  fail upstream_error status=503 retry_after=1  -> retry a safe, acquire b   | queued until 11
        """,
    )
