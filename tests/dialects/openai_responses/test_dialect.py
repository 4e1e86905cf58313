from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from openai import OpenAI

from outwait.core.fault import Refusal
from outwait.core.plan import Candidate
from outwait.core.request import Call
from outwait.dialects import bridge
from outwait.dialects.openai_chat.dialect import OPENAI
from outwait.dialects.openai_responses.dialect import RESPONSES
from outwait.dialects.openai_responses.fold import unfold

CHAT = Candidate("c", "openai", "up")
UPSTREAM = Candidate("c", "responses", "o3-pro", endpoint="responses")
EVENTS = {"content-type": "text/event-stream"}
TYPE = {"content-type": "application/json"}


def call(**fields: Any) -> Call:
    body = json.dumps({"model": "m", "input": "q", **fields}).encode()
    return RESPONSES.read("POST", "/v1/responses", TYPE, body)


def test_its_voice_hears_the_whole_answer() -> None:
    assert RESPONSES.tracked
    assert RESPONSES.name == "responses"


def test_a_chat_upstream_answers_a_responses_client(
    served: Callable[[bytes], OpenAI], strict: Callable[[bytes], Any]
) -> None:
    asking = call(stream=True, instructions="s", prompt_cache_key="k")
    worded = bridge.word(asking, RESPONSES, OPENAI, CHAT)
    assert json.loads(worded.body)["messages"][0] == {"role": "system", "content": "s"}
    assert worded.dropped == ("prompt_cache_key",)
    piece = b'data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":%s,"finish_reason":%s}]}\n\n'
    tool = b'{"tool_calls":[{"index":%d,"id":"c%d","type":"function","function":{"name":"f","arguments":"{}"}}]}'
    stream = b"".join(
        (
            piece % (b'{"role":"assistant","content":"Hel"}', b"null"),
            piece % (b'{"content":"lo"}', b"null"),
            piece % (tool % (0, 0), b"null"),
            piece % (tool % (1, 1), b'"tool_calls"'),
            b"data: [DONE]\n\n",
        )
    )
    reading = bridge.reader(asking, RESPONSES, OPENAI, CHAT, EVENTS)
    out = reading.feed(stream)
    ending = reading.end()
    assert ending.fault is None
    assert strict(out + ending.data)[-1][0] == "response.completed"
    with served(out + ending.data).responses.stream(model="m", input="q") as accumulated:
        final = accumulated.get_final_response()
    assert final.output_text == "Hello"
    assert [item.call_id for item in final.output if item.type == "function_call"] == ["c0", "c1"]


def test_a_responses_upstream_answers_a_chat_client() -> None:
    body = b'{"model":"m","messages":[{"role":"user","content":"q"}],"seed":1}'
    asking = OPENAI.read("POST", "/v1/chat/completions", TYPE, body)
    worded = bridge.word(asking, OPENAI, RESPONSES, UPSTREAM)
    assert json.loads(worded.body)["model"] == "o3-pro"
    assert worded.dropped == ("seed",)
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": "hi", "annotations": []}]}  # fmt: skip
    stream = unfold(json.dumps({"id": "resp_1", "model": "o3-pro", "status": "completed", "output": [item]}).encode())
    reading = bridge.reader(asking, OPENAI, RESPONSES, UPSTREAM, EVENTS)
    assert reading.feed(stream) == b""
    ending = reading.end()
    assert json.loads(ending.data)["choices"][0]["message"]["content"] == "hi"


@pytest.mark.parametrize(
    "fields", [{"background": True}, {"previous_response_id": "resp_1"}, {"conversation": "conv_1"}]
)
def test_what_lives_at_openai_cannot_be_translated(fields: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as caught:
        bridge.word(call(**fields), RESPONSES, OPENAI, CHAT)
    assert (caught.value.fault.code, caught.value.fault.param) == ("not_expressible", next(iter(fields)))
