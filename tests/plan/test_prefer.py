"""What is preferred is asked before everything else, and nothing else about the order changes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from outwait.core.plan import Candidate, Plan, Span, Timeouts
from outwait.plan.prefer import prefer


def _spans(seconds: float) -> Timeouts:
    span = Span(seconds, "test")
    return Timeouts(span, span, span, span, span, span, span)


def _plan(*tiers: int) -> Plan:
    made = [Candidate(f"c{at}", "openai", "m", tier=tier, timeouts=_spans(at)) for at, tier in enumerate(tiers)]
    return Plan("chat", tuple(made), _spans(0))


def test_the_wanted_one_comes_first_with_its_clocks() -> None:
    plan = prefer(_plan(0, 0, 1, 1), lambda each: each.channel == "c2")
    assert [(each.channel, each.tier) for each in plan.candidates] == [("c2", 1), ("c0", 2), ("c1", 2), ("c3", 3)]
    assert plan.timeouts == _spans(2)


def test_where_all_or_none_are_wanted_nothing_changes() -> None:
    plan = _plan(0, 1)
    assert prefer(plan, lambda _: True) is plan
    assert prefer(plan, lambda _: False) is plan


def test_without_clocks_of_its_own_the_plans_hold() -> None:
    bare = Plan("chat", (Candidate("a", "openai", "m"), Candidate("b", "openai", "m", tier=1)), _spans(9))
    assert prefer(bare, lambda each: each.channel == "b").timeouts == _spans(9)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=6).map(sorted), st.sets(st.integers(0, 5)))
def test_every_wanted_tier_is_before_every_other(tiers: list[int], places: set[int]) -> None:
    plan = _plan(*tiers)
    names = {f"c{at}" for at in places}
    made = prefer(plan, lambda each: each.channel in names)
    first = [each for each in made.candidates if each.channel in names]
    rest = [each for each in made.candidates if each.channel not in names]
    assert {each.name for each in made.candidates} == {each.name for each in plan.candidates}
    for group in (first, rest):
        assert [each.tier for each in group] == sorted(each.tier for each in group)
        was = {each.name: each.tier for each in plan.candidates}
        assert len({each.tier - was[each.name] for each in group}) <= 1
    if first and rest:
        assert list(made.candidates) == first + rest
        assert max(each.tier for each in first) < min(each.tier for each in rest)
