"""The same bytes give the same requests, however the network cuts them (no sockets: a cut is exactly where it is)."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.examples import examples

from outwait.wire.guard import Limits
from outwait.wire.inlet import Inlet
from outwait.wire.request import Heads, Request

GET = b"GET /a?b=c HTTP/1.1\r\nhost: a\r\n\r\n"
POST = b"POST /p HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello"
CHUNKED = (
    b"POST /c HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nt: u\r\n\r\n"
)
WHOLE = GET + POST + CHUNKED + b"\r\n" + POST


@settings(max_examples=examples(25))
@given(st.lists(st.integers(1, len(WHOLE) - 1), max_size=40))
def test_any_split_of_the_same_bytes_gives_the_same_requests(cuts: list[int]) -> None:
    assert seen_through(WHOLE, cuts) == [("/a", b""), ("/p", b"hello"), ("/c", b"hello"), ("/p", b"hello")]


def test_byte_by_byte() -> None:
    assert len(seen_through(WHOLE, list(range(len(WHOLE))))) == 4


GARBAGE = [
    b"GET / HTTP/1.1\r\n", b"POST /x HTTP/1.1\r\n", b"host: a\r\n", b"content-length: 5\r\n", b"hello", b"\r\n", b"\n",
    b"transfer-encoding: chunked\r\n", b"0\r\n\r\n", b"5\r\n", b" ", b"\0", b"x:y\r\n",
]  # fmt: skip


@given(st.lists(st.sampled_from(GARBAGE), max_size=14), st.lists(st.integers(1, 150), max_size=8))
def test_whatever_comes_the_requests_are_the_same_in_pieces_as_in_one(parts: list[bytes], cuts: list[int]) -> None:
    """And no bytes are read twice: as body of one request and as head of another."""
    sent = b"".join(parts)
    whole = seen_through(sent, [])
    assert seen_through(sent, cuts) == whole
    assert len(whole) <= sent.count(b" / HTTP/1.1") + sent.count(b" /x HTTP/1.1")


class Wire:
    """A transport in memory, for the same code without sockets. Answers come at once."""

    def __init__(self) -> None:
        self.sent, self.closing = b"", False

    def write(self, data: bytes) -> None:
        self.sent += data

    def close(self) -> None:
        self.closing = True

    abort = write_eof = close

    def is_closing(self) -> bool:
        return self.closing

    def can_write_eof(self) -> bool:
        return True

    def get_extra_info(self, name: str) -> object:
        return ("10.0.0.1", 1) if name == "peername" else None

    def pause_reading(self) -> None:
        raise AssertionError("answers come at once")


def seen_through(data: bytes, cuts: list[int]) -> list[tuple[str, bytes]]:
    """The requests a server sees when `data` comes in the pieces that end at `cuts`."""
    seen: list[tuple[str, bytes]] = []

    def handle(request: Request) -> None:
        seen.append((request.path, request.body))
        request.outlet.send(200, b"", b"")

    quiet = SimpleNamespace(now=lambda: 0.0, set=lambda *_: None)
    server: Any = SimpleNamespace(
        limits=Limits(), wheel=quiet, arrived=lambda _: None, handle=handle, draining=False, body_limit=lambda _: 1000,
        refuse=lambda fault, _: (fault.status, b"", b""), opening=lambda *_: b"", lines_of=None, heads=Heads(Limits()),
    )  # fmt: skip
    inlet, wire = Inlet(server), Wire()
    inlet.connection_made(wire)  # type: ignore[arg-type]
    ends = sorted({0, *(cut for cut in cuts if cut < len(data)), len(data)})
    for start, end in pairwise(ends):
        inlet.data_received(data[start:end])
    return seen
