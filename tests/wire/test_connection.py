from __future__ import annotations

import asyncio
import gzip
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import Stage
from outwait.testing.piped import HEAD, Piped

SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
OPEN_ENDED = b"HTTP/1.1 200 OK\r\n\r\nhello"
GZIPPED = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (
    len(gzip.compress(b"hello", mtime=0)),
    gzip.compress(b"hello", mtime=0),
)


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(at, len(data)) for at in cuts), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges) if b > a]


# ------------------------------------------------------------------------------------------------------ whole exchanges
@pytest.mark.parametrize("message", [SIZED, CHUNKED, GZIPPED])
def test_an_exchange_is_reported_in_order_and_the_connection_kept(message: bytes) -> None:
    with Piped() as line:
        notes = line.begin()
        assert notes.told == [("connected", False), "sent"]
        assert line.pipe.written == HEAD + b"{}"
        line.receive(message)
        assert notes.told[2:] == [("head", 200), "end"]
        assert notes.data == b"hello"
        assert notes.pieces == [5]  # the pieces of one read are reported once
        assert line.home.told == ["put"]
        assert line.attempt.over
        again = line.begin(reused=True)
        line.receive(message)
        assert (again.told[0], again.data, line.home.told) == (("connected", True), b"hello", ["put", "put"])


@given(message=st.sampled_from([SIZED, CHUNKED, GZIPPED]), cuts=st.lists(st.integers(0, 120), max_size=8))
def test_any_split_gives_the_same_reports(message: bytes, cuts: list[int]) -> None:
    with Piped() as line:
        notes = line.begin()
        line.receive(*cut(message, cuts))
        assert notes.told == [("connected", False), "sent", ("head", 200), "end"]
        assert notes.data == b"hello"


def test_a_body_that_ends_with_the_connection_ends_and_says_so() -> None:
    with Piped() as line:
        notes = line.begin()
        line.receive(OPEN_ENDED)
        assert line.attempt.close_delimited
        assert notes.told[-1] == ("head", 200)
        line.connection.eof_received()
        assert notes.told[-1] == "end"
        assert line.pipe.closed
        assert line.home.told == []


@pytest.mark.parametrize(
    "message, at, whole",
    [(SIZED, 0, True), (CHUNKED, 0, True), (SIZED, 40, False), (OPEN_ENDED, 0, False), (GZIPPED, 0, False)],
)
def test_the_head_tells_when_everything_came_with_it(message: bytes, at: int, whole: bool) -> None:
    with Piped() as line:
        notes = line.begin()
        line.receive(*cut(message, [at]))
        assert notes.whole is whole


def test_the_end_may_start_the_next_request_at_once() -> None:
    with Piped() as line:
        line.begin(on={"end": lambda: line.begin(reused=True)})
        line.receive(SIZED)
        assert line.notes.told == [("connected", True), "sent"]
        line.receive(SIZED)
        assert line.notes.told[-1] == "end"


def test_the_headers_of_a_decoded_body_do_not_speak_of_the_coded_one() -> None:
    with Piped() as line:
        notes = line.begin()
        line.receive(GZIPPED)
        assert notes.headers == {}


# ---------------------------------------------------------------------------------------------------------- the request
def test_a_large_body_is_reported_as_it_is_taken() -> None:
    with Piped(room=100_000) as line:
        body = bytes(600_000)
        notes = line.begin(body)
        assert notes.told == [("connected", False), ("wrote", 500_000 + len(HEAD))]
        assert line.attempt.left() == 500_000 + len(HEAD)
        line.pipe.take(100_000)
        assert notes.told[2:] == []  # the kernel's own queue is not empty yet
        assert line.attempt.left() == 400_000 + len(HEAD)  # but who asks, learns
        line.pipe.take()
        assert notes.told[-1] == "sent"
        assert line.attempt.left() == 0
        assert line.pipe.written == HEAD + body
        line.receive(SIZED)
        assert notes.told[-1] == "end"
        assert line.home.told == ["put"]


def test_each_piece_taken_restarts_the_write_clock() -> None:
    with Piped(room=0) as line:
        notes = line.begin(bytes(1_000_000))
        for _ in range(3):
            line.pipe.take(262_144 + len(HEAD))
        assert [name for name, *_ in notes.told[1:]] == ["wrote"] * 4
        lefts = [left for _, left in notes.told[1:]]
        assert lefts == sorted(set(lefts), reverse=True)


def test_an_answer_before_the_request_is_sent_is_told_and_the_connection_closed() -> None:
    with Piped(room=10) as line:
        notes = line.begin(bytes(500_000))
        line.receive(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        assert notes.told[-2:] == [("head", 413), "end"]
        assert line.pipe.closed
        assert line.home.told == []


def test_a_request_that_is_sent_while_its_answer_comes_is_no_news() -> None:
    with Piped(room=10) as line:
        notes = line.begin()
        line.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel")
        line.pipe.take()
        line.receive(b"lo")
        assert notes.told[2:] == [("head", 200), "end"]
        assert line.home.told == ["put"]


# ------------------------------------------------------------------------------------------------- broken connections
@pytest.mark.parametrize("error", [None, ConnectionResetError(104, "reset"), BrokenPipeError(32, "pipe")])
def test_a_break_before_the_head(error: Exception | None) -> None:
    with Piped() as line:
        notes = line.begin()
        line.connection.connection_lost(error)
        assert notes.fault is not None
        assert (notes.fault.code, notes.fault.stage, notes.fault.hint) == ("upstream_reset", Stage.SENT, None)


def test_a_break_while_sending() -> None:
    with Piped(room=10) as line:
        notes = line.begin()
        line.connection.connection_lost(ConnectionResetError(104, "reset"))
        assert notes.fault is not None
        assert (notes.fault.code, notes.fault.stage) == ("upstream_reset", Stage.SENDING)


@pytest.mark.parametrize(
    "reused, after, came, hint",
    [(True, 0.0, b"", "stale"), (True, 1.5, b"", None), (False, 0.0, b"", None), (True, 0.0, b"HTTP/1.1 2", None)],
)
def test_a_dead_pooled_connection_is_told_from_a_broken_exchange(
    reused: bool, after: float, came: bytes, hint: str | None
) -> None:
    with Piped() as line:
        notes = line.begin(reused=reused)
        line.loop.run_until_complete(asyncio.sleep(after))
        if came:
            line.receive(came)
        line.connection.eof_received()
        assert notes.fault is not None
        assert notes.fault.hint == hint
        assert notes.fault.stage is Stage.SENT


@pytest.mark.parametrize("message", [SIZED[:-1], CHUNKED[:-5], CHUNKED[:-9], GZIPPED[:-3]])
@pytest.mark.parametrize("error", [None, ConnectionResetError()])
def test_a_cut_body_never_ends_as_if_it_were_whole(message: bytes, error: Exception | None) -> None:
    with Piped() as line:
        notes = line.begin()
        line.receive(message)
        line.connection.connection_lost(error)
        assert notes.fault is not None
        assert (notes.fault.code, notes.fault.stage) == ("upstream_truncated", Stage.HEAD)
        assert notes.data in b"hello"
        assert line.home.told == []


def test_a_reset_in_a_close_delimited_body_is_a_cut() -> None:
    with Piped() as line:
        notes = line.begin()
        line.receive(OPEN_ENDED)
        line.connection.connection_lost(ConnectionResetError())
        assert notes.fault is not None
        assert notes.fault.code == "upstream_truncated"


@pytest.mark.parametrize(
    "message, stage, data",
    [
        (b"SSH-2.0-x\r\n", Stage.SENT, b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\nzz", Stage.HEAD, b"hel"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 5\r\n\r\nhello", Stage.HEAD, b""),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", Stage.HEAD, b""),
    ],
)
def test_a_bad_response_fails_after_what_came_before(message: bytes, stage: Stage, data: bytes) -> None:
    with Piped() as line:
        notes = line.begin()
        line.receive(message)
        assert notes.fault is not None
        assert (notes.fault.code, notes.fault.stage, notes.data) == ("upstream_bad_response", stage, data)
        assert notes.fault.detail
        assert line.pipe.closed
        assert line.home.told == []


def test_an_endless_body_is_cut_off() -> None:
    with Piped(max_body=10) as line:
        notes = line.begin()
        line.receive(OPEN_ENDED, b"more than that")
        assert notes.fault is not None
        assert notes.fault.code == "upstream_bad_response"


def test_a_connection_that_died_before_its_first_request_is_told() -> None:
    with Piped() as line:
        line.pipe.abort()
        line.connection.connection_lost(None)
        notes = line.begin()
        assert notes.told == [("connected", False), "failed"]
        assert notes.fault is not None
        assert notes.fault.stage is Stage.SENDING


@given(st.binary(max_size=60), st.integers(0, len(CHUNKED)), st.booleans())
def test_whatever_comes_is_reported_in_order_and_ends_once(noise: bytes, keep: int, broken: bool) -> None:
    with Piped() as line:
        notes = line.begin()
        line.receive(CHUNKED[:keep] + noise)
        if notes.told[-1] not in ("end", "failed"):
            line.connection.connection_lost(ConnectionResetError() if broken else None)
        assert sum(word in ("end", "failed") for word in notes.told) == 1
        assert line.attempt.over


# ---------------------------------------------------------------------------------------------------------------- idle
@pytest.mark.parametrize("unasked", [b"HTTP/1.1 408 Request Timeout\r\n\r\n", b"x"])
def test_data_on_an_idle_connection_closes_it(unasked: bytes) -> None:
    with Piped() as line:
        line.begin()
        line.receive(SIZED)
        assert line.connection.usable
        line.connection.data_received(unasked)
        assert line.pipe.closed
        line.connection.connection_lost(None)
        assert line.home.told == ["put", "lost"]


def test_eof_on_an_idle_connection_closes_it() -> None:
    with Piped() as line:
        line.begin()
        line.receive(SIZED)
        line.connection.eof_received()
        assert not line.connection.usable


@pytest.mark.parametrize(
    "message", [SIZED + b"HTTP/1.1 200 OK\r\n", SIZED.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")]
)
def test_an_end_that_leaves_no_usable_connection(message: bytes) -> None:
    with Piped() as line:
        notes = line.begin()
        line.receive(message)
        assert notes.told[-1] == "end"
        assert line.home.told == []
        assert line.pipe.closed
