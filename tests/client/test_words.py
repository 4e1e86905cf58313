from __future__ import annotations

import json
from types import SimpleNamespace as Object
from typing import Any

import pytest

from outwait.client.words import Said, said

NOTHING, SOMETHING = Said(), Said(content=True)


def both(event: Any) -> list[Any]:
    """`event` as JSON says it, and as an SDK does."""
    return [event, json.loads(json.dumps(event), object_hook=lambda fields: Object(**fields))]


CASES: list[tuple[Any, Said]] = [
    # chat completions, completions
    ({"choices": [{"delta": {"content": "a"}}]}, Said("a", "", True)),
    ({"choices": [{"delta": {"content": "a"}}, {"delta": {"content": "b"}}]}, Said("ab", "", True)),
    ({"choices": [{"delta": {"reasoning_content": "t", "content": None}}]}, Said("", "t", True)),
    ({"choices": [{"delta": {"reasoning": "t"}}]}, Said("", "t", True)),
    ({"choices": [{"delta": {"tool_calls": [{"index": 0}]}}]}, SOMETHING),
    ({"choices": [{"delta": {"role": "assistant", "content": ""}}]}, NOTHING),
    ({"choices": [{"delta": {}, "finish_reason": "stop"}]}, NOTHING),
    ({"choices": []}, NOTHING),
    ({"choices": [{"text": "a"}]}, Said("a", "", True)),
    ({"choices": [{"message": {"content": "a"}}]}, Said("a", "", True)),
    # messages
    ({"type": "ping"}, NOTHING),
    ({"type": "message_start", "message": {}}, NOTHING),
    ({"type": "content_block_start", "content_block": {"type": "text"}}, SOMETHING),
    ({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "a"}}, Said("a", "", True)),
    ({"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "t"}}, Said("", "t", True)),
    ({"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": "{"}}, SOMETHING),
    ({"type": "content_block_delta", "delta": {"type": "text_delta", "text": ""}}, NOTHING),
    ({"type": "message_delta", "delta": {"stop_reason": None}}, NOTHING),
    ({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, SOMETHING),
    ({"type": "text", "text": "a", "snapshot": "a"}, NOTHING),
    ({"type": "text", "text": "a"}, Said("a", "", True)),
    # responses
    ({"type": "response.created"}, NOTHING),
    ({"type": "response.in_progress"}, NOTHING),
    ({"type": "response.output_text.delta", "delta": "a"}, Said("a", "", True)),
    ({"type": "response.reasoning_summary_text.delta", "delta": "t"}, Said("", "t", True)),
    ({"type": "response.function_call_arguments.delta", "delta": "{"}, SOMETHING),
    ({"type": "error", "message": "no"}, SOMETHING),
    # gemini
    ({"candidates": [{"content": {"parts": [{"text": "a"}, {"text": "t", "thought": True}]}}]}, Said("a", "t", True)),
    ({"candidates": [{"content": {"parts": [{"text": ""}]}}]}, NOTHING),
    ({"candidates": [{"content": {"parts": [{"functionCall": {}}]}}]}, SOMETHING),
    ({"candidates": [{"finishReason": "STOP"}]}, NOTHING),
    # langchain
    ({"type": "AIMessageChunk", "content": "a"}, Said("a", "", True)),
    ({"type": "AIMessageChunk", "content": ["a", {"text": "b"}]}, Said("ab", "", True)),
    ({"type": "AIMessageChunk", "content": ""}, NOTHING),
    ({"type": "AIMessageChunk", "content": "", "tool_call_chunks": [1]}, SOMETHING),
    # what is not known must not be cut
    ({"step": 3}, SOMETHING),
]


@pytest.mark.parametrize("event, told", CASES)
def test_events(event: Any, told: Said) -> None:
    assert [said(each) for each in both(event)] == [told, told]


@pytest.mark.parametrize(
    "line, told",
    [
        ("", NOTHING),
        (": ping", NOTHING),
        (b": ping\n\n", NOTHING),
        ("event: ping", NOTHING),
        ('data: {"type":"ping"}', NOTHING),
        ("data: [DONE]", NOTHING),
        ('data: {"choices":[{"delta":{"content":"a"}}]}', Said("a", "", True)),
        (b'data: {"choices":[{"delta":{"content":"\xc3\xa9"}}]}\n\n: x\n\n', Said("é", "", True)),
        ('data: {"choi', SOMETHING),
        ("a piece of text", Said("a piece of text", "", True)),
        (bytearray(b"text"), Said("text", "", True)),
        (None, NOTHING),
        (3, SOMETHING),
    ],
)
def test_raw_lines_and_texts(line: Any, told: Said) -> None:
    assert said(line) == told


def test_no_events_at_all() -> None:
    assert said([]) == SOMETHING
