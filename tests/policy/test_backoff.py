"""The pause before an attempt: full jitter, Retry-After, and never beyond the deadline."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import fault
from outwait.core.plan import Retry
from outwait.policy.backoff import honoured, jittered, wait

RESET = fault("upstream_reset")
BUSY = fault("upstream_error", cause="rate_limited")
LUCK = st.floats(min_value=0, max_value=1, exclude_max=True)


def _wait(**changes: object) -> float | None:
    given_: dict = {"number": 1, "luck": 0.5, "retry_after": None, "remaining": 600.0} | changes
    return wait(given_.pop("failed", RESET), Retry(), **given_)


@given(st.integers(0, 5000), st.floats(0.001, 10), st.floats(0.001, 100), LUCK)
def test_jitter_stays_below_the_cap_and_below_the_doubling(n: int, base: float, cap: float, luck: float) -> None:
    pause = jittered(n, base, cap, luck)
    assert 0 <= pause <= cap
    assert pause <= base * 2.0 ** min(n, 64)


def test_jitter_doubles() -> None:
    assert [jittered(n, 1, 20, 0.5) for n in range(7)] == [0.5, 1, 2, 4, 8, 10, 10]


@pytest.mark.parametrize(
    "asked, held",
    [(None, 0), (0, 0), (-5, 0), (math.nan, 0), (30, 30), (120, 120), (120.1, None), (math.inf, None)],
)
def test_retry_after(asked: float | None, held: float | None) -> None:
    assert honoured(asked) == held


def test_a_fresh_endpoint_is_tried_at_once() -> None:
    assert _wait(number=0) == 0


def test_a_transport_fault_pauses_briefly_and_a_refusal_longer() -> None:
    assert _wait() == 0.025
    assert _wait(number=3) == 0.1
    assert _wait(failed=BUSY) == 0.5


def test_retry_after_is_honoured_and_jitter_comes_on_top() -> None:
    assert _wait(number=0, retry_after=30) == 30
    assert _wait(failed=BUSY, retry_after=30) == 30.5


def test_too_long_a_wish_is_not_waited_for() -> None:
    assert _wait(retry_after=121) is None
    assert _wait(retry_after=60, remaining=59) is None


@given(
    number=st.integers(0, 50),
    luck=LUCK,
    retry_after=st.none() | st.floats(),
    remaining=st.floats(0, 1000),
)
def test_never_beyond_the_deadline(**given_: object) -> None:
    waiting = _wait(**given_)
    assert waiting is None or 0 <= waiting < given_["remaining"]  # type: ignore[operator]
