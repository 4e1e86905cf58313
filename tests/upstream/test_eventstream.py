from __future__ import annotations

import base64
import json
import struct
from typing import Any
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import Fault
from outwait.upstream.eventstream import LIMIT, TYPE, BadFrameError, Unframer, UnframingSink


def header(name: str, value: str) -> bytes:
    return bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()


def frame(headers: bytes, payload: bytes = b"") -> bytes:
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    head = prelude + struct.pack(">I", crc32(prelude)) + headers + payload
    return head + struct.pack(">I", crc32(head))


def chunk(event: dict[str, Any] | bytes, **more: str) -> bytes:
    inner = event if isinstance(event, bytes) else json.dumps(event).encode()
    headers = header(":event-type", "chunk") + header(":content-type", "application/json")
    payload = {"bytes": base64.b64encode(inner).decode(), "p": "abcdefg", **more}
    return frame(headers + header(":message-type", "event"), json.dumps(payload).encode())


def exception(kind: str, payload: bytes) -> bytes:
    return frame(header(":exception-type", kind) + header(":message-type", "exception"), payload)


EVENTS: list[dict[str, Any]] = [
    {"type": "message_start", "message": {"id": "m"}},
    {"type": "ping"},
    {"type": "message_stop"},
]
STREAM = b"".join(chunk(event) for event in EVENTS)
TOLD = b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in EVENTS)


def test_the_frames_here_are_frames_to_botocore() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(STREAM)
    assert [message.headers[":event-type"] for message in buffer] == ["chunk"] * 3


@given(st.lists(st.integers(0, len(STREAM)), max_size=8).map(sorted))
def test_any_split_gives_the_same_events(cuts: list[int]) -> None:
    unframer = Unframer()
    pieces = [STREAM[a:b] for a, b in zip([0, *cuts], [*cuts, len(STREAM)], strict=True)]
    assert b"".join(unframer.feed(piece) for piece in pieces) == TOLD


@pytest.mark.parametrize(
    "kind, payload, type_, message",
    [
        ("throttlingException", b'{"message": "Too many"}', "rate_limit_error", "Too many"),
        ("modelStreamErrorException", b'{"message": "broke", "originalStatusCode": 500}', "api_error", "broke"),
        ("serviceUnavailableException", b'{"Message": "later"}', "overloaded_error", "later"),
        ("modelTimeoutException", b"{}", "timeout_error", "modelTimeoutException"),
        ("validationException", b"plain words", "invalid_request_error", "plain words"),
        ("internalServerException", b"[1]", "api_error", "internalServerException"),
        ("", b"", "api_error", "The stream ended with an error."),
    ],
)
def test_an_exception_is_the_dialects_error(kind: str, payload: bytes, type_: str, message: str) -> None:
    out = Unframer().feed(exception(kind, payload))
    name, _, data = out.partition(b"\n")
    assert name == b"event: error"
    assert json.loads(data.removeprefix(b"data: ")) == {"type": "error", "error": {"type": type_, "message": message}}


def test_an_error_message_tells_itself_in_headers() -> None:
    headers = header(":message-type", "error") + header(":error-code", "throttlingException")
    out = Unframer().feed(frame(headers + header(":error-message", "slow down")))
    assert b'"rate_limit_error","message":"slow down"' in out


def test_unknown_events_and_headers_of_other_kinds_are_skipped() -> None:
    others = b"".join(
        (
            b"\x01a\x00",
            b"\x01b\x01",
            b"\x01c\x02\x01",
            b"\x01d\x03\x00\x01",
            b"\x01e\x04" + bytes(4),
            b"\x01f\x05" + bytes(8),
        ),
    )
    others += b"\x01g\x06\x00\x02xy" + b"\x01h\x08" + bytes(8) + b"\x01i\x09" + bytes(16)
    assert Unframer().feed(frame(others + header(":message-type", "event") + header(":event-type", "new"))) == b""


def test_an_event_without_a_plain_type_has_no_name() -> None:
    assert Unframer().feed(chunk({"completion": "x"})) == b'data: {"completion": "x"}\n\n'
    assert Unframer().feed(chunk({"type": "a\nb"})) == b'data: {"type": "a\\nb"}\n\n'
    assert Unframer().feed(chunk(b'{\n"type": "ping"}')) == b'event: ping\ndata: { "type": "ping"}\n\n'


def bad(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def prelude(total: int, headed: int) -> bytes:
    start = struct.pack(">II", total, headed)
    return start + struct.pack(">I", crc32(start))


@pytest.mark.parametrize(
    "data, words",
    [
        (bad(STREAM, 0), "prelude"),
        (bad(STREAM, 9), "prelude"),
        (bad(STREAM, 40), "a message is wrong"),
        (prelude(15, 0), "15 bytes"),
        (prelude(20, 8), "headers of 8"),
        (prelude(LIMIT + 1, 0), "bytes with headers"),
        (frame(b"\x05ab"), "header"),
        (frame(b"\x01a\x07\x00\x09x"), "longer"),
        (frame(b"\x01\xff\x07\x00\x00"), "cannot be read"),
        (chunk(b"{}", bytes="?"), "chunk that cannot"),
        (chunk(b"not json"), "chunk that cannot"),
        (frame(header(":message-type", "event") + header(":event-type", "chunk"), b"\xff"), "chunk that cannot"),
    ],
)
def test_what_is_no_event_stream_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(BadFrameError, match=words):
        Unframer().feed(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        Unframer().feed(data)
    except BadFrameError:
        pass


# ----------------------------------------------------------------------------------------------------------- the sink
class Ears:
    """A sink and an attempt that remember."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *words, **more: self.told.append((name, *words, *more.values()))


def test_a_framed_stream_is_told_as_an_event_stream() -> None:
    ears = Ears()
    sink = UnframingSink(ears, ears)
    sink.resolved()
    sink.connected(False)
    sink.wrote(3)
    sink.sent()
    sink.head(200, {"content-type": f"{TYPE}; x=y", "a": "b"}, whole=True)
    sink.body(STREAM[:20])
    sink.body(STREAM[20:])
    sink.end()
    assert ears.told == [
        ("resolved",), ("connected", False), ("wrote", 3), ("sent",),
        ("head", 200, {"content-type": "text/event-stream", "a": "b"}, True), ("body", TOLD), ("end",),
    ]  # fmt: skip


def test_anything_else_is_told_as_it_is() -> None:
    ears = Ears()
    sink = UnframingSink(ears, ears)
    sink.head(429, {"content-type": "application/json"})
    sink.body(b"{}")
    sink.failed("broken")  # type: ignore[arg-type]
    assert ears.told == [
        ("head", 429, {"content-type": "application/json"}, False),
        ("body", b"{}"),
        ("failed", "broken"),
    ]


def test_a_broken_frame_ends_the_attempt() -> None:
    ears = Ears()
    sink = UnframingSink(ears, ears)
    sink.head(200, {"content-type": TYPE})
    sink.body(chunk(EVENTS[0]) + bad(STREAM, 0))
    assert [each[0] for each in ears.told] == ["head", "cancel", "failed"]
    failed = ears.told[-1][1]
    assert isinstance(failed, Fault)
    assert failed.code == "upstream_bad_response"
