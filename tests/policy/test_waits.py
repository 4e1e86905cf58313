"""Waits and their curve: Kaplan-Meier over what was answered, cut, and still goes on; honest at the end."""

from __future__ import annotations

import json
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.policy import waits
from outwait.policy.sketch import GROWTH, HALF, STEP, Sketch, bucket
from outwait.policy.waits import REFRESH, Curve, Waits

TIMES = st.lists(st.floats(0, 20_000), max_size=40)


def _sketch(values: list[float]) -> Sketch:
    made = Sketch()
    for value in values:
        made.add(value)
    return made


def _curve(values: list[float], cuts: list[float] | None = None, running: list[float] | None = None) -> Curve:
    return Curve(_sketch(values), _sketch(cuts or []), running or ())


def test_the_numbers() -> None:
    assert (waits.TAIL, waits.REFRESH) == (1.0, 5.0)


def test_nothing_known_nothing_concluded() -> None:
    empty = _curve([])
    assert (empty.samples, empty.answered, empty.cut) == (0, 0, 0)
    assert [empty.longer(age) for age in (0, 1, 1e4, 1e6)] == [1, 1, 1, 1]
    assert empty.quantile(0.5) is None


def test_without_cuts_it_is_the_share_of_longer_ones() -> None:
    curve = _curve([1, 2, 4, 8])
    assert (curve.answered, curve.cut, curve.samples) == (4, 0, 4)
    assert [round(curve.longer(age), 9) for age in (0, 0.9, 1.5, 3, 6)] == [1, 1, 0.8, 0.6, 0.4]
    assert curve.longer(8 * GROWTH) == pytest.approx(0.2, rel=0.05)  # 1 / (n + 1), not 0


def test_a_cut_wait_counts_as_long_as_it_lasted() -> None:
    curve = _curve([1, 4], cuts=[2, 2, 6])
    assert (curve.answered, curve.cut, curve.samples) == (2, 3, 5)
    assert curve.longer(3) == pytest.approx(5 / 6)  # six waited at 1 s, one of them never answered
    assert curve.longer(5) == pytest.approx(5 / 6 * 2 / 3)  # three were left at 4 s
    assert curve.longer(6) == pytest.approx(5 / 6 * 2 / 3)  # as long as anybody waits, nothing falls


def test_a_cut_in_the_bucket_of_an_answer_was_still_waiting_then() -> None:
    assert _curve([2, 4], cuts=[2]).longer(3) == pytest.approx(3 / 4)


def test_who_waits_now_counts_too_but_is_no_sample() -> None:
    curve, both = _curve([1, 4], running=[2, 2, 6]), _curve([1, 4], cuts=[2, 2, 6])
    assert curve.samples == 2
    assert [curve.longer(age) for age in (3, 5)] == [both.longer(age) for age in (3, 5)]


def test_beyond_the_longest_wait_each_doubling_halves_the_chance() -> None:
    curve = _curve([1, 2, 4, 8])
    at = 10.0
    for _ in range(20):
        assert curve.longer(2 * at) == pytest.approx(curve.longer(at) / 2)
        at *= 2
    assert at > 1e6
    assert curve.hazard(1e300) < math.inf
    assert curve.longer(math.inf) == 0


def test_the_tail_begins_where_the_longest_wait_ended_answered_or_not() -> None:
    curve = _curve([1, 2], cuts=[100])
    end = 0.001 * GROWTH ** (bucket(100) + 1)
    assert curve.longer(99) == curve.longer(3) == pytest.approx(2 / 4)
    assert curve.longer(2 * end) == pytest.approx(1 / 4)


def test_a_full_last_bucket_has_a_tail_as_well() -> None:
    curve = _curve([1.0] * 9 + [50_000])
    end = 0.001 * math.exp(403 * STEP)
    assert curve.longer(end) == pytest.approx(1 / 11)
    assert curve.longer(4 * end) == pytest.approx(1 / 44)


def test_inside_a_bucket_the_chance_falls_evenly() -> None:
    curve = _curve([1] * 9)
    lower = 0.001 * GROWTH ** bucket(1)
    halfway = lower * math.sqrt(GROWTH)
    assert curve.hazard(halfway) == pytest.approx(math.log(10) / 2)


def test_quantiles() -> None:
    curve = _curve([float(n) for n in range(1, 201)])
    assert curve.quantile(0.5) == pytest.approx(101, rel=0.05)
    p99 = curve.quantile(0.99)
    assert p99 is not None
    assert 199 <= p99 <= 199 * GROWTH * GROWTH
    assert curve.quantile(0.996) is None  # 200 of 201 are answered
    assert _curve([1.0, 1.0], cuts=[50.0] * 2).quantile(0.5) is None
    assert _curve([50_000.0] * 200).quantile(0.9) == 10_000
    assert _curve([1.0]).quantile(0) == 0.001


@given(TIMES, TIMES, TIMES, st.floats(0, 1e5), st.floats(0, 1e5))
def test_a_longer_wait_is_never_likelier(
    values: list[float], cuts: list[float], running: list[float], one: float, two: float
) -> None:
    curve = _curve(values, cuts, running)
    assert 0 <= curve.hazard(min(one, two)) <= curve.hazard(max(one, two)) + 1e-9
    assert 0 < curve.longer(max(one, two)) <= 1


@given(st.lists(st.integers(0, 60), min_size=1), st.lists(st.integers(0, 60)), st.integers(0, 60))
def test_it_is_the_estimate_of_kaplan_and_meier(values: list[int], cuts: list[int], at: int) -> None:
    def far(n: int) -> float:
        return 0.0015 * 1.2**n  # every one in a bucket of its own

    curve = _curve([far(n) for n in values], [far(n) for n in cuts])
    if at > max(values + cuts):
        return
    expected = 1.0
    for n in sorted(set(values)):
        if n < at:
            waiting = 1 + sum(v >= n for v in values) + sum(c >= n for c in cuts)
            expected *= 1 - values.count(n) / waiting
    assert curve.longer(far(at) / 1.09) == pytest.approx(expected)


@given(TIMES, TIMES, st.floats(0, 1e5), st.floats(0.01, 20_000))
def test_a_cut_wait_never_makes_waiting_look_shorter(
    values: list[float], cuts: list[float], age: float, cut: float
) -> None:
    if age <= max(values, default=0):
        assert _curve(values, [*cuts, cut]).hazard(age) <= _curve(values, cuts).hazard(age) + 1e-9


def test_cut_waits_do_not_bend_the_curve() -> None:
    luck = random.Random(7)
    values: list[float] = []
    cuts: list[float] = []
    for _ in range(4000):
        wait, patience = luck.lognormvariate(math.log(60), 0.8), luck.expovariate(1 / 120)
        (values if wait <= patience else cuts).append(min(wait, patience))
    assert len(cuts) > 1500
    median = _curve(values, cuts).quantile(0.5)
    assert median == pytest.approx(60, rel=0.08)
    assert _sketch(values).quantile(0.5) < 50  # which is what forgetting them would say


def test_the_curve_is_drawn_again_after_a_while() -> None:
    kept = Waits(0)
    kept.add(1, 0)
    first = kept.curve(10)
    kept.add(2, 10)
    assert kept.curve(10 + REFRESH - 0.01) is first
    again = kept.curve(10 + REFRESH)
    assert (first.samples, again.samples) == (1, 2)


def test_running_waits_are_as_old_as_they_are() -> None:
    kept = Waits(0)
    kept.add(10, 0)
    kept.running["young"] = 95
    kept.running["old"] = 40
    kept.running["of a moment to come"] = 101
    assert kept.curve(100).longer(11) == pytest.approx(2 / 3)
    kept.running.clear()
    assert kept.curve(105).longer(11) == pytest.approx(1 / 2, rel=0.1)


def test_what_is_old_is_forgotten() -> None:
    kept = Waits(0)
    kept.add(1, 0)
    kept.cut(1, 0)
    assert (kept.values(2 * HALF - 1).count, kept.cuts(2 * HALF - 1).count) == (1, 1)
    assert (kept.values(2 * HALF).count, kept.cuts(2 * HALF).count) == (0, 0)
    short = Waits(0, half=10)
    short.add(1, 0)
    assert short.values(20).count == 0


def test_clearing() -> None:
    kept = Waits(0, share=True, half=10)
    kept.add(1, 5)
    kept.running["a"] = 5
    assert kept.curve(5).samples == 1
    kept.clear(5)
    assert kept.curve(5).samples == 0
    assert kept.running == {"a": 5}
    assert kept.drain() is not None
    kept.add(1, 14)
    assert kept.values(24).count == 1  # its halves begin anew


def test_workers_share_what_they_learn_once() -> None:
    here, there = Waits(0, share=True), Waits(0, share=True)
    assert here.drain() is None
    here.add(1, 0)
    first = json.loads(json.dumps(here.drain()))
    there.absorb(first, 0)
    assert here.drain() is None
    here.cut(5, 0)
    there.absorb(here.drain(), 0)
    assert (there.values(0).count, there.cuts(0).count, there.cuts(0).high) == (1, 1, 5)
    assert there.drain() is None  # what came from others is not sent on
    assert (here.values(0).count, here.cuts(0).count) == (1, 1)
    alone = Waits(0)
    alone.add(1, 0)
    assert alone.drain() is None


def test_a_restart_forgets_nothing() -> None:
    before, after = Waits(0), Waits(900)
    before.add(1, 0)
    before.cut(2, 0)
    before.add(3, HALF)
    after.add(50, 900)
    after.curve(900)
    after.restore(json.loads(json.dumps(before.dump(HALF + 100))), 900, age=60)
    assert after.counts(900) == before.counts(HALF + 100) == (2, 1)
    assert after.curve(900).samples == 3
    assert after.counts(900 + HALF - 161) == (2, 1)
    assert after.counts(900 + HALF - 159) == (1, 0)  # samples keep their age


@pytest.mark.parametrize("bad, field", [(None, "waits are"), ({}, "values: "), ("cuts", "cuts: a sketch")])
def test_bad_plain_data_is_refused_whole(bad: object, field: str) -> None:
    kept = Waits(0)
    kept.add(1, 0)
    plain = {"values": Sketch().export(), "cuts": 7} if bad == "cuts" else bad
    with pytest.raises(ValueError, match=f"^{field}"):
        kept.absorb(plain, 0)
    assert kept.values(0).count == 1


@pytest.mark.parametrize("bad, field", [(None, "waits are"), ({}, "values: two halves"), ("cuts", "cuts: two halves")])
def test_a_bad_dump_is_refused_whole(bad: object, field: str) -> None:
    kept = Waits(0)
    kept.add(1, 0)
    plain = {"values": Waits(0).dump(0)["values"], "cuts": 7} if bad == "cuts" else bad
    with pytest.raises(ValueError, match=f"^{field}"):
        kept.restore(plain, 0)
    assert kept.counts(0) == (1, 0)
