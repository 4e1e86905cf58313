from __future__ import annotations

import gzip

import pytest

from outwait.testing.piped import HEAD, Notes, Piped
from outwait.wire.attempt import OpenAttempt

SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
OPEN_ENDED = b"HTTP/1.1 200 OK\r\n\r\nhello"
GZIPPED = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (
    len(gzip.compress(b"hello", mtime=0)),
    gzip.compress(b"hello", mtime=0),
)


# ------------------------------------------------------------------------------------------------------------- steering
@pytest.mark.parametrize("report", ["connected", "wrote", "head", "body"])
@pytest.mark.parametrize("message", [CHUNKED, GZIPPED])
def test_cancel_inside_any_report_is_the_last_thing_heard(report: str, message: bytes) -> None:
    with Piped(room=10 if report == "wrote" else 1 << 30) as line:
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
    with Piped() as line:
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
    with Piped() as line:
        line.begin()
        for _ in range(2):
            line.attempt.pause()
        assert not line.pipe.reading
        for _ in range(2):
            line.attempt.resume()
        assert line.pipe.reading


def test_an_attempt_paused_before_it_is_connected_starts_paused_and_the_next_one_does_not() -> None:
    with Piped() as line:
        line.attempt.pause()
        line.connection.begin(line.attempt, line.notes, HEAD, b"{}", reused=False)
        assert not line.pipe.reading
        line.receive(SIZED)  # was on its way
        assert line.notes.told[-1] == "end"
        assert line.pipe.reading


def test_a_left_attempt_is_read_to_its_end_and_the_connection_kept() -> None:
    with Piped() as line:
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
    with Piped() as line:
        line.begin()
        line.receive(message)
        line.attempt.leave()
        assert line.pipe.closed


# -------------------------------------------------------------------------------------------------------- coded bodies
BIG = bytes(5 << 20)
BIG_GZIPPED = gzip.compress(BIG)
BOMB = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(BIG_GZIPPED), BIG_GZIPPED)


def test_one_read_is_unpacked_in_turns_of_the_loop() -> None:
    with Piped() as line:
        notes = line.begin()
        line.receive(BOMB)
        assert 0 < len(notes.data) <= 1 << 20
        assert notes.told[-1] == ("head", 200)
        while not line.attempt.over:
            line.turn()
        assert notes.data == BIG
        assert notes.told[-1] == "end"


def test_a_paused_attempt_unpacks_no_more_than_the_step_it_is_in() -> None:
    with Piped() as line:
        notes = line.begin(on={"body": lambda: line.attempt.pause()})  # noqa: PLW0108 - the attempt is made by `begin`
        line.receive(BOMB)
        for _ in range(5):
            line.turn()
        assert len(notes.pieces) == 1
        line.attempt.resume()
        line.turn()
        assert len(notes.pieces) == 2


def test_cancel_while_unpacking_is_the_end() -> None:
    with Piped() as line:
        notes = line.begin()
        line.receive(BOMB)
        heard = len(notes.data)
        line.attempt.cancel()
        for _ in range(5):
            line.turn()
        assert len(notes.data) == heard
        assert notes.told[-1] == ("head", 200)


def test_what_came_before_a_break_is_unpacked_before_the_break_is_told() -> None:
    with Piped() as line:
        notes = line.begin()
        line.receive(BOMB[:-10])
        line.connection.connection_lost(ConnectionResetError())
        while not line.attempt.over:
            line.turn()
        assert notes.fault is not None
        assert notes.fault.code == "upstream_truncated"
        assert len(notes.data) > 4 << 20
