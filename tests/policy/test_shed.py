"""Shedding: what is refused at which measure, and that it does not flap."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.policy.shed import Bounds, Level, Shed

NOTHING, BACKGROUND, NEW = Level.NOTHING, Level.BACKGROUND, Level.NEW


def test_the_numbers() -> None:
    bounds = Bounds()
    assert (bounds.background_lag, bounds.background_memory) == (0.1, 0.8)
    assert (bounds.new_lag, bounds.new_memory) == (0.5, 0.9)
    assert (bounds.lag_relief, bounds.memory_relief, bounds.calm) == (0.8, 0.95, 5)


@pytest.mark.parametrize(
    "lag, memory, level",
    [
        (0, 0, NOTHING),
        (0.1, 0.8, NOTHING),
        (0.101, 0, BACKGROUND),
        (0, 0.801, BACKGROUND),
        (0.5, 0.9, BACKGROUND),
        (0.501, 0, NEW),
        (0, 0.901, NEW),
        (math.nan, math.nan, NOTHING),
        (math.nan, 0.95, NEW),
    ],
)
def test_a_level_is_taken_at_once(lag: float, memory: float, level: Level) -> None:
    assert Shed(Bounds()).observe(lag, memory, 0) is level


def test_who_is_refused() -> None:
    shed = Shed(Bounds())
    assert shed.refusal(background=True) is None
    shed.observe(0.01, 0.1, 0)
    assert shed.why == ""
    shed.observe(0.15, 0.5, 0)
    shed.observe(0.16, 0.5, 0)  # what raised it stays the reason
    assert shed.refusal(background=False) is None
    refused = shed.refusal(background=True)
    assert refused is not None
    assert (refused.code, refused.status, refused.retry_after) == ("gateway_overloaded", 503, 5)
    assert refused.detail == "loop lag p99 150 ms, memory 50%"
    shed.observe(0.612, 0.81, 1)
    told = shed.refusal(background=False)
    assert told is not None
    assert told.detail == "loop lag p99 612 ms, memory 81%"
    assert shed.refusal(background=True) == told


def test_it_steps_down_one_level_at_a_time_after_calm() -> None:
    shed = Shed(Bounds())
    shed.observe(1, 0, 0)
    assert shed.observe(0, 0, 10) is NEW  # the calm begins now
    assert shed.observe(0, 0, 14.9) is NEW
    assert shed.observe(0, 0, 15) is BACKGROUND
    assert shed.observe(0, 0, 19.9) is BACKGROUND
    assert shed.observe(0, 0, 20) is NOTHING
    assert shed.observe(0, 0, 100) is NOTHING


@pytest.mark.parametrize("lag, memory", [(0.081, 0), (0, 0.761)])
def test_a_little_below_the_bound_is_not_calm(lag: float, memory: float) -> None:
    shed = Shed(Bounds())
    shed.observe(0.2, 0.85, 0)
    for now in range(1, 60):
        assert shed.observe(lag, memory, now) is BACKGROUND
    shed.observe(0.079, 0.759, 60)
    assert shed.observe(0.079, 0.759, 64) is BACKGROUND
    assert shed.observe(lag, memory, 64.5) is BACKGROUND  # the calm is broken and begins anew
    assert shed.observe(0.079, 0.759, 66) is BACKGROUND
    assert shed.observe(0.079, 0.759, 71) is NOTHING


def test_calm_for_the_upper_level_may_be_none_for_the_lower() -> None:
    shed = Shed(Bounds())
    shed.observe(0.6, 0, 0)
    for now in range(1, 20):
        shed.observe(0.2, 0, now)
    assert shed.level is BACKGROUND
    shed.observe(0.6, 0, 20)
    shed.observe(0.3, 0, 21)
    assert shed.observe(0.6, 0, 25) is NEW
    assert shed.observe(0.3, 0, 26) is NEW
    assert shed.observe(0.3, 0, 30) is NEW
    assert shed.observe(0.3, 0, 31) is BACKGROUND


def test_a_new_rise_ends_the_calm() -> None:
    shed = Shed(Bounds())
    shed.observe(0.2, 0, 0)
    shed.observe(0, 0, 1)
    assert shed.observe(0.6, 0, 2) is NEW
    assert shed.observe(0, 0, 6) is NEW
    assert shed.observe(0, 0, 10.9) is NEW
    assert shed.observe(0, 0, 11) is BACKGROUND


def test_a_load_that_swings_around_a_bound_does_not_flap() -> None:
    shed, seen = Shed(Bounds()), []
    for tick in range(2000):
        swing = 1 + 0.15 * math.sin(tick / 3)
        seen.append(shed.observe(0.1 * swing, 0, tick * 0.25))
    assert sum(before is not after for before, after in itertools.pairwise(seen)) <= 1
    assert seen[-1] is BACKGROUND


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 7)), max_size=120))
def test_never_too_low_and_never_down_in_a_hurry(steps: list[tuple[float, float, float]]) -> None:
    shed, now, changed_at, bounds = Shed(Bounds()), 0.0, -math.inf, Bounds()
    for lag, memory, gap in steps:
        now += gap
        before = shed.level
        level = shed.observe(lag, memory, now)
        assert level >= bounds.level(lag, memory)
        if level < before:
            assert level == before - 1
            assert now - changed_at >= bounds.calm
        if level is not before:
            changed_at = now
        assert (shed.refusal(background=True) is None) == (level is NOTHING)
        assert (shed.refusal(background=False) is None) == (level is not NEW)
