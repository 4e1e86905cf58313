"""A client that sees every byte: what a simulated provider sent, when, and how the connection ended."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import pairwise

import pytest

from outwait.toolkit.simulate.server import Simulator


@dataclass
class Heard:
    """`raw`: all bytes. `pieces`: seconds since the request and bytes, read by read. `reset`: ended by a reset."""

    raw: bytes
    pieces: list[tuple[float, bytes]]
    seconds: float
    reset: bool

    @property
    def status(self) -> int:
        return int(self.raw.split(b" ", 2)[1])

    @property
    def head(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[0].lower()

    @property
    def body(self) -> bytes:
        """The body, its chunks joined."""
        body = self.raw.partition(b"\r\n\r\n")[2]
        if b"transfer-encoding: chunked" not in self.head:
            return body
        joined = b""
        while body:
            size, _, rest = body.partition(b"\r\n")
            joined += rest[: int(size, 16)]
            body = rest[int(size, 16) + 2 :]
        return joined

    @property
    def early(self) -> bytes:
        """What came before the longest silence between two reads."""
        gaps = [after[0] - before[0] for before, after in pairwise(self.pieces)]
        return b"".join(data for _, data in self.pieces[: gaps.index(max(gaps)) + 1])

    @property
    def whole(self) -> bool:
        """Whether the reply ended as HTTP says."""
        if b"transfer-encoding: chunked" in self.head:
            return self.raw.endswith(b"0\r\n\r\n")
        length = int(self.head.split(b"content-length: ")[1].split(b"\r\n")[0])
        return len(self.body) == length


def body_of(model: str, *, stream: bool, **more: object) -> bytes:
    return json.dumps(
        {"model": model, "messages": [{"role": "user", "content": "what is it?"}], "stream": stream, **more}
    ).encode()


async def hear(url: str, body: bytes, path: str = "/v1/chat/completions", method: str = "POST", key: str = "") -> Heard:
    port = int(url.split(":")[2].split("/", maxsplit=1)[0])
    loop = asyncio.get_running_loop()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    credential = f"Authorization: Bearer {key}\r\n" if key else ""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{credential}Content-Length: {len(body)}\r\n\r\n"
    )
    start = loop.time()
    writer.write(head.encode() + body)
    pieces, reset = [], False
    try:
        async with asyncio.timeout(5):
            while data := await reader.read(1 << 16):
                pieces.append((loop.time() - start, data))
    except ConnectionResetError:
        reset = True
    finally:
        writer.close()
    return Heard(b"".join(data for _, data in pieces), pieces, loop.time() - start, reset)


Say = Callable[[str, bool], Heard]


@pytest.fixture
def say() -> Say:
    """Call one model of a fresh simulator and hear it out."""

    def call(model: str, stream: bool) -> Heard:
        return run(lambda url: hear(url, body_of(model, stream=stream)))

    return call


def run(story: Callable[[str], Awaitable[Heard]], simulator: Simulator | None = None) -> Heard:
    """Tell `story` with a simulator that listens."""

    async def told() -> Heard:
        async with simulator or Simulator() as url:
            return await story(url)

    return asyncio.run(told())
