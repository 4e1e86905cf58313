"""What stops a credential, for how long, and that nothing stops it for good."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.policy.quota import Quota, Reserve
from outwait.policy.rate_headers import Told, Window


def told(remaining: float, limit: float | None = 100, reset: float | None = 30, kind: str = "requests") -> Told:
    return Told((Window(kind, remaining, limit, reset),))


def quota(**numbers: float) -> Quota:
    return Quota(Reserve(**numbers))


def after(*replies: Told, now: float = 1000) -> float:
    credential = quota()
    for reply in replies:
        credential.observe(reply, now)
    return credential.wait(now)


def test_the_numbers() -> None:
    assert Reserve() == Reserve(share=0.02, until=1, longest=600, blind=1, same=0.5, cool_down=86_400)


def test_nothing_is_known_at_first() -> None:
    credential = quota()
    assert credential.wait(0) == 0
    assert credential.why == ""
    credential.sent(0)
    assert credential.wait(0) == 0


@pytest.mark.parametrize(
    "reply, waits",
    [
        (told(3), 0),
        (told(2), 30),
        (told(0), 30),
        (told(201, 10_000), 0),
        (told(200, 10_000, kind="tokens"), 30),
        (told(1, None), 0),
        (told(0, None), 30),
        (told(0, 100, None), 1),
        (told(0, reset=0), 0),
        (told(0, reset=600), 600),
        (told(0, reset=85_656), 600),
        (Told((Window("tokens", 900, 1000, 5), Window("output-tokens", 1, 1000, 7))), 7),
        (Told((Window("tokens", 1, 1000, 9), Window("requests", 1, 1000, 7))), 9),
        (Told((), 12), 12),
        (Told((), 90_000), 86_400),
        (Told((), 0), 0),
    ],
)
def test_sending_stops_at_two_percent_until_the_reset(reply: Told, waits: float) -> None:
    assert after(reply) == waits


def test_the_wait_runs_out_and_says_why() -> None:
    credential = quota()
    credential.observe(told(1, 50, 30), 1000)
    assert credential.wait(1029) == 1
    assert credential.wait(1030) == 0
    assert credential.wait(2000) == 0
    assert credential.why == "1 of 50 requests left, for 30 s"
    credential.observe(Told((), 40), 1030)
    assert credential.why == "the provider asked to be left alone, for 40 s"
    credential.observe(told(0, None, 90, "tokens"), 1030)
    assert credential.why == "0 tokens left, for 90 s"


def test_older_news_does_not_open_what_newer_has_closed() -> None:
    assert after(told(1), told(90)) == 30
    assert after(told(1), told(1, reset=5)) == 30
    credential = quota()
    credential.observe(told(1), 0)
    credential.observe(told(1, reset=5), 0)
    assert credential.why == "1 of 100 requests left, for 30 s"


def test_a_burst_is_counted_down_between_two_replies() -> None:
    credential = quota()
    credential.observe(told(5), 0)
    for _ in range(2):
        credential.sent(10)
        assert credential.wait(10) == 0
    credential.sent(10)
    assert credential.wait(10) == 20
    assert credential.why == "2 of 100 requests left, for 20 s"


def test_after_the_reset_the_count_begins_at_the_limit() -> None:
    credential = quota()
    credential.observe(told(3, 10), 0)
    for _ in range(9):
        credential.sent(30)
    assert credential.wait(30) == 0
    credential.sent(30.25)
    assert credential.wait(30.25) == 0.75
    assert credential.why == "0 of 10 requests left, for 0.75 s"
    for _ in range(9):
        credential.sent(31)  # nobody said better in that second: a new window
    assert credential.wait(31) == 0
    unlimited = quota()
    unlimited.observe(told(3, None), 0)
    for _ in range(100):
        unlimited.sent(30)
    assert unlimited.wait(30) == 0


def test_a_reply_corrects_the_count() -> None:
    credential = quota()
    credential.observe(told(3), 30)
    credential.observe(told(50, reset=35), 30)
    credential.sent(31)
    assert credential.wait(31) == 0
    credential.observe(told(3, None, None), 40)
    credential.sent(40.5)
    credential.sent(40.5)
    assert credential.wait(40.5) == 0
    credential.sent(40.75)
    assert credential.wait(40.75) == 0.25
    assert credential.why == "0 requests left, for 0.25 s"


def left(credential: Quota, now: float) -> int:
    """How many more may be sent."""
    count = 0
    while credential.wait(now) <= 0:
        credential.sent(now)
        count += 1
    return count


@pytest.mark.parametrize("later, expected", [(29.5, 3), (30, 3), (30.5, 3), (30.6, 6), (29.4, 6)])
def test_a_reply_about_the_same_window_never_gives_back_what_was_sent_since(later: float, expected: int) -> None:
    credential = quota(share=0)
    credential.observe(told(10), 0)
    for _ in range(7):
        credential.sent(0)
    credential.observe(told(6, reset=later), 0)
    assert left(credential, 0) == expected


def test_a_window_that_others_use_too_shrinks() -> None:
    credential = quota(share=0)
    credential.observe(told(10), 0)
    credential.observe(told(4), 0)
    assert left(credential, 0) == 4


def test_a_limit_that_refills_all_the_time_is_credited() -> None:
    credential = quota()
    for step in range(6000):  # 80 a second of 5000 a minute: a tenth stays left, full again in 54 s
        now = step / 80
        credential.sent(now)
        assert credential.wait(now) == 0
        credential.observe(told(500, 5000, 54), now)


def test_tokens_are_not_counted_down() -> None:
    credential = quota()
    credential.observe(told(3, kind="tokens"), 0)
    for _ in range(10):
        credential.sent(0)
    assert credential.wait(0) == 0


def test_what_was_told_before_a_pause_is_shown_as_nothing_left_never_as_a_debt() -> None:
    credential = quota(share=0, until=0.5)
    credential.observe(told(0.5), 0)
    credential.sent(10)
    assert credential.wait(10) == 10
    assert credential.why == "0 of 100 requests left, for 10 s"


def test_an_upstream_that_refills_all_the_time_may_be_asked_earlier() -> None:
    credential = quota(until=0.1)
    credential.observe(told(1), 0)
    assert credential.wait(0) == 3


@pytest.mark.parametrize("nonsense", [0, -1, -math.inf, math.nan])
def test_nonsense_holds_nothing(nonsense: float) -> None:
    credential = quota()
    credential.hold(nonsense, 5, "x")
    assert credential.wait(5) == 0
    assert credential.why == ""


def test_opened_by_hand_nothing_is_remembered() -> None:
    credential = quota()
    credential.observe(told(3), 0)
    credential.hold(50, 0, "cool")
    assert credential.why == "cool, for 50 s"
    credential.open()
    assert (credential.wait(0), credential.why) == (0, "")
    credential.sent(0)
    assert credential.wait(0) == 0


NUMBER = st.floats(0, 1e15)
REPLIES = st.builds(
    Told,
    st.lists(
        st.builds(
            Window,
            st.sampled_from(["requests", "tokens", "input-tokens"]),
            NUMBER,
            st.none() | st.floats(1e-3, 1e15),
            st.none() | NUMBER,
        ),
        max_size=4,
    ).map(tuple),
    st.none() | NUMBER,
)


@given(st.lists(st.tuples(st.none() | REPLIES, st.floats(0, 1000)), max_size=40))
def test_a_pause_only_grows_and_always_ends(steps: list[tuple[Told | None, float]]) -> None:
    credential, now = quota(), 0.0
    for reply, gap in steps:
        now += gap
        before = credential.wait(now)
        if reply is None:
            credential.sent(now)
        else:
            credential.observe(reply, now)
        assert before <= credential.wait(now) <= 86_400
        assert reply is None or reply.retry_after or credential.wait(now) <= max(before, 600.001)
        assert credential.wait(now + 86_400) == 0
