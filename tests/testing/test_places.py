"""Places: limits, the line, refusals, and what a hold remembers."""

from __future__ import annotations

from outwait.core.endpoints import Endpoints, Hold, Outlook, Wish
from outwait.core.fault import Fault, fault
from outwait.testing.places import Places, Seen
from outwait.testing.playbook import plan_of

PLAN = plan_of("a", "b")


def wish(places: tuple[int, ...] = ()) -> Wish:
    return Wish(PLAN, "key", 60.0, places=places)


def nobody(_: Hold) -> None:
    raise AssertionError("nobody waits here")


def hold(places: Places, wanted: tuple[int, ...] = ()) -> Hold:
    found = places.acquire(wish(wanted), nobody)
    assert found is not None
    assert not isinstance(found, Fault)
    return found


def test_they_are_the_port_and_hold_by_hold() -> None:
    places = Places()
    port: Endpoints = places
    assert port.lone(PLAN) is None
    found = hold(places)
    assert (found.place, found.candidate, found.reason) == (0, PLAN.candidates[0], "")
    assert places.running == {"a": 1}


def test_the_first_with_room_is_taken_of_those_that_will_do() -> None:
    places = Places({"a": 1})
    assert [hold(places).place for _ in range(3)] == [0, 1, 1]
    assert hold(places, (1,)).place == 1
    assert [each.place for each in places.holds] == [0, 1, 1, 1]


def test_who_finds_none_waits_and_the_first_in_line_is_served() -> None:
    places, granted = Places({"a": 1, "b": 0}), list[str]()
    first = hold(places)
    assert places.acquire(wish((1,)), nobody) is None  # what becomes free is of no use to it
    assert places.acquire(wish(), lambda given: granted.append(f"one {given.place}")) is None
    assert places.acquire(wish(), lambda given: granted.append(f"two {given.place}")) is None
    first.leave(None)
    assert (granted, len(places.waiting)) == (["one 0"], 2)
    places.holds[-1].leave(None)
    assert granted == ["one 0", "two 0"]


def test_who_withdraws_is_not_served() -> None:
    places = Places({"a": 0, "b": 0})
    asked = wish()
    assert places.acquire(asked, nobody) is None
    places.withdraw(asked, nobody)
    places.limits = {}
    places.take("a")
    places.release("a")
    assert places.holds == []


def test_a_refusal_and_an_outlook_are_what_the_test_says() -> None:
    places = Places()
    assert places.outlook(wish()) == Outlook((0, 1))
    places.order = (1,)
    assert places.outlook(wish()) == Outlook((1,))
    places.refuse = fault("rate_limited")
    assert places.acquire(wish(), nobody) is places.refuse
    assert len(places.wishes) == 1


def test_a_hold_remembers_what_it_was_told() -> None:
    places = Places()
    seen = hold(places)
    assert isinstance(seen, Seen)
    seen.headed(200, {"content-type": "text/plain"})
    seen.headed(503, {})
    seen.content()
    seen.leave(fault("upstream_reset"), 1.5)
    assert seen.told == ["headed 200 text/plain", "headed 503", "content", "left upstream_reset"]
    assert (seen.failed, seen.gap) == (fault("upstream_reset"), 1.5)
    assert places.running == {"a": 0}
