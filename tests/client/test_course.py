from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.client.course import PAGES, PASSING, Course, Found, Reattach, found


def test_pauses_grow_up_to_a_cap_and_end() -> None:
    course = Course(Reattach(attempts=4, base=1, cap=3), read=None, now=0)
    assert [course.broke(0, 0.5) for _ in range(5)] == [0.5, 1.0, 1.5, 1.5, None]
    course.alive(0)
    assert course.broke(0, 0.5) == 0.5


@pytest.mark.parametrize("within, read, bound", [(None, None, 600), (None, 20.0, 20), (50.0, 20.0, 50)])
def test_the_wait_is_bounded(within: float | None, read: float | None, bound: float) -> None:
    rules = Reattach(within=within, base=0)
    assert Course(rules, read, now=100).broke(100 + bound - 1, 0) == 0
    assert Course(rules, read, now=100).broke(100 + bound, 0) is None
    course = Course(rules, read, now=100)
    course.alive(200)
    assert course.broke(100 + bound, 0) == 0


def test_a_pause_counts_too() -> None:
    assert Course(Reattach(within=10, base=4, cap=100), None, now=0).broke(7, 0.9) is None
    assert Course(Reattach(within=10, base=0), None, now=0).broke(0, 0, retry_after=9) == 9
    assert Course(Reattach(within=10, base=0), None, now=0).broke(0, 0, retry_after=10) is None
    assert Course(Reattach(within=1000), None, now=0).broke(0, 0, retry_after=121) is None


@given(st.lists(st.tuples(st.floats(0, 50), st.booleans()), max_size=40), st.floats(0, 0.999))
def test_no_wait_is_longer_than_allowed(steps: list[tuple[float, bool]], luck: float) -> None:
    """Whatever happens: never more attempts in a row, and never a pause that ends too late."""
    course, now, alive, row = Course(Reattach(attempts=5, within=60), None, 0), 0.0, 0.0, 0
    for seconds, byte in steps:
        now += seconds
        if byte:
            course.alive(now)
            alive, row = now, 0
        else:
            pause = course.broke(now, luck)
            if pause is not None:
                row += 1
                now += pause
                assert row <= 5
                assert now - alive < 60


@pytest.mark.parametrize("wrong", [{"attempts": -1}, {"base": -1}, {"cap": -0.1}, {"within": 0}, {"silence": -3}])
def test_rules_make_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"or more|more than 0"):
        Reattach(**wrong)


def test_what_is_at_the_other_end() -> None:
    assert found(200, "ow_1", "ow_1") is Found.ANSWER
    assert found(201, "ow_1", "ow_1") is Found.ANSWER
    assert found(504, "ow_1", "ow_1") is Found.ERROR
    assert found(404, "ow_2", "ow_1") is Found.NOTHING
    assert found(200, None, "ow_1") is Found.NOTHING
    assert {found(status, None, "ow_1") for status in PASSING} == {Found.BUSY}
    assert {found(status, "ow_2", "ow_1") for status in PASSING} == {Found.BUSY}
    assert PAGES <= PASSING
