"""A stored response told as a stream; its numbers, and what is no response, are tried in tests of its dialect."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from outwait.edge.retelling import retell


def told(response: bytes, after: int) -> tuple[int, str]:
    sent: list[tuple[int, bytes, bytes]] = []
    request: Any = SimpleNamespace(outlet=SimpleNamespace(send=lambda *given: sent.append(given)))
    retell(request, response, after)
    ((status, block, body),) = sent
    assert b"text/event-stream" in block
    return status, body.decode()


@pytest.mark.parametrize("after, first", [(-1, "created"), (0, "in_progress"), (1, "failed")])
def test_the_events_behind_a_number(after: int, first: str) -> None:
    status, body = told(json.dumps({"id": "resp_1", "status": "failed", "output": []}).encode(), after)
    assert status == 200
    assert body.startswith(f"event: response.{first}\n")


def test_who_saw_more_events_than_there_are_is_told_the_end() -> None:
    response = b'{"id":"resp_1","status":"failed","output":[]}'
    assert told(response, 70) == told(response, 1)


def test_nothing_is_made_of_no_response() -> None:
    assert told(b"[]", -1) == (200, "")
