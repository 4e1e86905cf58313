"""Learned timeouts: what they need, how they grow, that they do not eat themselves, and what they say."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.plan import Span
from outwait.policy import adaptive
from outwait.policy.adaptive import Adapting, Bounds, Learner
from outwait.policy.sketch import HALF
from outwait.policy.waits import drained

WIDE = Bounds(configured=600, floor=0.01, ceiling=10_000)


def _learner(values: dict[float, int], cuts: dict[float, int] | None = None) -> Learner:
    """A learner that saw each wait so many times."""
    made = Learner(0)
    for seconds, times in values.items():
        for _ in range(times):
            made.add(seconds, 0)
    for seconds, times in (cuts or {}).items():
        for _ in range(times):
            made.cut(seconds, 0)
    return made


def _seconds(span: Span | None) -> float:
    assert span is not None
    return span.seconds


def test_the_numbers() -> None:
    assert Adapting() == Adapting(
        samples=200, cut=0.01, quantile=0.99, stretch=2.0, margin=1.25, growth=1.5, near=0.98, review=60.0
    )
    assert [clock.value for clock in adaptive.CLOCKS] == ["first_byte", "first_token", "idle"]


@pytest.mark.parametrize("values, cuts, learned", [(199, 0, False), (200, 0, True), (198, 1, False), (400, 1, True)])
def test_two_hundred_samples_are_needed(values: int, cuts: int, learned: bool) -> None:
    made = _learner({10: values}, {600: cuts})
    assert (made.span(WIDE, 0) is not None) is learned


def test_twice_p99() -> None:
    span = _learner({10: 300}).span(WIDE, 0)
    assert _seconds(span) == pytest.approx(20, rel=0.045)
    assert span is not None
    assert span.reason.startswith("learned from 300 waits, 0 % of them cut: 2 x p99 (10.")


def test_a_quarter_more_than_the_longest() -> None:
    span = _learner({10: 300, 40: 1}).span(WIDE, 0)
    assert span == Span(50, "learned from 301 waits, 0 % of them cut: 1.25 x the longest (40s)")
    assert _seconds(_learner({10: 300, 13: 1}).span(WIDE, 0)) == pytest.approx(20, rel=0.045)


def test_p99_is_not_the_longest() -> None:
    assert _seconds(_learner({10: 970, 50: 15, 51: 15}).span(WIDE, 0)) == pytest.approx(102, rel=0.045)
    assert _seconds(_learner({10: 1000, 50: 5}).span(WIDE, 0)) == 62.5


@pytest.mark.parametrize(
    "floor, ceiling, told",
    [(30, 900, (30, "floor")), (1, 15, (15, "ceiling")), (1, 900, (21, None)), (21, 21, (21, None))],
)
def test_the_operators_floor_and_ceiling_hold(floor: float, ceiling: float, told: tuple[float, str | None]) -> None:
    made = _learner({10: 300})
    made._adapting = Adapting(stretch=0, margin=2.1)
    span = made.span(Bounds(600, floor, ceiling), 0)
    assert _seconds(span) == told[0]
    assert span is not None
    assert span.reason.partition(", held to the ")[2] == (told[1] or "")


def test_few_cut_waits_are_no_values() -> None:
    made = _learner({10: 995}, {600: 5})
    span = made.span(WIDE, 0)
    assert _seconds(span) == pytest.approx(20, rel=0.045)
    assert span is not None
    assert "1,000 waits, 0.5 % of them cut" in span.reason


def test_too_many_cut_and_it_grows_by_half() -> None:
    made = _learner({10: 980}, {600: 20})
    assert made.span(WIDE, 0) == Span(900, "grown from 10m, which cut too many: 1,000 waits, 2 % of them cut")


def test_between_growing_and_shrinking_it_holds() -> None:
    made = _learner({10: 990}, {600: 10})  # one percent is not more than one percent
    assert made.span(WIDE, 0) is None
    made.cut(600, 0)
    assert _seconds(made.span(WIDE, 60)) == 900


def test_it_grows_again_only_when_the_grown_span_cuts() -> None:
    made = _learner({10: 900}, {600: 100})
    assert _seconds(made.span(WIDE, 0)) == 900
    assert _seconds(made.span(WIDE, 60)) == 900
    made.cut(881, 60)  # somebody else was impatient: 98 % of 900 are 882
    assert _seconds(made.span(WIDE, 120)) == 900
    made.cut(882, 120)
    assert _seconds(made.span(WIDE, 180)) == 1350
    assert _seconds(made.span(WIDE, 240)) == 1350


def test_it_grows_to_the_ceiling_and_no_further() -> None:
    bounds = Bounds(600, 1, 1000)
    made = _learner({10: 200}, {600: 100})
    assert _seconds(made.span(bounds, 0)) == 900
    for round_ in range(1, 5):
        made.cut(1000, 60 * round_)
        assert _seconds(made.span(bounds, 60 * round_)) == 1000
    assert _seconds(made.span(WIDE, 241)) == 1350  # it asked for no more than a half


def test_a_configured_span_at_the_ceiling_stays() -> None:
    bounds = Bounds(600, 1, 600)
    made = _learner({10: 200}, {600: 100})
    assert made.span(bounds, 0) is None
    assert _seconds(made.span(WIDE, 60)) == 900


def test_who_leaves_early_does_not_make_it_grow() -> None:
    made = _learner({10: 900}, {2: 500})
    span = made.span(WIDE, 0)
    assert _seconds(span) == pytest.approx(20, rel=0.045)
    beside = _learner({10: 900}, {10: 500})  # cut where answers come: late
    assert _seconds(beside.span(Bounds(10, 1, 100), 0)) == 15


def test_impatience_at_the_end_holds_what_there_is() -> None:
    made = _learner({10: 900}, {60: 500})
    assert made.span(WIDE, 0) is None
    assert made.explain(WIDE, 0) == (
        "10m as configured: 1,400 waits, 35.7 % of them cut, too many to tell how long the slowest take"
    )


def test_where_p99_cannot_be_told_it_holds() -> None:
    made = _learner({10: 30}, {0.01: 170})
    assert "200 waits, 85 % of them cut" in made.explain(WIDE, 0)


def test_an_endpoint_that_only_hangs_gets_more_time_not_less() -> None:
    span = _learner({}, {600: 200}).span(WIDE, 0)
    assert span == Span(900, "grown from 10m, which cut too many: 200 waits, 100 % of them cut")


def test_when_the_grown_span_sees_the_slow_ones_it_learns_from_them() -> None:
    made = _learner({10: 900}, {600: 20})
    assert _seconds(made.span(WIDE, 0)) == 900
    for _ in range(20):
        made.add(800, 60)
    assert _seconds(made.span(WIDE, 60)) == pytest.approx(1600, rel=0.045)
    made.cut(600, 61)  # an attempt from before
    assert _seconds(made.span(WIDE, 120)) == pytest.approx(1600, rel=0.045)


def test_what_was_cut_before_it_was_learned_is_no_reason_to_grow() -> None:
    made = _learner({10: 1000}, {600: 5})
    assert _seconds(made.span(WIDE, 0)) < 25
    for _ in range(10):
        made.cut(5, 1)
    for _ in range(20):
        made.cut(15, 1)
    assert _seconds(made.span(WIDE, 60)) < 25
    made.cut(25, 60)
    assert 30 < _seconds(made.span(WIDE, 120)) < 32


def test_samples_are_looked_at_once_a_minute() -> None:
    made = _learner({10: 300})
    made.span(WIDE, 100)
    made.add(400, 100)
    assert _seconds(made.span(WIDE, 159)) < 25
    assert _seconds(made.span(WIDE, 160)) == 500
    assert made.span(WIDE, 161) is made.span(WIDE, 162)


def test_new_limits_hold_at_once() -> None:
    made = _learner({10: 300})
    assert _seconds(made.span(WIDE, 0)) < 25
    assert _seconds(made.span(Bounds(600, 100, 900), 1)) == 100
    assert _seconds(made.span(Bounds(600, 1, 5), 2)) == 5


def test_what_is_old_is_forgotten_and_with_it_the_span() -> None:
    made = _learner({10: 300})
    assert made.span(WIDE, 0)
    assert made.span(WIDE, 2 * HALF - 1)
    assert made.span(WIDE, 2 * HALF + 60) is None


def test_frozen_it_stays_while_it_counts_on() -> None:
    made = _learner({10: 300})
    made.span(WIDE, 0)
    made.frozen = True
    made.add(400, 60)
    assert _seconds(made.span(WIDE, 120)) < 25
    assert made.explain(WIDE, 120).endswith("(frozen)")
    assert _seconds(made.span(Bounds(600, 1, 5), 121)) == 5  # the operator's limits are stronger
    made.frozen = False
    assert _seconds(made.span(WIDE, 122)) == 500


def test_frozen_before_anything_was_learned() -> None:
    made = _learner({10: 300})
    made.frozen = True
    assert made.span(WIDE, 60) is None
    assert made.explain(WIDE, 60) == "10m as configured: frozen before anything was learned"


def test_reset_forgets_everything() -> None:
    made = _learner({10: 300}, {600: 10})
    made.span(WIDE, 0)
    made.frozen = True
    made.reset(10)
    assert not made.frozen
    assert made.span(WIDE, 10) is None
    assert made.explain(WIDE, 10) == "10m as configured: 0 of the 200 waits that are needed were seen"
    for _ in range(190):
        made.add(1, 10)
    for _ in range(10):
        made.cut(5, 10)
    assert made.span(WIDE, 70) is None  # the cut at 600 s is forgotten as well


def test_explained_with_counts() -> None:
    assert _learner({10: 57}).explain(WIDE, 0) == "10m as configured: 57 of the 200 waits that are needed were seen"
    assert _learner({10: 300, 40: 1}).explain(WIDE, 0) == (
        "50s: learned from 301 waits, 0 % of them cut: 1.25 x the longest (40s)"
    )


def _thinking(luck: random.Random) -> float:
    return luck.lognormvariate(math.log(60), 0.82)


def test_the_naive_rule_eats_itself_and_ours_does_not() -> None:
    luck, span = random.Random(5), 600.0
    for _ in range(12):
        seen = sorted(wait for wait in (_thinking(luck) for _ in range(4000)) if wait <= span)
        span = seen[int(0.99 * len(seen))]
    assert 140 < span < 180  # FACTS 2.2: 160

    luck, ours, now = random.Random(5), Learner(0), 0.0
    bounds = Bounds(configured=600, floor=10, ceiling=1200)
    told = []
    for _ in range(12):
        found = ours.span(bounds, now)
        limit = found.seconds if found else bounds.configured
        told.append(limit)
        for wait in (_thinking(luck) for _ in range(1000)):
            now += 4
            if wait <= limit:
                ours.add(wait, now)
            else:
                ours.cut(limit, now)
    assert told[0] == 600
    assert min(told) >= 600
    assert max(told) <= 1200


def test_a_span_that_was_far_too_short_recovers() -> None:
    luck, ours, now = random.Random(2), Learner(0), 0.0
    bounds = Bounds(configured=40, floor=10, ceiling=1200)
    limit = 40.0
    for _ in range(3000):
        wait, now = _thinking(luck), now + 4
        limit = getattr(ours.span(bounds, now), "seconds", limit)
        if wait <= limit:
            ours.add(wait, now)
        else:
            ours.cut(limit, now)
    assert limit > 500


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 5000), st.integers(1, 150)), max_size=12),
    st.floats(1, 100),
    st.floats(100, 5000),
)
def test_a_span_never_leaves_its_bounds_nor_undercuts_what_was_seen(
    steps: list[tuple[bool, float, int]], floor: float, ceiling: float
) -> None:
    made, bounds, now, longest = Learner(0), Bounds(100, floor, ceiling), 0.0, 0.0
    for answered, seconds, times in steps:
        for _ in range(times):
            (made.add if answered else made.cut)(seconds, now)
        longest = max(longest, seconds * answered)
        span, now = made.span(bounds, now), now + 60
        if span is None:
            continue
        assert floor <= span.seconds <= ceiling
        if span.reason.startswith("learned") and answered:
            assert span.seconds >= min(longest, ceiling)


def test_what_grew_from_one_configured_span_shortens_no_other() -> None:
    made = _learner({10: 900}, {20: 100})
    assert _seconds(made.span(Bounds(20, 1, 900), 0)) == 30
    assert made.span(WIDE, 1) is None
    assert made.explain(WIDE, 1) == "10m as configured: longer than 30s, which a shorter span grew to"
    made.cut(30, 60)
    assert _seconds(made.span(Bounds(20, 1, 900), 60)) == 45
    assert made.span(WIDE, 61) is None  # it grew twice, and still from there
    for _ in range(100):
        made.add(300, 120)
    assert _seconds(made.span(Bounds(20, 1, 1000), 120)) == pytest.approx(600, rel=0.045)
    assert made.span(WIDE, 121) == made.span(Bounds(20, 1, 10_000), 122)  # now it is learned


def test_what_is_too_old_to_have_grown_from_is_forgotten_too() -> None:
    made = _learner({10: 900}, {20: 100})
    assert made.span(Bounds(20, 1, 900), 0)
    assert made.span(Bounds(20, 1, 900), 2 * HALF) is None
    assert made.explain(WIDE, 2 * HALF).endswith("0 of the 200 waits that are needed were seen")


def test_the_same_samples_are_looked_at_once() -> None:
    made = _learner({10: 300})
    made.span(WIDE, 0)
    made._adapting = Adapting(stretch=9)  # not by `use`, which would have it look again
    assert _seconds(made.span(WIDE, 60)) < 25
    made.add(10, 61)
    assert _seconds(made.span(WIDE, 120)) > 80


def test_learned_with_its_evidence() -> None:
    made = _learner({10: 300, 40: 1}, {700: 1})
    learned = made.learned(WIDE, 0)
    assert learned is not None
    assert (learned.seconds, learned.samples, learned.cut, learned.frozen) == (50, 302, 1, False)
    assert learned.reason.startswith("learned from 302 waits, 0.331 % of them cut")
    assert Learner(0).learned(WIDE, 0) is None


def test_workers_share_what_they_learn() -> None:
    here, there = Learner(0, share=True), Learner(0, share=True)
    for _ in range(300):
        here.add(10, 0)
    there.merge(*drained(here.waits.drain()), 0)
    assert there.span(WIDE, 0) == here.span(WIDE, 0) is not None
    assert there.waits.drain() is None
    for _ in range(10):
        here.cut(600, 1)
    there.merge(*drained(here.waits.drain()), 1)
    assert _seconds(there.span(Bounds(600, 300, 5000), 60)) == 450  # it learned 300 at first, which cut too many


def test_the_rules_can_be_changed() -> None:
    made = Learner(0, Adapting(samples=2, stretch=3))
    assert "0 of the 2 waits" in made.explain(WIDE, 0)
    for _ in range(150):
        made.add(10, 60)
    span = made.span(WIDE, 60)
    assert _seconds(span) == pytest.approx(30, rel=0.045)
    made.use(Adapting(samples=2, stretch=3))
    assert made.span(WIDE, 120) is span
    made.use(Adapting(samples=2, stretch=4))
    assert made.span(WIDE, 179) is span
    assert _seconds(made.span(WIDE, 180)) == pytest.approx(40, rel=0.045)
    made.use(Adapting())
    assert made.span(WIDE, 240) is None
