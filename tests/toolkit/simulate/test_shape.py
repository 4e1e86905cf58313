from __future__ import annotations

import pytest

from outwait.toolkit.simulate.shape import (
    ANY,
    BOOLEAN,
    INTEGER,
    NUMBER,
    OBJECT,
    STRING,
    Either,
    Many,
    Misshapen,
    Plain,
    Record,
    Shape,
    Tagged,
    Word,
    check,
)

PART = Tagged({"text": Record({"text": STRING}, ("text",)), "any": Record({}, loose=True)})
FORM = Record(
    {"parts": Either(Many(PART, least=1)), "mode": Either(OBJECT, Word(("a", "b"))), "n": INTEGER}, ("parts",)
)


@pytest.mark.parametrize(
    "value,shape",
    [
        ("x", STRING),
        (True, BOOLEAN),
        (1, INTEGER),
        (1, NUMBER),
        (1.5, NUMBER),
        ({}, OBJECT),
        (None, ANY),
        ("ab", Plain("string", 1, 2, "[a-z]+")),
        ({"parts": "x"}, FORM),
        ({"parts": [{"type": "text", "text": ""}, {"type": "any", "z": 1}], "mode": "a", "n": None}, FORM),
        ({"parts": "x", "mode": {"k": 1}, "x_new": 1}, FORM),
        ({"text": "x"}, Tagged({"text": Record({"text": STRING})}, usual="text")),
    ],
)
def test_what_has_the_shape_passes(value: object, shape: Shape) -> None:
    check(value, shape)


@pytest.mark.parametrize(
    "value,shape,dotted,fault,expected",
    [
        (1, STRING, "", "type", "string"),
        (True, INTEGER, "", "type", "integer"),
        (True, NUMBER, "", "type", "number"),
        (1.5, INTEGER, "", "type", "integer"),
        (0, Plain("integer", 1), "", "value", "at least 1"),
        (3, Plain("number", None, 2), "", "value", "at most 2"),
        ("", Plain("string", 1), "", "value", "at least 1"),
        ("a b", Plain("string", pattern="[a-z]+"), "", "value", "a text that matches '[a-z]+'"),
        ("c", Word(("a", "b")), "", "value", "one of 'a', 'b'"),
        (1, Word(("a",)), "", "type", "string"),
        ([], FORM, "", "type", "object"),
        ({}, FORM, "parts", "missing", ""),
        ({"parts": 1}, FORM, "parts", "type", "array"),
        ({"parts": []}, FORM, "parts", "value", "at least 1 element"),
        ([1], Many(STRING, least=2), "", "value", "at least 2 elements"),
        ({"parts": [1]}, FORM, "parts.0", "type", "object"),
        ({"parts": [{}]}, FORM, "parts.0.type", "missing", ""),
        ({"parts": [{"type": ["text"]}]}, FORM, "parts.0.type", "value", "one of 'text', 'any'"),
        ({"parts": [{"type": "text"}]}, FORM, "parts.0.text", "missing", ""),
        ({"parts": [{"type": "text", "text": "x", "y": 1}]}, FORM, "parts.0.y", "unknown", ""),
    ],
)
def test_what_has_not_is_told_where(value: object, shape: Shape, dotted: str, fault: str, expected: str) -> None:
    with pytest.raises(Misshapen) as caught:
        check(value, shape)
    assert (caught.value.dotted(), caught.value.fault, caught.value.expected) == (dotted, fault, expected)


def test_a_path_has_two_spellings() -> None:
    wrong = Misshapen(("input", 0, "content", 1, "text"), "type", "string")
    assert (wrong.dotted(), wrong.bracketed()) == ("input.0.content.1.text", "input[0].content[1].text")
