"""The bytes around bodies: status lines, header blocks, chunks out, and bodies in.

Promises: `render` never lets a line break or NUL into a header block; `FixedBody` and `ChunkedBody` take input in any
pieces, know the exact end of the body, hand back what follows it, and never hold more than their limit. The chunked
decoder is strict (RFC 9112 section 7.1): hexadecimal size, CRLF everywhere, extensions and trailers bounded, dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from outwait.wire.guard import refusal

CHUNK: Final = b"%x\r\n%b\r\n"  # of a length, which is not 0, and as many bytes
LAST_CHUNK: Final = b"0\r\n\r\n"
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
BODILESS: Final = frozenset({204, 304})

_STATUS_LINES: Final = {s.value: f"HTTP/1.1 {s.value} {s.phrase}\r\n".encode() for s in HTTPStatus}
_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")

_CHUNK_LINE_BYTES: Final = 1024
_TRAILER_BYTES: Final = 8 * 1024
# Eight digits are 4 GiB, above any body limit; more would only test whose integers overflow.
_CHUNK_LINE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
_TRAILER: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*")


def render(pairs: Iterable[tuple[str, str]]) -> bytes:
    """A header block, `name: value` CRLF for each pair. Raises ValueError where a pair would break out of its line."""
    lines = []
    for name, value in pairs:
        if _NAME.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
            message = f"not a header field: {name!r}"
            raise ValueError(message)
        lines.append(f"{name}: {value}\r\n")
    return "".join(lines).encode("latin-1")


def status_line(status: int) -> bytes:
    """The status line; a status without a registered phrase gets an empty one."""
    return _STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status


def final(opening: bytes, headers: bytes, body: bytes, length: int) -> bytes:
    """A whole response after which the connection closes; `length` is told even where the body is left out (HEAD)."""
    return b"%b%bconnection: close\r\ncontent-length: %d\r\n\r\n%b" % (opening, headers, length, body)


class FixedBody:
    """A body of known length."""

    __slots__ = ("_data", "_length")

    def __init__(self, length: int) -> None:
        self._length = length
        self._data: bytes | bytearray = bytearray()

    @property
    def taken(self) -> int:
        """Bytes of the body held so far."""
        return len(self._data)

    @property
    def done(self) -> bool:
        """Whether the body is whole."""
        return len(self._data) == self._length

    def feed(self, data: bytes) -> bytes:
        """Take what belongs to the body; returns the rest."""
        need = self._length - len(self._data)
        if len(data) < need:
            self._data += data
            return b""
        last = data[:need]  # the whole of `data` is not copied
        self._data = b"".join((self._data, last)) if self._data else last
        return data[need:]

    def whole(self) -> bytes:
        """The body; once, after `done`."""
        return bytes(self._data)  # which copies no bytes


class ChunkedBody:
    """A body in the chunked coding, at most `limit` bytes once decoded. `done`: it is whole."""

    __slots__ = ("_data", "_left", "_limit", "_pending", "_trailers", "done")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._data = bytearray()
        self._pending = b""  # input that does not make a whole line yet
        self._left = 0  # bytes missing of the current chunk, its CRLF included; 0 = a line comes next
        self._trailers = 0  # bytes of the trailer section; 0 = still in chunks
        self.done = False

    @property
    def taken(self) -> int:
        """Bytes of the body held so far."""
        return len(self._data)

    def feed(self, data: bytes) -> bytes:
        """Take what belongs to the body; returns the rest. Raises Refusal on bad framing or a body over the limit."""
        if self._pending:
            data = self._pending + data
            self._pending = b""
        at = 0
        while not self.done:
            if self._left:
                after = self._content(data, at)
            else:
                after = self._line(data, at)
            if after < 0:
                return b""
            at = after
        return data[at:]

    def whole(self) -> bytes:
        """The body; once, after `done`."""
        return bytes(self._data)

    def _content(self, data: bytes, at: int) -> int:
        """Take chunk bytes from `at`; returns where the next line starts, or -1 when more input is needed."""
        text = min(self._left - 2, len(data) - at) if self._left > 2 else 0
        if text > 0:
            self._data += data[at : at + text]
            self._left -= text
            at += text
        if self._left > 2 or at == len(data):
            return -1
        if data[at : at + 2] == b"\r\n" and self._left == 2:
            self._left = 0
            return at + 2
        if data[at:] == b"\r" and self._left == 2:
            self._pending = b"\r"
            return -1
        raise refusal("A chunk does not end where its size says.")

    def _line(self, data: bytes, at: int) -> int:
        """Read the size line or trailer at `at`; returns where the next part starts, or -1 for want of input."""
        bound = _TRAILER_BYTES - self._trailers if self._trailers else _CHUNK_LINE_BYTES
        end = data.find(b"\n", at, at + bound)
        if end < 0:
            if len(data) - at >= bound:
                raise refusal("A chunk's size line or trailer is too long.")
            self._pending = data[at:]
            return -1
        line = data[at:end]
        if not line.endswith(b"\r"):
            raise refusal("The lines of a chunked body must end in CRLF.")
        if self._trailers:
            self._trailer(line[:-1], end + 1 - at)
        else:
            self._size(line[:-1])
        return end + 1

    def _size(self, line: bytes) -> None:
        match = _CHUNK_LINE.fullmatch(line)
        if match is None:
            raise refusal("A chunk's size is malformed.")
        size = int(match[1], 16)
        if size == 0:
            self._trailers = 1
            return
        if len(self._data) + size > self._limit:
            raise refusal("The request body is larger than the server takes.", "request_too_large")
        self._left = size + 2

    def _trailer(self, line: bytes, size: int) -> None:
        if not line:
            self.done = True
        elif _TRAILER.fullmatch(line) is None:
            raise refusal("The trailer section is malformed.")
        self._trailers += size
