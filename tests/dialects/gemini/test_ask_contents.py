from __future__ import annotations

from typing import Any

import pytest

from outwait.core.ask import Message
from outwait.core.fault import Refusal
from outwait.core.part import Media, Part, Text, Thought, ToolCall, ToolResult
from outwait.dialects.gemini.ask_contents import Contents, is_object, kind_of
from outwait.dialects.gemini.proof import carry


def reads(*contents: Any) -> list[Message]:
    read = Contents()
    for at, content in enumerate(contents):
        read.add(content, f"contents[{at}]")
    return read.messages


def model(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"role": "model", "parts": list(parts)}


def user(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "parts": list(parts)}


def refused(*contents: Any) -> tuple[str, str | None]:
    with pytest.raises(Refusal) as caught:
        reads(*contents)
    return caught.value.fault.code, caught.value.fault.param


def said(*parts: dict[str, Any]) -> tuple[Part, ...]:
    (message,) = reads(model(*parts))
    return message.parts


def test_roles() -> None:
    found = reads({"parts": [{"text": "a"}]}, model({"text": "b"}), {"role": "", "parts": {"text": "c"}}, model())
    assert found == [
        Message("user", (Text("a"),)),
        Message("assistant", (Text("b"),)),
        Message("user", (Text("c"),)),
    ]


def test_parallel_calls_and_their_results() -> None:
    found = reads(
        model(
            {"functionCall": {"name": "f", "args": {"a": 1}}, "thought_signature": "c2ln"},
            {"function_call": {"name": "f"}},
        ),
        {
            "role": "function",
            "parts": [
                {"functionResponse": {"name": "f", "response": {"output": "one"}}},
                {"functionResponse": {"name": "f", "response": {"error": "two"}}},
                {"text": "go on"},
            ],
        },
    )
    assert found == [
        Message("assistant", (ToolCall("call_1", "f", '{"a":1}', signature="c2ln"), ToolCall("call_2", "f", "{}"))),
        Message(
            "tool", (ToolResult("call_1", (Text("one"),), "f"), ToolResult("call_2", (Text("two"),), "f", failed=True))
        ),
        Message("user", (Text("go on"),)),
    ]


def test_ids_are_kept_and_never_made_twice() -> None:
    found = reads(
        model({"functionCall": {"id": "call_1", "name": "f"}}, {"functionCall": {"name": "g"}}),
        user({"functionResponse": {"name": "g", "response": {}}}, {"functionResponse": {"id": "call_1", "name": "f"}}),
    )
    calls, results = found[0].parts, found[1].parts
    assert [part.id for part in calls if isinstance(part, ToolCall)] == ["call_1", "call_2"]
    assert [part.id for part in results if isinstance(part, ToolResult)] == ["call_2", "call_1"]


@pytest.mark.parametrize(
    "response, text, failed",
    [
        ({"result": "x", "n": 1.5}, '{"result":"x","n":1.5}', False),
        ({"output": "plain"}, "plain", False),
        ({"output": '{"a":1}'}, '{"output":"{\\"a\\":1}"}', False),
        ({"output": 5}, '{"output":5}', False),
        ({"error": "broken"}, "broken", True),
        ({"error": {"code": 1}}, '{"error":{"code":1}}', False),
        ({}, "{}", False),
    ],
)
def test_what_a_function_gave(response: dict[str, Any], text: str, failed: bool) -> None:
    found = reads(
        model({"functionCall": {"name": "f"}}), user({"functionResponse": {"name": "f", "response": response}})
    )
    assert found[1].parts == (ToolResult("call_1", (Text(text),), "f", failed),)


def test_a_result_may_show_something_and_say_nothing() -> None:
    shown = [{"inlineData": {"mimeType": "image/png", "data": "aaaa"}}, {"file_data": {"fileUri": "gs://b/f"}}]
    response = {"name": "f", "response": {"output": ""}, "parts": shown}
    found = reads(model({"functionCall": {"name": "f"}}), user({"functionResponse": response}))
    result = found[1].parts[0]
    assert isinstance(result, ToolResult)
    assert result.parts == (Media("image", "image/png", "aaaa"), Media("document", file="gs://b/f"))


def test_thoughts() -> None:
    assert said({"text": "a", "thought": True}, {"text": "b", "thought": True}, {"text": "c"}) == (
        Thought("ab"),
        Text("c"),
    )
    assert said({"text": "a", "thought": True, "thoughtSignature": "c2ln"}) == (Thought("a", "c2ln", dialect="gemini"),)
    assert said({"text": "a", "thoughtSignature": "c2ln"}, {"text": "", "thoughtSignature": "c2ln"}) == (
        Text("a"),
        Thought("", "c2ln", dialect="gemini"),
        Thought("", "c2ln", dialect="gemini"),
    )
    assert said({"text": ""}) == (Text(""),)
    assert said({}) == (Text(""),)


def test_thoughts_of_other_models_come_back() -> None:
    thought = Thought("why", "sig", None, "rs_1", "anthropic")
    whole, bare = carry(thought, text=True), carry(thought, text=False)
    assert said({"text": "", "thought": True, "thoughtSignature": whole}, {"text": "x"}) == (thought, Text("x"))
    assert said({"text": "wh", "thought": True}, {"text": "y", "thought": True, "thoughtSignature": bare}) == (thought,)
    assert said({"text": "wh", "thought": True}, {"text": "y", "thought": True, "thoughtSignature": whole}) == (
        thought,
    )
    assert said({"text": "x", "thoughtSignature": whole}) == (thought, Text("x"))
    assert said({"text": "", "thoughtSignature": whole}) == (thought,)
    call = {"functionCall": {"name": "f"}, "thoughtSignature": whole}
    assert said(call) == (thought, ToolCall("call_1", "f", "{}"))


@pytest.mark.parametrize(
    "part, media",
    [
        ({"inlineData": {"mimeType": "image/png", "data": "a-_a"}}, Media("image", "image/png", "a+/a")),
        ({"inline_data": {"mime_type": "audio/wav", "data": ""}}, Media("audio", "audio/wav", "")),
        ({"fileData": {"fileUri": "https://x.y/z.pdf"}}, Media("document", url="https://x.y/z.pdf")),
        (
            {"fileData": {"fileUri": "files/f", "mimeType": "video/mp4", "displayName": "n"}},
            Media("video", "video/mp4", file="files/f", name="n"),
        ),
        (
            {
                "inlineData": {"mimeType": "image/png", "data": "aaaa"},
                "thoughtSignature": "c2ln",
                "mediaResolution": {},
            },
            Media("image", "image/png", "aaaa", more={"mediaResolution": {}, "thoughtSignature": "c2ln"}),
        ),
    ],
)
def test_media(part: dict[str, Any], media: Media) -> None:
    assert said(part) == (media,)


AT = "contents[0].parts[0]"


@pytest.mark.parametrize(
    "content, code, param",
    [
        (7, "invalid_value", "contents[0]"),
        ({"role": "system", "parts": []}, "invalid_value", "contents[0].role"),
        ({"parts": 7}, "invalid_value", "contents[0].parts"),
        ({"parts": [7]}, "invalid_value", AT),
        ({"parts": [], "x": 1}, "not_expressible", "contents[0].x"),
        (user({"executableCode": {}}), "not_expressible", f"{AT}.executableCode"),
        (user({"text": "a", "fileData": {}}), "invalid_value", AT),
        (user({"text": 7}), "invalid_value", f"{AT}.text"),
        (user({"functionCall": {"name": "f"}}), "invalid_value", AT),
        (model({"functionResponse": {"name": "f"}}), "invalid_value", AT),
        (model({"functionCall": {}}), "invalid_value", f"{AT}.functionCall.name"),
        (model({"functionCall": 5}), "invalid_value", f"{AT}.functionCall"),
        (model({"functionCall": {"name": "f", "args": 5}}), "invalid_value", f"{AT}.functionCall.args"),
        (
            model({"functionCall": {"name": "f", "partialArgs": []}}),
            "not_expressible",
            f"{AT}.functionCall.partialArgs",
        ),
        (user({"functionResponse": {"name": "f"}}), "invalid_value", f"{AT}.functionResponse"),
        (user({"functionResponse": {"id": "x"}}), "invalid_value", f"{AT}.functionResponse.name"),
        (user({"functionResponse": {"scheduling": "x"}}), "not_expressible", f"{AT}.functionResponse.scheduling"),
        (user({"inlineData": {"data": "aaaa"}}), "invalid_value", f"{AT}.inlineData.mimeType"),
        (user({"inlineData": {"mimeType": "a/b"}}), "invalid_value", f"{AT}.inlineData.data"),
        (user({"inlineData": {"mimeType": "a/b", "data": "!"}}), "invalid_value", f"{AT}.inlineData.data"),
        (user({"inlineData": {"mimeType": "a/b", "data": "ü"}}), "invalid_value", f"{AT}.inlineData.data"),
        (user({"inlineData": {"mimeType": "a/b", "x": "!"}}), "not_expressible", f"{AT}.inlineData.x"),
        (user({"fileData": {}}), "invalid_value", f"{AT}.fileData.fileUri"),
        (user({"fileData": {"fileUri": "ftp://x"}}), "invalid_value", f"{AT}.fileData.fileUri"),
    ],
)
def test_refusals(content: Any, code: str, param: str) -> None:
    assert refused(content) == (code, param)


def test_a_part_of_a_result_must_be_media() -> None:
    response = {"name": "f", "parts": [{"text": "x"}]}
    param = "contents[1].parts[0].functionResponse.parts[0]"
    assert refused(model({"functionCall": {"name": "f"}}), user({"functionResponse": response})) == (
        "invalid_value",
        param,
    )


def test_small_things() -> None:
    assert is_object(' {"a":1}')
    assert not is_object("[1]")
    assert not is_object("{")
    assert (kind_of("IMAGE/png"), kind_of(None), kind_of("text/plain")) == ("image", "document", "document")
