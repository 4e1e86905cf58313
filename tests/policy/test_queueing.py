"""The line for a slot: who may wait, who is next, and what the others are told."""

from __future__ import annotations

import math
from collections import Counter, deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.examples import examples

from outwait.core.fault import Fault, Side
from outwait.policy.queueing import Line, Queueing, Wish


def line(numbers: Queueing | None = None) -> Line[int]:
    return Line(numbers or Queueing())


def filled(waiting: dict[str, int], now: float = 0) -> Line[int]:
    queue, item = line(), 0
    for key, count in waiting.items():
        for _ in range(count):
            item += 1
            queue.enter(key, item, now)
    return queue


def refused(queue: Line[int], wish: Wish, now: float = 0) -> Fault:
    told = queue.judge(wish, now)
    assert told is not None
    return told


def wish(key: str = "a", slots: int = 4, remaining: float = 600, opens: float = 0) -> Wish:
    return Wish(key, slots, remaining, opens)


def test_the_numbers() -> None:
    assert Queueing() == Queueing(depth=2, wait=10, share=0.2, crowd=4, soonest=1, latest=120)


@pytest.mark.parametrize("remaining, wait", [(900, 10), (50, 10), (49, 9.8), (10, 2), (0, 0), (-5, 0), (math.inf, 10)])
def test_how_long_one_may_wait(remaining: float, wait: float) -> None:
    assert Queueing().longest_wait(remaining) == pytest.approx(wait)


def test_first_come_first_served_inside_a_key() -> None:
    queue = filled({"a": 3})
    assert [queue.take(0) for _ in range(4)] == [1, 2, 3, None]
    assert queue.length == 0


def test_keys_take_turns() -> None:
    queue = filled({"a": 4, "b": 2, "c": 1})
    assert [queue.take(0) for _ in range(7)] == [1, 5, 7, 2, 6, 3, 4]


def test_who_comes_back_to_the_line_is_the_last_of_the_round() -> None:
    queue = filled({"a": 1, "b": 2})
    assert queue.take(0) == 1
    queue.enter("a", 9, 0)
    assert [queue.take(0) for _ in range(3)] == [2, 9, 3]


def test_leaving_takes_no_turn() -> None:
    queue = filled({"a": 2, "b": 1})
    assert queue.leave("a", 1, 0)
    assert not queue.leave("a", 1, 0)
    assert not queue.leave("nobody", 1, 0)
    assert queue.leave("b", 3, 0)
    assert (queue.length, queue.waiting("a"), queue.waiting("b")) == (1, 1, 0)
    assert queue.take(0) == 2
    assert not queue.leave("a", 2, 0)


def test_nobody_waits_twice() -> None:
    queue = filled({"a": 1})
    with pytest.raises(ValueError, match="waits already"):
        queue.enter("a", 1, 0)
    assert queue.length == 1


def test_two_may_wait_per_slot() -> None:
    queue = filled({str(key): 1 for key in range(8)})
    told = refused(queue, wish("new"))
    assert (told.code, told.status, told.side) == ("gateway_overloaded", 503, Side.GATEWAY)
    assert told.detail == "8 wait for 4 slots"
    assert told.retry_after == 10  # nobody was served yet: as long as one may wait
    assert queue.judge(wish("new", slots=5), 0) is None
    queue.take(0)
    assert queue.judge(wish("new"), 0) is None
    assert refused(line(Queueing(depth=1.5)), wish(slots=0)).code == "gateway_overloaded"


def test_one_key_leaves_places_to_others() -> None:
    queue = line()
    for item in range(100):
        if queue.judge(wish("crowd", slots=32), 0) is None:
            queue.enter("crowd", item, 0)
    assert queue.length == 52  # 52 is not less than four times the 12 that are free
    told = refused(queue, wish("crowd", slots=32))
    assert (told.code, told.status) == ("rate_limited", 429)
    assert told.message.startswith("52 requests of this key wait")
    assert told.detail == "52 of 52 waiting, 12 places free"
    assert queue.judge(wish("other", slots=32), 0) is None


def test_a_wait_that_would_be_in_vain_is_not_begun() -> None:
    queue = line()
    assert queue.judge(wish(opens=10), 0) is None
    told = refused(queue, wish(opens=10.1))
    assert (told.code, told.status, told.side) == ("rate_limited", 429, Side.UPSTREAM)
    assert told.retry_after == 10.1
    assert told.detail == "no channel may be used within the time one may wait"
    assert refused(queue, wish(opens=2.1, remaining=10)).retry_after == 2.1
    assert refused(queue, wish(opens=0.3, remaining=1)).retry_after == 1
    assert refused(queue, wish(opens=math.inf)).retry_after == 120
    assert queue.judge(wish(opens=0, remaining=0), 0) is None  # whose deadline it is, is not our matter


def test_retry_after_follows_the_pace() -> None:
    queue = filled({"a": 40, "b": 8})
    for second in range(1, 31):
        queue.take(second / 2)  # two a second
    assert queue.length == 18
    assert queue.advice(15) == pytest.approx(9, rel=0.05)
    assert queue.advice(15, 4) == pytest.approx(2, rel=0.05)
    assert queue.advice(15, 400) == queue.advice(15)
    assert queue.advice(15, 0) == 1
    assert refused(queue, wish("new", slots=9), 15).retry_after == pytest.approx(9, rel=0.05)
    assert queue.advice(45) > 20  # half a minute in which nothing moved


def test_the_crowds_retry_after_is_its_own_turns() -> None:
    queue = filled({"crowd": 30, "b": 1})
    for second in range(1, 11):
        queue.enter("b", 100 + second, second)
        queue.take(second)
    told = refused(queue, wish("crowd", slots=16), 10)
    own, everybody = queue.waiting("crowd"), queue.length
    assert told.code == "rate_limited"
    assert (own, everybody) == (25, 31)
    assert told.retry_after == pytest.approx(everybody, rel=0.2)  # one a second, and no more than all wait before it


def test_a_small_crowd_is_served_before_the_whole_line_is() -> None:
    queue = filled({"many": 26, "few": 5})
    for second in range(1, 7):
        queue.take(second)
    queue.enter("few", 99, 6)
    queue.enter("few", 98, 6)
    told = refused(queue, wish("few", slots=14), 6)
    assert (queue.waiting("few"), queue.length, told.code) == (4, 27, "rate_limited")
    assert told.retry_after == pytest.approx(8, rel=0.2)


@pytest.mark.parametrize("ends", ["advice", "leave"])
def test_time_in_which_a_single_one_waited_counts(ends: str) -> None:
    queue = filled({"a": 2})
    queue.take(2)
    if ends == "leave":
        queue.leave("a", 2, 20)
    else:
        queue.advice(20)
    for item in range(10, 20):
        queue.enter("b", item, 20)
    waits = 20 * queue.length  # one was served in twenty seconds
    assert queue.advice(20) == pytest.approx(min(waits, 120))
    assert queue.advice(20, 2) == pytest.approx(40, rel=0.35)


def test_idle_time_is_not_slowness() -> None:
    queue = filled({"a": 2})
    queue.take(1)
    queue.take(2)
    queue.enter("a", 7, 5000)
    assert queue.advice(5000) == 1


class Round(RuleBasedStateMachine):
    """Keys come, wait, are served and leave in any order; a list of lists does the same."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: Line[int] = line()
        self.model: deque[tuple[str, list[int]]] = deque()
        self.next = 0
        self.now = 0.0
        self.passed: Counter[int] = Counter()  # item -> served since it waits

    def lane(self, key: str) -> list[int] | None:
        return next((items for name, items in self.model if name == key), None)

    @rule(key=st.sampled_from("abcd"), gap=st.floats(0, 5))
    def enter(self, key: str, gap: float) -> None:
        self.now += gap
        if self.queue.judge(Wish(key, 6, 600), self.now) is not None:
            assert self.queue.length >= 12 or self.queue.waiting(key) >= 4 * (12 - self.queue.length)
            return
        self.next += 1
        self.queue.enter(key, self.next, self.now)
        mine = self.lane(key)
        if mine is None:
            self.model.append((key, [self.next]))
        else:
            mine.append(self.next)

    @precondition(lambda self: self.model)
    @rule()
    def take(self) -> None:
        key, items = self.model.popleft()
        expected = items.pop(0)
        if items:
            self.model.append((key, items))
        assert self.queue.take(self.now) == expected
        for _, others in self.model:
            self.passed[others[0]] += 1
            assert self.passed[others[0]] <= 4  # the head of a key waits for one turn of each other key at most

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        key, items = data.draw(st.sampled_from(list(self.model)))
        item = data.draw(st.sampled_from(items))
        assert self.queue.leave(key, item, self.now)
        items.remove(item)
        if not items:
            self.model = deque(lane for lane in self.model if lane[1])

    @invariant()
    def counts_agree(self) -> None:
        assert self.queue.length == sum(len(items) for _, items in self.model) <= 12
        for key in "abcd":
            assert self.queue.waiting(key) == len(self.lane(key) or ())
        assert 1 <= self.queue.advice(self.now) <= 120


Round.TestCase.settings = settings(max_examples=examples(40), stateful_step_count=40)
TestRound = Round.TestCase


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 30), min_size=2))
def test_while_two_keys_wait_neither_is_served_more_than_one_ahead(waiting: dict[str, int]) -> None:
    queue, owner, item = line(), {}, 0
    for key, count in waiting.items():
        for _ in range(count):
            item += 1
            owner[item] = key
            queue.enter(key, item, 0)
    served: Counter[str] = Counter()
    while (taken := queue.take(0)) is not None:
        served[owner[taken]] += 1
        still = [served[key] for key in waiting if queue.waiting(key)]
        assert not still or max(still) - min(still) <= 1
    assert served == Counter(waiting)


@given(st.integers(1, 200), st.lists(st.sampled_from("abcde"), max_size=500))
def test_a_key_that_has_nothing_waiting_is_only_refused_by_a_full_line(slots: int, comers: list[str]) -> None:
    queue = line()
    for item, key in enumerate(comers):
        told = queue.judge(Wish(key, slots, 600), 0)
        if told is None:
            queue.enter(key, item, 0)
        elif not queue.waiting(key):
            assert queue.length == 2 * slots
        assert queue.length <= 2 * slots
