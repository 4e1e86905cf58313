from __future__ import annotations

import json

from outwait.core.plan import Candidate
from outwait.dialects import bridge
from outwait.dialects.anthropic.dialect import ANTHROPIC
from outwait.dialects.table import DIALECTS

CHAT = {
    "model": "m",
    "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "hi"}],
    "temperature": 0.5,
    "seed": 7,
}


def test_the_voice_hears_all_of_the_answer() -> None:
    assert ANTHROPIC.tracked


def test_a_chat_client_reaches_it() -> None:
    openai = DIALECTS["openai"]
    call = openai.read("POST", "/v1/chat/completions", {}, json.dumps(CHAT).encode())
    candidate = Candidate("c", "anthropic", "claude-sonnet-4-20250514", endpoint="messages")
    worded = bridge.word(call, openai, ANTHROPIC, candidate)
    body = json.loads(worded.body)
    assert (body["system"], body["messages"]) == ("s", [{"role": "user", "content": "hi"}])
    assert body["temperature"] == 0.5
    assert worded.dropped == ("seed",)
