from __future__ import annotations

import json
from typing import Any

import pytest

from outwait.core.reply import Usage
from outwait.dialects.passthrough.endpoints import ENDPOINTS
from outwait.dialects.passthrough.watch import Watch


def judged(endpoint: str, body: object, *, plain: bool = False) -> Watch:
    watch = Watch(ENDPOINTS[endpoint], plain=plain)
    watch.whole(body if isinstance(body, bytes) else json.dumps(body).encode())
    return watch


def watched(endpoint: str, *events: object, expected: int = 1) -> Watch:
    watch = Watch(ENDPOINTS[endpoint], expected)
    for event in events:
        watch.event(b"", event if isinstance(event, bytes) else json.dumps(event).encode())
    return watch


CHUNK: dict[str, Any] = {
    "id": "c",
    "object": "text_completion",
    "choices": [{"index": 0, "text": "hi", "finish_reason": None}],
}


def ended(index: int = 0, text: str = "", reason: str = "stop") -> dict[str, Any]:
    return {**CHUNK, "choices": [{"index": index, "text": text, "finish_reason": reason}]}


# ------------------------------------------------------------------------------------------------------- one body
@pytest.mark.parametrize(
    "endpoint, body, usage",
    [
        (
            "embeddings",
            {"object": "list", "data": [{"embedding": [0.1]}], "usage": {"prompt_tokens": 2, "total_tokens": 2}},
            Usage(input=2),
        ),
        ("embeddings", {"embeddings": [[0.1]], "base_resp": {"status_code": 0}}, None),
        ("embeddings", [[0.1, 0.2]], None),
        ("images.generations", {"created": 1, "data": [{"b64_json": "aGk="}], "error": None}, None),
        ("images.variations", {"images": [{"url": "http://h/1.png"}]}, None),
        ("moderations", {"id": "m", "results": [{"flagged": False}]}, None),
        ("rerank", {"results": [{"index": 0}], "meta": {"tokens": {"input_tokens": 3}}}, Usage(input=3)),
        ("rerank", {"code": 0, "message": "success", "data": [{"index": 1}]}, None),
        ("rerank", b'[{"index":0,"score":0.5}]', None),
        ("audio.transcriptions", {"text": "hi", "usage": {"type": "duration", "seconds": 3}}, None),
        ("audio.speech", {"audio": "aGk="}, None),
        ("completions", {"choices": [{"text": "hi", "finish_reason": "stop"}]}, None),
        ("completions", {"choices": [{"message": {"content": "hi"}}]}, None),
        ("completions", {"choices": "odd"}, None),
        ("embeddings", b'{"data":[1],"note":"\\ud83d"}', None),
        ("rerank", b'["\\ud83d"]', None),
        ("completions", b'{"choices":[{"text":"half \\ud83d"}]}', None),
    ],
)
def test_good_bodies(endpoint: str, body: object, usage: Usage | None) -> None:
    watch = judged(endpoint, body)
    assert (watch.fault, watch.complete, watch.content, watch.usage) == (None, True, True, usage)


@pytest.mark.parametrize(
    "endpoint, body",
    [
        ("embeddings", {"data": []}),
        ("embeddings", []),
        ("embeddings", b'{"data": [] }'),
        ("images.generations", {"created": 1, "data": []}),
        ("completions", {"choices": []}),
        ("completions", {"choices": [{"text": ""}]}),
    ],
)
def test_empty_bodies_have_no_content(endpoint: str, body: object) -> None:
    watch = judged(endpoint, body)
    assert (watch.fault, watch.complete, watch.content, watch.wordless) == (None, True, False, False)


@pytest.mark.parametrize(
    "endpoint, body",
    [
        ("audio.transcriptions", {"text": ""}),
        ("audio.translations", {"text": ""}),
        ("rerank", {"results": []}),
        ("rerank", []),
        ("completions", {"choices": [{"text": "", "finish_reason": "stop"}]}),
    ],
)
def test_some_answers_may_be_empty(endpoint: str, body: object) -> None:
    watch = judged(endpoint, body)
    assert (watch.fault, watch.complete, watch.content, watch.wordless) == (None, True, False, True)


@pytest.mark.parametrize(
    "endpoint, body, code, cause",
    [
        ("embeddings", {"error": {"message": "Rate limit reached", "code": 429}}, "upstream_error", "rate_limited"),
        ("embeddings", {"error": "boom", "data": [1]}, "upstream_error", "upstream_error"),
        ("embeddings", {"base_resp": {"status_code": 1004, "status_msg": "x"}}, "upstream_error", "upstream_error"),
        ("embeddings", {"code": 20012, "message": "No model", "data": None}, "upstream_error", "upstream_error"),
        ("rerank", {"object": "error", "message": "bad", "code": 400}, "upstream_error", "bad_request"),
        ("moderations", {"type": "error", "message": "bad"}, "upstream_error", "upstream_error"),
        ("audio.speech", {"error": {"message": "no voice"}}, "upstream_error", "upstream_error"),
        ("completions", {"choices": [{"text": "h", "finish_reason": "error"}]}, "upstream_error", "upstream_error"),
        ("embeddings", {"hello": "world"}, "upstream_bad_response", "bad_response"),
        ("embeddings", "a string", "upstream_bad_response", "bad_response"),
        ("embeddings", b"<html>", "upstream_bad_response", "bad_response"),
        ("embeddings", b'{"data":[1,2', "upstream_truncated", "stream_truncated"),
        ("embeddings", b"[1,2", "upstream_truncated", "stream_truncated"),
        ("embeddings", b"[1,2}", "upstream_bad_response", "bad_response"),
        ("embeddings", b'{"x":' + b"[" * 5000 + b"]" * 5000 + b"}", "upstream_bad_response", "bad_response"),
        ("embeddings", b'{"error":' + b"[" * 200 + b"]" * 200 + b"}", "upstream_bad_response", "bad_response"),
        ("embeddings", b"[" * 5000 + b"]" * 5000, "upstream_bad_response", "bad_response"),
    ],
)  # fmt: skip
def test_bad_bodies(endpoint: str, body: object, code: str, cause: str) -> None:
    watch = judged(endpoint, body)
    assert watch.fault is not None
    assert (watch.fault.code, watch.fault.cause) == (code, cause)


def test_an_error_that_is_none_after_all() -> None:
    watch = judged("embeddings", {"object": "list", "data": [1], "error": 0, "base_resp": {"status_code": None}})
    assert (watch.fault, watch.content) == (None, True)
    watch = judged("audio.speech", {"error": [], "data": "x"})
    assert (watch.fault, watch.content) == (None, True)


def test_a_text_where_json_was_expected() -> None:
    assert judged("audio.transcriptions", b"hello there", plain=True).complete
    told = judged("audio.transcriptions", b' {"error":{"message":"no"}}', plain=True).fault
    assert told is not None
    assert judged("audio.transcriptions", b"hello there").fault is not None


# ------------------------------------------------------------------------------------------------------- events
def test_a_completion_ends_with_done() -> None:
    watch = watched("completions", CHUNK)
    assert (watch.begun, watch.content, watch.complete, watch.progress) == (True, True, False, True)
    watch = watched("completions", CHUNK, b"[DONE]")
    assert (watch.finished, watch.complete) == (True, True)


def test_or_when_every_choice_of_every_prompt_has_ended() -> None:
    assert watched("completions", CHUNK, ended()).complete
    assert not watched("completions", CHUNK, ended(), expected=2).complete
    assert not watched("completions", CHUNK, ended(1)).complete
    assert watched("completions", CHUNK, ended(1), ended(0), expected=2).complete
    assert not watched("completions", CHUNK, ended(1), ended(0), expected=2).finished


def test_a_completion_may_have_nothing_to_add() -> None:
    watch = watched("completions", ended())
    assert (watch.content, watch.wordless, watch.complete) == (False, True, True)


def test_a_choice_may_fail() -> None:
    assert watched("completions", CHUNK, ended(reason="error")).fault is not None


def test_usage_of_a_stream_and_choices_that_are_odd() -> None:
    watch = watched(
        "completions",
        {**CHUNK, "choices": [1, {"index": "x", "text": 3}]},
        {"choices": [], "usage": {"prompt_tokens": 4}},
    )
    assert watch.usage == Usage(input=4)
    assert not watch.content


def test_pictures_end_when_all_are_there() -> None:
    partial = {"type": "image_generation.partial_image", "b64_json": "aGk=", "partial_image_index": 0}
    done = {"type": "image_generation.completed", "b64_json": "aGk=", "usage": {"input_tokens": 1, "output_tokens": 2}}
    watch = watched("images.generations", partial)
    assert (watch.content, watch.complete) == (True, False)
    watch = watched("images.generations", partial, done)
    assert (watch.complete, watch.finished, watch.usage) == (True, True, Usage(input=1, output=2))
    assert not watched("images.generations", partial, done, expected=2).complete
    assert watched("images.generations", partial, done, done, expected=2).finished


def test_an_events_name_may_stand_for_its_type() -> None:
    watch = Watch(ENDPOINTS["images.edits"])
    assert watch.event(b"image_edit.completed", b'{"b64_json":"aGk="}')
    assert watch.finished


def test_a_transcription_ends_with_its_done_event() -> None:
    delta = {"type": "transcript.text.delta", "delta": "hi"}
    assert not watched("audio.transcriptions", delta).complete
    assert watched("audio.transcriptions", delta, {"type": "transcript.text.done", "text": "hi"}).finished
    silence = watched("audio.transcriptions", {"type": "transcript.text.done", "text": ""})
    assert (silence.content, silence.wordless, silence.finished) == (False, True, True)


def test_a_transcription_told_in_chunks() -> None:
    chunk = {"object": "transcription.chunk", "choices": [{"index": 0, "delta": {"content": "hi"}}]}
    watch = watched("audio.transcriptions", chunk, b"[DONE]")
    assert (watch.content, watch.complete, watch.finished) == (True, True, True)


def test_done_alone_is_no_end_of_a_picture() -> None:
    watch = watched("images.generations", {"type": "image_generation.partial_image", "b64_json": "aGk="}, b"[DONE]")
    assert (watch.finished, watch.complete) == (True, False)
    assert Watch(ENDPOINTS["images.generations"]).event(b"", b"[DONE]")
    assert not Watch(ENDPOINTS["completions"]).event(b"", b"[DONE]")


def test_speech() -> None:
    sound = {"type": "speech.audio.delta", "audio": "aGk="}
    done = {"type": "speech.audio.done", "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}}
    watch = watched("audio.speech", sound, done)
    assert (watch.content, watch.finished, watch.usage) == (True, True, Usage(input=1, output=2))
    assert not watched("audio.speech", done).content


@pytest.mark.parametrize("name, data", [(b"", b"{}"), (b"ping", b'{"type":"ping"}'), (b"", b""), (b"keepalive", b"x")])
def test_pings_are_not_progress(name: bytes, data: bytes) -> None:
    watch = Watch(ENDPOINTS["completions"])
    assert not watch.event(name, data)
    assert (watch.progress, watch.begun, watch.fault) == (False, False, None)


@pytest.mark.parametrize(
    "name, data, code",
    [
        (b"error", b"overloaded", "upstream_error"),
        (b"error", b'{"type":"x","message":"no"}', "upstream_error"),
        (b"", b'{"type":"error","message":"no"}', "upstream_error"),
        (b"", b'{"type":"transcript.text.delta","error":{"message":"no"}}', "upstream_error"),
        (b"", b'{"error":{"message":"no"}}', "upstream_error"),
        (b"", b"[1]", "upstream_bad_response"),
        (b"", b"{cut", "upstream_bad_response"),
    ],
)
def test_errors_in_a_stream(name: bytes, data: bytes, code: str) -> None:
    watch = Watch(ENDPOINTS["audio.transcriptions"])
    assert not watch.event(name, data)
    assert watch.fault is not None
    assert watch.fault.code == code


def test_events_of_the_future_are_for_the_client_whatever_they_say() -> None:
    watch = Watch(ENDPOINTS["audio.transcriptions"])
    assert watch.event(b"", b'{"type":"transcript.note","message":"speaker changed","code":500}')
    assert watch.fault is None


def test_what_stood_where_a_stream_should_have_been() -> None:
    watch = Watch(ENDPOINTS["completions"])
    told = watch.stray(b'{"error":{"message":"no"}}\n')
    assert told is not None
    assert told.code == "upstream_error"
    assert watch.stray(b"<html>\n") is None
