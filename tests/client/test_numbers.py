from __future__ import annotations

import math
from typing import Any

import pytest

from outwait.client.numbers import number, span, whole


def test_what_makes_sense_is_taken() -> None:
    number("cap", 0)
    number("cap", 2.5)
    number("paid", 1, most=1)
    whole("attempts", 0)
    whole("attempts", 3, least=1)
    span("within", None)
    span("within", 0.1)
    span("within", math.inf)


@pytest.mark.parametrize(
    "wrong, told",
    [
        (lambda: number("cap", -1), "cap is 0 or more, not -1"),
        (lambda: number("cap", math.nan), "cap is 0 or more, not nan"),
        (lambda: number("paid", 2, most=1), "paid is from 0 to 1, not 2"),
        (lambda: number("paid", -0.5, most=1), "paid is from 0 to 1, not -0.5"),
        (lambda: whole("attempts", 0, least=1), "attempts is 1 or more, not 0"),
        (lambda: span("within", 0), "within is more than 0 seconds, or None; not 0"),
        (lambda: span("within", math.nan), "within is more than 0 seconds, or None; not nan"),
    ],
)
def test_what_is_too_small_or_too_large_is_said(wrong: Any, told: str) -> None:
    with pytest.raises(ValueError, match=f"^{told}$"):
        wrong()


@pytest.mark.parametrize("value", ["5", True, [1], 1.5])
def test_what_is_no_number_is_said(value: Any) -> None:
    with pytest.raises(TypeError, match="attempts is a whole number, not"):
        whole("attempts", value)
    if value != 1.5:
        for each in (number, span):
            with pytest.raises(TypeError, match="cap is a number, not"):
                each("cap", value)
