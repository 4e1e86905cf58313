from __future__ import annotations

import json
from typing import Any

import pytest

from outwait.core.reply import Usage
from outwait.dialects.openai_responses.watch import Watch, fault_in, item_says, response_in, usage_of

USAGE = {
    "input_tokens": 10,
    "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 1},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 3},
}
COUNTED = Usage(10, 5, 4, 3, 1)
MESSAGE = {"type": "message", "content": [{"type": "output_text", "text": "hi"}]}


def judge(*events: dict[str, Any] | tuple[bytes, bytes], watch: Watch | None = None) -> tuple[Watch, list[bool]]:
    watch = watch or Watch()
    passed = []
    for event in events:
        name, data = event if isinstance(event, tuple) else (event["type"].encode(), json.dumps(event).encode())
        passed.append(watch.event(name, data))
    return watch, passed


def lifecycle(kind: str, **response: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", "response": response}


def test_a_beginning_says_nothing() -> None:
    watch, passed = judge(lifecycle("created"), lifecycle("queued"), lifecycle("in_progress"))
    assert passed == [True] * 3
    assert (watch.begun, watch.progress, watch.content, watch.finished) == (True, True, False, False)


def test_in_the_background_the_beginning_is_what_the_client_waits_for() -> None:
    watch, _ = judge(lifecycle("created"), watch=Watch(background=True))
    assert watch.content


@pytest.mark.parametrize(
    "event, content",
    [
        ({"type": "response.output_text.delta", "delta": "x"}, True),
        ({"type": "response.output_text.delta", "delta": ""}, False),
        ({"type": "response.new.delta", "delta": {"x": 1}}, True),
        ({"type": "response.new.delta", "delta": {}}, False),
        ({"type": "response.output_item.added", "item": {"type": "reasoning"}}, False),
        ({"type": "response.output_item.added", "item": {"type": "web_search_call"}}, True),
        ({"type": "response.output_item.added", "item": None}, False),
        ({"type": "response.output_item.done", "item": {"type": "reasoning", "summary": []}}, False),
        ({"type": "response.output_item.done", "item": {"type": "reasoning", "summary": [{"text": "x"}]}}, True),
        ({"type": "response.output_item.done", "item": {"type": "message", "content": [{"refusal": "x"}]}}, True),
        ({"type": "response.output_item.done", "item": {"type": "message", "content": ["x"]}}, False),
        ({"type": "response.output_item.done", "item": {"type": "function_call"}}, True),
        ({"type": "response.output_item.done"}, False),
        ({"type": "response.content_part.added", "part": {}}, False),
        ({"type": "response.of_the_future"}, False),
    ],
)
def test_what_is_content(event: dict[str, Any], content: bool) -> None:
    watch, passed = judge(event)
    assert passed == [True]
    assert watch.progress
    assert watch.content is content


@pytest.mark.parametrize(
    "event",
    [
        (b"keepalive", b'{"type":"keepalive","sequence_number":3}'),
        (b"", b'{"type":"keepalive"}'),
        (b"ping", b""),
        (b"", b"{}"),
        (b"", b"[DONE]"),
    ],
)
def test_pings_are_no_progress(event: tuple[bytes, bytes]) -> None:
    watch, passed = judge(event)
    assert passed == [False]
    assert (watch.begun, watch.progress, watch.fault) == (False, False, None)


@pytest.mark.parametrize(
    "kind, response, content, wordless",
    [
        ("completed", {"output": [MESSAGE], "usage": USAGE}, True, False),
        ("completed", {"output": []}, False, False),
        ("incomplete", {"output": [], "incomplete_details": {"reason": "max_output_tokens"}}, False, True),
        ("cancelled", {}, False, True),
    ],
)
def test_how_a_reply_ends(kind: str, response: dict[str, Any], content: bool, wordless: bool) -> None:
    watch, passed = judge(lifecycle(kind, **response))
    assert passed == [True]
    assert (watch.finished, watch.complete, watch.content, watch.wordless) == (True, True, content, wordless)
    assert watch.usage == (COUNTED if "usage" in response else None)


def test_an_end_without_a_response_is_an_end() -> None:
    watch, _ = judge({"type": "response.completed"})
    assert watch.finished


@pytest.mark.parametrize(
    "event, code, cause, message",
    [
        (
            lifecycle("failed", error={"code": "rate_limit_exceeded", "message": "slow down"}, usage=USAGE),
            "upstream_error", "rate_limited", "slow down",
        ),
        (lifecycle("failed", error={"code": "server_error", "message": "m"}), "upstream_error", "upstream_error", "m"),
        (lifecycle("failed", error={"code": "invalid_image", "message": "no"}), "upstream_error", "bad_request", "no"),
        (lifecycle("failed", error=None), "upstream_error", "upstream_error", None),
        ({"type": "error", "code": "server_is_overloaded", "message": "m"}, "upstream_error", "overloaded", "m"),
        ({"type": "error", "error": {"code": "x", "message": "m"}}, "upstream_error", "upstream_error", "m"),
        ((b"error", b"plain words"), "upstream_error", "upstream_error", "plain words"),
        ((b"error", b""), "upstream_error", "upstream_error", None),
        ((b"", b'{"error":"invalid_api_key"}'), "upstream_auth", "auth_failed", None),
        ((b"", b'{"error":{"message":"m"}}'), "upstream_error", "upstream_error", "m"),
        ((b"", b"plain words"), "upstream_bad_response", "bad_response", None),
        ((b"", b"[1]"), "upstream_bad_response", "bad_response", None),
        ((b"", b'{"choices":[]}'), "upstream_bad_response", "bad_response", None),
    ],
)  # fmt: skip
def test_errors(event: Any, code: str, cause: str, message: str | None) -> None:
    watch, passed = judge(event)
    assert passed == [False]
    assert watch.progress
    assert watch.fault is not None
    assert (watch.fault.code, watch.fault.cause) == (code, cause)
    if message is not None:
        assert message in watch.fault.message
    assert not watch.finished


def test_a_failed_response_is_told_in_openais_shape() -> None:
    found = fault_in({"error": {"code": "server_error", "message": "boom", "hint": 1}})
    assert found.upstream is not None
    assert json.loads(found.upstream.body) == {
        "error": {"message": "boom", "type": None, "param": None, "code": "server_error", "hint": 1}
    }


@pytest.mark.parametrize(
    "body, complete, content, code",
    [
        ({"status": "completed", "output": [MESSAGE], "usage": USAGE}, True, True, None),
        ({"output": [MESSAGE]}, True, True, None),
        ({"status": "incomplete", "output": []}, True, False, None),
        ({"status": "queued", "output": []}, True, True, None),
        ({"status": "in_progress", "output": []}, True, True, None),
        ({"status": "failed", "output": [], "error": {"message": "x"}}, False, False, "upstream_error"),
        ({"error": {"message": "x"}}, False, False, "upstream_error"),
        ({"status": "new", "output": []}, False, False, "upstream_bad_response"),
        ({"choices": []}, False, False, "upstream_bad_response"),
    ],
)
def test_a_json_reply(body: dict[str, Any], complete: bool, content: bool, code: str | None) -> None:
    watch = Watch()
    watch.whole(json.dumps(body).encode())
    assert (watch.complete, watch.content) == (complete, content)
    assert (watch.fault.code if watch.fault else None) == code
    assert watch.usage == (COUNTED if "usage" in body else None)


@pytest.mark.parametrize(
    "body, code",
    [
        (b'{"output":[', "upstream_truncated"),
        (b'{"output":[{"text":"\\ud83d', "upstream_truncated"),
        (b'{"a":' * 5000, "upstream_bad_response"),
        (b"<html>", "upstream_bad_response"),
        (b"[" * 500, "upstream_bad_response"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, "upstream_bad_response"),
    ],
)
def test_what_is_no_response(body: bytes, code: str) -> None:
    value, found = response_in(body)
    assert value is None
    assert found is not None
    assert found.code == code
    watch = Watch()
    watch.whole(body)
    assert (watch.complete, watch.fault) == (False, found)


def test_what_stood_where_a_stream_should_have_been() -> None:
    watch = Watch()
    told = watch.stray(b'{"error":{"message":"no such model","code":"model_not_found"}}\n')
    assert told is not None
    assert told.cause == "model_not_found"
    assert watch.stray(b'{"output":[]}') is None
    assert watch.stray(b'{"output":') is None
    assert watch.stray(b"<html>") is None


def test_counts() -> None:
    assert usage_of(USAGE) == COUNTED
    assert usage_of({"input_tokens": True, "output_tokens": -1}) == Usage()
    assert usage_of(None) is None


def test_items() -> None:
    assert not item_says("x")
    assert item_says({"type": "compaction"})


def test_where_the_response_is_kept_only_words_are_an_answer() -> None:
    watch, _ = judge(lifecycle("created"), lifecycle("queued"), watch=Watch(background=True, kept=True))
    assert not watch.content
    watch = Watch(kept=True)
    watch.whole(json.dumps({"status": "queued", "output": []}).encode())
    assert (watch.begun, watch.complete, watch.content, watch.fault) == (True, False, False, None)


def test_a_status_of_any_kind() -> None:
    watch = Watch()
    watch.whole(b'{"status":["x"],"output":[]}')
    assert watch.fault is not None
    assert watch.fault.code == "upstream_bad_response"
