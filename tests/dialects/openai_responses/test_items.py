from __future__ import annotations

from typing import Any

import pytest

from outwait.core.ask import Message
from outwait.core.fault import Refusal
from outwait.core.part import Citation, Denial, Media, Part, Text, Thought, ToolCall, ToolResult
from outwait.dialects.fields import Fields, Strange
from outwait.dialects.openai_responses import items, proofs

ANNOTATION = {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 1}


def read(given: Any, strange: Strange | None = None, **more: Any) -> tuple[Message, ...]:
    return items.messages(Fields({"input": given, **more}), strange or Strange())


def refused(given: Any) -> tuple[str, str | None]:
    with pytest.raises(Refusal) as caught:
        read(given)
    return caught.value.fault.code, caught.value.fault.param


def part(value: dict[str, Any]) -> Part:
    (message,) = read([{"role": "user", "content": [value]}])
    return message.parts[0]


def test_instructions_and_a_plain_question() -> None:
    assert read("q", instructions="be brief") == (
        Message("system", (Text("be brief"),)),
        Message("user", (Text("q"),)),
    )


def test_a_conversation() -> None:
    turns = read(
        [
            {"role": "developer", "content": "d"},
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "a"}, {"text": "b"}]},
            {
                "type": "message", "id": "msg_1", "status": "completed", "role": "assistant",
                "content": [
                    {"type": "output_text", "text": "t", "annotations": [ANNOTATION], "logprobs": []},
                    {"type": "refusal", "refusal": "r"},
                ],
            },
            {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{}"},
            {"type": "custom_tool_call", "call_id": "c2", "name": "g", "input": "x", "caller": {"type": "direct"}},
            {"type": "function_call_output", "call_id": "c1", "output": "1", "status": "completed"},
            {"type": "custom_tool_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "2"}]},
            {"type": "function_call_output", "call_id": "c9", "name": "h", "output": ""},
            {"role": "user", "content": [{"type": "input_text", "text": "u"}]},
        ]
    )  # fmt: skip
    cited = Citation("u", "t", None, 0, 1, ANNOTATION, "responses")
    assert turns == (
        Message("developer", (Text("d"),)),
        Message(
            "assistant",
            (
                Thought("a\n\nb", ident="rs_1", dialect="responses"),
                Text("t", (cited,)),
                Denial("r"),
                ToolCall("c1", "f", "{}", ident="fc_1"),
                ToolCall("c2", "g", "x", custom=True),
            ),
        ),
        Message(
            "tool",
            (
                ToolResult("c1", (Text("1"),), "f"),
                ToolResult("c2", (Text("2"),), "g", custom=True),
                ToolResult("c9", (Text(""),), "h"),
            ),
        ),
        Message("user", (Text("u"),)),
    )


@pytest.mark.parametrize(
    "item, thoughts",
    [
        (
            {"encrypted_content": "blob", "content": [{"text": "c"}]},
            (Thought("c", sealed="blob", dialect="responses"),),
        ),
        (
            {"encrypted_content": proofs.proof_of(Thought(signature="s", dialect="anthropic"))},
            (Thought(signature="s", dialect="anthropic"),),
        ),
        ({}, ()),
    ],
)
def test_thoughts(item: dict[str, Any], thoughts: tuple[Thought, ...]) -> None:
    turns = read([{"type": "reasoning", "summary": [], **item}])
    assert tuple(part for turn in turns for part in turn.parts) == thoughts


def test_the_signature_of_a_call_finds_its_call() -> None:
    call = {"type": "function_call", "name": "f", "arguments": "{}"}
    proof = {"type": "reasoning", "summary": [], "encrypted_content": proofs.call_proof("sig", "gemini")}
    (turn,) = read([proof, call | {"call_id": "a"}, call | {"call_id": "b"}])
    assert turn.parts == (ToolCall("a", "f", "{}", signature="sig"), ToolCall("b", "f", "{}"))


@pytest.mark.parametrize(
    "value, media",
    [
        ({"type": "input_image", "image_url": "u", "detail": "low"}, Media("image", url="u", detail="low")),
        ({"type": "input_image", "image_url": "data:image/png;base64,AA"}, Media("image", "image/png", "AA")),
        ({"type": "input_image", "image_url": "DATA:;base64,AA"}, Media("image", None, "AA")),
        ({"type": "input_image", "file_id": "file-1"}, Media("image", file="file-1")),
        (
            {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;x=y;base64,AA"},
            Media("document", "application/pdf", "AA", name="a.pdf"),
        ),
        ({"type": "input_file", "file_data": "AA"}, Media("document", data="AA")),
        ({"type": "input_file", "file_url": "http://a", "detail": "high"},
         Media("document", url="http://a", detail="high")),
        ({"type": "input_file", "file_id": "file-1"}, Media("document", file="file-1")),
        ({"type": "input_audio", "input_audio": {"data": "AA", "format": "mp3"}}, Media("audio", "audio/mpeg", "AA")),
        ({"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}}, Media("audio", "audio/wav", "AA")),
    ],
)  # fmt: skip
def test_media(value: dict[str, Any], media: Media) -> None:
    assert part(value) == media


@pytest.mark.parametrize(
    "given, code, param",
    [
        (None, "invalid_value", "input"),
        (7, "invalid_value", "input"),
        ([7], "invalid_value", "input[0]"),
        ([{"type": "message"}], "invalid_value", "input[0].role"),
        ([{"role": "god", "content": ""}], "invalid_value", "input[0].role"),
        ([{"role": "user"}], "invalid_value", "input[0].content"),
        ([{"role": "user", "content": 7}], "invalid_value", "input[0].content"),
        ([{"role": "user", "content": [{"type": "new"}]}], "not_expressible", "input[0].content[0].type"),
        ([{"role": "user", "content": [{"type": "input_image"}]}], "invalid_value", "input[0].content[0]"),
        ([{"role": "user", "content": [{"type": "input_file"}]}], "invalid_value", "input[0].content[0]"),
        (
            [{"role": "user", "content": [{"type": "input_image", "image_url": "data:x"}]}],
            "invalid_value", "input[0].content[0].image_url",
        ),
        ([{"id": "msg_1"}], "not_expressible", "input[0].type"),
        ([{"type": "item_reference", "id": "msg_1"}], "not_expressible", "input[0].type"),
        ([{"type": "computer_call"}], "not_expressible", "input[0].type"),
        ([{"type": "web_search_call"}], "not_expressible", "input[0].type"),
        ([{"type": "function_call", "name": "f", "arguments": ""}], "invalid_value", "input[0].call_id"),
        (
            [{"type": "function_call", "call_id": "c", "name": "f", "arguments": "", "caller": {"type": "program"}}],
            "not_expressible", "input[0].caller.type",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(given: Any, code: str, param: str) -> None:
    assert refused(given) == (code, param)


def test_what_nobody_knows_is_kept_by_its_place() -> None:
    strange = Strange()
    content = [{"type": "input_text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit"}}]
    read([{"role": "assistant", "content": content, "phase": "commentary"}], strange)
    assert strange.rest == {
        "input.content.prompt_cache_breakpoint": {
            "input[0].content[0].prompt_cache_breakpoint": {"mode": "explicit"},
        },
        "input.phase": {"input[0].phase": "commentary"},
    }
