"""What follows a failed attempt: repairs, failover, backoff, Retry-After, budgets, and when it is over."""

from __future__ import annotations

from outwait.core.fault import RetryClass, fault
from outwait.core.plan import Candidate, Retry
from outwait.exchange import inputs as on
from outwait.exchange.effects import Acquire, Retrying
from outwait.exchange.machine import Machine
from outwait.testing.playbook import plan_of, play

OPEN_A = "0 begin -> acquire a\n0 granted -> open a 1\n"
SENT_A = OPEN_A + "0 connected\n0 sent\n"
FLOWING_A = SENT_A + "0 head\n0 content\n"


def details(machine: Machine, event: str) -> list[str]:
    return [mark.detail for mark in machine.timeline.marks() if mark.event == event]


# -- classes


def test_safe_failures_are_followed_by_the_next_candidate_at_once() -> None:
    machine = play(
        plan_of("a", "b", "c"),
        OPEN_A
        + """
        1  fail upstream_connect stage=connecting  -> retry a safe, acquire b
        1  granted                                 -> open b 2
        2  fail upstream_dns stage=connecting      -> retry b safe, acquire c
        2  granted                                 -> open c 3
        3  fail upstream_tls stage=connecting      -> settle failed upstream_tls
        """,
    )
    assert details(machine, "failed") == [
        "upstream_connect (safe)",
        "upstream_dns (safe)",
        "upstream_tls (safe)",
        "upstream_tls",
    ]
    assert details(machine, "retry")[0] == "b in 0.000s: safe: the upstream did nothing"
    assert details(machine, "no retry") == ["all 3 attempts are made"]


def test_ambiguous_failures_are_final_without_a_paid_budget() -> None:
    machine = play(plan_of("a", "b"), SENT_A + "1 fail upstream_reset stage=sent -> settle failed upstream_reset")
    assert details(machine, "no retry") == ["it may have been charged, and the paid retry budget has no room"]


def test_ambiguous_failures_are_retried_within_the_paid_budget() -> None:
    play(plan_of("a", "b"), SENT_A + "1 fail upstream_reset stage=sent paid -> retry a ambiguous, acquire b")


def test_a_clock_that_strikes_after_the_request_was_sent_is_ambiguous() -> None:
    play(plan_of("a", "b"), SENT_A + "40 tick -> close, settle failed first_byte_timeout")
    play(plan_of("a", "b"), SENT_A + "40 tick paid -> close, retry a ambiguous, acquire b")


def test_nothing_follows_committed_content() -> None:
    machine = play(
        plan_of("a", "b"),
        FLOWING_A + "1 committed\n2 fail upstream_reset stage=content paid -> settle failed upstream_reset",
    )
    assert details(machine, "failed")[0] == "upstream_reset (committed)"


def test_content_that_was_not_handed_on_does_not_forbid_another_attempt() -> None:
    play(plan_of("a", "b"), FLOWING_A + "2 fail upstream_reset stage=content paid -> retry a ambiguous, acquire b")


def test_a_wrong_request_is_passed_on_as_it_is() -> None:
    play(
        plan_of("a", "b"),
        SENT_A + "1 head 400\n1 fail upstream_error status=400 stage=head -> settle failed upstream_error",
    )


def test_a_used_up_retry_budget_ends_it() -> None:
    machine = play(plan_of("a"), OPEN_A + "1 fail upstream_connect spent -> settle failed upstream_connect")
    assert details(machine, "no retry") == ["the retry budget is used up"]


def test_a_failover_needs_no_retry_budget_but_the_paid_one() -> None:
    machine = play(
        plan_of("a", "b", "c", retry=Retry(attempts=9)),
        OPEN_A
        + """
        1   fail upstream_connect spent             -> retry a safe, acquire b
        1   granted                                 -> open b 2
        1   dispatched
        2   fail upstream_reset stage=sent paid spent -> retry b ambiguous, acquire c
        2   granted                                 -> open c 3
        3   fail upstream_connect spent             -> settle failed upstream_connect
        """,
    )
    assert details(machine, "no retry") == ["the retry budget is used up"]
    play(plan_of("a", "b"), SENT_A + "1 fail upstream_reset stage=sent spent -> settle failed upstream_reset")


def test_who_would_fail_the_same_way_is_not_asked_again() -> None:
    refused = "1 fail upstream_auth status=401 -> {}"
    machine = play(plan_of("a"), SENT_A + refused.format("settle failed upstream_auth"))
    assert details(machine, "no retry") == ["no candidate is left that can be tried in time"]
    play(plan_of("a", "b"), SENT_A + refused.format("retry a safe, acquire b"))


def test_why_nobody_could_be_asked_is_told() -> None:
    machine = play(plan_of("a", "b"), OPEN_A)
    machine.handle(on.Failed(fault("upstream_connect"), on.Odds(order=(), note="b/m: ejected")), 1.0)
    assert details(machine, "no retry") == ["b/m: ejected"]
    machine = play(plan_of("a", "b"), SENT_A)
    machine.handle(on.Failed(fault("upstream_reset"), on.Odds(order=(), note="b/m: ejected")), 1.0)
    assert details(machine, "no retry") == ["it may have been charged, and the paid retry budget has no room"]


def test_what_failed_is_told_with_what_follows() -> None:
    machine = play(plan_of("a", "b"), OPEN_A)
    failed = on.Failed(fault("upstream_connect"), on.Odds())
    retrying, acquire = machine.handle(failed, 1.0)
    assert retrying == Retrying(machine.plan.candidates[0], RetryClass.SAFE, failed.fault, failover=True)
    assert acquire == Acquire(machine.plan.candidates[1], (1,), ((0, 0),))
    assert machine.candidate is machine.plan.candidates[1]


# -- backoff


def test_a_candidate_that_was_tried_gets_a_pause() -> None:
    machine = play(
        plan_of("a", retry=Retry(attempts=4, base_transport=1.0, cap=3.0)),
        OPEN_A
        + """
        1     fail upstream_connect             -> retry a safe      | backoff until 1.5
        1.4   tick                                                   | backoff until 1.5
        1.5   tick                              -> acquire a         | queued until 6.5
        2     granted                           -> open a 2          | connecting until 12
        3     fail upstream_connect luck=0.9    -> retry a safe      | backoff until 4.8
        4.8   tick                              -> acquire a
        5     granted                           -> open a 3
        6     fail upstream_connect luck=1      -> retry a safe      | backoff until 9
        9     tick                              -> acquire a
        9     granted                           -> open a 4
        9     fail upstream_connect             -> settle failed upstream_connect
        """,
    )
    assert details(machine, "retry")[0] == "a in 0.500s: safe: the upstream did nothing"


def test_each_candidate_is_tried_once_before_one_is_tried_twice() -> None:
    play(
        plan_of("a", "b", retry=Retry(attempts=4, base_transport=1.0)),
        OPEN_A
        + """
        1   fail upstream_connect   -> retry a safe, acquire b
        1   granted                 -> open b 2
        2   fail upstream_connect   -> retry b safe           | backoff until 3
        3   tick                    -> acquire a
        3   granted                 -> open a 3
        3   fail upstream_connect   -> retry a safe           | backoff until 5
        5   tick                    -> acquire b
        """,
    )


def test_readers_come_and_go_between_two_attempts() -> None:
    play(
        plan_of("a", retry=Retry(base_transport=2.0), linger=0.5),
        OPEN_A
        + """
        1   fail upstream_connect   -> retry a safe           | backoff until 2
        1   left                                              | backoff until 1.5
        1.2 came                                              | backoff until 2
        2   tick                    -> acquire a
        """,
    )


# -- Retry-After


def test_retry_after_is_honoured() -> None:
    play(
        plan_of("a", retry=Retry(base_overload=0.0)),
        SENT_A
        + """
        1    fail upstream_error status=429 retry_after=30   -> retry a safe      | backoff until 31
        30   tick
        31   tick                                            -> acquire a
        """,
    )


def test_jitter_comes_on_top_of_retry_after() -> None:
    play(
        plan_of("a", retry=Retry(base_overload=2.0)),
        SENT_A + "1 fail upstream_error status=429 retry_after=30 -> retry a safe | backoff until 32",
    )


def test_retry_after_is_the_wish_of_one_candidate_alone() -> None:
    play(
        plan_of("a", "b", retry=Retry(attempts=4, base_overload=0.0, base_transport=0.0)),
        SENT_A
        + """
        1   fail upstream_error status=429 retry_after=30   -> retry a safe, acquire b
        1   granted                                         -> open b 2
        11  fail upstream_connect                           -> retry b safe         | backoff until 31
        31  tick                                            -> acquire a
        31  granted                                         -> open a 3
        32  fail upstream_connect                           -> retry a safe, acquire b
        """,
    )


def test_a_candidate_that_asks_for_too_much_patience_is_passed_over() -> None:
    machine = play(
        plan_of("a", "b", retry=Retry(base_transport=0.0)),
        SENT_A
        + """
        1   fail upstream_error status=429 retry_after=300  -> retry a safe, acquire b
        1   granted                                         -> open b 2
        2   fail upstream_connect                           -> retry b safe, acquire b
        """,
    )
    assert machine.candidate.channel == "b"


def test_too_much_patience_of_the_only_candidate_ends_it() -> None:
    machine = play(
        plan_of("a"), SENT_A + "1 fail upstream_error status=429 retry_after=121 -> settle failed upstream_error"
    )
    assert details(machine, "no retry") == ["no candidate is left that can be tried in time"]


def test_no_wait_reaches_beyond_the_total_clock() -> None:
    after = "1 fail upstream_error status=429 retry_after={} luck=0 -> {}"
    play(plan_of("a", spans={"total": 31}), SENT_A + after.format(30, "settle failed upstream_error"))
    play(plan_of("a", spans={"total": 32}), SENT_A + after.format(30, "retry a safe | backoff until 31"))


# -- what a channel's protocol has no words for


def test_who_cannot_be_asked_costs_no_attempt() -> None:
    machine = play(
        plan_of("a", "b", "c", retry=Retry(attempts=1), growth=1.0),
        OPEN_A
        + """
        0  fail not_expressible stage=queued spent -> repair a safe, acquire b
        0  granted                                 -> open b 1
        0  fail not_supported stage=queued spent   -> repair b safe, acquire c
        0  granted                                 -> open c 1                  | connecting until 10
        1  fail upstream_connect                   -> settle failed upstream_connect
        """,
    )
    assert machine.number == 1
    assert details(machine, "no retry") == ["all 1 attempts are made"]


def test_nobody_who_can_be_asked_is_no_attempt_at_all() -> None:
    machine = play(
        plan_of("a", "b"),
        OPEN_A
        + """
        0  fail not_expressible stage=queued -> repair a safe, acquire b
        0  granted                           -> open b 1
        0  fail not_expressible stage=queued -> settle failed not_expressible
        """,
    )
    assert machine.number == 0


def test_the_failure_of_who_could_be_asked_is_the_one_to_tell() -> None:
    play(
        plan_of("a", "b", retry=Retry(attempts=2)),
        OPEN_A
        + """
        0  fail upstream_error status=429 retry_after=300 -> retry a safe, acquire b
        0  granted                                        -> open b 2
        0  fail not_expressible stage=queued              -> settle failed upstream_error
        """,
    )


# -- repairs


def test_a_dead_pooled_connection_is_repaired_without_counting() -> None:
    machine = play(
        plan_of("a", retry=Retry(attempts=1), growth=1.0),
        """
        0  begin                                  -> acquire a
        0  granted                                -> open a 1
        0  reused
        0  sent
        1  fail upstream_reset stage=sent hint=stale -> repair a safe, acquire a
        1  granted                                -> open a 1 fresh            | connecting until 11
        2  fail upstream_reset stage=sent hint=stale -> settle failed upstream_reset
        """,
    )
    assert machine.number == 1
    assert details(machine, "retry") == ["the pooled connection was dead; a fresh one"]


def test_only_the_repair_itself_insists_on_a_fresh_connection() -> None:
    play(
        plan_of("a", "b"),
        OPEN_A
        + """
        1  fail upstream_reset hint=stale         -> repair a safe, acquire a
        1  granted                                -> open a 1 fresh
        2  fail upstream_connect                  -> retry a safe, acquire b
        2  granted                                -> open b 2
        """,
    )


def test_each_candidate_may_have_a_dead_pooled_connection() -> None:
    machine = play(
        plan_of("a", "b", retry=Retry(attempts=2)),
        OPEN_A
        + """
        1  fail upstream_reset hint=stale         -> repair a safe, acquire a
        1  granted                                -> open a 1 fresh
        2  fail upstream_connect                  -> retry a safe, acquire b
        2  granted                                -> open b 2
        3  fail upstream_reset hint=stale         -> repair b safe, acquire b
        3  granted                                -> open b 2 fresh
        4  fail upstream_reset hint=stale         -> settle failed upstream_reset
        """,
    )
    assert details(machine, "no retry") == ["all 2 attempts are made"]


def test_the_second_candidate_may_be_the_only_one_with_a_dead_connection() -> None:
    play(
        plan_of("a", "b"),
        OPEN_A
        + """
        2  fail upstream_connect                  -> retry a safe, acquire b
        2  granted                                -> open b 2
        3  fail upstream_reset hint=stale         -> repair b safe, acquire b
        """,
    )


def test_another_failure_of_a_streamed_candidate_is_no_reason_to_stop_streaming() -> None:
    streamed = Candidate("a", "plain", "m", streamed=True)
    machine = play(
        plan_of(streamed, retry=Retry(base_transport=0.0)),
        OPEN_A + "1 fail upstream_connect -> retry a safe, acquire a",
    )
    assert machine.candidate.streamed


def test_a_repair_needs_no_budget() -> None:
    play(plan_of("a"), OPEN_A + "1 fail upstream_reset hint=stale spent -> repair a safe, acquire a")


def test_nothing_is_repaired_once_content_was_committed() -> None:
    play(plan_of("a"), FLOWING_A + "1 committed\n1 fail upstream_reset hint=stale -> settle failed upstream_reset")


def test_an_upstream_that_cannot_stream_is_asked_for_one_reply() -> None:
    streamed = Candidate("a", "plain", "m", streamed=True)
    machine = play(
        plan_of(streamed, "b", retry=Retry(attempts=1)),
        SENT_A
        + """
        1  fail upstream_error status=400 hint=unstreamable -> repair a safe, acquire a
        1  granted                                          -> open a 1
        """,
    )
    assert machine.candidate == Candidate("a", "plain", "m", streamed=False, whole=True)
    assert machine.plan.candidates[0].streamed
    assert details(machine, "retry") == ["this upstream does not stream the model; asked for one reply"]
    play(
        machine.plan,
        "2 fail upstream_error status=400 hint=unstreamable -> settle failed upstream_error",
        machine,
    )


def test_a_client_that_wants_a_stream_is_not_given_one_reply() -> None:
    play(
        plan_of("a", "b"),
        SENT_A + "1 fail upstream_error status=400 hint=unstreamable -> retry a safe, acquire b",
    )
