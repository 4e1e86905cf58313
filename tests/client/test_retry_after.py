from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.client.retry_after import seconds

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "headers, told",
    [
        ({"retry-after": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Monday, 23-Nov-26 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Mon Nov 23 12:00:30 2026"}, 30.0),
        ({"retry-after": "Mon, 23 Nov 2026 11:00:00 GMT"}, 0.0),
        ({}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "tomorrow"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_what_servers_ask_for(headers: dict[str, str], told: float | None) -> None:
    assert seconds(headers, NOON) == told


def test_a_date_is_compared_with_the_servers_own_clock() -> None:
    headers = {"retry-after": "Fri, 01 Jan 1999 00:01:00 GMT", "date": "Fri, 01 Jan 1999 00:00:00 GMT"}
    assert seconds(headers) == 60
    assert seconds({"retry-after": headers["retry-after"]}) == 0


@given(st.text(max_size=40))
def test_nonsense_is_nothing_or_a_time(text: str) -> None:
    told = seconds({"retry-after": text, "date": text})
    assert told is None or told >= 0
