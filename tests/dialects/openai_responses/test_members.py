from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.dialects.openai_responses.members import elements_of, members_of, put, without

HALF = rb'"\ud83d"'


def test_what_stays_is_untouched_as_text() -> None:
    body = b'{ "a" : 1.50 ,"b":[ 1, 2 ],"c":{"x" : null} }'
    assert without(body, "b", "z") == b'{"a":1.50,"c":{"x" : null}}'
    assert without(body, "z") is body
    assert put(body, {"a": b"2", "d": b"[ ]"}) == (b'{"a":2,"b":[ 1, 2 ],"c":{"x" : null},"d":[ ]}')


def test_half_a_character_is_no_obstacle() -> None:
    assert json.loads(without(b'{"a":%s,"b":1}' % HALF, "b")) == {"a": "\ud83d"}
    assert [json.loads(bytes(each)) for each in elements_of(b"[%s,1]" % HALF)] == ["\ud83d", 1]


@pytest.mark.parametrize("text", [b"7", b"{", b"[1]", HALF])
def test_what_has_no_members(text: bytes) -> None:
    with pytest.raises(ValueError):
        members_of(text)


@pytest.mark.parametrize("text", [b"7", b"[", b"{}", HALF])
def test_what_has_no_elements(text: bytes) -> None:
    with pytest.raises(ValueError):
        elements_of(text)


_KEYS = st.text(max_size=3)
_LEAF = st.none() | st.integers(-9, 9) | st.text(max_size=3)
_JSON = _LEAF | st.lists(_LEAF, max_size=2)


@given(st.dictionaries(_KEYS, _JSON), st.sets(_KEYS), st.dictionaries(_KEYS, _JSON))
def test_members_come_and_go(value: dict[str, Any], gone: set[str], values: dict[str, Any]) -> None:
    texts = {key: json.dumps(each).encode() for key, each in values.items()}
    told = put(without(json.dumps(value).encode(), *gone), texts)
    assert json.loads(told) == {key: each for key, each in value.items() if key not in gone} | values
