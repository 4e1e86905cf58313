from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.plan import Candidate
from outwait.core.request import Call
from outwait.dialects.table import DIALECTS
from outwait.toolkit.check.hearing import Ear, JsonEar, ListEar, StreamEar, Tokens

CALL = Call("openai", "chat.completions", "m", stream=True, body=b"{}")


def stream_ear() -> StreamEar:
    translation = DIALECTS["openai"].translation
    assert translation is not None
    return StreamEar(translation.decoder(CALL, Candidate("c", "openai", "m")))


def json_ear() -> JsonEar:
    translation = DIALECTS["openai"].translation
    assert translation is not None
    return JsonEar(translation.decoder(CALL, Candidate("c", "openai", "m")))


def chunk(finish: str | None = None, usage: dict[str, Any] | None = None, **delta: Any) -> bytes:
    told: dict[str, Any] = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    told["choices"] = [{"index": 0, "delta": delta, "finish_reason": finish}]
    if usage is not None:
        told |= {"choices": [], "usage": usage}
    return b"data: " + json.dumps(told).encode() + b"\n\n"


def usage(output: int, reasoning: int = 0) -> bytes:
    details = {"reasoning_tokens": reasoning}
    return chunk(usage={"prompt_tokens": 5, "completion_tokens": output, "completion_tokens_details": details})


DONE = b"data: [DONE]\n\n"


def heard(ear: StreamEar, *pieces: tuple[float, bytes]) -> Any:
    """Feed pieces with their times; the fault's cause, or None."""
    now = 0.0
    for now, data in pieces:
        ear.feed(data, now)
    failed = ear.end(now)
    return None if failed is None else failed.cause


def test_content_is_timed_and_pings_are_none() -> None:
    ear = stream_ear()
    assert not ear.feed(b": ping\n\n", 1.0)
    assert not ear.feed(b": PROCESSING\n\n", 2.0)
    assert ear.feed(chunk(role="assistant", content=""), 3.0)
    assert ear.feed(chunk(content="a"), 4.0)
    ear.feed(chunk(content="b"), 4.5)
    ear.feed(chunk(content="c"), 7.0)
    ear.feed(chunk(finish="stop") + usage(30) + DONE, 7.1)
    assert ear.over
    assert ear.end(7.1) is None
    assert ear.first == 4.0
    assert ear.last == 7.0
    assert ear.silence == 2.5
    assert ear.tokens()[:2] == (30, "usage")
    assert ear.tokens().rate == pytest.approx(30 * 2 / 3 / 3.0)


def test_without_usage_pieces_are_counted() -> None:
    ear = stream_ear()
    pieces = [(float(n), chunk(content="x")) for n in range(1, 12)]
    assert heard(ear, *pieces, (12.0, chunk(finish="stop") + DONE)) is None
    assert ear.tokens()[:2] == (11, "pieces")
    assert ear.tokens().rate == pytest.approx(1.0)


def test_thoughts_that_were_not_sent_took_no_time_to_come() -> None:
    ear = stream_ear()
    heard(ear, (1.0, chunk(content="a")), (2.0, chunk(content="b") + chunk(finish="stop") + usage(110, 100) + DONE))
    assert ear.tokens()[:2] == (10, "usage")
    assert ear.tokens().rate == pytest.approx(5.0)


def test_thoughts_that_were_sent_are_content() -> None:
    ear = stream_ear()
    heard(
        ear,
        (1.0, chunk(reasoning_content="hm")),
        (2.0, chunk(content="b")),
        (2.0, chunk(finish="stop") + usage(110, 100) + DONE),
    )
    assert ear.first == 1.0
    assert ear.tokens()[:2] == (110, "usage")
    assert ear.tokens().rate == pytest.approx(55.0)


def test_what_came_at_once_has_no_rate() -> None:
    ear = stream_ear()
    heard(ear, (1.0, chunk(content="a") + chunk(content="b")), (1.01, chunk(finish="stop") + usage(40) + DONE))
    assert ear.tokens() == Tokens(40, "usage", None)


@pytest.mark.parametrize(
    "pieces, cause",
    [
        ([chunk(content="a")], "stream_truncated"),
        ([b""], "empty_response"),
        ([chunk(role="assistant"), chunk(finish="stop"), DONE], "empty_response"),
        ([chunk(finish="length"), DONE], None),
        ([b'data: {"error": {"message": "Too many requests", "type": "rate_limit_error"}}\n\n'], "rate_limited"),
        ([b"<html>hello</html>\n"], "bad_response"),
        ([chunk(content="a"), chunk(finish="stop")], None),
        ([chunk(content="a"), chunk(finish="stop").rstrip()], None),
    ],
)
def test_how_a_stream_ends(pieces: list[bytes], cause: str | None) -> None:
    assert heard(stream_ear(), *((1.0, piece) for piece in pieces)) == cause


def test_a_json_reply_has_no_first_token() -> None:
    ear = json_ear()
    body = {
        "id": "x", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "one"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12},
    }  # fmt: skip
    assert not ear.feed(b"\n", 1.0)
    assert ear.feed(json.dumps(body).encode(), 2.0)
    assert ear.end(2.0) is None
    assert (ear.first, ear.tokens()) == (None, Tokens(7, "usage", None))


@pytest.mark.parametrize(
    "body, cause",
    [(b"\n\n", "empty_response"), (b'{"error": {"message": "overloaded"}}', "overloaded"), (b"<html>", "bad_response")],
)
def test_a_json_reply_that_is_none(body: bytes, cause: str) -> None:
    ear = json_ear()
    ear.feed(body, 1.0)
    failed = ear.end(1.0)
    assert failed is not None
    assert failed.cause == cause


def test_an_event_without_an_end_is_given_up() -> None:
    ear = stream_ear()
    for _ in range(8):
        assert not ear.over
        ear.feed(b"data: " + b"x" * (1 << 20), 1.0)
    assert ear.over
    failed = ear.end(1.0)
    assert failed is not None
    assert failed.cause == "bad_response"


def test_a_last_event_without_its_blank_line_counts() -> None:
    ear = stream_ear()
    assert heard(ear, (1.0, chunk(content="a", finish="stop").rstrip())) is None
    assert ear.first == 1.0


def test_a_json_reply_without_an_end_is_given_up() -> None:
    ear = json_ear()
    for _ in range(65):
        assert not ear.over
        ear.feed(b"x" * (1 << 20), 1.0)
    assert ear.over
    failed = ear.end(1.0)
    assert failed is not None
    assert failed.cause == "bad_response"


@pytest.mark.parametrize(
    "body, cause",
    [
        (b'{"data": []}', None),
        (b" [1]", None),
        (b'{"message": "ok", "data": [{"id": "m"}]}', None),
        (b'{"error": null, "models": [{"name": "m"}]}', None),
        (b'{"data": [', "bad_response"),
        (b"<html>", "bad_response"),
        (b" ", "empty_response"),
        (b'{"error": {"message": "overloaded, try later"}}', "overloaded"),
        (b'{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}', "overloaded"),
        (b'{"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}', "overloaded"),
        (b'[{"error": {"code": 429, "message": "Quota", "status": "RESOURCE_EXHAUSTED"}}]', "rate_limited"),
        (b'{"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}', "auth_failed"),
    ],
)
def test_a_list_is_json(body: bytes, cause: str | None) -> None:
    ear = ListEar()
    ear.feed(body, 1.0)
    failed = ear.end(1.0)
    assert (None if failed is None else failed.cause) == cause


def test_of_a_long_list_the_beginning_is_enough() -> None:
    ear = ListEar()
    ear.feed(b'{"data": [' + b'"model", ' * 10_000, 1.0)
    assert ear.end(1.0) is None


def test_of_any_reply_the_beginning_is_kept() -> None:
    ear = Ear()
    for _ in range(3):
        ear.feed(b"x" * 50_000, 1.0)
    assert (ear.heard, len(ear.kept), ear.end(1.0), ear.tokens()) == (150_000, 65536, None, Tokens())


WHOLE = b": hi\n\n" + chunk(content="a") + chunk(content="b") + chunk(finish="stop") + usage(9) + DONE


@given(st.lists(st.integers(1, len(WHOLE) - 1), max_size=12))
def test_it_is_the_same_however_the_bytes_are_cut(cuts: list[int]) -> None:
    ear = stream_ear()
    edges = [0, *sorted(set(cuts)), len(WHOLE)]
    for begin, end in pairwise(edges):
        ear.feed(WHOLE[begin:end], 1.0)
    assert ear.end(1.0) is None
    assert (ear.first, ear.tokens()) == (1.0, Tokens(9, "usage", None))
