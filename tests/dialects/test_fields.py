from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from outwait.core.fault import Fault, Refusal
from outwait.dialects.fields import Fields, Strange, unknown, wrong


def refused(act: Callable[[], object]) -> Fault:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value.fault


@pytest.mark.parametrize(
    "method, value, told",
    [
        ("text", 3, "'m[0].k' must be a string."),
        ("need", None, "'m[0].k' is missing."),
        ("number", True, "'m[0].k' must be a number."),
        ("number", "1", "'m[0].k' must be a number."),
        ("count", 1.5, "'m[0].k' must be an integer."),
        ("count", -1, "'m[0].k' must be 0 or more."),
        ("integer", False, "'m[0].k' must be an integer."),
        ("flag", 1, "'m[0].k' must be true or false."),
        ("mapping", [], "'m[0].k' must be an object."),
        ("inner", "x", "'m[0].k' must be an object."),
        ("need_inner", None, "'m[0].k' is missing."),
        ("texts", "x", "'m[0].k' must be an array."),
        ("texts", ["a", 1], "'m[0].k[1]' must be a string."),
    ],
)
def test_a_wrong_field_is_told_by_its_path(method: str, value: Any, told: str) -> None:
    fault = refused(lambda: getattr(Fields({"k": value}, "m[0]"), method)("k"))
    assert (fault.code, fault.status, fault.message) == ("invalid_value", 400, told)
    assert fault.param is not None
    assert told.startswith(f"'{fault.param}'")


def test_right_fields_are_read() -> None:
    fields = Fields({"a": "x", "b": 1.5, "c": 2, "d": False, "e": {"f": 1}, "g": ["h"], "i": [{"j": -3}], "k": None})
    assert (fields.need("a"), fields.number("b"), fields.count("c"), fields.flag("d")) == ("x", 1.5, 2, False)
    inner = fields.need_inner("e")
    assert (inner.path, inner.raw("f"), fields.texts("g")) == ("e", 1, ("h",))
    assert [(each.path, each.integer("j")) for each in fields.each("i")] == [("i[0]", -3)]
    assert fields.left() == {}


@pytest.mark.parametrize("method", ["text", "number", "count", "integer", "flag", "mapping", "inner", "raw"])
def test_null_is_absent(method: str) -> None:
    assert getattr(Fields({"k": None}), method)("k") is None
    assert getattr(Fields({}), method)("k") is None


def test_lists_may_be_absent() -> None:
    assert Fields({}).texts("k") == ()
    assert list(Fields({"k": None}).each("k")) == []


def test_words_of_a_set() -> None:
    words = frozenset({"low", "high"})
    assert Fields({"k": "low"}).one_of("k", words) == "low"
    assert Fields({}).one_of("k", words) is None
    assert refused(lambda: Fields({"k": "mid"}).one_of("k", words)).message == "'k' must be one of high, low."


def test_only_an_object_has_fields() -> None:
    assert refused(lambda: Fields([])).param == "body"
    assert refused(lambda: list(Fields({"k": [1]}).each("k"))).param == "k[0]"


def test_what_nobody_knows_is_kept_by_family() -> None:
    strange = Strange()
    strange.keep(Fields({"x": 1, "y": None}), "")
    strange.keep(Fields({"z": 2}, "options"), "options")
    strange.keep(Fields({"z": 3}, "messages[0]"), "messages")
    strange.keep(Fields({"z": 4}, "messages[1]"), "messages")
    assert strange.rest == {"x": 1, "options.z": 2, "messages.z": {"messages[0].z": 3, "messages[1].z": 4}}


def test_refusals() -> None:
    assert refused(lambda: wrong("a", "is bad")).code == "invalid_value"
    fault = refused(lambda: unknown("a[0].type", "a 'b'"))
    assert (fault.code, fault.param) == ("not_expressible", "a[0].type")
