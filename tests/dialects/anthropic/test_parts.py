from __future__ import annotations

from typing import Any

import pytest

from outwait.core.fault import Refusal
from outwait.core.part import Citation, Media, Text, Thought, ToolCall, ToolResult
from outwait.dialects.anthropic import parts
from outwait.dialects.seal import seal

MARK = {"type": "ephemeral", "ttl": "1h"}


def one(block: dict[str, Any], **names: str) -> Any:
    (part,) = parts.parts_of([block], "p", names)
    return part


def test_a_string_is_words() -> None:
    assert parts.parts_of("hi", "p", {}) == (Text("hi"),)
    assert parts.texts_of("hi", "system") == (Text("hi"),)


@pytest.mark.parametrize(
    "block, part",
    [
        ({"type": "text", "text": "x", "cache_control": MARK}, Text("x", cache=MARK)),
        ({"type": "text", "text": "x", "citations": None}, Text("x")),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QQ=="}},
            Media("image", "image/png", data="QQ=="),
        ),
        (
            {"type": "image", "source": {"type": "url", "url": "u"}, "transformations": {"a": 1}}
            | {"cache_control": MARK},
            Media("image", url="u", cache=MARK, more={"transformations": {"a": 1}}),
        ),
        ({"type": "image", "source": {"type": "file", "file_id": "f"}}, Media("image", file="f")),
        (
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "QQ=="},
                "title": "t",
                "context": "c",
                "citations": {"enabled": True},
            },
            Media(
                "document",
                "application/pdf",
                data="QQ==",
                name="t",
                more={"context": "c", "citations": {"enabled": True}},
            ),
        ),
        (
            {"type": "document", "source": {"type": "url", "url": "u"}},
            Media("document", "application/pdf", url="u"),
        ),
        (
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
            Media("document", "text/plain", text="words"),
        ),
        (
            {
                "type": "document",
                "source": {
                    "type": "content",
                    "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
                },
            },
            Media(
                "document",
                "text/plain",
                text="a\n\nb",
                more={"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            ),
        ),
        ({"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}, ToolCall("t", "f", '{"a":1}')),
        (
            {"type": "tool_use", "id": "t", "name": "f", "input": {}, "caller": {"type": "direct"}}
            | {"cache_control": MARK},
            ToolCall("t", "f", "{}", cache=MARK),
        ),
        ({"type": "tool_result", "tool_use_id": "t"}, ToolResult("t", ())),
        (
            {"type": "tool_result", "tool_use_id": "t", "content": "x", "is_error": True, "cache_control": MARK},
            ToolResult("t", (Text("x"),), failed=True, cache=MARK),
        ),
        ({"type": "thinking", "thinking": "hm", "signature": "s"}, Thought("hm", "s", dialect="anthropic")),
        ({"type": "thinking", "thinking": "hm", "signature": ""}, Thought("hm", dialect="anthropic")),
        (
            {"type": "thinking", "thinking": "hm", "signature": seal("gemini", "s")},
            Thought("hm", "s", dialect="gemini"),
        ),
        ({"type": "redacted_thinking", "data": "d"}, Thought(sealed="d", dialect="anthropic")),
        (
            {"type": "redacted_thinking", "data": seal("responses", "d")},
            Thought(sealed="d", dialect="responses"),
        ),
    ],
)  # fmt: skip
def test_blocks(block: dict[str, Any], part: object) -> None:
    assert one(block) == part


def test_a_result_knows_its_tool() -> None:
    assert one({"type": "tool_result", "tool_use_id": "t"}, t="f").name == "f"


@pytest.mark.parametrize(
    "told, citation",
    [
        ({"url": "u", "title": "t", "cited_text": "c"}, Citation("u", "t", "c")),
        ({"source": "s", "document_title": "d"}, Citation("s", "d")),
        ({"url": 1, "title": 1, "cited_text": 1}, Citation()),
    ],
)
def test_citations(told: dict[str, Any], citation: Citation) -> None:
    made = one({"type": "text", "text": "x", "citations": [told]}).citations[0]
    assert (made.url, made.title, made.quote) == (citation.url, citation.title, citation.quote)
    assert (made.raw, made.dialect) == (told, "anthropic")


@pytest.mark.parametrize(
    "block, code, param",
    [
        ("x", "invalid_value", "p[0]"),
        ({}, "invalid_value", "p[0].type"),
        ({"type": "search_result", "content": []}, "not_expressible", "p[0].type"),
        ({"type": "server_tool_use"}, "not_expressible", "p[0].type"),
        ({"type": "text"}, "invalid_value", "p[0].text"),
        ({"type": "text", "text": "x", "new": 1}, "not_expressible", "p[0].new"),
        ({"type": "text", "text": "x", "citations": [1]}, "invalid_value", "p[0].citations[0]"),
        ({"type": "text", "text": "x", "cache_control": 1}, "invalid_value", "p[0].cache_control"),
        ({"type": "image"}, "invalid_value", "p[0].source"),
        ({"type": "image", "source": {"type": "text", "data": "x"}}, "invalid_value", "p[0].source.type"),
        ({"type": "image", "source": {"type": "content", "content": "x"}}, "invalid_value", "p[0].source.type"),
        ({"type": "image", "source": {"type": "base64"}}, "invalid_value", "p[0].source.media_type"),
        ({"type": "image", "source": {"type": "url", "url": "u"}, "title": "t"}, "not_expressible", "p[0].title"),
        ({"type": "document", "source": {"type": "new"}}, "invalid_value", "p[0].source.type"),
        (
            {
                "type": "document",
                "source": {"type": "content", "content": [{"type": "image", "source": {"type": "url", "url": "u"}}]},
            },
            "not_expressible",
            "p[0].source.content",
        ),
        ({"type": "tool_use", "id": "t", "name": "f", "input": "x"}, "invalid_value", "p[0].input"),
        (
            {"type": "tool_use", "id": "t", "name": "f", "input": {}, "caller": {"type": "code_execution_20250825"}},
            "not_expressible",
            "p[0].caller",
        ),
        ({"type": "tool_result", "content": "x"}, "invalid_value", "p[0].tool_use_id"),
        (
            {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "redacted_thinking", "data": "x"}]},
            "invalid_value",
            "p[0].content[0].type",
        ),
        ({"type": "tool_result", "tool_use_id": "t", "is_error": "x"}, "invalid_value", "p[0].is_error"),
        ({"type": "thinking", "signature": "x"}, "invalid_value", "p[0].thinking"),
    ],
)
def test_what_is_refused(block: object, code: str, param: str) -> None:
    with pytest.raises(Refusal) as caught:
        parts.parts_of([block], "p", {})
    assert (caught.value.fault.code, caught.value.fault.param) == (code, param)


def test_a_system_prompt_is_text() -> None:
    with pytest.raises(Refusal):
        parts.texts_of([{"type": "redacted_thinking", "data": "x"}], "system")
