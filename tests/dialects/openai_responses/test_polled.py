from __future__ import annotations

import json

import pytest
from tests.toolkit.simulate.conftest import events

from outwait.dialects.openai_responses.polled import last_event


@pytest.mark.parametrize(
    "status,kind",
    [("completed", "completed"), ("incomplete", "incomplete"), ("cancelled", "cancelled"), ("failed", "failed"),
     ("expired", "failed")],
)  # fmt: skip
def test_the_state_that_ends_a_job_is_its_last_event(status: str, kind: str) -> None:
    response = {"id": "resp_1", "status": status, "output": [{"text": "a\nb  c"}]}
    ((name, data),) = events(last_event(json.dumps(response, indent=2).encode(), 7))
    assert name == f"response.{kind}"
    assert data == {"type": name, "sequence_number": 7, "response": response}


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_a_job_that_runs_has_none(status: str) -> None:
    assert last_event(json.dumps({"status": status}).encode(), 7) == b""


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"status":3}', b'{"id":"resp_1"}'])
def test_what_is_no_response_is_told_apart(body: bytes) -> None:
    with pytest.raises(ValueError):
        last_event(body, 7)
