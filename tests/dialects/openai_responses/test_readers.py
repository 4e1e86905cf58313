from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from openai import OpenAI

from outwait.core.delta import Began, Called, Counted, Mused, Said, Stopped
from outwait.core.fault import Fault
from outwait.core.plan import Candidate
from outwait.core.reply import Usage
from outwait.core.request import Call, State
from outwait.dialects.dialect import Reader, Resumable
from outwait.dialects.openai_responses.encode import Encoder
from outwait.dialects.openai_responses.readers import JobReader, reader

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


def kept(stream: bool, provider: str = "openai", headers: Mapping[str, str] = EVENTS, **more: Any) -> Reader:
    """The reader for a call whose response outwait keeps, in the background unless said otherwise."""
    fields = {"background": True, **more}
    state = State("resp_ow", background=fields["background"])
    candidate = Candidate("c", "responses", "m", endpoint="responses", provider=provider)
    return reader(structs.replace(call(stream, **fields), state=state), candidate, 200, headers)


def job(stream: bool) -> JobReader:
    made = kept(stream)
    assert isinstance(made, JobReader)
    assert isinstance(made, Resumable)
    return made


RENAMED = STREAM.replace(b'"resp_1"', b'"resp_ow"').replace(b'"background":false', b'"background":true')
AT = STREAM.index(b"event: response.reasoning_summary_text.delta")  # where words begin


@pytest.mark.parametrize("provider", ["openai", "vllm"])
def test_in_the_background_our_id_is_shown_and_nothing_else_changes(
    provider: str, strict: Callable[[bytes], Any]
) -> None:
    out, failed = run(kept(True, provider), STREAM[:300], STREAM[300:])
    assert (out, failed) == (RENAMED, None)
    assert strict(out)[-1][1]["response"]["id"] == "resp_ow"
    folded, failed = run(kept(False, provider), STREAM)
    assert failed is None
    assert json.loads(folded) == json.loads(WHOLE) | {"id": "resp_ow", "background": True}


@pytest.mark.parametrize("provider", ["openai", "vllm"])
def test_a_response_in_one_piece_is_renamed_too(provider: str) -> None:
    out, failed = run(kept(False, provider, JSON), WHOLE)
    assert failed is None
    assert json.loads(out) == json.loads(WHOLE) | {"id": "resp_ow", "background": True}
    out, failed = run(kept(True, provider, JSON), WHOLE)
    assert failed is None
    assert out.count(b'"resp_ow"') == 3
    assert b'"resp_1"' not in out


def test_only_a_job_of_the_providers_own_can_be_resumed() -> None:
    assert not isinstance(kept(True, "vllm"), Resumable)
    assert not isinstance(kept(True, background=False), Resumable)
    assert not isinstance(made(True, False, EVENTS, background=True), Resumable)


def test_without_the_background_a_kept_response_goes_on_as_it_is() -> None:
    assert run(kept(True, background=False), STREAM) == (STREAM, None)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("state", [{"channel": "c", "upstream": "resp_there"}, {"expanded": b"{}"}])
def test_the_response_before_has_the_id_that_the_client_sent(stream: bool, streamed: bool, state: Any) -> None:
    asked = structs.replace(call(stream, previous_response_id="resp_before"), state=State("resp_ow", **state))
    reading = reader(asked, Candidate("c", "responses", "m"), 200, EVENTS if streamed else JSON)
    out, failed = run(reading, STREAM if streamed else WHOLE)
    assert failed is None
    ours = b'"previous_response_id":"resp_before"'
    assert out.count(ours) == (3 if stream else 1)
    kept = out.replace(ours, b'"previous_response_id":null')
    assert kept == (STREAM if stream else WHOLE) or stream is not streamed
    assert b'"id":"resp_1"' in kept
    assert not isinstance(reading, Resumable)


@pytest.mark.parametrize("stream", [True, False])
def test_a_job_tells_its_handle_before_it_has_words(stream: bool) -> None:
    reading = job(stream)
    assert (reading.handle, reading.sequence) == ("", -1)
    first = STREAM.index(b"\n\n") + 2
    assert reading.feed(STREAM[:first]) == b""
    assert (reading.handle, reading.sequence, reading.content) == ("resp_1", 0, False)
    assert reading.feed(STREAM[first:AT]) == b""
    wordless = reading.content
    assert bool(reading.feed(STREAM[AT:])) is stream
    assert (wordless, reading.content) == (False, True)
    assert reading.sequence == STREAM.count(b"sequence_number") - 1


@pytest.mark.parametrize("status", ["queued", "in_progress"])
@pytest.mark.parametrize("stream", [True, False])
def test_a_job_that_only_began_is_no_answer_and_goes_on(stream: bool, status: str) -> None:
    reading = job(stream)
    body = json.dumps({"id": "resp_1", "status": status, "output": []}).encode()
    assert reading.feed(body) == b""
    failed = reading.end().fault
    assert failed is not None
    assert failed.code == "upstream_truncated"
    assert (reading.handle, reading.sequence) == ("resp_1", -1)
    reading.resume()
    out, failed = run(reading, STREAM)
    assert failed is None
    assert (out if stream else out[:15]) == (RENAMED if stream else b'{"id":"resp_ow"')


def test_a_job_whose_first_bytes_broke_off_begins_again() -> None:
    reading = job(stream=True)
    reading.feed(b"eve")
    reading.resume()
    assert run(reading, STREAM) == (RENAMED, None)


def behind(number: int) -> bytes:
    """The stream behind the event of this number, as the provider gives it again."""
    return STREAM.split(b"\n\n", number + 1)[number + 1]


def test_an_event_that_only_the_end_would_complete_is_given_again() -> None:
    reading = job(stream=True)
    cut = STREAM.index(b"\n\n", AT)
    out = reading.feed(STREAM[:cut])
    before = reading.sequence
    assert reading.end().fault is not None
    assert reading.sequence == before
    reading.resume()
    rest, failed = run(reading, behind(before))
    assert (out + rest, failed) == (RENAMED, None)


@given(
    st.lists(st.integers(0, len(STREAM) - 3), min_size=1, max_size=4),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_a_job_that_breaks_anywhere_says_the_same(cuts: list[int], stream: bool, ended: bool, anew: bool) -> None:
    reading, out = job(stream), b""
    for cut in cuts:
        given_now = STREAM if anew else behind(reading.sequence)
        out += reading.feed(given_now[: cut % max(1, len(given_now) - 2)])
        if ended:
            assert reading.end().fault is not None
        reading.resume()
    rest, failed = run(reading, STREAM if anew else behind(reading.sequence))
    assert failed is None
    whole = json.loads(WHOLE) | {"id": "resp_ow", "background": True}
    assert (out + rest == RENAMED) if stream else (json.loads(rest) == whole)
    assert reading.handle == "resp_1"


def test_what_a_job_fails_with_is_told() -> None:
    failed = {"type": "response.failed", "response": {"error": {"code": "server_error", "message": "boom"}}}
    told = run(job(stream=True), b"data: " + json.dumps(failed).encode() + b"\n\n")[1]
    assert told is not None
    assert "boom" in told.message
