from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from outwait.core.fault import Refusal
from outwait.dialects.anthropic import asked


@pytest.mark.parametrize(
    "take, good, bad",
    [
        (asked.table, [{}], [None, [], "x"]),
        (asked.items, [[]], [None, {}, "x"]),
        (asked.text, ["", "x"], [None, 1]),
        (asked.maybe_text, [None, "x"], [1]),
        (asked.maybe_table, [None, {}], [[]]),
        (asked.maybe_flag, [None, True], [1, "true"]),
        (asked.maybe_number, [None, 1, 0.5], [True, "1"]),
        (asked.maybe_count, [None, 0, 7], [-1, True, 1.0, "1"]),
    ],
)
def test_values(take: Callable[[object, str], Any], good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert take(value, "a.b") == value
    for value in bad:
        with pytest.raises(Refusal) as caught:
            take(value, "a.b")
        assert (caught.value.fault.code, caught.value.fault.param) == ("invalid_value", "a.b")
        assert caught.value.fault.message.startswith("'a.b' must be ")


def test_one_of() -> None:
    assert asked.one_of("a", ("a", "b"), "x") == "a"
    for value in ("c", None, ["a"]):
        with pytest.raises(Refusal):
            asked.one_of(value, ("a", "b"), "x")


def test_only() -> None:
    asked.only({"a": 1, "b": None}, frozenset({"a"}), "x")
    with pytest.raises(Refusal) as caught:
        asked.only({"b": 1}, frozenset({"a"}), "x[0]")
    assert (caught.value.fault.code, caught.value.fault.param) == ("not_expressible", "x[0].b")
