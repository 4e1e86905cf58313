"""Results of the last minute: nothing is lost inside it, nothing stays beyond it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.policy.window import Window


def test_it_counts_results_and_failures() -> None:
    window = Window(0)
    window.add(1, failed=False)
    window.add(2, failed=True)
    assert (window.total, window.failed) == (2, 1)


def test_a_result_stays_until_its_bucket_comes_round() -> None:
    window = Window(0)
    window.add(5.9, failed=True)
    assert window.look(59.9) == (1, 1)
    assert window.look(60) == (0, 0)


def test_it_slides_bucket_by_bucket() -> None:
    window = Window(0)
    window.add(0, failed=True)
    window.add(6, failed=False)
    assert window.look(59) == (2, 1)
    assert window.look(60) == (1, 0)
    assert window.look(66) == (0, 0)


def test_a_long_pause_empties_it() -> None:
    window = Window(1000)
    window.add(1000, failed=True)
    assert window.look(1e9) == (0, 0)


def test_a_clock_that_goes_back_counts_into_the_newest_bucket() -> None:
    window = Window(0)
    window.add(30, failed=True)
    window.add(3, failed=True)
    assert window.look(62) == (2, 2)


def test_it_begins_at_any_time() -> None:
    window = Window(600)
    window.add(600, failed=True)
    assert window.look(659) == (1, 1)
    assert window.look(660) == (0, 0)


def test_clearing_forgets_all_buckets() -> None:
    window = Window(0)
    window.add(0, failed=True)
    window.add(9, failed=False)
    window.clear()
    assert window.look(10) == (0, 0)
    assert window.look(70) == (0, 0)  # nothing is subtracted later
    window.add(71, failed=True)
    assert window.look(71) == (1, 1)


@pytest.mark.parametrize("buckets, alive", [(10, 59.9), (2, 30)])
def test_its_shape_can_be_chosen(buckets: int, alive: float) -> None:
    window = Window(0, 60, buckets)
    window.add(0, failed=True)
    assert window.look(alive)[0] == 1
    assert window.look(60)[0] == 0


@given(st.lists(st.tuples(st.floats(0, 40), st.booleans()), max_size=60))
def test_it_agrees_with_a_plain_count(steps: list[tuple[float, bool]]) -> None:
    window, now, seen = Window(0), 0.0, []
    for step, failed in steps:
        now += step
        window.add(now, failed=failed)
        seen.append((int(now // 6), failed))
        kept = [bad for bucket, bad in seen if bucket > int(now // 6) - 10]
        assert (window.total, window.failed) == (len(kept), sum(kept))
