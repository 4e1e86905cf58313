from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from anthropic.types import Message
from hypothesis import given
from hypothesis import strategies as st

from outwait.dialects.anthropic.fold import Fold, line, unfold
from outwait.dialects.sse import Splitter

words = st.text(max_size=8)
values = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | words, lambda more: st.lists(more, max_size=2))
cited = st.fixed_dictionaries({"type": st.just("char_location"), "cited_text": words, "document_index": st.just(0)})
blocks = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("text"), "text": words}, optional={"citations": st.none() | st.lists(cited)}
    ),
    st.fixed_dictionaries({"type": st.just("thinking"), "thinking": words, "signature": words}),
    st.fixed_dictionaries({"type": st.just("redacted_thinking"), "data": words}),
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["tool_use", "server_tool_use", "mcp_tool_use"]),
            "id": words,
            "name": words,
            "input": st.dictionaries(words, values, max_size=3),
        }
    ),
    st.fixed_dictionaries({"type": st.just("future_thing"), "deep": st.dictionaries(words, values)}),
)  # fmt: skip
messages = st.fixed_dictionaries(
    {
        "id": words,
        "type": st.just("message"),
        "role": st.just("assistant"),
        "model": words,
        "content": st.lists(blocks, max_size=4),
        "stop_reason": st.sampled_from(["end_turn", "tool_use", "refusal"]),
        "stop_sequence": st.none() | words,
        "usage": st.fixed_dictionaries(
            {"input_tokens": st.integers(0, 9), "output_tokens": st.integers(0, 9), "service_tier": st.none() | words}
        ),
    },
    optional={
        "stop_details": st.just({"type": "refusal", "category": None, "explanation": "no"}),
        "container": st.just({"id": "c", "expires_at": "2026-01-01T00:00:00Z"}),
        "context_management": st.just({"applied_edits": []}),
        "future": values,
    },
)


def folded(stream: bytes) -> dict[str, Any]:
    fold = Fold()
    for name, data in Splitter().feed(stream):
        fold.add(name, data)
    body: dict[str, Any] = json.loads(fold.body())
    return body


@given(message=messages)
def test_there_and_back(message: dict[str, Any]) -> None:
    assert folded(unfold(json.dumps(message).encode())) == message


@given(message=messages, cuts=st.lists(st.integers(0, 4000), max_size=6))
def test_any_split_gives_the_same(message: dict[str, Any], cuts: list[int]) -> None:
    stream = unfold(json.dumps(message).encode())
    at = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    fold, splitter = Fold(), Splitter()
    for start, end in itertools.pairwise(at):
        for name, data in splitter.feed(stream[start:end]):
            fold.add(name, data)
    assert json.loads(fold.body()) == message


def test_the_sdk_hears_the_same(heard: Any) -> None:
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "redacted_thinking", "data": "d"},
            {
                "type": "text",
                "text": "x",
                "citations": [
                    {
                        "type": "char_location",
                        "cited_text": "c",
                        "document_index": 0,
                        "document_title": None,
                        "start_char_index": 0,
                        "end_char_index": 1,
                    }
                ],
            },
            {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}},
            {"type": "tool_use", "id": "u", "name": "g", "input": {}},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": 3, "output_tokens": 4},
    }
    told = heard(unfold(json.dumps(message).encode()))
    wanted = Message.model_validate(message)
    assert told.model_dump(exclude_none=True) == wanted.model_dump(exclude_none=True)


def test_a_stream_that_says_little() -> None:
    stream = b"".join([
        line("message_start", message={"id": "m", "content": [{"type": "text", "text": "pre"}]}),
        line("content_block_delta", index=3, delta={"type": "text_delta", "text": "x"}),
        line("content_block_delta", delta={"type": "future_delta", "thing": "a"}),
        line("content_block_delta", delta={"type": "future_delta", "thing": "b", "more": 1}),
        line("content_block_delta", delta=None),
        line("message_delta", delta=None),
        b"event: future\ndata: no json\n\n",
        b"event: future\ndata: [1]\n\n",
        b'event: message_delta\ndata: {"delta":{"stop_reason":"end_turn","x":null},"usage":{"output_tokens":1}}\n\n',
        line("message_delta", delta={"stop_reason": None}, usage={"output_tokens": 0}),
        line("message_stop"),
    ])  # fmt: skip
    assert folded(stream) == {
        "type": "message",
        "role": "assistant",
        "id": "m",
        "content": [
            {"type": "text", "text": "pre"},
            {"type": "text", "text": "", "thing": "ab", "more": 1},
            {"type": "text", "text": "x"},
        ],
        "stop_reason": "end_turn",
        "x": None,
        "usage": {"output_tokens": 1},
    }


def test_empty_arguments_leave_what_stood_there() -> None:
    stream = line("content_block_start", index=0, content_block={"type": "tool_use", "input": {}}) + line(
        "content_block_delta", index=0, delta={"type": "input_json_delta", "partial_json": ""}
    )
    assert folded(stream)["content"] == [{"type": "tool_use", "input": {}}]


def test_arguments_that_broke_off_are_told_as_they_are() -> None:
    stream = line("content_block_start", index=0, content_block={"type": "tool_use", "input": {}}) + line(
        "content_block_delta", index=0, delta={"type": "input_json_delta", "partial_json": '{"a": "b'}
    )
    assert folded(stream)["content"][0]["input"] == {"INVALID_JSON": '{"a": "b'}


@pytest.mark.parametrize("name", [b"message_start", b""])
def test_what_cannot_be_read_is_said(name: bytes) -> None:
    with pytest.raises(ValueError):
        Fold().add(name, b"{")


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"content":{}}', b"x"])
def test_what_is_no_message(body: bytes) -> None:
    with pytest.raises(ValueError):
        unfold(body)


def test_odd_blocks_do_no_harm() -> None:
    body = {"content": ["x", {"type": "text", "text": 1}, {"type": "tool_use", "input": "i"}], "usage": 1}
    told = folded(unfold(json.dumps(body).encode()))
    assert told["content"] == body["content"][1:]  # type: ignore[index] # a list, as written above
