from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import Fault, fault
from outwait.core.plan import Candidate
from outwait.core.reply import Ending, Head, Usage
from outwait.core.request import Call
from outwait.dialects import sniff
from outwait.dialects.dialect import Reader

HEAD = Head(200, "text/event-stream")


class Echo:
    """A reader that passes everything on."""

    def __init__(self, head: Head, kind: str) -> None:
        self.head = head
        self.kind = kind
        self.content = self.progress = self.finished = False
        self.fault: Fault | None = None
        self.usage: Usage | None = None

    def feed(self, data: bytes) -> bytes:
        self.content = self.progress = self.finished = bool(data)
        self.usage = Usage(len(data))
        self.fault = fault("upstream_error") if b"!" in data else None
        return data

    def end(self) -> Ending:
        return Ending(self.kind.encode(), self.fault, self.usage)


def streamed(call: Call, head: Head) -> Reader:
    return Echo(head, f"stream of {call.model}")


def whole(call: Call, head: Head) -> Reader:
    return Echo(head, f"body of {call.model}")


def choose(kind: str | None, stream: bool = False, folded: bool = False) -> Reader:
    call = Call("d", "e", "m", stream, b"{}")
    headers = {} if kind is None else {"content-type": kind}
    return sniff.choose(call, Candidate("c", "d", "m", folded), headers, HEAD, (streamed, whole))


@pytest.mark.parametrize(
    "kind, stream, folded, made",
    [
        ("text/event-stream", False, False, "stream"),
        ("Text/Event-Stream ; charset=utf-8", True, False, "stream"),
        ("application/json", False, False, "body"),
        ("application/json; charset=utf-8", False, False, "body"),
        ("application/problem+json", False, False, "body"),
        ("application/json", True, False, None),
        ("application/json", False, True, None),
        ("text/plain", False, False, None),
        (None, True, False, None),
    ],
)
def test_a_plain_type_is_believed(kind: str | None, stream: bool, folded: bool, made: str | None) -> None:
    read = choose(kind, stream, folded)
    if made is None:
        assert isinstance(read, sniff.SniffReader)
    else:
        assert isinstance(read, Echo)
        assert read.kind == f"{made} of m"
    assert read.head is HEAD


@pytest.mark.parametrize(
    "data, made",
    [
        (b"data: {}\n\n", b"stream of m"),
        (b": ping\n\n", b"stream of m"),
        (b"event: x\n\n", b"stream of m"),
        (b"id: 1\n\n", b"stream of m"),
        (b"retry: 1\n\n", b"stream of m"),
        (b"\xef\xbb\xbfdata: x\n\n", b"stream of m"),
        (b"{}", b"body of m"),
        (b"<html>", b"body of m"),
        (b"da", b"body of m"),
        (b"\n", b"body of m"),
        (b"", b"body of m"),
    ],
)
@given(cuts=st.lists(st.integers(0, 20), max_size=5), blank=st.sampled_from([b"", b"\n", b" \r\n\t"]))
def test_the_first_bytes_decide(data: bytes, made: bytes, cuts: list[int], blank: bytes) -> None:
    read = choose("text/plain")
    at = sorted({cut % (len(blank + data) + 1) for cut in cuts} | {0, len(blank + data)})
    out = b"".join(read.feed((blank + data)[start:end]) for start, end in itertools.pairwise(at))
    ending = read.end()
    assert out + ending.data == data.lstrip() + made
    assert read.usage == ending.usage


def test_it_has_the_face_of_the_reader_it_stands_for() -> None:
    read = choose("text/plain")
    assert read.feed(b" da") == b""
    assert (read.content, read.progress, read.finished, read.fault, read.usage) == (False, False, False, None, None)
    assert read.feed(b"ta: !\n\n") == b"data: !\n\n"
    assert (read.content, read.progress, read.finished, read.usage) == (True, True, True, Usage(9))
    assert read.fault is not None
    assert read.end().fault is read.fault


def test_heads() -> None:
    assert sniff.head_of(201, "k", {"x": "1"}, ("a", "b")) == Head(201, "k")
    assert sniff.head_of(200, "k", {"b": "1", "x": "2"}, ("a", "b")) == Head(200, "k", (("b", "1"),))
