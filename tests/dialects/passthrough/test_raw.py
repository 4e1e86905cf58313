from __future__ import annotations

import base64
import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.reply import Ending, Head
from outwait.dialects.passthrough import raw

HEAD = Head(200, "audio/mpeg")


def test_sound_flows_as_it_comes() -> None:
    reader = raw.RawReader(HEAD)
    assert (reader.head, reader.content) == (HEAD, False)
    assert reader.feed(b"ID3") == b"ID3"
    assert (reader.content, reader.progress) == (True, True)
    assert reader.feed(b"{more") == b"{more"
    assert reader.feed(b"") == b""
    assert not reader.progress
    assert not reader.finished
    assert (reader.end(), reader.finished) == (Ending(), True)


def test_an_error_in_place_of_sound() -> None:
    reader = raw.RawReader(HEAD)
    assert reader.feed(b' \n{"error":{"mess') == b""
    assert reader.feed(b'age":"no such voice","code":400}}') == b""
    assert not reader.content
    ending = reader.end()
    assert ending.fault is not None
    assert (ending.fault.code, ending.fault.cause, ending.data) == ("upstream_error", "bad_request", b"")
    assert reader.fault is ending.fault


@pytest.mark.parametrize("body", [b'{"a note":1}', b"{no json", b"   ", b"{" + b"\xff" * 99])
def test_what_only_looks_like_an_error_is_the_answer(body: bytes) -> None:
    reader = raw.RawReader(HEAD)
    assert reader.feed(body) == b""
    assert reader.end().data == body
    assert reader.content


def test_only_so_much_is_held_back() -> None:
    reader = raw.RawReader(HEAD)
    assert reader.feed(b"{" * raw.HOLD_LIMIT) == b""
    assert reader.feed(b"x") == b"{" * raw.HOLD_LIMIT + b"x"
    assert reader.end() == Ending()


def test_nothing_is_no_answer_unless_it_may_be() -> None:
    ending = raw.RawReader(HEAD).end()
    assert ending.fault is not None
    assert ending.fault.code == "upstream_empty"
    reader = raw.RawReader(HEAD, blank=True)
    assert (reader.end(), reader.content, reader.finished) == (Ending(), False, True)


def test_sound_for_a_client_that_asked_for_events() -> None:
    reader = raw.RawReader(HEAD, wrap=raw.sound_event, closing=raw.SOUND_DONE)
    out = reader.feed(b"ID3") + reader.feed(b"") + reader.feed(b"\x00\xff") + reader.end().data
    events = [json.loads(line.removeprefix(b"data: ")) for line in out.split(b"\n\n")[:-1]]
    assert [event["type"] for event in events] == ["speech.audio.delta"] * 2 + ["speech.audio.done"]
    assert b"".join(base64.b64decode(event["audio"]) for event in events[:-1]) == b"ID3\x00\xff"


@given(st.binary(min_size=1, max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_any_split_gives_the_same_bytes(body: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(body), *(min(cut, len(body)) for cut in cuts)})
    reader = raw.RawReader(HEAD)
    out = b"".join(reader.feed(body[at:to]) for at, to in pairwise(places))
    ending = reader.end()
    assert ending.fault is not None or out + ending.data == body
