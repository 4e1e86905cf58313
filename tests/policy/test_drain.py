"""The pace of a queue: exact when it is even, blind to time in which nobody waits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.policy.drain import Drain


def test_unknown_until_somebody_waited_and_was_served() -> None:
    drain = Drain()
    assert drain.rate is None
    drain.pass_time(waiting=True, now=100)
    drain.serve()
    assert drain.rate is None  # no time has passed
    drain.pass_time(waiting=False, now=200)
    assert drain.rate is None
    idle = Drain()
    idle.pass_time(waiting=False, now=0)
    idle.pass_time(waiting=True, now=10)
    assert idle.rate is None


def test_time_without_a_queue_does_not_count() -> None:
    drain = Drain()
    drain.pass_time(waiting=False, now=0)
    drain.pass_time(waiting=True, now=1)
    drain.serve()
    before = drain.rate
    drain.pass_time(waiting=False, now=10_000)
    assert drain.rate == before
    assert before == pytest.approx(1, rel=0.05)


def test_old_news_fades() -> None:
    drain = Drain()
    drain.pass_time(waiting=False, now=0)
    for second in range(1, 301):
        drain.pass_time(waiting=True, now=second)
        drain.serve()
    for second in range(301, 331):
        drain.pass_time(waiting=True, now=second)
        for _ in range(10):
            drain.serve()
    assert drain.rate == pytest.approx(1 / 2.71828 + 10 * (1 - 1 / 2.71828), rel=0.03)


def test_a_clock_that_stands_still_or_steps_back_harms_nothing() -> None:
    drain = Drain()
    for now in (0, 2, 2, 1):
        drain.pass_time(waiting=True, now=now)
    drain.serve()
    assert drain.rate == pytest.approx(0.5, rel=0.05)


@given(st.floats(0.01, 50), st.floats(1, 100))
def test_an_even_pace_is_told_as_it_is(gap: float, memory: float) -> None:
    drain = Drain(memory)
    drain.pass_time(waiting=False, now=0)
    for step in range(1, 400):
        drain.pass_time(waiting=True, now=step * gap)
        drain.serve()
    rate = drain.rate
    assert rate is not None
    # A fading count sees its own last step whole: high by at most one step's share of the memory.
    assert 1 / gap * 0.99 <= rate <= 1 / gap + 1 / (memory * (1 - 2.7183 ** -(400 * gap / memory))) + 1e-6


def test_half_a_minute_is_remembered() -> None:
    plain, told = Drain(), Drain(30.0)
    for drain in (plain, told):
        drain.pass_time(waiting=False, now=0)
        drain.serve()
        drain.pass_time(waiting=True, now=7)
        drain.serve()
        drain.pass_time(waiting=True, now=90)
    assert plain.rate == told.rate
