"""Upstreams that break the rules of HTTP or of the stream in one way each, on a real socket."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import struct
from typing import TypeAlias

from tests.e2e.backstage import Raw

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
WORDS = ("One", " two", " three")
TEXT = "".join(WORDS)


def event(delta: dict[str, object], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    whole = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(whole).encode() + b"\n\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def told() -> bytes:
    return b"".join(event({"content": word}) for word in WORDS)


def reply() -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}
    return json.dumps(
        {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    ).encode()


DONE = b"data: [DONE]\n\n"
STOP = event({}, "stop")
END = b"0\r\n\r\n"


def streams(body: bytes) -> bool:
    return bool(json.loads(body).get("stream"))


def answer(body: bytes, head: bytes = b"") -> bytes:
    """A good answer of the asked-for kind, with a length; `head`: further header lines."""
    kind, said = (b"text/event-stream", told() + STOP + DONE) if streams(body) else (b"application/json", reply())
    if b"gzip" in head:
        said = gzip.compress(said)
    return b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\n%bContent-Length: %d\r\n\r\n%b" % (kind, head, len(said), said)


async def silent_close(raw: Raw, reader: Reader, writer: Writer) -> None:
    await raw.read(reader)


async def silent_reset(raw: Raw, reader: Reader, writer: Writer) -> None:
    await raw.read(reader)
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def half_a_head(raw: Raw, reader: Reader, writer: Writer) -> None:
    await raw.read(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Ty")


async def head_alone(raw: Raw, reader: Reader, writer: Writer) -> None:
    await raw.read(reader)
    writer.write(STREAM)


async def short_of_its_length(raw: Raw, reader: Reader, writer: Writer) -> None:
    body = await raw.read(reader)
    writer.write(answer(body)[: -len(DONE) - len(STOP) - 5])


async def bad_chunk(raw: Raw, reader: Reader, writer: Writer) -> None:
    await raw.read(reader)
    writer.write(STREAM + chunk(told()) + b"zz\r\nnonsense")
    await raw.until_lost(reader)


async def one_piece(raw: Raw, reader: Reader, writer: Writer) -> None:
    """Words and a framing that ends, all in one packet, and no end of the answer."""
    await raw.read(reader)
    writer.write(STREAM + chunk(told()) + END)


async def garbage_between(raw: Raw, reader: Reader, writer: Writer) -> None:
    """An event that is no JSON, in the middle."""
    await raw.read(reader)
    writer.write(STREAM + chunk(told()) + chunk(b"data: {nonsense\n\n") + chunk(STOP + DONE) + END)


async def redirect(raw: Raw, reader: Reader, writer: Writer) -> None:
    while True:
        await raw.read(reader)
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/v1\r\nContent-Length: 0\r\n\r\n")


async def two_lengths(raw: Raw, reader: Reader, writer: Writer) -> None:
    body = await raw.read(reader)
    writer.write(answer(body, b"Content-Length: 3\r\n"))


# -- odd, but whole


async def without_done(raw: Raw, reader: Reader, writer: Writer) -> None:
    """A finish reason, and the framing's end; some providers never say [DONE]."""
    await raw.read(reader)
    writer.write(STREAM + chunk(told()) + chunk(STOP) + END)


async def never_closed(raw: Raw, reader: Reader, writer: Writer) -> None:
    """[DONE], and then nothing: the framing never ends."""
    await raw.read(reader)
    writer.write(STREAM + chunk(told()) + chunk(STOP + DONE))
    await raw.until_lost(reader)


async def until_closed(raw: Raw, reader: Reader, writer: Writer) -> None:
    """A body that the connection's end ends, as HTTP/1.0 has it."""
    await raw.read(reader)
    writer.write(b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + told() + STOP + DONE)


async def compressed(raw: Raw, reader: Reader, writer: Writer) -> None:
    """gzip, which was not asked for."""
    body = await raw.read(reader)
    writer.write(answer(body, b"Content-Encoding: gzip\r\n"))


async def interim(raw: Raw, reader: Reader, writer: Writer) -> None:
    """An interim response first."""
    body = await raw.read(reader)
    writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
    await asyncio.sleep(0.05)
    writer.write(answer(body))


async def byte_by_byte(raw: Raw, reader: Reader, writer: Writer) -> None:
    body = await raw.read(reader)
    for byte in answer(body):
        writer.write(bytes([byte]))
        await asyncio.sleep(0)


async def other_kind(raw: Raw, reader: Reader, writer: Writer) -> None:
    """JSON for a stream that was asked for, and the other way round."""
    body = await raw.read(reader)
    asked = {**json.loads(body), "stream": not streams(body)}
    writer.write(answer(json.dumps(asked).encode()))
