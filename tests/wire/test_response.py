from __future__ import annotations

import contextlib
import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.wire.response import MAX_HEAD, BadResponse, ResponseReader, keep_alive_span

OK = b"HTTP/1.1 200 OK\r\n"
SIZED = OK + b"Content-Type: text/plain\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nX-Trailer: 1\r\n\r\n"
EARLY = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"


def read(*pieces: bytes, max_body: int = 1 << 20) -> tuple[ResponseReader, bytes]:
    """What reads `pieces`, and the body they are read to."""
    reader = ResponseReader(max_body)
    return reader, b"".join(map(reader.feed, pieces))


@pytest.mark.parametrize("message", [SIZED, CHUNKED, EARLY + SIZED])
def test_a_whole_message(message: bytes) -> None:
    reader, body = read(message)
    assert (reader.status, body, reader.complete, reader.reusable) == (200, b"hello", True, True)
    assert not reader.close_delimited


@given(message=st.sampled_from([SIZED, CHUNKED, EARLY + SIZED, EARLY + CHUNKED]), cuts=st.lists(st.integers(0, 200)))
def test_any_split_reads_the_same(message: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(message)) for cut in cuts), len(message)]
    split, body = read(*(message[a:b] for a, b in itertools.pairwise(edges)))
    whole, _ = read(message)
    assert (split.status, split.headers, body) == (200, whole.headers, b"hello")
    assert split.complete
    assert split.reusable


def test_repeated_fields_are_joined_and_trailers_dropped() -> None:
    assert read(SIZED)[0].headers["x-a"] == "1, 2"
    assert "x-trailer" not in read(CHUNKED)[0].headers


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_a_body(status: int) -> None:
    reader, _ = read(b"HTTP/1.1 %d X\r\n\r\n" % status)
    assert reader.complete
    assert reader.reusable


@pytest.mark.parametrize("head", [OK + b"\r\n", b"HTTP/1.0 200 OK\r\n\r\n", OK + b"Connection: close\r\n\r\n"])
def test_a_body_that_ends_with_the_connection(head: bytes) -> None:
    reader, body = read(head + b"anything")
    assert body == b"anything"
    assert reader.close_delimited
    assert not reader.complete
    assert not reader.reusable


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: 99999999999999999999999\r\n",
        b"Content-Length: 1048577\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: chunked, gzip\r\n",
        b"Name : x\r\n",
        b"A: b\r\n folded\r\n",
        b"A: nul\x00\r\n",
    ],
)
def test_ambiguous_or_malformed_heads_are_refused(fields: bytes) -> None:
    with pytest.raises(BadResponse):
        read(OK + fields + b"\r\nhello")


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 99 X\r\n\r\n",
        b"HTTP/1.1 000 X\r\n\r\n",
        b"HTTP/1.1 600 X\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n",
    ],
)
def test_what_is_not_http_1_is_refused(data: bytes) -> None:
    with pytest.raises(BadResponse):
        read(data)


def test_the_head_is_bounded() -> None:
    with pytest.raises(BadResponse, match="256 header fields"):
        read(OK + b"A: b\r\n" * 257 + b"\r\n")
    with pytest.raises(BadResponse, match="larger than"):
        read(*[OK + b"A: ", *([b"x" * 1024] * (MAX_HEAD // 1024 + 1))])
    with pytest.raises(BadResponse, match="larger than"):
        read(*([b"HTTP/1.1 100 Continue\r\n\r\n"] * (MAX_HEAD // 25 + 1)))


def test_the_body_is_bounded() -> None:
    reader = ResponseReader(10)
    with pytest.raises(BadResponse, match="larger than 10") as refused:
        reader.feed(OK + b"\r\n" + b"x" * 11)
    assert refused.value.body == b"x" * 10
    with pytest.raises(BadResponse, match="endless trailers"):
        read(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\nA: 0123456789\r\n", b"\r\n", max_body=10)


@pytest.mark.parametrize("rest", [b"HTTP/1.1 200 OK\r\n", b"garbage"])
def test_bytes_behind_a_message_spoil_the_connection_and_not_the_message(rest: bytes) -> None:
    reader, body = read(SIZED + rest)
    assert reader.complete
    assert body == b"hello"
    assert not reader.reusable


def test_what_came_before_an_error_is_told_with_it() -> None:
    reader = ResponseReader(100)
    with pytest.raises(BadResponse) as refused:
        reader.feed(OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\nnonsense\r\n")
    assert refused.value.body == b"hello"


def test_one_reader_reads_message_after_message() -> None:
    reader, _ = read(SIZED)
    reader.expect()
    assert reader.feed(CHUNKED) == b"hello"
    assert (reader.status, reader.complete) == (200, True)
    assert reader.headers == {"transfer-encoding": "chunked"}


@pytest.mark.parametrize(
    "text, span",
    [("timeout=5, max=100", 5.0), ('timeout="7"', 7.0), ("max=3", math.inf), ("timeout=-1", math.inf), ("", math.inf)],
)
def test_keep_alive(text: str, span: float) -> None:
    assert keep_alive_span({"keep-alive": text}) == span
    assert keep_alive_span({}) == math.inf


@given(st.binary(max_size=200), st.booleans())
def test_noise_never_does_more_than_be_refused(noise: bytes, behind: bool) -> None:
    reader = ResponseReader(1 << 20)
    with contextlib.suppress(BadResponse):
        reader.feed(CHUNKED[:40] + noise if behind else noise)
    assert reader.status in {0, *range(200, 600)}
