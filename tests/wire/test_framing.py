from __future__ import annotations

import contextlib
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import Refusal
from outwait.wire import framing
from outwait.wire.framing import ChunkedBody, FixedBody


def test_a_header_block() -> None:
    assert (
        framing.render([("content-type", "text/plain"), ("x", "ä\t")]) == b"content-type: text/plain\r\nx: \xe4\t\r\n"
    )
    assert framing.render([]) == b""


@pytest.mark.parametrize(
    "pair",
    [
        ("x", "a\r\nb: c"),
        ("x", "a\n"),
        ("x", "a\r"),
        ("x", "\0"),
        ("x", "\x7f"),
        ("x", "€"),
        ("x y", ""),
        ("", "a"),
        ("x\n", ""),
    ],
)
def test_nothing_breaks_out_of_its_line(pair: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="not a header field"):
        framing.render([pair])


def test_status_lines() -> None:
    assert framing.status_line(200) == b"HTTP/1.1 200 OK\r\n"
    assert framing.status_line(529) == b"HTTP/1.1 529 \r\n"


def test_a_last_response() -> None:
    assert framing.final(b"HTTP/1.1 400 Bad Request\r\n", b"a: b\r\n", b"", 7) == (
        b"HTTP/1.1 400 Bad Request\r\na: b\r\nconnection: close\r\ncontent-length: 7\r\n\r\n"
    )


def feed(body: FixedBody | ChunkedBody, data: bytes, cuts: list[int]) -> bytes:
    """Feed `data` in pieces; returns what follows the body."""
    ends = sorted({0, *(cut for cut in cuts if cut < len(data)), len(data)})
    for start, end in pairwise(ends):
        rest = body.feed(data[start:end])
        if body.done:
            return rest + data[end:]
        assert rest == b""
    return b""


pieces = st.lists(st.integers(1, 400), max_size=12)


@given(st.binary(min_size=1, max_size=60), st.binary(max_size=20), pieces)
def test_a_fixed_body_ends_where_its_length_says(text: bytes, after: bytes, cuts: list[int]) -> None:
    body = FixedBody(len(text))
    assert feed(body, text + after, cuts) == after
    assert (body.done, body.taken, body.whole()) == (True, len(text), text)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.binary(max_size=20), pieces, st.booleans())
def test_a_chunked_body_ends_after_its_last_chunk(
    chunks: list[bytes], after: bytes, cuts: list[int], extras: bool
) -> None:
    extension, trailer = (b' ;a="b";c', b"x-sum: 1\r\ny:\r\n") if extras else (b"", b"")
    sent = b"".join(b"%X%b\r\n%b\r\n" % (len(data), extension, data) for data in chunks)
    body = ChunkedBody(1000)
    assert feed(body, sent + b"000" + extension + b"\r\n" + trailer + b"\r\n" + after, cuts) == after
    assert (body.done, body.taken, body.whole()) == (True, len(b"".join(chunks)), b"".join(chunks))


def chunk(data: bytes) -> bytes:
    return framing.CHUNK % (len(data), data)


def test_what_we_frame_we_can_read() -> None:
    body = ChunkedBody(100)
    assert body.feed(chunk(b"hello ") + chunk(b"you") + framing.LAST_CHUNK + b"GET") == b"GET"
    assert body.whole() == b"hello you"


@pytest.mark.parametrize(
    "sent",
    [
        b"\r\n",
        b"5\nhello\r\n",
        b"5\rhello\r\n",
        b"5\r\nhello\n",
        b"5\r\nhello!\r\n",
        b"5\r\nhello\r!",
        b"5 \r\nhello\r\n",
        b" 5\r\nhello\r\n",
        b"+5\r\nhello\r\n",
        b"-5\r\nhello\r\n",
        b"0x5\r\nhello\r\n",
        b"5_0\r\nhello\r\n",
        b"g\r\n",
        b"000000005\r\nhello\r\n",
        b"5;\0\r\nhello\r\n",
        b"5;a\rb\r\nhello\r\n",
        b"5;" + b"a" * 1024,
        b"5" * 2000,
        b"0\r\nbad trailer\r\n\r\n",
        b"0\r\nx : y\r\n\r\n",
        b"0\r\n folded\r\n\r\n",
        b"0\r\nx: y\n\r\n",
        b"0\r\n" + b"x: y\r\n" * 2000,
        b"0\r\nx: " + b"y" * 9000,
    ],
)
def test_chunks_refused(sent: bytes) -> None:
    for cuts in ([], list(range(len(sent)))):
        with pytest.raises(Refusal) as caught:
            feed(ChunkedBody(100), sent, cuts)
        assert caught.value.fault.code == "bad_request"


def test_a_chunked_body_over_its_limit_is_refused_before_it_is_held() -> None:
    body = ChunkedBody(100)
    body.feed(chunk(b"a" * 100))
    assert body.taken == 100
    with pytest.raises(Refusal) as caught:
        body.feed(b"1\r\n")
    assert caught.value.fault.code == "request_too_large"
    with pytest.raises(Refusal):
        ChunkedBody(100).feed(b"ffffffff\r\n")


@given(
    st.lists(
        st.sampled_from([b"5\r\n", b"0\r\n", b"\r\n", b"hello", b"a", b"\n", b";x", b"x: y\r\n", b"\0"]), max_size=20
    ),
    pieces,
)
def test_any_bytes_give_the_same_body_in_pieces_as_in_one(parts: list[bytes], cuts: list[int]) -> None:
    sent = b"".join(parts)

    def outcome(where: list[int]) -> tuple[str, bytes, bytes]:
        body, rest = ChunkedBody(50), b""
        try:
            rest = feed(body, sent, where)
        except Refusal as refused:
            return refused.fault.code, b"", b""
        return ("whole" if body.done else "more"), body.whole(), rest

    assert outcome(cuts) == outcome([])


@given(st.binary(max_size=100))
def test_a_body_never_holds_more_than_was_sent(sent: bytes) -> None:
    body = ChunkedBody(1000)
    with contextlib.suppress(Refusal):
        body.feed(sent)
    assert body.taken <= len(re.sub(rb"[\r\n]", b"", sent)) + sent.count(b"\n") + sent.count(b"\r")
