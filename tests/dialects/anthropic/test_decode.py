from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.delta import Began, Called, Cited, Counted, Declined, Delta, Mused, Said, Stopped
from outwait.core.plan import Candidate
from outwait.core.reply import Usage
from outwait.core.request import Call
from outwait.dialects.anthropic.decode import Decoder, decoder
from outwait.dialects.anthropic.fold import line, unfold
from outwait.dialects.sse import Splitter

MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "redacted_thinking", "data": "d"},
        {"type": "text", "text": "x", "citations": [{"type": "c", "url": "u"}]},
        {"type": "future", "a": 1},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}},
        {"type": "tool_use", "id": "u", "name": "g", "input": {}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {"input_tokens": 3, "cache_read_input_tokens": 2, "output_tokens": 4},
}
BODY = json.dumps(MESSAGE).encode()


def deltas(stream: bytes, cuts: list[int] | None = None) -> tuple[list[Delta], Decoder]:
    made, splitter = Decoder(), Splitter()
    at = sorted({min(cut, len(stream)) for cut in cuts or []} | {0, len(stream)})
    said: list[Delta] = []
    for start, end in itertools.pairwise(at):
        for name, data in splitter.feed(stream[start:end]):
            said += made.event(name, data)
    return said, made


def test_a_stream() -> None:
    said, made = deltas(unfold(BODY))
    counted = [delta for delta in said if isinstance(delta, Counted)]
    assert [delta for delta in said if not isinstance(delta, Counted | Cited)] == [
        Began("msg_1", "m"),
        Mused("hm", dialect="anthropic"),
        Mused(signature="s", dialect="anthropic"),
        Mused(sealed="d", dialect="anthropic"),
        Said("x"),
        Called(0, id="t", name="f"),
        Called(0, arguments='{"a":1}'),
        Called(1, id="u", name="g"),
        Called(1, arguments="{}"),
        Stopped("tool_calls", told="tool_use"),
    ]
    assert counted[-1] == Counted(Usage(input=5, output=4, cached=2))
    assert [delta.citation.url for delta in said if isinstance(delta, Cited)] == ["u"]
    assert (made.finished, made.complete, made.fault, made.progress) == (True, True, None, True)


@given(cuts=st.lists(st.integers(0, 4000), max_size=8))
def test_any_split_gives_the_same(cuts: list[int]) -> None:
    assert deltas(unfold(BODY), cuts)[0] == deltas(unfold(BODY))[0]


def test_a_whole_message_says_the_same() -> None:
    made = Decoder()
    assert made.whole(BODY) == deltas(unfold(BODY))[0]
    assert made.complete


def test_a_cut_stream_has_no_end() -> None:
    stream = unfold(BODY)
    said, made = deltas(stream[: stream.index(b"event: message_stop")])
    assert not made.complete
    assert not any(isinstance(delta, Stopped) for delta in said)


@pytest.mark.parametrize(
    "theirs, sequence, ours",
    [
        ("end_turn", None, "stop"),
        ("stop_sequence", "END", "stop"),
        ("max_tokens", None, "length"),
        ("pause_turn", None, "pause"),
        ("refusal", None, "refusal"),
        ("model_context_window_exceeded", None, "context_length"),
        ("something_new", None, "stop"),
    ],
)
def test_reasons(theirs: str, sequence: str | None, ours: str) -> None:
    body = MESSAGE | {"stop_reason": theirs, "stop_sequence": sequence}
    assert Decoder().whole(json.dumps(body).encode())[-1] == Stopped(ours, sequence=sequence, told=theirs)


def test_why_it_refuses() -> None:
    details = {"type": "refusal", "category": "bio", "explanation": "not this"}
    body = MESSAGE | {"content": [], "stop_reason": "refusal", "stop_details": details}
    said = list(Decoder().whole(json.dumps(body).encode()))
    assert said[-2:] == [Declined("not this"), Stopped("refusal", told="refusal")]


def test_its_own_words_of_refusal_say_it_better() -> None:
    details = {"type": "refusal", "category": "bio", "explanation": "not this"}
    words = [{"type": "text", "text": "I can't."}]
    body = MESSAGE | {"content": words, "stop_reason": "refusal", "stop_details": details}
    said = list(Decoder().whole(json.dumps(body).encode()))
    assert not any(isinstance(delta, Declined) for delta in said)
    assert said[-1] == Stopped("refusal", told="refusal")


def test_arguments_that_stand_in_the_beginning() -> None:
    stream = b"".join([
        line("content_block_start", index=0, content_block={"type": "tool_use", "id": "t", "input": {"a": 1}}),
        line("message_stop"),
    ])  # fmt: skip
    assert deltas(stream)[0][1] == Called(0, arguments='{"a":1}')


def test_words_that_stand_in_the_beginning() -> None:
    stream = b"".join([
        line("content_block_start", index=0, content_block={"type": "text", "text": "a", "citations": [{"url": "u"}]}),
        line("content_block_start", index=1, content_block={"type": "thinking", "thinking": "b", "signature": "s"}),
        line("content_block_stop", index=1),
    ])  # fmt: skip
    said = deltas(stream)[0]
    assert (said[0], said[2:]) == (
        Said("a"),
        [Mused("b", dialect="anthropic"), Mused(signature="s", dialect="anthropic")],
    )


@pytest.mark.parametrize(
    "event",
    [
        line("message_start", message=None),
        line("content_block_start", index=0, content_block=None),
        line("content_block_start", index="0", content_block={"type": "text"}),
        line("content_block_start", index=0, content_block={"type": "text", "text": 1, "citations": 1}),
        line("content_block_delta", index=9, delta={"type": "text_delta", "text": "x"}),
        line("content_block_delta", index=0, delta=None),
        line("content_block_delta", index=0, delta={"type": "signature_delta", "signature": "x"}),
        line("content_block_stop", index=9),
        line("message_delta", delta=None),
        line("message_delta", delta={"stop_reason": None}),
        line("ping"),
        line("future"),
        b"event: future\ndata: no json\n\n",
        b"event: future\ndata: [1]\n\n",
    ],
)
def test_what_says_nothing(event: bytes) -> None:
    said, made = deltas(line("content_block_start", index=0, content_block={"type": "text", "text": ""}) + event)
    assert [delta for delta in said if delta != Said("")] == []
    assert made.fault is None


def test_empty_pieces_of_arguments() -> None:
    stream = line("content_block_start", index=0, content_block={"type": "tool_use"}) + line(
        "content_block_delta", index=0, delta={"type": "input_json_delta", "partial_json": ""}
    )
    assert deltas(stream)[0] == [Called(0)]


def test_an_odd_citation() -> None:
    stream = line("content_block_start", index=0, content_block={"type": "text"}) + line(
        "content_block_delta", index=0, delta={"type": "citations_delta", "citation": 1}
    )
    assert isinstance(deltas(stream)[0][0], Cited)


def test_errors() -> None:
    said, made = deltas(line("error", error={"type": "overloaded_error", "message": "Overloaded"}))
    assert said == []
    assert made.fault is not None
    assert made.fault.status == 503
    again = Decoder()
    assert again.whole(b'{"type":"error","error":{"type":"api_error","message":"x"}}') == ()
    assert again.fault is not None


def counting(body: bytes) -> tuple[list[Delta], Decoder]:
    call = Call("gemini", "models.count_tokens", "m", False, b"{}")
    made = decoder(call, Candidate("c", "anthropic", "m", endpoint="messages.count_tokens"))
    return list(made.whole(body)), made


def test_a_count() -> None:
    said, made = counting(b'{"input_tokens":12}')
    assert said == [Counted(Usage(input=12))]
    assert made.complete
    said, made = counting(BODY)
    assert said == []
    assert made.fault is not None


def test_a_count_where_a_message_should_be() -> None:
    made = Decoder()
    assert made.whole(b'{"input_tokens":12}') == ()
    assert made.fault is not None
    assert made.fault.code == "upstream_bad_response"


def test_half_a_message_was_cut() -> None:
    made = Decoder()
    assert made.whole(BODY[: len(BODY) // 2]) == ()
    assert made.fault is not None
    assert made.fault.code == "upstream_truncated"
