from __future__ import annotations

import json
from typing import Any

import pytest

from outwait.core.plan import Candidate
from outwait.dialects.anthropic import request
from outwait.dialects.anthropic.carried import without_carried
from outwait.dialects.seal import seal

FOREIGN = seal("gemini", "proof")
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": FOREIGN}
SEALED = {"type": "redacted_thinking", "data": FOREIGN}
OWN = {"type": "thinking", "thinking": "hm", "signature": "EqQB"}
CALL = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": FOREIGN}}


def body(*contents: Any) -> bytes:
    messages = [{"role": "assistant", "content": content} for content in contents]
    return json.dumps({"model": "m", "temperature": 1.0, "messages": messages}).encode()


@pytest.mark.parametrize(
    "contents, left",
    [
        ([[THOUGHT, SEALED, OWN, CALL], "x"], [[OWN, CALL], "x"]),
        ([[THOUGHT], "x"], ["x"]),
        ([[SEALED, {"type": "text", "text": "y"}]], [[{"type": "text", "text": "y"}]]),
    ],
)
def test_thoughts_of_others_stay_behind(contents: list[Any], left: list[Any]) -> None:
    assert json.loads(without_carried(body(*contents))) == json.loads(body(*left))


@pytest.mark.parametrize(
    "same",
    [
        body([OWN, CALL]),
        body(FOREIGN),
        body([{"type": "text", "text": FOREIGN}]),
        body([{"type": "thinking", "thinking": FOREIGN, "signature": None}]),
        body([{"type": "thinking", "thinking": "x", "signature": "ow.not sealed"}]),
        body([OWN, {"type": "text", "text": "x"}]),
        b'{"x":"ow.","messages":7}',
        b'{"x":"ow."}',
        b'{"messages":[{"role":"ow."}]}',
        b'{"messages":["ow."]}',
    ],
)
def test_everything_else_stays_as_it_is(same: bytes) -> None:
    assert without_carried(same) is same


@pytest.mark.parametrize("provider", ["anthropic", "bedrock"])
def test_it_is_done_for_every_upstream(provider: str) -> None:
    call = request.read("POST", "/v1/messages", {}, body([THOUGHT, OWN]))
    candidate = Candidate("c", "anthropic", "n", endpoint="messages", provider=provider)
    told = json.loads(request.prepare(call, candidate))
    assert told["messages"] == [{"role": "assistant", "content": [OWN]}]
    assert told["temperature"] == 1.0
