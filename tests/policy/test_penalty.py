"""The penalty: 5 a failure, a factor e in 30 s, forgotten in the end."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.policy.penalty import Penalty, PenaltyRule


def test_none_without_a_failure() -> None:
    penalty = Penalty()
    assert (penalty.level, penalty.of(100)) == (0, 0)


def test_five_for_each_failure_and_an_e_fold_in_thirty_seconds() -> None:
    penalty = Penalty()
    penalty.add(10)
    assert penalty.of(10) == 5
    assert penalty.of(40) == pytest.approx(5 / math.e)
    penalty.add(40)
    assert penalty.of(40) == pytest.approx(5 + 5 / math.e)


def test_it_is_forgotten() -> None:
    penalty = Penalty()
    penalty.add(0)
    assert penalty.of(255) > 0
    assert penalty.level
    assert penalty.of(256) == 0
    assert not penalty.level


def test_a_clock_that_goes_back_does_not_raise_it() -> None:
    penalty = Penalty()
    penalty.add(100)
    assert penalty.of(0) == 5


def test_clearing_and_other_numbers() -> None:
    penalty = Penalty(PenaltyRule(step=2, fold=1))
    penalty.add(0)
    assert penalty.of(1) == pytest.approx(2 / math.e)
    penalty.clear()
    assert (penalty.level, penalty.of(0)) == (0, 0)


@given(st.lists(st.floats(0, 100), max_size=30))
def test_it_is_the_sum_of_what_each_failure_left(steps: list[float]) -> None:
    penalty, now, at = Penalty(), 0.0, []
    for step in steps:
        now += step
        penalty.add(now)
        at.append(now)
    assert penalty.of(now) == pytest.approx(sum(5 * math.exp((one - now) / 30) for one in at), abs=0.01)
