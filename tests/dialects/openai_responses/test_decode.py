from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.delta import (
    Began,
    Called,
    Cited,
    Counted,
    Declined,
    Delta,
    Mused,
    Said,
    Showed,
    Stopped,
)
from outwait.core.part import Citation, Denial, Media, Text, Thought, ToolCall
from outwait.core.plan import Candidate
from outwait.core.reply import Usage
from outwait.core.request import Call
from outwait.dialects.gather import Gather
from outwait.dialects.openai_responses.decode import Decoder
from outwait.dialects.openai_responses.encode import Encoder
from outwait.dialects.openai_responses.fold import unfold
from outwait.dialects.sse import Splitter

CALL = Call("openai", "chat.completions", "m", True, b'{"model":"m"}')
CANDIDATE = Candidate("c", "responses", "m", endpoint="responses")
ANNOTATION = {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 2}
LOGPROB = {"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}
RESPONSE: dict[str, Any] = {
    "id": "resp_1", "created_at": 5.0, "model": "up", "status": "completed",
    "output": [
        {
            "id": "rs_1", "type": "reasoning", "encrypted_content": "blob",
            "summary": [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}],
            "content": [{"type": "reasoning_text", "text": "c"}],
        },
        {
            "id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
            "content": [
                {"type": "output_text", "text": "hi", "annotations": [ANNOTATION, "odd"], "logprobs": [LOGPROB]},
                {"type": "refusal", "refusal": "no"},
            ],
        },
        {"id": "fc_1", "type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a":1}'},
        {"id": "ctc_1", "type": "custom_tool_call", "call_id": "c2", "name": "g", "input": "words"},
        {"id": "ws_1", "type": "web_search_call", "status": "completed"},
        {"id": "ig_1", "type": "image_generation_call", "result": "AAAA", "output_format": "webp"},
        {"id": "ig_2", "type": "image_generation_call", "result": None},
    ],
    "usage": {"input_tokens": 3, "output_tokens": 2},
}  # fmt: skip


def made() -> Decoder:
    return Decoder(CALL, CANDIDATE)


def decode(*events: dict[str, Any]) -> tuple[Decoder, list[Delta]]:
    decoder, deltas = made(), list[Delta]()
    for event in events:
        deltas += decoder.event(event["type"].encode(), json.dumps(event).encode())
    return decoder, deltas


def end(kind: str = "completed", **response: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", "response": {"id": "resp_1", "output": [], **response}}


def gathered(deltas: list[Delta]) -> Any:
    gather = Gather()
    for delta in deltas:
        gather.add(delta)
    return gather.answer()


WHOLE_ANSWER = (
    Thought("a\n\nbc", None, "blob", "rs_1", "responses"),
    Text("hi", (Citation("u", "t", None, 0, 2, ANNOTATION, "responses"),)),
    Denial("no"),
    ToolCall("c1", "f", '{"a":1}', ident="fc_1"),
    ToolCall("c2", "g", "words", custom=True, ident="ctc_1"),
    Media("image", "image/webp", "AAAA"),
)


def test_a_json_reply() -> None:
    decoder = made()
    answer = gathered(list(decoder.whole(json.dumps(RESPONSE).encode())))
    assert decoder.complete
    assert (answer.id, answer.model, answer.created, answer.usage) == ("resp_1", "up", 5, Usage(3, 2))
    (choice,) = answer.choices
    assert choice.parts == WHOLE_ANSWER
    assert (choice.reason, choice.logprobs) == ("tool_calls", (LOGPROB,))


def test_a_stream_says_the_same() -> None:
    decoder, deltas = made(), list[Delta]()
    clean = json.loads(json.dumps(RESPONSE))
    clean["output"][1]["content"][0]["annotations"].pop()
    for name, data in Splitter().feed(unfold(json.dumps(clean).encode())):
        deltas += decoder.event(name, data)
    assert (decoder.finished, decoder.complete, decoder.progress) == (True, True, True)
    assert gathered(deltas).choices[0].parts == WHOLE_ANSWER


def test_a_server_that_sends_no_deltas_is_understood() -> None:
    done = [
        {"type": "response.output_item.done", "output_index": index, "item": item}
        for index, item in enumerate(RESPONSE["output"][:3])
    ]
    _, deltas = decode(*done, {"type": "response.completed", "response": RESPONSE})
    assert gathered(deltas).choices[0].parts == WHOLE_ANSWER


def test_only_what_was_not_said_is_said_at_the_end() -> None:
    item = {"id": "msg_1", "type": "message", "content": [{"type": "output_text", "text": "hi", "annotations": []}]}
    _, deltas = decode(
        {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "hi"},
        {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": ""},
        end(output=[item]),
    )
    assert [delta for delta in deltas if isinstance(delta, Said)] == [Said("hi")]


def test_the_beginning_is_told_once() -> None:
    begun = {"type": "response.created", "response": {"id": "resp_1", "model": "up", "created_at": "odd"}}
    _, deltas = decode(begun, begun | {"type": "response.in_progress"}, end())
    assert [delta for delta in deltas if isinstance(delta, Began)] == [Began("resp_1", "up", None)]


@pytest.mark.parametrize(
    "kind, response, before, stopped",
    [
        ("completed", {}, Said("x"), Stopped("stop", told="completed")),
        ("completed", {}, Declined("x"), Stopped("refusal", told="completed")),
        ("completed", {}, Called(0), Stopped("tool_calls", told="completed")),
        ("incomplete", {"incomplete_details": {"reason": "max_output_tokens"}}, Said("x"),
         Stopped("length", told="max_output_tokens")),
        ("incomplete", {"incomplete_details": {"reason": "content_filter"}}, Said("x"),
         Stopped("content_filter", told="content_filter")),
        ("incomplete", {"incomplete_details": None}, Said("x"), Stopped("length")),
    ],
)  # fmt: skip
def test_reasons(kind: str, response: dict[str, Any], before: Delta, stopped: Stopped) -> None:
    item: dict[str, Any] = {"type": "message", "content": [{"text": "x"}]}
    if isinstance(before, Declined):
        item = {"type": "message", "content": [{"refusal": "x"}]}
    elif isinstance(before, Called):
        item = {"type": "function_call", "call_id": "c", "name": "f", "arguments": ""}
    decoder, deltas = decode(end(kind, output=[item], **response))
    assert deltas[-1] == stopped
    assert decoder.complete


def test_a_cancelled_answer_is_no_whole_one() -> None:
    decoder, _ = decode(end("cancelled"))
    assert not decoder.complete
    assert decoder.fault is not None


def test_usage_is_told() -> None:
    _, deltas = decode(end(usage={"input_tokens": 1}))
    assert Counted(Usage(1)) in deltas


def test_an_error_is_a_fault() -> None:
    decoder, deltas = decode({"type": "error", "message": "no"})
    assert deltas == []
    assert decoder.fault is not None
    assert not decoder.complete


def test_a_ping_is_nothing() -> None:
    decoder, deltas = decode({"type": "keepalive"})
    assert (deltas, decoder.progress, decoder.fault) == ([], False, None)


def test_events_of_the_future_are_passed_over() -> None:
    decoder, deltas = decode({"type": "response.new", "x": 1}, {"type": "response.output_text.done", "text": "x"})
    assert (deltas, decoder.progress) == ([], True)


def test_a_reply_that_is_none() -> None:
    decoder = made()
    assert decoder.whole(b"<html>") == []
    assert decoder.fault is not None
    cut = made()
    assert cut.whole(b'{"output":[') == []
    assert not cut.complete
    assert cut.fault is not None
    assert cut.fault.code == "upstream_truncated"


def test_odd_fields_do_not_hinder() -> None:
    _, deltas = decode(
        {"type": "response.output_item.added", "item": "x", "output_index": "y"},
        {"type": "response.function_call_arguments.delta", "output_index": 9, "delta": "lost"},
        {"type": "response.refusal.delta", "delta": ""},
        {"type": "response.reasoning_text.delta", "delta": ""},
        {"type": "response.output_text.annotation.added", "annotation": None},
        {"type": "response.output_item.done", "item": {"type": "message", "content": "x"}},
    )
    assert deltas == []


def test_a_call_is_told_once() -> None:
    item = {"id": "fc_1", "type": "function_call", "call_id": "c", "name": "f", "arguments": ""}
    added = {"type": "response.output_item.added", "output_index": 0, "item": item}
    piece = {"type": "response.function_call_arguments.delta", "output_index": 0, "delta": "{}"}
    done = {"type": "response.output_item.done", "output_index": 0, "item": item | {"arguments": "{}"}}
    _, deltas = decode(added, added, piece, done)
    assert deltas == [Called(0, id="c", name="f", ident="fc_1"), Called(0, arguments="{}")]


_PIECES = st.lists(
    st.one_of(
        st.text(max_size=5).map(Said),
        st.text(max_size=5).map(lambda text: Mused(text, dialect="responses")),
        st.text(max_size=5).map(Declined),
        st.integers(0, 2).map(lambda index: Called(index, id=f"c{index}", name="f", arguments="1")),
        st.just(Showed(Media("image", "image/png", "AA"))),
        st.just(Mused(sealed="blob", dialect="responses")),
        st.just(Cited(Citation("u", "t"))),
    ),
    max_size=12,
)


@given(_PIECES)
def test_what_was_encoded_is_decoded(deltas: list[Delta]) -> None:
    encoder, decoder = Encoder(CALL), made()
    stream = b"".join(encoder.feed(delta) for delta in [Began("resp_1"), *deltas, Stopped("stop")]) + encoder.end()
    told: list[Delta] = []
    for name, data in Splitter().feed(stream):
        told += decoder.event(name, data)
    again = Encoder(CALL)
    for delta in told:
        again.feed(delta)
    again.end()

    def words(response: dict[str, Any]) -> str:
        return json.dumps(response["output"])

    assert decoder.complete
    assert words(again.response) == words(encoder.response)
