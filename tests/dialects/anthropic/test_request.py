from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import Fault, Refusal
from outwait.core.plan import Candidate
from outwait.core.request import Call
from outwait.dialects.anthropic import request

PATH = "/v1/messages"


def read(body: bytes, method: str = "POST", path: str = PATH, **headers: str) -> Call:
    return request.read(method, path, {key.replace("_", "-"): value for key, value in headers.items()}, body)


def refused(body: bytes, method: str = "POST", path: str = PATH, **headers: str) -> Fault:
    with pytest.raises(Refusal) as caught:
        read(body, method, path, **headers)
    return caught.value.fault


def to(model: str, streamed: bool = False, provider: str = "anthropic") -> Candidate:
    return Candidate("c", "anthropic", model, streamed=streamed, endpoint="messages", provider=provider)


@pytest.mark.parametrize(
    "path, name",
    [
        ("/v1/messages", "messages"),
        ("/messages", "messages"),
        ("/v1/messages?beta=true", "messages"),
        ("/v1/messages/count_tokens", "messages.count_tokens"),
        ("/messages/count_tokens?beta=true", "messages.count_tokens"),
        ("/v1/messages/batches", "other"),
        ("/v1/chat/completions", "other"),
    ],
)
def test_endpoints(path: str, name: str) -> None:
    assert request.endpoint(path) == name


def test_the_facts_of_a_call() -> None:
    body = b'{"model":"claude-opus-5","max_tokens":9,"stream":true,"messages":[]}'
    call = read(body, path="/v1/messages?beta=true", content_type="application/json; charset=utf-8")
    assert (call.dialect, call.endpoint, call.model, call.stream) == ("anthropic", "messages", "claude-opus-5", True)
    assert (call.effort, call.foldable, call.path, call.body) == (None, False, "/v1/messages?beta=true", body)


def test_a_count_of_tokens_is_never_streamed() -> None:
    body = b'{"model":"m","stream":true,"messages":[]}'
    call = read(body, path="/v1/messages/count_tokens", content_type="application/json")
    assert (call.endpoint, call.stream, call.foldable) == ("messages.count_tokens", False, False)


@pytest.mark.parametrize(
    "extra, effort",
    [
        ("", None),
        ('"output_config":{"effort":"max"},"thinking":{"type":"adaptive"}', "max"),
        ('"output_config":{"format":{}},"thinking":{"type":"adaptive"}', "high"),
        ('"thinking":{"type":"enabled","budget_tokens":2000}', "low"),
        ('"thinking":{"type":"enabled","budget_tokens":-3}', "minimal"),
        ('"thinking":{"type":"enabled"}', None),
        ('"thinking":{"type":"disabled"}', "none"),
        ('"thinking":"nonsense","output_config":7', None),
    ],
)
def test_how_hard_to_think(extra: str, effort: str | None) -> None:
    call = read(('{"model":"m"' + ("," + extra if extra else "") + "}").encode())
    assert (call.effort, call.foldable) == (effort, True)


@pytest.mark.parametrize(
    "body, method, path, headers, code",
    [
        (b"{}", "POST", "/v1/other", {}, "not_found"),
        (b"{}", "GET", PATH, {}, "method_not_allowed"),
        (b"{}", "POST", PATH, {"content_type": "multipart/form-data"}, "unsupported_media_type"),
        (b"{}", "POST", PATH, {"content_encoding": "gzip"}, "unsupported_media_type"),
        (b'{"model":"\xff"}', "POST", PATH, {}, "invalid_json"),
        (b"", "POST", PATH, {}, "invalid_json"),
        (b"[]", "POST", PATH, {}, "invalid_json"),
        (b"{}", "POST", PATH, {}, "invalid_value"),
        (b'{"model":"a","model":"b"}', "POST", PATH, {}, "duplicate_key"),
        (b'{"model":"a","thinking":{},"thinking":null}', "POST", PATH, {}, "duplicate_key"),
        (b'{"model":"a","mod\\u0065l":"b"}', "POST", PATH, {}, "invalid_value"),
        (b'{"model":"a","x":' + b"[" * 200 + b"]" * 200 + b"}", "POST", PATH, {}, "invalid_json"),
    ],
)  # fmt: skip
def test_what_is_no_request(body: bytes, method: str, path: str, headers: dict[str, str], code: str) -> None:
    assert refused(body, method, path, **headers).code == code


def test_the_same_bytes_go_on() -> None:
    body = b'{ "model" : "m", "temperature": 1.0, "new": {"a": 1e2} }'
    call = read(body)
    assert request.prepare(call, to("m")) is body
    assert request.prepare(call, to("n")) == body.replace(b'"m"', b'"n"')
    assert json.loads(request.prepare(call, to("m", streamed=True))) == {**json.loads(body), "stream": True}
    streams = read(b'{"model":"m","stream":true}')
    assert request.prepare(streams, to("m", streamed=True)) is streams.body


@given(rest=st.dictionaries(st.text(min_size=1, max_size=4), st.integers() | st.text(max_size=5), max_size=4))
def test_where_the_url_says_the_model(rest: dict[str, Any]) -> None:
    rest = {key: value for key, value in rest.items() if key not in {"model", "stream"}}
    call = read(json.dumps({"model": "m", "stream": True, **rest}).encode(), anthropic_beta="a, b,")
    bedrock = json.loads(request.prepare(call, to("x", provider="bedrock")))
    assert bedrock == {**rest, "anthropic_version": "bedrock-2023-05-31", "anthropic_beta": ["a", "b"]}
    vertex = json.loads(request.prepare(call, to("x", provider="vertex")))
    assert vertex == {**rest, "anthropic_version": "vertex-2023-10-16"}


def test_what_the_client_said_itself_stays() -> None:
    call = read(b'{"model":"m","anthropic_version":"v","anthropic_beta":["z"]}', anthropic_beta="a")
    told = json.loads(request.prepare(call, to("x", provider="bedrock")))
    assert told == {"anthropic_version": "v", "anthropic_beta": ["z"]}
