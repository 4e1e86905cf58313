from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.examples import examples

from outwait.core.delta import Began, Called, Choice, Cited, Counted, Delta, Mused, Said, Showed, Stopped
from outwait.core.part import Media, Text, Thought, ToolCall
from outwait.core.plan import Candidate
from outwait.core.reply import Usage
from outwait.core.request import Call
from outwait.dialects.gather import Gather
from outwait.dialects.gemini.decode import Decoder
from outwait.dialects.sse import Splitter


def decoder(endpoint: str = "generate_content") -> Decoder:
    call = Call("openai", "chat.completions", "m", True, b"{}")
    return Decoder(call, Candidate("c", "gemini", "m", endpoint=endpoint))


def reads(*chunks: dict[str, Any]) -> list[Delta]:
    reading = decoder()
    return [delta for chunk in chunks for delta in reading.event(b"", json.dumps(chunk).encode())]


def says(*parts: dict[str, Any], index: int = 0, **more: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": list(parts)}, "index": index, **more}]}


STREAM = (
    says({"text": "why", "thought": True}) | {"responseId": "r", "modelVersion": "v"},
    says({"text": "h"}, {"text": "i", "thoughtSignature": "c2ln"}),
    says(
        {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "dA=="},
        {"functionCall": {"id": "x", "name": "g"}},
    ),
    says(finishReason="STOP") | {"usageMetadata": {"promptTokenCount": 4, "candidatesTokenCount": 2}},
)


def test_a_stream() -> None:
    began, *deltas = reads(*STREAM)
    assert began == Began("r", "v")
    call = next(delta for delta in deltas if isinstance(delta, Called))
    assert call.id.startswith("call_")
    assert deltas == [
        Mused("why", dialect="gemini"),
        Said("h"),
        Said("i"),
        Mused("", 0, "c2ln", dialect="gemini"),
        Called(0, 0, call.id, "f", '{"a":1}', signature="dA=="),
        Called(1, 0, "x", "g", "{}"),
        Stopped("tool_calls", told="STOP"),
        Counted(Usage(4, 2)),
    ]


def test_made_ids_differ() -> None:
    chunk = says({"functionCall": {"name": "f"}}, {"functionCall": {"name": "f"}})
    first = [delta.id for delta in reads(chunk | {"responseId": "1"}) if isinstance(delta, Called)]
    second = [delta.id for delta in reads(chunk | {"responseId": "2"}) if isinstance(delta, Called)]
    assert len({*first, *second}) == 4
    assert [delta.id for delta in reads(chunk | {"responseId": "1"}) if isinstance(delta, Called)] == first


@settings(max_examples=examples(40))
@given(cuts=st.lists(st.integers(0, 2000), max_size=8))
def test_any_split_gives_the_same(cuts: list[int]) -> None:
    body = b"".join(b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n" for chunk in STREAM)
    at = sorted({cut % len(body) for cut in cuts} | {0, len(body)})
    splitter, reading = Splitter(), decoder()
    found: list[Delta] = []
    for start, end in itertools.pairwise(at):
        for name, data in splitter.feed(body[start:end]):
            found += reading.event(name, data)
    assert found == reads(*STREAM)
    assert (reading.complete, reading.finished, reading.progress, reading.fault) == (True, False, True, None)


def test_a_whole_reply_says_the_same() -> None:
    for body in (json.dumps(list(STREAM)).encode(), json.dumps(joined()).encode()):
        reading, gather = decoder(), Gather()
        for delta in reading.whole(body):
            gather.add(delta)
        assert reading.complete
        answer = gather.answer()
        call = answer.choices[0].parts[3]
        assert isinstance(call, ToolCall)
        assert answer.choices == (
            Choice(
                (
                    Thought("why", dialect="gemini"),
                    Text("hi"),
                    Thought("", "c2ln", dialect="gemini"),
                    ToolCall(call.id, "f", '{"a":1}', signature="dA=="),
                    ToolCall("x", "g", "{}"),
                ),
                "tool_calls",
            ),
        )
        assert (answer.id, answer.model, answer.usage) == ("r", "v", Usage(4, 2))


def joined() -> dict[str, Any]:
    parts = [part for chunk in STREAM for part in chunk["candidates"][0]["content"]["parts"]]
    return (
        says(*parts, finishReason="STOP")
        | {"responseId": "r", "modelVersion": "v"}
        | {"usageMetadata": STREAM[3]["usageMetadata"]}
    )


@pytest.mark.parametrize(
    "reason, ours",
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "stop"),
        ("NEW_ONE", "stop"),
    ],
)
def test_reasons(reason: str, ours: str) -> None:
    assert reads(says(finishReason=reason), says(finishReason=reason))[1:] == [Stopped(ours, told=reason)]


def test_a_refused_prompt() -> None:
    assert reads({"promptFeedback": {"blockReason": "SAFETY"}})[1:] == [Stopped("content_filter", told="SAFETY")]
    assert reads(says({"text": "a"}), {"promptFeedback": {"blockReason": "SAFETY"}})[1:] == [Said("a")]


def test_several_candidates() -> None:
    found = reads(says({"text": "a"}), says({"text": "b"}, index=1), says(index=1, finishReason="STOP"))
    assert found[1:] == [Said("a"), Said("b", 1), Stopped("stop", 1, told="STOP")]


@pytest.mark.parametrize(
    "part, deltas",
    [
        ({"inlineData": {"mimeType": "image/png", "data": "aaaa"}}, [Showed(Media("image", "image/png", "aaaa"))]),
        ({"inlineData": {"data": 5}}, []),
        ({"inlineData": {"data": "aaaa"}}, [Showed(Media("document", None, "aaaa"))]),
        (
            {"fileData": {"mimeType": "video/mp4", "fileUri": "gs://x"}},
            [Showed(Media("video", "video/mp4", url="gs://x"))],
        ),
        ({"executableCode": {"language": "PYTHON", "code": "1"}}, [Said("\n```python\n1\n```\n")]),
        ({"codeExecutionResult": {"output": "1"}}, [Said("\n```\n1\n```\n")]),
        ({"text": "", "thought": True}, []),
        ({"text": "", "thoughtSignature": "s"}, [Mused("", 0, "s", dialect="gemini")]),
        ({"unknown": 1}, []),
    ],
)
def test_parts(part: dict[str, Any], deltas: list[Delta]) -> None:
    assert reads(says(part))[1:] == deltas


def test_logprobs() -> None:
    result = {
        "chosenCandidates": [{"token": "h", "logProbability": -0.5}, {"token": "i"}],
        "topCandidates": [{"candidates": [{"token": "h", "logProbability": -1}]}],
    }
    entries = (
        {
            "token": "h",
            "logprob": -0.5,
            "bytes": [104],
            "top_logprobs": [{"token": "h", "logprob": -1, "bytes": [104]}],
        },
        {"token": "i", "logprob": 0.0, "bytes": [105], "top_logprobs": []},
    )
    assert reads(says({"text": "hi"}, logprobsResult=result))[1:] == [Said("hi", 0, entries)]
    assert reads(says(logprobsResult=result))[1:] == [Said("", 0, entries)]


def cited(*chunks: dict[str, Any]) -> list[tuple[Any, ...]]:
    found = [delta.citation for delta in reads(*chunks) if isinstance(delta, Cited)]
    return [(item.url, item.title, item.start, item.end) for item in found]


def test_citations_are_told_once_and_in_characters() -> None:
    metadata = {"citations": [{"uri": "u", "title": "t", "startIndex": 2, "endIndex": 4}, {"uri": "v", "endIndex": 2}]}
    chunk = says({"text": "üxü"}, citationMetadata=metadata)
    assert cited(chunk, chunk) == [("u", "t", 1, 2), ("v", None, 0, 1)]
    assert cited(says({"text": "a"}, citationMetadata={"citationSources": [{"uri": "u"}]})) == [("u", None, None, None)]


def test_sources_of_a_search() -> None:
    chunks = [{"web": {"uri": "u", "title": "t"}}, {"maps": {"uri": "m"}}, {"retrievedContext": 5}]
    supports = [
        {"segment": {"endIndex": 1}, "groundingChunkIndices": [0, 1, 9, "x"]},
        {"segment": {"startIndex": 1, "endIndex": 2}, "groundingChunkIndices": [2]},
        {"groundingChunkIndices": 5},
    ]
    said = {"text": "ab"}
    assert cited(says(said, groundingMetadata={"groundingChunks": chunks})) == [
        ("u", "t", None, None),
        ("m", None, None, None),
        (None, None, None, None),
    ]
    assert cited(says(said, groundingMetadata={"groundingChunks": chunks, "groundingSupports": supports})) == [
        ("u", "t", 0, 1),
        ("m", None, 0, 1),
        (None, None, 1, 2),
    ]


def test_counting() -> None:
    reading = decoder("models.count_tokens")
    found: Sequence[Delta] = reading.whole(b'{"totalTokens":31}')
    assert found == (Counted(Usage(31)),)
    assert reading.complete
    assert decoder("models.count_tokens").whole(b'{"totalTokens":"x"}') == (Counted(Usage()),)


def test_faults() -> None:
    reading = decoder()
    assert reading.event(b"", b'{"error":{"code":503,"message":"x","status":"UNAVAILABLE"}}') == ()
    assert reading.fault is not None
    other = decoder()
    assert other.whole(b"<html>") == ()
    assert other.fault is not None
    assert not other.complete
    assert decoder().event(b"", b"{}") == ()
