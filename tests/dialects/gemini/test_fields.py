from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from outwait.core.fault import Refusal
from outwait.dialects.gemini.fields import Fields, camel


def refused(action: Callable[[], Any]) -> str | None:
    with pytest.raises(Refusal) as caught:
        action()
    assert caught.value.fault.code == "invalid_value"
    return caught.value.fault.param


def test_both_spellings() -> None:
    fields = Fields({"system_instruction": 1, "topP": 2, "$ref": 3, "_responseJsonSchema": 4, "gone": None}, "")
    assert [fields.raw(name) for name in ("systemInstruction", "topP", "$ref", "responseJsonSchema")] == [1, 2, 3, 4]
    assert "gone" not in fields
    assert camel("max_output_tokens") == "maxOutputTokens"
    assert dict(fields.others({"topP", "$ref"})) == {"systemInstruction": 1, "responseJsonSchema": 4}
    assert refused(lambda: Fields({"topP": 1, "top_p": 1}, "generationConfig")) == "generationConfig.topP"


def test_values() -> None:
    fields = Fields(
        {"t": "x", "f": True, "n": 1.5, "i": 3, "w": 4.0, "s": "40", "o": {"a": 1}, "l": ["a"], "e": "any"}, "at"
    )
    assert (fields.text("t"), fields.flag("f"), fields.number("n"), fields.number("i")) == ("x", True, 1.5, 3)
    assert (fields.integer("i"), fields.integer("w"), fields.integer("s")) == (3, 4, 40)
    assert fields.mapping("o") == {"a": 1}
    inner = fields.object("o")
    assert inner is not None
    assert inner.at("a") == "at.o.a"
    assert fields.items("l") == [("a", "at.l[0]")]
    assert fields.items("o") == [({"a": 1}, "at.o")]
    assert fields.texts("l") == ("a",)
    assert fields.word("e") == "ANY"
    for name in ("text", "flag", "number", "integer", "mapping", "object", "word"):
        assert getattr(fields, name)("none") is None
    assert fields.items("none") == []
    assert Fields({"e": "MODE_UNSPECIFIED"}, "").word("e") is None


@pytest.mark.parametrize("name", ["text", "flag", "number", "integer", "mapping", "object", "items", "texts", "word"])
def test_wrong_types_are_told_with_their_place(name: str) -> None:
    wrong: Any = "no" if name in {"flag", "number", "integer", "mapping", "object", "items", "texts"} else 5
    fields = Fields({"x": wrong}, "a[0]")
    assert refused(lambda: getattr(fields, name)("x")) == "a[0].x"


def test_lists_of_other_things() -> None:
    assert refused(lambda: Fields({"x": ["a", 1]}, "").texts("x")) == "x[1]"
    assert refused(lambda: Fields(7, "")) == "contents"
    assert refused(lambda: Fields({"x": True}, "").integer("x")) == "x"
    assert refused(lambda: Fields({"x": "9" * 30}, "").integer("x")) == "x"
