"""Whose turn it is, without a clock: the order, the waits and the two repairs. What follows is the machine's affair."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from outwait.core.fault import Clock, Fault, UpstreamError, fault
from outwait.core.plan import Candidate, Retry
from outwait.exchange.inputs import Hedged
from outwait.exchange.turns import Turns
from outwait.testing.playbook import timeouts_of

A, B, C = (Candidate(name, "plain", "m") for name in "abc")
BROKEN = fault("upstream_connect")
QUICK = Retry(base_transport=0.0, base_overload=0.0)


def busy(retry_after: float | None) -> Fault:
    return fault("upstream_error", retry_after=retry_after, upstream=UpstreamError(429, "", b""))


def take(turns: Turns, failed: Fault = BROKEN, retry: Retry = QUICK, *, deadline: float = 1000.0) -> float | None:
    """A turn that fails at second 100."""
    turns.taken += 1
    turns.fail(failed, 100.0)
    return turns.pass_on(failed, retry, luck=0.5, now=100.0, deadline=deadline)


def test_nobody_is_no_candidate() -> None:
    turns = Turns(())
    assert not turns
    assert turns.current == Candidate("", "", "")
    assert Turns((A,))


def test_candidates_take_turns_in_order() -> None:
    turns = Turns((A, B, C))
    walk = [turns.current]
    for _ in range(6):
        assert take(turns) == 0
        walk.append(turns.current)
    assert walk == [A, B, C, A, B, C, A]


def test_only_who_had_a_turn_gets_a_pause() -> None:
    turns = Turns((A, B))
    slow = Retry(base_transport=4.0, cap=100.0)
    assert [take(turns, retry=slow) for _ in range(4)] == [0, 4, 8, 16]


@pytest.mark.parametrize(
    "asked, wait", [(30.0, 30.0), (120.0, 120.0), (121.0, None), (math.inf, None), (math.nan, 0.0)]
)
def test_retry_after_of_the_only_candidate(asked: float, wait: float | None) -> None:
    assert take(Turns((A,)), busy(asked)) == wait


def test_retry_after_is_measured_from_when_it_was_asked() -> None:
    turns = Turns((A, B))
    assert take(turns, busy(30.0)) == 0
    turns.taken += 1
    turns.fail(BROKEN, 110.0)
    assert turns.pass_on(BROKEN, QUICK, luck=0.5, now=110.0, deadline=1000.0) == 20
    assert turns.current is A


def test_who_asks_for_too_much_is_passed_over() -> None:
    turns = Turns((A, B, C))
    take(turns, busy(300.0))
    take(turns, busy(300.0))
    assert turns.current is C
    assert take(turns) == 0
    assert turns.current is C


def test_who_would_only_fail_the_same_way_has_no_second_turn() -> None:
    turns = Turns((A, B))
    assert not turns.again
    take(turns, fault("upstream_auth", upstream=UpstreamError(401, "", b"")))
    assert (turns.current, turns.again) == (B, False)
    assert take(turns) == 0
    assert (turns.current, turns.again) == (B, True)
    assert take(Turns((A,)), fault("upstream_error", upstream=UpstreamError(404, "", b""))) is None


def test_a_date_for_the_second_turn_counts_more_than_the_cause() -> None:
    empty = fault("upstream_quota", retry_after=30.0, upstream=UpstreamError(429, "", b""))
    assert take(Turns((A,)), empty) == 30


def test_where_nobody_can_be_tried_nobody_is_chosen() -> None:
    turns = Turns((A, B))
    take(turns, busy(300.0))
    assert take(turns, busy(400.0)) is None
    assert turns.current is B


def test_no_wait_reaches_the_deadline() -> None:
    assert take(Turns((A,)), busy(30.0), deadline=130.0) is None
    assert take(Turns((A,)), busy(30.0), deadline=130.1) == 30


def test_nobody_queues_twice() -> None:
    full = fault("queue_timeout", clock=Clock.QUEUE)
    turns = Turns((A, B))
    assert take(turns, full) == 0
    assert take(turns, full) is None
    assert turns.current is B


def test_a_dead_pooled_connection_is_repaired_once_for_each_candidate() -> None:
    stale = fault("upstream_reset", hint="stale")
    turns = Turns((A, B))
    assert turns.repair(stale) == "the pooled connection was dead; a fresh one"
    assert turns.places == (0,)
    assert turns.repair(stale) is None
    take(turns)
    assert turns.repair(stale) is not None
    assert turns.repair(stale) is None
    assert (turns.current, turns.taken) == (B, 1)


def test_a_stream_that_is_refused_is_asked_for_as_one_reply() -> None:
    refused = fault("upstream_error", hint="unstreamable")
    streamed = Candidate("b", "plain", "m", streamed=True)
    turns = Turns((A, streamed, C))
    assert turns.repair(refused) is None
    take(turns)
    assert turns.current is streamed
    assert turns.repair(refused) == "this upstream does not stream the model; asked for one reply"
    assert turns.current == replace(B, whole=True)
    assert turns.repair(refused) is None
    walk = []
    for _ in range(4):
        take(turns)
        walk.append(turns.current)
    assert walk == [C, A, replace(B, whole=True), C]  # it is not asked for a stream again


def test_other_failures_are_not_repaired() -> None:
    turns = Turns((Candidate("a", "plain", "m", streamed=True),))
    assert turns.repair(BROKEN) is None
    assert turns.current.streamed


def test_one_reply_may_take_longer_than_a_streams_first_byte() -> None:
    quick, slow = timeouts_of(first_byte=120), timeouts_of(first_byte=600)
    turns = Turns((Candidate("a", "plain", "m", streamed=True, timeouts=quick, unstreamed=slow),))
    assert turns.repair(fault("upstream_error", hint="unstreamable")) is not None
    assert turns.current.timeouts is slow


def test_a_candidate_without_other_spans_for_one_reply_keeps_its_own() -> None:
    own = timeouts_of(first_byte=7)
    turns = Turns((Candidate("a", "plain", "m", streamed=True, timeouts=own),))
    assert turns.repair(fault("upstream_error", hint="unstreamable")) is not None
    assert turns.current.timeouts is own


# -- as the endpoints are


def passed(turns: Turns, failed: Fault = BROKEN, order: tuple[int, ...] = (), retry: Retry = QUICK) -> float | None:
    turns.taken += 1
    turns.fail(failed, 100.0, order)
    return turns.pass_on(failed, retry, luck=0.5, now=100.0, deadline=1000.0)


def test_who_stands_best_is_next() -> None:
    turns = Turns((A, B, C))
    assert passed(turns, order=(0, 2, 1)) == 0
    assert (turns.current, turns.places, turns.used) == (C, (2, 1), ((0, 0),))


def test_each_has_its_turn_before_the_best_has_two() -> None:
    turns = Turns((A, B, C))
    walk = []
    for _ in range(4):
        assert passed(turns, order=(0, 1, 2)) == 0
        walk.append(turns.current)
    assert walk == [B, C, A, B]
    assert turns.places == (1, 2)


def test_who_is_out_is_not_asked() -> None:
    turns = Turns((A, B, C))
    assert passed(turns, order=(2,)) == 0
    assert turns.current is C
    assert not turns.again
    assert passed(turns, order=()) is None
    assert turns.again


def test_the_place_that_was_found_counts_not_the_one_that_was_asked_for() -> None:
    turns = Turns((A, B, C))
    turns.sit(2, replace(C, key=1))
    assert turns.current.key == 1
    assert passed(turns, order=(2, 0, 1)) == 0
    assert (turns.current, turns.used) == (A, ((2, 1),))


def test_a_repaired_candidate_stays_repaired_wherever_its_place_is_found() -> None:
    streamed = Candidate("b", "plain", "m", streamed=True)
    turns = Turns((A, streamed))
    turns.sit(1, streamed)
    assert turns.repair(fault("upstream_error", hint="unstreamable")) is not None
    assert turns.places == (1,)
    turns.sit(1, replace(streamed, key=2))
    assert (turns.current.streamed, turns.current.key) == (False, 2)


def test_another_credential_is_as_good_as_another_channel_but_comes_after_those() -> None:
    several = Candidate("a", "plain", "m", keys=2)
    turns = Turns((several, B))
    refused = fault("upstream_auth", upstream=UpstreamError(401, "", b""))
    slow = Retry(base_transport=4.0, base_overload=4.0, cap=100.0)
    assert passed(turns, refused, (0, 1), slow) == 0
    assert (turns.current, turns.places) == (B, (1,))
    assert passed(turns, order=(0, 1), retry=slow) == 0
    assert turns.current is several
    assert not turns.again
    turns.sit(0, replace(several, key=1))
    assert passed(turns, refused, (0, 1), slow) == 4 * 0.5 * 2**2
    assert (turns.current, turns.again) == (B, True)


def test_a_second_credential_has_its_own_patience() -> None:
    turns = Turns((Candidate("a", "plain", "m", keys=2),))
    assert passed(turns, busy(30.0), (0,)) == 0
    assert passed(turns, busy(30.0), (0,)) == 30


def test_what_is_no_matter_of_credentials_is_not_tried_with_another() -> None:
    turns = Turns((Candidate("a", "plain", "m", keys=2),))
    missing = fault("upstream_error", cause="model_not_found", upstream=UpstreamError(404, "", b""))
    assert passed(turns, missing, (0,)) is None


def test_who_waited_in_vain_waited_for_all_that_would_have_done() -> None:
    full = fault("queue_timeout", clock=Clock.QUEUE)
    turns = Turns((A, B, C))
    assert passed(turns, full, (0, 1, 2)) is None
    turns = Turns((A, B, C))
    passed(turns, order=(0, 1))
    assert turns.places == (1,)
    assert passed(turns, full, (0, 1, 2)) == 0
    assert turns.current is C


def test_those_that_may_be_asked_as_soon_will_do() -> None:
    turns = Turns((A, B, C))
    for failed in (busy(30.0), busy(20.0), busy(10.0)):
        passed(turns, failed, (0, 1, 2))
    assert (turns.current, turns.places) == (A, (0, 1, 2))
    turns = Turns((A, B, C))
    for failed in (busy(10.0), busy(20.0), busy(30.0)):
        passed(turns, failed, (0, 1, 2))
    assert (turns.current, turns.places) == (A, (0,))


def steady(turns: Turns) -> bool:
    """Whether no attempt runs beside the current one."""
    return turns.beside is None


def test_spare_is_who_nobody_has_tried_in_the_same_tier() -> None:
    turns = Turns((A, B, replace(C, tier=1), Candidate("d", "plain", "m")))
    found = [turns.spare]
    take(turns)
    found.append(turns.spare)
    turns.sit(2, replace(C, tier=1))
    found.append(turns.spare)
    assert found == [(1, 3), (3,), ()]


def test_who_steps_up_is_current_and_the_other_had_its_turn() -> None:
    turns = Turns((A, B, C))
    turns.beside = Hedged(1, replace(B, key=2))
    turns.step_up(turns.beside)
    assert turns.current == replace(B, key=2)
    assert steady(turns)
    assert not turns.used
    assert take(turns) == 0
    assert turns.current == C
    assert turns.used == ((1, 2),)
    assert take(turns) == 0
    assert turns.again


def test_a_failure_is_counted_once_where_another_steps_up() -> None:
    turns = Turns((A, B))
    turns.beside = Hedged(1, B)
    turns.taken = 2
    turns.fail(BROKEN, 100.0)
    turns.step_up(turns.beside)
    assert take(turns) == 0
    assert turns.places == (0, 1)


def test_being_overtaken_is_one_turn_and_no_more() -> None:
    turns = Turns((A, B))
    turns.beside = Hedged(1, B)
    turns.step_up(turns.beside)
    assert take(turns) == 0
    assert (turns.current, turns.places) == (A, (0, 1))


def test_who_falls_leaves_the_turn_as_it_is() -> None:
    turns = Turns((A, B, C))
    beside = turns.beside = Hedged(1, B)
    turns.fell(beside, busy(30.0), 100.0)
    assert turns.current == A
    assert steady(turns)
    assert turns.used == ((1, 0),)
    assert turns.spare == (2,)
    assert take(turns) == 0
    assert turns.current == C
