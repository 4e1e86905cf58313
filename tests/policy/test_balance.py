"""The balance: shares follow weights, idle or busy, alone or on four workers; what is loaded or failing is avoided."""

from __future__ import annotations

import heapq
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.examples import examples

from outwait.policy import balance
from outwait.policy.balance import BY_WEIGHT, LEAST_LOADED
from outwait.policy.keyring import Credentials, Keyring
from outwait.policy.standing import Standing


def _route(*weights: float, since: float = -60.0) -> list[Standing]:
    return [Standing(Keyring(Credentials(1)), since, weight=weight) for weight in weights]


def _first(route: list[Standing], luck: float, now: float = 0.0) -> int:
    return balance.order(route, list(range(len(route))), now, luck)[0][0]


def _idle(route: list[Standing], lucks: list[float], now: float = 0.0) -> Counter[int]:
    return Counter(_first(route, luck, now) for luck in lucks)


def _spread(count: int) -> list[float]:
    """`count` numbers that stand for all of chance: what is counted over them is a probability."""
    return [(at + 0.5) / count for at in range(count)]


def _chance(seed: int, count: int) -> list[float]:
    chance = random.Random(seed)
    return [chance.random() for _ in range(count)]


def _shares(weights: tuple[float, ...], flying: float, count: int = 20_000) -> list[float]:
    """Each endpoint's requests over what its weight promises, with `flying` requests running in the mean."""
    route, chance = _route(*weights), random.Random(5)
    hits, ends, now = [0] * len(weights), list[tuple[float, int]](), 0.0
    for _ in range(count):
        now += chance.expovariate(flying)
        while ends and ends[0][0] <= now:
            route[heapq.heappop(ends)[1]].outstanding -= 1
        at = _first(route, chance.random())
        hits[at] += 1
        route[at].outstanding += 1
        heapq.heappush(ends, (now + chance.expovariate(1), at))
    return [hit * sum(weights) / weight / count for hit, weight in zip(hits, weights, strict=True)]


# -------------------------------------------------------------------------------------------------------------- shares
@pytest.mark.parametrize("weights", [(1, 2, 3), (1, 1), (1, 99), (0.2, 5, 1, 1)])
def test_shares_of_idle_endpoints_are_their_weights_exactly(weights: tuple[float, ...]) -> None:
    hits = _idle(_route(*weights), _spread(10_000))
    for at, weight in enumerate(weights):
        assert hits[at] == pytest.approx(10_000 * weight / sum(weights), abs=1)


@pytest.mark.parametrize("workers", [1, 4])
def test_one_two_three_over_ten_thousand_idle_requests(workers: int) -> None:
    route = _route(1, 2, 3)  # idle, so one may stand for those of all workers
    hits = sum((_idle(route, _chance(seed, 10_000 // workers)) for seed in range(workers)), Counter[int]())
    for at, part in enumerate((1, 2, 3)):
        assert abs(hits[at] / 10_000 - part / 6) < 0.02  # four sigma of the widest


@given(st.integers(0, 1 << 30))
@settings(max_examples=examples(30))
def test_whatever_the_chance_no_share_is_off_by_three_points(seed: int) -> None:
    hits = _idle(_route(1, 2, 3), _chance(seed, 4000))
    for at, part in enumerate((1, 2, 3)):
        assert abs(hits[at] / 4000 - part / 6) < 0.04  # five sigma; of 10,000 it is 0.025


@pytest.mark.parametrize("weights", [(1, 2, 3), (1, 9), (1, 1, 4, 4), (0.5, 1, 1.5)])
@pytest.mark.parametrize("flying", [0.5, 2, 30])
def test_shares_hold_while_requests_run(weights: tuple[float, ...], flying: float) -> None:
    assert _shares(weights, flying) == pytest.approx([1] * len(weights), rel=0.06)


def test_a_new_one_of_three_gets_its_part_and_the_others_keep_their_shares() -> None:
    route = _route(1, 2, 3)
    route[2] = _route(3, since=0)[0]
    for now, weight in ((0.0, 0.3), (30.0, 1.5), (60.0, 3.0)):
        hits = _idle(route, _spread(10_000), now)
        for at, part in enumerate((1, 2, weight)):
            assert hits[at] == pytest.approx(10_000 * part / (3 + weight), rel=0.03, abs=6)


def test_a_new_one_is_not_flooded_among_the_busy() -> None:
    route = [*_route(1, 1, 1), *_route(1, since=0)]
    for standing in route[:3]:
        standing.outstanding = 50
    hits = _idle(route, _spread(10_000))
    # It wins each draw of two it is in, about twice its share of the weights, and no more; later its load tells.
    assert hits[3] == pytest.approx(10_000 * (0.1 / 3.1 + 3 / 3.1 * 0.1 / 2.1), rel=0.01)
    route[3].outstanding = 5
    assert _idle(route, _spread(10_000))[3] == pytest.approx(10_000 * 0.1 / 3.1, rel=0.1)


def test_all_new_is_as_good_as_all_old() -> None:
    hits = _idle(_route(1, 2, 3, since=0), _spread(6000))
    assert [hits[at] for at in range(3)] == pytest.approx([1000, 2000, 3000], rel=0.03)


# ------------------------------------------------------------------------------------------------------- load, failure
@given(st.floats(0, 1, exclude_max=True))
def test_of_two_alike_the_one_with_fewer_requests_has_it(luck: float) -> None:
    route = _route(2, 2)
    route[0].outstanding = 1
    order, reason = balance.order(route, [0, 1], 0, luck)
    assert order == [1, 0]
    assert reason == LEAST_LOADED


def test_a_part_of_a_request_more_is_a_part_of_a_chance() -> None:
    route = _route(1, 3)
    route[1].outstanding = 1
    # One for weight 3 is a third of one for weight 1, and a third of that makes up for the second draw.
    hits = _idle(route, _spread(10_000))
    assert hits[0] == pytest.approx(10_000 * (1 / 4 + 3 / 4 / 9), rel=0.01)
    route[1].outstanding, route[0].outstanding = 0, 1
    assert _idle(route, _spread(1000))[0] == 0


def test_two_alike_and_idle_are_a_matter_of_chance_and_say_so() -> None:
    route = _route(1, 1)
    assert balance.order(route, [0, 1], 0, 0.2) == ([0, 1], BY_WEIGHT)
    assert balance.order(route, [0, 1], 0, 0.7) == ([1, 0], BY_WEIGHT)


@given(st.floats(0, 1, exclude_max=True))
def test_a_failure_is_five_requests_and_fades(luck: float) -> None:
    route = _route(1, 1)
    route[0].penalty.add(0)
    route[1].outstanding = 4
    assert _first(route, luck) == 1
    route[1].outstanding = 6
    assert _first(route, luck) == 0
    route[1].outstanding = 0
    assert _first(route, luck, 48) == 1  # 5 / e**1.6 is 1.01


def test_what_is_left_of_a_penalty_is_a_chance() -> None:
    route = _route(1, 1)
    route[0].penalty.add(0)
    hits = _idle(route, _spread(10_000), 69.0776)  # 5 / e**2.3026 is 0.5
    assert hits[0] == pytest.approx(2500, rel=0.02)


def test_a_penalty_counts_in_full_for_the_heavy_too() -> None:
    route = _route(1, 99)
    route[1].penalty.add(0)
    assert _idle(route, _spread(1000)) == {0: 1000}


# --------------------------------------------------------------------------------------------------------------- order
def test_the_rest_follows_from_the_least_loaded_to_the_most() -> None:
    route = _route(1, 1, 1, 1, 2, 1)
    for at, running in enumerate((9, 9, 3, 1, 4, 0)):
        route[at].outstanding = running
    route[5].penalty.add(0)
    order, _ = balance.order(route, [0, 1, 2, 3, 4, 5], 0, 0.01)
    assert order == [0, 1, 3, 4, 2, 5]


def test_chance_decides_among_equals_of_the_rest() -> None:
    seen = {tuple(balance.order(_route(1, 1, 1, 1), [0, 1, 2, 3], 0, luck)[0]) for luck in _spread(300)}
    assert {order[2] for order in seen} == {0, 1, 2, 3}
    assert {order[:2] for order in seen} == {(a, b) for a in range(4) for b in range(4) if a != b}


@given(
    st.lists(st.tuples(st.floats(1e-3, 1e3), st.integers(0, 50), st.booleans()), min_size=2, max_size=8),
    st.floats(0, 1, exclude_max=True),
    st.floats(-60, 100),
    st.data(),
)
def test_the_order_has_everybody_of_the_pool_once(
    endpoints: list[tuple[float, int, bool]], luck: float, now: float, data: st.DataObject
) -> None:
    route = _route(*[weight for weight, _, _ in endpoints])
    for standing, (_, running, failed) in zip(route, endpoints, strict=True):
        standing.outstanding = running
        if failed:
            standing.penalty.add(-60)
    pool = data.draw(st.lists(st.sampled_from(range(len(route))), min_size=2, unique=True))
    order, reason = balance.order(route, pool, now, luck)
    assert sorted(order) == sorted(pool)
    assert reason in {LEAST_LOADED, BY_WEIGHT}


@pytest.mark.parametrize("luck", [0.0, 1 - 2**-53, 0.1, 0.3, 0.5, 2 / 3, 0.7, 0.9])
def test_the_ends_of_the_line_are_no_trouble(luck: float) -> None:
    for weights in ((0.1, 0.2), (0.1, 0.1, 0.1), (1e-9, 1e9), (1e9, 1e-9, 1e-9), (0.3, 0.3, 0.3, 1e-12)):
        order, _ = balance.order(_route(*weights), list(range(len(weights))), 0, luck)
        assert sorted(order) == list(range(len(weights)))
