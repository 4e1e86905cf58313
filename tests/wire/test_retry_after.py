from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.wire.retry_after import number_asked, seconds_asked

NOW = 1_445_412_480.0  # Wed, 21 Oct 2015 07:28:00 GMT
ALMOST_DATES = st.from_regex(
    r"\w{3}, \d{1,4} (Jan|Feb|Foo) \d{0,9} \d{1,3}:\d{1,3}(:\d{1,3})? ?([+-]\d{1,9}|GMT)?", fullmatch=True
)


@pytest.mark.parametrize(
    "value, seconds",
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 1.5 ", 1.5),
        ("3.", 3.0),
        ("999999999999", 999_999_999_999.0),
        ("Wed, 21 Oct 2015 07:30:00 GMT", 120.0),
        ("Wed, 21 Oct 2015 09:30:00 +0200", 120.0),
        ("Wed, 21 Oct 2015 07:30:00 -0000", 120.0),
        ("Wed, 21 Oct 2015 07:30:00", 120.0),
        ("Wednesday, 21-Oct-15 07:30:00 GMT", 120.0),
        ("Wed Oct 21 07:30:00 2015", 120.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:00:00 GMT", 0.0),
        ("", None),
        ("  ", None),
        ("-5", None),
        ("+5", None),
        (".5", None),
        ("1e9", None),
        ("1,5", None),
        ("9999999999999", None),
        ("nan", None),
        ("inf", None),
        ("٣", None),
        ("soon", None),
        ("Wed, 99 Oct 99999 07:00:00 GMT", None),
        ("Wed, 21 Oct 2015 27:30:00 GMT", None),
        ("Wed, 21 Oct 2015 07:30:00 +999999999", None),
    ],
)
def test_what_is_asked_for(value: str, seconds: float | None) -> None:
    assert seconds_asked(value, NOW) == seconds


@given(st.integers(0, 10**12 - 1))
def test_a_number_is_seconds_whatever_the_time(number: int) -> None:
    assert seconds_asked(str(number), NOW) == number_asked(str(number)) == number


@given(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)), st.integers(-12 * 60, 14 * 60), st.floats(0, 7e9))  # noqa: DTZ001 - the zone is added below
def test_a_date_is_the_span_up_to_it(moment: datetime, zone: int, now: float) -> None:
    at = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=zone)))
    assert seconds_asked(format_datetime(at), now) == max(0.0, at.timestamp() - now)
    assert seconds_asked(format_datetime(at.astimezone(UTC), usegmt=True), now) == max(0.0, at.timestamp() - now)
    assert number_asked(format_datetime(at)) is None


@given(st.text(max_size=60) | ALMOST_DATES, st.floats(0, 1e11))
def test_no_header_breaks_it(value: str, now: float) -> None:
    span = seconds_asked(value, now)
    assert span is None or (span >= 0 and math.isfinite(span))
