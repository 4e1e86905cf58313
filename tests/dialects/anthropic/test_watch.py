from __future__ import annotations

import json
from typing import Any

import pytest

from outwait.core.reply import Usage
from outwait.dialects.anthropic.watch import Watch, block_says, told_of
from outwait.dialects.watch import verdict


def seen(*events: object, name: bytes = b"") -> Watch:
    watch = Watch()
    for event in events:
        watch.event(name, event if isinstance(event, bytes) else json.dumps(event).encode())
    return watch


def start(**usage: int) -> dict[str, Any]:
    return {"type": "message_start", "message": {"id": "m", "content": [], "usage": usage}}


def delta(**fields: object) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": 0, "delta": fields}


def stop(reason: str | None, **usage: int) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}


END = {"type": "message_stop"}


@pytest.mark.parametrize(
    "event, content",
    [
        (delta(type="text_delta", text="x"), True),
        (delta(type="text_delta", text=""), False),
        (delta(type="thinking_delta", thinking="x"), True),
        (delta(type="signature_delta", signature="x"), True),
        (delta(type="input_json_delta", partial_json="{"), True),
        (delta(type="citations_delta", citation={"a": 1}), True),
        (delta(type="future_delta", thing=[1]), True),
        ({"type": "content_block_delta", "delta": "x"}, True),
        ({"type": "content_block_delta", "delta": None}, False),
        ({"type": "content_block_start", "content_block": {"type": "text", "text": ""}}, False),
        ({"type": "content_block_start", "content_block": {"type": "thinking", "thinking": ""}}, False),
        ({"type": "content_block_start", "content_block": {"type": "text", "text": "x"}}, True),
        ({"type": "content_block_start", "content_block": {"type": "tool_use", "input": {}}}, True),
        ({"type": "content_block_start", "content_block": {"type": "redacted_thinking", "data": "x"}}, True),
        ({"type": "content_block_start", "content_block": {"type": "web_search_tool_result"}}, True),
        ({"type": "content_block_start", "content_block": None}, False),
        ({"type": "content_block_stop", "index": 0}, False),
        (start(), False),
        ({"type": "message_start", "message": {"content": [{"type": "text", "text": "x"}]}}, True),
        ({"type": "message_start", "message": None}, False),
        ({"type": "future_event"}, False),
    ],
)  # fmt: skip
def test_what_is_content(event: dict[str, Any], content: bool) -> None:
    watch = Watch()
    assert watch.event(b"", json.dumps(event).encode())
    assert (watch.content, watch.begun, watch.fault) == (content, True, None)
    assert watch.kind == event["type"].encode()


@pytest.mark.parametrize(
    "name, data, progress",
    [
        (b"ping", b'{"type":"ping"}', False),
        (b"", b'{"type": "ping"}', False),
        (b"ping", b"", False),
        (b"", b"[DONE]", False),
    ],
)
def test_pings_are_not_for_the_client(name: bytes, data: bytes, progress: bool) -> None:
    watch = Watch()
    assert not watch.event(name, data)
    assert (watch.progress, watch.begun, watch.fault) == (progress, False, None)


def test_progress_is_of_the_last_event() -> None:
    assert seen(start()).progress
    assert not seen(start(), b'{"type":"ping"}').progress
    assert not seen(start(), stop(None)).progress
    assert not seen(start(), delta(type="text_delta", text="")).progress


@pytest.mark.parametrize("name", [b"future", b"message_x"])
def test_events_of_the_future_pass(name: bytes) -> None:
    watch = Watch()
    assert watch.event(name, b'{"a":1}')
    assert watch.event(b"future", b"no json")
    assert watch.fault is None


@pytest.mark.parametrize(
    "name, data", [(b"", b"no json"), (b"message_start", b"{"), (b"content_block_start", b"[]"), (b"", b'{"a":1}')]
)
def test_what_is_no_event(name: bytes, data: bytes) -> None:
    watch = Watch()
    assert not watch.event(name, data)
    assert watch.fault is not None
    assert watch.fault.code == "upstream_bad_response"


@pytest.mark.parametrize(
    "name, data, code, status",
    [
        (b"error", b'{"type":"error","error":{"type":"overloaded_error","message":"o"}}', "upstream_error", 503),
        (b"", b'{"type":"error","error":{"type":"rate_limit_error","message":"o"}}', "upstream_error", 429),
        (b"error", b'{"type":"error","error":{"type":"authentication_error","message":"o"}}', "upstream_auth", 502),
        (b"error", b'{"type":"error","error":{"type":"billing_error","message":"o"}}', "upstream_quota", 503),
        (b"error", b'{"type":"error","error":{"type":"invalid_request_error","message":"o"}}', "upstream_error", 400),
        (b"error", b'{"type":"error","error":{"type":"api_error","message":"o"}}', "upstream_error", 500),
        (b"error", b'{"type":"error","error":{"type":["x"],"message":"o"}}', "upstream_error", 502),
        (b"error", b'{"error":"overloaded"}', "upstream_error", 503),
        (b"error", b"overloaded", "upstream_error", 503),
        (b"error", b"{}", "upstream_error", 502),
        (b"", b'{"error":{"message":"rate limit","code":429}}', "upstream_error", 429),
    ],
)
def test_errors(name: bytes, data: bytes, code: str, status: int) -> None:
    watch = Watch()
    assert not watch.event(name, data)
    assert watch.fault is not None
    assert (watch.fault.code, watch.fault.status) == (code, status)
    assert verdict(watch) is watch.fault


def test_counts_are_put_together() -> None:
    watch = seen(start(input_tokens=4, cache_read_input_tokens=6, output_tokens=1), stop("end_turn", output_tokens=9))
    assert watch.usage == Usage(input=10, output=9, cached=6)
    assert seen({"type": "message_start", "message": {"id": "x"}}).usage is None


@pytest.mark.parametrize(
    "reason, output, whole",
    [
        ("max_tokens", 0, True),
        ("refusal", 0, True),
        ("stop_sequence", 0, True),
        ("pause_turn", 0, True),
        ("model_context_window_exceeded", 0, True),
        ("end_turn", 2, True),
        ("end_turn", 0, False),
        ("tool_use", 2, False),
    ],
)
def test_an_end_without_words(reason: str, output: int, whole: bool) -> None:
    watch = seen(start(), stop(reason, output_tokens=output), END)
    assert watch.finished
    assert (verdict(watch) is None) is whole
    body = {"type": "message", "content": [], "stop_reason": reason, "usage": {"output_tokens": output}}
    again = Watch()
    again.whole(json.dumps(body).encode())
    assert (verdict(again) is None) is whole


def test_a_stream_without_its_last_event_is_cut() -> None:
    watch = seen(start(), delta(type="text_delta", text="x"), stop("end_turn", output_tokens=1))
    assert not watch.complete
    assert not watch.finished


def test_a_delta_without_a_delta() -> None:
    assert seen({"type": "message_delta"}).fault is None


def test_half_an_emoji_is_read() -> None:
    told = told_of(b'{"type":"content_block_delta","delta":{"text":"\\ud800"}}')
    assert told is not None
    assert told.type == "content_block_delta"
    assert told_of(b'["\\ud800"]') is None
    assert not block_says("x")


@pytest.mark.parametrize(
    "body, complete, code",
    [
        (b'{"type":"message","content":[{"type":"text","text":"x"}],"usage":{"output_tokens":1}}', True, None),
        (b'{"input_tokens": 12}', True, None),
        (b'{"type":"error","error":{"type":"overloaded_error","message":"o"}}', False, "upstream_error"),
        (b'{"error":{"message":"o"}}', False, "upstream_error"),
        (b'{"type":"message"}', False, "upstream_bad_response"),
        (b"<html>", False, "upstream_bad_response"),
        (b'{"type":"message","content":[{"type":"te', False, "upstream_truncated"),
        (b'[{"type":"message"', False, "upstream_bad_response"),
    ],
)
def test_whole_bodies(body: bytes, complete: bool, code: str | None) -> None:
    watch = Watch()
    watch.whole(body)
    assert watch.complete is complete
    assert (watch.fault and watch.fault.code) == code
    assert watch.content is complete


def test_a_count_costs_nothing() -> None:
    watch = Watch()
    watch.whole(b'{"input_tokens": 12}')
    assert watch.usage is None
    assert verdict(watch) is None


@pytest.mark.parametrize(
    "text, code", [(b'{"type":"error","error":{"type":"api_error"}}', "upstream_error"), (b"<h", None), (b"{}", None)]
)
def test_strays(text: bytes, code: str | None) -> None:
    told = Watch().stray(text)
    assert (told and told.code) == code
