"""The smallest dialect keeps the promises of one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.delta import Said, Stopped
from outwait.core.fault import fault
from outwait.core.plan import Candidate, Heartbeat
from outwait.core.reply import Usage
from outwait.core.request import Call
from outwait.dialects.dialect import Reader
from outwait.dialects.profiles import UNKNOWN
from outwait.testing.plain import FOREIGN, PLAIN

ASKED = Candidate("a", "plain", "m")


def call(*, stream: bool) -> Call:
    return PLAIN.read("POST", "/talk", {}, b"stream" if stream else b"whole")


def reader(*, stream: bool = True) -> Reader:
    return PLAIN.reader(call(stream=stream), ASKED, 200, {})


def test_a_stream_is_passed_on_without_pings() -> None:
    mine = reader()
    assert (mine.feed(b": ping\n"), mine.progress, mine.content) == (b"", False, False)
    assert (mine.feed(b"+\n"), mine.progress, mine.content) == (b"+\n", True, False)
    assert (mine.feed(b"hel"), mine.progress) == (b"", False)
    assert (mine.feed(b"lo\n\n"), mine.progress, mine.content) == (b"hello\n", True, True)
    assert (mine.feed(b".\n"), mine.finished) == (b".\n", True)
    assert mine.end().usage == Usage(output=1)


def test_one_reply_comes_at_the_end() -> None:
    mine = reader(stream=False)
    assert mine.feed(b"+\none\ntwo\n.\n") == b""
    assert (mine.end().data, mine.end().fault) == (b"one\ntwo\n", None)


@pytest.mark.parametrize("sent, code", [(b"word\n", "upstream_truncated"), (b"+\n.\n", "upstream_empty")])
def test_what_is_no_answer_is_told(sent: bytes, code: str) -> None:
    mine = reader()
    mine.feed(sent)
    ended = mine.end()
    assert ended.fault is not None
    assert ended.fault.code == code


def test_errors_inside_are_faults() -> None:
    mine = reader()
    mine.feed(b"!upstream_error\n")
    assert mine.fault == fault("upstream_error")


def test_the_other_functions() -> None:
    streamed = Candidate("a", "plain", "m", streamed=True)
    assert PLAIN.prepare(call(stream=True), ASKED) == b"m stream"
    assert PLAIN.prepare(call(stream=False), streamed) == b"m streamed whole"
    assert PLAIN.error_body(fault("upstream_error"), "ow_1") == b"!upstream_error\n"
    voice = PLAIN.voice(call(stream=True), Heartbeat(), UNKNOWN)
    assert voice.fail(fault("upstream_error"), "ow_1") == b"!upstream_error\n.\n"
    assert voice.beat() == b": beat\n"
    assert PLAIN.voice(call(stream=False), Heartbeat(), UNKNOWN).beat() == b"\n"
    assert PLAIN.voice(call(stream=True), Heartbeat(mode="headers"), UNKNOWN).beat() == b""
    assert [PLAIN.endpoint("/talk"), PLAIN.endpoint("/walk")] == ["talk", "other"]


def test_a_foreign_reply_in_one_piece() -> None:
    ways = FOREIGN.translation
    assert ways is not None
    decoder = ways.decoder(call(stream=False), ASKED)
    assert decoder.whole(b"hi") == (Said("hi"), Stopped("stop"))
    assert decoder.complete


@given(st.binary(max_size=40), st.integers(0, 40))
def test_where_the_bytes_are_cut_does_not_matter(words: bytes, at: int) -> None:
    sent = words.replace(b"!", b"?") + b"\n.\n"
    once, twice = reader(), reader()
    whole = once.feed(sent)
    assert twice.feed(sent[:at]) + twice.feed(sent[at:]) == whole
    assert once.end() == twice.end()
