"""Amazon's event stream framing, read into server-sent events: what Bedrock wraps around a model's own stream.

A message is a prelude (total length, length of the headers, CRC-32), headers, a payload, and a CRC-32 of it all
(smithy.io, "Amazon Event Stream Specification"). Each `chunk` carries one event of the dialect as base64 in JSON; an
exception becomes the dialect's error event. Anything else that comes in such a stream is skipped.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Mapping
from typing import Any
from zlib import crc32

import msgspec

from outwait.core.fault import Fault, Stage, fault
from outwait.core.progress import Attempt, Sink

TYPE = "application/vnd.amazon.eventstream"
LIMIT = 16 * 1024 * 1024  # bytes of one message; the specification allows no more
_PRELUDE = struct.Struct(">III")
_TRAILER = 4
# What an exception of Bedrock is called in Anthropic's dialect, the only one spoken inside this framing.
_KINDS: Mapping[str, str] = {
    "throttlingException": "rate_limit_error",
    "serviceQuotaExceededException": "rate_limit_error",
    "serviceUnavailableException": "overloaded_error",
    "modelNotReadyException": "overloaded_error",
    "modelTimeoutException": "timeout_error",
    "validationException": "invalid_request_error",
    "accessDeniedException": "permission_error",
    "resourceNotFoundException": "not_found_error",
}
# Sizes of header values that have a fixed one, by their type's number.
_FIXED = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}


class BadFrameError(ValueError):
    """The bytes are no message of an event stream."""


class _Chunk(msgspec.Struct, gc=False):
    bytes: str = ""


class _Inner(msgspec.Struct, gc=False):
    type: Any = None


_chunk = msgspec.json.Decoder(_Chunk).decode
_inner = msgspec.json.Decoder(_Inner).decode


class Unframer:
    """Turns the bytes of an event stream, in any pieces, into server-sent events."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> bytes:
        """The events that `data` completes; raises BadFrameError."""
        held = self._held
        held += data
        out: list[bytes] = []
        at = 0
        while len(held) - at >= _PRELUDE.size:
            total, headed, check = _PRELUDE.unpack_from(held, at)
            if crc32(held[at : at + 8]) != check:
                raise BadFrameError("the checksum of a prelude is wrong")
            if not _PRELUDE.size + headed + _TRAILER <= total <= LIMIT:
                raise BadFrameError(f"a message of {total} bytes with headers of {headed}")
            if len(held) - at < total:
                break
            message = bytes(held[at : at + total])
            if crc32(message[:-_TRAILER]) != int.from_bytes(message[-_TRAILER:], "big"):
                raise BadFrameError("the checksum of a message is wrong")
            start = _PRELUDE.size + headed
            out.append(_event(_headers(message[_PRELUDE.size : start]), message[start:-_TRAILER]))
            at += total
        del held[:at]
        return b"".join(out)


def _headers(data: bytes) -> dict[str, str]:
    """The headers whose value is text."""
    found: dict[str, str] = {}
    at = 0
    try:
        while at < len(data):
            name = data[at + 1 : at + 1 + data[at]].decode()
            at += 1 + data[at]
            kind = data[at]
            at += 1
            if kind in _FIXED:
                at += _FIXED[kind]
                continue
            size = int.from_bytes(data[at : at + 2], "big")
            value = data[at + 2 : at + 2 + size]
            at += 2 + size
            if kind == 7:
                found[name] = value.decode()
    except (IndexError, UnicodeDecodeError) as error:
        raise BadFrameError(f"a header that cannot be read: {error}") from None
    if at != len(data):
        raise BadFrameError("a header is longer than the headers are")
    return found


def _event(headers: Mapping[str, str], payload: bytes) -> bytes:
    kind = headers.get(":message-type")
    if kind == "event":
        return _words(payload) if headers.get(":event-type") == "chunk" else b""
    name = headers.get(":exception-type") or headers.get(":error-code") or ""
    message = headers.get(":error-message") or _message(payload) or name or "The stream ended with an error."
    error = {"type": _KINDS.get(name, "api_error"), "message": message}
    return _sse(b"error", msgspec.json.encode({"type": "error", "error": error}))


def _words(payload: bytes) -> bytes:
    """The event inside a chunk. Its name is its type, as in the dialect's own stream."""
    try:
        data = base64.b64decode(_chunk(payload).bytes, validate=True)
        name = _inner(data).type
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadFrameError(f"a chunk that cannot be read: {error}") from None
    plain = isinstance(name, str) and name.isidentifier() and name.isascii()
    return _sse(name.encode() if plain else b"", b" ".join(data.splitlines()))


def _message(payload: bytes) -> str:
    try:
        said = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return payload[:500].decode(errors="replace")
    message = said.get("message") or said.get("Message") if isinstance(said, dict) else None
    return message if isinstance(message, str) else ""


def _sse(name: bytes, data: bytes) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name, data) if name else b"data: %s\n\n" % data


class UnframingSink:
    """Stands before the sink of an attempt: a framed stream is told to it as the event stream that it carries; any
    other reply, such as an error, as it comes."""

    __slots__ = ("_attempt", "_sink", "_unframer")

    def __init__(self, sink: Sink, attempt: Attempt) -> None:
        self._sink = sink
        self._attempt = attempt
        self._unframer: Unframer | None = None

    def resolved(self) -> None:
        """See `Sink`."""
        self._sink.resolved()

    def connected(self, reused: bool) -> None:
        """See `Sink`."""
        self._sink.connected(reused)

    def wrote(self, left: int) -> None:
        """See `Sink`."""
        self._sink.wrote(left)

    def sent(self) -> None:
        """See `Sink`."""
        self._sink.sent()

    def head(self, status: int, headers: Mapping[str, str], *, whole: bool = False) -> None:
        """See `Sink`."""
        if headers.get("content-type", "").partition(";")[0].strip().lower() == TYPE:
            self._unframer = Unframer()
            headers = {**headers, "content-type": "text/event-stream"}
        self._sink.head(status, headers, whole=whole)

    def body(self, data: bytes) -> None:
        """See `Sink`."""
        if self._unframer is not None:
            try:
                data = self._unframer.feed(data)
            except BadFrameError as error:
                self._attempt.cancel()
                self._sink.failed(_broken(error))
                return
        if data:
            self._sink.body(data)

    def end(self) -> None:
        """See `Sink`."""
        self._sink.end()

    def failed(self, fault: Fault) -> None:
        """See `Sink`."""
        self._sink.failed(fault)


def _broken(error: BadFrameError) -> Fault:
    return fault("upstream_bad_response", stage=Stage.HEAD, detail=f"event stream: {error}")
