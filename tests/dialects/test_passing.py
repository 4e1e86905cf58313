from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import Fault, fault
from outwait.core.reply import Ending, Head, Usage
from outwait.dialects import dialect
from outwait.dialects.passing import HOLD_LIMIT, PRELUDE_LIMIT, FoldReader, StreamReader, WholeReader, event
from outwait.dialects.sse import EVENT_LIMIT

HEAD = Head(200, "text/event-stream")


class Plain:
    """A watch of a small protocol: each event is one word in braces.

    `{ping}` is nothing, `{end}` ends, `{none}` allows no words, `{count}` tells usage, `{error}` is one; anything else
    is words but `{open}`. A body is whole when it ends with `}`.
    """

    def __init__(self) -> None:
        self.begun = self.content = self.wordless = self.finished = self.complete = self.progress = False
        self.fault: Fault | None = None
        self.usage: Usage | None = None

    def event(self, name: bytes, data: bytes) -> bool:
        self.progress = data != b"{ping}"
        if not self.progress or data == b"{error}":
            self.fault = fault("upstream_error") if self.progress else None
            return False
        self.begun = True
        if data == b"{end}":
            self.finished = self.complete = True
        elif data == b"{count}":
            self.usage = Usage(1, 2)
        elif data == b"{none}":
            self.wordless = True
        elif data != b"{open}":
            self.content = True
        return name != b"hidden"

    def whole(self, body: bytes) -> None:
        self.complete, self.content = body.strip().endswith(b"}"), b"words" in body
        self.usage = Usage(3)
        if b"error" in body:
            self.fault = fault("upstream_error")

    def stray(self, text: bytes) -> Fault | None:
        return fault("upstream_quota") if b"quota" in text else None


class Words:
    """A fold that joins what it is given."""

    def __init__(self) -> None:
        self.words: list[bytes] = []

    def add(self, name: bytes, data: bytes) -> None:
        if data == b"{bad}":
            raise ValueError("bad")
        self.words.append(name + data)

    def body(self) -> bytes:
        return b"".join(self.words)


class Made(Protocol):
    def __call__(self) -> dialect.Reader: ...


def stream() -> StreamReader:
    return StreamReader(HEAD, Plain(), tail=b"data: over\n\n")


def fold() -> FoldReader:
    return FoldReader(HEAD, Plain(), Words())


def whole(unfold: Callable[[bytes], bytes] | None = None) -> WholeReader:
    return WholeReader(HEAD, Plain(), unfold)


def told(*words: str) -> bytes:
    return b"".join(event(b"", word.encode()) for word in words)


def code(ending: Ending) -> str | None:
    return None if ending.fault is None else ending.fault.code


@pytest.mark.parametrize("make", [stream, fold, whole])
def test_a_reader_begins_with_nothing(make: Made) -> None:
    read = make()
    assert (read.head, read.content, read.progress, read.finished) == (HEAD, False, False, False)
    assert (read.fault, read.usage, read.feed(b"")) == (None, None, b"")
    assert code(read.end()) == "upstream_empty"


def test_a_stream_is_held_until_the_first_words() -> None:
    read = stream()
    assert read.feed(told("{open}")) == b""
    assert (read.progress, read.content) == (True, False)
    assert read.feed(b": comment\n\n" + told("{ping}")) == b""
    assert not read.progress
    assert read.feed(b"id: 1\n" + told("{a}")) == told("{open}", "{a}")
    assert read.content
    assert read.feed(told("{b}")) == told("{b}")
    assert read.feed(told("{count}", "{end}", "{c}")) == told("{count}", "{end}")
    assert read.finished
    assert read.usage == Usage(1, 2)
    assert read.feed(told("{d}")) == b""
    assert read.end() == Ending(b"data: over\n\n", None, Usage(1, 2))


def test_an_end_without_words_that_may_be_one() -> None:
    read = stream()
    assert read.feed(told("{none}")) == b""
    assert read.feed(told("{end}")) == told("{none}", "{end}")
    assert read.end().fault is None


def test_a_long_prelude_flows() -> None:
    long = event(b"long", b"{open}" * PRELUDE_LIMIT)
    read = StreamReader(HEAD, Quiet())
    assert read.feed(long) == long


class Quiet(Plain):
    """Sees no words in anything."""

    def event(self, name: bytes, data: bytes) -> bool:
        return bool(name or data)


@pytest.mark.parametrize("make", [stream, fold])
@pytest.mark.parametrize(
    "data, made",
    [
        (b"", "upstream_empty"),
        (told("{open}"), "upstream_truncated"),
        (told("{a}"), "upstream_truncated"),
        (told("{open}", "{end}"), "upstream_empty"),
        (told("{a}", "{error}", "{end}"), "upstream_error"),
        (b"<html>\n", "upstream_bad_response"),
        (b"no quota\n", "upstream_quota"),
        (told("{a}") + b"data: {en", "upstream_truncated"),
        (told("{a}") + b"data: {end}", None),
        (told("{a}") + b"data: {end}\n", None),
    ],
)
def test_how_streams_end(make: Made, data: bytes, made: str | None) -> None:
    read = make()
    read.feed(data)
    ending = read.end()
    assert code(ending) == made
    assert bool(ending.data) is (made is None)


@pytest.mark.parametrize("make", [stream, fold])
def test_an_overlong_event_is_a_fault_at_once(make: Made) -> None:
    read = make()
    read.feed(b"data: ")
    assert read.feed(b"x" * EVENT_LIMIT) == b""
    assert read.fault is not None
    assert read.fault.code == "upstream_bad_response"
    assert read.feed(told("{a}")) == b""
    assert read.end().fault is read.fault


@pytest.mark.parametrize("make", [stream, fold])
def test_a_part_of_an_event_is_progress(make: Made) -> None:
    read = make()
    read.feed(b"data: {a")
    assert read.progress


def test_a_fold_gives_all_at_the_end() -> None:
    read = fold()
    assert read.feed(told("{ping}", "{a}") + event(b"hidden", b"{b}") + event(b"n", b"{c}")) == b""
    assert read.progress
    assert read.feed(told("{count}", "{end}", "{d}")) == b""
    assert read.feed(told("{e}")) == b""
    assert read.end() == Ending(b"{a}n{c}{count}{end}", None, Usage(1, 2))


def test_an_event_that_cannot_be_folded() -> None:
    read = fold()
    read.feed(told("{a}", "{bad}", "{end}"))
    assert read.fault is not None
    assert read.fault.detail == "an event that cannot be folded: bad"
    assert code(read.end()) == "upstream_bad_response"


@given(
    st.lists(st.sampled_from(["{ping}", "{open}", "{a}", "{bb}", "{none}", "{count}", "{error}", "{end}"]), max_size=6),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.lists(st.integers(0, 200), max_size=8),
)
def test_the_pieces_do_not_matter(words: list[str], newline: bytes, cuts: list[int]) -> None:
    data = b"".join(event(b"", word.encode(), newline) for word in words)
    at = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    for make in (stream, fold):
        once, often = make(), make()
        first = once.feed(data)
        second = b"".join(often.feed(data[start:end]) for start, end in itertools.pairwise(at))
        one, other = once.end(), often.end()
        assert (first + one.data, code(one), one.usage) == (second + other.data, code(other), other.usage)


def test_a_body_is_held_until_it_is_whole() -> None:
    read = whole()
    progress = []
    for piece in (b"\n \n", b" {words", b" ", b"}\n"):
        assert read.feed(piece) == b""
        progress.append(read.progress)
    assert progress == [False, True, False, True]
    assert read.end() == Ending(b"{words }\n", None, Usage(3))
    assert read.content


@pytest.mark.parametrize(
    "body, made",
    [
        (b"\n", "upstream_empty"),
        (b"{words", "upstream_truncated"),
        (b"{}", "upstream_empty"),
        (b"{error}", "upstream_error"),
    ],
)
def test_bodies_that_are_no_answer(body: bytes, made: str) -> None:
    read = whole()
    read.feed(body)
    assert code(read.end()) == made
    assert read.feed(b"{words}") == b""


@pytest.mark.parametrize("end, made", [(b"}", None), (b"]\n\n", None), (b"} ", None), (b"x", "upstream_truncated")])
def test_a_long_body_flows(end: bytes, made: str | None) -> None:
    read = whole()
    assert read.feed(b"{" + b"x" * (HOLD_LIMIT - 1)) == b""
    assert len(read.feed(b"y")) == HOLD_LIMIT + 1
    assert read.content
    assert read.feed(b"z") == b"z"
    assert read.feed(b" ") == b" "
    assert read.feed(end) == end
    assert read.end() == Ending(b"", read.fault, None)
    assert code(Ending(b"", read.fault)) == made


def test_a_long_body_that_is_no_json() -> None:
    read = whole()
    assert read.feed(b"<" * (HOLD_LIMIT + 1)) == b""
    assert code(read.end()) == "upstream_bad_response"


def test_a_body_is_unfolded_whatever_its_size() -> None:
    read = whole(lambda body: b"<%d>" % len(body))
    assert read.feed(b"{words" + b"x" * HOLD_LIMIT + b"}") == b""
    assert read.end().data == b"<%d>" % (HOLD_LIMIT + 7)


def test_a_body_that_cannot_be_unfolded() -> None:
    def refuse(body: bytes) -> bytes:
        raise ValueError(f"{len(body)} bytes")

    read = whole(refuse)
    read.feed(b"{words}")
    ending = read.end()
    assert code(ending) == "upstream_bad_response"
    assert ending.fault is not None
    assert ending.fault.detail == "7 bytes"


@pytest.mark.parametrize(
    "name, data, newline, made",
    [
        (b"", b"a", b"\n", b"data: a\n\n"),
        (b"n", b"a\nb", b"\n", b"event: n\ndata: a\ndata: b\n\n"),
        (b"n", b"", b"\n", b"event: n\n\n"),
        (b"", b"", b"\n", b"data: \n\n"),
        (b"", b"a", b"\r\n", b"data: a\r\n\r\n"),
    ],
)
def test_events_on_the_wire(name: bytes, data: bytes, newline: bytes, made: bytes) -> None:
    assert event(name, data, newline) == made
