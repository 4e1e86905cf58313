from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from outwait.core.fault import UpstreamError, fault
from outwait.core.request import Call, State
from outwait.dialects.openai_responses import standing
from outwait.dialects.openai_responses.fold import replay

ASKED: dict[str, Any] = {
    "model": "m", "input": "q", "background": True, "instructions": "be kind", "metadata": {"a": "b"},
    "previous_response_id": "resp_before", "tools": [{"type": "function", "name": "f"}],
}  # fmt: skip
ANSWER: dict[str, Any] = {
    "id": "resp_up", "created_at": 5, "status": "completed", "output": [], "usage": {"input_tokens": 3},
}  # fmt: skip


def call(stream: bool = False, background: bool = True, **fields: Any) -> Call:
    body = json.dumps({**ASKED, **fields}).encode()
    return Call("responses", "responses", "m", stream, body, state=State("resp_ow", background=background))


def test_a_background_call_is_answered_with_the_queued_response(
    response_of: Callable[[bytes], dict[str, Any]],
) -> None:
    told = standing.queued(call(), 7)
    assert response_of(json.dumps(told).encode()) == told
    assert (told["id"], told["status"], told["created_at"], told["background"]) == ("resp_ow", "queued", 7, True)
    assert (told["previous_response_id"], told["instructions"], told["store"]) == ("resp_before", "be kind", True)
    assert (told["output"], told["usage"], told["error"], told["completed_at"]) == ([], None, None, None)
    assert told["tools"][0]["name"] == "f"


@pytest.mark.parametrize("status", ["in_progress", "cancelled"])
def test_it_stands_without_an_answer(status: str, response_of: Callable[[bytes], dict[str, Any]]) -> None:
    told = standing.standing(call(), 7, status)
    assert response_of(json.dumps(told).encode())["status"] == status
    assert told["output"] == []


@pytest.mark.parametrize(
    "code, told",
    [
        ("rate_limited", "rate_limit_exceeded"),
        ("bad_request", "invalid_prompt"),
        ("upstream_truncated", "server_error"),
        ("total_timeout", "server_error"),
    ],
)
def test_a_fault_has_openais_codes(code: str, told: str, response_of: Callable[[bytes], dict[str, Any]]) -> None:
    made = standing.failed(call(), 7, fault(code))
    assert response_of(json.dumps(made).encode())["status"] == "failed"
    assert made["error"] == {"code": told, "message": fault(code).message}


def test_an_upstreams_own_code_is_kept_if_it_is_one_of_openais() -> None:
    def failed(code: object) -> object:
        body = json.dumps({"error": {"code": code, "message": "boom"}}).encode()
        made = fault("upstream_error", upstream=UpstreamError(200, "application/json", body))
        return standing.failed(call(), 7, made)["error"]

    assert failed("image_too_large") == {"code": "image_too_large", "message": "boom"}
    assert failed("of_its_own") == failed(["x"]) == {"code": "server_error", "message": "boom"}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("status", ["completed", "incomplete", "failed", "cancelled"])
def test_an_answer_brings_its_own_object(stream: bool, status: str) -> None:
    answer = ANSWER | {"status": status}
    body = replay(answer) if stream else json.dumps(answer).encode()
    assert standing.ended(call(stream), "completed", body, None, 7) == (status, answer | {"id": "resp_ow"})
    assert standing.ended(call(stream, background=False), "completed", body, None, 7) == (status, answer)


@pytest.mark.parametrize("odd", [{}, {"status": "new"}, {"status": ["x"]}])
def test_what_an_answer_does_not_say_is_put_in(odd: dict[str, Any]) -> None:
    body = json.dumps({"output": [], **odd}).encode()
    told = {"id": "resp_ow", "status": "completed", "created_at": 7, "output": []}
    assert standing.ended(call(background=False), "completed", body, None, 7) == ("completed", told)


def test_a_call_that_was_cancelled() -> None:
    status, told = standing.ended(call(), "cancelled", b"partial", fault("cancelled"), 7)
    assert (status, told["status"], told["error"]) == ("cancelled", "cancelled", None)


@pytest.mark.parametrize(
    "outcome, why, message",
    [
        ("failed", fault("idle_timeout"), fault("idle_timeout").message),
        ("lost", None, fault("internal_error").message),
        ("completed", None, fault("upstream_bad_response").message),
    ],
)
def test_a_failure_of_any_kind(outcome: str, why: Any, message: str) -> None:
    status, told = standing.ended(call(), outcome, b"", why, 7)
    assert (status, told["status"]) == ("failed", "failed")
    assert told["error"] == {"code": "server_error", "message": message}


def test_without_a_state_the_id_is_always_the_same() -> None:
    made = Call("responses", "responses", "m", False, b'{"model":"m"}')
    assert standing.queued(made, 1)["id"] == standing.queued(made, 2)["id"]
    assert standing.ended(made, "completed", b'{"output":[]}', None, 7)[1]["id"].startswith("resp_")
