"""The pen: writes the log from a thread of its own, so that who logs never waits for who reads.

A pipe nobody empties, a terminal that is stopped, a disk that stands still: each makes a write take as long as it
likes. On the loop's thread that would silence every heartbeat. Here lines wait in memory, at most `room` bytes of
them or what came at once, and are written whole and in order. What does not fit, or cannot be written, is lost and
counted, and the log says how much once it can be written again.
"""

from __future__ import annotations

import io
import os
import select
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Final, TextIO

ROOM: Final = 16 << 20  # about 20,000 lines of exchanges
ATOMIC: Final = 4096  # PIPE_BUF of Linux: longer writes of several workers into one pipe may mix


class Pen:
    """Writes to `stream`; None: to standard error, whatever that is by then. `missing(count)`: the line that says so.

    `lost`: lines that could not be written. Every method may be called from any thread.
    """

    def __init__(self, stream: TextIO | None, missing: Callable[[int], bytes], room: int = ROOM) -> None:
        self.lost = 0
        self._stream = stream
        self._missing = missing
        self._room = room
        self._untold = 0  # of the lost lines, those the log has not spoken of
        self._bytes = 0  # that wait, or are being written
        self._waiting: list[tuple[bytes, int, int]] = []  # data, its lines, and the lost ones it speaks of
        self._turn = threading.Condition()
        self._thread: threading.Thread | None = None

    def write(self, data: bytes, lines: int) -> None:
        """Have `data` written, which is `lines` whole lines; returns at once."""
        with self._turn:
            if self._bytes and self._bytes + len(data) > self._room:
                self._lose(lines)
                return
            untold, self._untold = self._untold, 0
            if untold:
                data = self._missing(untold) + data
            self._waiting.append((data, lines, untold))
            self._bytes += len(data)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="outwait-log", daemon=True)
                self._thread.start()
            self._turn.notify_all()

    def lose(self, lines: int) -> None:
        """`lines` will not be written."""
        with self._turn:
            self._lose(lines)

    def drain(self, patience: float) -> bool:
        """Wait until all is written, at most `patience` seconds; returns whether it is."""
        with self._turn:
            return self._turn.wait_for(lambda: self._bytes == 0, patience)

    def _lose(self, lines: int) -> None:
        self.lost += lines
        self._untold += lines

    def _run(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._waiting)
                batch, self._waiting = self._waiting, []
            data = b"".join([piece for piece, _, _ in batch])
            whole = self._put(data)
            with self._turn:
                self._bytes -= len(data)
                if not whole:
                    self._untold += sum(untold for _, _, untold in batch)
                    self._lose(sum(lines for _, lines, _ in batch))
                self._turn.notify_all()

    def _put(self, data: bytes) -> bool:
        """Write `data`, however long it takes; returns whether that was possible."""
        stream = self._stream if self._stream is not None else sys.stderr
        try:
            number = stream.fileno()
        except (AttributeError, io.UnsupportedOperation, ValueError):  # None, in memory, closed
            return _told(stream, data)
        try:
            for piece in pieces(data):  # not by the stream's own buffer, whose lock would be held meanwhile
                _write(number, piece)
        except OSError:
            return False
        return True


def pieces(data: bytes) -> Iterator[bytes]:
    """`data` cut behind line ends into pieces of at most `ATOMIC` bytes; a longer line is a piece of its own."""
    start = 0
    while len(data) - start > ATOMIC:
        end = data.rfind(b"\n", start, start + ATOMIC) + 1 or data.find(b"\n", start) + 1 or len(data)
        yield data[start:end]
        start = end
    yield data[start:]


def _write(number: int, data: bytes) -> None:
    """Write all of `data`; waits where it would block, also if whoever shares the file has made it non-blocking."""
    while data:
        try:
            data = data[os.write(number, data) :]
        except BlockingIOError:
            select.select((), (number,), ())


def _told(stream: TextIO | None, data: bytes) -> bool:
    """Write to a stream that is no file."""
    try:
        if stream is not None:
            stream.write(data.decode("utf-8", "replace"))
            stream.flush()
    except (OSError, ValueError):  # ValueError: the stream was closed
        return False
    return stream is not None
