from __future__ import annotations

import json

import pytest

from outwait.core.fault import Clock, Fault, Side, UpstreamError, fault
from outwait.dialects.openai_errors import error_body, error_object, own_body

OWN = b'{"error": {"message": "theirs", "type": "t"}}'


def told(body: bytes, code: str = "upstream_error") -> Fault:
    return fault(code, upstream=UpstreamError(429, "application/json", body))


def test_a_fault_in_our_words() -> None:
    failed = fault("idle_timeout", clock=None, span=3.0, reason="rule", side=Side.UPSTREAM)
    error = json.loads(error_body(failed, "ow_1"))["error"]
    assert (error["code"], error["type"], error["param"]) == ("idle_timeout", "timeout_error", None)
    assert error["outwait"] == {
        "exchange": "ow_1", "cause": "idle_timeout", "side": "upstream", "clock": None, "seconds": 3.0,
        "reason": "rule",
    }  # fmt: skip
    assert error_object(failed, "ow_1") == error


def test_a_clock_is_named() -> None:
    error = error_object(fault("idle_timeout", clock=Clock.IDLE, span=3.0), "ow_1")
    assert error["outwait"]["clock"] == "idle"


def test_an_upstreams_own_error_is_passed_on_as_it_came() -> None:
    assert error_body(told(OWN), "ow_1") == OWN
    assert error_object(told(OWN), "ow_1") == {"message": "theirs", "type": "t"}


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"error":"words"}', b'{"type":"error","error":null}', b"{}"])
def test_errors_of_another_shape_are_told_in_ours(body: bytes) -> None:
    assert own_body(told(body)) is None
    assert json.loads(error_body(told(body), "ow_1"))["error"]["code"] == "upstream_error"


def test_what_may_speak_of_the_channels_key_stays_here() -> None:
    assert own_body(told(OWN, "upstream_auth")) is None
