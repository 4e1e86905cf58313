from __future__ import annotations

from typing import Any

import pytest

from outwait.dialects import lenient


@pytest.mark.parametrize("value, found", [("a", "a"), ("", ""), (3, ""), (None, "")])
def test_text(value: Any, found: str) -> None:
    assert lenient.text({"k": value}, "k") == found
    assert lenient.text({}, "k") == ""


@pytest.mark.parametrize("value, found", [({"a": 1}, {"a": 1}), ([], {}), ("a", {}), (None, {})])
def test_table(value: Any, found: dict[str, Any]) -> None:
    assert lenient.table({"k": value}, "k") == found


@pytest.mark.parametrize("value, found", [([{"a": 1}, 3, None, {}], [{"a": 1}, {}]), ({"a": 1}, []), (None, [])])
def test_tables(value: Any, found: list[Any]) -> None:
    assert lenient.tables({"k": value}, "k") == found
    assert lenient.tables(value, "k") == []


@pytest.mark.parametrize(
    "value, found",
    [(7, 7), (0, 0), (-1, 0), (True, 0), (1.5, 0), ("7", 0), (1 << 53, 0), ((1 << 53) - 1, (1 << 53) - 1)],
)
def test_count(value: Any, found: int) -> None:
    assert lenient.count({"k": value}, "k") == found
    assert lenient.count(value, "k") == 0
