"""Sticking: the same endpoint for the same key, fair by weight, few keys move, nobody is too full."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.policy import stick
from outwait.policy.keyring import Credentials, Keyring
from outwait.policy.standing import Standing
from outwait.policy.stick import OVERFLOW, STICKY, StickRule, digest, mixed

KEYS = [digest(f"conversation {number}") for number in range(3000)]


def _route(*weights: float, since: float = -60.0) -> list[Standing]:
    made = enumerate(weights)
    return [Standing(Keyring(Credentials(1)), since, weight=one, seed=digest(f"channel {at}")) for at, one in made]


def _order(route: list[Standing], key: int, now: float = 0.0, rule: StickRule = stick.DEFAULT) -> list[int]:
    return stick.order(route, list(range(len(route))), now, key, rule)[0]


def test_a_digest_is_the_same_everywhere() -> None:
    assert digest("outwait") == 0xC7CBF17673CA80EF
    assert 0 <= digest("") < 1 << 64
    assert digest("\ud800") != digest("?")


@given(st.integers(0, (1 << 64) - 1), st.integers(0, (1 << 64) - 1))
def test_a_mix_is_a_chance_that_never_changes(key: int, seed: int) -> None:
    assert 0 < mixed(key, seed) < 1
    assert mixed(key, seed) == mixed(key, seed)


def test_mixes_are_even_and_each_pair_has_its_own() -> None:
    drawn = [mixed(key, digest("channel")) for key in KEYS]
    tenths = Counter(int(one * 10) for one in drawn)
    assert all(abs(count - 300) < 80 for count in tenths.values())
    assert mixed(0, 0) > 0
    assert mixed(1, 0) != mixed(2, 0)


def test_the_same_key_has_the_same_order_and_keys_spread_by_weight() -> None:
    route = _route(1, 2, 3)
    hits = Counter(_order(route, key)[0] for key in KEYS)
    assert [hits[at] for at in range(3)] == pytest.approx([500, 1000, 1500], rel=0.12)
    assert all(_order(route, key) == _order(route, key) for key in KEYS[:50])


def test_when_one_goes_only_its_own_keys_move_and_they_spread() -> None:
    route = _route(1, 1, 1, 1)
    moved = Counter[int]()
    for key in KEYS:
        before = _order(route, key)
        after, _ = stick.order(route, [0, 1, 3], 0, key)
        assert after == [at for at in before if at != 2]
        if before[0] == 2:
            moved[after[0]] += 1
    assert all(moved[at] > 150 for at in (0, 1, 3))


def test_in_a_slow_start_keys_only_move_to_the_one_that_starts() -> None:
    route = [*_route(1, 1, 1)]
    route[0].warm_at = 60.0
    for key in KEYS[:600]:
        firsts = [_order(route, key, now)[0] for now in (0.0, 15.0, 30.0, 45.0, 60.0)]
        others = {at for at in firsts if at}
        assert len(others) <= 1
        if 0 in firsts:
            assert not any(firsts[firsts.index(0) :])
    assert sum(_order(route, key, 0.0)[0] == 0 for key in KEYS) == pytest.approx(3000 * 0.1 / 2.1, rel=0.25)


def test_a_full_favourite_is_passed_over_for_the_next_in_the_keys_own_order() -> None:
    route, key = _route(1, 1, 1, 1), KEYS[0]
    ranked = _order(route, key)
    for standing in route:
        standing.outstanding = 7
    route[ranked[0]].outstanding = 10  # bound: 1.25 * (1 + 31) / 4 is 10
    found, reason = stick.order(route, [0, 1, 2, 3], 0, key)
    assert found == [*ranked[1:], ranked[0]]
    assert reason == OVERFLOW
    route[ranked[0]].outstanding = 9
    assert stick.order(route, [0, 1, 2, 3], 0, key) == (ranked, STICKY)


def test_one_further_down_that_is_full_goes_last() -> None:
    route, key = _route(1, 1, 1), KEYS[1]
    ranked = _order(route, key)
    route[ranked[1]].outstanding = 9
    assert stick.order(route, [0, 1, 2], 0, key) == ([ranked[0], ranked[2], ranked[1]], STICKY)


def test_a_few_are_never_too_many() -> None:
    route, key = _route(1, 1), KEYS[2]
    ranked = _order(route, key)
    route[ranked[0]].outstanding = 3
    assert _order(route, key) == ranked
    route[ranked[0]].outstanding = 4
    assert _order(route, key) == ranked[::-1]
    assert _order(route, key, rule=StickRule(spare=5)) == ranked
    assert _order(route, key, rule=StickRule(bound=2)) == ranked
    route[ranked[0]].outstanding = 1
    assert _order(route, key, rule=StickRule(spare=0, bound=1)) == ranked[::-1]


def test_the_bound_is_a_share_by_weight() -> None:
    route, key = _route(1, 3), next(key for key in KEYS if _order(_route(1, 3), key) == [1, 0])
    route[0].outstanding, route[1].outstanding = 6, 18  # bound of the heavy: 1.25 * 25 * 3 / 4 is 23.4
    assert _order(route, key) == [1, 0]
    route[0].outstanding, route[1].outstanding = 0, 24
    assert _order(route, key) == [0, 1]


@given(
    st.lists(st.tuples(st.floats(0.01, 100), st.integers(0, 60)), min_size=1, max_size=8),
    st.integers(0, (1 << 64) - 1),
)
def test_somebody_always_has_room_and_the_first_does(endpoints: list[tuple[float, int]], key: int) -> None:
    route = _route(*[weight for weight, _ in endpoints])
    for standing, (_, running) in zip(route, endpoints, strict=True):
        standing.outstanding = running
    order = _order(route, key)
    assert sorted(order) == list(range(len(route)))
    first = route[order[0]]
    running, weights = 1 + sum(running for _, running in endpoints), sum(weight for weight, _ in endpoints)
    assert first.outstanding + 1 <= max(4, math.ceil(1.25 * running * first.weight / weights) + 1e-9)
