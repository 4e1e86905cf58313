from __future__ import annotations

import re
from typing import Any

import pytest

from outwait.core.ask import Message
from outwait.core.fault import Refusal
from outwait.core.part import Citation, Denial, Media, Part, Text, Thought, ToolCall, ToolResult
from outwait.dialects.openai_chat.retell import Retelling, Style
from outwait.dialects.openai_chat.tables import IDS, IDS_OF

IMAGE = Media("image", "image/png", "AA")
IMAGE_PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}


def told(*turns: Message, **style: Any) -> tuple[list[dict[str, Any]], list[str]]:
    telling = Retelling(Style(**style))
    return telling.messages(turns), telling.dropped


def one(role: str, *parts: Part, **style: Any) -> tuple[dict[str, Any], list[str]]:
    (message,), dropped = told(Message(role, parts), **style)
    return message, dropped


def test_one_text_is_a_string() -> None:
    assert one("user", Text("hi")) == ({"role": "user", "content": "hi"}, [])
    assert one("user") == ({"role": "user", "content": ""}, [])
    assert told(Message("user", (Text("hi"),), "n"))[0] == [{"role": "user", "content": "hi", "name": "n"}]


@pytest.mark.parametrize("developer, role", [(True, "developer"), (False, "system")])
def test_who_knows_no_developer_is_told_by_the_system(developer: bool, role: str) -> None:
    assert one("developer", Text("x"), developer=developer)[0]["role"] == role


@pytest.mark.parametrize(
    "part, made",
    [
        (IMAGE, IMAGE_PART),
        (Media("image", url="u", detail="high"), {"type": "image_url", "image_url": {"url": "u", "detail": "high"}}),
        (Media("video", url="u"), {"type": "video_url", "video_url": {"url": "u"}}),
        (
            Media("audio", "audio/mpeg", "AA"),
            {"type": "input_audio", "input_audio": {"data": "AA", "format": "mp3"}},
        ),
        (Media("document", file="f"), {"type": "file", "file": {"file_id": "f"}}),
        (Media("video", file="f"), {"type": "file", "file": {"file_id": "f"}}),
        (
            Media("document", "application/pdf", "AA", name="n.pdf"),
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA", "filename": "n.pdf"}},
        ),
        (Media("document", text="words"), {"type": "text", "text": "words"}),
    ],
)
def test_media(part: Media, made: dict[str, Any]) -> None:
    message, dropped = one("user", Text("a"), part)
    assert message["content"] == [{"type": "text", "text": "a"}, made]
    assert dropped == []


@pytest.mark.parametrize(
    "part, name",
    [
        (Media("document", text="words", name="n"), "messages.name"),
        (Media("document", data="AA", detail="low"), "messages.detail"),
        (Media("image", data="AA", cache={"type": "e"}), "messages.cache"),
        (Text("a", cache={"type": "e"}), "messages.cache"),
        (Text("a", (Citation("u"),)), "messages.citations"),
    ],
)
def test_what_is_left_out_is_named(part: Part, name: str) -> None:
    assert one("user", part)[1] == [name]


def test_cache_marks_go_where_they_are_taken() -> None:
    message, dropped = one("user", Text("a", cache={"type": "e"}), marking=True)
    assert message["content"] == [{"type": "text", "text": "a", "cache_control": {"type": "e"}}]
    assert dropped == []


def test_answers() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    assert one("assistant", Text("a"), ToolCall("c", "f", ""))[0] == {
        "role": "assistant", "content": "a", "tool_calls": [call],
    }  # fmt: skip
    assert one("assistant", ToolCall("d", "g", "x", custom=True))[0] == {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "d", "type": "custom", "custom": {"name": "g", "input": "x"}}],
    }
    assert one("assistant", Denial("no"))[0] == {"role": "assistant", "content": None, "refusal": "no"}
    assert one("assistant")[0] == {"role": "assistant", "content": ""}
    assert one("assistant", Text("a"), Denial("no"))[0]["content"] == [
        {"type": "text", "text": "a"}, {"type": "refusal", "refusal": "no"},
    ]  # fmt: skip


@pytest.mark.parametrize("signing, extra, dropped", [(True, True, []), (False, False, ["messages.signatures"])])
def test_signatures_of_calls(signing: bool, extra: bool, dropped: list[str]) -> None:
    message, left = one("assistant", ToolCall("c", "f", "{}", signature="s"), signing=signing)
    told_extra = message["tool_calls"][0].get("extra_content")
    assert told_extra == ({"google": {"thought_signature": "s"}} if extra else None)
    assert left == dropped


def test_a_mark_on_a_call_is_left_out() -> None:
    assert one("assistant", ToolCall("c", "f", "{}", cache={"type": "e"}), marking=True)[1] == ["messages.cache"]


def test_thoughts_stay_behind_where_nobody_takes_them() -> None:
    message, dropped = one("assistant", Thought("hm", "s", dialect="anthropic"), Text("a"))
    assert message == {"role": "assistant", "content": "a"}
    assert dropped == ["messages.thoughts"]


def test_thoughts_go_back_with_their_own_providers_proofs() -> None:
    own = Thought("a", '{"type":"reasoning.text","signature":"s","format":"x"}', dialect="openai")
    message, dropped = one(
        "assistant", own, Thought("b", "t", dialect="gemini"), Thought("c"), Text("d"), thoughts="reasoning"
    )
    assert message["reasoning"] == "abc"
    assert message["reasoning_details"] == [
        {"type": "reasoning.text", "signature": "s", "format": "x", "text": "a"},
    ]
    assert dropped == ["messages.signatures"]
    assert one("assistant", own, thoughts="reasoning")[1] == []
    sealed = Thought("", None, "d", None, "anthropic")
    assert one("assistant", sealed, Text("d"), thoughts="reasoning_content") == (
        {"role": "assistant", "content": "d"},
        ["messages.signatures"],
    )


def test_a_call_has_its_thoughts_beside_it_where_they_are_asked_for() -> None:
    message, _ = one("assistant", ToolCall("c", "f", "{}"), thoughts="reasoning_content")
    assert message["reasoning_content"] == ""
    assert "reasoning_content" not in one("assistant", Text("a"), thoughts="reasoning_content")[0]
    assert "reasoning" not in one("assistant", ToolCall("c", "f", "{}"), thoughts="reasoning")[0]


@pytest.mark.parametrize("ident", ["toolu_01", "x" * 41, "abcdeFGH9", ""])
@pytest.mark.parametrize("ids", [IDS, IDS_OF["mistral"]])
def test_a_call_and_its_result_have_an_id_that_is_taken(ident: str, ids: re.Pattern[str]) -> None:
    made, _ = told(
        Message("assistant", (ToolCall(ident, "f", "{}"),)), Message("tool", (ToolResult(ident, ()),)), ids=ids
    )
    named = made[0]["tool_calls"][0]["id"]
    assert made[1]["tool_call_id"] == named
    assert ids.fullmatch(named)
    assert named == ident or not ids.fullmatch(ident)


def test_results() -> None:
    made, dropped = told(
        Message("tool", (ToolResult("c", (Text("a"),)), ToolResult("d", (Text("a"), Text("b")), failed=True))),
        Message("tool", (ToolResult("e", (), cache={"type": "e"}),)),
    )
    assert made == [
        {"role": "tool", "tool_call_id": "c", "content": "a"},
        {
            "role": "tool",
            "tool_call_id": "d",
            "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
        },
        {"role": "tool", "tool_call_id": "e", "content": ""},
    ]
    assert dropped == ["messages.failed", "messages.cache"]


def test_images_of_results_follow_behind_all_results() -> None:
    made, _ = told(
        Message("tool", (ToolResult("c", (Text("a"), IMAGE)),)),
        Message("tool", (ToolResult("d", (IMAGE, Media("document", text="t"))), ToolResult("e", (IMAGE,)))),
        Message("assistant", (Text("x"),)),
        Message("tool", (ToolResult("f", (IMAGE,)),)),
    )
    assert [(message["role"], message["content"]) for message in made[:3]] == [
        ("tool", "a"), ("tool", "t"), ("tool", "(The result follows in the next message.)"),
    ]  # fmt: skip
    assert made[3] == {"role": "user", "content": [IMAGE_PART] * 3}
    assert [message["role"] for message in made[4:]] == ["assistant", "tool", "user"]


@pytest.mark.parametrize(
    "role, part",
    [
        ("user", ToolCall("c", "f", "{}")),
        ("assistant", IMAGE),
        ("tool", Text("x")),
        ("tool", ToolResult("c", (Thought("x"),))),
        ("user", Media("image", file="f")),
        ("user", Media("audio", url="u")),
        ("user", Media("document", url="u")),
    ],
)
def test_what_chat_completions_cannot_say(role: str, part: Part) -> None:
    with pytest.raises(Refusal) as caught:
        one(role, part)
    assert (caught.value.fault.code, caught.value.fault.param) == ("not_expressible", "messages")
