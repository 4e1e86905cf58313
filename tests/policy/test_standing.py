"""A standing: attempts come and go, and what they, we and the neighbours say of it."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.examples import examples

from outwait.core.fault import Fault, UpstreamError, fault
from outwait.policy.blame import Blame
from outwait.policy.breaker import BreakerRule
from outwait.policy.keyring import Credentials, Keyring
from outwait.policy.penalty import PenaltyRule
from outwait.policy.slowstart import SlowStart
from outwait.policy.standing import Hint, Pass, Standing, StandingRule
from outwait.policy.suspicion import SuspicionRule

RESET = fault("upstream_reset")
DENIED = fault("upstream_auth")
CANCELLED = fault("cancelled")


def _busy(retry_after: float | None = None, status: int = 429) -> Fault:
    cause = "rate_limited" if status == 429 else "overloaded"
    answer = UpstreamError(status, "", b"")
    return fault("upstream_error", cause=cause, upstream=answer, retry_after=retry_after)


def _standing(keys: int = 1, **more: float) -> Standing:
    return Standing(Keyring(Credentials(keys)), 0.0, weight=more.get("weight", 1.0))


def _ask(standing: Standing, now: float, failed: Fault | None = None, key: int = 0) -> Pass:
    held = standing.enter(now, key)
    standing.leave(held, failed, now, 0.0)
    return held


def _ejected() -> Standing:
    standing = _standing()
    for _ in range(5):
        _ask(standing, 0, RESET)
    assert standing.shut
    return standing


def test_attempts_are_counted_once() -> None:
    standing = _standing()
    held, other = standing.enter(0), standing.enter(0)
    assert standing.outstanding == 2
    assert standing.leave(held, RESET, 0, 0) is Blame.FAILURE
    assert standing.leave(held, RESET, 0, 0) is None
    assert standing.outstanding == 1
    assert standing.penalty.of(0) == 5
    assert standing.leave(other, None, 0, 0) is None
    assert standing.outstanding == 0


def test_who_was_told_to_wait_is_unproven_until_it_answers() -> None:
    standing = _standing()
    before = standing.enter(0)
    for failed in (_busy(), _busy(9.0), _busy(9.0, 503)):
        earlier = standing.enter(9)
        _ask(standing, 10, failed)
        assert standing.unproven
        standing.leave(earlier, None, 10, 0)
        assert standing.unproven
        _ask(standing, 20, CANCELLED)
        assert standing.unproven
        _ask(standing, 20)
        assert not standing.unproven
    _ask(standing, 30, RESET)
    assert not standing.unproven  # nothing was said of waiting
    _ask(standing, 30, _busy())
    _ask(standing, 30, _busy(0.0, 503))
    found = []
    for held in (before, standing.enter(31), standing.enter(31)):  # one began before it refused, the others after that
        standing.well(held, 32)
        found.append(standing.unproven)
    assert found == [True, False, False]


def test_other_numbers_hold_from_now_on() -> None:
    standing = _standing()
    _ask(standing, 0, RESET)
    breaker = BreakerRule(in_row=2, eject=7.0, longest=7.0, jitter=0.0)
    rule = StandingRule(breaker, PenaltyRule(step=1.0, fold=1e9), SlowStart(span=10.0), SuspicionRule(every=4.0))
    standing.renumber(rule, 1)
    _ask(standing, 1, RESET)
    assert standing.breaker.until == 8
    assert standing.penalty.of(1) == pytest.approx(6, rel=1e-3)
    held = standing.enter(8)
    standing.leave(held, None, 8, 0)
    assert standing.eased(13) == 0.5
    standing.suspect(20)
    assert standing.suspicion.trial_at == 24


def test_a_new_endpoint_starts_slowly() -> None:
    standing = _standing(weight=4.0)
    assert [standing.eased(now) for now in (0, 30, 60, 99)] == pytest.approx([0.4, 2, 4, 4])


def test_a_failed_one_is_shut_tried_once_and_begins_anew() -> None:
    standing = _ejected()
    assert not standing.admits(29)
    assert not standing.due(29)
    assert standing.admits(30)
    trial = standing.enter(30)
    assert trial.trial
    assert not standing.admits(1000)
    assert not standing.enter(1000).trial  # panic may still come in
    assert standing.leave(trial, None, 1000, 0) is None
    assert not standing.shut
    assert standing.penalty.of(1000) == 0  # it would keep everybody away from what works again
    assert [standing.eased(1000 + age) for age in (0, 30, 60)] == pytest.approx([0.1, 0.5, 1])


def test_content_of_a_trial_is_enough() -> None:
    standing = _ejected()
    trial = standing.enter(30)
    standing.content(trial, 31)
    assert not standing.shut
    assert standing.warm_at == 91
    standing.leave(trial, RESET, 40, 0)  # what comes later is an ordinary failure
    assert not standing.shut
    assert standing.breaker.row == 1
    assert standing.warm_at == 91


def test_content_of_others_does_not_open_it() -> None:
    standing = _ejected()
    panic = standing.enter(1)
    standing.content(panic, 2)
    standing.leave(panic, None, 3, 0)
    assert standing.shut


@pytest.mark.parametrize(
    "failed, until", [(RESET, 100), (_busy(), 100), (_busy(5), 100), (CANCELLED, 40), (DENIED, 40)]
)
def test_how_a_trial_ends(failed: Fault, until: float) -> None:
    standing = _ejected()
    trial = standing.enter(40)
    standing.leave(trial, failed, 40, 0)
    assert standing.shut
    assert standing.breaker.due(until)
    assert not standing.breaker.due(until - 1) or until == 40


def test_a_throttle_rests_its_key_or_weighs_on_the_endpoint() -> None:
    standing = _standing(keys=2)
    held = standing.enter(0, 1)
    assert standing.leave(held, _busy(10), 0, 0) is Blame.THROTTLE
    assert standing.keys.pick(0, 0.99) == 0
    assert standing.keys.pick(10, 0.99) == 1
    assert standing.penalty.of(0) == 0
    for _ in range(30):
        _ask(standing, 0, _busy())
    assert standing.penalty.of(0) == 150
    assert not standing.shut


def test_an_overload_with_a_date_rests_the_endpoint() -> None:
    standing = _standing(keys=2)
    assert standing.leave(standing.enter(0), _busy(10, 503), 0, 0) is Blame.FAILURE
    assert not standing.admits(9)
    assert standing.admits(10)
    assert standing.penalty.of(0) == 5


def test_a_refused_key_is_dead_and_the_endpoint_is_well() -> None:
    standing = _standing(keys=2)
    for _ in range(30):
        assert standing.leave(standing.enter(0, 1), DENIED, 0, 0) is Blame.KEY
    assert not standing.keys.credentials.alive(1)
    assert standing.keys.credentials.alive(0)
    assert standing.penalty.of(0) == 0
    assert standing.admits(0)
    _ask(standing, 0, DENIED, 0)
    assert not standing.admits(1e9)


def test_a_refusal_from_before_a_key_was_revived_proves_nothing() -> None:
    standing = _standing()
    early, late = standing.enter(0), standing.enter(0)
    assert standing.leave(early, DENIED, 1, 0) is Blame.KEY
    death = standing.keys.credentials.death(0)
    assert death is not None
    assert death.why is DENIED
    standing.keys.credentials.revive(0)
    assert standing.leave(late, DENIED, 2, 0) is Blame.NOTHING
    assert standing.keys.credentials.alive(0)
    assert standing.leave(standing.enter(3), DENIED, 3, 0) is Blame.KEY


def test_what_is_not_its_fault_changes_nothing() -> None:
    standing = _standing()
    for _ in range(30):
        assert standing.leave(standing.enter(0), CANCELLED, 0, 0) is Blame.NOTHING
    assert not standing.shut
    assert standing.penalty.of(0) == 0


def test_a_full_one_admits_nobody() -> None:
    standing = _standing()
    standing.limit = 2
    standing.enter(0)
    assert standing.admits(0)
    standing.enter(0)
    assert not standing.admits(0)


def test_a_suspect_is_tried_each_minute_and_cleared_by_any_content() -> None:
    standing = _standing()
    old = standing.enter(0)
    standing.suspect(100)
    assert standing.shut
    assert not standing.admits(159)
    assert standing.enter(160).trial
    assert not standing.admits(161)
    assert standing.enter(220).trial  # the first one may think for long
    standing.content(old, 230)
    assert (standing.shut, standing.warm_at) == (False, 290)
    standing.content(old, 250)
    assert (standing.shut, standing.warm_at) == (False, 290)


def test_a_reply_without_a_stream_clears_it_and_a_failure_does_not() -> None:
    standing = _standing()
    standing.suspect(0)
    _ask(standing, 60, RESET)
    assert standing.shut
    _ask(standing, 120)
    assert not standing.shut


def test_a_suspect_that_fails_is_ejected() -> None:
    standing = _standing()
    standing.suspect(0)
    for minute in range(1, 6):
        _ask(standing, 60.0 * minute, RESET)
    assert standing.breaker.open
    assert not standing.due(329)
    trial = standing.enter(330)
    assert trial.trial
    assert standing.breaker.trial
    standing.content(trial, 331)
    assert not standing.shut


# ---------------------------------------------------------------------------------------------------------- neighbours
def test_a_neighbours_ejection_makes_us_try_before_we_trust() -> None:
    standing = _standing()
    standing.hear(Hint.EJECTED, 10, 0)
    assert standing.shut
    assert not standing.breaker.open
    assert standing.enter(10).trial
    assert not standing.admits(69)


def test_with_a_failure_of_our_own_it_is_an_ejection() -> None:
    standing = _standing()
    _ask(standing, 0, RESET)
    standing.hear(Hint.SUSPECT, 5, 0)
    assert not standing.breaker.open
    standing.hear(Hint.EJECTED, 10, 0.5)
    assert standing.breaker.until == pytest.approx(43)


def test_a_neighbours_suspicion_is_a_suspicion() -> None:
    standing = _standing()
    standing.hear(Hint.SUSPECT, 10, 0)
    assert standing.shut
    assert not standing.due(69)
    assert standing.due(70)


def test_a_neighbours_health_clears_only_what_a_neighbour_said() -> None:
    standing = _standing()
    standing.hear(Hint.SUSPECT, 0, 0)
    standing.hear(Hint.HEALTHY, 1, 0)
    assert not standing.shut
    assert standing.warm_at == 61
    standing.suspect(2)
    standing.hear(Hint.HEALTHY, 3, 0)
    assert standing.shut


@pytest.mark.parametrize("hint", list(Hint))
def test_no_neighbour_changes_an_ejection_of_ours(hint: Hint) -> None:
    standing = _ejected()
    standing.hear(hint, 10, 0)
    assert standing.breaker.until == 30
    assert standing.shut
    assert not standing.suspicion.on


def test_all_numbers_can_be_changed() -> None:
    numbers = StandingRule(BreakerRule(in_row=1), PenaltyRule(step=1), SlowStart(span=10), SuspicionRule(every=7))
    standing = Standing(Keyring(Credentials(1)), 0.0, rule=numbers)
    assert standing.eased(5) == 0.5
    standing.suspect(0)
    assert standing.due(7)
    _ask(standing, 7, RESET)
    assert standing.breaker.open
    assert standing.penalty.of(7) == 1


class Life(RuleBasedStateMachine):
    """Whatever happens: the count is right, `shut` is the sum of its causes, and hints never open what is shut."""

    def __init__(self) -> None:
        super().__init__()
        self.standing = _standing()
        self.now = 0.0
        self.held: list[Pass] = []

    @rule(seconds=st.floats(0, 100))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def enter(self) -> None:
        due, before = self.standing.due(self.now), self.standing.shut
        held = self.standing.enter(self.now)
        assert held.trial == (due and before)
        self.held.append(held)

    @rule(which=st.integers(0, 20), failed=st.sampled_from((None, RESET, _busy(), CANCELLED)), content=st.booleans())
    def leave(self, which: int, failed: Fault | None, content: bool) -> None:
        if self.held:
            held = self.held.pop(which % len(self.held))
            if content:
                self.standing.content(held, self.now)
            self.standing.leave(held, failed, self.now, 0.5)

    @rule(hint=st.sampled_from(list(Hint)))
    def hear(self, hint: Hint) -> None:
        was, until = self.standing.breaker.open, self.standing.breaker.until
        self.standing.hear(hint, self.now, 0.5)
        if was:
            assert self.standing.breaker.open
            assert self.standing.breaker.until == until

    @rule()
    def suspect(self) -> None:
        self.standing.suspect(self.now)

    @invariant()
    def it_adds_up(self) -> None:
        standing = self.standing
        assert standing.outstanding == len(self.held)
        assert standing.shut == (standing.breaker.open or standing.suspicion.on)
        assert 0.1 <= standing.eased(self.now) <= 1


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=examples(60), stateful_step_count=40, deadline=None)
