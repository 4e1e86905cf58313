"""A thousand readers of one exchange: one upstream call, the same bytes for all of them, and no more memory than one
buffer and a thousand connections."""

from __future__ import annotations

import asyncio
import resource
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.e2e.acts import Serve
from tests.e2e.asking import CHAT, Line, chat, get, request
from tests.e2e.backstage import Provider
from tests.e2e.stage import Gateway, until

READERS = 1000
LATE = 50  # of them come with what they have seen
SLOW = 10  # of them read little by little
WORDS = 90
BIG = 16  # megabytes of an answer: many times what is kept in memory
SCRIPT = f"drip-60ms+long-{WORDS}"
PER_READER = 20 << 10  # bytes of the gateway's memory for each, at most; a copy of the answer each would be more
ENOUGH = 2 * READERS + 400  # descriptors: both sides of a line are ours or the gateway's


@dataclass(slots=True)
class Read:
    """What one reader had. `after`: events it said it had seen."""

    after: int
    body: bytearray = field(default_factory=bytearray)
    end: str = "open"

    @property
    def events(self) -> list[bytes]:
        """The events, without heartbeats and their end."""
        return [each for each in bytes(self.body).split(b"\n\n") if each.startswith(b"data: ")]


@pytest.fixture(scope="module")
def descriptors() -> Iterator[None]:
    """Room for both ends of every connection, also in the gateway, which inherits the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < ENOUGH:
        pytest.skip(f"at most {hard} descriptors are allowed here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, ENOUGH), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def gateway(serve: Serve, provider: Provider, descriptors: None) -> Gateway:
    return serve({"channels": [{"name": "provider", "base_url": provider.url}]}, "readers")


@pytest.mark.timeout(60)
def test_a_thousand_readers_have_the_same_answer_from_one_call(gateway: Gateway, provider: Provider) -> None:
    with Line(gateway.port) as line:
        line.send(request(chat(SCRIPT, stream=True, question="a thousand"), path=CHAT))
        ident = line.hear(seconds=0.5).headers["x-outwait-exchange"]
        before = _memory(gateway)
        reads, most = asyncio.run(_read_all(gateway, ident))
    assert [call.outcome for call in provider.calls("a thousand")] == ["whole"]
    whole = reads[0].events
    assert len(whole) > WORDS
    assert whole[-1] == b"data: [DONE]"
    assert {each.end for each in reads} == {"whole"}
    assert [each.after for each in reads if each.events != whole[each.after :]] == []
    grown = (most - before) / READERS
    assert grown < PER_READER, f"{grown / 1024:.1f} KB a reader"


async def _read_all(gateway: Gateway, ident: str) -> tuple[list[Read], int]:
    """All readers at once, and the most memory the gateway had meanwhile."""
    reads = [Read(after=number % 5 if number < LATE else 0) for number in range(READERS)]
    tasks = [
        asyncio.ensure_future(_read(gateway.port, ident, each, slow=number >= READERS - SLOW))
        for number, each in enumerate(reads)
    ]
    most = 0
    while not all(task.done() for task in tasks):
        most = max(most, _memory(gateway))
        await asyncio.sleep(0.1)
    await asyncio.gather(*tasks)
    return reads, most


async def _read(port: int, ident: str, read: Read, *, slow: bool) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2048)
    behind = f"?starting_after={read.after}" if read.after else ""
    lines = [f"GET /v1/exchanges/{ident}/stream{behind} HTTP/1.1", "Host: localhost", "Connection: close"]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 200 " in head, head
    while size := int(await reader.readline(), 16):
        read.body += await reader.readexactly(size)
        await reader.readexactly(2)
        if slow:
            await asyncio.sleep(0.1)
    read.end = "whole" if await reader.readexactly(2) == b"\r\n" else "odd"
    writer.close()


@pytest.mark.timeout(60)
def test_a_slow_reader_holds_nobody_up(gateway: Gateway, provider: Provider) -> None:
    """It reads nothing while the others are given the whole answer, and the rest when it likes."""
    asked, script = "big and slow", f"silent-700ms+big-{BIG}mb"
    with Line(gateway.port) as asker:
        asker.send(request(chat(script, stream=True, question=asked), path=CHAT))
        until(lambda: provider.calls(asked), "the upstream to be asked", timeout=5.0)
        ident, before = _running(gateway, asked=script), _memory(gateway)
        with _stalling(gateway.port) as slow, Line(gateway.port) as quick:
            for line in (slow, quick):
                line.send(f"GET /v1/exchanges/{ident}/stream HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            begun = time.monotonic()
            heard = quick.hear()
            assert heard.end == "whole"
            assert time.monotonic() - begun < 10
            assert _memory(gateway) - before < (BIG << 20) / 2  # the rest is in a file
            assert asker.hear().body == heard.body
            assert slow.hear().body == heard.body
    assert len(heard.text) == BIG << 20
    assert len(provider.calls(asked)) == 1


def _stalling(port: int) -> Line:
    """A connection that takes next to nothing unless it is read."""
    line = Line(port)
    line._sock.close()
    line._sock = socket.socket()
    line._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line._sock.connect(("127.0.0.1", port))
    return line


def _running(gateway: Gateway, asked: str) -> str:
    listed = get(gateway.port, "/v1/exchanges").json["data"]
    return str(next(each["id"] for each in listed if each["model"] == asked))


def _memory(gateway: Gateway) -> int:
    """Bytes that the gateway's processes hold together."""
    pid = gateway.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(_resident(int(each)) for each in (str(pid), *children))


def _resident(pid: int) -> int:
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except OSError:
        return 0
    return int(pages) * resource.getpagesize()
