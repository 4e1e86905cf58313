from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.dialects import document

SCALARS = st.none() | st.booleans() | st.integers() | st.text(alphabet='ab"\\[]{}é\n:,model', max_size=12)
KEYS = st.sampled_from(["model", "stream", "a", 'x"model', "model\\", "[", "é"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
)


def depth_of(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


@given(VALUES, st.integers(0, 8), st.booleans())
def test_depth_is_exact(value: object, limit: int, ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert document.deeper_than(body, limit) == (depth_of(value) > limit)


@given(st.integers(1, 300), st.integers(0, 300), st.integers(1, 130))
def test_depth_of_hills_and_plains(deep: int, wide: int, limit: int) -> None:
    hill = b"[" * deep + b"]" * deep
    body = b"[" + b",".join([hill] + [b"[]"] * wide + [b'"]["'] + [hill]) + b"]"
    assert document.deeper_than(body, limit) == (deep + 1 > limit)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 3_000_000,
        b"[" + b"[]," * 1_000_000 + b"1]",
        b"[" + b'"[",' * 700_000 + b"1]",
        b'["' + b'\\"' * 1_500_000 + b'"]',
    ],
)
def test_hostile_bodies_are_judged(body: bytes) -> None:
    assert document.deeper_than(body) == body.startswith(b"[[[")


@given(st.dictionaries(KEYS, VALUES, max_size=5), st.sampled_from(["model", "stream"]), st.booleans())
def test_top_level_values_are_found(value: dict[str, object], key: str, spaced: bool) -> None:
    body = json.dumps(value, indent=2 if spaced else None).encode()
    places = document.values_of(body, key)
    assert len(places) == (key in value)
    for place in places:
        decoded, _ = json.JSONDecoder().raw_decode(body.decode(), place)
        assert decoded == value[key]


def test_duplicates_are_all_found() -> None:
    assert len(document.values_of(b'{"model":"a","x":{"model":1},"model":"b"}', "model")) == 2


def test_too_many_keys_are_not_looked_at() -> None:
    body = b"[" + b'{"n":1},' * (document.KEYS_LIMIT + 1) + b"1]"
    with pytest.raises(document.TooManyKeysError):
        document.values_of(body, "n")


@pytest.mark.parametrize(
    "body, found",
    [
        (rb'{"mod\u0065l":"a"}', "model"),
        (rb'{"\u006d\u006F\u0064\u0065\u006c" : "a"}', "model"),
        (rb'{"stream\u005foptions":{}}', "stream_options"),
        (rb'{"x":"mod\u0065l"}', None),
        (rb'{"mod\\u0065l":"a"}', None),
        (rb'{"caf\u00e9":"a"}', None),
        (rb'{"a\"mod\u0065l":"a"}', None),
        (b'{"%smod\\u0065l":"a"}' % (b"x" * 300), None),
        (rb'{"titl\u0065":"a"}', None),
        (rb'{"model":"a"}', None),
    ],
)
def test_escaped_control_keys_are_seen(body: bytes, found: str | None) -> None:
    assert document.escaped_key(body, ("model", "stream_options")) == found


@given(st.dictionaries(KEYS, VALUES, max_size=5), st.booleans())
def test_a_change_changes_one_value(value: dict[str, object], spaced: bool) -> None:
    body = json.dumps(value, indent=1 if spaced else None).encode()
    changed = document.change(body, {"model": b'"new"', "stream": b"true"})
    assert json.loads(changed) == {**value, "model": "new", "stream": True}


def test_a_change_leaves_every_other_byte() -> None:
    body = b'{ "a" : 1.0e400 ,"b":{"model":"x"},  "model"  :"old" , "c":12345678901234567890123}'
    assert document.change(body, {"model": b'"new"'}) == body.replace(b'"old"', b'"new"')


def test_a_rebuilt_document_keeps_its_numbers() -> None:
    body = b'{"a": 1.10, "big": 123456789012345678901234567890, "stream": {"odd": 1}}'
    assert b'"a":1.10,"big":123456789012345678901234567890' in document.change(body, {"stream": b"true"})


def test_a_document_with_too_many_keys_is_rebuilt() -> None:
    body = b'{"a":[' + b'{"n":1},' * (document.KEYS_LIMIT + 1) + b'1],"model":"m"}'
    changed = json.loads(document.change(body, {"n": b"2", "model": b'"new"'}))
    assert (changed["n"], changed["model"], len(changed["a"])) == (2, "new", document.KEYS_LIMIT + 2)


def test_loads_takes_half_a_character() -> None:
    assert document.loads(rb'"\ud83d"') == "\ud83d"
    assert document.dumps(["\ud83d" + "\ude00"]) == rb'["\ud83d\ude00"]'


@pytest.mark.parametrize("data", [b"", b"{", b"[" * 200 + b"]" * 200, b"[" * 100_000, b"\xff", b"{} {}"])
def test_loads_refuses_with_value_errors(data: bytes) -> None:
    with pytest.raises(ValueError):
        document.loads(data)


@given(st.binary(max_size=60))
def test_junk_never_breaks_the_scanners(data: bytes) -> None:
    outcome: Any = document.deeper_than(data, 3)
    assert outcome in {True, False}
    assert document.values_of(data, "n") is not None
