from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from google.genai import types
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.examples import examples

from outwait.core.delta import (
    Answer,
    Began,
    Called,
    Choice,
    Cited,
    Counted,
    Declined,
    Delta,
    Mused,
    Said,
    Showed,
    Stopped,
)
from outwait.core.part import Citation, Denial, Media, Text, Thought, ToolCall
from outwait.core.reply import Usage
from outwait.core.request import Call
from outwait.dialects.gather import Gather
from outwait.dialects.gemini.ask_contents import Contents
from outwait.dialects.gemini.encode import Encoder, whole

SSE = "/v1beta/models/m:streamGenerateContent?alt=sse"
ARRAY = "/v1beta/models/m:streamGenerateContent"
SHOWS = b'{"generationConfig":{"thinkingConfig":{"includeThoughts":true}}}'


def call(path: str = SSE, body: bytes = SHOWS, endpoint: str = "generate_content") -> Call:
    return Call("gemini", endpoint, "m", True, body, path=path)


def encoded(*deltas: Delta, asked: Call | None = None) -> bytes:
    encoder = Encoder(asked or call())
    return b"".join(encoder.feed(delta) for delta in deltas) + encoder.end()


def chunks(*deltas: Delta, asked: Call | None = None) -> list[dict[str, Any]]:
    events = encoded(*deltas, asked=asked).split(b"\r\n\r\n")
    assert events.pop() == b""
    return [json.loads(event.removeprefix(b"data: ")) for event in events]


def parts(*deltas: Delta, asked: Call | None = None) -> list[dict[str, Any]]:
    """All parts of the first candidate, in their order, but for the empty one at the end."""
    found = [part for chunk in chunks(*deltas, asked=asked) for part in chunk["candidates"][0]["content"]["parts"]]
    return found[:-1] if found[-1] == {"text": ""} else found


ANSWER: tuple[Delta, ...] = (
    Began("r", "up", 5),
    Mused("why", dialect="anthropic"),
    Mused("", signature="sig", dialect="anthropic"),
    Said("h"),
    Said("i"),
    Called(0, id="1", name="f"),
    Called(0, arguments='{"a":'),
    Called(1, id="2", name="g"),
    Called(0, arguments="1}"),
    Stopped("tool_calls"),
    Counted(Usage(5, 4, 2, 1)),
)


def test_a_stream_as_the_sdk_reads_it(streamed: Callable[[bytes], list[Any]]) -> None:
    found = streamed(encoded(*ANSWER))
    for chunk in found:
        types.GenerateContentResponse.model_validate(chunk.model_dump())
    said = [part for chunk in found for part in chunk.candidates[0].content.parts]
    assert "".join(part.text or "" for part in said if not part.thought) == "hi"
    assert "".join(part.text or "" for part in said if part.thought) == "why"
    assert [
        (item.function_call.id, item.function_call.name, item.function_call.args) for item in said if item.function_call
    ] == [
        ("1", "f", {"a": 1}),
        ("2", "g", {}),
    ]
    last = found[-1]
    assert last.candidates[0].finish_reason == "STOP"
    assert (last.usage_metadata.thoughts_token_count, last.usage_metadata.total_token_count) == (1, 9)
    assert (last.response_id, last.model_version) == ("r", "up")


def test_the_sdks_chat_gives_it_back(chatted: Callable[[bytes], list[Any]]) -> None:
    """What a chat sends in its next request is read as the very thoughts, words and calls that were told."""
    for body in (SHOWS, b"{}"):
        history = chatted(encoded(*ANSWER, asked=call(body=body)))
        contents = Contents()
        for content in history[1:]:
            contents.add(json.loads(content.model_dump_json(exclude_none=True, by_alias=True)), "contents")
        told = [part for message in contents.messages for part in message.parts if part != Text("")]
        thoughts = [part for part in told if isinstance(part, Thought) and part.signature]
        assert [(item.signature, item.dialect) for item in thoughts] == [("sig", "anthropic")]
        assert "why" in "".join(part.text for part in told if isinstance(part, Thought))
        assert "".join(part.text for part in told if isinstance(part, Text)) == "hi"
        assert [part for part in told if isinstance(part, ToolCall)] == [
            ToolCall("1", "f", '{"a":1}'),
            ToolCall("2", "g", "{}"),
        ]


def test_an_array() -> None:
    sse, array = chunks(*ANSWER), json.loads(encoded(*ANSWER, asked=call(ARRAY)))
    assert array == sse
    assert encoded(asked=call(ARRAY)).startswith(b"[{")


def test_thoughts_that_were_not_asked_for() -> None:
    asked = call(body=b"{}")
    assert parts(Mused("why"), Said("a"), Stopped("stop"), asked=asked) == [{"text": "a"}]
    (thought, _) = parts(*ANSWER[:5], asked=asked)[:2]
    assert thought["text"] == ""
    contents = Contents()
    contents.add({"role": "model", "parts": [thought]}, "c")
    assert contents.messages[0].parts == (Thought("why", "sig", dialect="anthropic"),)


def test_several_thoughts() -> None:
    deltas = (
        Mused("a", ident="i1", dialect="responses"),
        Mused(sealed="x", dialect="responses"),
        Mused("b", sealed="y", ident="i2", dialect="responses"),
    )
    for body in (SHOWS, b"{}"):
        contents = Contents()
        contents.add({"role": "model", "parts": parts(*deltas, Stopped("stop"), asked=call(body=body))}, "c")
        assert contents.messages[0].parts == (
            Thought("a", None, "x", "i1", "responses"),
            Thought("b", None, "y", "i2", "responses"),
        )


def test_a_call_is_told_before_what_follows_it() -> None:
    made = {"functionCall": {"id": "1", "name": "f", "args": {}}}
    assert parts(Called(0, id="1", name="f"), Said("x"), Stopped("stop")) == [made, {"text": "x"}]
    growing = (Called(0, id="1", name="f", arguments="{"), Said("x"), Called(0, arguments="}"), Stopped("stop"))
    assert parts(*growing) == [{"text": "x"}, made]
    assert parts(Called(0, id="1", name="f")) == [made]


def test_a_call_that_is_broken_or_cut() -> None:
    broken = Called(0, id="1", name="f", arguments='{"a')
    last = chunks(broken, Stopped("tool_calls"))[-1]["candidates"][0]
    assert last["finishReason"] == "MALFORMED_FUNCTION_CALL"
    assert '{"a' in last["finishMessage"]
    last = chunks(broken, Stopped("length"))[-1]["candidates"][0]
    assert last["finishReason"] == "MAX_TOKENS"
    assert last["content"]["parts"] == [{"text": ""}]


def test_other_deltas() -> None:
    image = Media("image", "image/png", "aaaa")
    assert parts(Declined("no"), Declined(""), Showed(image), Stopped("refusal")) == [
        {"text": "no"},
        {"inlineData": {"mimeType": "image/png", "data": "aaaa"}},
    ]
    entry = {"token": "h", "logprob": -1.0}
    found = chunks(Said("h", logprobs=(entry,)), Said("", logprobs=(entry,)), Cited(Citation("u", None, None, 0, 1)))
    assert "logprobsResult" in found[0]["candidates"][0]
    assert found[1]["candidates"][0]["content"]["parts"] == [{"text": ""}]
    assert found[-1]["candidates"][0]["citationMetadata"] == {
        "citations": [{"startIndex": 0, "endIndex": 1, "uri": "u"}]
    }


def test_several_candidates_end_together() -> None:
    found = chunks(Said("a", 1), Said("b"), Stopped("stop", 1), Stopped("length"))
    assert [chunk["candidates"][0]["index"] for chunk in found[:2]] == [1, 0]
    assert [(item["index"], item["finishReason"]) for item in found[-1]["candidates"]] == [
        (0, "MAX_TOKENS"),
        (1, "STOP"),
    ]


def test_nothing_to_tell() -> None:
    assert chunks(Began("", "")) == [{"candidates": [], "modelVersion": "m"}]


def test_a_whole_reply(whole_: Callable[[Answer], Any]) -> None:
    gather = Gather()
    for delta in ANSWER:
        gather.add(delta)
    found = whole_(gather.answer())
    assert found.text == "hi"
    assert [item.name for item in found.function_calls] == ["f", "g"]
    assert found.usage_metadata.cached_content_token_count == 2
    assert (found.response_id, found.model_version) == ("r", "up")


@pytest.fixture
def whole_(whole: Callable[[bytes], Any]) -> Callable[[Answer], Any]:
    return lambda answer: whole(told(answer))


def told(answer: Answer, asked: Call | None = None) -> bytes:
    return whole(asked or call(), answer)


def test_parts_of_a_whole_reply(whole_: Callable[[Answer], Any]) -> None:
    entry = {"token": "h", "logprob": -1.0}
    choices = (
        Choice(
            (
                Text("a", (Citation("u", None, None, 0, 1),)),
                Text(""),
                Denial("no"),
                Media("image", "image/png", "aaaa"),
            ),
            "content_filter",
            None,
            (entry,),
        ),
        Choice((ToolCall("1", "f", "{"),), "tool_calls"),
        Choice((Thought("", sealed="x", dialect="responses"),)),
    )
    found = json.loads(told(Answer(choices=choices)))
    first, second, third = found["candidates"]
    assert first["content"]["parts"][:2] == [{"text": "a"}, {"text": "no"}]
    assert first["finishReason"] == "SAFETY"
    assert first["citationMetadata"]["citations"][0]["uri"] == "u"
    assert first["logprobsResult"]["chosenCandidates"]
    assert (second["finishReason"], second["content"]["parts"]) == ("MALFORMED_FUNCTION_CALL", [{"text": ""}])
    assert third["content"]["parts"][0]["thoughtSignature"]
    assert "usageMetadata" not in found
    assert whole_(Answer(choices=choices)).candidates[0].content.parts[0].text == "a"


def test_counting() -> None:
    counting = call("/v1beta/models/m:countTokens", b"{}", "models.count_tokens")
    assert json.loads(told(Answer(usage=Usage(31)), counting)) == {"totalTokens": 31}
    assert json.loads(told(Answer(), counting)) == {"totalTokens": 0}


TEXTS = st.text(max_size=5)
DELTAS = st.one_of(
    st.builds(Said, TEXTS, st.integers(0, 1)),
    st.builds(
        Mused, TEXTS, st.integers(0, 1), st.none() | TEXTS, st.none() | TEXTS, st.none() | TEXTS, st.just("anthropic")
    ),
    st.builds(Declined, TEXTS, st.integers(0, 1)),
    st.builds(Called, st.integers(0, 2), st.integers(0, 1), TEXTS, TEXTS, st.sampled_from(["", "{}", "{", '{"a":1}'])),
    st.builds(Stopped, st.sampled_from(["stop", "length", "tool_calls", "pause"]), st.integers(0, 1)),
    st.builds(Counted, st.builds(Usage, st.integers(0, 9), st.integers(0, 9))),
)


@settings(max_examples=examples(60))
@given(st.lists(DELTAS, max_size=12), st.sampled_from([SHOWS, b"{}"]))
def test_whatever_is_told_is_valid(deltas: list[Delta], body: bytes) -> None:
    found = chunks(*deltas, asked=call(body=body))
    assert json.loads(encoded(*deltas, asked=call(ARRAY, body))) == found
    for chunk in found:
        types.GenerateContentResponse.model_validate(chunk)
    gather = Gather()
    for delta in deltas:
        gather.add(delta)
    types.GenerateContentResponse.model_validate_json(told(gather.answer(), call(body=body)))
    said = "".join(delta.text for delta in deltas if isinstance(delta, Said | Declined) and delta.choice == 0)
    heard = [
        part
        for chunk in found
        for item in chunk["candidates"]
        if item["index"] == 0
        for part in item["content"]["parts"]
    ]
    assert "".join(part.get("text", "") for part in heard if not part.get("thought")) == said
