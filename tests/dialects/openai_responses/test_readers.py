from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import OpenAI

from outwait.core.delta import Began, Called, Counted, Mused, Said, Stopped
from outwait.core.fault import Fault
from outwait.core.plan import Candidate
from outwait.core.reply import Usage
from outwait.core.request import Call
from outwait.dialects.dialect import Reader
from outwait.dialects.openai_responses.encode import Encoder
from outwait.dialects.openai_responses.readers import reader

EVENTS = {"content-type": "text/event-stream; charset=utf-8", "openai-version": "2020-10-01"}
JSON = {"content-type": "application/json"}
BODY: dict[str, Any] = {"model": "m", "input": "q"}


def call(stream: bool, **more: Any) -> Call:
    return Call("responses", "responses", "m", stream, json.dumps({**BODY, **more}).encode())


def answer() -> tuple[bytes, bytes]:
    """One answer as a stream and as a whole."""
    encoder = Encoder(call(stream=True))
    deltas = (
        Began("resp_1", "m", 1),
        Mused("hm"),
        Said("Grüß "),
        Said("dich"),
        Called(0, id="c", name="f", arguments="{}"),
        Counted(Usage(3, 2, 1)),
        Stopped("tool_calls"),
    )
    stream = b"".join(encoder.feed(delta) for delta in deltas) + encoder.end()
    return stream, json.dumps(encoder.response, separators=(",", ":"), ensure_ascii=False).encode()


STREAM, WHOLE = answer()


def made(stream: bool, streamed: bool, headers: Mapping[str, str], **more: Any) -> Reader:
    return reader(call(stream, **more), Candidate("c", "responses", "m", streamed=streamed), 200, headers)


def run(reading: Reader, *pieces: bytes) -> tuple[bytes, Fault | None]:
    out = b"".join(reading.feed(piece) for piece in pieces)
    ending = reading.end()
    return out + ending.data, ending.fault


def test_a_stream_goes_on_as_it_is() -> None:
    reading = made(True, False, EVENTS)
    assert reading.head.headers == (("openai-version", "2020-10-01"),)
    out, failed = run(reading, b": hi\n\n", STREAM[:200], STREAM[200:])
    assert (out, failed) == (STREAM, None)
    assert reading.usage == Usage(3, 2, 1)
    assert reading.finished


def test_keepalives_are_swallowed_and_the_future_is_not() -> None:
    events = STREAM.split(b"\n\n")
    ping = b'event: keepalive\ndata: {"type":"keepalive","sequence_number":2}'
    new = b'event: response.of_the_future\ndata: { "type":"response.of_the_future" ,"x":1.0}'
    given_events = b"\n\n".join([*events[:2], ping, new, *events[2:]])
    assert run(made(True, False, EVENTS), given_events)[0] == b"\n\n".join([*events[:2], new, *events[2:]])


def test_nothing_is_out_before_the_first_words() -> None:
    reading = made(True, False, EVENTS)
    before, after = STREAM.split(b"event: response.reasoning_summary_text.delta", 1)
    assert reading.feed(before) == b""
    assert not reading.content
    assert reading.feed(b"event: response.reasoning_summary_text.delta" + after).startswith(b"event: response.created")


def test_a_background_job_is_known_at_once() -> None:
    reading = made(True, False, EVENTS, background=True)
    first = STREAM[: STREAM.index(b"\n\n") + 2]
    assert reading.feed(first) == first


def test_a_stream_folds_into_the_response_it_ends_with() -> None:
    out, failed = run(made(False, True, EVENTS), STREAM)
    assert failed is None
    assert json.loads(out) == json.loads(WHOLE)


def test_a_response_goes_on_as_it_is() -> None:
    assert run(made(False, False, JSON), b" \n", WHOLE[:9], WHOLE[9:]) == (WHOLE, None)


def test_a_response_unfolds(strict: Callable[[bytes], Any], served: Callable[[bytes], OpenAI]) -> None:
    out, failed = run(made(True, False, JSON), WHOLE)
    assert failed is None
    assert strict(out)[-1][0] == "response.completed"
    with served(out).responses.stream(model="m", input="q") as reading:
        assert reading.get_final_response().output_text == "Grüß dich"


@pytest.mark.parametrize("stream", [True, False])
def test_a_failed_response_is_a_fault_that_leaves_no_trace(stream: bool) -> None:
    failed = {"type": "response.failed", "response": {"error": {"code": "server_error", "message": "boom"}}}
    begun = STREAM.split(b"\n\n")[0] + b"\n\n"
    reading = made(stream, True, EVENTS)
    assert reading.feed(begun + b"data: " + json.dumps(failed).encode() + b"\n\n") == b""
    ending = reading.end()
    assert ending.data == b""
    assert ending.fault is not None
    assert "boom" in ending.fault.message


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("cut", [1, 2, 3, 8])
def test_a_cut_stream_is_no_answer(stream: bool, cut: int) -> None:
    events = STREAM.split(b"\n\n")
    _, failed = run(made(stream, True, EVENTS), b"\n\n".join(events[: -cut - 1]) + b"\n\n")
    assert failed is not None
    assert failed.code == "upstream_truncated"


def test_a_cut_body_is_no_answer() -> None:
    failed = run(made(False, False, JSON), WHOLE[:-9])[1]
    assert failed is not None
    assert failed.code == "upstream_truncated"


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_the_state_of_a_background_job_is_an_answer(status: str) -> None:
    body = json.dumps({"id": "resp_1", "status": status, "output": []}).encode()
    assert run(made(False, False, JSON, background=True), body) == (body, None)


def test_an_empty_answer_is_a_fault_unless_it_was_cut_short() -> None:
    def end(kind: str) -> bytes:
        return b'data: {"type":"response.%s","response":{"output":[]}}\n\n' % kind.encode()

    failed = run(made(True, False, EVENTS), end("completed"))[1]
    assert failed is not None
    assert failed.code == "upstream_empty"
    assert run(made(True, False, EVENTS), end("incomplete"))[1] is None


@given(st.lists(st.integers(0, len(STREAM)), max_size=10), st.booleans())
def test_pieces_of_any_size_say_the_same(cuts: list[int], stream: bool) -> None:
    marks = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in pairwise(marks)]
    assert run(made(stream, True, EVENTS), *pieces) == run(made(stream, True, EVENTS), STREAM)
