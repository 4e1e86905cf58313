from __future__ import annotations

from typing import Any

import pytest

from outwait.core.ask import Message
from outwait.core.fault import Refusal
from outwait.core.part import Citation, Denial, Media, Part, Text, Thought, ToolCall, ToolResult
from outwait.dialects.openai_responses.retell import Retelling


def tell(*turns: Message) -> tuple[dict[str, Any], list[str]]:
    telling = Retelling()
    return telling.request(turns), telling.dropped


def user(*parts: Part) -> tuple[list[dict[str, Any]], list[str]]:
    told, dropped = tell(Message("user", parts))
    return told["input"][0]["content"], dropped


def answer(*parts: Part) -> tuple[list[dict[str, Any]], list[str]]:
    told, dropped = tell(Message("assistant", parts))
    return told["input"], dropped


def result(*parts: Part, **more: Any) -> tuple[Any, list[str]]:
    told, dropped = tell(Message("tool", (ToolResult("c", parts, **more),)))
    return told["input"][0]["output"], dropped


def test_the_first_system_message_is_the_instructions() -> None:
    told, dropped = tell(
        Message("system", (Text("a", cache={"type": "ephemeral"}),)),
        Message("system", (Text("b"),)),
        Message("developer", (Text("c"),)),
    )
    assert told["instructions"] == "a"
    assert [item["role"] for item in told["input"]] == ["system", "developer"]
    assert dropped == ["messages.cache"]


@pytest.mark.parametrize("parts", [(Text("a"), Text("b")), (Media("image", url="u"),)])
def test_other_system_messages_stay_items(parts: tuple[Part, ...]) -> None:
    told, _ = tell(Message("system", parts))
    assert "instructions" not in told
    assert told["input"][0]["role"] == "system"


def test_nothing_at_all() -> None:
    assert tell() == ({"input": []}, [])


def test_an_answer_is_told_item_by_item() -> None:
    raw = {"type": "file_citation", "file_id": "f", "filename": "n", "index": 0}
    items, dropped = answer(
        Thought("t", sealed="blob", ident="rs_1", dialect="responses"),
        Text("a", (Citation(raw=raw, dialect="responses"), Citation("u"))),
        Denial("no"),
        ToolCall("c1", "f", "", ident="fc_1", signature="s"),
        ToolCall("c2", "g", "x", custom=True, ident="call_other"),
        Text("b"),
    )
    assert items == [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "t"}], "id": "rs_1",
         "encrypted_content": "blob"},
        {"type": "message", "role": "assistant", "content": [
            {"type": "output_text", "text": "a", "annotations": [raw]}, {"type": "refusal", "refusal": "no"}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}", "id": "fc_1"},
        {"type": "custom_tool_call", "call_id": "c2", "name": "g", "input": "x"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "b", "annotations": []}]},
    ]  # fmt: skip
    assert dropped == ["messages.citations", "messages.signatures"]


@pytest.mark.parametrize(
    "thought, count",
    [
        (Thought("t", ident="rs_1", dialect="responses"), 1),
        (Thought("t", sealed="blob", dialect="responses"), 1),
        (Thought("t", dialect="responses"), 0),
        (Thought("t", signature="s", dialect="anthropic"), 0),
        (Thought("t"), 0),
    ],
)
def test_only_openais_own_thoughts_go_back(thought: Thought, count: int) -> None:
    items, dropped = answer(thought)
    assert len(items) == count
    assert dropped == ["messages.thoughts"] * (1 - count)


def test_what_has_no_place_is_named() -> None:
    turn = Message("user", (Text("x", (Citation("u"),), {"type": "ephemeral"}),), name="Bob")
    assert tell(turn)[1] == ["messages.name", "messages.cache", "messages.citations"]


@pytest.mark.parametrize(
    "media, told",
    [
        (Media("image", url="u", detail="low"), {"type": "input_image", "image_url": "u", "detail": "low"}),
        (Media("image", "image/png", "AA"), {"type": "input_image", "image_url": "data:image/png;base64,AA"}),
        (Media("image", None, "AA"), {"type": "input_image", "image_url": "data:image/png;base64,AA"}),
        (Media("image", file="file-1"), {"type": "input_image", "file_id": "file-1"}),
        (Media("document", file="file-1", name="n"), {"type": "input_file", "file_id": "file-1", "filename": "n"}),
        (Media("document", url="u"), {"type": "input_file", "file_url": "u"}),
        (Media("document", data="AA"), {"type": "input_file", "file_data": "AA"}),
        (
            Media("document", "application/pdf", "AA"),
            {"type": "input_file", "filename": "document.pdf", "file_data": "data:application/pdf;base64,AA"},
        ),
        (
            Media("document", "x/y", "AA", name="n"),
            {"type": "input_file", "filename": "n", "file_data": "data:x/y;base64,AA"},
        ),
        (Media("document", text="words"), {"type": "input_text", "text": "words"}),
        (
            Media("audio", "audio/mpeg", "AA"),
            {"type": "input_audio", "input_audio": {"data": "AA", "format": "mp3"}},
        ),
    ],
)
def test_media(media: Media, told: dict[str, Any]) -> None:
    assert user(media) == ([told], [])


def test_the_name_of_a_plain_text_and_the_detail_of_sound_are_dropped() -> None:
    assert user(Media("document", text="w", name="n"))[1] == ["messages.name"]
    assert user(Media("audio", "audio/wav", "AA", detail="low"))[1] == ["messages.detail"]


@pytest.mark.parametrize(
    "parts, output",
    [
        ((Text("x"),), "x"),
        ((), ""),
        ((Text("x"), Text("y")), [{"type": "input_text", "text": "x"}, {"type": "input_text", "text": "y"}]),
        ((Media("image", url="u"),), [{"type": "input_image", "image_url": "u"}]),
    ],
)
def test_results(parts: tuple[Part, ...], output: Any) -> None:
    assert result(*parts) == (output, [])


def test_what_a_result_loses() -> None:
    assert result(Text("x"), failed=True, cache={"type": "ephemeral"})[1] == ["messages.failed", "messages.cache"]
    assert result(Text("x", cache={"type": "ephemeral"}))[1] == ["messages.cache"]


def test_ids_that_are_too_long_are_shortened_alike_in_both_places() -> None:
    ident = "x" * 65
    told, _ = tell(
        Message("assistant", (ToolCall(ident, "f", "{}"),)),
        Message("tool", (ToolResult(ident, (Text("1"),)), ToolResult("short", (Text("1"),), custom=True))),
    )
    call, first, second = told["input"]
    assert call["call_id"] == first["call_id"]
    assert len(call["call_id"]) <= 64
    assert (second["type"], second["call_id"]) == ("custom_tool_call_output", "short")


@pytest.mark.parametrize(
    "turn",
    [
        Message("user", (Media("video", url="u"),)),
        Message("user", (Media("audio", "audio/ogg", "AA"),)),
        Message("user", (Media("audio", url="u"),)),
        Message("user", (Denial("no"),)),
        Message("assistant", (Media("image", "image/png", "AA"),)),
        Message("tool", (Text("x"),)),
    ],
)
def test_what_is_refused(turn: Message) -> None:
    with pytest.raises(Refusal) as caught:
        tell(turn)
    assert (caught.value.fault.code, caught.value.fault.param) == ("not_expressible", "messages")
