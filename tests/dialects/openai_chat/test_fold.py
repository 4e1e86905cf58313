from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from outwait.core.reply import Ending, Head, Usage
from outwait.core.request import Call
from outwait.dialects.openai_chat.fold import FoldReader, UnfoldReader

BASE = {"id": "c", "created": 5, "model": "m"}
WHOLE: dict[str, Any] = {
    **BASE,
    "object": "chat.completion",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "hey 😀", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}


def event(payload: object) -> bytes:
    return b"data: " + json.dumps(payload).encode() + b"\n\n"


def chunk(delta: dict[str, Any], finish: str | None = None, **other: Any) -> bytes:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return event({**BASE, "object": "chat.completion.chunk", "choices": choices, **other})


STREAM = [
    chunk({"role": "assistant", "content": "", "refusal": None}),
    b": ping\n\n",
    chunk({"content": "hey "}),
    chunk({"content": "\ud83d"}),
    chunk({"content": "\ude00"}),
    chunk({}, "stop"),
    event({**BASE, "choices": [], "usage": WHOLE["usage"]}),
    b"data: [DONE]\n\n",
]


def call(stream: bool, include_usage: bool = False) -> Call:
    return Call("openai", "chat.completions", "m", stream, b'{"model":"m"}', include_usage=include_usage)


def fold(parts: list[bytes], limit: int = 10_000) -> tuple[Ending, FoldReader]:
    read = FoldReader(call(stream=False), Head(200, "application/json"), limit)
    for part in parts:
        assert read.feed(part) == b""
        if read.fault is not None:
            break
    return read.end(), read


@given(st.lists(st.integers(0, 900), max_size=10))
def test_a_stream_folds_into_the_completion(cuts: list[int]) -> None:
    data = b"".join(STREAM)
    at = sorted({cut % len(data) for cut in cuts} | {0, len(data)})
    ending, read = fold([data[start:end] for start, end in itertools.pairwise(at)])
    assert json.loads(ending.data) == WHOLE
    assert ending.usage == Usage(1, 2)
    assert read.content
    assert read.finished
    ChatCompletion.model_validate_json(ending.data)


def test_a_fold_without_done_is_whole_when_all_ended() -> None:
    assert json.loads(fold(STREAM[:-1])[0].data) == WHOLE
    assert json.loads(fold([*STREAM[:-1], b"data: [DONE]"])[0].data) == WHOLE


def test_flags_while_folding() -> None:
    read = FoldReader(call(stream=False), Head(200, "application/json"))
    seen = []
    for part in STREAM[:3]:
        read.feed(part)
        seen.append((read.progress, read.content))
    assert seen == [(True, False), (False, False), (True, True)]


@pytest.mark.parametrize(
    "parts, code",
    [
        ([], "upstream_empty"),
        (STREAM[:4], "upstream_truncated"),
        ([*STREAM[:4], b'data: {"cut'], "upstream_truncated"),
        ([STREAM[0], chunk({}, "stop"), STREAM[-1]], "upstream_empty"),
        ([*STREAM[:4], event({"error": {"message": "m"}})], "upstream_error"),
        ([*STREAM[:4], b"data: <\n\n"], "upstream_bad_response"),
        ([STREAM[2], b"data: " + b"x" * 20_000], "upstream_bad_response"),
        ([b'data: {"choices":[{"delta":' + b'{"x":' * 300 + b"1" + b"}" * 300 + b"}]}\n\n"], "upstream_bad_response"),
    ],
)
def test_what_does_not_fold(parts: list[bytes], code: str) -> None:
    ending, read = fold(parts)
    assert ending.data == b""
    assert ending.fault is not None
    assert ending.fault.code == code
    assert read.feed(STREAM[2]) == b""


def unfold(body: bytes, include_usage: bool = False) -> Ending:
    read = UnfoldReader(call(stream=True, include_usage=include_usage), Head(200, "text/event-stream"))
    assert read.feed(b"\n" + body[:9]) == b""
    assert read.feed(body[9:]) == b""
    return read.end()


@pytest.mark.parametrize("include_usage", [True, False])
def test_a_completion_unfolds_into_a_stream(include_usage: bool) -> None:
    ending = unfold(json.dumps(WHOLE).encode(), include_usage)
    events = ending.data.split(b"\n\n")
    assert events[-2:] == [b"data: [DONE]", b""]
    chunks = [ChatCompletionChunk.model_validate_json(part[6:]) for part in events[:-2]]
    assert "".join(made.choices[0].delta.content or "" for made in chunks if made.choices) == "hey 😀"
    assert (chunks[-1].usage is not None) is include_usage
    assert json.loads(fold([ending.data])[0].data) == {
        key: value for key, value in WHOLE.items() if include_usage or key != "usage"
    }


def test_unfolded_tool_calls_get_their_index() -> None:
    calls = [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    body = {"choices": [{"message": {"content": None, "tool_calls": calls}, "finish_reason": "tool_calls"}]}
    first = json.loads(unfold(json.dumps(body).encode()).data.split(b"\n\n")[0][6:])
    assert first["choices"][0]["delta"]["tool_calls"] == [{"index": 0, **calls[0]}]


@pytest.mark.parametrize(
    "body, code",
    [
        (b'{"choices":[]}     ', "upstream_empty"),
        (b'{"error":{"message":"m"}}', "upstream_error"),
        (b'{"choices":[{"mess', "upstream_truncated"),
        (b'{"choices":[{"message":{"content":"x","y":' + b"[" * 200 + b"]" * 200 + b"}}]}", "upstream_bad_response"),
    ],
)
def test_what_does_not_unfold(body: bytes, code: str) -> None:
    ending = unfold(body)
    assert ending.fault is not None
    assert ending.fault.code == code
    assert ending.data == b""


def test_odd_choices_unfold() -> None:
    ending = unfold(b'{"choices":[{"message":{"content":"x"}},7,{"message":"text"}],"created":null}')
    assert ending.fault is None
    assert ending.data.endswith(b"data: [DONE]\n\n")


def test_what_does_not_say_when_it_was_made_was_made_when_the_exchange_began() -> None:
    head, chunk = (
        Head(200, "x"),
        b'data: {"created":0,"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}\n\n',
    )
    folding = FoldReader(structs.replace(call(stream=False), created=17), head)
    folding.feed(chunk + b"data: [DONE]\n\n")
    assert json.loads(folding.end().data)["created"] == 17
    unfolding = UnfoldReader(structs.replace(call(stream=True), created=17), head)
    unfolding.feed(b'{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}')
    assert unfolding.end().data.count(b'"created":17') == 2


@given(st.lists(st.binary(max_size=20) | st.sampled_from(STREAM), max_size=8))
def test_junk_folds_or_fails(parts: list[bytes]) -> None:
    ending, _ = fold(parts)
    assert (ending.fault is None) == (ending.data != b"")
