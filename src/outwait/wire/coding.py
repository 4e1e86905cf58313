"""Content codings of replies: `identity` was asked, gzip and deflate are undone all the same, in bounded steps.

One 64 KB read can hold 67 MB (FACTS part 3), so a `Decoder` gives at most `STEP` bytes per pull; who pulls decides when
to go on. What it refuses raises `CodingError`: unknown codings, broken data, a total or a ratio that no answer has.
"""

from __future__ import annotations

import zlib

STEP = 65_536
# Zlib ends at 1032:1. Repetitive but real text (JSON with long runs of one token) stays below 100:1, and small
# bodies may do what they like.
_MAX_RATIO = 200
_RATIO_FREE = 8 * 1024 * 1024
_GZIP = zlib.MAX_WBITS | 16
# A zlib header is two bytes; only both together tell it from raw DEFLATE.
_HEAD = 2
_WBITS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": zlib.MAX_WBITS}


class CodingError(Exception):
    """The body cannot or must not be decoded; the text says why."""


class Decoder:
    """Undoes one coding: `feed` what came, `pull` until it gives nothing, `finish` when the message is whole."""

    __slots__ = ("_engine", "_fed", "_full", "_limit", "_started", "_tail", "_taken", "_wbits")

    def __init__(self, coding: str, limit: int) -> None:
        wbits = _WBITS.get(coding)
        if wbits is None:
            raise CodingError(f"content coding {coding[:40]!r} was not asked for")
        self._wbits = wbits
        self._engine = zlib.decompressobj(wbits)
        self._limit = limit
        self._tail = b""
        self._full = False
        self._started = False
        self._fed = 0
        self._taken = 0

    def feed(self, data: bytes) -> None:
        """Take encoded bytes."""
        self._fed += len(data)
        self._tail = self._tail + data if self._tail else data

    def pull(self) -> bytes:
        """The next decoded bytes, at most `STEP`; empty when more input is needed. Raises CodingError."""
        if not self._started and len(self._tail) < _HEAD:
            return b""
        while self._tail or self._full:
            if self._engine.eof:
                self._next_member()
            try:
                out = self._engine.decompress(self._tail, STEP)
            except zlib.error as error:
                if self._retry_raw():
                    continue
                raise CodingError(f"broken content coding: {error}") from None
            self._started = True
            over = self._engine.eof
            self._full = len(out) == STEP and not over  # zlib may hold more output although all input is taken
            self._tail = self._engine.unused_data if over else self._engine.unconsumed_tail
            if out:
                self._count(len(out))
                return out
        return b""

    def finish(self) -> None:
        """Raises CodingError if the coded data is not whole; an empty body is whole."""
        if self._fed and not self._engine.eof:
            raise CodingError("the content coding ends early")

    def _next_member(self) -> None:
        if self._wbits != _GZIP:
            raise CodingError("data after the end of the content coding")
        self._engine = zlib.decompressobj(_GZIP)  # RFC 1952 2.2: members follow one another

    def _retry_raw(self) -> bool:
        """Some servers send raw DEFLATE as `deflate` (RFC 9110 8.4.1.2)."""
        if self._started or self._wbits != zlib.MAX_WBITS:
            return False
        self._wbits = -zlib.MAX_WBITS
        self._engine = zlib.decompressobj(self._wbits)
        return True

    def _count(self, size: int) -> None:
        self._taken += size
        if self._taken > self._limit:
            raise CodingError(f"the decoded body is larger than {self._limit} bytes")
        if self._taken > _RATIO_FREE and self._taken > _MAX_RATIO * self._fed:
            raise CodingError(f"the body decodes to more than {_MAX_RATIO} times its size")
