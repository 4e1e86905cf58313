"""AIMD concurrency: what cuts, what raises, and that the limit never leaves its bounds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import FAULTS, Fault, Side, UpstreamError, fault
from outwait.policy.limiter import CAUSES, MANY, STATUSES, Concurrency, Limiter, Signal, signal_of

SUCCESS, OVERLOAD, NEITHER = Signal.SUCCESS, Signal.OVERLOAD, Signal.NEITHER


def said(status: int, cause: str = "upstream_error") -> Fault:
    return fault("upstream_error", cause=cause, upstream=UpstreamError(status, "application/json", b"{}"))


def limiter(limit: int = 32) -> Limiter:
    return Limiter(Concurrency(start=limit))


def succeed(endpoint: Limiter, times: int, in_flight: int) -> list[bool]:
    return [endpoint.note(SUCCESS, in_flight, 0) for _ in range(times)]


def test_the_numbers() -> None:
    numbers = Concurrency()
    assert (numbers.start, numbers.floor, numbers.ceiling) == (MANY, 4, MANY)
    assert (numbers.cut, numbers.pause, numbers.step, numbers.used) == (0.7, 10, 20, 0.5)


def test_room_ends_at_the_limit() -> None:
    endpoint = limiter()
    assert endpoint.limit == 32
    assert endpoint.room(31)
    assert not endpoint.room(32)


def test_twenty_successes_of_a_half_used_limit_add_one() -> None:
    endpoint = limiter()
    assert succeed(endpoint, 20, 16) == [False] * 19 + [True]
    assert endpoint.limit == 33
    assert not any(succeed(endpoint, 100, 16))  # 16 of 33 is less than half
    assert succeed(endpoint, 20, 17) == [False] * 19 + [True]
    assert endpoint.limit == 34


def test_an_overload_cuts_once_per_ten_seconds() -> None:
    endpoint = limiter()
    assert endpoint.note(OVERLOAD, 32, 100)
    assert endpoint.limit == 22
    assert not endpoint.note(OVERLOAD, 22, 100)
    assert not endpoint.note(OVERLOAD, 22, 109.9)
    assert endpoint.limit == 22
    assert endpoint.note(OVERLOAD, 22, 110)
    assert endpoint.limit == 15


def test_nobody_is_held_back_before_it_was_too_much_and_then_it_is_70_percent_of_what_ran() -> None:
    endpoint = Limiter(Concurrency())
    assert endpoint.room(MANY - 1)
    assert endpoint.note(OVERLOAD, 200, 0)
    assert endpoint.limit == 140
    assert endpoint.note(OVERLOAD, 100, 10)
    assert endpoint.limit == 70
    assert endpoint.note(OVERLOAD, 90, 20)  # more than the limit: they began before the cut
    assert endpoint.limit == 49


def test_a_cut_starts_the_count_of_successes_anew() -> None:
    endpoint = limiter()
    succeed(endpoint, 19, 32)
    endpoint.note(OVERLOAD, 32, 0)
    assert succeed(endpoint, 20, 32) == [False] * 19 + [True]
    assert endpoint.limit == 23


def test_what_says_nothing_changes_nothing() -> None:
    endpoint = limiter()
    succeed(endpoint, 19, 32)
    assert not endpoint.note(NEITHER, 32, 0)
    assert endpoint.limit == 32
    assert endpoint.note(SUCCESS, 32, 0)


def test_floor_and_ceiling_hold() -> None:
    low = limiter(5)
    assert low.note(OVERLOAD, 5, 0)
    assert low.limit == 4
    assert not low.note(OVERLOAD, 5, 20)
    high = Limiter(Concurrency(start=8, ceiling=8))
    assert not any(succeed(high, 40, 8))
    assert high.limit == 8


def test_few_in_flight_were_not_refused_for_being_many() -> None:
    quiet = limiter(32)
    assert not quiet.note(OVERLOAD, 4, 0)
    assert quiet.limit == 32
    assert quiet.note(OVERLOAD, 10, 0)  # nothing was cut that it would have to wait for
    assert quiet.limit == 7


def test_a_ceiling_below_the_floor_wins_and_there_is_always_one() -> None:
    assert Limiter(Concurrency(ceiling=2)).limit == 2
    assert Limiter(Concurrency(start=0, floor=0, ceiling=0)).limit == 1


def test_other_numbers_keep_what_was_learned() -> None:
    endpoint = limiter()
    endpoint.note(OVERLOAD, 32, 0)
    endpoint.renumber(Concurrency(start=99))
    assert endpoint.limit == 22
    endpoint.renumber(Concurrency(ceiling=10))
    assert endpoint.limit == 10
    endpoint.renumber(Concurrency(floor=12))
    assert endpoint.limit == 12
    endpoint.renumber(Concurrency(cut=0.5, floor=1))
    endpoint.note(OVERLOAD, 12, 10)
    assert endpoint.limit == 6


@pytest.mark.parametrize(
    "failed, expected",
    [
        (None, SUCCESS),
        (said(429), OVERLOAD),
        (said(503), OVERLOAD),
        (said(529), OVERLOAD),
        (said(429, "rate_limited"), OVERLOAD),
        (said(413, "rate_limited"), OVERLOAD),
        (said(200, "overloaded"), OVERLOAD),
        (said(522, "connect_timeout"), OVERLOAD),
        (said(429, "quota_exhausted"), NEITHER),
        (said(503, "model_not_found"), NEITHER),
        (said(500), NEITHER),
        (said(504, "gateway_timeout_upstream"), NEITHER),
        (said(429, "context_too_long"), NEITHER),
        (said(429, "auth_failed"), NEITHER),
        (said(429, "permission_denied"), NEITHER),
        (said(503, "content_filtered"), NEITHER),
        (fault("connect_timeout"), OVERLOAD),
        (fault("upstream_quota"), NEITHER),
        (fault("upstream_connect"), NEITHER),
        (fault("upstream_reset"), NEITHER),
        (fault("first_byte_timeout"), NEITHER),
        (fault("idle_timeout"), NEITHER),
        (fault("rate_limited"), NEITHER),
        (fault("gateway_overloaded"), NEITHER),
        (fault("queue_timeout"), NEITHER),
    ],
)
def test_what_a_fault_says(failed: Fault | None, expected: Signal) -> None:
    assert signal_of(failed) is expected


@pytest.mark.parametrize(
    "failed, asked, expected",
    [
        (said(429, "rate_limited"), 7.0, NEITHER),  # so many a minute: its key rests, and that is all it takes
        (said(429, "rate_limited"), 0.0, OVERLOAD),  # at once is no date
        (said(503, "overloaded"), 7.0, OVERLOAD),
        (said(429), 7.0, OVERLOAD),
    ],
)
def test_a_rate_limit_that_says_when_it_ends_is_no_matter_of_concurrency(
    failed: Fault, asked: float, expected: Signal
) -> None:
    assert signal_of(replace(failed, retry_after=asked)) is expected


def test_the_tables_hold_no_dead_rows() -> None:
    assert set(STATUSES) == {429, 503, 529}
    assert {cause for cause, signal in CAUSES.items() if signal is OVERLOAD} == {
        "rate_limited",
        "overloaded",
        "connect_timeout",
    }
    for cause, signal in CAUSES.items():
        assert signal_of(said(503, cause)) is signal


@given(st.sampled_from(sorted(FAULTS)))
def test_a_fault_of_our_own_side_never_cuts(code: str) -> None:
    for side in (Side.CLIENT, Side.GATEWAY):
        assert signal_of(fault(code, side=side)) is NEITHER


STEPS = st.lists(st.tuples(st.sampled_from(Signal), st.integers(1, 80), st.floats(0, 30)), max_size=300)


@given(STEPS, st.integers(1, 60), st.integers(1, 12), st.integers(1, 64))
def test_bounds_and_pace_hold_whatever_comes(
    steps: list[tuple[Signal, int, float]], start: int, floor: int, ceiling: int
) -> None:
    endpoint = Limiter(Concurrency(start=start, floor=floor, ceiling=ceiling))
    now, cut_at, successes = 0.0, -100.0, 0
    for signal, in_flight, gap in steps:
        now += gap
        before = endpoint.limit
        successes += signal is SUCCESS
        changed = endpoint.note(signal, in_flight, now)
        assert changed == (endpoint.limit != before)
        assert min(floor, ceiling) <= endpoint.limit <= ceiling
        if endpoint.limit < before:
            assert signal is OVERLOAD
            assert now - cut_at >= 10
            assert endpoint.limit == max(1, min(max(int(min(before, in_flight) * 0.7), floor), ceiling))
            cut_at, successes = now, 0
        elif endpoint.limit > before:
            assert endpoint.limit == before + 1
            assert signal is SUCCESS
            assert successes >= 20
            successes = 0
