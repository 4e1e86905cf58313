from __future__ import annotations

import json
from typing import Any

import anthropic
import pytest

from outwait.core.fault import FAULTS, Clock, Fault, UpstreamError, fault
from outwait.dialects.anthropic import errors
from outwait.dialects.sse import Splitter

OWN = b'{\n"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_1"}'


def failed(body: bytes, code: str = "upstream_error") -> Fault:
    return fault(code, upstream=UpstreamError(529, "application/json", body))


@pytest.mark.parametrize(
    "status, name",
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (402, "billing_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (413, "request_too_large"),
        (422, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (502, "api_error"),
        (503, "overloaded_error"),
        (504, "timeout_error"),
        (507, "api_error"),
        (529, "overloaded_error"),
    ],
)
def test_types(status: int, name: str) -> None:
    assert errors.type_of(status) == name


def test_a_fault_in_words() -> None:
    told = fault("idle_timeout", clock=Clock.IDLE, span=120, reason="scenario chat", param="x")
    body = json.loads(errors.error_body(told, "ow_1"))
    assert (body["type"], body["request_id"], body["error"]["type"]) == ("error", "ow_1", "timeout_error")
    assert "idle ran out after 120 s" in body["error"]["message"]
    assert body["error"]["outwait"] == {
        "exchange": "ow_1",
        "code": "idle_timeout",
        "param": "x",
        "cause": "idle_timeout",
        "side": "upstream",
        "clock": "idle",
        "seconds": 120,
        "reason": "scenario chat",
    }


@pytest.mark.parametrize("code", sorted(FAULTS))
def test_the_sdk_understands_every_fault(code: str, read: Any) -> None:
    told = fault(code)
    with pytest.raises(anthropic.APIStatusError) as caught:
        read(errors.error_body(told, "ow_1"), told.status)
    assert caught.value.status_code == told.status
    assert told.message in str(caught.value)


def test_an_upstreams_own_words_are_passed_on() -> None:
    assert errors.error_body(failed(OWN), "ow_1") is OWN
    [(name, data)] = Splitter().feed(errors.stream_error(failed(OWN), "ow_1"))
    assert name == b"error"
    assert json.loads(data) == json.loads(OWN)


@pytest.mark.parametrize(
    "body, code",
    [
        (OWN, "upstream_auth"),
        (b"<html>", "upstream_error"),
        (b"[]", "upstream_error"),
        (b'{"error":{"message":"m"}}', "upstream_error"),
        (b'{"type":"error","error":"x"}', "upstream_error"),
        (b'{"type":"error","error":{"message":"x"}}', "upstream_error"),
    ],
)
def test_what_is_not_its_own_shape_or_private_is_not(body: bytes, code: str) -> None:
    told = json.loads(errors.error_body(failed(body, code), "ow_1"))
    assert told["error"]["outwait"]["exchange"] == "ow_1"


def test_both_tables_agree() -> None:
    assert all(errors.TYPES[status] == name for name, status in errors.STATUSES.items())
