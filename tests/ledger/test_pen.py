from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.ledger.pen import ATOMIC, Pen, pieces

PATIENCE = 10.0
FULL = b"x" * 1023 + b"\n"


def missing(count: int) -> bytes:
    return b"%d lost\n" % count


@pytest.fixture(name="pipe")
def _pipe() -> Iterator[tuple[int, TextIO]]:
    """A pipe: the number to read from, and the stream to write to."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        yield reading, stream
        os.close(reading)


def fill(pen: Pen, lines: int) -> None:
    for _ in range(lines):
        pen.write(FULL, 1)


def read(number: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += os.read(number, size - len(data))
    return data


def test_lines_are_written_in_order() -> None:
    stream = io.StringIO()
    pen = Pen(stream, missing)
    for number in range(200):
        pen.write(b"%d\n" % number, 1)
    assert pen.drain(PATIENCE)
    assert stream.getvalue().split() == [str(number) for number in range(200)]


def test_who_writes_does_not_wait_for_a_reader_that_stopped(pipe: tuple[int, TextIO]) -> None:
    reading, stream = pipe
    pen = Pen(stream, missing, room=200 << 10)
    fill(pen, 300)  # 300 KiB: 64 fill the pipe
    assert not pen.drain(0.01)
    assert 0 < pen.lost <= 300
    kept = (300 - pen.lost) * len(FULL)
    assert read(reading, kept) == FULL * (300 - pen.lost)
    assert pen.drain(PATIENCE)
    pen.write(b"again\n", 1)
    told = b"%d lost\nagain\n" % pen.lost
    assert read(reading, len(told)) == told


def test_a_batch_longer_than_the_room_is_taken_when_nothing_waits() -> None:
    stream = io.StringIO()
    pen = Pen(stream, missing, room=10)
    pen.write(FULL, 1)
    assert pen.drain(PATIENCE)
    assert stream.getvalue().encode() == FULL


def test_a_file_somebody_made_non_blocking_is_waited_for(pipe: tuple[int, TextIO]) -> None:
    reading, stream = pipe
    os.set_blocking(stream.fileno(), False)
    pen = Pen(stream, missing)
    fill(pen, 300)
    assert not pen.drain(0.01)
    assert read(reading, 300 * len(FULL)) == FULL * 300
    assert pen.drain(PATIENCE)
    assert pen.lost == 0


def test_what_cannot_be_written_is_lost_and_told_later(tmp_path: Path) -> None:
    class Full(io.StringIO):
        full = True

        def write(self, text: str) -> int:
            if self.full:
                raise OSError(28, "No space left on device")
            return super().write(text)

    stream = Full()
    pen = Pen(stream, missing)
    pen.write(b"1\n2\n", 2)
    assert pen.drain(PATIENCE)
    pen.write(b"3\n", 1)
    assert pen.drain(PATIENCE)
    pen.lose(1)
    assert pen.lost == 4
    stream.full = False
    pen.write(b"4\n", 1)
    assert pen.drain(PATIENCE)
    assert stream.getvalue() == "4 lost\n4\n"
    closed = (tmp_path / "x").open("w")
    closed.close()
    gone = Pen(closed, missing)
    gone.write(b"5\n", 1)
    assert gone.drain(PATIENCE)
    assert gone.lost == 1


def test_a_closed_pipe_loses_lines_and_nothing_else() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as broken:
        pen = Pen(broken, missing)
        pen.write(b"1\n", 1)
        assert pen.drain(PATIENCE)
        assert pen.lost == 1


def test_without_any_stream_lines_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", None)
    pen = Pen(None, missing)
    pen.write(b"1\n", 1)
    assert pen.drain(PATIENCE)
    assert pen.lost == 1


def test_lines_of_threads_do_not_mix() -> None:
    stream = io.StringIO()
    pen = Pen(stream, missing)
    threads = [threading.Thread(target=fill, args=(pen, 50)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pen.drain(PATIENCE)
    assert stream.getvalue().encode() == FULL * 200


@given(st.lists(st.integers(0, 2 * ATOMIC), max_size=12), st.booleans())
def test_pieces_are_whole_lines_that_a_pipe_takes_at_once(lengths: list[int], whole: bool) -> None:
    data = b"".join(b"x" * length + b"\n" for length in lengths) + b"rest" * (not whole)
    cut = list(pieces(data))
    assert b"".join(cut) == data
    assert all(piece.endswith(b"\n") for piece in cut[:-1])
    assert all(len(piece) <= ATOMIC or piece.count(b"\n") <= 1 for piece in cut)
