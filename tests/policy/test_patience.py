"""What a client says about its own timeout is believed only when it is a plain number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.policy.patience import HEADERS, patience


@pytest.mark.parametrize(
    "headers, told",
    [
        ({}, None),
        ({"x-stainless-read-timeout": "600"}, (600, "x-stainless-read-timeout")),
        ({"x-stainless-read-timeout": "600", "x-stainless-timeout": "NOT_GIVEN"}, (600, "x-stainless-read-timeout")),
        ({"x-stainless-timeout": "60.5"}, (60.5, "x-stainless-timeout")),
        ({"x-stainless-read-timeout": "600", "x-server-timeout": "30"}, (30, "x-server-timeout")),
        ({"x-stainless-read-timeout": "None"}, None),
        ({"x-stainless-read-timeout": "0"}, None),
        ({"x-stainless-read-timeout": "-5"}, None),
        ({"x-stainless-read-timeout": "nan"}, None),
        ({"x-stainless-read-timeout": "inf"}, None),
        ({"x-stainless-read-timeout": "1" * 40}, None),
    ],
)
def test_patience(headers: dict[str, str], told: tuple[float, str] | None) -> None:
    assert patience(headers) == told


@given(st.dictionaries(st.sampled_from(HEADERS), st.text(max_size=40)))
def test_strangers_cannot_break_it(headers: dict[str, str]) -> None:
    told = patience(headers)
    assert told is None or 0 < told[0] <= 7 * 86_400
