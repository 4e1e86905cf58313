from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import Fault, Refusal
from outwait.core.plan import Candidate
from outwait.core.request import Call
from outwait.dialects.openai_chat import request

PATH = "/v1/chat/completions"


def read(body: bytes, method: str = "POST", path: str = PATH, **headers: str) -> Call:
    return request.read(method, path, {key.replace("_", "-"): value for key, value in headers.items()}, body)


def refused(body: bytes, method: str = "POST", path: str = PATH, **headers: str) -> Fault:
    with pytest.raises(Refusal) as caught:
        read(body, method, path, **headers)
    return caught.value.fault


def to(model: str, streamed: bool = False) -> Candidate:
    return Candidate("c", "openai", model, streamed=streamed)


def test_the_facts_of_a_call() -> None:
    body = (
        b'{"model":"o3","stream":true,"stream_options":{"include_usage":true},"reasoning_effort":"high","messages":[]}'
    )
    call = read(body, content_type="application/json; charset=utf-8")
    assert (call.model, call.stream, call.effort, call.include_usage, call.foldable) == (
        "o3",
        True,
        "high",
        True,
        False,
    )
    assert call.body is body
    assert (call.dialect, call.endpoint) == ("openai", "chat.completions")


@pytest.mark.parametrize(
    "extra, effort, foldable",
    [
        ("", None, True),
        (',"stream":null', None, True),
        (',"reasoning":{"effort":"low"}', "low", True),
        (',"reasoning_effort":3,"reasoning":"x"', None, True),
        (',"modalities":["text","audio"],"audio":{"voice":"a"}', None, False),
        (',"modalities":["text"],"audio":null', None, True),
        (',"stream_options":"nonsense"', None, True),
        (',"n":2', None, True),
    ],
)
def test_facts_by_field(extra: str, effort: str | None, foldable: bool) -> None:
    call = read(b'{"model":"m"%s}' % extra.encode())
    assert (call.effort, call.foldable, call.stream) == (effort, foldable, False)


@pytest.mark.parametrize(
    "body, code, param",
    [
        (b"", "invalid_json", None),
        (b"{", "invalid_json", None),
        (b"[]", "invalid_json", None),
        (b'"model"', "invalid_json", None),
        (b'{"model":"m"} x', "invalid_json", None),
        (b'{"model":"m","x":NaN}', "invalid_json", None),
        (b'{"model":"m","x":Infinity}', "invalid_json", None),
        (b'{"model":"m","x":01}', "invalid_json", None),
        (b'{"model":"m","x":"\xff"}', "invalid_json", None),
        (b'\xef\xbb\xbf{"model":"m"}', "invalid_json", None),
        (b'{"model":"m","x":' + b"[" * 128 + b"]" * 128 + b"}", "invalid_json", None),
        (b'{"model":"m","x":' + b"[" * 5000 + b"]" * 5000 + b"}", "invalid_json", None),
        (b"{}", "invalid_value", "model"),
        (b'{"model":null}', "invalid_value", "model"),
        (b'{"model":7}', "invalid_value", "model"),
        (b'{"model":[[[]]]}', "invalid_value", "model"),
        (b'{"model":""}', "invalid_value", "model"),
        (b'{"model":"%s"}' % (b"m" * 257), "invalid_value", "model"),
        (rb'{"model":"a\nb"}', "invalid_value", "model"),
        (b'{"model":"m","stream":"yes"}', "invalid_value", "stream"),
        (b'{"model":"m","stream":1}', "invalid_value", "stream"),
        (rb'{"model":"m","x":"\ud800","stream":1}', "invalid_value", "stream"),
        (b'{"model":"a","model":"b"}', "duplicate_key", "model"),
        (b'{"model":"a","x":{"n":1},"stream":true,"stream":false}', "duplicate_key", "stream"),
        (b'{"model":"a","n":1, "n" : 2}', "duplicate_key", "n"),
        (rb'{"model":"a","mod\u0065l":"b"}', "invalid_value", "model"),
        (rb'{"mod\u0065l":"b"}', "invalid_value", "model"),
        (b'{"model":"a","x":[' + b'{"model":1},' * 10_001 + b"1]}", "duplicate_key", "model"),
    ],
)
def test_refusals(body: bytes, code: str, param: str | None) -> None:
    told = refused(body)
    assert (told.code, told.param, told.status) == (code, param, 400)


def test_a_refusal_says_what_is_wrong() -> None:
    assert refused(b'{"model":"m","stream":"yes"}').message == "'stream' must be bool | null, not str."
    assert "byte 18" in refused(b'{"model":"m","x":tru}').message
    assert "128" in refused(b'{"model":"m","x":' + b"[" * 200 + b"]" * 200 + b"}").message


def test_the_deepest_that_passes() -> None:
    assert read(b'{"model":"m","x":' + b"[" * 127 + b"]" * 127 + b"}").model == "m"


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"m","tools":[{"model":1,"stream":2,"n":3}],"stream":false,"n":1}',
        rb'{"model":"m","x":"say \"model\": now","y":"\"model"}',
        rb'{"model":"m","x\"model":"z"}',
        rb'{"model":"m","x":"lone \ud800 half","y":"\\ud800"}',
        rb'{"model":"m","x":"caf\u00e9 A"}',
        '{"model":"m","x":"é漢"}'.encode(),
        b' \n{"model":"m","x":1e999,"big":123456789012345678901234567890}\n',
    ],
)
def test_honest_bodies_pass(body: bytes) -> None:
    call = read(body)
    assert call.model == "m"
    assert json.loads(request.prepare(call, to("new"))) == {**json.loads(body), "model": "new"}


@pytest.mark.parametrize(
    "method, path, headers, code",
    [
        ("POST", "/v1/chat/completion", {}, "not_found"),
        ("GET", PATH, {}, "method_not_allowed"),
        ("POST", PATH, {"content_type": "application/x-www-form-urlencoded"}, "unsupported_media_type"),
        ("POST", PATH, {"content_type": "multipart/form-data; boundary=x"}, "unsupported_media_type"),
        ("POST", PATH, {"content_encoding": "gzip"}, "unsupported_media_type"),
    ],
)
def test_refusals_before_the_body(method: str, path: str, headers: dict[str, str], code: str) -> None:
    assert refused(b'{"model":"m"}', method, path, **headers).code == code


def test_paths_and_types_that_pass() -> None:
    assert read(b'{"model":"m"}', path=PATH + "?api-version=1", content_type="text/plain").model == "m"
    assert read(b'{"model":"m"}', content_type="application/json").model == "m"


def test_nothing_to_change_is_the_same_object() -> None:
    call = read(b'{"model":"m","stream":true}')
    assert request.prepare(call, to("m")) is call.body
    assert request.prepare(call, to("m", streamed=True)) is call.body


def test_only_the_models_bytes_change() -> None:
    body = b'{ "x":{"model":"m"}, "model" : "m" ,"f":1.10}'
    assert request.prepare(read(body), to('n"é')) == '{ "x":{"model":"m"}, "model" : "n\\"é" ,"f":1.10}'.encode()


@pytest.mark.parametrize(
    "extra, options",
    [
        (b"", {"include_usage": True}),
        (b',"stream":false', {"include_usage": True}),
        (b',"stream":null,"stream_options":null', {"include_usage": True}),
        (b',"stream_options":{"include_usage":false,"include_obfuscation":false}',
         {"include_usage": True, "include_obfuscation": False}),
        (b',"stream_options":[1]', {"include_usage": True}),
    ],
)  # fmt: skip
def test_a_fold_asks_for_a_stream_with_usage(extra: bytes, options: dict[str, Any]) -> None:
    body = b'{"model":"m","f":1.10%s}' % extra
    made = request.prepare(read(body), to("n", streamed=True))
    assert json.loads(made) == {"model": "n", "f": 1.1, "stream": True, "stream_options": options}
    assert b'"f":1.10' in made
    assert request.read("POST", PATH, {}, made).stream


TEXT = st.text(alphabet='model"\\:{}é, ', max_size=10)
INNER = st.recursive(
    TEXT | st.integers(),
    lambda part: st.dictionaries(st.just("model") | TEXT, part, max_size=3) | st.lists(part, max_size=3),
)


@given(st.dictionaries(TEXT, INNER, max_size=4), st.text(min_size=1, max_size=9).filter(str.isprintable), st.booleans())
def test_any_body_gets_the_new_model_and_nothing_else(other: dict[str, Any], model: str, ascii_only: bool) -> None:
    value = {**other, "model": model}
    body = json.dumps(value, ensure_ascii=ascii_only).encode(errors="replace")
    call = read(body)
    made = request.prepare(call, to("new", streamed=True))
    assert json.loads(made) == {
        **json.loads(body),
        "model": "new",
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@given(st.binary(max_size=40) | st.text(alphabet='{}[]"\\u0model:,1tre n', max_size=40).map(str.encode))
def test_junk_is_refused_or_read(body: bytes) -> None:
    try:
        outcome: Call | Fault = read(body)
    except Refusal as refusal:
        outcome = refusal.fault
    assert outcome.model if isinstance(outcome, Call) else outcome.status == 400


@pytest.mark.parametrize(
    "path, name", [(PATH, "chat.completions"), ("/chat/completions", "chat.completions"), ("/v1/x", "other")]
)
def test_endpoints(path: str, name: str) -> None:
    assert request.endpoint(path) == name
