from __future__ import annotations

import json
from typing import Any

import pytest
from anthropic.types import ErrorResponse, Message, MessageTokensCount, RawMessageStreamEvent
from pydantic import TypeAdapter
from tests.toolkit.simulate.conftest import asked, events, played

from outwait.toolkit.simulate.answer import Answer
from outwait.toolkit.simulate.anthropic import ANTHROPIC as SPEECH
from outwait.toolkit.simulate.anthropic import ANTHROPIC_COUNT
from outwait.toolkit.simulate.anthropic_request import NEWEST
from outwait.toolkit.simulate.dialect import Envelope

EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
ERROR: TypeAdapter[Any] = TypeAdapter(ErrorResponse)
VERSIONED = Envelope(headers={"anthropic-version": NEWEST})
NAMES = ["fast", "think-2s", "tools-2", "think-1s+tools-3", "refusal", "empty", "big-40kb", "echo", "cached-2"]


def made(name: str, **body: object) -> Answer:
    messages = [{"role": "user", "content": "tell me"}]
    return asked(SPEECH, name, {"model": name, "max_tokens": 9999, "messages": messages, **body}, VERSIONED)


def told(said: Answer) -> list[Any]:
    stream = events(b"".join(played(SPEECH, said)))
    assert all(name == data["type"] for name, data in stream)
    assert stream[1] == ("ping", {"type": "ping"})
    return [data for name, data in stream if name != "ping"]


@pytest.mark.parametrize("name", NAMES)
def test_replies_and_events_validate_against_the_sdks_types(name: str) -> None:
    Message.model_validate_json(SPEECH.whole(made(name)), strict=True)
    for event in told(made(name, stream=True)):
        EVENT.validate_json(json.dumps(event), strict=True)


@pytest.mark.parametrize("name", NAMES)
def test_the_stream_adds_up_to_the_reply(name: str) -> None:
    whole = json.loads(SPEECH.whole(made(name)))
    start, *middle, last, stop = told(made(name, stream=True))
    blocks: list[dict[str, Any]] = []
    for event in middle:
        if event["type"] == "content_block_start":
            assert event["index"] == len(blocks)
            blocks.append({**event["content_block"], "json": ""})
        elif event["type"] == "content_block_delta":
            assert event["index"] == len(blocks) - 1
            _add(blocks[-1], event["delta"])
    for block in blocks:
        arguments = block.pop("json")
        if block["type"] == "tool_use":
            block["input"] = json.loads(arguments)
    assert blocks == whole["content"]
    assert last["delta"]["stop_reason"] == whole["stop_reason"]
    assert last["usage"].items() <= whole["usage"].items()
    assert (start["message"]["content"], stop["type"]) == ([], "message_stop")


def _add(block: dict[str, Any], delta: dict[str, str]) -> None:
    kind = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}.get(delta["type"])
    if kind is None:
        block["json"] += delta["partial_json"]
    else:
        block[kind] += delta[kind]


def test_it_says_why_it_stopped() -> None:
    reasons = {name: json.loads(SPEECH.whole(made(name)))["stop_reason"] for name in ("fast", "tools-1", "refusal")}
    assert reasons == {"fast": "end_turn", "tools-1": "tool_use", "refusal": "refusal"}
    assert json.loads(SPEECH.whole(made("fast", max_tokens=3)))["stop_reason"] == "max_tokens"


def test_cached_words_are_told_apart() -> None:
    usage = json.loads(SPEECH.whole(made("think-2s+long-4+cached-1")))["usage"]
    assert (usage["input_tokens"], usage["cache_read_input_tokens"], usage["output_tokens"]) == (1, 1, 12)
    assert usage["output_tokens_details"] == {"thinking_tokens": 8}


def test_tokens_are_counted() -> None:
    messages = [{"role": "user", "content": "four words are here"}]
    said = asked(ANTHROPIC_COUNT, "fast", {"model": "fast", "messages": messages, "system": "so"}, VERSIONED)
    counted = MessageTokensCount.model_validate_json(ANTHROPIC_COUNT.whole(said), strict=True)
    assert counted.input_tokens == 5


@pytest.mark.parametrize(
    "status,code,kind,text",
    [
        (400, None, "invalid_request_error", "no"),
        (400, "context_length_exceeded", "invalid_request_error", "prompt is too long"),
        (403, "billing_error", "billing_error", "no"),
        (429, None, "rate_limit_error", "no"),
        (504, None, "timeout_error", "no"),
        (529, None, "overloaded_error", "no"),
        (502, None, "api_error", "no"),
        (418, None, "invalid_request_error", "no"),
    ],
)
def test_errors_have_the_providers_shape(status: int, code: str | None, kind: str, text: str) -> None:
    body = SPEECH.error(status, code, "no", None)
    ERROR.validate_json(body, strict=True)
    error = json.loads(body)["error"]
    assert (error["type"], text in error["message"]) == (kind, True)
    assert events(SPEECH.error_event(status, code, "no")) == [("error", {"type": "error", "error": error})]


@pytest.mark.parametrize(
    "headers,key",
    [({"x-api-key": "a", "authorization": "Bearer b"}, "a"), ({"authorization": "bearer b"}, "b"), ({}, None)],
)
def test_the_key_has_two_places(headers: dict[str, str], key: str | None) -> None:
    assert SPEECH.key(Envelope(headers=headers)) == key
