from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import Fault, Refusal
from outwait.dialects.openai_responses.asked import Asked, asked_state


def asked(**fields: Any) -> Asked:
    return asked_state(json.dumps({"model": "m", "input": "q", **fields}).encode())


def refused(body: bytes) -> Fault:
    with pytest.raises(Refusal) as caught:
        asked_state(body)
    return caught.value.fault


@pytest.mark.parametrize(
    "fields, told",
    [
        ({}, Asked()),
        ({"background": True}, Asked(background=True)),
        ({"background": True, "store": True}, Asked(background=True)),
        ({"background": None, "store": None, "previous_response_id": None, "conversation": None}, Asked()),
        ({"store": False, "background": False}, Asked(store=False)),
        ({"previous_response_id": "resp_1"}, Asked(previous_response_id="resp_1")),
        ({"conversation": "conv_1"}, Asked(conversation=True)),
        ({"conversation": {"id": "conv_1"}}, Asked(conversation=True)),
        ({"tools": [{"type": "image_generation", "background": "opaque"}]}, Asked()),
        ({"metadata": {"x": "\u00e9"}}, Asked()),
    ],
)
def test_what_is_asked(fields: dict[str, Any], told: Asked) -> None:
    assert asked(**fields) == told


@pytest.mark.parametrize(
    "body, code, param",
    [
        (b'{"background":1}', "invalid_value", "background"),
        (b'{"store":"no"}', "invalid_value", "store"),
        (b'{"previous_response_id":7}', "invalid_value", "previous_response_id"),
        (b'{"previous_response_id":""}', "invalid_value", "previous_response_id"),
        (b'{"previous_response_id":"a\\nb"}', "invalid_value", "previous_response_id"),
        (b'{"previous_response_id":"%s"}' % (b"x" * 513), "invalid_value", "previous_response_id"),
        (b'{"background":true,"store":false}', "invalid_value", "store"),
        (b'{"previous_response_id":"r","conversation":"c"}', "invalid_value", "previous_response_id"),
        (b'{"store":true,"store":false}', "duplicate_key", "store"),
        (b'{"stor\\u0065":false}', "invalid_value", "store"),
    ],
)
def test_what_is_refused(body: bytes, code: str, param: str) -> None:
    found = refused(body)
    assert (found.status, found.code, found.param) == (400, code, param)
    assert param in found.message


_VALUES = st.none() | st.booleans() | st.text(max_size=4) | st.integers() | st.dictionaries(st.text(), st.none())


@given(st.dictionaries(st.sampled_from(("background", "store", "previous_response_id", "conversation")), _VALUES))
def test_any_values_are_read_or_refused(fields: dict[str, Any]) -> None:
    body = json.dumps(fields).encode()
    try:
        told = asked_state(body)
    except Refusal:
        assert refused(body).param in fields
        return
    assert told.background is (fields.get("background") is True)
    assert told.store is (fields.get("store") is not False)
    assert told.previous_response_id == fields.get("previous_response_id")
    assert told.conversation is (fields.get("conversation") is not None)
