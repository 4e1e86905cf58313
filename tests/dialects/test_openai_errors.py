from __future__ import annotations

import json

import pytest

from outwait.core.fault import FAULTS, Clock, Fault, Side, UpstreamError, fault
from outwait.dialects.openai_errors import error_body, error_object, stream_error

OWN = b'{"error": {"message": "theirs", "type": "t"}}'
LINES = b'{\n "error": {"message": "no", "type": "invalid_request_error", "param": "n", "code": null}\n}'


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


def test_an_upstreams_own_error_is_passed_on_as_it_came() -> None:
    assert error_body(told(OWN), "ow_1") == OWN
    assert error_object(told(OWN), "ow_1") == {"message": "theirs", "type": "t"}


def test_a_timeout_says_which_clock_how_long_whose_side_and_why() -> None:
    late = fault("first_byte_timeout", clock=Clock.FIRST_BYTE, span=900.0, reason="scenario reasoning")
    told = json.loads(error_body(late, "ow_1"))["error"]
    assert told["message"].startswith(
        "The upstream sent no response head in time: first_byte ran out after 900 s"
        " (set by scenario reasoning; upstream side). "
    )
    assert "x-outwait-timeout-first-byte" in told["message"]
    assert told["outwait"] == {
        "exchange": "ow_1",
        "cause": "first_byte_timeout",
        "side": "upstream",
        "clock": "first_byte",
        "seconds": 900.0,
        "reason": "scenario reasoning",
    }


@pytest.mark.parametrize("code", FAULTS)
def test_every_fault_has_the_shape(code: str) -> None:
    told = json.loads(error_body(fault(code, param="p"), "ow_1"))["error"]
    assert (told["code"], told["type"], told["param"]) == (code, FAULTS[code].type, "p")
    assert told["message"] == FAULTS[code].message
    event, done, rest = stream_error(fault(code), "ow_1").split(b"\n\n")
    assert json.loads(event.removeprefix(b"data: "))["error"]["code"] == code
    assert (done, rest) == (b"data: [DONE]", b"")


def test_an_upstreams_own_error_is_passed_on() -> None:
    told = fault("upstream_error", upstream=UpstreamError(400, "application/json", LINES))
    assert error_body(told, "ow_1") == LINES
    event = stream_error(told, "ow_1").split(b"\n\n")[0]
    assert b"\n" not in event
    assert json.loads(event[6:]) == json.loads(LINES)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"{}", b'{"error":null}', b'{"error":"text"}', LINES[:-1], b'{"error":' + b"[" * 999],
)
def test_an_error_of_another_shape_is_told_anew(body: bytes) -> None:
    told = fault("upstream_error", upstream=UpstreamError(500, "text/html", body))
    assert json.loads(error_body(told, "ow_1"))["error"]["code"] == "upstream_error"


@pytest.mark.parametrize("code", ["upstream_auth", "upstream_quota"])
def test_what_concerns_the_channels_account_stays_inside(code: str) -> None:
    body = b'{"error":{"message":"Incorrect API key provided: abc***"}}'
    told = fault(code, upstream=UpstreamError(401, "application/json", body))
    assert b"abc" not in error_body(told, "ow_1") + stream_error(told, "ow_1")
