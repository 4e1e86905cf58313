from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.toolkit.net.findings import Loss
from outwait.toolkit.net.quality import date, jitter, quality, skew


def test_loss_counts_what_was_sent_again() -> None:
    found = quality(Loss("192.0.2.1", (0.02, 1.03, 0.02), 1, 1))
    assert (found.count, found.loss) == (4, 0.4)  # five packets were sent to open four connections
    assert (found.best, found.median, found.worst) == (0.02, 0.02, 1.03)


def test_nothing_came_through() -> None:
    found = quality(Loss("192.0.2.1", (), 3, 0))
    assert (found.loss, found.best, found.jitter) == (1.0, None, None)
    assert quality(Loss("192.0.2.1", (), 0, 0)).loss == 0.0


def test_jitter_is_the_mean_step() -> None:
    assert jitter([0.1, 0.3, 0.2]) == pytest.approx(0.15)
    assert jitter([0.1]) is None


@given(st.lists(st.floats(0, 10), max_size=20), st.integers(0, 20), st.integers(0, 20))
def test_a_share_is_one(seconds: list[float], lost: int, retransmits: int) -> None:
    assert 0.0 <= quality(Loss("192.0.2.1", tuple(seconds), lost, retransmits)).loss <= 1.0


def test_dates() -> None:
    assert date("Fri, 15 Jan 2027 08:00:00 GMT") == 1_800_000_000.0
    assert date("yesterday") is None
    assert date("") is None


@given(st.floats(-1e6, 1e6), st.floats(0, 0.999), st.floats(0, 1), st.floats(0, 1))
def test_a_skew_is_never_overstated(ahead: float, part: float, rtt: float, share: float) -> None:
    """The true skew is at least what is told, whatever part of a second was cut and of the round trip was behind us."""
    truth = 1000.0
    theirs = truth
    ours = truth + part + rtt * share + ahead
    told = skew(theirs, ours, rtt)
    assert abs(told) <= abs(ahead) + 1e-6
    assert abs(ahead) - abs(told) <= 1.0 + rtt + 1e-6
    assert told == 0 or (told > 0) == (ahead > 0)
