from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.notify.schedule import BASE, CAP, SHORTEST, SPAN, Verdict, again, asked, judged

HOUR = 3600.0
NOW = 1_445_412_480.0  # Wed, 21 Oct 2015 07:28:00 GMT


@pytest.mark.parametrize(
    "status, verdict",
    [
        (200, Verdict.DELIVERED),
        (204, Verdict.DELIVERED),
        (299, Verdict.DELIVERED),
        (301, Verdict.AGAIN),
        (308, Verdict.AGAIN),
        (400, Verdict.AGAIN),
        (404, Verdict.AGAIN),
        (410, Verdict.GONE),
        (429, Verdict.AGAIN),
        (500, Verdict.AGAIN),
    ],
)
def test_what_a_status_means(status: int, verdict: Verdict) -> None:
    assert judged(status) is verdict


@pytest.mark.parametrize(
    "attempts, luck, pause",
    [
        (1, 0.5, BASE / 2),
        (2, 0.5, BASE),
        (4, 0.25, BASE * 2),
        (50, 0.5, CAP / 2),
        (1, 0.0, SHORTEST),
        (0, 0.5, BASE / 2),
    ],
)
def test_the_pause_doubles_up_to_a_cap(attempts: int, luck: float, pause: float) -> None:
    assert again(NOW, attempts, NOW + 5, luck=luck) == NOW + 5 + pause


def test_the_last_attempt_is_made_when_the_time_is_over() -> None:
    assert again(NOW, 40, NOW + SPAN - 1, luck=0.9) == NOW + SPAN
    assert again(NOW, 40, NOW + SPAN, luck=0.9) is None
    assert again(NOW, 1, NOW + SPAN + HOUR, luck=0.0) is None


def test_a_receiver_may_ask_for_time_but_not_for_ever() -> None:
    assert again(NOW, 1, NOW, luck=0.5, asked=100.0) == NOW + 100 + BASE / 2
    assert again(NOW, 1, NOW, luck=0.5, asked=10 * HOUR) == NOW + CAP + BASE / 2
    assert again(NOW, 1, NOW + 71 * HOUR, luck=0.5, asked=2 * HOUR) == NOW + SPAN


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1), st.floats(0, 1e12), st.floats(0.01, 15))
def test_every_event_ends(lucks: list[float], wish: float, taken: float) -> None:
    now, attempts = NOW, 1
    while True:
        at = again(NOW, attempts, now, luck=lucks[attempts % len(lucks)], asked=wish if attempts % 3 == 0 else 0.0)
        if at is None:
            break
        assert now < at <= NOW + SPAN
        now, attempts = at + taken, attempts + 1
        if attempts > 200:  # as good as no luck: the pauses are as short as they get
            assert min(lucks) * CAP < SPAN / 100
            return
    assert now >= NOW + SPAN


@pytest.mark.parametrize(
    "header, seconds",
    [
        ("", 0.0),
        ("120", 120.0),
        (" 1.5 ", 1.5),
        ("-5", 0.0),
        ("soon", 0.0),
        ("1e9", 0.0),
        ("inf", 0.0),
        ("Wed, 21 Oct 2015 07:30:00 GMT", 120.0),
        ("Wed, 21 Oct 2015 09:30:00 +0200", 120.0),
        ("Wed, 21 Oct 2015 07:30:00", 120.0),
        ("Wed Oct 21 07:30:00 2015", 120.0),
        ("Wed, 21 Oct 2015 07:00:00 GMT", 0.0),
        ("Wed, 99 Oct 99999 07:00:00 GMT", 0.0),
    ],
)
def test_what_a_receiver_asks_for(header: str, seconds: float) -> None:
    assert asked(header, NOW) == seconds


@given(
    st.text() | st.from_regex(r"\w{3}, \d{1,4} (Jan|Feb|Foo) \d{0,9} \d{1,3}:\d{1,3}(:\d{1,3})? ?([+-]\d{1,9}|GMT)?")
)
def test_no_header_breaks_it(header: str) -> None:
    assert asked(header, NOW) >= 0
