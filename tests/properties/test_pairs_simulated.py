"""The simulated providers behind clients of every dialect: what each gets is right by the types of its official SDK."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import pytest
from anthropic.types import Message as ClaudeMessage
from anthropic.types import RawMessageStreamEvent
from google.genai.types import GenerateContentResponse
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter
from tests.properties.pairs import UPSTREAMS, called, heard, side, translated
from tests.toolkit.simulate.conftest import asked, played

from outwait.core.ask import Ask, Message, Reasoning, Tool
from outwait.core.part import Denial, Text, Thought, ToolCall
from outwait.dialects import bridge
from outwait.dialects.sse import Splitter
from outwait.dialects.table import DIALECTS
from outwait.toolkit.simulate.answer import Answer
from outwait.toolkit.simulate.anthropic import ANTHROPIC
from outwait.toolkit.simulate.dialect import Envelope, Speech
from outwait.toolkit.simulate.gemini import GEMINI, GEMINI_SSE
from outwait.toolkit.simulate.openai_chat import OPENAI_CHAT
from outwait.toolkit.simulate.openai_responses import OPENAI_RESPONSES

SCRIPTS = ["long-5", "think-1s+long-3", "think-1s+tools-2", "refusal", "logprobs+long-3", "cached-1", "big-20kb"]
# Of a dialect: who streams, and who answers with one JSON body.
SPEECHES: Mapping[str, tuple[Speech, Speech]] = {
    "openai": (OPENAI_CHAT, OPENAI_CHAT),
    "responses": (OPENAI_RESPONSES, OPENAI_RESPONSES),
    "anthropic": (ANTHROPIC, ANTHROPIC),
    "gemini": (GEMINI_SSE, GEMINI),
}
RESPONSE_EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
MESSAGE_EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
LOOK = Tool("look", "Looks.", {"type": "object", "properties": {"city": {"type": "string"}}})
TURNS = (Message("system", (Text("Be brief."),)), Message("user", (Text("How is it?"),)))
VERSIONED = Envelope("m", headers={"anthropic-version": "2023-06-01"})


def chat_stream(events: list[tuple[bytes, bytes]]) -> None:
    *chunks, end = (payload for _, payload in events)
    assert end == b"[DONE]"
    state: ChatCompletionStreamState[Any] = ChatCompletionStreamState()
    for chunk in chunks:
        state.handle_chunk(ChatCompletionChunk.model_validate_json(chunk, strict=True))
    assert state.current_completion_snapshot.choices[0].finish_reason


def response_stream(events: list[tuple[bytes, bytes]]) -> None:
    told = [RESPONSE_EVENT.validate_json(payload, strict=True) for _, payload in events]
    assert [event.sequence_number for event in told] == list(range(len(told)))
    assert [name.decode() for name, _ in events] == [event.type for event in told]
    Response.model_validate(told[-1].response)


def message_stream(events: list[tuple[bytes, bytes]]) -> None:
    told = [MESSAGE_EVENT.validate_json(payload, strict=True) for _, payload in events]
    assert [name.decode() for name, _ in events] == [event.type for event in told]
    assert (told[0].type, told[-1].type) == ("message_start", "message_stop")


def gemini_stream(events: list[tuple[bytes, bytes]]) -> None:
    told = [GenerateContentResponse.model_validate_json(payload) for _, payload in events]
    assert told[-1].candidates
    assert told[-1].candidates[0].finish_reason


Judge = Callable[[list[tuple[bytes, bytes]]], None]
JUDGES: Mapping[str, tuple[Judge, type[BaseModel], bool]] = {
    "openai": (chat_stream, ChatCompletion, True),
    "responses": (response_stream, Response, True),
    "anthropic": (message_stream, ClaudeMessage, True),
    "gemini": (gemini_stream, GenerateContentResponse, False),
}


@pytest.mark.parametrize("own, by", [pair for pair in product(DIALECTS, repeat=2) if pair[0] != pair[1]])
@pytest.mark.parametrize("script", SCRIPTS)
def test_what_a_client_gets_is_right_by_its_sdk(script: str, own: str, by: str) -> None:
    for stream, streamed in product((True, False), repeat=2):
        ask = Ask("m", TURNS, stream, (LOOK,), reasoning=Reasoning("low"), limit=9999, usage=stream)
        call = called(own, side(own).word(ask, UPSTREAMS[own]).body, stream=stream)
        worded = bridge.word(call, DIALECTS[own], DIALECTS[by], UPSTREAMS[by])
        speech = SPEECHES[by][0 if streamed else 1]
        body = json.loads(worded.body) | ({"stream": streamed} if by != "gemini" else {})
        if not streamed:
            body.pop("stream_options", None)
        answer = asked(speech, script, body, VERSIONED)
        data = b"".join(played(speech, answer)) if streamed else speech.whole(answer)
        ending = translated(call, by, data, streamed=streamed)
        assert ending.fault is None
        judge, kind, strict = JUDGES[own]
        if stream:
            judge(list(Splitter().feed(ending.data)))
        else:
            kind.model_validate_json(ending.data, strict=strict)
        choice = heard(call, ending.data).choices[0]
        assert "".join(part.text for part in choice.parts if isinstance(part, Text | Denial)) == words(answer)
        calls = [(part.name, json.loads(part.arguments)) for part in choice.parts if isinstance(part, ToolCall)]
        assert calls == [(tool.name, json.loads("".join(tool.pieces))) for tool in answer.choices[0].tools]
        thoughts = "".join(part.text for part in choice.parts if isinstance(part, Thought))
        assert thoughts in {"", "".join(answer.reasoning)}  # some tell them only on request


def words(answer: Answer) -> str:
    (choice,) = answer.choices
    return "".join(choice.refusal or choice.pieces)
