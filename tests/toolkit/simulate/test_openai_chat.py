from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from outwait.toolkit.simulate.answer import Answer, answer
from outwait.toolkit.simulate.dialect import BadCallError
from outwait.toolkit.simulate.openai_chat import OPENAI_CHAT as SPEECH
from outwait.toolkit.simulate.script import parse

NAMES = ["fast", "think-2s", "tools-2", "refusal", "logprobs", "empty", "big-40kb", "echo", "refusal+logprobs"]


def made(name: str, **body: object) -> Answer:
    question = SPEECH.ask({"model": name, "messages": [{"role": "user", "content": "tell me"}], **body})
    return answer(question, parse(name), 0, created=1_800_000_000, ident="chatcmpl-1")


def events(said: Answer) -> list[Any]:
    """All events of the stream, decoded; the last one is the end."""
    told = b"".join(
        (
            *SPEECH.opening(said),
            *SPEECH.thinking(said),
            *SPEECH.telling(said),
            *SPEECH.closing(said),
        )
    )
    lines = told.split(b"\n\n")
    assert lines[-2:] == [b"data: [DONE]", b""]
    return [json.loads(line.removeprefix(b"data: ")) for line in lines[:-2]]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("body", [{}, {"n": 3, "logprobs": True, "top_logprobs": 2}])
def test_replies_and_chunks_validate_against_the_sdks_types(name: str, body: dict[str, object]) -> None:
    ChatCompletion.model_validate_json(SPEECH.whole(made(name, **body)), strict=True)
    streamed = made(name, **body, stream=True, stream_options={"include_usage": True})
    for event in events(streamed):
        ChatCompletionChunk.model_validate_json(json.dumps(event), strict=True)


@pytest.mark.parametrize("name", NAMES)
def test_the_stream_adds_up_to_the_reply(name: str) -> None:
    whole = json.loads(SPEECH.whole(made(name, n=2)))
    told = events(made(name, n=2, stream=True, stream_options={"include_usage": True}))
    for choice in whole["choices"]:
        deltas = [each for event in told for each in event["choices"] if each["index"] == choice["index"]]
        message = choice["message"]
        content = "".join(each["delta"].get("content") or "" for each in deltas)
        assert content == (message["content"] or "")
        assert "".join(each["delta"].get("refusal") or "" for each in deltas) == (message["refusal"] or "")
        thoughts = "".join(each["delta"].get("reasoning_content", "") for each in deltas)
        assert thoughts == message.get("reasoning_content", "")
        arguments = ["".join(pieces) for pieces in _arguments(deltas)]
        assert arguments == [call["function"]["arguments"] for call in message.get("tool_calls", [])]
        assert [each["finish_reason"] for each in deltas if each["finish_reason"]] == [choice["finish_reason"]]
    assert told[-1]["usage"] == whole["usage"]
    assert told[-1]["choices"] == []
    assert all(event["usage"] is None for event in told[:-1])


def _arguments(deltas: list[Any]) -> list[list[str]]:
    calls: dict[int, list[str]] = {}
    for each in deltas:
        for call in each["delta"].get("tool_calls", []):
            calls.setdefault(call["index"], []).append(call["function"]["arguments"])
    return [calls[index] for index in sorted(calls)]


def test_usage_is_streamed_only_when_asked_for() -> None:
    assert all("usage" not in event for event in events(made("fast", stream=True)))


def test_choices_take_turns() -> None:
    told = list(SPEECH.telling(made("long-3", n=2)))
    order = [json.loads(event.removeprefix(b"data: "))["choices"][0]["index"] for event in told]
    assert order == [0, 1, 0, 1, 0, 1]


def test_a_question_is_read() -> None:
    parts = [{"type": "text", "text": "two words"}, {"type": "image_url", "image_url": {"url": "x"}}]
    messages = [{"role": "system", "content": "be brief"}, {"role": "user", "content": parts}]
    tools = [{"type": "function", "function": {"name": "look"}}, "junk", {"type": "custom"}]
    question = SPEECH.ask({"model": "fast", "messages": messages, "max_completion_tokens": 5, "tools": tools})
    assert (question.text, question.words, question.most, question.tools) == ("two words", 4, 5, ("look",))
    assert SPEECH.ask({"model": "fast", "messages": [{"role": "system"}]}).text == ""


@pytest.mark.parametrize(
    "body,param",
    [
        ({"model": ""}, "model"),
        ({"messages": []}, "messages"),
        ({"messages": ["hi"]}, "messages"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": {}}, "stream_options"),
        ({"n": 0}, "n"),
        ({"n": True}, "n"),
        ({"n": 129}, "n"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"top_logprobs": 21}, "top_logprobs"),
    ],
)
def test_a_wrong_field_is_named(body: dict[str, object], param: str) -> None:
    good: dict[str, object] = {"model": "fast", "messages": [{"role": "user", "content": "hi"}]}
    with pytest.raises(BadCallError) as caught:
        SPEECH.ask(good | body)
    assert caught.value.param == param


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
FIELDS = ["model", "messages", "stream", "stream_options", "n", "max_tokens", "tools", "top_logprobs", "logprobs"]


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_any_object_is_a_question_or_is_refused(body: dict[str, object]) -> None:
    param = None
    try:
        param = SPEECH.ask(body).model and "model"
    except BadCallError as error:
        param = error.param
    assert param in FIELDS


@pytest.mark.parametrize(
    "status,code,kind,told",
    [
        (429, None, "requests", "rate_limit_exceeded"),
        (429, "insufficient_quota", "insufficient_quota", "insufficient_quota"),
        (504, None, "timeout", None),
        (502, None, "server_error", None),
        (418, None, "invalid_request_error", None),
    ],
)
def test_errors_have_the_providers_shape(status: int, code: str | None, kind: str, told: str | None) -> None:
    error = {"message": "no", "type": kind, "param": None, "code": told}
    assert json.loads(SPEECH.error(status, code, "no", None)) == {"error": error}
    event = SPEECH.error_event(status, code, "no")
    assert event.endswith(b"\n\n")
    assert json.loads(event.removeprefix(b"data: ")) == {"error": error}
