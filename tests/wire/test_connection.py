from __future__ import annotations

import asyncio
import gzip
import itertools
from collections.abc import Mapping
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import Fault, Stage
from outwait.testing.virtual import VirtualLoop
from outwait.wire.attempt import OpenAttempt
from outwait.wire.connection import Connection
from outwait.wire.endpoint import Endpoint

HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"
SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
OPEN_ENDED = b"HTTP/1.1 200 OK\r\n\r\nhello"
GZIPPED = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (
    len(gzip.compress(b"hello", mtime=0)),
    gzip.compress(b"hello", mtime=0),
)


class Pipe(asyncio.Transport):
    """A transport whose kernel takes `room` bytes and then no more until told."""

    def __init__(self, room: int = 1 << 30) -> None:
        super().__init__()
        self.room = room
        self.waiting = 0
        self.written = bytearray()
        self.reading = True
        self.closed = False
        self.protocol: Any = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.written += data
        taken = min(self.room, len(data))
        self.room -= taken
        self.waiting += len(data) - taken
        if self.waiting:
            self.protocol.pause_writing()

    def take(self, room: int = 1 << 30) -> None:
        """The kernel takes more."""
        taken = min(room, self.waiting)
        self.waiting -= taken
        if not self.waiting:
            self.room = room - taken
            self.protocol.resume_writing()

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert (high, low) == (0, 0)

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_closing(self) -> bool:
        return self.closed

    def abort(self) -> None:
        self.closed = True


class Home:
    """Stands for the pool."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def put(self, connection: Connection) -> None:
        self.told.append("put")

    def lost(self, connection: Connection) -> None:
        self.told.append("lost")

    def see_out(self, connection: Connection) -> None:
        self.told.append("see out")


class Notes:
    """A sink that writes down what it is told, and does `on[report]` then."""

    def __init__(self, on: Mapping[str, Any] | None = None) -> None:
        self.told: list[Any] = []
        self.data = b""
        self.pieces: list[int] = []
        self.fault: Fault | None = None
        self.headers: Mapping[str, str] = {}
        self.on = on or {}

    def _note(self, name: str, *more: Any) -> None:
        assert not {"end", "failed"} & set(self.told), f"{name} after the end"
        self.told.append((name, *more) if more else name)
        if name in self.on:
            self.on[name]()

    def resolved(self) -> None:
        self._note("resolved")

    def connected(self, reused: bool) -> None:
        self._note("connected", reused)

    def wrote(self, left: int) -> None:
        self._note("wrote", left)

    def sent(self) -> None:
        self._note("sent")

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        self.headers = headers
        self._note("head", status)

    def body(self, data: bytes) -> None:
        assert data
        self.data += data
        self.pieces.append(len(data))
        if "body" in self.on:
            self.on["body"]()

    def end(self) -> None:
        self._note("end")

    def failed(self, fault: Fault) -> None:
        self.fault = fault
        self._note("failed")


class Line:
    """A connection with everything around it in hand."""

    def __init__(self, room: int = 1 << 30, max_body: int = 1 << 28) -> None:
        self.loop = VirtualLoop()
        self.pipe = Pipe(room)
        self.home = Home()
        self.connection = Connection(self.loop, Endpoint("a", 80, tls=False), self.home, max_body)
        self.pipe.protocol = self.connection
        self.connection.connection_made(self.pipe)
        self.attempt = OpenAttempt()
        self.notes = Notes()

    def begin(self, body: bytes = b"{}", *, reused: bool = False, on: Mapping[str, Any] | None = None) -> Notes:
        self.attempt, self.notes = OpenAttempt(), Notes(on)
        self.connection.begin(self.attempt, self.notes, HEAD, body, reused=reused)
        return self.notes

    def receive(self, *pieces: bytes) -> None:
        for piece in pieces:
            if not self.pipe.closed:
                self.connection.data_received(piece)

    def turn(self) -> None:
        self.loop.run_until_complete(asyncio.sleep(0))

    def close(self) -> None:
        self.loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(at, len(data)) for at in cuts), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges) if b > a]


# ------------------------------------------------------------------------------------------------------ whole exchanges
@pytest.mark.parametrize("message", [SIZED, CHUNKED, GZIPPED])
def test_an_exchange_is_reported_in_order_and_the_connection_kept(message: bytes) -> None:
    with Line() as line:
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
    with Line() as line:
        notes = line.begin()
        line.receive(*cut(message, cuts))
        assert notes.told == [("connected", False), "sent", ("head", 200), "end"]
        assert notes.data == b"hello"


def test_a_body_that_ends_with_the_connection_ends_and_says_so() -> None:
    with Line() as line:
        notes = line.begin()
        line.receive(OPEN_ENDED)
        assert line.attempt.close_delimited
        assert notes.told[-1] == ("head", 200)
        line.connection.eof_received()
        assert notes.told[-1] == "end"
        assert line.pipe.closed
        assert line.home.told == []


def test_the_end_may_start_the_next_request_at_once() -> None:
    with Line() as line:
        line.begin(on={"end": lambda: line.begin(reused=True)})
        line.receive(SIZED)
        assert line.notes.told == [("connected", True), "sent"]
        line.receive(SIZED)
        assert line.notes.told[-1] == "end"


def test_the_headers_of_a_decoded_body_do_not_speak_of_the_coded_one() -> None:
    with Line() as line:
        notes = line.begin()
        line.receive(GZIPPED)
        assert notes.headers == {}


# ---------------------------------------------------------------------------------------------------------- the request
def test_a_large_body_is_reported_as_it_is_taken() -> None:
    with Line(room=100_000) as line:
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
    with Line(room=0) as line:
        notes = line.begin(bytes(1_000_000))
        for _ in range(3):
            line.pipe.take(262_144 + len(HEAD))
        assert [name for name, *_ in notes.told[1:]] == ["wrote"] * 4
        lefts = [left for _, left in notes.told[1:]]
        assert lefts == sorted(set(lefts), reverse=True)


def test_an_answer_before_the_request_is_sent_is_told_and_the_connection_closed() -> None:
    with Line(room=10) as line:
        notes = line.begin(bytes(500_000))
        line.receive(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        assert notes.told[-2:] == [("head", 413), "end"]
        assert line.pipe.closed
        assert line.home.told == []


def test_a_request_that_is_sent_while_its_answer_comes_is_no_news() -> None:
    with Line(room=10) as line:
        notes = line.begin()
        line.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel")
        line.pipe.take()
        line.receive(b"lo")
        assert notes.told[2:] == [("head", 200), "end"]
        assert line.home.told == ["put"]


# ------------------------------------------------------------------------------------------------- broken connections
@pytest.mark.parametrize("error", [None, ConnectionResetError(104, "reset"), BrokenPipeError(32, "pipe")])
def test_a_break_before_the_head(error: Exception | None) -> None:
    with Line() as line:
        notes = line.begin()
        line.connection.connection_lost(error)
        assert notes.fault is not None
        assert (notes.fault.code, notes.fault.stage, notes.fault.hint) == ("upstream_reset", Stage.SENT, None)


def test_a_break_while_sending() -> None:
    with Line(room=10) as line:
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
    with Line() as line:
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
    with Line() as line:
        notes = line.begin()
        line.receive(message)
        line.connection.connection_lost(error)
        assert notes.fault is not None
        assert (notes.fault.code, notes.fault.stage) == ("upstream_truncated", Stage.HEAD)
        assert notes.data in b"hello"
        assert line.home.told == []


def test_a_reset_in_a_close_delimited_body_is_a_cut() -> None:
    with Line() as line:
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
    with Line() as line:
        notes = line.begin()
        line.receive(message)
        assert notes.fault is not None
        assert (notes.fault.code, notes.fault.stage, notes.data) == ("upstream_bad_response", stage, data)
        assert notes.fault.detail
        assert line.pipe.closed
        assert line.home.told == []


def test_an_endless_body_is_cut_off() -> None:
    with Line(max_body=10) as line:
        notes = line.begin()
        line.receive(OPEN_ENDED, b"more than that")
        assert notes.fault is not None
        assert notes.fault.code == "upstream_bad_response"


def test_a_connection_that_died_before_its_first_request_is_told() -> None:
    with Line() as line:
        line.pipe.abort()
        line.connection.connection_lost(None)
        notes = line.begin()
        assert notes.told == [("connected", False), "failed"]
        assert notes.fault is not None
        assert notes.fault.stage is Stage.SENDING


@given(st.binary(max_size=60), st.integers(0, len(CHUNKED)), st.booleans())
def test_whatever_comes_is_reported_in_order_and_ends_once(noise: bytes, keep: int, broken: bool) -> None:
    with Line() as line:
        notes = line.begin()
        line.receive(CHUNKED[:keep] + noise)
        if notes.told[-1] not in ("end", "failed"):
            line.connection.connection_lost(ConnectionResetError() if broken else None)
        assert sum(word in ("end", "failed") for word in notes.told) == 1
        assert line.attempt.over


# ---------------------------------------------------------------------------------------------------------------- idle
@pytest.mark.parametrize("unasked", [b"HTTP/1.1 408 Request Timeout\r\n\r\n", b"x"])
def test_data_on_an_idle_connection_closes_it(unasked: bytes) -> None:
    with Line() as line:
        line.begin()
        line.receive(SIZED)
        assert line.connection.usable
        line.connection.data_received(unasked)
        assert line.pipe.closed
        line.connection.connection_lost(None)
        assert line.home.told == ["put", "lost"]


def test_eof_on_an_idle_connection_closes_it() -> None:
    with Line() as line:
        line.begin()
        line.receive(SIZED)
        line.connection.eof_received()
        assert not line.connection.usable


@pytest.mark.parametrize(
    "message", [SIZED + b"HTTP/1.1 200 OK\r\n", SIZED.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")]
)
def test_an_end_that_leaves_no_usable_connection(message: bytes) -> None:
    with Line() as line:
        notes = line.begin()
        line.receive(message)
        assert notes.told[-1] == "end"
        assert line.home.told == []
        assert line.pipe.closed


# ------------------------------------------------------------------------------------------------------------- steering
@pytest.mark.parametrize("report", ["connected", "wrote", "head", "body"])
@pytest.mark.parametrize("message", [CHUNKED, GZIPPED])
def test_cancel_inside_any_report_is_the_last_thing_heard(report: str, message: bytes) -> None:
    with Line(room=10 if report == "wrote" else 1 << 30) as line:
        attempt = OpenAttempt()
        notes = Notes({report: attempt.cancel})
        line.connection.begin(attempt, notes, HEAD, b"{}", reused=False)
        line.receive(message)
        line.turn()
        heard = [word if isinstance(word, str) else word[0] for word in notes.told]
        assert heard[-1] == ("head" if report == "body" else report)
        assert line.pipe.closed
        attempt.cancel()
        line.connection.connection_lost(None)
        assert line.home.told == ["lost"]


def test_a_late_cancel_does_not_hit_the_next_request() -> None:
    with Line() as line:
        line.begin()
        old = line.attempt
        line.receive(SIZED)
        line.begin(reused=True)
        old.cancel()
        old.pause()
        old.leave()
        assert line.pipe.reading
        assert not line.pipe.closed
        line.receive(SIZED)
        assert line.notes.told[-1] == "end"


def test_pause_and_resume_reach_the_transport_and_are_idempotent() -> None:
    with Line() as line:
        line.begin()
        for _ in range(2):
            line.attempt.pause()
        assert not line.pipe.reading
        for _ in range(2):
            line.attempt.resume()
        assert line.pipe.reading


def test_an_attempt_paused_before_it_is_connected_starts_paused_and_the_next_one_does_not() -> None:
    with Line() as line:
        line.attempt.pause()
        line.connection.begin(line.attempt, line.notes, HEAD, b"{}", reused=False)
        assert not line.pipe.reading
        line.receive(SIZED)  # was on its way
        assert line.notes.told[-1] == "end"
        assert line.pipe.reading


def test_a_left_attempt_is_read_to_its_end_and_the_connection_kept() -> None:
    with Line() as line:
        notes = line.begin()
        line.receive(CHUNKED[:-5])
        line.attempt.pause()
        line.attempt.leave()
        assert line.pipe.reading
        assert line.home.told == ["see out"]
        line.receive(b"0\r\n\r\n")
        assert line.home.told == ["see out", "put"]
        assert notes.told[-1] == ("head", 200)
        assert line.attempt.over


@pytest.mark.parametrize("message", [b"", OPEN_ENDED])
def test_a_left_attempt_without_an_end_in_sight_is_closed(message: bytes) -> None:
    with Line() as line:
        line.begin()
        line.receive(message)
        line.attempt.leave()
        assert line.pipe.closed


# -------------------------------------------------------------------------------------------------------- coded bodies
BIG = bytes(5 << 20)
BIG_GZIPPED = gzip.compress(BIG)
BOMB = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(BIG_GZIPPED), BIG_GZIPPED)


def test_one_read_is_unpacked_in_turns_of_the_loop() -> None:
    with Line() as line:
        notes = line.begin()
        line.receive(BOMB)
        assert 0 < len(notes.data) <= 1 << 20
        assert notes.told[-1] == ("head", 200)
        while not line.attempt.over:
            line.turn()
        assert notes.data == BIG
        assert notes.told[-1] == "end"


def test_a_paused_attempt_unpacks_no_more_than_the_step_it_is_in() -> None:
    with Line() as line:
        notes = line.begin(on={"body": lambda: line.attempt.pause()})  # noqa: PLW0108 - the attempt is made by `begin`
        line.receive(BOMB)
        for _ in range(5):
            line.turn()
        assert len(notes.pieces) == 1
        line.attempt.resume()
        line.turn()
        assert len(notes.pieces) == 2


def test_cancel_while_unpacking_is_the_end() -> None:
    with Line() as line:
        notes = line.begin()
        line.receive(BOMB)
        heard = len(notes.data)
        line.attempt.cancel()
        for _ in range(5):
            line.turn()
        assert len(notes.data) == heard
        assert notes.told[-1] == ("head", 200)


def test_what_came_before_a_break_is_unpacked_before_the_break_is_told() -> None:
    with Line() as line:
        notes = line.begin()
        line.receive(BOMB[:-10])
        line.connection.connection_lost(ConnectionResetError())
        while not line.attempt.over:
            line.turn()
        assert notes.fault is not None
        assert notes.fault.code == "upstream_truncated"
        assert len(notes.data) > 4 << 20
