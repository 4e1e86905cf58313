"""Retry budgets: what all exchanges may spend together, and that nothing leaks."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.examples import examples

from outwait.core.fault import Fault, RetryClass, fault
from outwait.policy.budget import TOKENS, Budgets, Paid, Ticket

RESET = fault("upstream_reset")
BUSY = fault("upstream_error", cause="rate_limited")
SAFE, AMBIGUOUS = RetryClass.SAFE, RetryClass.AMBIGUOUS


def test_three_may_always_retry_and_then_a_fifth() -> None:
    budgets = Budgets()
    tickets = [budgets.enter("m", "chat", 0) for _ in range(10)]
    for ticket in tickets[:3]:
        assert ticket.active("c", RESET)
        ticket.charge(SAFE, 0)
    assert not tickets[3].active("c", RESET)
    assert tickets[0].active("c", RESET)  # who retries already takes no second place
    more = [budgets.enter("m", "chat", 0) for _ in range(10)]
    assert more[0].active("c", RESET)  # a fifth of 20
    assert budgets.enter("other", "chat", 0).active("c", RESET) is not True or budgets.routes == 2


def test_leaving_gives_the_place_back_once() -> None:
    budgets = Budgets()
    tickets = [budgets.enter("m", "chat", 0) for _ in range(4)]
    for ticket in tickets[:3]:
        ticket.charge(SAFE, 0)
        ticket.charge(SAFE, 0)
    tickets[0].leave()
    tickets[0].leave()
    assert tickets[3].active("c", RESET)
    tickets[3].charge(SAFE, 0)
    assert not budgets.enter("m", "chat", 0).active("c", RESET)
    assert budgets.routes == 1


def test_an_idle_route_is_forgotten() -> None:
    budgets = Budgets()
    ticket = budgets.enter("m", "chat", 0)
    assert budgets.routes == 1
    ticket.leave()
    assert budgets.routes == 0
    budgets.forget_route("never seen")


def test_a_bad_channel_runs_out_of_tokens_and_earns_them_back() -> None:
    budgets = Budgets()
    ticket = budgets.enter("m", "chat", 0)
    spent = 0
    while ticket.active("c", RESET):
        assert ticket.room("c")
        ticket.failed("c", RESET)
        spent += 1
    assert spent == TOKENS // 14
    assert not ticket.room("c")
    assert ticket.active("c", BUSY)  # a throttle costs less
    ticket.failed("c", BUSY)
    assert budgets.tokens("c").left == TOKENS - 35 * 14 - 5
    assert ticket.active("other", RESET)
    for _ in range(9):
        budgets.enter("m", "chat", 0).leave(first_try="c")
    assert ticket.active("c", RESET)


def test_a_failover_takes_no_place_among_those_who_retry() -> None:
    budgets = Budgets()
    tickets = [budgets.enter("m", "chat", 0) for _ in range(5)]
    for ticket in tickets:
        ticket.charge(SAFE, 0, failover=True)
    assert tickets[0].active("c", RESET)
    assert budgets.tokens("c").left == TOKENS
    tickets[0].charge(SAFE, 0)
    tickets[0].charge(SAFE, 0, failover=True)
    tickets[0].leave()
    assert tickets[1].active("c", RESET)


@pytest.mark.parametrize(
    "failed", [fault("cancelled"), fault("upstream_auth", cause="auth_failed"), fault("upstream_reset", hint="stale")]
)
def test_what_is_no_fault_of_the_channel_costs_it_nothing(failed: Fault) -> None:
    budgets = Budgets()
    budgets.enter("m", "chat", 0).failed("c", failed)
    assert budgets.tokens("c").left == TOKENS


def test_tokens_are_bounded_both_ways() -> None:
    budgets = Budgets()
    budgets.enter("m", "chat", 0).leave(first_try="c")
    assert budgets.tokens("c").left == TOKENS
    budgets.tokens("c").take(10_000)
    assert budgets.tokens("c").left == 0


def test_channels_that_are_gone_are_forgotten() -> None:
    budgets = Budgets()
    budgets.tokens("old").take(5)
    budgets.tokens("kept").take(5)
    budgets.keep_channels(frozenset(("kept",)))
    assert budgets.tokens("old").left == TOKENS
    assert budgets.tokens("kept").left == TOKENS - 5


def test_a_share_of_zero_is_never() -> None:
    ticket = Budgets().enter("m", "deep", 0)
    assert not ticket.paid(0, 0)
    assert not ticket.paid(-1, 0)


def test_three_paid_retries_in_ten_minutes_and_then_the_share() -> None:
    budgets = Budgets()
    ticket = budgets.enter("m", "chat", 0)
    for _ in range(3):
        assert ticket.paid(0.02, 0)
        ticket.charge(AMBIGUOUS, 0)
    assert not ticket.paid(0.02, 0)
    for _ in range(199):
        budgets.enter("m", "chat", 1).leave()
    assert ticket.paid(0.02, 1)  # 2 % of 200 is 4
    assert not budgets.enter("m", "unknown", 1).paid(0, 1)
    ticket.charge(SAFE, 1)  # safe retries cost nothing here
    assert ticket.paid(0.02, 1)
    ticket.charge(AMBIGUOUS, 1)
    assert not ticket.paid(0.02, 599)
    assert ticket.paid(0.02, 661)


@given(st.lists(st.tuples(st.floats(0, 400), st.booleans()), max_size=60))
def test_the_window_counts_like_a_list_of_minutes(steps: list[tuple[float, bool]]) -> None:
    paid, now = Paid(), 12_345.0
    seen: deque[tuple[int, bool]] = deque()
    for gap, retry in steps:
        now += gap
        if retry:
            paid.take(now)
        else:
            paid.admit(now)
        seen.append((int(now / 60), retry))
        recent = [kind for minute, kind in seen if minute > int(now / 60) - 10]
        assert (paid.requests, paid.retries) == (recent.count(False), recent.count(True))


class Leaks(RuleBasedStateMachine):
    """Exchanges come, retry and go in any order; the counts always are what is alive."""

    def __init__(self) -> None:
        super().__init__()
        self.budgets = Budgets()
        self.alive: list[tuple[str, Ticket]] = []
        self.retrying: set[int] = set()

    @rule(route=st.sampled_from("ab"))
    def enter(self, route: str) -> None:
        self.alive.append((route, self.budgets.enter(route, "chat", 0)))

    @precondition(lambda self: self.alive)
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        _, ticket = data.draw(st.sampled_from(self.alive))
        if ticket.active("c", RESET):
            ticket.charge(SAFE, 0)
            self.retrying.add(id(ticket))

    @precondition(lambda self: self.alive)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        item = data.draw(st.sampled_from(self.alive))
        item[1].leave(first_try="c")
        self.alive.remove(item)
        self.retrying.discard(id(item[1]))

    @invariant()
    def counts_are_what_is_alive(self) -> None:
        assert self.budgets.routes == len({route for route, _ in self.alive})
        for name, active in self.budgets._routes.items():
            mine = [ticket for route, ticket in self.alive if route == name]
            assert active.running == len(mine)
            assert active.retrying == sum(id(ticket) in self.retrying for ticket in mine)


Leaks.TestCase.settings = settings(max_examples=examples(25), stateful_step_count=30)
TestLeaks = Leaks.TestCase
