from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from outwait.core.fault import fault
from outwait.dialects.openai_responses.errors import error_body, stream_error
from outwait.dialects.openai_responses.response import blank


@pytest.mark.parametrize(
    "cause, code",
    [
        ("rate_limited", "rate_limit_exceeded"),
        ("context_too_long", "context_length_exceeded"),
        ("bad_request", "invalid_prompt"),
        ("bad_response", "server_error"),
    ],
)
def test_a_failure_in_a_stream(strict: Callable[[bytes], Any], cause: str, code: str) -> None:
    failed = fault("upstream_error", "no luck", param="input", cause=cause)
    (kind, error), (last, response) = strict(stream_error(failed, "ow_1", blank("resp_1", "m"), 5))
    assert (kind, error["sequence_number"], error["message"], error["param"]) == ("error", 5, "no luck", "input")
    assert error["error"]["outwait"]["exchange"] == "ow_1"
    assert {key: error["error"][key] for key in ("code", "message", "param")} == {
        "code": "upstream_error", "message": "no luck", "param": "input",
    }  # fmt: skip
    assert (last, response["sequence_number"]) == ("response.failed", 6)
    assert response["response"]["id"] == "resp_1"
    assert response["response"]["error"] == {"code": code, "message": "no luck"}


def test_a_body() -> None:
    assert json.loads(error_body(fault("not_found"), "ow_1"))["error"]["code"] == "not_found"
