"""The sketch: 2 % wherever it promises it, merging without loss, plain data, two halves that rotate."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.policy import sketch
from outwait.policy.sketch import BUCKETS, ERROR, GROWTH, HALF, Rotating, Sketch, bucket, restored

INSIDE = st.floats(0.001, 10_000)
ANY = st.floats(0, 1e7)


def _of(values: list[float]) -> Sketch:
    made = Sketch()
    for value in values:
        made.add(value)
    return made


def _same(one: Sketch, other: Sketch) -> bool:
    return one.export() == other.export() and one.count == other.count


def test_the_numbers() -> None:
    assert (sketch.ERROR, sketch.LOWEST, sketch.HIGHEST, sketch.HALF, sketch.MOST) == (0.02, 1e-3, 1e4, 86_400, 2**53)
    assert BUCKETS == 403


def test_an_empty_one_says_zero() -> None:
    empty = Sketch()
    assert (empty.count, empty.low, empty.high, empty.quantile(0.5), empty.quantile(1), empty.rank(9)) == (0,) * 6
    assert empty.export() == {"error": 0.02, "low": 0.0, "high": 0.0, "buckets": []}


@given(st.lists(INSIDE, min_size=1), st.floats(0, 1))
def test_a_quantile_is_within_two_percent(values: list[float], share: float) -> None:
    exact = sorted(values)[int(share * (len(values) - 1))]
    assert _of(values).quantile(share) == pytest.approx(exact, rel=ERROR + 1e-9)


@given(st.lists(ANY, min_size=1))
def test_extremes_are_exact_and_hold_every_quantile(values: list[float]) -> None:
    made = _of(values)
    assert (made.low, made.high, made.count) == (min(values), max(values), len(values))
    assert (made.quantile(0), made.quantile(-1), made.quantile(1), made.quantile(2)) == (made.low,) * 2 + (
        made.high,
    ) * 2
    told = [made.quantile(share / 10) for share in range(11)]
    assert told == sorted(told)
    assert all(made.low <= value <= made.high for value in told)


def test_both_ends_of_a_bucket_are_told_as_its_middle() -> None:
    edge = 0.001 * GROWTH**200
    made = _of([edge / 2, edge * 1.0001, edge * GROWTH * 0.9999, edge * 5])
    assert bucket(edge * 1.0001) == bucket(edge * GROWTH * 0.9999) == 200
    middle = made.quantile(0.34)
    assert middle == made.quantile(0.67)
    assert middle / edge == pytest.approx(1 + ERROR)
    assert middle / (edge * GROWTH) == pytest.approx(1 - ERROR)


@given(st.lists(INSIDE, min_size=1), INSIDE)
def test_a_rank_is_right_for_some_value_within_a_bucket(values: list[float], at: float) -> None:
    told = _of(values).rank(at)
    below, above = (sum(v <= at * by for v in values) / len(values) for by in (1 - 1e-9, GROWTH + 1e-9))
    assert below - 1e-12 <= told <= above + 1e-12


def test_rank() -> None:
    made = _of([1, 2, 3, 4])
    assert [made.rank(at) for at in (0.5, 1, 2.5, 3, 4, 1e9, math.inf)] == [0, 0.25, 0.5, 0.75, 1, 1, 1]


def test_what_lies_outside_is_counted_at_the_ends() -> None:
    made = _of([0, 0.001, 0.0005, 10_000, 99_999])
    assert [[at, count] for at, count in enumerate(made.buckets) if count] == [[0, 3], [402, 2]]
    assert (bucket(0), bucket(0.001), bucket(0.00105), bucket(9_999), bucket(1e9)) == (0, 0, 1, 402, 402)


@given(ANY)
def test_adding_and_looking_up_agree(value: float) -> None:
    assert _of([value]).buckets[bucket(value)] == 1


@pytest.mark.parametrize("bad", [-0.001, math.nan, math.inf])
def test_no_wait_lasts_like_that(bad: float) -> None:
    made = Sketch()
    with pytest.raises(ValueError, match="cannot last"):
        made.add(bad)
    assert made.count == 0


@given(st.lists(ANY), st.lists(ANY))
def test_merging_is_adding_everything(one: list[float], other: list[float]) -> None:
    merged, second = _of(one), _of(other)
    before = second.export()
    merged.merge(second)
    assert _same(merged, _of(one + other))
    merged.add(1.0)
    assert second.export() == before  # nothing is shared


@given(st.lists(ANY))
def test_plain_data_comes_back_whole(values: list[float]) -> None:
    made = _of(values)
    assert _same(restored(json.loads(json.dumps(made.export()))), made)


def test_memory_is_fixed() -> None:
    made = _of([0.001 * 1.01**n for n in range(2000)])
    assert len(made.buckets) * made.buckets.itemsize == 8 * 403


GOOD = {"error": 0.02, "low": 1, "high": 2.0, "buckets": [[173, 1], [190, 2]]}


def test_pairs_of_one_bucket_add_up() -> None:
    made = restored(GOOD | {"buckets": [[173, 1], (173, 2)]})
    assert (made.count, made.buckets[173], made.low, made.high) == (3, 3, 1.0, 2.0)
    assert restored(GOOD | {"low": 2, "buckets": [[402, 2**53]]}).count == 2**53


@pytest.mark.parametrize(
    "change, field",
    [
        ({"error": 0.01}, "error"),
        ({"error": None}, "error"),
        ({"buckets": None}, "buckets"),
        ({"buckets": {"1": 2}}, "buckets"),
        ({"buckets": [[403, 1]]}, "buckets"),
        ({"buckets": [[-1, 1]]}, "buckets"),
        ({"buckets": [[1, 0]]}, "buckets"),
        ({"buckets": [[1, 2**53 + 1]]}, "buckets"),
        ({"buckets": [[1, 1.5]]}, "buckets"),
        ({"buckets": [[1, 1, 1]]}, "buckets"),
        ({"buckets": [7]}, "buckets"),
        ({"low": -1}, "low"),
        ({"low": True}, "low"),
        ({"low": 3}, "low: it is above high"),
        ({"high": "2"}, "high"),
        ({"high": math.inf}, "high"),
        ({"high": math.nan}, "high"),
    ],
)
def test_bad_plain_data_is_refused_by_field(change: dict, field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}"):
        restored(GOOD | change)


@pytest.mark.parametrize("bad", [None, [], "x"])
def test_a_sketch_is_a_mapping(bad: object) -> None:
    with pytest.raises(ValueError, match="mapping"):
        restored(bad)


def test_halves_rotate() -> None:
    window = Rotating(100)
    window.add(1, 100)
    window.add(2, 100 + HALF - 1)
    assert window.count(100 + HALF) == 2
    window.add(4, 100 + HALF)
    assert window.whole(100 + 2 * HALF - 1).count == 3
    kept = window.whole(100 + 2 * HALF)
    assert (kept.count, kept.low) == (1, 4)
    assert window.count(100 + 3 * HALF) == 0


def test_the_turns_stay_on_their_grid() -> None:
    window = Rotating(0, half=10)
    window.add(1, 15)  # five seconds late
    window.add(2, 20)
    assert window.count(29) == 2
    assert window.count(30) == 1


@pytest.mark.parametrize("last, left", [(9.9, 2), (10, 2), (20, 1), (30, 1)])
def test_whatever_is_done_turns_when_it_is_time(last: float, left: int) -> None:
    one, other, third = Rotating(0, half=10), Rotating(0, half=10), Rotating(0, half=10)
    for window in (one, other, third):
        window.add(1, 0)
    one.add(2, last)
    other.absorb(_of([2]), last)
    third.add(2, last)
    assert (one.count(last), other.count(last), third.whole(last).count) == (left, left, left)
    assert one._turn == other._turn == third._turn == {9.9: 10, 10: 20, 20: 30, 30: 40}[last]


def test_after_a_long_rest_nothing_is_left() -> None:
    window = Rotating(0, half=10)
    window.add(1, 9)
    window.absorb(_of([2]), 20)
    assert window.count(20) == 1
    window.absorb(_of([3]), 29)  # the first turn after the rest is a whole half away
    assert window.whole(30).count == 2
    assert window.count(40) == 0


@given(st.lists(st.tuples(st.floats(0, 30), INSIDE)))
def test_nothing_younger_than_a_half_is_ever_dropped(steps: list[tuple[float, float]]) -> None:
    window, now = Rotating(0, half=10), 0.0
    added: list[float] = []
    for pause, value in steps:
        now += pause
        window.add(value, now)
        added.append(now)
        young, known = (sum(now - at <= limit for at in added) for limit in (10, 20))
        assert young <= window.count(now) <= known
        assert window.whole(now).count == window.count(now)


def test_both_halves_come_back_with_their_age() -> None:
    made = Rotating(0, 10)
    made.add(1, 0)
    made.add(2, 12)
    plain = json.loads(json.dumps(made.dump(14)))
    assert plain["left"] == 6
    after = Rotating(100, 10)
    after.restore(plain, 100, age=1)
    assert after.count(104.9) == 2
    assert after.count(105) == 1
    after.restore(plain, 100, age=30)
    assert after.count(100) == 0
    after.restore(plain | {"left": 1e9}, 100)
    assert (after.count(109), after.count(110)) == (2, 1)  # no half is longer than a half
    rested = Rotating(0, 10)
    rested.add(1, 0)
    assert rested.dump(10)["newer"] == Sketch().export()


@pytest.mark.parametrize(
    "bad, field",
    [
        (7, "two halves"),
        ({}, "older: a sketch"),
        ({"older": Sketch().export(), "newer": None, "left": 1}, "newer: a sketch"),
        ({"older": Sketch().export(), "newer": Sketch().export(), "left": -1}, "left: seconds"),
        ({"older": Sketch().export(), "newer": Sketch().export(), "left": 10**400}, "left: seconds"),
    ],
)
def test_bad_halves_are_refused_whole(bad: object, field: str) -> None:
    kept = Rotating(0)
    kept.add(1, 0)
    with pytest.raises(ValueError, match=f"^{field}"):
        kept.restore(bad, 0)
    assert kept.count(0) == 1
