from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.dialects.cut import is_cut, no_answer

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(max_size=5), VALUES, max_size=5)
AWKWARD = b'{"a":[-1.5e+10,true,null],"b":"\\"\\\\ \\ud83d \\ud83d\\ude00 \xc3\xa9","c":{"d":[]}}'


@pytest.mark.parametrize("end", range(1, len(AWKWARD)))
def test_every_beginning_of_an_object_is_cut(end: int) -> None:
    assert is_cut(AWKWARD[:end])


@given(OBJECTS, st.data(), st.booleans(), st.sampled_from([None, 1]))
def test_any_beginning_of_any_object_is_cut(
    value: dict[str, object], data: st.DataObject, plain: bool, indent: int | None
) -> None:
    text = json.dumps(value, ensure_ascii=plain, indent=indent).encode(errors="surrogatepass")
    assert is_cut(text[: data.draw(st.integers(1, len(text) - 1))])
    assert not is_cut(text)


@given(st.lists(VALUES, max_size=5), st.data())
def test_an_array_is_cut_only_where_an_answer_may_be_one(value: list[object], data: st.DataObject) -> None:
    text = json.dumps(value).encode()
    part = text[: data.draw(st.integers(1, len(text) - 1))]
    assert is_cut(part, lists=True)
    assert not is_cut(part)
    assert not is_cut(text, lists=True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"words",
        b"12",
        b'"half a stri',
        b"{error",
        b"{}x",
        b'{"a":tru}',
        b'{"a":1}}',
        b'{"a":1-',
        b'{"a":' * 5000,
        b"[1,2}",
        b"]",
    ],
)
def test_what_never_was_json_is_not_cut(body: bytes) -> None:
    assert not is_cut(body, lists=True)
    assert no_answer(body, lists=True).code == "upstream_bad_response"


@given(st.binary())
def test_no_bytes_break_it(body: bytes) -> None:
    assert no_answer(body).code == ("upstream_truncated" if is_cut(body) else "upstream_bad_response")


def test_the_fault_shows_how_the_body_began() -> None:
    cut = no_answer(b'{"id":"' + b"x" * 500)
    shown = repr(b'{"id":"' + b"x" * 193)
    assert (cut.code, cut.detail) == ("upstream_truncated", f"JSON that was cut after 507 bytes: {shown}")
    assert no_answer(b'[{"id":1}').code == "upstream_bad_response"
    assert no_answer(b'[{"id":1}', lists=True).code == "upstream_truncated"
