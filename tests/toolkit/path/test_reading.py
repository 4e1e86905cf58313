from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.toolkit.path.reading import BODY_MAX, End, Heard, Reading

CHUNKED = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
HELLO = b"7\r\n: ping\n\r\n5\r\nhello\r\n0\r\n\r\n"


def read(data: bytes, end: End = End.FIN) -> Heard:
    reading = Reading()
    reading.fed(data, 1.0)
    return reading.heard(end, 2.0)


def test_a_whole_answer() -> None:
    heard = read(CHUNKED + HELLO)
    assert (heard.end, heard.ended, heard.status, heard.framing) == (End.WHOLE, 1.0, 200, "chunked")
    assert heard.body == b": ping\nhello"
    assert heard.header("content-type") == "text/event-stream"
    assert heard.header("server") == ""


@given(st.lists(st.integers(0, len(CHUNKED + HELLO)), max_size=8))
def test_any_pieces_make_the_same_answer(cuts: list[int]) -> None:
    data, at, reading = CHUNKED + HELLO, 0, Reading()
    for moment, cut in enumerate([*sorted(cuts), len(data)]):
        if data[at:cut]:
            reading.fed(data[at:cut], float(moment))
        at = cut
    heard = reading.heard(End.FIN, 99.0)
    assert (heard.end, heard.body, reading.done) == (End.WHOLE, b": ping\nhello", True)


@given(st.integers(0, len(CHUNKED + HELLO) - 1))
def test_a_part_of_an_answer_is_never_whole(size: int) -> None:
    heard = read((CHUNKED + HELLO)[:size], End.RESET)
    assert (heard.end, heard.ended) == (End.RESET, 2.0)


def test_the_moment_of_each_piece() -> None:
    reading = Reading()
    reading.fed(CHUNKED, 0.5)
    reading.fed(b"1\r\na\r\n", 1.5)
    reading.fed(b"1\r\nb\r\n", 2.5)
    heard = reading.heard(End.SILENT, 9.0)
    assert heard.pieces == ((1.5, b"a"), (2.5, b"b"))
    assert (heard.last, heard.ended) == (2.5, 9.0)


def test_what_is_compressed_is_told_as_it_comes_out() -> None:
    """A server that flushes each piece: zlib's sync flush."""
    press = zlib.compressobj(wbits=31)
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n"
    reading = Reading()
    reading.fed(head + press.compress(b"one") + press.flush(zlib.Z_SYNC_FLUSH), 1.0)
    reading.fed(press.compress(b"two") + press.flush(), 2.0)
    heard = reading.heard(End.FIN, 3.0)
    assert heard.pieces == ((1.0, b"one"), (2.0, b"two"))
    assert (heard.end, heard.framing) == (End.FIN, "close")


def test_broken_compression() -> None:
    heard = read(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nhello")
    assert heard.end is End.BROKEN
    assert "compression" in heard.why


def test_interim_answers_are_passed_over() -> None:
    heard = read(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 504 Gone\r\nserver: nginx\r\ncontent-length: 2\r\n\r\nno")
    assert (heard.end, heard.status, heard.body, heard.framing) == (End.WHOLE, 504, b"no", "length")
    assert heard.headers == (("server", "nginx"), ("content-length", "2"))


@pytest.mark.parametrize("data", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"])
def test_what_is_no_http(data: bytes) -> None:
    assert read(data).end is End.BROKEN


def test_an_upgrade_is_no_answer() -> None:
    heard = read(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n")
    assert heard.end is End.BROKEN


def test_nothing_at_all() -> None:
    heard = Reading().heard(End.RESET, 3.0, "Connection reset by peer")
    assert (heard.status, heard.last, heard.framing, heard.why) == (0, 0.0, "", "Connection reset by peer")


def test_a_huge_body_is_not_kept() -> None:
    packed = gzip.compress(b"x" * (4 * BODY_MAX))
    heard = read(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n%b" % (len(packed), packed))
    assert len(heard.body) <= BODY_MAX


def test_what_follows_a_whole_answer_is_none_of_ours() -> None:
    assert read(CHUNKED + HELLO + b"garbage").end is End.WHOLE
