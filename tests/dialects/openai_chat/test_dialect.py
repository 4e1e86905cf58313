from __future__ import annotations

import json

from openai.types.chat import ChatCompletion

from outwait.core.plan import Candidate
from outwait.core.request import Call
from outwait.dialects import bridge
from outwait.dialects.openai_chat.dialect import OPENAI

BODY = b'{"model":"m","messages":[{"role":"user","content":"hi"}],"n":1,"prompt_cache_key":"k"}'
STREAM = (
    b'data: {"id":"r","created":7,"model":"up","choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n'
    b'data: {"id":"r","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)


def call() -> Call:
    return OPENAI.read("POST", "/v1/chat/completions", {}, BODY)


def test_its_own_words_pass_through_a_translation() -> None:
    worded = bridge.word(call(), OPENAI, OPENAI, Candidate("c", "openai", "up", streamed=True))
    assert json.loads(worded.body) == {
        "model": "up",
        "messages": [{"role": "user", "content": "hi"}],
        "n": 1,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert worded.dropped == ("prompt_cache_key",)


def test_a_stream_becomes_a_completion() -> None:
    candidate = Candidate("c", "openai", "up", streamed=True)
    read = bridge.reader(call(), OPENAI, OPENAI, candidate, {"content-type": "text/event-stream"})
    assert read.feed(STREAM) == b""
    ending = read.end()
    assert ending.fault is None
    made = ChatCompletion.model_validate_json(ending.data, strict=True)
    assert (made.choices[0].message.content, made.choices[0].finish_reason) == ("hi", "stop")


def test_a_translated_stream_that_was_cut_is_no_answer() -> None:
    read = bridge.reader(call(), OPENAI, OPENAI, Candidate("c", "openai", "up"), {"content-type": "text/event-stream"})
    read.feed(STREAM[:120])
    ending = read.end()
    assert ending.fault is not None
    assert ending.fault.code == "upstream_truncated"


def test_its_name_and_endpoint() -> None:
    assert (OPENAI.name, OPENAI.endpoint("/v1/chat/completions"), OPENAI.tracked) == (
        "openai",
        "chat.completions",
        False,
    )
