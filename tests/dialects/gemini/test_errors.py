from __future__ import annotations

import json

import pytest

from outwait.core.fault import FAULTS, Clock, UpstreamError, fault
from outwait.dialects.gemini.errors import error_body, status_of, stream_error

OWN = b'{"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT", "details": []}}'


@pytest.mark.parametrize("code", sorted(FAULTS))
def test_every_fault_has_googles_shape(code: str) -> None:
    error = json.loads(error_body(fault(code), "ow_1"))["error"]
    assert error["code"] == fault(code).status
    assert error["message"]
    assert error["status"].isupper()
    info = error["details"][0]
    assert info["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"
    assert (info["reason"], info["domain"]) == (code.upper(), "outwait")
    assert all(isinstance(value, str) for value in info["metadata"].values())


def test_all_that_is_known_is_told() -> None:
    told = fault("idle_timeout", clock=Clock.IDLE, span=2.5, reason="rule", param="p", retry_after=1.5)
    error = json.loads(error_body(told, "ow_1"))["error"]
    metadata = error["details"][0]["metadata"]
    assert (metadata["clock"], metadata["seconds"], metadata["reason"], metadata["field"]) == (
        "idle",
        "2.5",
        "rule",
        "p",
    )
    assert error["details"][1]["retryDelay"] == "1.5s"


def test_statuses() -> None:
    assert status_of(429) == "RESOURCE_EXHAUSTED"
    assert status_of(413) == "INVALID_ARGUMENT"
    assert status_of(507) == "INTERNAL"


@pytest.mark.parametrize(
    "body, passed",
    [
        (OWN, True),
        (b"[" + OWN + b"]", True),
        (b'{"error":{"message":"m","type":"t","code":"c"}}', False),
        (b'{"error":{"code":400}}', False),
        (b'{"error":"x"}', False),
        (b"[]", False),
        (b"7", False),
        (b"<html>", False),
    ],
)
def test_only_errors_of_this_dialect_are_passed_on(body: bytes, passed: bool) -> None:
    told = error_body(fault("upstream_error", upstream=UpstreamError(400, "application/json", body)), "ow_1")
    assert (json.loads(told) == json.loads(OWN)) is passed
    private = error_body(fault("upstream_auth", upstream=UpstreamError(400, "application/json", body)), "ow_1")
    assert json.loads(private) != json.loads(OWN)


def test_an_event_is_one_line_without_a_name() -> None:
    told = fault("upstream_error", upstream=UpstreamError(400, "application/json", OWN.replace(b", ", b",\n")))
    event = stream_error(told, "ow_1")
    assert event.startswith(b'data: {"error":')
    assert event.endswith(b"}\r\n\r\n")
    assert event.count(b"\n") == 2
