"""A client that sees every byte: what a simulated provider sent, when, and how the connection ended."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import pytest

from outwait.toolkit.simulate.answer import Answer, answer
from outwait.toolkit.simulate.dialect import PLAIN, BadCallError, Envelope, Speech
from outwait.toolkit.simulate.script import parse
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


async def hear(
    url: str,
    body: bytes,
    path: str = "/v1/chat/completions",
    method: str = "POST",
    key: str = "",
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Heard:
    port = int(url.split(":")[2].split("/", maxsplit=1)[0])
    loop = asyncio.get_running_loop()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    credential = f"Authorization: Bearer {key}\r\n" if key else ""
    credential += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
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


# -- protocols without a wire


def asked(speech: Speech, script: str, body: dict[str, Any], envelope: Envelope = PLAIN) -> Answer:
    """The answer of `script` to `body`."""
    question = speech.ask(body, envelope)
    return answer(question, parse(script), 0, created=1_800_000_000, ident=f"{speech.prefix}1")


def played(speech: Speech, said: Answer) -> list[bytes]:
    """All that a whole stream writes, write by write."""
    thread = speech.thread() if speech.thread is not None else bytes
    parts = (speech.opening, speech.thinking, speech.telling, speech.closing)
    return [thread(event) for part in parts for event in part(said)]


def events(stream: bytes) -> list[tuple[str, Any]]:
    """The events of a stream by name ("" = none) with their data; the end mark of OpenAI's is left out."""
    found = []
    for event in stream.replace(b"\r\n", b"\n").split(b"\n\n"):
        lines = [line.split(b": ", 1) for line in event.split(b"\n") if line and not line.startswith(b":")]
        fields = {name.decode(): value for name, value in lines}
        if fields and fields["data"] != b"[DONE]":
            found.append((fields.get("event", b"").decode(), json.loads(fields["data"])))
    return found


def refusal(speech: Speech, body: dict[str, Any], envelope: Envelope = PLAIN) -> tuple[str | None, str]:
    """The field that is wrong with `body`, and what is said of it."""
    with pytest.raises(BadCallError) as caught:
        speech.ask(body, envelope)
    return caught.value.param, str(caught.value)
