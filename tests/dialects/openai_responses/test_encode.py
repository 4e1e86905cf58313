from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs
from openai import OpenAI

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
from outwait.core.part import Citation, Media, Text, Thought, ToolCall
from outwait.core.reply import Usage
from outwait.core.request import Call, State
from outwait.dialects.openai_responses import proofs
from outwait.dialects.openai_responses.encode import Encoder, whole

LOGPROB = {"token": "a", "logprob": -0.5, "bytes": None, "top_logprobs": [{"token": "b", "logprob": -1.0}]}
TOOL = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}
BODY = {"model": "m", "input": "q", "instructions": "be brief", "tools": [TOOL], "temperature": 0.5, "user": None}


def call(body: dict[str, Any] | None = None) -> Call:
    return Call("responses", "responses", "m", True, json.dumps(body or BODY).encode())


def stream(*deltas: Delta, body: dict[str, Any] | None = None) -> bytes:
    encoder = Encoder(call(body))
    return b"".join(encoder.feed(delta) for delta in deltas) + encoder.end()


EVERYTHING: tuple[Delta, ...] = (
    Began("chatcmpl-1", "gpt-x", 7),
    Mused("hm"),
    Mused(" so"),
    Mused(signature="sig", dialect="anthropic"),
    Said("Hel", logprobs=(LOGPROB,)),
    Said("lo"),
    Cited(Citation("https://a.example", "A")),
    Cited(Citation(quote="no address")),
    Declined("but no"),
    Called(0, id="c1", name="f", arguments='{"a"'),
    Called(1, id="c2", name="g"),
    Called(0, arguments=":1}"),
    Called(1, arguments="{}"),
    Showed(Media("image", "image/webp", "AAAA")),
    Showed(Media("audio", "audio/wav", "AAAA")),
    Counted(Usage(10, 5, 4, 3, 2)),
    Stopped("tool_calls"),
)


def test_a_stream_of_everything_is_valid_and_whole(
    strict: Callable[[bytes], Any], served: Callable[[bytes], OpenAI]
) -> None:
    body = stream(*EVERYTHING)
    events = strict(body)
    assert [kind for kind, _ in events][:2] == ["response.created", "response.in_progress"]
    assert [value["sequence_number"] for _, value in events] == list(range(len(events)))
    final = events[-1][1]["response"]
    assert [item["type"] for item in final["output"]] == [
        "reasoning", "message", "function_call", "function_call", "image_generation_call",
    ]  # fmt: skip
    with served(body).responses.stream(model="m", input="q") as reading:
        made = reading.get_final_response()
    assert made.output_text == "Hello"
    assert made.model_dump(exclude_unset=True)["output"][2]["arguments"] == '{"a":1}'
    assert made.usage is not None
    assert made.usage.total_tokens == 15
    assert made.instructions == "be brief"
    assert made.temperature == 0.5
    assert made.id.startswith("resp_")


def test_the_items_of_a_response() -> None:
    encoder = Encoder(call())
    for delta in EVERYTHING:
        encoder.feed(delta)
    encoder.end()
    thought, message, first, second, image = encoder.response["output"]
    assert thought["summary"] == [{"type": "summary_text", "text": "hm so"}]
    assert thought["encrypted_content"] == proofs.proof_of(Thought("", "sig", None, None, "anthropic"))
    assert message["content"] == [
        {
            "type": "output_text",
            "text": "Hello",
            "annotations": [
                {"type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 0, "end_index": 5}
            ],
            "logprobs": [
                {
                    "token": "a",
                    "logprob": -0.5,
                    "bytes": [97],
                    "top_logprobs": [{"token": "b", "logprob": -1.0, "bytes": [98], "top_logprobs": []}],
                }
            ],
        },
        {"type": "refusal", "refusal": "but no"},
    ]
    assert (first["call_id"], first["name"], second["call_id"]) == ("c1", "f", "c2")
    assert image["result"] == "AAAA"
    assert image["output_format"] == "webp"
    assert encoder.response["tools"] == [{"description": None, "strict": False, **TOOL}]


@pytest.mark.parametrize(
    "reason, declined, status, why",
    [
        ("stop", False, "completed", None),
        ("tool_calls", False, "completed", None),
        ("pause", False, "completed", None),
        ("length", False, "incomplete", "max_output_tokens"),
        ("context_length", False, "incomplete", "max_output_tokens"),
        ("content_filter", False, "incomplete", "content_filter"),
        ("refusal", False, "incomplete", "content_filter"),
        ("refusal", True, "completed", None),
    ],
)
def test_how_a_response_ends(
    strict: Callable[[bytes], Any], reason: str, declined: bool, status: str, why: str | None
) -> None:
    deltas = (Declined("no"),) if declined else (Said("words"),)
    kind, value = strict(stream(*deltas, Stopped(reason)))[-1]
    assert kind == f"response.{status}"
    assert value["response"]["incomplete_details"] == (why and {"reason": why})
    assert value["response"]["output"][0]["status"] == status
    assert value["response"]["usage"] is None


def test_words_around_a_call_are_two_messages(strict: Callable[[bytes], Any]) -> None:
    deltas = (Said("a"), Called(0, id="c", name="t", arguments="x", custom=True), Said("b"), Mused("c"), Said("d"))
    output = strict(stream(*deltas, Stopped("stop")))[-1][1]["response"]["output"]
    assert [item["type"] for item in output] == ["message", "custom_tool_call", "message", "reasoning", "message"]
    assert output[1]["input"] == "x"


def test_proofs_travel_in_reasoning_items(strict: Callable[[bytes], Any]) -> None:
    deltas = (
        Mused(sealed="blob", dialect="anthropic"),
        Mused("open"),
        Mused(sealed="own", dialect="responses"),
        Called(0, name="f", signature="g", arguments="{}"),
    )
    output = strict(stream(*deltas, Stopped("tool_calls")))[-1][1]["response"]["output"]
    assert [item["type"] for item in output] == ["reasoning", "reasoning", "reasoning", "function_call"]
    assert proofs.thought_of("", output[0]["encrypted_content"], None) == Thought(sealed="blob", dialect="anthropic")
    assert output[1]["encrypted_content"] == "own"
    assert proofs.signature_in(output[2]["encrypted_content"]) == "g"
    assert output[3]["call_id"].startswith("call_")


def test_what_says_nothing_makes_no_item(strict: Callable[[bytes], Any]) -> None:
    deltas = (
        Said(""),
        Mused(""),
        Declined(""),
        Cited(Citation("https://a.example")),
        Said("of another choice", 1),
        Began("a second beginning"),
        Stopped("stop"),
    )
    events = strict(stream(*deltas))
    assert [kind for kind, _ in events] == ["response.created", "response.in_progress", "response.completed"]


def test_a_stream_may_end_without_a_word(strict: Callable[[bytes], Any]) -> None:
    assert [kind for kind, _ in strict(stream())][-1] == "response.completed"


def test_a_citation_needs_words_of_the_answer(strict: Callable[[bytes], Any]) -> None:
    events = strict(stream(Declined("no"), Cited(Citation("https://a.example")), Stopped("stop")))
    assert "response.output_text.annotation.added" not in [kind for kind, _ in events]


def test_a_json_reply_says_the_same(response_of: Callable[[bytes], dict[str, Any]]) -> None:
    answer = Answer(
        "resp_1",
        "up",
        5,
        (Choice((Thought("t", "s", dialect="anthropic"), Text("hi"), ToolCall("c", "f", "{}")), "tool_calls"),),
        Usage(3, 2),
    )
    assert (
        response_of(whole(structs.replace(call(), created=17), structs.replace(answer, created=None)))["created_at"]
        == 17
    )
    made = response_of(whole(structs.replace(call(), created=17), answer))
    assert (made["id"], made["model"], made["created_at"], made["status"]) == ("resp_1", "up", 5, "completed")
    assert [item["type"] for item in made["output"]] == ["reasoning", "message", "function_call"]
    assert made["usage"]["total_tokens"] == 5


def test_a_kept_response_has_our_id_and_repeats_what_was_asked(
    strict: Callable[[bytes], Any], response_of: Callable[[bytes], dict[str, Any]]
) -> None:
    asked = call({**BODY, "background": True, "previous_response_id": "resp_before"})
    asked = structs.replace(asked, state=State("resp_ow", background=True))
    answer = Answer("resp_other", choices=(Choice((Text("hi"),)),))
    encoder = Encoder(asked)
    events = strict(encoder.feed(Began("resp_other")) + encoder.feed(Said("hi")) + encoder.end())
    told = response_of(whole(asked, answer))
    for response in (events[0][1]["response"], events[-1][1]["response"], told):
        assert (response["id"], response["background"]) == ("resp_ow", True)
        assert response["previous_response_id"] == "resp_before"
    # Items have ids of their own, in each response of a conversation.
    other = structs.replace(asked, state=State("resp_ox"))
    again = response_of(whole(other, answer))
    assert again["output"][0]["id"] != told["output"][0]["id"]
