from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.examples import examples

from outwait.core.plan import Candidate
from outwait.core.reply import Usage
from outwait.core.request import Call
from outwait.dialects.dialect import Reader
from outwait.dialects.gemini.readers import reader

PATHS = {
    "sse": "/v1beta/models/m:streamGenerateContent?alt=sse",
    "array": "/v1beta/models/m:streamGenerateContent",
    "json": "/v1beta/models/m:generateContent",
}
CHUNKS = (
    {"candidates": [{"content": {"parts": [{"text": "why", "thought": True}], "role": "model"}, "index": 0}]},
    {
        "candidates": [{"content": {"parts": [{"text": "h\u00ef\u2028"}], "role": "model"}, "index": 0}],
        "responseId": "r",
    },
    {
        "candidates": [
            {
                "content": {
                    "parts": [
                        {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "c2ln"},
                    ],
                    "role": "model",
                },
                "index": 0,
            }
        ],
        "modelVersion": "m",
    },
    {
        "candidates": [{"content": {"parts": [{"text": ""}], "role": "model"}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {
            "promptTokenCount": 5,
            "candidatesTokenCount": 2,
            "thoughtsTokenCount": 1,
            "totalTokenCount": 8,
        },
    },
)
RAW = tuple(json.dumps(chunk, ensure_ascii=False).encode() for chunk in CHUNKS)
STREAM = b"".join(b"data: " + raw + b"\r\n\r\n" for raw in RAW)
ARRAY = b"[" + b",\r\n".join(RAW) + b"]"
WHOLE = json.dumps(
    {
        "candidates": [
            {
                "content": {
                    "parts": [
                        {"text": "why", "thought": True},
                        {"text": "h\u00ef\u2028"},
                        {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "c2ln"},
                    ],
                    "role": "model",
                },
                "index": 0,
                "finishReason": "STOP",
            }
        ],
        "responseId": "r",
        "modelVersion": "m",
        "usageMetadata": CHUNKS[3]["usageMetadata"],
    },
    indent=2,
).encode()
USAGE = Usage(5, 3, 0, 1)


def make(wants: str, kind: str = "", *, streamed: bool = False) -> Reader:
    call = Call("gemini", "generate_content", "m", wants != "json", b"{}", path=PATHS[wants])
    return reader(
        call, Candidate("c", "gemini", "m", streamed, endpoint="generate_content"), 200, {"content-type": kind}
    )


def run(read: Reader, body: bytes, cuts: list[int]) -> bytes:
    at = sorted({cut % len(body) for cut in cuts} | {0, len(body)})
    out = b"".join(read.feed(body[start:end]) for start, end in itertools.pairwise(at))
    ending = read.end()
    assert ending.fault is None
    assert ending.usage == read.usage == USAGE
    assert read.content
    return out + ending.data


CUTS = st.lists(st.integers(0, 2000), max_size=8)


@settings(max_examples=examples(40))
@given(cuts=CUTS)
def test_a_stream_is_passed_on_byte_for_byte(cuts: list[int]) -> None:
    assert run(make("sse"), STREAM, cuts) == STREAM
    assert run(make("sse"), STREAM.replace(b"\r\n\r\n", b"\n\n"), cuts) == STREAM
    assert run(make("array", "text/event-stream"), STREAM, cuts) == ARRAY


@settings(max_examples=examples(40))
@given(cuts=CUTS)
def test_forms_are_changed_into_one_another(cuts: list[int]) -> None:
    assert json.loads(run(make("json", streamed=True), STREAM, cuts)) == json.loads(WHOLE)
    assert json.loads(run(make("json", streamed=True), ARRAY, cuts)) == json.loads(WHOLE)
    assert run(make("json", "application/json"), WHOLE, cuts) == WHOLE
    assert json.loads(run(make("array", "application/json"), WHOLE, cuts)) == [json.loads(WHOLE)]
    assert run(make("array", "application/json"), ARRAY, cuts) == ARRAY
    assert run(make("sse", "application/json"), ARRAY, cuts) == STREAM
    (data,) = (event for event in run(make("sse"), WHOLE, cuts).split(b"\r\n\r\n") if event)
    assert json.loads(data.removeprefix(b"data: ")) == json.loads(WHOLE)


def test_the_sdk_reads_all_forms(streamed: Callable[[bytes], list[Any]], whole: Callable[[bytes], Any]) -> None:
    for body in (STREAM, WHOLE):
        chunks = streamed(run(make("sse"), body, []))
        parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts]
        assert "".join(part.text or "" for part in parts if not part.thought) == "h\u00ef\u2028"
        assert [part.function_call.name for part in parts if part.function_call] == ["f"]
        assert chunks[-1].usage_metadata.total_token_count == 8
    folded = whole(run(make("json", streamed=True), STREAM, []))
    assert folded.function_calls[0].args == {"a": 1}
    assert folded.candidates[0].content.parts[2].thought_signature == b"sig"


def test_heads() -> None:
    assert make("sse").head.content_type == "text/event-stream; charset=utf-8"
    assert make("array", "text/event-stream").head.content_type == "application/json"
    assert make("json").head.content_type == "application/json"


@pytest.mark.parametrize("wants", list(PATHS))
@pytest.mark.parametrize(
    "body, code",
    [
        (STREAM[:-1], None),
        (STREAM.removesuffix(b"\r\n\r\n"), None),
        (STREAM[:-20], "upstream_truncated"),
        (b"data: " + RAW[0] + b"\r\n\r\n", "upstream_truncated"),
        (STREAM + b'data: {"error":{"code":503,"message":"late","status":"UNAVAILABLE"}}\r\n\r\n', "upstream_error"),
        (b'data: {"candidates":[{"finishReason":"STOP","index":0}]}\r\n\r\n', "upstream_empty"),
        (b'data: {"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL","index":0}]}\r\n\r\n', None),
        (b'data: {"promptFeedback":{"blockReason":"SAFETY"}}\r\n\r\n', None),
        (b"", "upstream_empty"),
        (b'{"error":{"code":400,"message":"x","status":"INVALID_ARGUMENT"}}', "upstream_error"),
        (b'[{"error":{"code":400,"message":"x","status":"INVALID_ARGUMENT"}}]', "upstream_error"),
        (b"data: words\r\n\r\n", "upstream_bad_response"),
    ],
)
def test_ends(wants: str, body: bytes, code: str | None) -> None:
    read = make(wants, "text/event-stream")
    out = read.feed(body)
    ending = read.end()
    assert (ending.fault.code if ending.fault else None) == code
    if code is None and wants != "sse":
        json.loads(out + ending.data)
    if code in {"upstream_empty", "upstream_bad_response"}:
        assert out == b""


@pytest.mark.parametrize("endpoint", ["models.count_tokens", "embed_content", "batch_embed_contents"])
def test_what_is_no_generation_is_passed_on(endpoint: str) -> None:
    body = b'{ "totalTokens": 31, "embedding": {"values": [0.10]}, "embeddings": [] }'
    call = Call("gemini", endpoint, "m", False, b"{}", foldable=False, path="/v1beta/models/m:x")
    read = reader(call, Candidate("c", "gemini", "m", endpoint=endpoint), 200, {"content-type": "application/json"})
    assert read.feed(body) == b""
    ending = read.end()
    assert (ending.data, ending.fault, ending.usage) == (body, None, None)
