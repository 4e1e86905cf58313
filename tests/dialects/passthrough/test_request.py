from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import Fault, Refusal
from outwait.core.plan import Candidate
from outwait.core.request import Call
from outwait.dialects.passthrough import request

JSON = {"content-type": "application/json"}


def post(path: str, **fields: Any) -> Call:
    return request.read("POST", path, JSON, json.dumps(fields).encode())


def send(path: str, fields: dict[str, str], **headers: str) -> Call:
    sent = httpx2.Request("POST", "http://h/", data=fields, files={"file": ("a.mp3", b"\x00\xff--\r\n" * 9)})
    return request.read("POST", path, {"content-type": sent.headers["content-type"], **headers}, sent.read())


def refused(method: str, path: str, headers: dict[str, str], body: bytes) -> Fault:
    with pytest.raises(Refusal) as caught:
        request.read(method, path, headers, body)
    return caught.value.fault


def refused_form(fields: dict[str, Any], path: str = "/v1/audio/transcriptions") -> Fault:
    with pytest.raises(Refusal) as caught:
        send(path, fields)
    return caught.value.fault


@pytest.mark.parametrize(
    "path, endpoint",
    [
        ("/v1/completions", "completions"),
        ("/v1/embeddings", "embeddings"),
        ("/v1/images/generations", "images.generations"),
        ("/v1/images/edits", "images.edits"),
        ("/v1/images/variations", "images.variations"),
        ("/v1/audio/speech", "audio.speech"),
        ("/v1/audio/transcriptions", "audio.transcriptions"),
        ("/v1/audio/translations", "audio.translations"),
        ("/v1/moderations", "moderations"),
        ("/v1/rerank", "rerank"),
        ("/rerank", "rerank"),
    ],
)
def test_every_route_is_read(path: str, endpoint: str) -> None:
    call = post(path, model="m", input="x")
    assert (call.dialect, call.endpoint, call.model, call.foldable, call.path) == ("openai", endpoint, "m", False, path)
    assert (call.stream, call.effort, call.include_usage) == (False, None, False)
    assert request.endpoint(path) == endpoint
    assert post(f"{path}?api-version=1", model="m").endpoint == endpoint


def test_what_is_no_plain_route() -> None:
    assert request.endpoint("/v1/chat/completions") == "other"
    assert refused("POST", "/v1/files", JSON, b"{}").code == "not_found"
    assert refused("GET", "/v1/embeddings", JSON, b"").code == "method_not_allowed"


@pytest.mark.parametrize(
    "path, fields, stream",
    [
        ("/v1/completions", {"stream": True}, True),
        ("/v1/completions", {"stream": None}, False),
        ("/v1/completions", {"stream": False}, False),
        ("/v1/images/generations", {"stream": True, "partial_images": 2}, True),
        ("/v1/images/edits", {"stream": True}, True),
        ("/v1/audio/speech", {"stream_format": "sse"}, True),
        ("/v1/audio/speech", {"stream_format": "audio"}, False),
        ("/v1/audio/speech", {"stream": True}, False),
        ("/v1/audio/speech", {"stream_format": 1}, False),
        ("/v1/embeddings", {"stream": "whatever"}, False),
        ("/v1/rerank", {"stream": True}, False),
    ],
)
def test_which_field_asks_for_a_stream(path: str, fields: dict[str, Any], stream: bool) -> None:
    assert post(path, model="m", **fields).stream is stream


def test_usage_of_a_streamed_completion_is_asked_for() -> None:
    assert post("/v1/completions", model="m", stream=True, stream_options={"include_usage": True}).include_usage
    assert not post("/v1/completions", model="m", stream=True, stream_options={"include_usage": None}).include_usage


@pytest.mark.parametrize(
    "path, body, code, param",
    [
        ("/v1/embeddings", b"", "invalid_json", None),
        ("/v1/embeddings", b"[]", "invalid_json", None),
        ("/v1/embeddings", b'{"model":"m","input":"\xff"}', "invalid_json", None),
        ("/v1/embeddings", b'{"input":"x"}', "invalid_value", "model"),
        ("/v1/embeddings", b'{"model":null}', "invalid_value", "model"),
        ("/v1/embeddings", b'{"model":"m","model":"n"}', "duplicate_key", "model"),
        ("/v1/embeddings", b'{"mod\\u0065l":"m","model":"n"}', "invalid_value", "model"),
        ("/v1/completions", b'{"model":"m","stream":true,"stream":false}', "duplicate_key", "stream"),
        ("/v1/audio/speech", b'{"model":"m","stream_format":1,"stream_format":2}', "duplicate_key", "stream_format"),
        ("/v1/completions", b'{"model":"m","stream":"yes"}', "invalid_value", "stream"),
        ("/v1/images/generations", b'{"prompt":"a cat"}', "invalid_value", "model"),
        ("/v1/images/edits", b'{"prompt":"a cat"}', "invalid_value", "model"),
    ],
)  # fmt: skip
def test_bad_json(path: str, body: bytes, code: str, param: str | None) -> None:
    fault = refused("POST", path, JSON, body)
    assert (fault.code, fault.param) == (code, param)


def test_a_moderation_that_names_no_model_has_openais_default() -> None:
    call = post("/v1/moderations", input="x")
    assert call.model == "omni-moderation-latest"
    assert request.prepare(call, Candidate("c", "openai", "omni-moderation-latest")) is call.body
    changed = json.loads(request.prepare(call, Candidate("c", "openai", "text-moderation")))
    assert changed == {"input": "x", "model": "text-moderation"}


def test_forms_belong_where_files_do() -> None:
    form = {"content-type": "multipart/form-data; boundary=B"}
    assert refused("POST", "/v1/embeddings", form, b"--B--").code == "unsupported_media_type"
    fault = refused("POST", "/v1/images/edits", {"content-type": "application/x-www-form-urlencoded"}, b"model=m")
    assert (fault.code, fault.status) == ("unsupported_media_type", 415)
    assert "multipart/form-data" in fault.message
    assert refused("POST", "/v1/images/edits", {"content-type": "multipart/mixed; boundary=B"}, b"").status == 415
    assert refused("POST", "/v1/images/edits", {"content-type": "multipart/form-data"}, b"--B--").code == "bad_request"
    assert refused("POST", "/v1/images/edits", {**form, "content-encoding": "gzip"}, b"--B--").status == 415
    assert refused("POST", "/v1/images/edits", {**JSON, "content-encoding": "gzip"}, b"{}").status == 415


@pytest.mark.parametrize(
    "path, fields, stream",
    [
        ("/v1/audio/transcriptions", {"stream": "true"}, True),
        ("/v1/audio/transcriptions", {"stream": "True"}, True),
        ("/v1/audio/transcriptions", {"stream": "1"}, True),
        ("/v1/audio/transcriptions", {"stream": "false"}, False),
        ("/v1/audio/transcriptions", {"stream": ""}, False),
        ("/v1/audio/transcriptions", {}, False),
        ("/v1/audio/translations", {"stream": "true"}, False),
        ("/v1/images/edits", {"stream": "on", "n": "2"}, True),
        ("/v1/images/variations", {}, False),
    ],
)
def test_forms(path: str, fields: dict[str, str], stream: bool) -> None:
    call = send(path, {"model": "whisper-1", **fields})
    assert (call.model, call.stream, call.foldable) == ("whisper-1", stream, False)
    assert request.is_form(call.headers)


@pytest.mark.parametrize(
    "fields, code, param",
    [
        ({}, "invalid_value", "model"),
        ({"model": ""}, "invalid_value", "model"),
        ({"model": "a\nb"}, "invalid_value", "model"),
        ({"model": "m" * 2000}, "invalid_value", "model"),
        ({"model": ["a", "b"]}, "duplicate_key", "model"),
        ({"model": "m", "stream": "maybe"}, "invalid_value", "stream"),
        ({"model": "m", "stream": ["true", "false"]}, "duplicate_key", "stream"),
        ({"model": b"\xff"}, "invalid_value", "model"),
    ],
)
def test_bad_forms(fields: dict[str, Any], code: str, param: str) -> None:
    fault = refused_form(fields)
    assert (fault.code, fault.param) == (code, param)


@pytest.mark.parametrize(
    "fields, count, written",
    [
        ({"n": "3", "response_format": "srt"}, 3, "srt"),
        ({"n": "0"}, 1, None),
        ({"n": "-2"}, 1, None),
        ({"n": "9" * 50}, 1, None),
        ({"n": "two"}, 1, None),
        ({}, 1, None),
    ],
)
def test_facts_of_a_form(fields: dict[str, str], count: int, written: str | None) -> None:
    facts = request.facts(send("/v1/images/edits", {"model": "m", **fields}))
    assert (facts.count, facts.written) == (count, written)


@pytest.mark.parametrize("n, count", [(3, 3), (0, 1), (-1, 1), ("x", 1), (None, 1), (10**9, 1)])
def test_facts_of_json(n: object, count: int) -> None:
    assert request.facts(post("/v1/images/generations", model="m", n=n)).count == count


def test_json_bodies_change_only_in_the_models_name() -> None:
    body = b'{ "input": ["\\u00fc", 1.50] ,"model" : "small", "x":{"model":"inner"}}'
    call = request.read("POST", "/v1/embeddings", JSON, body)
    assert request.prepare(call, Candidate("c", "openai", "small")) is body
    assert request.prepare(call, Candidate("c", "openai", "large-3")) == body.replace(b'"small"', b'"large-3"')


@given(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=40))
def test_forms_change_only_in_the_models_name(name: str) -> None:
    call = send("/v1/audio/transcriptions", {"prompt": "old-model", "model": "old-model", "stream": "true"})
    assert request.prepare(call, Candidate("c", "openai", "old-model")) is call.body
    changed = request.prepare(call, Candidate("c", "openai", name))
    again = request.read("POST", call.path, call.headers, changed)
    assert (again.model, again.stream) == (name, True)
    first, _, last = call.body.rpartition(b"old-model")
    assert changed == first + name.encode() + last
