from __future__ import annotations

import base64
from typing import Any

import pytest

from outwait.core.fault import Refusal
from outwait.core.part import Citation, Denial, Media, Part, Text, Thought, ToolCall, ToolResult
from outwait.dialects.anthropic import blocks

MARK = {"type": "ephemeral"}
WORDS = base64.b64encode(b"words").decode()
PNG = "iVBORw0KGgoAAA"


def written(*parts: Part) -> tuple[list[dict[str, Any]], list[str]]:
    dropped: dict[str, None] = {}
    return blocks.blocks_of(parts, dropped), list(dropped)


@pytest.mark.parametrize(
    "part, block",
    [
        (Text("x", cache=MARK), {"type": "text", "text": "x", "cache_control": MARK}),
        (
            Text("x", (Citation(raw={"type": "c"}, dialect="anthropic"),)),
            {"type": "text", "text": "x", "citations": [{"type": "c"}]},
        ),
        (Denial("no"), {"type": "text", "text": "no"}),
        (Thought("t", "s", dialect="anthropic"), {"type": "thinking", "thinking": "t", "signature": "s"}),
        (Thought(sealed="d", dialect="anthropic"), {"type": "redacted_thinking", "data": "d"}),
        (
            ToolCall("a.b", "f", "", cache=MARK),
            {"type": "tool_use", "id": "a_b", "name": "f", "input": {}, "cache_control": MARK},
        ),
        (ToolCall("t", "f", '{"a":'), {"type": "tool_use", "id": "t", "name": "f", "input": {"INVALID_JSON": '{"a":'}}),
        (ToolCall("t", "f", "[1]"), {"type": "tool_use", "id": "t", "name": "f", "input": {"INVALID_JSON": "[1]"}}),
        (ToolResult("a.b", ()), {"type": "tool_result", "tool_use_id": "a_b"}),
        (
            ToolResult("t", (Text("x"), Media("image", url="u")), failed=True, cache=MARK),
            {
                "type": "tool_result",
                "tool_use_id": "t",
                "content": [{"type": "text", "text": "x"}, {"type": "image", "source": {"type": "url", "url": "u"}}],
                "is_error": True,
                "cache_control": MARK,
            },
        ),
        (ToolResult("t", (Text("x"),)), {"type": "tool_result", "tool_use_id": "t", "content": "x"}),
        (Media("image", file="f", name="n"), {"type": "image", "source": {"type": "file", "file_id": "f"}}),
        (
            Media("document", text="x", name="n", more={"context": "c", "video": 1}),
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "x"},
                "title": "n",
                "context": "c",
            },
        ),
        (
            Media("document", text="x", more={"content": "x"}),
            {"type": "document", "source": {"type": "content", "content": "x"}},
        ),
    ],
)  # fmt: skip
def test_parts(part: Part, block: dict[str, Any]) -> None:
    assert written(part) == ([block], [])


@pytest.mark.parametrize(
    "kind, mime, data, source",
    [
        ("image", "image/webp", "x", ("base64", "image/webp")),
        ("image", "IMAGE/JPG; q=1", "x", ("base64", "image/jpeg")),
        ("image", None, PNG, ("base64", "image/png")),
        ("document", None, "x", ("base64", "application/pdf")),
        ("document", "application/pdf", "x", ("base64", "application/pdf")),
        ("document", "text/csv", WORDS, ("text", "text/plain")),
        ("document", "application/json", WORDS, ("text", "text/plain")),
    ],
)
def test_data(kind: str, mime: str | None, data: str, source: tuple[str, str]) -> None:
    [block] = written(Media(kind, mime, data=data))[0]
    assert (block["source"]["type"], block["source"]["media_type"]) == source
    assert block["source"]["data"] == ("words" if data == WORDS else data)


@pytest.mark.parametrize(
    "part, name",
    [
        (Thought("t"), "messages.thoughts"),
        (Thought("t", "s", dialect="gemini"), "messages.thoughts"),
        (Thought(sealed="s", dialect="responses"), "messages.thoughts"),
        (Thought("t", dialect="anthropic"), "messages.thoughts"),
        (Text("x", (Citation(url="u"),)), "messages.citations"),
        (Media("image", url="u", detail="high"), "messages.detail"),
    ],
)
def test_what_is_left_out(part: Part, name: str) -> None:
    made, dropped = written(part)
    assert dropped == [name]
    assert len(made) == (not isinstance(part, Thought))


@pytest.mark.parametrize("text", ["", " \n"])
def test_empty_words_are_no_block(text: str) -> None:
    assert written(Text(text), Denial(text), Media("image", url="u", detail="auto"))[0][0]["type"] == "image"


@pytest.mark.parametrize(
    "part",
    [
        ToolCall("t", "f", "x", custom=True),
        ToolResult("t", (Thought("x"),)),
        Media("audio", "audio/wav", data="x"),
        Media("video", url="u"),
        Media("image", data="x"),
        Media("image", "video/mp4", data="x"),
        Media("image", text="x"),
        Media("document"),
        Media("document", "application/zip", data="x"),
        Media("document", "text/plain", data=base64.b64encode(b"\xff").decode()),
        Media("document", "text/plain", data="x"),
    ],
)
def test_what_is_refused(part: Part) -> None:
    with pytest.raises(Refusal) as caught:
        written(part)
    assert (caught.value.fault.code, caught.value.fault.param) == ("not_expressible", "messages")


def test_plain_words_are_a_string() -> None:
    assert blocks.shortest([{"type": "text", "text": "x"}]) == "x"
    marked = [{"type": "text", "text": "x", "cache_control": MARK}]
    assert blocks.shortest(marked) is marked
    assert blocks.shortest([]) == []
