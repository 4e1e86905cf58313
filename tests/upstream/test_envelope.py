from __future__ import annotations

import json

import pytest

from outwait.dialects.provider import Envelope
from outwait.upstream.envelope import enclose

PLAIN = Envelope("v-1", frozenset(("model", "stream")))


def test_what_stands_in_the_path_leaves_the_body_and_the_rest_keeps_its_bytes() -> None:
    body = b'{"model": "m", "messages": [ {"n": 1.0e2, "s": "x"} ], "stream":true,"max_tokens":5}'
    out = enclose(body, PLAIN, {"anthropic-beta": "x"})
    assert b'[ {"n": 1.0e2, "s": "x"} ]' in out
    assert json.loads(out).keys() == {"messages", "max_tokens", "anthropic_version"}
    assert json.loads(out)["anthropic_version"] == "v-1"


def test_half_an_emoji_stays_one() -> None:
    assert json.loads(enclose(b'{"model": "m", "a": "\\ud83d"}', PLAIN, {}))["a"] == "\ud83d"


def test_what_the_client_says_in_the_body_stays() -> None:
    body = b'{"anthropic_version": "own", "anthropic_beta": ["own"]}'
    out = json.loads(enclose(body, Envelope("v-1", betas=True), {"anthropic-beta": "x"}))
    assert out == {"anthropic_version": "own", "anthropic_beta": ["own"]}


@pytest.mark.parametrize("header, betas", [("a, b,", ["a", "b"]), ("", None), (" , ", None)])
def test_betas_move_into_the_body(header: str, betas: list[str] | None) -> None:
    out = json.loads(enclose(b"{}", Envelope("v-1", betas=True), {"anthropic-beta": header}))
    assert out.get("anthropic_beta") == betas


@pytest.mark.parametrize("body", [b"", b"[]", b'{"a": }'])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        enclose(body, PLAIN, {})
