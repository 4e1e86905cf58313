"""The breaker: what opens it, how long, and who closes it."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.examples import examples

from outwait.policy.breaker import Breaker, BreakerRule


def _bad(breaker: Breaker, now: float, times: int = 1, luck: float = 0.0) -> None:
    for _ in range(times):
        breaker.bad(now, luck, breaker.epoch, trial=False)


def _good(breaker: Breaker, now: float, times: int = 1) -> None:
    for _ in range(times):
        breaker.good(now, breaker.epoch, trial=False)


def _opened(now: float = 0.0, luck: float = 0.0) -> Breaker:
    breaker = Breaker(now)
    _bad(breaker, now, 5, luck)
    return breaker


def _reopen(breaker: Breaker) -> float:
    """Fail a trial as soon as one may begin; returns how long it is out then."""
    at = breaker.until
    breaker.begin_trial()
    breaker.bad(at, 0.0, breaker.epoch, trial=True)
    return breaker.until - at


def _recover(breaker: Breaker) -> float:
    at = breaker.until
    breaker.begin_trial()
    breaker.good(at, breaker.epoch, trial=True)
    return at


def test_other_numbers_keep_what_was_counted_unless_the_window_is_another() -> None:
    for span, opens in ((60.0, True), (90.0, False)):
        breaker = Breaker(0.0)
        for _ in range(10):
            _good(breaker, 1)
            _bad(breaker, 1)
        breaker.close(2)
        for _ in range(9):
            _good(breaker, 3)
            _bad(breaker, 3)
        assert [breaker.open, breaker.row] == [False, 1]
        breaker.renumber(BreakerRule(results=18, span=span), 3)
        _bad(breaker, 3)
        assert breaker.open is opens


def test_five_failures_in_a_row_open_it() -> None:
    breaker = Breaker(0)
    _bad(breaker, 0, 4)
    assert (breaker.open, breaker.row, breaker.epoch) == (False, 4, 0)
    _good(breaker, 0)
    assert (breaker.open, breaker.row, breaker.epoch) == (False, 0, 0)
    _bad(breaker, 0, 4)
    assert (breaker.open, breaker.row, breaker.epoch) == (False, 4, 0)
    _bad(breaker, 0)
    assert (breaker.open, breaker.row, breaker.epoch) == (True, 0, 1)


def _mixed(good: int, bad: int, *, spread: float = 0.0) -> Breaker:
    """`bad` failures, never five in a row, the last result one of them."""
    breaker, now = Breaker(0), 0.0
    order = [True] * (good - bad) + [True, False] * bad
    for one in order:
        (_good if one else _bad)(breaker, now)
        now += spread
    return breaker


@pytest.mark.parametrize(
    "good, bad, opens", [(16, 4, False), (15, 5, True), (14, 5, False), (80, 20, False), (79, 20, True)]
)
def test_less_than_four_fifths_of_twenty_results_open_it(good: int, bad: int, opens: bool) -> None:
    assert _mixed(good, bad).open is opens


def test_a_rate_is_judged_when_a_failure_comes() -> None:
    breaker = Breaker(0)
    for _ in range(6):
        _bad(breaker, 0)
        _good(breaker, 0, 2)
    assert not breaker.open  # 18 results, a third of them failures
    _good(breaker, 0, 2)
    assert not breaker.open
    _bad(breaker, 0)
    assert breaker.open


def test_old_results_do_not_count_for_the_rate() -> None:
    assert not _mixed(15, 5, spread=4.0).open
    assert _mixed(15, 5, spread=2.0).open


def test_it_is_out_for_thirty_seconds_and_up_to_a_fifth_more() -> None:
    breaker = _opened(100)
    assert breaker.until == 130
    assert not breaker.due(129.9)
    assert breaker.due(130)
    assert _opened(100, luck=0.5).until == pytest.approx(133)
    assert not Breaker(0).due(1e9)


def test_each_ejection_is_longer_up_to_five_minutes_and_the_jitter_on_top() -> None:
    breaker = _opened()
    assert [_reopen(breaker) for _ in range(11)] == [60, 90, 120, 150, 180, 210, 240, 270, 300, 300, 300]
    breaker.begin_trial()
    at = breaker.until
    breaker.bad(at, 0.5, breaker.epoch, trial=True)
    assert breaker.until - at == pytest.approx(330)
    assert breaker.times(0) == 10  # no more than is ever asked for, or forgiving would take hours


def test_ten_minutes_closed_take_one_ejection_off() -> None:
    breaker = _opened()
    _reopen(breaker)
    _reopen(breaker)
    assert breaker.times(1e9) == 3  # none while it is open
    closed = _recover(breaker)
    assert not breaker.open
    assert [breaker.times(closed + 60 * minutes) for minutes in (0, 9.9, 10, 20, 30, 99)] == [3, 3, 2, 1, 0, 0]
    _bad(breaker, closed + 600, 5)
    assert breaker.until == closed + 600 + 90


def test_one_trial_at_a_time() -> None:
    breaker = _opened()
    breaker.begin_trial()
    assert not breaker.due(1000)
    breaker.idle(breaker.epoch, trial=False)
    assert not breaker.due(1000)
    breaker.idle(breaker.epoch, trial=True)
    assert breaker.due(1000)


def test_a_trial_refused_with_429_is_lost_and_other_refusals_are_nothing() -> None:
    breaker = _opened()
    breaker.begin_trial()
    breaker.refused(50, 0, breaker.epoch, trial=False)
    assert breaker.trial
    breaker.refused(50, 0, breaker.epoch, trial=True)
    assert (breaker.open, breaker.trial, breaker.until) == (True, False, 110)
    closed = Breaker(0)
    for _ in range(50):
        closed.refused(0, 0, 0, trial=False)
        closed.refused(0, 0, 0, trial=True)
    assert not closed.open


def test_only_the_trial_closes_or_prolongs_it() -> None:
    breaker = _opened()
    breaker.good(40, breaker.epoch, trial=False)
    assert breaker.open
    breaker.bad(40, 0, breaker.epoch, trial=False)
    assert breaker.until == 30
    assert breaker.row == 0


def test_what_began_before_an_ejection_changes_nothing_after_it() -> None:
    breaker = _opened()
    breaker.begin_trial()
    for late in (breaker.good, lambda now, epoch, trial: breaker.bad(now, 0.0, epoch, trial=trial)):
        late(40, 0, trial=True)
    breaker.refused(40, 0, 0, trial=True)
    breaker.idle(0, trial=True)
    assert (breaker.open, breaker.trial, breaker.until, breaker.epoch) == (True, True, 30, 1)
    breaker.good(40, 1, trial=True)
    for _ in range(9):
        breaker.bad(41, 0, 0, trial=False)
    assert not breaker.open
    assert breaker.row == 0


def test_it_begins_with_a_clean_slate() -> None:
    breaker = _mixed(15, 5)
    _recover(breaker)
    _bad(breaker, breaker.until, 4)
    assert not breaker.open
    _good(breaker, breaker.until)
    _bad(breaker, breaker.until, 4)
    assert not breaker.open


def test_it_can_be_opened_by_others_but_not_for_longer() -> None:
    breaker = Breaker(0)
    breaker.eject(10, 0)
    assert breaker.until == 40
    breaker.eject(30, 0)
    assert (breaker.until, breaker.times(30)) == (40, 1)
    breaker.close(35)
    assert not breaker.open


def test_the_numbers_are_those_of_the_table() -> None:
    assert BreakerRule() == BreakerRule(5, 0.8, 20, 60, 10, 30, 300, 0.2, 600)


def test_all_numbers_can_be_changed() -> None:
    numbers = BreakerRule(in_row=2, eject=10, longest=15, jitter=1, forgive=60)
    breaker = Breaker(0, numbers)
    _bad(breaker, 0, 2, luck=0.5)
    assert breaker.until == 15
    assert _reopen(breaker) == 15
    closed = _recover(breaker)
    assert breaker.times(closed + 60) == 1
    long = Breaker(0, BreakerRule(eject=900, longest=300))
    _bad(long, 0, 5)
    assert (long.until, long.times(0)) == (300, 1)
    _reopen(long)
    assert long.times(0) == 1
    rate = Breaker(0, BreakerRule(success=0.5, results=4, span=10, buckets=2))
    for now in (0, 1, 2):
        _good(rate, now)
        _bad(rate, now)
    assert not rate.open
    _bad(rate, 2)
    assert rate.open


class Life(RuleBasedStateMachine):
    """Attempts in any order: at most one trial, and nobody but a trial opens the way back."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker(0)
        self.now = 0.0
        self.running: list[tuple[int, bool]] = []

    @rule(seconds=st.floats(0, 400))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def begin(self) -> None:
        trial = self.breaker.due(self.now)
        if trial:
            self.breaker.begin_trial()
        if trial or not self.breaker.open:
            self.running.append((self.breaker.epoch, trial))

    @rule(which=st.integers(0, 30), end=st.sampled_from(("good", "bad", "refused", "idle")), luck=st.floats(0, 0.999))
    def end(self, which: int, end: str, luck: float) -> None:
        if not self.running:
            return
        epoch, trial = self.running.pop(which % len(self.running))
        was, before = self.breaker.open, self.breaker.epoch
        if end == "good":
            self.breaker.good(self.now, epoch, trial=trial)
        elif end == "idle":
            self.breaker.idle(epoch, trial=trial)
        else:
            call = self.breaker.bad if end == "bad" else self.breaker.refused
            call(self.now, luck, epoch, trial=trial)
        if was and not self.breaker.open:
            assert trial
            assert end == "good"
        if self.breaker.epoch != before:
            assert end in {"bad", "refused"}
            assert 30 <= self.breaker.until - self.now <= 360

    @invariant()
    def one_trial_of_this_epoch(self) -> None:
        trials = sum(trial and epoch == self.breaker.epoch for epoch, trial in self.running)
        if self.breaker.open:
            assert trials == self.breaker.trial
        else:
            assert not self.breaker.trial


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=examples(60), stateful_step_count=40, deadline=None)
