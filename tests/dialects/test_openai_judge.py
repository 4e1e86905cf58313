from __future__ import annotations

import json
from typing import Any

import pytest

from outwait.core.fault import FAULTS
from outwait.core.reply import Usage
from outwait.dialects import openai_judge


@pytest.mark.parametrize(
    "value, code, status, cause",
    [
        ({"error": {"message": "m", "code": "rate_limit_exceeded"}}, "upstream_error", 429, "rate_limited"),
        ({"error": {"message": "x", "code": 429}}, "upstream_error", 429, "rate_limited"),
        ({"error": {"message": "slow", "code": "429"}}, "upstream_error", 429, "rate_limited"),
        ({"error": {"type": "overloaded_error", "message": "Overloaded"}}, "upstream_error", 503, "overloaded"),
        ({"error": {"code": "insufficient_quota", "message": "m"}}, "upstream_quota", 503, "quota_exhausted"),
        ({"error": {"message": "Insufficient Balance"}}, "upstream_quota", 503, "quota_exhausted"),
        ({"error": {"message": "bad", "code": "invalid_api_key"}}, "upstream_auth", 502, "auth_failed"),
        ({"error": {"message": "no", "code": 401}}, "upstream_auth", 502, "auth_failed"),
        ({"error": {"code": "context_length_exceeded", "message": "m"}}, "upstream_error", 400, "context_too_long"),
        ({"error": {"message": "m", "code": "content_filter"}}, "upstream_error", 400, "content_filtered"),
        ({"error": "boom"}, "upstream_error", 502, "upstream_error"),
        ({"error": True, "message": "boom"}, "upstream_error", 502, "upstream_error"),
        ({"object": "error", "message": "m", "code": 400}, "upstream_error", 400, "bad_request"),
        ({"type": "error", "message": "m"}, "upstream_error", 502, "upstream_error"),
        ({"base_resp": {"status_code": 1002, "status_msg": "rate limit"}}, "upstream_error", 429, "rate_limited"),
        ({"detail": "Internal failure"}, "upstream_error", 502, "upstream_error"),
        ({"code": 500, "msg": "failed"}, "upstream_error", 500, "upstream_error"),
        (
            {"id": "gen-1", "choices": [{"finish_reason": "error"}], "error": {"code": 502, "message": "Provider"}},
            "upstream_error", 502, "upstream_error",
        ),
    ],
)  # fmt: skip
def test_errors_in_every_shape(value: dict[str, Any], code: str, status: int, cause: str) -> None:
    raw = json.dumps(value).encode()
    told = openai_judge.error_in(value, raw)
    assert told is not None
    assert (told.code, told.status, told.cause) == (code, status, cause)
    assert told.upstream is not None
    assert told.upstream.status == 200
    assert told.code in FAULTS


@pytest.mark.parametrize(
    "value",
    [
        {"choices": []},
        {"error": None, "choices": [], "usage": None},
        {"usage": {}, "message": "x"},
        {"base_resp": {"status_code": 0}, "choices": [{}]},
        {"choices": [{}], "object": [], "type": {}},
        {},
        [],
        "text",
        None,
    ],
)
def test_what_is_no_error(value: object) -> None:
    assert openai_judge.error_in(value, b"") is None


def test_an_event_that_is_called_an_error_is_one() -> None:
    told = openai_judge.error_in("the model is overloaded", b"x", named=True)
    assert told is not None
    assert told.cause == "overloaded"
    assert openai_judge.error_in({}, b"{}", named=True) is not None


def test_only_the_error_of_a_chunk_is_kept() -> None:
    value = {"choices": [{"finish_reason": "error"}], "error": {"message": "m"}}
    told = openai_judge.error_in(value, b"raw")
    assert told is not None
    assert told.upstream is not None
    assert told.upstream.body == b'{"error":{"message":"m"}}'


@pytest.mark.parametrize(
    "value, said",
    [
        ({"role": "assistant", "content": ""}, False),
        ({"content": None, "refusal": None, "tool_calls": []}, False),
        ({"provider_specific_fields": {"refusal": None}}, False),
        ({"reasoning": "hm"}, True),
        ({"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f"}}]}, True),
        ({"content": [{"type": "text", "text": "a"}]}, True),
        ({"x": 3, "y": True}, False),
    ],
)
def test_what_says_something(value: object, said: bool) -> None:
    assert openai_judge.says(value) is said


def test_says_does_not_follow_for_ever() -> None:
    value: list[Any] = []
    for _ in range(5000):
        value = [value]
    assert openai_judge.says(value) is True


@pytest.mark.parametrize(
    "value, usage",
    [
        (None, None),
        ([], None),
        ({}, Usage()),
        ({"prompt_tokens": -1, "completion_tokens": "9", "prompt_tokens_details": 3}, Usage()),
        ({"prompt_tokens": True, "completion_tokens": 10**30}, Usage()),
        (
            {
                "prompt_tokens": 10, "completion_tokens": 20, "prompt_tokens_details": {"cached_tokens": 4},
                "completion_tokens_details": {"reasoning_tokens": 5},
            },
            Usage(10, 20, 4, 5),
        ),
        ({"prompt_tokens": 10, "prompt_cache_hit_tokens": 6}, Usage(10, 0, 6, 0)),
    ],
)  # fmt: skip
def test_usage_is_read_defensively(value: object, usage: Usage | None) -> None:
    assert openai_judge.usage_of(value) == usage
