from __future__ import annotations

import json
from typing import Any

import pytest

from outwait.dialects.gemini import fold


def folds(*chunks: dict[str, Any]) -> dict[str, Any]:
    made = fold.Fold()
    for chunk in chunks:
        made.add(b"", json.dumps(chunk).encode())
    found: dict[str, Any] = json.loads(made.body())
    return found


def says(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": list(parts), "role": "model"}, "index": 0, **more}]}


def parts(folded: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = folded["candidates"][0]["content"]["parts"]
    return found


def test_words_of_one_kind_are_joined() -> None:
    folded = folds(
        says({"text": "a", "thought": True}),
        says({"text": "b", "thought": True}, {"text": "c"}),
        says({"text": ""}),
        says({"text": "d"}, {"text": "e"}, finishReason="STOP"),
    )
    assert parts(folded) == [{"text": "ab", "thought": True}, {"text": "cde"}]
    assert folded["candidates"][0]["content"]["role"] == "model"
    assert folded["candidates"][0]["finishReason"] == "STOP"


def test_a_signature_keeps_its_part() -> None:
    signed = {"text": "b", "thoughtSignature": "s"}
    calls: list[dict[str, Any]] = [
        {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "t"},
        {"functionCall": {"name": "g"}},
    ]
    folded = folds(says({"text": "a"}), says(signed), says({"text": "c"}), says(*calls), says({"text": "", "x": 1}))
    assert parts(folded) == [{"text": "a"}, signed, {"text": "c"}, *calls, {"text": "", "x": 1}]


def test_candidates_are_joined_by_index() -> None:
    folded = folds(
        {"candidates": [{"index": 1, "content": {"parts": [{"text": "x"}]}}]},
        {"candidates": [{"index": 0, "content": {"parts": [{"text": "a"}]}}]},
        {"candidates": [{"index": 1, "content": {"parts": [{"text": "y"}]}, "finishReason": "STOP"}]},
    )
    assert [(item["index"], item["content"]["parts"][0]["text"]) for item in folded["candidates"]] == [
        (0, "a"),
        (1, "xy"),
    ]


def test_the_rest_is_kept_or_gathered() -> None:
    folded = folds(
        says(
            {"text": "a"},
            citationMetadata={"citations": [{"uri": "u"}]},
            safetyRatings=[1],
            new=1,
            logprobsResult={"chosenCandidates": [1], "topCandidates": [{}]},
            groundingMetadata={"webSearchQueries": []},
            urlContextMetadata={"urlMetadata": [1]},
        ),
        says(
            {"text": "b"},
            citationMetadata={"citations": [{"uri": "u"}, {"uri": "v"}]},
            safetyRatings=[2],
            new=2,
            logprobsResult={"chosenCandidates": [2]},
            groundingMetadata={"groundingChunks": []},
            urlContextMetadata={"urlMetadata": [2]},
        ),
        says(citationMetadata=None, safetyRatings=[2], urlContextMetadata={}, logprobsResult={}),
        {"usageMetadata": {"promptTokenCount": 1}, "modelVersion": "m", "responseId": "r", "later": {"a": 1}},
        {"usageMetadata": {"promptTokenCount": 2}},
    )
    candidate = folded["candidates"][0]
    assert candidate["citationMetadata"] is None
    assert candidate["safetyRatings"] == [2]
    assert candidate["new"] == 2
    assert candidate["logprobsResult"] == {"chosenCandidates": [1, 2], "topCandidates": [{}]}
    assert candidate["groundingMetadata"] == {"webSearchQueries": [], "groundingChunks": []}
    assert candidate["urlContextMetadata"] == {"urlMetadata": [1, 2]}
    assert folded["usageMetadata"] == {"promptTokenCount": 2}
    assert (folded["modelVersion"], folded["responseId"], folded["later"]) == ("m", "r", {"a": 1})


def test_citations_are_gathered_once() -> None:
    cited = [{"uri": "u"}, {"uri": "v"}]
    folded = folds(
        says(citationMetadata={"citations": cited[:1]}),
        says(citationMetadata={"citations": cited}),
        says(x={}),
        says(x={"a": 1}),
    )
    assert folded["candidates"][0]["citationMetadata"] == {"citations": cited}
    assert folded["candidates"][0]["x"] == {"a": 1}


def test_a_refused_prompt() -> None:
    assert folds({"promptFeedback": {"blockReason": "SAFETY"}}) == {"promptFeedback": {"blockReason": "SAFETY"}}
    assert folds({"candidates": [{"finishReason": "SAFETY"}]}) == {"candidates": [{"finishReason": "SAFETY"}]}


def test_no_chunk() -> None:
    with pytest.raises(ValueError, match="no object"):
        fold.Fold().add(b"", b"[]")


def test_bodies_in_other_forms() -> None:
    body = b'{\r\n  "a": 1.50\n}'
    assert fold.events(body) == b'data: {    "a": 1.50 }\r\n\r\n'
    assert fold.events(b'[{"a":1},\n{"b":2}]') == b'data: {"a":1}\r\n\r\ndata: {"b":2}\r\n\r\n'
    assert fold.array(body) == b"[" + body + b"]"
    assert fold.array(b"[{}]") == b"[{}]"
    assert fold.folded(body) == body
    assert json.loads(fold.folded(b'[{"a":1},{"b":2}]')) == {"a": 1, "b": 2}
