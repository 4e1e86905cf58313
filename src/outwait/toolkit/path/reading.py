"""One answer as its bytes come: what of it came when, and how it ended. No sockets in here.

Promises: every piece of the body is told with the moment it arrived at, decompressed if it was compressed; the end is
told as what it was, and never as more than it was.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import httptools

BODY_MAX: Final = 256 * 1024  # bytes kept; what a probe answers is far smaller


class End(StrEnum):
    """How it ended."""

    WHOLE = "whole"  # its framing said so
    FIN = "fin"  # the connection was closed; where the framing is "close", that may have been the end
    RESET = "reset"
    SILENT = "silent"  # nothing more came while we waited
    BROKEN = "broken"  # no HTTP
    UNREACHED = "unreached"  # there was no connection


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer. Times are seconds since the request was out, or the first part of an upload.

    `pieces`: the body's, decompressed, each with its moment. `last`: when the last byte of anything came, 0 for none.
    `framing`: chunked | length | close, "" without a head. `why`: an error's words.
    """

    end: End
    ended: float
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    pieces: tuple[tuple[float, bytes], ...] = ()
    last: float = 0.0
    framing: str = ""
    why: str = ""

    @property
    def body(self) -> bytes:
        """All pieces."""
        return b"".join(data for _, data in self.pieces)

    def header(self, name: str) -> str:
        """The field `name` (lower-case), several joined by commas; "" if there is none."""
        return ", ".join(value for each, value in self.headers if each == name)


class Reading:
    """Takes bytes and the moments they came at; `done`: the framing says that the answer is whole."""

    def __init__(self) -> None:
        self.done = False
        self._parser = httptools.HttpResponseParser(self)
        self._headers: list[tuple[str, str]] = []
        self._status = 0
        self._pieces: list[tuple[float, bytes]] = []
        self._size = 0
        self._inflate: zlib._Decompress | None = None
        self._now = self._last = 0.0
        self._complete = False
        self._failed = ""

    def fed(self, data: bytes, now: float) -> None:
        """Bytes came."""
        self._now = self._last = now
        try:
            while data and not self._failed:
                self._parser.feed_data(data)
                data = b""
        except httptools.HttpParserUpgrade:
            self._failed = "it wants to upgrade the connection"
        except httptools.HttpParserError as error:
            if not self.done:  # what follows a whole answer is none of ours
                self._failed = str(error) or "it is no HTTP"
        if self._failed:
            self.done = True

    def heard(self, end: End, now: float, why: str = "") -> Heard:
        """What was heard, with its end: WHOLE wherever the framing was fulfilled, else `end`."""
        if self._failed:
            end, why = End.BROKEN, self._failed
        elif self._complete:
            end = End.WHOLE
        return Heard(
            end=end,
            ended=self._last if end is End.WHOLE else now,
            status=self._status,
            headers=tuple(self._headers),
            pieces=tuple(self._pieces),
            last=self._last,
            framing=self._framing() if self._status else "",
            why=why,
        )

    def _framing(self) -> str:
        names = dict(self._headers)
        if "chunked" in names.get("transfer-encoding", "").lower():
            return "chunked"
        return "length" if "content-length" in names else "close"

    # -- the parser's calls

    def on_message_begin(self) -> None:
        """A head follows."""
        self._headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header field."""
        self._headers.append((name.decode("latin-1").lower(), value.decode("latin-1").strip()))

    def on_headers_complete(self) -> None:
        """A head is whole; interim ones (1xx) are forgotten."""
        status = self._parser.get_status_code()
        if status < 200:
            return
        self._status = status
        if any(name == "content-encoding" and value.lower() == "gzip" for name, value in self._headers):
            self._inflate = zlib.decompressobj(wbits=31)

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        if self._inflate is not None:
            try:
                data = self._inflate.decompress(data, BODY_MAX)
            except zlib.error as error:
                self._failed = f"its compression is broken: {error}"
                return
        self._size += len(data)
        if data and self._size <= BODY_MAX:
            self._pieces.append((self._now, data))

    def on_message_complete(self) -> None:
        """An answer is whole, unless it was an interim one."""
        if self._parser.get_status_code() >= 200:
            self.done = self._complete = True
