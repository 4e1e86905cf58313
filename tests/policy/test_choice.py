"""The walk through the tiers: who is asked first and why, who follows, and what panic means."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import fault
from outwait.policy import choice
from outwait.policy.choice import Choice, ChoiceRule, choose, panics
from outwait.policy.keyring import Credentials, Keyring
from outwait.policy.standing import Standing
from outwait.policy.stick import OVERFLOW, STICKY, StickRule, digest

RESET = fault("upstream_reset")
NOW = 1000.0
lucks = st.floats(0, 1, exclude_max=True)


def _one(state: str = "open", *, tier: int = 0, running: int = 0, wait: float = 9.0, seed: int = 0) -> Standing:
    standing = Standing(Keyring(Credentials(1)), 0.0, tier=tier, seed=seed)
    standing.outstanding = running
    if state == "full":
        standing.limit = standing.outstanding
    elif state in {"out", "due"}:
        standing.breaker.eject(NOW if state == "out" else NOW - 30, 0.0)
        standing.shut = True
    elif state in {"suspect", "suspect due"}:
        standing.suspect(NOW if state == "suspect" else NOW - 60)
    elif state == "resting":
        standing.keys.rest(0, NOW, wait)
    elif state == "dead":
        standing.keys.credentials.kill(0, 0)
    return standing


def _route(*states: str, **more: Any) -> list[Standing]:
    """Endpoints by state; `out/1` is one of tier 1."""
    parts = [state.partition("/") for state in states]
    return [_one(state, tier=int(tier or 0), seed=at, **more) for at, (state, _, tier) in enumerate(parts)]


def _choose(*states: str, luck: float = 0.0, key: int | None = None) -> Choice:
    return choose(_route(*states), NOW, luck, key=key)


# --------------------------------------------------------------------------------------------------------------- plain
def test_nobody() -> None:
    assert choose((), NOW, 0) == Choice((), choice.NOBODY)


def test_the_only_one_and_the_only_one_left() -> None:
    assert _choose("open") == Choice((0,), "the only one")
    assert _choose("out", "open") == Choice((1,), "the only one that is open")


def test_two_are_weighed() -> None:
    assert _choose("open", "open", luck=0.2) == Choice((0, 1), "by weight")
    assert _choose("open", "open", luck=0.7) == Choice((1, 0), "by weight")
    route = _route("open", "open")
    route[0].outstanding = 1
    assert choose(route, NOW, 0.2) == Choice((1, 0), "least loaded of two")


def test_lower_tiers_come_first_wherever_they_stand() -> None:
    found = _choose("open/2", "open/1", "open/0", "open/1", "open/0")
    assert found.order == (2, 4, 1, 3, 0)
    assert found.reason == "by weight"


def test_the_next_tier_when_a_tier_has_none_and_the_timeline_says_so() -> None:
    assert _choose("out", "open/1", "open/1") == Choice((1, 2), "by weight, priority 1")
    assert _choose("full", "open/1") == Choice((1, 0), "the only one that is open, priority 1")
    assert _choose("resting", "open/3") == Choice((1,), "the only one that is open, priority 3")
    assert _choose("open", "out/1", "open") == Choice((0, 2), "by weight")
    assert _choose("open", "out", "open") == Choice((0, 2), "by weight")


def test_the_full_come_last_the_emptiest_of_the_first_tier_first() -> None:
    route = [_one("full", running=9), _one("full", running=8), _one("full", running=1, tier=1), _one()]
    assert choose(route, NOW, 0).order == (3, 1, 0, 2)
    route[0].weight = 2
    assert choose(route, NOW, 0).order == (3, 0, 1, 2)
    del route[3]
    assert choose(route, NOW, 0) == Choice((0, 1, 2), "all are full")


def test_if_all_were_told_to_wait_the_soonest_is_first() -> None:
    route = [_one("resting", wait=8), _one("dead"), _one("resting", wait=5), _one("resting", wait=7, tier=-1)]
    assert choose(route, NOW, 0) == Choice((2, 3, 0), "all were told to wait", wait=5)
    assert choose([*route, _one("full")], NOW, 0) == Choice((4,), "all are full")
    assert _choose("dead", "dead") == Choice((), "no key works")


def test_one_key_of_two_is_enough() -> None:
    standing = Standing(Keyring(Credentials(2)), 0.0)
    standing.keys.rest(0, NOW, 60)
    assert choose([standing], NOW, 0) == Choice((0,), "the only one")
    standing.keys.credentials.kill(1, NOW)
    assert choose([standing], NOW, 0).reason == "all were told to wait"
    assert choose([standing], NOW + 60, 0).reason == "the only one"


# -------------------------------------------------------------------------------------------------------------- sticky
def test_a_key_sticks() -> None:
    route = _route("open", "open", "open")
    for standing, name in zip(route, "abc", strict=True):
        standing.seed = digest(name)
    found = {choose(route, NOW, luck / 10, key=digest("k")) for luck in range(10)}
    assert len(found) == 1
    assert found.pop().reason == STICKY
    first = choose(route, NOW, 0, key=digest("k")).order[0]
    route[first].outstanding = 4
    assert choose(route, NOW, 0, key=digest("k")).reason == OVERFLOW
    loose = ChoiceRule(stick=StickRule(spare=5))
    assert choose(route, NOW, 0, key=digest("k"), rule=loose).order[0] == first


# -------------------------------------------------------------------------------------------------------------- trials
def test_a_half_open_one_is_tried_first_and_the_well_follow() -> None:
    assert _choose("open", "due", "open", "full", "open/1") == Choice((1, 0, 2, 4, 3), "half-open probe")
    assert _choose("open", "suspect due", "open").reason == "a suspect's probe"
    assert _choose("open", "suspect", "open").order == (0, 2)


def test_one_real_request_only() -> None:
    route = _route("open", "due", "open")
    assert choose(route, NOW, 0).order[0] == 1
    held = route[1].enter(NOW)
    assert held.trial
    assert choose(route, NOW, 0).order == (0, 2)
    route[1].leave(held, None, NOW, 0)
    assert sorted(choose(route, NOW, 0).order) == [0, 1, 2]


def test_a_tier_that_is_not_needed_is_not_tried_and_a_better_one_is() -> None:
    assert _choose("open", "due/1").order == (0,)
    assert _choose("due", "open/1") == Choice((0, 1), "half-open probe")
    assert _choose("due/1", "open/2", "open/2").order == (0, 1, 2)


def test_chance_decides_which_of_those_due_in_the_first_tier() -> None:
    states = ("due", "open", "due", "open", "open", "due/-1", "due/-1")
    found = Counter(_choose(*states, luck=luck / 10).order[0] for luck in range(10))
    assert found == {5: 5, 6: 5}


def test_behind_a_lone_trial_stand_those_that_are_out() -> None:
    found = _choose("due", "out", "due", "suspect", luck=0.1)
    assert found.order == (0, 2, 1, 3)
    assert found.reason == "half-open probe"
    assert _choose("due", "out", "full").order == (0, 2)


# -------------------------------------------------------------------------------------------------------------- retries
def _again(*states: str, luck: float = 0.0, key: int | None = None) -> Choice:
    return choose(_route(*states), NOW, luck, key=key, retry=True)


def test_what_has_failed_already_is_no_trial_while_anybody_is_open() -> None:
    assert _again("due", "open", "suspect due", "open", "full", "due/-1") == Choice(
        (1, 3, 4, 5, 0, 2), "by weight, priority 0"
    )
    assert _again("due", "open/1", "out/1", "open/2") == Choice((1, 3, 0), "the only one that is open, priority 1")
    assert _again("open", "due/1").order == (0, 1)


def test_but_where_nobody_is_it_is() -> None:
    for states in (("due",), ("full", "due"), ("due", "out", "resting"), ("suspect due", "full/1")):
        assert _again(*states) == _choose(*states)


def test_in_panic_too_the_due_come_last() -> None:
    found = _again("out", "out", "due", "open", luck=0.9)
    assert (found.order[-1], found.reason, found.forced) == (2, choice.PANIC, True)
    assert sorted(found.order) == [0, 1, 2, 3]


def test_for_a_retry_the_proven_come_first() -> None:
    route = _route("open", "open", "open")
    route[0].unproven = True
    assert choose(route, NOW, 0.1).order[0] == 0
    found = choose(route, NOW, 0.1, retry=True)
    assert (found.order[-1], found.reason) == (0, choice.PROVEN)
    assert choose(route, NOW, 0.1, key=7, retry=True).order[-1] == 0
    route[1].unproven = route[2].unproven = True
    assert choose(route, NOW, 0.1, retry=True) == choose(route, NOW, 0.1)


# --------------------------------------------------------------------------------------------------------------- panic
@pytest.mark.parametrize("shut, endpoints, expected", [(0, 1, False), (1, 1, True), (1, 2, False), (2, 3, True)])
def test_panic_is_more_than_half(shut: int, endpoints: int, expected: bool) -> None:
    assert panics(shut, endpoints) is expected
    assert not panics(shut, endpoints, ChoiceRule(panic=1))


def test_a_lone_endpoint_is_asked_whatever_it_did() -> None:
    assert _choose("out") == Choice((0,), "panic: most are out", forced=True)
    assert _choose("suspect") == Choice((0,), "panic: most are out", forced=True)
    assert _choose("resting").forced is False


def test_in_panic_the_breaker_is_ignored_and_the_well_follow() -> None:
    found = {luck: _choose("out", "out", "open", "out", luck=luck / 40) for luck in range(40)}
    assert {one.order[0] for one in found.values()} == {0, 1, 2, 3}
    assert all(one.forced and one.reason == choice.PANIC for one in found.values())
    assert all(one.order.index(2) <= 1 for one in found.values())
    assert all(sorted(one.order) == [0, 1, 2, 3] for one in found.values())


def test_half_is_no_panic() -> None:
    assert _choose("out", "open", "out", "open").order == (1, 3)
    rule = ChoiceRule(panic=0.4)
    assert choose(_route("out", "open", "out", "open"), NOW, 0, rule=rule).forced


def test_suspects_count_and_so_do_those_with_other_troubles_too() -> None:
    assert _choose("suspect", "out", "open").forced
    route = _route("out", "out", "open")
    route[0].keys.rest(0, NOW, 9)
    found = choose(route, NOW, 0.9)
    assert found.forced
    assert sorted(found.order) == [1, 2]


def test_a_well_tier_is_not_left_for_a_broken_one_before_it() -> None:
    assert _choose("out", "out", "out", "open/1") == Choice((3,), "the only one that is open, priority 1")
    found = _choose("out", "out", "out", "open/1", "out/1", luck=0.9)
    assert found == Choice((4, 3), choice.PANIC, forced=True)
    assert _choose("out", "out", "out", "open/1", "open/1", key=7).reason.startswith(STICKY)


def test_in_panic_those_of_later_tiers_come_before_the_broken_ones_of_this() -> None:
    found = _choose("out", "out", "out", "out", "open", "open/1", luck=0.9)
    assert found.order[:3] == (3, 4, 5)
    assert found.forced


def test_the_last_resort() -> None:
    found = _choose("resting", "out/1", "dead", "out/2", "resting")
    assert found == Choice((1,), "nothing else is left", forced=True)
    assert _choose("full", "out") == Choice((0,), "all are full")
    assert _choose("full", "out", "out").reason == choice.PANIC


def test_a_half_open_one_in_panic_is_still_tried_first() -> None:
    assert _choose("out", "out", "due", "open").reason == choice.PROBE


def test_where_no_key_works_one_is_tried_all_the_same() -> None:
    assert choice.knock((), NOW) is None
    assert choice.knock(_route("open", "out", "full", "resting"), NOW) is None
    route = _route("dead/1", "dead", "dead", "dead")
    assert choice.knock(route, NOW) == 1
    tried = route[1].keys.credentials.death(0)
    assert tried is not None
    tried.take(NOW, refused=False)
    assert choice.knock(route, NOW) == 2
    route[2].limit = 0
    assert choice.knock(route, NOW) == 3
    route[3].suspect(NOW)
    assert choice.knock(route, NOW) == 0
    route[0].keys.refuse(0, NOW)
    assert choice.knock(route, NOW) == 3
    route[3].keys.rest(0, NOW, 9.0)
    assert choice.knock(route, NOW) == 1


# ---------------------------------------------------------------------------------------------------------- properties
STATES = ("open", "full", "out", "due", "suspect", "suspect due", "resting", "dead")


@given(
    st.lists(st.tuples(st.sampled_from(STATES), st.integers(0, 2)), max_size=8),
    lucks,
    st.none() | st.integers(0, 99),
    st.booleans(),
)
def test_whatever_the_route(endpoints: list[tuple[str, int]], luck: float, key: int | None, retry: bool) -> None:
    route = [_one(state, tier=tier, seed=at) for at, (state, tier) in enumerate(endpoints)]
    before = [(one.outstanding, one.shut, one.breaker.trial) for one in route]
    found = choose(route, NOW, luck, key=key, retry=retry)
    states = [endpoints[at][0] for at in found.order]
    assert len(set(found.order)) == len(found.order)
    assert "dead" not in states
    assert bool(found.order) == any(state != "dead" for state, _ in endpoints)
    assert (found.wait > 0) == (found.reason == choice.ALL_REST)
    assert ("resting" in states) == (found.wait > 0)
    assert {at for at, (state, _) in enumerate(endpoints) if state == "open"} <= set(found.order)
    assert [(one.outstanding, one.shut, one.breaker.trial) for one in route] == before
    if found.order and not found.wait and states[0] != "full":
        assert found.forced or route[found.order[0]].admits(NOW)
        better = [tier for state, tier in endpoints if state == "open"]
        assert endpoints[found.order[0]][1] <= min(better, default=math.inf)
    if retry and "open" in states:
        due = [state.endswith("due") for state in states]
        assert due == sorted(due)
        assert sum(due) == sum(state.endswith("due") for state, _ in endpoints)
    shut = sum(one.shut for one in route)
    if states and states[0] in {"out", "suspect"}:
        assert panics(shut, len(route)) or not {"open", "full", "due"} & {state for state, _ in endpoints}


def test_a_fast_failing_one_is_hardly_asked() -> None:
    """One request a second for 40 minutes over five endpoints, one of which fails at once: FACTS has 40 hits."""
    route = [Standing(Keyring(Credentials(1)), 0.0) for _ in range(5)]
    hits, luck = 0, 0.0
    for second in range(2400):
        luck = (luck * 7919.3 + 0.137) % 1
        order = choose(route, second, luck).order
        for at in order:
            held = route[at].enter(second)
            route[at].leave(held, RESET if at == 0 else None, second, luck)
            hits += at == 0
            if at:
                break
        else:
            pytest.fail("given up")
    assert hits <= 60
