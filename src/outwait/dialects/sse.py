"""Server-sent events, cut out of bytes that come in any pieces.

Follows the WHATWG event stream format: lines end with CR, LF or CRLF; a byte order mark may stand first; comments and
unknown fields are dropped. `id:` and `retry:` are dropped too: an id and a later comment crash openai-python
(FACTS 1.1.4), and no client of a gateway may reconnect by itself.
"""

from __future__ import annotations

from typing import NamedTuple

EVENT_LIMIT = 8 * 1024 * 1024
_STRAY_LIMIT = 64 * 1024
_BOM = b"\xef\xbb\xbf"
# Numbers: `b"\n" in data` takes 220 ns where `10 in data` takes 16, since bytes.__contains__ (3.11) first tries to read
# what it is given as a number, and makes an exception that it drops.
CR, LF = 13, 10
_PREFIX = 7  # len("data: ") and one byte of data


class Event(NamedTuple):
    """One event: its `event:` name (empty when none was given) and its data lines joined with LF."""

    name: bytes
    data: bytes


class Splitter:
    """Cuts events out of a byte stream; linear in its length whatever the pieces are.

    `held`: a part of an event waits for its rest. `growing`: the part that waits has data, and is not just a comment
    or a name. `first`: no line has come yet; only the first may begin with a byte order mark. `overflow`: an event was
    longer than `limit` bytes (all its lines counted); nothing more comes out. `stray`: lines that are none of an event
    stream, such as a plain JSON error.
    """

    __slots__ = (
        "_cr",
        "_data",
        "_lines",
        "_name",
        "_pieces",
        "_size",
        "first",
        "growing",
        "held",
        "limit",
        "overflow",
        "stray",
    )

    def __init__(self, limit: int = EVENT_LIMIT) -> None:
        self.limit = limit
        self.held = self.growing = self.overflow = False
        self.stray = b""
        self.first = True
        self._cr = False  # the last piece ended with CR: a LF that follows belongs to it
        self._pieces: list[bytes] = []  # of the line that has no end yet
        self._size = 0  # their length
        self._lines = 0  # length of the whole lines of the event that has no end yet
        self._data: list[bytes] = []
        self._name = b""

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes."""
        if self._cr and data:
            self._cr = False
            if data[0] == LF:
                data = data[1:]
        if not data or self.overflow:
            return []
        events: list[Event] = []
        if LF in data or CR in data:
            self._split(data, events)
        else:
            self._hold(data)
        self.growing = bool(self._data) or (self._size >= _PREFIX and self._starts_data())
        self.held = bool(self._pieces or self._data or self._name)
        return events

    def close(self) -> list[Event]:
        """The stream is over: the last event, if only its blank line is missing."""
        events: list[Event] = []
        if not self.overflow:
            if self._pieces:
                self._take(b"".join(self._pieces), events)
                self._pieces.clear()
            self._take(b"", events)
        self.held = self.growing = False
        return events

    def _split(self, data: bytes, events: list[Event]) -> None:
        if self._pieces:
            data = b"".join((*self._pieces, data))
            self._pieces.clear()
            self._size = 0
        lines = data.splitlines()
        last = data[-1]
        tail = b""
        if last == CR:
            self._cr = True
        elif last != LF:
            tail = lines.pop()
        for line in lines:
            self._take(line, events)
            if self.overflow:
                return
        if tail:
            self._hold(tail)

    def _hold(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)
        if self._lines + self._size > self.limit:
            self._overflow()

    def _starts_data(self) -> bool:
        return b"".join(self._pieces[:_PREFIX]).startswith(b"data:")

    def _overflow(self) -> None:
        self.overflow = True
        self._pieces.clear()
        self._data.clear()
        self._name = b""

    def _take(self, line: bytes, events: list[Event]) -> None:
        """One whole line, without its end."""
        self._lines += len(line)
        if self._lines > self.limit:
            self._overflow()
            return
        if self.first:
            self.first = False
            line = line.removeprefix(_BOM)
        if not line:
            if self._data or self._name:
                events.append(Event(self._name, b"\n".join(self._data)))
                self._data.clear()
                self._name = b""
            self._lines = 0
            return
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
        elif field == b"event":
            self._name = value
        elif field not in {b"", b"id", b"retry"} and len(self.stray) < _STRAY_LIMIT:
            self.stray = (self.stray + line + b"\n")[:_STRAY_LIMIT]
