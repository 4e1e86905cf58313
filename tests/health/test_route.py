"""Routes: places, ranks, parts, slots, and the candidate an attempt is made with."""

from __future__ import annotations

from dataclasses import replace

from outwait.core.plan import Candidate, Plan, Span, Timeouts
from outwait.health.channel import ChannelHealth
from outwait.health.endpoint import Endpoint
from outwait.health.route import Route
from outwait.policy.health_rules import HealthRules
from outwait.policy.keyring import KeyRule
from outwait.policy.limiter import Concurrency

ONE = Span(10.0, "a rule")
TIMEOUTS = Timeouts(ONE, ONE, ONE, ONE, ONE, ONE, ONE)
OWN = replace(TIMEOUTS, total=Span(5.0, "its own"))
RULES = HealthRules(concurrency=Concurrency(start=4))


def _route(bound: int = 0) -> Route:
    a = ChannelHealth("a", 2, KeyRule(), max_in_flight=bound)
    b = ChannelHealth("b", 1, KeyRule())
    plan = Plan(
        "chat",
        (
            Candidate("a", "openai", "m", keys=2, weight=2.0),
            Candidate("a", "openai", "n", keys=2, tier=1, timeouts=OWN),
            Candidate("b", "openai", "m", tier=2),
        ),
        TIMEOUTS,
    )
    return Route(
        plan, range(3), [Endpoint(a, "m", RULES, 0.0), Endpoint(a, "n", RULES, 0.0), Endpoint(b, "m", RULES, 0)]
    )


def test_names_and_ranks() -> None:
    route = _route()
    assert route.names == ("a/m", "a/n", "b/m")
    assert route.lone is None
    route.standings[1].tier = 7
    route.rank()
    assert [(one.tier, one.weight) for one in route.standings] == [(0, 2.0), (1, 1.0), (2, 1.0)]


def test_a_part_is_in_the_plans_order_and_kept() -> None:
    route = _route()
    part = route.part((2, 0, 2))
    assert (part.places, part.names) == ((0, 2), ("a/m", "b/m"))
    assert route.part((2, 0, 2)) is part
    assert route.part((1,)).lone is route.endpoints[1]


def test_slots_are_bounded_by_the_channel() -> None:
    assert _route().slots == 12
    assert _route(5).slots == 9
    assert _route(50).slots == 12


def test_the_plans_own_candidate_where_nothing_is_different() -> None:
    route = _route()
    assert route.candidate(0, 0, TIMEOUTS) is route.plan.candidates[0]
    assert route.candidate(1, 0, OWN) is route.plan.candidates[1]


def test_another_key_or_clock_makes_another_which_is_kept() -> None:
    route = _route()
    other = route.candidate(0, 1, TIMEOUTS)
    assert (other.key, other.timeouts) == (1, None)
    assert route.candidate(0, 1, TIMEOUTS) is other
    learned = replace(TIMEOUTS, idle=Span(1.0, "learned"))
    made = route.candidate(0, 1, learned)
    assert (made.key, made.timeouts) == (1, learned)
    assert route.candidate(0, 1, learned) is made
    assert route.part((1,)).candidate(0, 1, OWN).timeouts is OWN
