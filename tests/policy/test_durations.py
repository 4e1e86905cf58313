"""Durations: what people write becomes seconds, and nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.policy.durations import YEAR, parse, tell


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("90", 90),
        ("90s", 90),
        (" 15m ", 900),
        ("1h30m", 5400),
        ("500ms", 0.5),
        ("1.5h", 5400),
        ("2d", 172_800),
        ("1d2h3m4s5ms", 93_784.005),
        ("0", 0),
        (90, 90),
        (0.25, 0.25),
    ],
)
def test_what_people_write(text: object, seconds: float) -> None:
    assert parse(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "junk",
    [
        "",
        " ",
        "-1",
        "nan",
        "inf",
        "1e3",
        "s",
        "90 s",
        "1m1h",
        "1s1s",
        "5sec",
        "1h-3m",
        "٣",
        "1_000",
        "+5",
        "0x10",
        "9" * 50,
        "999d",
        "1.",
        ".5",
        -1,
        -0.1,
        float("nan"),
        float("inf"),
        float("-inf"),
        10**400,
        True,
        None,
        b"5s",
        [5],
    ],
)
def test_junk_is_refused_with_a_short_sentence(junk: object) -> None:
    with pytest.raises(ValueError, match="a duration is") as told:
        parse(junk)
    assert len(str(told.value)) < 200


@given(st.text(max_size=60))
def test_any_text_is_a_sane_duration_or_a_value_error(text: str) -> None:
    try:
        seconds = parse(text)
    except ValueError:
        return
    assert 0 <= seconds <= YEAR


@given(st.integers(min_value=0, max_value=int(YEAR * 1000)))
def test_what_is_told_reads_back(thousandths: int) -> None:
    assert parse(tell(thousandths / 1000)) == pytest.approx(thousandths / 1000)


@pytest.mark.parametrize(
    "seconds, text",
    [
        (0, "0s"),
        (0.5, "500ms"),
        (1.5, "1.5s"),
        (45, "45s"),
        (60, "1m"),
        (90, "90s"),
        (120, "2m"),
        (900, "15m"),
        (5400, "1h30m"),
        (3661, "1h1m1s"),
        (86400, "24h"),
    ],
)
def test_seconds_for_people(seconds: float, text: str) -> None:
    assert tell(seconds) == text


def test_a_number_too_long_for_python_to_print_is_refused_too() -> None:
    with pytest.raises(ValueError, match="not such a number"):
        parse(10**5000)
