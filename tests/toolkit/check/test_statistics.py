from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.toolkit.check.statistics import Figures, figures, quantile, rank_test, share_test

values = st.lists(st.floats(0, 1000), min_size=1, max_size=60)


@pytest.mark.parametrize(
    "n, share, rank", [(1, 0.5, 1), (2, 0.5, 1), (10, 0.5, 5), (10, 0.95, 10), (20, 0.95, 19), (100, 0.95, 95)]
)
def test_quantiles_are_by_nearest_rank(n: int, share: float, rank: int) -> None:
    assert quantile(list(range(1, n + 1)), share) == rank


def test_the_figures_of_some_values() -> None:
    assert figures([3.0, 1.0, 2.0]) == Figures(3, 2.0, 3.0, 3.0)
    assert figures([3.0, 1.0, 2.0], high_is_good=True) == Figures(3, 2.0, 1.0, 1.0)
    assert figures([]) is None


@given(values)
def test_figures_are_measured_values_in_order(measured: list[float]) -> None:
    found = figures(measured)
    assert found is not None
    assert found.p50 <= found.p95 <= found.worst == max(measured)
    assert {found.p50, found.p95} <= set(measured)


def test_ranks_know_two_kinds_from_one() -> None:
    low, high = [1.0 + i / 100 for i in range(10)], [2.0 + i / 100 for i in range(10)]
    assert rank_test(low, high) < 0.001
    assert rank_test(low, low) == pytest.approx(1.0, abs=0.01)
    assert rank_test(low[::2], low[1::2]) > 0.5


def test_ranks_agree_with_the_published_example() -> None:
    """Tortoise and hare, 6 against 6: U = 11 (en.wikipedia.org/wiki/Mann-Whitney_U_test); the normal approximation of
    U = 11 with continuity is z = (18 - 11 - 0.5) / sqrt(39)."""
    tortoises, hares = [1.0, 7.0, 8.0, 9.0, 10.0, 11.0], [2.0, 3.0, 4.0, 5.0, 6.0, 12.0]
    assert rank_test(tortoises, hares) == pytest.approx(math.erfc(6.5 / math.sqrt(39) / math.sqrt(2)))


def test_failures_count_as_waiting_for_ever() -> None:
    well, ill = [1.0] * 10, [0.9] * 2 + [math.inf] * 8
    assert rank_test(well, ill) < 0.05


@given(values, values)
def test_ranks_do_not_care_who_is_first(ours: list[float], theirs: list[float]) -> None:
    p = rank_test(ours, theirs)
    assert 0.0 <= p <= 1.0
    assert p == pytest.approx(rank_test(theirs, ours))


def test_nothing_tells_nothing() -> None:
    assert rank_test([], [1.0]) == rank_test([1.0], []) == 1.0
    assert rank_test([1.0, 1.0], [1.0]) == 1.0
    assert share_test(0, 0, 3, 3) == share_test(3, 3, 0, 0) == 1.0


def test_shares_agree_with_fishers_tea() -> None:
    """The lady tasting tea: 3 of 4 against 1 of 4 has a two-sided p of 34/70 (Fisher, The Design of Experiments)."""
    assert share_test(3, 4, 1, 4) == pytest.approx(34 / 70)
    assert share_test(4, 4, 0, 4) == pytest.approx(2 / 70)
    assert share_test(10, 10, 9, 10) == pytest.approx(1.0)


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20), st.integers(0, 20))
def test_shares_are_probabilities(good: int, bad: int, also_good: int, also_bad: int) -> None:
    p = share_test(good, good + bad, also_good, also_good + also_bad)
    assert 0.0 < p <= 1.0
    assert p == pytest.approx(share_test(also_good, also_good + also_bad, good, good + bad))
