from __future__ import annotations

import pytest

from outwait.core.fault import Clock
from outwait.toolkit.check.clocks import SPANS, Clocks, spans


def test_the_clock_of_the_phase_runs_beside_the_total() -> None:
    clocks = Clocks(SPANS, 100.0)
    assert (clocks.clock, clocks.due) == (Clock.CONNECT, 110.0)
    assert clocks.enter(Clock.FIRST_BYTE, 105.0) == 165.0
    assert clocks.first_out == (Clock.FIRST_BYTE, 60.0)
    assert clocks.enter(Clock.IDLE, 200.0) == 220.0
    assert clocks.first_out == (Clock.TOTAL, 120.0)


def test_a_phase_that_begins_anew_has_its_whole_span_again() -> None:
    clocks = Clocks(SPANS, 0.0)
    clocks.enter(Clock.IDLE, 10.0)
    assert clocks.enter(Clock.IDLE, 30.0) == 90.0


def test_the_clock_of_the_phase_is_named_where_both_run_out() -> None:
    clocks = Clocks({**SPANS, Clock.TOTAL: 60.0}, 0.0)
    clocks.enter(Clock.FIRST_BYTE, 0.0)
    assert clocks.first_out == (Clock.FIRST_BYTE, 60.0)


def test_one_span_bounds_silence_and_twice_of_it_the_probe() -> None:
    found = spans(["5s"])
    assert {clock.value: span for clock, span in found.items()} == {
        "connect": 5.0, "write": 5.0, "first_byte": 5.0, "first_token": 5.0, "idle": 5.0, "total": 10.0,
    }  # fmt: skip
    assert spans(["10m"])[Clock.CONNECT] == SPANS[Clock.CONNECT]
    assert spans([]) == SPANS


@pytest.mark.parametrize("order", [["first_byte=3s", "90s"], ["90s", "first_byte=3s"]])
def test_a_named_clock_wins_wherever_it_stands(order: list[str]) -> None:
    found = spans(order)
    assert (found[Clock.FIRST_BYTE], found[Clock.IDLE], found[Clock.TOTAL]) == (3.0, 90.0, 180.0)


def test_a_clock_that_was_named_can_run_out() -> None:
    assert spans(["first_byte=10m"])[Clock.TOTAL] == 1200.0
    assert spans(["first_byte=10m", "total=1m"])[Clock.TOTAL] == 60.0


@pytest.mark.parametrize("wrong", ["soon", "0s", "queue=3s", "later=3s", "idle=", "=3s", "-1", "idle=0"])
def test_what_is_no_span_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        spans([wrong])


def test_an_unknown_clock_is_told_the_known_ones() -> None:
    with pytest.raises(ValueError, match="connect, write, first_byte, first_token, idle, total"):
        spans(["queue=3s"])
