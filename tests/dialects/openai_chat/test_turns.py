from __future__ import annotations

from typing import Any

import pytest

from outwait.core.ask import Message
from outwait.core.fault import Fault, Refusal
from outwait.core.part import Citation, Denial, Media, Text, Thought, ToolCall, ToolResult
from outwait.dialects.fields import Fields, Strange
from outwait.dialects.openai_chat import turns

CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CUSTOM = {"id": "c2", "type": "custom", "custom": {"name": "g", "input": "x"}}


def read(*messages: Any) -> tuple[tuple[Message, ...], dict[str, Any]]:
    strange = Strange()
    return turns.messages(Fields({"messages": list(messages)}), strange), strange.rest


def one(message: dict[str, Any]) -> Message:
    (turn,), rest = read(message)
    assert rest == {}
    return turn


def refused(*messages: Any) -> Fault:
    with pytest.raises(Refusal) as caught:
        read(*messages)
    return caught.value.fault


def user(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(parts)}


@pytest.mark.parametrize("role", ["system", "developer", "user"])
def test_plain_turns(role: str) -> None:
    assert one({"role": role, "content": "hi", "name": "n"}) == Message(role, (Text("hi"),), "n")
    assert one({"role": role, "content": ""}) == Message(role, ())


@pytest.mark.parametrize(
    "part, made",
    [
        ({"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}, Text("a", (), {"type": "ephemeral"})),
        ({"type": "refusal", "refusal": "no"}, Denial("no")),
        (
            {"type": "image_url", "image_url": {"url": "https://e.com/a", "detail": "low"}},
            Media("image", url="https://e.com/a", detail="low"),
        ),
        ({"type": "image_url", "image_url": "https://e.com/a"}, Media("image", url="https://e.com/a")),
        (
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}, "cache_control": {"type": "e"}},
            Media("image", "image/png", "AA", cache={"type": "e"}),
        ),
        ({"type": "video_url", "video_url": {"url": "https://e.com/v"}}, Media("video", url="https://e.com/v")),
        ({"type": "input_audio", "input_audio": {"data": "AA", "format": "mp3"}}, Media("audio", "audio/mpeg", "AA")),
        ({"type": "file", "file": {"file_id": "f", "filename": "n"}}, Media("document", file="f", name="n")),
        ({"type": "file", "file": {"file_data": "AA"}}, Media("document", data="AA")),
        (
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA", "filename": "n.pdf"}},
            Media("document", "application/pdf", "AA", name="n.pdf"),
        ),
        ({"type": "file", "file": {"file_data": "data:video/mp4;base64,AA"}}, Media("video", "video/mp4", "AA")),
        ({"type": "file", "file": {"file_data": "data:;base64,AA"}}, Media("document", None, "AA")),
    ],
)
def test_parts(part: dict[str, Any], made: Any) -> None:
    assert one(user(part)).parts == (made,)


def test_what_the_model_said() -> None:
    turn = one(
        {
            "role": "assistant",
            "content": "hi",
            "refusal": "but no",
            "reasoning_content": "hm",
            "tool_calls": [CALL, CUSTOM],
            "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}],
            "annotations": [
                {
                    "type": "url_citation",
                    "url_citation": {"url": "u", "title": "t", "start_index": 0, "end_index": 2, "content": "q"},
                },
                {"type": "file_citation"},
                7,
            ],
            "audio": None,
            "function_call": None,
        }
    )
    thought, text, image, denial, call, custom = turn.parts
    assert thought == Thought("hm")
    assert isinstance(text, Text)
    (citation,) = text.citations
    assert (citation.url, citation.title, citation.quote, citation.start, citation.end) == ("u", "t", "q", 0, 2)
    assert image == Media("image", "image/png", "AA")
    assert denial == Denial("but no")
    assert call == ToolCall("c1", "f", "{}")
    assert custom == ToolCall("c2", "g", "x", custom=True)


def test_sources_without_words_are_none() -> None:
    told = [{"type": "url_citation", "url_citation": {"url": "u", "title": 3, "start_index": "0"}}]
    assert one({"role": "assistant", "content": None, "annotations": told}).parts == ()
    assert turns.citation_of(told[0]) == Citation("u", raw=told[0], dialect="openai")
    assert turns.citation_of({"url_citation": {"url": 3}}) is None


@pytest.mark.parametrize(
    "told, thoughts",
    [
        ({"reasoning": "a"}, (Thought("a"),)),
        ({"reasoning_content": "", "reasoning": "b"}, (Thought("b"),)),
        ({"reasoning_content": "a", "reasoning": "b"}, (Thought("a"),)),
        ({"reasoning_content": " \n"}, ()),
        (
            {
                "reasoning_content": "ab",
                "reasoning_details": [
                    {"type": "reasoning.text", "text": "b", "signature": "s", "format": "anthropic"},
                    {"type": "reasoning.encrypted", "data": "d", "format": "anthropic"},
                    {"type": "reasoning.text", "text": ""},
                ],
            },
            (Thought("a"), Thought("b", "s", None, None, "anthropic"), Thought("", None, "d", None, "anthropic")),
        ),
        (
            {"reasoning_content": "b", "reasoning_details": [{"type": "reasoning.text", "text": "b"}]},
            (Thought("b"),),
        ),
    ],
)
def test_thoughts(told: dict[str, Any], thoughts: tuple[Thought, ...]) -> None:
    assert one({"role": "assistant", "content": "", **told}).parts == thoughts


@pytest.mark.parametrize(
    "extra, signature",
    [
        ({"google": {"thought_signature": "s"}}, "s"),
        ({"google": {"thought_signature": ""}}, None),
        ({"google": 3}, None),
        ("x", None),
        (None, None),
    ],
)
def test_geminis_signature_of_a_call(extra: Any, signature: str | None) -> None:
    (call,) = one({"role": "assistant", "tool_calls": [{**CALL, "extra_content": extra}]}).parts
    assert isinstance(call, ToolCall)
    assert call.signature == signature


def test_a_call_may_leave_its_type_and_arguments_out() -> None:
    (call,) = one({"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f"}}]}).parts
    assert call == ToolCall("c", "f", "")


def test_results_know_their_calls() -> None:
    made, _ = read(
        {"role": "assistant", "tool_calls": [CALL, CUSTOM]},
        {"role": "tool", "tool_call_id": "c2", "content": "x", "cache_control": {"type": "e"}},
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "y"}]},
        {"role": "tool", "tool_call_id": "c3", "name": "h"},
    )
    assert [turn.parts[0] for turn in made[1:]] == [
        ToolResult("c2", (Text("x"),), "g", custom=True, cache={"type": "e"}),
        ToolResult("c1", (Text("y"),), "f"),
        ToolResult("c3", (), "h"),
    ]
    assert all(turn.role == "tool" and turn.name is None for turn in made[1:])


def test_what_nobody_knows_is_kept_where_it_stood() -> None:
    _, rest = read(
        {"role": "user", "content": [{"type": "text", "text": "a", "x": 1}]},
        {"role": "assistant", "content": "a", "audio": {"id": "a"}, "tool_calls": [{**CALL, "x": 2}]},
    )
    assert rest == {
        "messages.content.x": {"messages[0].content[0].x": 1},
        "messages.audio": {"messages[1].audio": {"id": "a"}},
        "messages.tool_calls.x": {"messages[1].tool_calls[0].x": 2},
    }


@pytest.mark.parametrize(
    "message, code, param",
    [
        (3, "invalid_value", "messages[0]"),
        ({}, "invalid_value", "messages[0].role"),
        ({"role": "bot"}, "invalid_value", "messages[0].role"),
        ({"role": "function", "name": "f", "content": "x"}, "not_expressible", "messages[0].role"),
        ({"role": "user"}, "invalid_value", "messages[0].content"),
        ({"role": "user", "content": 3}, "invalid_value", "messages[0].content"),
        (user({"text": "x"}), "invalid_value", "messages[0].content[0].type"),
        (user({"type": "text"}), "invalid_value", "messages[0].content[0].text"),
        (user({"type": "hologram"}), "not_expressible", "messages[0].content[0].type"),
        (user({"type": "image_url"}), "invalid_value", "messages[0].content[0].image_url"),
        (
            user({"type": "image_url", "image_url": {"url": "data:image/png,x"}}),
            "invalid_value",
            "messages[0].content[0].image_url.url",
        ),
        (
            user({"type": "input_audio", "input_audio": {}}),
            "invalid_value",
            "messages[0].content[0].input_audio.format",
        ),
        (user({"type": "file", "file": {}}), "invalid_value", "messages[0].content[0].file"),
        (
            user({"type": "file", "file": {"file_data": "data:x"}}),
            "invalid_value",
            "messages[0].content[0].file.file_data",
        ),
        ({"role": "tool", "content": "x"}, "invalid_value", "messages[0].tool_call_id"),
        (
            {"role": "assistant", "tool_calls": [{"id": "c", "type": "web"}]},
            "not_expressible",
            "messages[0].tool_calls[0].type",
        ),
        (
            {"role": "assistant", "tool_calls": [{"id": "c", "function": {}}]},
            "invalid_value",
            "messages[0].tool_calls[0].function.name",
        ),
        ({"role": "assistant", "tool_calls": [{}]}, "invalid_value", "messages[0].tool_calls[0].id"),
    ],
)
def test_refusals(message: Any, code: str, param: str) -> None:
    told = refused(message)
    assert (told.code, told.param) == (code, param)


def test_there_must_be_a_message() -> None:
    assert refused().param == "messages"
