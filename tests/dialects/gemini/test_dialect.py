from __future__ import annotations

import json

import pytest

from outwait.core.plan import Candidate
from outwait.dialects import bridge
from outwait.dialects.gemini.dialect import GEMINI

ASKED = json.dumps({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}).encode()
REPLY = json.dumps(
    {
        "candidates": [{"content": {"parts": [{"text": "ho"}], "role": "model"}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3},
        "modelVersion": "up",
        "responseId": "r",
    }
).encode()


@pytest.mark.parametrize(
    "method, stream",
    [("generateContent", False), ("streamGenerateContent?alt=sse", True), ("streamGenerateContent", True)],
)
@pytest.mark.parametrize(
    "kind, body", [("application/json", REPLY), ("text/event-stream", b"data: " + REPLY + b"\n\n")]
)
def test_both_sides_of_the_bridge_fit_together(method: str, stream: bool, kind: str, body: bytes) -> None:
    call = GEMINI.read("POST", f"/v1beta/models/m:{method}", {"content-type": "application/json"}, ASKED)
    candidate = Candidate("c", "gemini", "up", endpoint="generate_content", provider="gemini")
    assert call.stream is stream
    assert json.loads(bridge.word(call, GEMINI, GEMINI, candidate).body) == json.loads(ASKED)
    read = bridge.reader(call, GEMINI, GEMINI, candidate, {"content-type": kind})
    out = read.feed(body)
    ending = read.end()
    assert ending.fault is None
    assert read.usage is not None
    told = out + ending.data
    assert b'"text":"ho"' in told
    if "sse" not in method:
        json.loads(told)


def test_counting_across_the_bridge() -> None:
    call = GEMINI.read("POST", "/v1beta/models/m:countTokens", {"content-type": "application/json"}, ASKED)
    candidate = Candidate("c", "gemini", "up", endpoint="models.count_tokens", provider="gemini")
    assert "generateContentRequest" in json.loads(bridge.word(call, GEMINI, GEMINI, candidate).body)
    read = bridge.reader(call, GEMINI, GEMINI, candidate, {"content-type": "application/json"})
    assert read.feed(b'{"totalTokens":31}') == b""
    assert read.end().data == b'{"totalTokens":31}'
