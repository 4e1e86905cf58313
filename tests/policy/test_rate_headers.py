"""Rate headers: every form that is known to be sent, and that garbage is as if it were not there."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.policy.durations import YEAR
from outwait.policy.rate_headers import FORMS, NOTHING, Told, Window, read, retry_after, until

WALL = datetime(2026, 2, 18, 21, 59, 30, tzinfo=UTC).timestamp()
MOMENTS = st.datetimes(datetime(1600, 1, 1), datetime(9999, 12, 30))  # noqa: DTZ001 - the zone is drawn apart


def test_openai() -> None:
    told = read(
        {
            "x-ratelimit-limit-requests": "60",
            "x-ratelimit-limit-tokens": "150000",
            "x-ratelimit-remaining-requests": "59",
            "x-ratelimit-remaining-tokens": "149984",
            "x-ratelimit-reset-requests": "1s",
            "x-ratelimit-reset-tokens": "6m0s",
        },
        WALL,
        near=1,
    )
    assert told == Told((Window("requests", 59, 60, 1), Window("tokens", 149984, 150000, 360)))


@pytest.mark.parametrize(
    "kind, left, most, reset",
    [
        ("tokens", "51", "100", None),
        ("tokens", "50", "100", 9),
        ("tokens", "51", "", 9),
        ("requests", "99", "100", 9),
    ],
)
def test_the_reset_of_a_limit_that_is_far_is_not_read(kind: str, left: str, most: str, reset: float | None) -> None:
    headers = {f"x-ratelimit-{what}-{kind}": text for what, text in (("remaining", left), ("limit", most))}
    told = read(headers | {f"x-ratelimit-reset-{kind}": "9s"}, WALL)
    assert told.windows[0].reset == reset


def test_anthropic() -> None:
    kinds = ("requests", "tokens", "input-tokens", "output-tokens")
    headers = {f"anthropic-ratelimit-{kind}-limit": "50" for kind in kinds}
    headers |= {f"anthropic-ratelimit-{kind}-remaining": f"{at}" for at, kind in enumerate(kinds)}
    headers |= {f"anthropic-ratelimit-{kind}-reset": "2026-02-18T22:00:00Z" for kind in kinds}
    told = read(headers | {"retry-after": "30"}, WALL)
    assert told.windows == tuple(Window(kind, at, 50, 30) for at, kind in enumerate(kinds))
    assert told.retry_after == 30


def test_azure_tells_half_of_it() -> None:
    told = read({"x-ratelimit-remaining-requests": "19", "x-ratelimit-remaining-tokens": "0"}, WALL)
    assert told == Told((Window("requests", 19), Window("tokens", 0)))


def test_nothing_told() -> None:
    assert read({}, WALL) is NOTHING
    assert read({"content-type": "text/plain", "x-ratelimit-limit-requests": "9"}, WALL) is NOTHING
    assert read({"retry-after-ms": "0"}, WALL) == Told((), 0)


@pytest.mark.parametrize("left", ["", "-1", "inf", "nan", "1e3", "many", "1,000", "0x10", "٣", "9" * 16])
def test_a_count_that_is_none_is_not_there(left: str) -> None:
    assert read({"x-ratelimit-remaining-requests": left}, WALL) is NOTHING


def test_a_limit_of_nothing_is_no_limit_and_garbage_beside_a_count_is_not_told() -> None:
    headers = {"x-ratelimit-remaining-tokens": " 0 ", "x-ratelimit-limit-tokens": "0"}
    assert read(headers, WALL) is NOTHING
    headers |= {"x-ratelimit-limit-tokens": "lots", "x-ratelimit-reset-tokens": "soon"}
    assert read(headers, WALL) == Told((Window("tokens", 0),))


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("1s", 1),
        ("6m0s", 360),
        ("20ms", 0.02),
        ("7.66ms", 0.00766),
        ("2m59.56s", 179.56),
        ("23h47m36.648s", 85656.648),
        ("1d2h", 93600),
        ("0s", 0),
        ("120µs", 0),
        ("120μs", 0),
        ("1.5us", 0),
        ("80ns", 0),
        ("8", 8),
        (" 8.5 ", 8.5),
        ("999999999", 999999999),
        ("1771451975", 5),
        ("1771451975.5", 5.5),
        ("1771451975500", 5.5),
        ("1000000000", 0),
        ("99999999999", 99999999999 - 1771451970),
        ("100000000000", 0),
        ("2026-02-18T22:00:00Z", 30),
        ("2026-02-18t22:00:00.25z", 30.25),
        ("2026-02-18 22:00:00+00:00", 30),
        ("2026-02-18T23:30:00+01:30", 30),
        ("2026-02-18T16:00:00-06:00", 30),
        ("2026-02-18T21:59:60Z", 30),
        ("2026-02-18T21:00:00Z", 0),
        ("2000-02-29T00:00:00Z", 0),
        ("2400-02-29T00:00:00Z", datetime(2400, 2, 29, tzinfo=UTC).timestamp() - WALL),
        ("2028-02-29T00:00:00Z", datetime(2028, 2, 29, tzinfo=UTC).timestamp() - WALL),
    ],
)
def test_until(text: str, seconds: float) -> None:
    assert until(text, WALL) == pytest.approx(seconds, abs=1e-5)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "-5s",
        "ns",
        "xns",
        "1e3s",
        "1s" * 25,
        "2026-02-18",
        "2026-02-18T22:00:00",
        "2026-00-18T22:00:00Z",
        "2026-13-18T22:00:00Z",
        "2026-02-00T22:00:00Z",
        "2026-02-29T22:00:00Z",
        "2026-04-31T22:00:00Z",
        *(f"2026-{month}-31T22:00:00Z" for month in ("06", "09", "11")),
        *(f"2026-{month:02}-32T22:00:00Z" for month in (1, 3, 5, 7, 8, 10, 12)),
        "2100-02-29T22:00:00Z",
        "2026-02-18T24:00:00Z",
        "2026-02-18T22:60:00Z",
        "2026-02-18T22:00:61Z",
        "2026-02-18T22:00:00+24:00",
        "2026-02-18T22:00:00+01:60",
    ],
)
def test_until_garbage(text: str) -> None:
    assert until(text, WALL) is None


def test_a_text_is_read_up_to_forty_characters() -> None:
    assert until("0" * 14 + "5." + "0" * 9, WALL) == 5
    assert until(" " * 40 + "5s", WALL) == 5
    assert until("1h1m" + "0" * 32 + "1s", WALL) is None
    assert until("1d" * 20, WALL) is None


def test_every_day_of_two_years_is_read() -> None:
    for days in range(731):
        moment = datetime(2027, 1, 1, 12, tzinfo=UTC) + timedelta(days=days)
        assert until(moment.isoformat(), WALL) == moment.timestamp() - WALL


@given(MOMENTS, st.integers(-23 * 60, 23 * 60))
def test_every_moment_is_read_as_the_calendar_has_it(moment: datetime, minutes: int) -> None:
    local = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    expected = max(0.0, local.timestamp() - WALL)
    assert until(local.isoformat(timespec="microseconds"), WALL) == pytest.approx(expected, abs=1e-3)


@given(MOMENTS.map(lambda moment: moment.replace(tzinfo=UTC, microsecond=0)))
def test_every_date_of_a_retry_after_is_read(moment: datetime) -> None:
    headers = {"retry-after": format_datetime(moment, usegmt=True)}
    assert retry_after(headers, WALL) == max(0.0, moment.timestamp() - WALL)


@pytest.mark.parametrize(
    "headers, seconds",
    [
        ({"retry-after": "30"}, 30),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "30"}, 0.25),
        ({"retry-after-ms": "x", "retry-after": "30"}, 30),
        ({"retry-after-ms": "x"}, None),
        ({"retry-after": " Wed, 18 Feb 2026 22:00:00 GMT "}, 30),
        ({"retry-after": "Wed, 18 Feb 2026 20:00:00 GMT"}, 0),
        ({"retry-after": "Wed, 18 Fib 2026 22:00:00 GMT"}, None),
        ({"retry-after": "Wed, 31 Feb 2026 22:00:00 GMT"}, None),
        ({"retry-after": "Wed, 18 Feb 2026 25:00:00 GMT"}, None),
        ({"retry-after": "Wed, 18 Feb 2026 22:00:00 CET"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, WALL) == seconds


NAMES = sorted({name for form in FORMS for name in form[1:]} | {"retry-after", "retry-after-ms"})
VALUES = (
    st.text(max_size=45)
    | st.from_regex(r"\A[0-9:TZ.+smhd µ-]{0,44}\Z")
    | st.from_regex(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})\Z")
    | st.floats().map(str)
    | st.integers().map(str)
)


@given(st.dictionaries(st.sampled_from(NAMES), VALUES), st.floats(0, 4e9))
def test_it_never_raises_and_what_it_tells_is_finite_and_not_negative(headers: dict[str, str], wall: float) -> None:
    told = read(headers, wall)
    for window in told.windows:
        assert 0 <= window.remaining < math.inf
        assert window.limit is None or 0 < window.limit < math.inf
        assert window.reset is None or 0 <= window.reset < math.inf
    assert told.retry_after is None or 0 <= told.retry_after < math.inf


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_a_length_as_go_writes_it(hours: int, minutes: int, seconds: int, thousandths: int) -> None:
    text = f"{hours}h{minutes}m{seconds}.{thousandths:03}s"
    expected = hours * 3600 + minutes * 60 + seconds + thousandths / 1000
    assert expected < YEAR
    assert until(text, WALL) == pytest.approx(expected)
