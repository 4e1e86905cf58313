from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.reply import Usage
from outwait.dialects.gemini import chunk as reading

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "candidates",
                    "content",
                    "parts",
                    "text",
                    "error",
                    "message",
                    "code",
                    "promptFeedback",
                    "blockReason",
                    "index",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_nothing_fails_for_any_json(value: Any) -> None:
    reading.error_in(value, b"x")
    reading.usage_of(value)
    if isinstance(value, dict):
        reading.block_of(value)
        for _, candidate in reading.candidates_of(value):
            reading.reason_of(candidate)
            for part in reading.parts_of(candidate):
                reading.says(part)


def test_candidates() -> None:
    assert reading.candidates_of({"candidates": [{"index": 3}, "x", {"index": -1}]}) == [
        (3, {"index": 3}),
        (2, {"index": -1}),
    ]
    assert reading.candidates_of({"candidates": 5}) == []
    assert reading.parts_of({"content": {"parts": [1, {"text": "a"}]}}) == [{"text": "a"}]


@pytest.mark.parametrize(
    "part, words",
    [
        ({"text": "a"}, True),
        ({"text": ""}, False),
        ({"text": None}, False),
        ({"text": "", "thought": True, "thoughtSignature": "s"}, False),
        ({"text": " ", "thought": True}, True),
        ({"functionCall": {"name": "f"}}, True),
        ({"inlineData": {}}, True),
        ({"whatever": 1}, True),
        ({"whatever": None}, False),
    ],
)
def test_words(part: dict[str, Any], words: bool) -> None:
    assert reading.says(part) is words


def test_usage() -> None:
    told = {
        "promptTokenCount": 10,
        "toolUsePromptTokenCount": 5,
        "cachedContentTokenCount": 4,
        "candidatesTokenCount": 7,
        "thoughtsTokenCount": 3,
        "totalTokenCount": 25,
    }
    assert reading.usage_of(told) == Usage(15, 10, 4, 3)
    assert reading.usage_of({"promptTokenCount": -1, "candidatesTokenCount": True}) == Usage()
    assert reading.usage_of(None) is None


@pytest.mark.parametrize(
    "value, named, code, status",
    [
        ({"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}, False, "upstream_error", 503),
        ([{"error": {"code": 400, "message": "bad", "status": "INVALID_ARGUMENT"}}], False, "upstream_error", 400),
        (
            {"error": {"code": 429, "message": "You exceeded your current quota", "status": "RESOURCE_EXHAUSTED"}},
            False,
            "upstream_error",
            429,
        ),
        ({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}, "candidates": []}, False, "upstream_error", 429),
        ({"error": "no"}, False, "upstream_error", 502),
        ({"error": True, "message": "m"}, False, "upstream_error", 502),
        ({"message": "no", "code": 500}, False, "upstream_error", 500),
        ({"code": 500}, False, "upstream_error", 500),
        ("words", True, "upstream_error", 502),
        (7, True, "upstream_error", 502),
        ({"x": 1}, True, "upstream_error", 502),
    ],
)
def test_errors(value: Any, named: bool, code: str, status: int) -> None:
    found = reading.error_in(value, json.dumps(value).encode(), named=named)
    assert found is not None
    assert (found.code, found.status) == (code, status)
    assert found.upstream is not None
    if isinstance(value, dict | list) and "candidates" in str(value):
        assert b"candidates" not in found.upstream.body


@pytest.mark.parametrize("value", [{"candidates": [], "message": "x"}, {"x": 1}, [], [{"x": 1}], "words", None])
def test_no_errors(value: Any) -> None:
    assert reading.error_in(value, b"x") is None


def test_unspecified_words_say_nothing() -> None:
    assert reading.reason_of({"finishReason": "FINISH_REASON_UNSPECIFIED"}) == ""
    assert reading.reason_of({"finishReason": "STOP"}) == "STOP"
    assert reading.block_of({"promptFeedback": {"blockReason": "SAFETY"}}) == "SAFETY"
    assert reading.block_of({"promptFeedback": {}}) == reading.block_of({"promptFeedback": 1}) == ""
