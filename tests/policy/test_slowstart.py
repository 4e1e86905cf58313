"""The slow start: a tenth at once, all after a minute, never less than before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.policy.slowstart import SlowStart, share


@pytest.mark.parametrize(
    "age, expected", [(-5, 0.1), (0, 0.1), (6, 0.1), (7, 7 / 60), (30, 0.5), (59, 59 / 60), (60, 1), (1e9, 1)]
)
def test_the_share_grows_with_age(age: float, expected: float) -> None:
    assert share(age) == pytest.approx(expected)


@given(st.floats(0, 100), st.floats(0, 100))
def test_it_never_falls_and_is_never_nothing(one: float, other: float) -> None:
    young, old = sorted((one, other))
    assert 0.1 <= share(young) <= share(old) <= 1


def test_other_numbers_and_none_at_all() -> None:
    assert share(5, SlowStart(span=10, least=0.2)) == 0.5
    assert share(1, SlowStart(span=10, least=0.2)) == 0.2
    assert share(0, SlowStart(span=0)) == 1
