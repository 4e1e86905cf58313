from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.plan import Candidate
from outwait.core.reply import Ending, Usage
from outwait.core.request import Call
from outwait.dialects.dialect import Reader
from outwait.dialects.passing import HOLD_LIMIT
from outwait.dialects.passthrough import readers

SSE, JSON = "text/event-stream", "application/json"
TO = Candidate("c", "openai", "m")


def call(endpoint: str, *, stream: bool = False, include_usage: bool = False, **fields: Any) -> Call:
    body = json.dumps({"model": "m", **fields}).encode()
    return Call("openai", endpoint, "m", stream, body, {"content-type": JSON}, None, False, include_usage)


def reader(asked: Call, kind: str = JSON, **headers: str) -> Reader:
    named = {"content-type": kind} if kind else {}
    return readers.reader(asked, TO, 200, named | {key.replace("_", "-"): value for key, value in headers.items()})


def read(made: Reader, body: bytes, size: int = 1 << 30) -> Ending:
    out = b"".join(made.feed(body[at : at + size]) for at in range(0, len(body), size))
    ending = made.end()
    return Ending(out + ending.data, ending.fault, ending.usage)


def failed(made: Reader, body: bytes) -> str:
    ending = read(made, body)
    assert ending.fault is not None
    return ending.fault.code


def events(*told: object) -> bytes:
    return b"".join(b"data: %s\n\n" % json.dumps(each).encode() for each in told)


CHUNK = {"choices": [{"index": 0, "text": "hi", "finish_reason": None}]}
LAST = {
    "choices": [{"index": 0, "text": "", "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1},
}
PARTIAL = {"type": "image_generation.partial_image", "b64_json": "YQ==", "partial_image_index": 0}
DRAWN = {"type": "image_generation.completed", "b64_json": "Yg==", "usage": {"input_tokens": 5, "output_tokens": 6}}
DELTA, TOLD = {"type": "transcript.text.delta", "delta": "hi"}, {"type": "transcript.text.done", "text": "hi"}
SOUND, SAID = {"type": "speech.audio.delta", "audio": "aGk="}, {"type": "speech.audio.done"}
DONE = b"data: [DONE]\n\n"


# ------------------------------------------------------------------------------------------------------------- JSON
@pytest.mark.parametrize("size", [1, 7, 1 << 30])
def test_json_goes_through_byte_for_byte(size: int) -> None:
    body = b'{ "object":"list","data":[{"embedding":[0.10]}],"usage":{"prompt_tokens":2,"total_tokens":2}} '
    made = reader(call("embeddings"), openai_version="2020-10-01", set_cookie="x")
    assert read(made, b"\n\n" + body, size) == Ending(body, None, Usage(input=2))
    assert (made.head.content_type, made.head.headers) == (JSON, (("openai-version", "2020-10-01"),))


def test_a_large_body_is_held_until_it_is_whole() -> None:
    made = reader(call("images.generations"))
    picture = b'{"data":[{"b64_json":"' + b"A" * (2 * HOLD_LIMIT)
    assert made.feed(picture) == b""
    end = b'"}],"usage":{"input_tokens":5,"output_tokens":6}}'
    assert read(made, end) == Ending(picture + end, None, Usage(input=5, output=6))
    assert failed(reader(call("images.generations")), picture) == "upstream_truncated"


@pytest.mark.parametrize(
    "endpoint, kind, body, code",
    [
        ("embeddings", JSON, b"", "upstream_empty"),
        ("embeddings", JSON, b'{"data":[]}', "upstream_empty"),
        ("embeddings", "", b"<html>", "upstream_bad_response"),
        ("embeddings", "application/problem+json", b'{"error":"x"}', "upstream_error"),
        ("audio.speech", JSON, b'{"error":{"message":"no voice"}}', "upstream_error"),
        ("audio.speech", "text/html", b"<html>", "upstream_bad_response"),
        ("audio.speech", "audio/mpeg", b'{"error":{"message":"no voice"}}', "upstream_error"),
        ("audio.speech", "audio/mpeg", b"", "upstream_empty"),
        ("audio.speech", SSE, events(SOUND), "upstream_bad_response"),
        ("images.generations", SSE, events(DRAWN), "upstream_bad_response"),
        ("audio.transcriptions", "text/plain", b"words", "upstream_bad_response"),
        ("audio.transcriptions", "text/html", b"<html>", "upstream_bad_response"),
    ],
)
def test_what_is_no_answer(endpoint: str, kind: str, body: bytes, code: str) -> None:
    assert failed(reader(call(endpoint), kind), body) == code


# ------------------------------------------------------------------------------------------------------ completions
def test_a_streamed_completion() -> None:
    made = reader(call("completions", stream=True), SSE)
    body = events(CHUNK, LAST) + DONE
    assert read(made, b": ping\n\n" + body) == Ending(body, None, Usage(input=3, output=1))
    assert made.head.content_type == "text/event-stream; charset=utf-8"


@pytest.mark.parametrize("prompt, n", [("x", 1), ([1, 2, 3], 1), (["x"], 1), ([[1, 2]], 1), (7, 1), ([], 1), (None, 1)])
def test_a_completion_that_ends_without_done(prompt: object, n: int) -> None:
    body = events(CHUNK, LAST)
    assert read(reader(call("completions", stream=True, prompt=prompt, n=n), SSE), body).data == body + DONE
    assert (
        failed(reader(call("completions", stream=True, prompt=prompt, n=n), SSE), events(CHUNK)) == "upstream_truncated"
    )


@pytest.mark.parametrize("prompt, n", [("x", 2), (["x", "y"], 1), ([[1], [2]], 1)])
def test_all_choices_of_all_prompts_must_end(prompt: object, n: int) -> None:
    asked = call("completions", stream=True, prompt=prompt, n=n)
    assert failed(reader(asked, SSE), events(CHUNK, LAST)) == "upstream_truncated"
    assert read(reader(asked, SSE), events(CHUNK, LAST) + DONE).fault is None


def test_a_body_that_cannot_be_read_asked_for_one_completion() -> None:
    odd = Call("openai", "completions", "m", True, b'{"model":"m","prompt":{}}', {"content-type": JSON})
    assert read(reader(odd, SSE), events(CHUNK, LAST)).fault is None


def test_a_completion_streamed_for_a_client_that_asked_for_json() -> None:
    ending = read(reader(call("completions"), SSE), events(CHUNK, LAST) + DONE)
    assert json.loads(ending.data)["choices"][0]["text"] == "hi"
    assert ending.usage == Usage(input=3, output=1)


def test_a_completion_whole_for_a_client_that_asked_for_a_stream() -> None:
    body = json.dumps({"choices": [{"index": 0, "text": "hi", "finish_reason": "stop"}], "usage": {"prompt_tokens": 3}})
    ending = read(reader(call("completions", stream=True, include_usage=True)), body.encode())
    assert ending.data.count(b"data: ") == 3
    assert ending.data.endswith(DONE)


# ------------------------------------------------------------------------------------------------- pictures, words
@pytest.mark.parametrize(
    "endpoint, told, cut",
    [
        ("images.generations", (PARTIAL, DRAWN), (PARTIAL,)),
        ("audio.transcriptions", (DELTA, TOLD), (DELTA,)),
        ("audio.speech", (SOUND, SAID), (SOUND,)),
    ],
)
def test_events_end_with_their_own_end(endpoint: str, told: tuple[object, ...], cut: tuple[object, ...]) -> None:
    asked = call(endpoint, stream=True)
    made = reader(asked, SSE)
    assert made.feed(events(*told)) == events(*told)
    assert made.finished
    assert made.end().fault is None
    assert failed(reader(asked, SSE), events(*cut)) == "upstream_truncated"
    assert failed(reader(asked, SSE), events({"error": {"message": "no"}})) == "upstream_error"


def test_as_many_pictures_as_were_asked_for() -> None:
    asked = call("images.generations", stream=True, n=2)
    assert failed(reader(asked, SSE), events(DRAWN)) == "upstream_truncated"
    assert read(reader(asked, SSE), events(DRAWN, DRAWN)).data == events(DRAWN, DRAWN)


def test_a_picture_is_larger_than_other_events() -> None:
    large = events({**DRAWN, "b64_json": "A" * (9 << 20)})
    assert read(reader(call("images.generations", stream=True), SSE), large).data == large


def test_pictures_and_words_whole_for_a_client_that_asked_for_a_stream() -> None:
    ending = read(reader(call("images.edits", stream=True)), b'{"data":[{"b64_json":"YQ=="}]}')
    assert ending.data.startswith(b'event: image_edit.completed\ndata: {"type":"image_edit.completed"')
    ending = read(reader(call("audio.transcriptions", stream=True)), b'{"text":"hi"}')
    assert [json.loads(line[6:]) for line in ending.data.split(b"\n\n")[:-1]] == [DELTA, TOLD]
    ending = read(reader(call("audio.transcriptions", stream=True), "text/plain"), b"some words")
    assert ending.data.count(b"some words") == 2


# ------------------------------------------------------------------------------------------------------------ sound
def test_sound_keeps_its_type_and_its_name() -> None:
    made = reader(call("audio.speech"), "audio/mpeg", content_length="5", content_disposition="attachment")
    assert read(made, b"ID3\x00\xff", 2).data == b"ID3\x00\xff"
    assert (made.head.status, made.head.content_type) == (200, "audio/mpeg")
    assert made.head.headers == (("content-disposition", "attachment"),)
    assert reader(call("audio.speech"), "").head.content_type == "application/octet-stream"


def test_sound_for_a_client_that_asked_for_events() -> None:
    made = reader(call("audio.speech", stream=True), "audio/mpeg")
    assert read(made, b"hi").data == events(SOUND, SAID).replace(b": ", b":").replace(b"data:", b"data: ").replace(
        b", ", b","
    )
    assert made.head.content_type.startswith(SSE)
    assert failed(reader(call("audio.speech", stream=True)), b'{"audio":"aGk="}') == "upstream_bad_response"
    assert failed(reader(call("audio.speech", stream=True), "text/plain"), b"hi") == "upstream_bad_response"


@pytest.mark.parametrize("kind", ["text/plain; charset=utf-8", "application/x-subrip", "text/vtt"])
def test_subtitles_keep_their_type(kind: str) -> None:
    made = reader(call("audio.transcriptions", response_format="srt"), kind)
    assert read(made, b"1\n00:00").data == b"1\n00:00"
    assert made.head.content_type == kind
    assert read(reader(call("audio.translations", response_format="srt"), kind), b"") == Ending()
    assert failed(reader(call("audio.translations", response_format="srt"), ""), b"") == "upstream_empty"


def test_json_for_a_client_that_asked_for_subtitles() -> None:
    made = reader(call("audio.transcriptions", response_format="srt"))
    assert read(made, b'{"text":"hi"}').data == b'{"text":"hi"}'
    assert made.head.content_type == JSON


# ---------------------------------------------------------------------------------------------------------- splits
@pytest.mark.parametrize(
    "endpoint, stream, kind, body",
    [
        ("completions", True, SSE, b": x\n\n" + events(CHUNK, LAST) + DONE),
        ("completions", True, "", events(CHUNK, LAST) + DONE),
        ("completions", False, SSE, events(CHUNK, LAST)),
        ("completions", True, JSON, json.dumps({"choices": [{"text": "hi"}]}).encode()),
        ("images.generations", True, SSE, events(PARTIAL, DRAWN)),
        ("audio.transcriptions", True, SSE, events(DELTA, TOLD)),
        ("moderations", False, JSON, b'{"results":[{"flagged":true}]}'),
        ("rerank", False, "", b'[{"index":0}]'),
    ],
)
@given(cuts=st.lists(st.integers(0, 300), max_size=8))
def test_any_split_gives_the_same(endpoint: str, stream: bool, kind: str, body: bytes, cuts: list[int]) -> None:
    whole = read(reader(call(endpoint, stream=stream), kind), body)
    places = sorted({0, len(body), *(min(cut, len(body)) for cut in cuts)})
    made = reader(call(endpoint, stream=stream), kind)
    out = b"".join(made.feed(body[at:to]) for at, to in pairwise(places))
    ending = made.end()
    assert ending.fault is None
    assert (out + ending.data, ending.usage) == (whole.data, whole.usage)
