from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter
from tests.toolkit.simulate.conftest import asked, events, played

from outwait.toolkit.simulate.answer import Answer
from outwait.toolkit.simulate.openai_responses import OPENAI_RESPONSES as SPEECH

EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
NAMES = ["fast", "think-2s", "tools-2", "think-1s+tools-3", "refusal", "logprobs", "empty", "big-2kb", "echo"]
TOOL = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}


def made(name: str, **body: object) -> Answer:
    return asked(SPEECH, name, {"model": name, "input": "tell me", **body})


def told(said: Answer) -> list[Any]:
    stream = b"".join(played(SPEECH, said))
    for name, data in events(stream):
        assert name == data["type"]
    return [data for _, data in events(stream)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"tools": [TOOL], "text": {"format": {"type": "json_object"}}, "reasoning": {"effort": "low"}},
        {"include": ["message.output_text.logprobs", "reasoning.encrypted_content"], "top_logprobs": 2},
    ],
)
def test_replies_and_events_validate_against_the_sdks_types(name: str, more: dict[str, object]) -> None:
    Response.model_validate_json(SPEECH.whole(made(name, **more)), strict=True)
    for event in told(made(name, **more, stream=True)):
        EVENT.validate_json(json.dumps(event), strict=True)


@pytest.mark.parametrize("name", NAMES)
def test_the_stream_adds_up_to_the_reply(name: str) -> None:
    whole = json.loads(SPEECH.whole(made(name)))
    stream = told(made(name, stream=True))
    assert [event["sequence_number"] for event in stream] == list(range(len(stream)))
    assert stream[-1]["response"] == whole
    done = [event["item"] for event in stream if event["type"] == "response.output_item.done"]
    assert done == whole["output"]
    assert [event["output_index"] for event in stream if event["type"] == "response.output_item.added"] == list(
        range(len(done))
    )
    for index, item in enumerate(done):
        deltas = "".join(
            event["delta"] for event in stream if event["type"].endswith(".delta") and event["output_index"] == index
        )
        assert deltas == _text(item)


def _text(item: dict[str, Any]) -> str:
    if item["type"] == "function_call":
        return str(item["arguments"])
    parts = item.get("content") or item["summary"]
    return str(parts[0].get("text", parts[0].get("refusal")))


def test_usage_tells_what_was_cached_and_thought() -> None:
    usage = json.loads(SPEECH.whole(made("think-2s+long-4+cached-1")))["usage"]
    assert usage == {
        "input_tokens": 2,
        "input_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 0},
        "output_tokens": 12,
        "output_tokens_details": {"reasoning_tokens": 8},
        "total_tokens": 14,
    }


def test_a_limit_makes_an_incomplete_response() -> None:
    whole = json.loads(SPEECH.whole(made("fast", max_output_tokens=16)))
    assert (whole["status"], whole["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
    assert told(made("fast", max_output_tokens=16))[-1]["type"] == "response.incomplete"


def test_a_number_in_a_text_is_left_alone() -> None:
    text = 'x\n\ndata: {"type":"error","sequence_number":0'
    stream = told(asked(SPEECH, "echo", {"model": "echo", "input": text}))
    assert stream[-1]["response"]["output"][0]["content"][0]["text"] == text


def test_the_first_pieces_open_items_and_the_last_ones_close_them() -> None:
    pieces = list(SPEECH.telling(made("tools-2")))
    assert len(pieces) == 6
    assert events(pieces[0])[0][0] == "response.output_item.added"
    assert events(pieces[2])[-1][0] == "response.output_item.done"


def test_a_failure_in_a_stream_is_an_error_and_a_failed_response() -> None:
    said = made("fast", stream=True)
    error, failed = events(SPEECH.error_event(503, None, "no", said))
    assert (error[0], error[1]["message"], error[1]["error"]["message"]) == ("error", "no", "no")
    assert failed[1]["response"]["error"] == {"code": "server_error", "message": "no"}
    assert events(SPEECH.error_event(429, None, "no", said))[1][1]["response"]["error"]["code"] == "rate_limit_exceeded"
    for _, event in (error, failed):
        EVENT.validate_json(json.dumps(event), strict=True)
    assert len(events(SPEECH.error_event(503, None, "no"))) == 1
