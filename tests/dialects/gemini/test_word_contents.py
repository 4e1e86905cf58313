from __future__ import annotations

from typing import Any

import pytest

from outwait.core.ask import Message
from outwait.core.fault import Refusal
from outwait.core.part import Citation, Denial, Media, Part, Text, Thought, ToolCall, ToolResult
from outwait.core.plan import Candidate
from outwait.dialects.gemini.word_contents import PLACEHOLDER, Worder

CACHE = {"type": "ephemeral"}


def words(*messages: Message, model: str = "gemini-3-pro", provider: str = "gemini") -> Worder:
    worder = Worder(Candidate("c", "gemini", model, endpoint="generate_content", provider=provider))
    worder.add(messages)
    return worder


def parts(*said: Part, role: str = "assistant", **how: str) -> list[dict[str, Any]]:
    (content,) = words(Message(role, said), **how).contents
    found: list[dict[str, Any]] = content["parts"]
    return found


def refused(*said: Part, role: str = "user", **how: str) -> str | None:
    with pytest.raises(Refusal) as caught:
        words(Message(role, said), **how)
    assert caught.value.fault.code == "not_expressible"
    return caught.value.fault.param


def test_turns_are_merged_and_instructions_hoisted() -> None:
    made = words(
        Message("system", (Text("s"),)),
        Message("user", (Text("a"),), name="ann"),
        Message("user", (Text("b"),)),
        Message("developer", (Text("d"),)),
        Message("assistant", (Denial("no"),)),
        Message("assistant", ()),
        Message("user", ()),
    )
    assert made.system == [{"text": "s"}, {"text": "d"}]
    assert made.contents == [
        {"role": "user", "parts": [{"text": "a"}, {"text": "b"}]},
        {"role": "model", "parts": [{"text": "no"}]},
    ]
    assert list(made.dropped) == ["messages.name"]
    assert refused(Media("image", "image/png", "aaaa"), role="system") == "messages"


def test_calls_and_results() -> None:
    made = words(
        Message("assistant", (Text(""), ToolCall("1", "f", '{"a":1}'), ToolCall("2", "g", "", cache=CACHE))),
        Message("tool", (ToolResult("1", (Text("a"), Text("b"))),)),
        Message(
            "tool",
            (ToolResult("2", (Text("bad"),), failed=True, cache=CACHE), ToolResult("3", (Text('{"x":1}'),), "h")),
        ),
        Message("user", (Text("go"),)),
    )
    calls, results = made.contents
    assert calls["parts"] == [
        {"functionCall": {"id": "1", "name": "f", "args": {"a": 1}}, "thoughtSignature": PLACEHOLDER},
        {"functionCall": {"id": "2", "name": "g", "args": {}}},
    ]
    assert results == {
        "role": "user",
        "parts": [
            {"functionResponse": {"id": "1", "name": "f", "response": {"output": "a\nb"}}},
            {"functionResponse": {"id": "2", "name": "g", "response": {"error": "bad"}}},
            {"functionResponse": {"id": "3", "name": "h", "response": {"x": 1}}},
            {"text": "go"},
        ],
    }
    assert list(made.dropped) == ["messages.cache"]


def test_only_new_models_need_a_stand_in() -> None:
    assert "thoughtSignature" not in parts(ToolCall("1", "f", "{}"), model="gemini-2.5-pro")[0]
    assert parts(ToolCall("1", "f", "{}", signature="s"))[0]["thoughtSignature"] == "s"
    assert parts(Text("a")) == [{"text": "a"}]


def test_thoughts_and_signatures() -> None:
    own = Thought("", "s", dialect="gemini")
    assert parts(Thought("why", "s", dialect="gemini")) == [{"text": "why", "thought": True, "thoughtSignature": "s"}]
    assert parts(Thought("why"), Text("a")) == [{"text": "why", "thought": True}, {"text": "a"}]
    assert parts(Text("a"), own) == [{"text": "a"}, {"text": "", "thoughtSignature": "s"}]
    assert parts(own, Text("a"), own, own) == [
        {"text": "", "thoughtSignature": "s"},
        {"text": "a"},
        {"text": "", "thoughtSignature": "s"},
        {"text": "", "thoughtSignature": "s"},
    ]
    assert parts(own, ToolCall("1", "f", "{}"))[0]["thoughtSignature"] == "s"
    assert parts(own, ToolCall("1", "f", "{}", signature="t"))[1]["thoughtSignature"] == "t"
    made = words(Message("assistant", (Thought("why", "s", dialect="anthropic"), Thought(""), Text("a"))))
    assert made.contents[0]["parts"] == [{"text": "a"}]
    assert list(made.dropped) == ["messages.thoughts"]


def test_what_a_result_shows() -> None:
    image = Media("image", "image/png", "aaaa")
    shown = [{"inlineData": {"mimeType": "image/png", "data": "aaaa"}}]
    result = ToolResult("1", (Text("see"), image), "f")
    response = {"id": "1", "name": "f", "response": {"output": "see"}}
    assert parts(result, role="tool") == [{"functionResponse": {**response, "parts": shown}}]
    assert parts(result, role="tool", model="gemini-2.5-pro") == [{"functionResponse": response}, *shown]


@pytest.mark.parametrize(
    "media, made",
    [
        (Media("image", "image/png", "aaaa"), {"inlineData": {"mimeType": "image/png", "data": "aaaa"}}),
        (Media("document", text="hi"), {"inlineData": {"mimeType": "text/plain", "data": "aGk="}}),
        (
            Media("image", url="https://x.y/a.JPG?size=1"),
            {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://x.y/a.JPG?size=1"}},
        ),
        (Media("image", url="https://x.y/a"), {"fileData": {"fileUri": "https://x.y/a"}}),
        (Media("image", url="https://x.y/a.what"), {"fileData": {"fileUri": "https://x.y/a.what"}}),
        (Media("video", "video/mp4", file="gs://a/b"), {"fileData": {"mimeType": "video/mp4", "fileUri": "gs://a/b"}}),
        (
            Media("video", "video/mp4", file="files/b", more={"videoMetadata": {"fps": 1}, "other": 1}),
            {"fileData": {"mimeType": "video/mp4", "fileUri": "files/b"}, "videoMetadata": {"fps": 1}},
        ),
    ],
)
def test_media(media: Media, made: dict[str, Any]) -> None:
    assert parts(media, role="user") == [made]


def test_what_is_left_out_is_told() -> None:
    image = Media("image", "image/png", "aaaa", name="n", detail="low", cache=CACHE)
    made = words(Message("user", (image, Text("a", (Citation("u"),), CACHE))))
    assert sorted(made.dropped) == ["messages.cache", "messages.citations", "messages.detail", "messages.name"]
    assert parts(image, role="user", provider="vertex")[0]["inlineData"]["displayName"] == "n"


def test_refusals() -> None:
    assert refused(Media("image", data="aaaa")) == "messages"
    assert refused(Media("document", file="file-abc")) == "messages"
    assert refused(Media("image")) == "messages"
    assert refused(Media("image", url="https://x.y/a"), provider="vertex") == "messages"
    assert refused(ToolCall("1", "f", "x", custom=True), role="assistant") == "messages"
    assert refused(ToolCall("1", "f", "[1]"), role="assistant") == "messages"
    assert refused(ToolCall("1", "f", "{"), role="assistant") == "messages"
    assert refused(ToolResult("1", ()), role="tool") == "messages"
