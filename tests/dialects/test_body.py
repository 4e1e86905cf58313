from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Raw, UnsetType

from outwait.core.fault import Fault, Refusal
from outwait.dialects import body


class Peek(msgspec.Struct):
    model: str | UnsetType = UNSET
    stream: bool | UnsetType | None = UNSET
    n: Raw | UnsetType = UNSET


KEYS = Peek.__struct_fields__
QUOTED = body.quoted(KEYS)
decode = msgspec.json.Decoder(Peek).decode


def refused(act: Callable[[], object]) -> Fault:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value.fault


def look(data: bytes) -> Peek:
    peeked = body.peek(decode, data)
    body.check_document(data, peeked, QUOTED, KEYS)
    return peeked


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": " Multipart/form-data; boundary=x"},
        {"content-encoding": "gzip"},
    ],
)
def test_forms_and_compressed_bodies_are_refused(headers: dict[str, str]) -> None:
    assert refused(lambda: body.check_type(headers)).code == "unsupported_media_type"


def test_types_that_pass() -> None:
    body.check_type({})
    body.check_type({"content-type": "text/plain", "content-encoding": " Identity "})


def test_only_utf8() -> None:
    body.check_utf8("é".encode())
    assert "byte 1 is not UTF-8" in refused(lambda: body.check_utf8(b"a\xff")).message


@pytest.mark.parametrize(
    "data, code, param, words",
    [
        (b"", "invalid_json", None, "empty"),
        (b"{", "invalid_json", None, "truncated"),
        (b"[]", "invalid_json", None, "must be a JSON object"),
        (b'{"model":3}', "invalid_value", "model", "'model' must be str, not int."),
        (rb'{"x":"\ud800","stream":3}', "invalid_value", "stream", "'stream' must be bool | null, not int."),
        (rb'{"x":"\ud800",}', "invalid_json", None, "not valid JSON"),
        (rb'{"x":"\ud800","y":' + b"[" * 9999, "invalid_json", None, "not valid JSON"),
        (b'{"x":' + b"[" * 9999 + b"]" * 9999 + b"}", "invalid_json", None, "128 levels"),
    ],
)
def test_what_is_no_request(data: bytes, code: str, param: str | None, words: str) -> None:
    told = refused(lambda: body.peek(decode, data))
    assert (told.code, told.param) == (code, param)
    assert words in told.message


def test_half_an_emoji_does_not_hide_the_rest() -> None:
    assert look(rb'{"model":"m","x":"\ud83d"}').model == "m"


@pytest.mark.parametrize(
    "data, code, param",
    [
        (b'{"x":' + b"[" * 200 + b"]" * 200 + b"}", "invalid_json", None),
        (rb'{"mod\u0065l":"m"}', "invalid_value", "model"),
        (b'{"model":"a","model":"b"}', "duplicate_key", "model"),
        (b'{"stream":true,"x":1, "stream" : null}', "duplicate_key", "stream"),
        (b'{"model":"a","x":[' + b'{"model":1},' * 10_001 + b"1]}", "duplicate_key", "model"),
    ],
)
def test_what_two_readers_could_understand_differently(data: bytes, code: str, param: str | None) -> None:
    told = refused(lambda: look(data))
    assert (told.code, told.param) == (code, param)


def test_the_same_key_further_down_is_another_one() -> None:
    assert look(b'{"model":"a","x":{"model":"b"},"y":"\\"model\\":"}').model == "a"
    assert look(b'{"x":{"model":"b","stream":1}}').model is UNSET


@pytest.mark.parametrize("model", [UNSET, "", "m" * 257, "a\nb"])
def test_names_that_are_none(model: str | UnsetType) -> None:
    told = refused(lambda: body.model_of(model))
    assert (told.code, told.param) == ("invalid_value", "model")


def test_names_that_are_some() -> None:
    assert body.model_of("m" * 256) == "m" * 256


def test_loosely() -> None:
    assert body.loosely(UNSET, int) is None
    assert body.loosely(Raw(b"3"), int) == 3
    assert body.loosely(Raw(b'"x"'), int) is None
    assert body.loosely(Raw(b"[" * 9999 + b"]" * 9999), list[int]) is None


@given(st.binary(max_size=30) | st.text('{}[]"\\u0model:,1tre n', max_size=30).map(str.encode))
def test_junk_is_refused_or_read(data: bytes) -> None:
    try:
        outcome: Peek | Fault = look(data)
    except Refusal as refusal:
        outcome = refusal.fault
    assert isinstance(outcome, Peek) or outcome.status == 400
