"""Slots: first come, first served, and never more than the limit."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.access.limits import Slots


def caller(granted: list[str], name: str) -> Callable[[], None]:
    return lambda: granted.append(name)


def nobody() -> None:
    raise AssertionError("granted without waiting")


def test_channels_without_a_limit_have_room_for_everybody() -> None:
    slots = Slots({})
    assert all(slots.acquire("a", nobody) for _ in range(100))
    slots.release("a")
    assert slots.waiting("a") == 0


def test_who_waits_longest_is_next() -> None:
    slots, granted = Slots({"a": 2}), list[str]()
    assert slots.acquire("a", nobody)
    assert slots.acquire("a", nobody)
    assert not slots.acquire("a", caller(granted, "first"))
    assert not slots.acquire("a", caller(granted, "second"))
    assert slots.acquire("b", nobody)
    assert slots.waiting("a") == 2
    slots.release("a")
    assert (granted, slots.waiting("a")) == (["first"], 1)
    slots.release("a")
    assert (granted, slots.waiting("a")) == (["first", "second"], 0)
    slots.release("a")
    assert slots.acquire("a", nobody)
    assert not slots.acquire("a", caller(granted, "third"))


def test_more_releases_than_slots_make_no_room() -> None:
    slots = Slots({"a": 1})
    slots.release("a")
    assert slots.acquire("a", nobody)
    assert not slots.acquire("a", nobody)


def test_who_withdraws_is_passed_over() -> None:
    slots, granted = Slots({"a": 1}), list[str]()
    slots.acquire("a", nobody)
    waits = [caller(granted, name) for name in ("first", "second")]
    for wait in waits:
        slots.acquire("a", wait)
    slots.withdraw("a", waits[0])
    slots.release("a")
    assert granted == ["second"]


def test_withdrawing_without_waiting_is_a_mistake() -> None:
    slots = Slots({"a": 1})
    with pytest.raises(ValueError, match="nobody waits"):
        slots.withdraw("a", nobody)
    slots.acquire("a", nobody)
    slots.acquire("a", caller([], "first"))
    with pytest.raises(ValueError, match="not in deque"):
        slots.withdraw("a", nobody)


def test_nobody_overtakes_who_waits() -> None:
    slots, granted = Slots({"a": 1}), list[str]()
    slots.acquire("a", nobody)
    slots.acquire("a", caller(granted, "first"))
    slots.resize({"a": 1})
    assert granted == []
    assert not slots.acquire("a", caller(granted, "second"))


def test_a_higher_limit_lets_in_who_fits() -> None:
    slots, granted = Slots({"a": 1}), list[str]()
    slots.acquire("a", nobody)
    for name in ("first", "second", "third"):
        slots.acquire("a", caller(granted, name))
    slots.resize({"a": 3})
    assert (granted, slots.waiting("a")) == (["first", "second"], 1)


def test_a_lower_limit_throws_nobody_out() -> None:
    slots, granted = Slots({"a": 3}), list[str]()
    for _ in range(3):
        slots.acquire("a", nobody)
    slots.resize({"a": 1})
    slots.acquire("a", caller(granted, "first"))
    slots.release("a")
    slots.release("a")
    assert granted == []
    slots.release("a")
    assert granted == ["first"]


def test_a_limit_that_is_gone_frees_everybody() -> None:
    slots, granted = Slots({"a": 1}), list[str]()
    slots.acquire("a", nobody)
    slots.acquire("a", caller(granted, "first"))
    slots.acquire("a", caller(granted, "second"))
    slots.resize({})
    assert granted == ["first", "second"]
    slots.resize({"a": 1})
    assert slots.acquire("a", nobody)  # who ran without a limit is not counted


def test_who_is_let_in_may_give_back_at_once() -> None:
    slots, granted = Slots({"a": 1}), list[str]()

    def fails_at_once() -> None:
        granted.append("failed")
        slots.release("a")

    slots.acquire("a", nobody)
    slots.acquire("a", fails_at_once)
    slots.acquire("a", fails_at_once)
    slots.release("a")
    assert granted == ["failed", "failed"]
    assert slots.acquire("a", nobody)


@given(st.lists(st.sampled_from(["acquire", "release"]), max_size=60), st.integers(1, 4))
def test_never_more_than_the_limit_run(steps: list[str], limit: int) -> None:
    slots, running, served, asked = Slots({"a": limit}), [0], list[int](), 0

    def grant(number: int) -> Callable[[], None]:
        def granted() -> None:
            running[0] += 1
            served.append(number)

        return granted

    for step in steps:
        if step == "acquire":
            asked += 1
            if slots.acquire("a", grant(asked)):
                grant(asked)()
        elif running[0]:
            running[0] -= 1
            slots.release("a")
        assert running[0] <= limit
        assert running[0] == limit or not slots.waiting("a")
    assert served == list(range(1, len(served) + 1))
