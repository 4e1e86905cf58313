"""The arithmetic of the report."""

from __future__ import annotations

import pytest
from bench.figures import Drift, Ratio, drift, percentile, ratio, slope
from hypothesis import given
from hypothesis import strategies as st


def test_ratio_compares_within_a_round() -> None:
    found = ratio({0: 50.0, 1: 30.0, 2: 90.0}, {0: 100.0, 1: 50.0, 2: 100.0})
    assert found == Ratio(middle=0.6, low=0.5, high=0.9)
    assert str(found) == "0.60 (0.50-0.90)"


def test_rounds_without_a_usable_baseline_are_left_out() -> None:
    assert ratio({0: 5.0, 1: 6.0, 2: 1.0}, {1: 3.0, 2: 0.0}) == Ratio(2.0, 2.0, 2.0)
    assert ratio({0: 5.0}, {}) is None


def test_percentile_is_a_value_that_was_seen() -> None:
    values = [float(n) for n in range(1, 101)]
    assert percentile(values, 0.99) == 99.0
    assert percentile(values, 0.5) == 50.0
    assert percentile([7.0], 0.99) == 7.0
    assert percentile([], 0.99) == 0.0


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0, 1))
def test_percentile_bounds_its_share(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9


@given(st.floats(-100, 100), st.floats(-1e4, 1e4), st.integers(2, 50))
def test_slope_finds_a_line(rise: float, base: float, count: int) -> None:
    assert slope([(float(n), base + rise * n) for n in range(count)]) == pytest.approx(rise, abs=1e-6)


def test_slope_of_a_point_or_of_nothing_is_level() -> None:
    assert slope([]) == 0.0
    assert slope([(3.0, 9.0)]) == 0.0


def test_drift_leaves_the_warm_up_out() -> None:
    samples = [(float(n), 50_000.0 if n >= 10 else n * 5000.0) for n in range(31)]
    found = drift(samples)
    assert found == Drift(slope=0.0, growth=0.0, level=50_000.0)
    assert found.flat()


def test_drift_sees_a_leak() -> None:
    found = drift([(float(second), 50_000.0 + 10.0 * second) for second in range(0, 601, 5)])
    assert found.slope == pytest.approx(600.0)
    assert found.growth == pytest.approx(4000.0)
    assert not found.flat()


def test_little_growth_of_little_memory_is_flat_and_nothing_is_too() -> None:
    assert drift([(float(n), 5000.0 + n) for n in range(600)]).flat()
    assert drift([]).flat()
