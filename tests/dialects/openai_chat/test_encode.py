from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk

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
from outwait.core.part import Citation, Denial, Media, Part, Text, Thought, ToolCall, ToolResult
from outwait.core.plan import Candidate
from outwait.core.reply import Usage
from outwait.core.request import Call
from outwait.dialects import dialect
from outwait.dialects.gather import Gather, deltas_of
from outwait.dialects.openai_chat.decode import Decoder
from outwait.dialects.openai_chat.encode import Encoder, whole
from outwait.dialects.sse import Splitter


def call(include_usage: bool = True, stream: bool = True) -> Call:
    return Call("openai", "chat.completions", "public", stream, b"{}", include_usage=include_usage)


def stream(*deltas: Delta, include_usage: bool = True) -> bytes:
    encode: dialect.Encoder = Encoder(call(include_usage))
    return b"".join(encode.feed(delta) for delta in deltas) + encode.end()


def chunks(data: bytes) -> list[dict[str, Any]]:
    *events, done = [event.data for event in Splitter().feed(data)]
    assert done == b"[DONE]"
    return [json.loads(event) for event in events]


def deltas(*made: Delta) -> list[dict[str, Any]]:
    """The delta of each chunk but the first, which only opens the choice."""
    first, *rest = chunks(stream(*made, include_usage=False))
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    return [chunk["choices"][0]["delta"] for chunk in rest]


def message(*parts: Part) -> dict[str, Any]:
    made = json.loads(whole(call(stream=False), Answer("r", "m", 7, (Choice(parts),))))
    told: dict[str, Any] = made["choices"][0]["message"]
    assert told.pop("role") == "assistant"
    assert told.pop("refusal") is None
    return told


def test_a_stream() -> None:
    made = chunks(
        stream(Began("r", "m", 7), Counted(Usage(1)), Said("hi"), Stopped("length"), Counted(Usage(9, 5, 4, 3)))
    )
    head = {"id": "r", "object": "chat.completion.chunk", "created": 7, "model": "m"}
    assert all(chunk.items() >= head.items() for chunk in made)
    assert [chunk["choices"] for chunk in made] == [
        [{"index": 0, "delta": {"role": "assistant", "content": "", "refusal": None}, "logprobs": None,
          "finish_reason": None}],
        [{"index": 0, "delta": {"content": "hi"}, "logprobs": None, "finish_reason": None}],
        [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": "length"}],
        [],
    ]  # fmt: skip
    assert [chunk["usage"] for chunk in made[:3]] == [None] * 3
    assert made[3]["usage"] == {
        "prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14, "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 3},
    }  # fmt: skip


def test_usage_is_told_to_those_who_asked() -> None:
    made = chunks(stream(Began(), Said("hi"), Stopped("stop"), Counted(Usage(1)), include_usage=False))
    assert all(chunk["choices"] and "usage" not in chunk for chunk in made)
    assert chunks(stream(Began(), Stopped("stop")))[-1]["choices"][0]["finish_reason"] == "stop"


def test_what_the_upstream_did_not_say_is_filled_in() -> None:
    made = chunks(stream(Said("hi")))
    assert {(chunk["id"], chunk["created"], chunk["model"]) for chunk in made} == {("", 0, "public")}
    told = json.loads(whole(call(), Answer(choices=(Choice(),))))
    assert (told["id"], told["created"], told["model"], "usage" in told) == ("", 0, "public", False)


def test_what_does_not_say_when_it_was_made_was_made_when_the_exchange_began() -> None:
    begun = structs.replace(call(), created=1795383256)
    encoder = Encoder(begun)
    deltas = (Began("r", "up"), Said("hi"), Stopped("stop"), Counted(Usage(1)))
    made = chunks(b"".join(encoder.feed(delta) for delta in deltas) + encoder.end())
    assert len(made) > 2
    assert {chunk["created"] for chunk in made} == {1795383256}
    assert json.loads(whole(begun, Answer(choices=(Choice(),))))["created"] == 1795383256
    assert json.loads(whole(begun, Answer(created=7, choices=(Choice(),))))["created"] == 7


def test_written_caches_are_counted() -> None:
    told = json.loads(whole(call(), Answer(choices=(Choice(),), usage=Usage(9, cache_write=2))))
    assert told["usage"]["prompt_tokens_details"] == {"cached_tokens": 0, "cache_write_tokens": 2}


@pytest.mark.parametrize(
    "reason, told",
    [("refusal", "content_filter"), ("pause", "stop"), ("context_length", "length"), ("unheard of", "stop")],
)
def test_reasons(reason: str, told: str) -> None:
    assert chunks(stream(Stopped(reason)))[-1]["choices"][0]["finish_reason"] == told
    assert json.loads(whole(call(), Answer(choices=(Choice(reason=reason),))))["choices"][0]["finish_reason"] == told


@pytest.mark.parametrize(
    "made, told",
    [
        ([Declined("no")], [{"refusal": "no"}]),
        ([Mused("hm")], [{"reasoning_content": "hm"}]),
        (
            [Mused("a"), Mused("b"), Mused(signature="s", dialect="anthropic"),
             Mused("c", sealed="d", dialect="gemini")],
            [
                {"reasoning_content": "a"},
                {"reasoning_content": "b"},
                {"reasoning_details": [
                    {"index": 0, "type": "reasoning.text", "text": "ab", "signature": "s", "format": "anthropic"}]},
                {"reasoning_content": "c"},
                {"reasoning_details": [
                    {"index": 1, "type": "reasoning.encrypted", "text": "c", "data": "d", "format": "gemini"}]},
            ],
        ),
        ([Mused(signature="broken", dialect="openai")], []),
        (
            [Called(0, 0, "c", "f", "{"), Called(0, arguments="}"), Called(1, 0, "d", "g", "x", custom=True)],
            [
                {"tool_calls": [
                    {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{"}}]},
                {"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]},
                {"tool_calls": [{"index": 1, "id": "d", "type": "custom", "custom": {"name": "g", "input": "x"}}]},
            ],
        ),
        (
            [Called(0, signature="s")],
            [{"tool_calls": [{"index": 0, "function": {"arguments": ""},
                              "extra_content": {"google": {"thought_signature": "s"}}}]}],
        ),
        (
            [Showed(Media("image", "image/png", "AA")), Showed(Media("image", url="u")), Showed(Media("document"))],
            [
                {"images": [{"index": 0, "type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]},
                {"images": [{"index": 1, "type": "image_url", "image_url": {"url": "u"}}]},
            ],
        ),
        (
            [Showed(Media("audio", data="AA", text="t"))],
            [{"audio": {"id": "", "data": "AA", "transcript": "t", "expires_at": 0}}],
        ),
    ],
)  # fmt: skip
def test_deltas(made: list[Delta], told: list[dict[str, Any]]) -> None:
    assert deltas(*made) == told


def test_sources() -> None:
    made = deltas(
        Said("one "), Said("two"), Cited(Citation("u", "t")), Cited(Citation(title="no address")),
        Said("three"), Cited(Citation("v", None, None, 1, 2)), Cited(Citation("w")),
    )  # fmt: skip
    told = [delta["annotations"][0] for delta in made if "annotations" in delta]
    assert told == [
        {"index": 0, "type": "url_citation",
         "url_citation": {"start_index": 0, "end_index": 7, "url": "u", "title": "t"}},
        {"index": 1, "type": "url_citation",
         "url_citation": {"start_index": 1, "end_index": 2, "url": "v", "title": "v"}},
        {"index": 2, "type": "url_citation",
         "url_citation": {"start_index": 7, "end_index": 12, "url": "w", "title": "w"}},
    ]  # fmt: skip
    parts = Text("one two", (Citation("u", "t"),)), Text("three", (Citation(), Citation("w")))
    assert [each["url_citation"]["start_index"] for each in message(*parts)["annotations"]] == [0, 7]


@pytest.mark.parametrize(
    "parts, told",
    [
        ((Text("a"), Text("b")), {"content": "ab"}),
        ((), {"content": ""}),
        ((ToolResult("c", ()),), {"content": ""}),
        (
            (Thought("a", "s", None, "i", "anthropic"), Thought("b"), Text("c")),
            {
                "content": "c",
                "reasoning_content": "ab",
                "reasoning_details": [
                    {"type": "reasoning.text", "text": "a", "signature": "s", "format": "anthropic", "id": "i"}
                ],
            },
        ),
        (
            (ToolCall("c", "f", "{}", signature="s"), ToolCall("d", "g", "x", custom=True)),
            {
                "content": None,
                "tool_calls": [
                    {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"},
                     "extra_content": {"google": {"thought_signature": "s"}}},
                    {"id": "d", "type": "custom", "custom": {"name": "g", "input": "x"}},
                ],
            },
        ),
        (
            (Text("a"), Media("image", url="u"), Media("video", url="u")),
            {"content": "a", "images": [{"type": "image_url", "image_url": {"url": "u"}}]},
        ),
        (
            (Media("audio", data="AA", name="i"),),
            {"content": None, "audio": {"id": "i", "data": "AA", "transcript": "", "expires_at": 0}},
        ),
    ],
)  # fmt: skip
def test_messages(parts: tuple[Part, ...], told: dict[str, Any]) -> None:
    assert message(*parts) == told


def test_a_refusal_stands_where_the_words_would() -> None:
    made = json.loads(whole(call(), Answer(choices=(Choice((Denial("n"), Denial("o"))),))))["choices"][0]["message"]
    assert made == {"role": "assistant", "content": None, "refusal": "no"}


def test_a_refusal_in_words_is_an_answer_like_others() -> None:
    told = chunks(stream(Declined("no"), Stopped("refusal"), Said("a", 1), Stopped("refusal", 1)))
    ends = {chunk["choices"][0]["index"]: chunk["choices"][0]["finish_reason"] for chunk in told}
    assert ends == {0: "stop", 1: "content_filter"}
    choices = (Choice((Denial("no"),), "refusal"), Choice((Text("a"),), "refusal"))
    made = json.loads(whole(call(), Answer(choices=choices)))["choices"]
    assert [choice["finish_reason"] for choice in made] == ["stop", "content_filter"]


def test_half_an_emoji_is_passed_on() -> None:
    assert deltas(Said("\ud83d"), Said("\ude00")) == [{"content": "\ud83d"}, {"content": "\ude00"}]


TEXT = st.text(min_size=1, max_size=4)
ENTRY = st.fixed_dictionaries({
    "token": TEXT, "logprob": st.just(-1.0), "bytes": st.none(), "top_logprobs": st.just([]),
})  # fmt: skip
THOUGHT = st.one_of(
    st.builds(Thought, TEXT),
    st.builds(Thought, TEXT | st.just(""), TEXT, st.none(), st.none() | TEXT, st.sampled_from(["anthropic", "gemini"])),
    st.builds(Thought, TEXT | st.just(""), st.none(), TEXT, st.none() | TEXT, st.sampled_from(["responses"])),
)
CITATION = st.builds(Citation, TEXT, TEXT, start=st.integers(0, 3), end=st.integers(3, 6))
REASON = st.sampled_from(["stop", "length", "content_filter"])


def numbered(names: list[tuple[str, str, bool]]) -> list[ToolCall]:
    return [ToolCall(f"c{place}", name, text, custom) for place, (name, text, custom) in enumerate(names)]


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    """In the order in which a chat answer tells its parts."""
    thoughts = draw(st.lists(THOUGHT, max_size=2))
    text = draw(st.none() | st.builds(Text, TEXT, st.lists(CITATION, max_size=2).map(tuple)))
    image = draw(st.none() | st.builds(Media, st.just("image"), st.just("image/png"), st.just("AAAA")))
    calls = draw(st.lists(st.tuples(TEXT, TEXT, st.booleans()), max_size=2).map(numbered))
    parts: list[Part] = [*thoughts, *(part for part in (text, image) if part is not None), *calls]
    logprobs = tuple(draw(st.lists(ENTRY, max_size=2))) if text else ()
    reason = "tool_calls" if calls else draw(REASON)
    if not parts:
        return Choice((Denial(draw(TEXT)),), "refusal" if reason == "stop" else reason)
    return Choice(tuple(parts), reason, None, logprobs)


USAGE = st.builds(Usage, st.integers(5, 9), st.integers(5, 9), st.integers(0, 2), st.integers(0, 2), st.integers(0, 2))
ANSWER = st.builds(Answer, TEXT, TEXT, st.integers(1, 9), st.lists(choices(), min_size=1, max_size=3).map(tuple), USAGE)


def plain(answer: Answer) -> Any:
    """What of `answer` chat completions tell, in the order they tell it."""
    return (
        answer.id, answer.model, answer.created, answer.usage,
        [(_plain(choice.parts), choice.reason, choice.logprobs) for choice in answer.choices],
    )  # fmt: skip


def _plain(parts: tuple[Part, ...]) -> Any:
    thoughts = [part for part in parts if isinstance(part, Thought)]
    words = [part for part in parts if isinstance(part, Text)]
    return (
        "".join(part.text for part in thoughts),
        [(part.dialect, proof) for part in thoughts if (proof := part.signature or part.sealed)],
        "".join(part.text for part in words),
        [(each.url, each.title, each.start, each.end) for part in words for each in part.citations],
        [(part.id, part.name, part.arguments, part.custom) for part in parts if isinstance(part, ToolCall)],
        [part for part in parts if isinstance(part, (Media, Denial))],
    )


def reread(*made: Delta) -> Answer:
    gather = Gather()
    for delta in made:
        gather.add(delta)
    return gather.answer()


@given(ANSWER)
def test_a_completion_is_one_to_the_sdk_and_to_us(answer: Answer) -> None:
    body = whole(call(stream=False), answer)
    ChatCompletion.model_validate_json(body, strict=True)
    decode = Decoder(call(stream=False), Candidate("c", "openai", "m"))
    again = reread(*decode.whole(body))
    assert decode.fault is None
    assert plain(again) == plain(answer)


@given(ANSWER)
def test_a_stream_is_one_to_the_sdk_and_to_us(answer: Answer) -> None:
    data = stream(*deltas_of(answer))
    state: ChatCompletionStreamState[Any] = ChatCompletionStreamState()
    if b'"custom"' not in data:  # the SDK's stream types know no custom tools
        for chunk in chunks(data):
            state.handle_chunk(ChatCompletionChunk.model_validate(chunk, strict=True))
        snapshot = state.current_completion_snapshot.choices
        said = ["".join(part.text for part in choice.parts if isinstance(part, Text)) for choice in answer.choices]
        assert [choice.message.content or "" for choice in snapshot] == said
    decode = Decoder(call(), Candidate("c", "openai", "m"))
    made = [delta for event in Splitter().feed(data) for delta in decode.event(*event)]
    assert decode.complete
    again, gathered = reread(*made), reread(*deltas_of(answer))
    assert [choice.reason for choice in again.choices] == [choice.reason for choice in gathered.choices]
    assert again.usage == answer.usage
    assert [_plain(choice.parts) for choice in again.choices] == [_plain(each.parts) for each in answer.choices]
