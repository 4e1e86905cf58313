"""Whether an attempt is worth it with so little time left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.policy import deadline
from outwait.policy.deadline import Cost, Worthwhile, chance, worth
from outwait.policy.scenarios import SCENARIOS
from outwait.policy.sketch import Sketch
from outwait.policy.waits import Curve


def _curve(*values: float, cuts: int = 0) -> Curve:
    answered, cut = Sketch(), Sketch()
    for value in values:
        answered.add(value)
    for _ in range(cuts):
        cut.add(1000)
    return Curve(answered, cut)


def _even(count: int) -> Curve:
    """Of `count` waits and one that is never answered, so many are answered within so many seconds."""
    return _curve(*[n + 0.5 for n in range(count)])


NOTHING = _curve()
FEW = _curve(*[500.0] * 49)


def test_the_numbers() -> None:
    assert Worthwhile() == Worthwhile(cheap=0.01, dear=0.1, samples=50)
    assert Worthwhile() == deadline.DEFAULTS


def test_cost_follows_what_may_be_paid_twice() -> None:
    costs = {name: Cost.of(row.paid) for name, row in SCENARIOS.items()}
    assert [name for name, cost in costs.items() if cost is Cost.CHEAP] == ["chat", "embedding", "unknown"]
    assert Cost.of(0.001) is Cost.CHEAP
    assert Cost.of(0) is Cost.DEAR


def test_the_endpoints_own_waits_are_asked_first() -> None:
    own, shared = _even(99), _curve(*[500.0] * 99)
    assert chance(own, shared, 50.2) == pytest.approx(0.5, rel=0.02)
    assert chance(FEW, own, 50.2) == pytest.approx(0.5, rel=0.02)
    assert chance(_curve(*[500.0] * 50), own, 50.2) == pytest.approx(0, abs=1e-9)
    assert chance(FEW, FEW, 50.2) is None
    assert chance(FEW, FEW, 50.2, samples=49) == pytest.approx(0, abs=1e-9)


def test_cut_waits_make_an_answer_less_likely() -> None:
    assert chance(_curve(*[1.0] * 49, cuts=50), NOTHING, 100) == pytest.approx(0.49)


@pytest.mark.parametrize(
    "left, cheap, dear",
    [(0.4, False, False), (0.95, True, False), (5.2, True, False), (9.2, True, False), (11.2, True, True)],
)
def test_a_cheap_attempt_needs_one_percent_and_a_dear_one_ten(left: float, cheap: bool, dear: bool) -> None:
    curve = _even(99)
    assert worth(curve, NOTHING, left, Cost.CHEAP).allowed is cheap
    assert worth(curve, NOTHING, left, Cost.DEAR).allowed is dear


def test_exactly_enough_is_enough() -> None:
    curve = _even(99)
    likely = chance(curve, NOTHING, 30.2)
    assert likely is not None
    assert worth(curve, NOTHING, 30.2, Cost.DEAR, Worthwhile(dear=likely)).allowed
    assert not worth(curve, NOTHING, 30.2, Cost.DEAR, Worthwhile(dear=likely * 1.0001)).allowed


def test_reasons() -> None:
    own, shared = _even(99), _even(1999)
    assert worth(own, shared, 25.2, Cost.DEAR).reason == (
        "25.2s left: the chance of an answer in time is 25.3 % (99 waits of this endpoint); a dear attempt needs 10 %"
    )
    assert worth(NOTHING, shared, 1.2, Cost.CHEAP).reason == (
        "1.2s left: the chance of an answer in time is 0.05 % (1,999 waits of this scenario); a cheap attempt needs 1 %"
    )
    assert "(50 waits of this endpoint)" in worth(_even(50), shared, 25.2, Cost.DEAR).reason
    unknown = worth(FEW, FEW, 90, Cost.DEAR)
    assert (unknown.allowed, unknown.reason) == (
        True,
        "90s left; too few waits were seen to tell the chance of an answer",
    )


@pytest.mark.parametrize("left", [0, -5])
def test_without_time_nothing_is_worth_it(left: float) -> None:
    for cost in Cost:
        verdict = worth(NOTHING, NOTHING, left, cost)
        assert (verdict.allowed, verdict.reason) == (False, "no time is left")
    assert worth(NOTHING, NOTHING, 0.01, Cost.DEAR).allowed


@given(st.lists(st.floats(0.01, 900), min_size=50, max_size=80), st.floats(0.01, 1000), st.floats(1, 1000))
def test_more_time_and_a_lower_price_never_make_it_worse(values: list[float], left: float, more: float) -> None:
    curve = _curve(*values)
    less, longer = chance(curve, NOTHING, left), chance(curve, NOTHING, left + more)
    assert less is not None
    assert longer is not None
    assert 0 <= less <= longer + 1e-12 <= 1 + 1e-12
    for cost in Cost:
        assert worth(curve, NOTHING, left, cost).allowed <= worth(curve, NOTHING, left + more, cost).allowed
    assert worth(curve, NOTHING, left, Cost.DEAR).allowed <= worth(curve, NOTHING, left, Cost.CHEAP).allowed
