from __future__ import annotations

import pytest

from outwait.diagnosis.causes import (
    CONNECT,
    CUT,
    DNS,
    FIRST_BYTE,
    GAVE_UP,
    IDLE,
    MIDDLEBOX,
    REFUSED,
    RESET,
    TOTAL,
    UNKNOWN,
)
from outwait.diagnosis.sign import Sign
from outwait.diagnosis.timing import GUESS, on_the_way, own_clock, spoken, timed


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("operation timed out after 60011 milliseconds with 0 bytes", 60.011),
        ("timed out after 300 seconds", 300),
        ("no answer within 5m", 300),
        ("took 2 mins", 120),
        ('"elapsedms":194388', 194.388),
        ("read timeout=600s", 600),
        ("after 3 attempts", None),
    ],
)
def test_the_time_that_a_text_names(text: str, seconds: float | None) -> None:
    assert spoken(text) == (None if seconds is None else pytest.approx(seconds))


def sign(cause: str, weight: int) -> Sign:
    return Sign(weight, cause, None, "quote", "")


@pytest.mark.parametrize(
    "cause, weight, text, elapsed, better",
    [
        (RESET, 80, "socket hang up", 60.2, CUT),  # what allows a minute stands in many ways
        (RESET, 80, "socket hang up", 47.0, None),
        (RESET, 80, "socket hang up", 0.2, None),
        (RESET, 95, "reset reason: remote reset", 60.0, None),
        (RESET, 80, "socket hang up", None, None),
        # a timer for silence that the text names, and that strikes just then
        (RESET, 78, "socket hang up, idle_timeout=60000", 60.2, IDLE),
        (RESET, 78, "socket hang up (stalled for 60 s)", 59.5, IDLE),
        (GAVE_UP, 70, "aborted: inactivity limit: 1m", 60.0, IDLE),
        (UNKNOWN, 24, "fetch failed; idletimeoutms: 45000, silence limit: 90", 90.0, IDLE),
        (RESET, 78, "socket hang up, idle_timeout=30000", 60.2, CUT),
        (RESET, 92, "reset by peer, idle_timeout=60", 60.0, None),
        (GAVE_UP, 70, "this operation was aborted", 30.1, TOTAL),
        (GAVE_UP, 70, "this operation was aborted", 37.0, None),
        (GAVE_UP, 90, "client disconnected", 30.0, None),
        (UNKNOWN, 24, "fetch failed", 301.0, FIRST_BYTE),
        (UNKNOWN, 24, "fetch failed", 10.4, CONNECT),
        (UNKNOWN, 24, "fetch failed", 5.0, None),
        # a text that is no failure of a call says nothing by its time
        (UNKNOWN, 0, "everything works fine, thanks", 60.0, None),
        (UNKNOWN, 0, "everything works fine, thanks", 0.5, None),
        (UNKNOWN, 0, "the server works fine, thanks", 60.0, None),
        (UNKNOWN, 0, "all is well, idle for 60 s", 60.0, None),
        (UNKNOWN, 0, "keyerror: foo", 600.0, None),
        (UNKNOWN, 0, "typeerror: x is not a function", 60.0, None),
        (UNKNOWN, 0, "keyerror: 'response'", 60.0, None),
        (UNKNOWN, 20, "network", 60.0, None),
        # of one that says only that something failed, the time is a guess: hops have these limits, clients others
        (UNKNOWN, 0, "error:", 600.0, FIRST_BYTE),
        (UNKNOWN, 0, "error:", 60.0, CUT),
        (UNKNOWN, 0, "error:", 100.0, CUT),
        (UNKNOWN, 0, "error:", 0.5, None),
        (UNKNOWN, 42, "出错了", 100.0, CUT),
        (UNKNOWN, 42, "出错了", 0.5, None),
        (UNKNOWN, 0, "", 230.0, CUT),
        (UNKNOWN, 0, "", 600.0, FIRST_BYTE),
        (UNKNOWN, 0, "", 1.0, None),
        # what speaks of a call that failed, or of one that nothing came of
        (UNKNOWN, 20, "typeerror: network connection lost", 360.0, FIRST_BYTE),
        (UNKNOWN, 0, "the model stays silent, no answer", 360.0, FIRST_BYTE),
        (UNKNOWN, 0, "我的请求没有反应", 600.0, FIRST_BYTE),
        (UNKNOWN, 24, "connection error", 0.1, REFUSED),
        (UNKNOWN, 24, "connection error", 600.0, FIRST_BYTE),
        (UNKNOWN, 24, "fetch failed", 350.4, CUT),  # no client has that limit
        (UNKNOWN, 24, "fetch failed", 360.0, FIRST_BYTE),
        (DNS, 95, "no such host", 60.0, None),
        # Go's reader has closed it itself
        (RESET, 70, "read tcp: use of closed network connection", 60.0, TOTAL),
        (RESET, 70, "read tcp: use of closed network connection", 47.0, None),
        (RESET, 70, "read tcp: use of closed network connection", 1.0, None),
        # nobody is kept waiting for a refusal, and a page's reply broke after it had begun
        (REFUSED, 56, "we wait very long: cannot connect", 100.0, CUT),
        (REFUSED, 56, "cannot connect", 100.0, None),
        (REFUSED, 80, "we wait very long: connection refused", 100.0, None),
        (UNKNOWN, 20, "network error", 60.0, CUT),
        (UNKNOWN, 20, "network error", 47.0, FIRST_BYTE),
    ],
)
def test_what_the_time_adds(cause: str, weight: int, text: str, elapsed: float | None, better: str | None) -> None:
    found = timed(sign(cause, weight), text, elapsed)
    assert (None if found is None else found.cause) == better


def test_a_guess_says_by_what_limit_and_weighs_least() -> None:
    guess = timed(sign(UNKNOWN, 0), "error:", 60.0)
    assert guess is not None
    assert (guess.weight, guess.side) == (GUESS, MIDDLEBOX)
    assert guess.source.startswith("https://")
    alone = timed(sign(UNKNOWN, 0), "error:", 232.0)
    assert alone is not None
    assert alone.cause == CUT


def test_limits_on_the_way_are_no_clients() -> None:
    assert {limit.place for limit in on_the_way(60)} <= {"middlebox", "cloud"}
    assert on_the_way(60)
    assert on_the_way(5) == on_the_way(None) == ()


def test_a_client_is_known_by_its_words_and_its_limit() -> None:
    found = own_clock("openai.apitimeouterror: request timed out.", 600.4)
    assert found is not None
    assert (found.product, found.seconds) == ("openai-python", 600)
    assert own_clock("openai.apitimeouterror: request timed out.", 300) is None
    assert own_clock("request timed out.", 600) is None
