from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest
import uvloop

from outwait.core.fault import Fault, Stage
from outwait.wire import errand
from outwait.wire.endpoint import Endpoint, SideDoor
from outwait.wire.errand import Unanswered

HEAD = b"GET /x HTTP/1.1\r\nhost: a\r\n"
Streams = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def play(scenario: Callable[[SideDoor], Awaitable[None]], serve: Streams | None = None) -> None:
    """Run `scenario` beside a neighbour that plays `serve` to each connection."""

    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            door = SideDoor(str(Path(folder, "door")))
            server = None if serve is None else await asyncio.start_unix_server(serve, door.path)
            try:
                async with asyncio.timeout(10):
                    await scenario(door)
            finally:
                if server is not None:
                    server.close()

    uvloop.run(run())


def says(answer: bytes) -> Streams:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await reader.readuntil(b"\r\n\r\n")).endswith(b"connection: close\r\ncontent-length: 0\r\n\r\n")
        writer.write(answer)
        writer.close()

    return serve


class Sink:
    def __init__(self) -> None:
        self.told: list[object] = []
        self.over = asyncio.Event()

    def resolved(self) -> None:
        self.told.append("resolved")

    def connected(self, reused: bool) -> None:
        self.told.append("reused" if reused else "new")

    def wrote(self, left: int) -> None: ...

    def sent(self) -> None:
        self.told.append("sent")

    def head(self, status: int, headers: Mapping[str, str], *, whole: bool = False) -> None:
        self.told.append(status)

    def body(self, data: bytes) -> None:
        self.told.append(data)

    def end(self) -> None:
        self.told.append("end")
        self.over.set()

    def failed(self, fault: Fault) -> None:
        self.told.append((fault.code, fault.stage))
        self.over.set()


def test_a_request_and_its_answer() -> None:
    async def scenario(door: SideDoor) -> None:
        sink = Sink()
        errand.send(door, HEAD, b"", sink)
        assert sink.told == []  # whatever happens is told later
        await sink.over.wait()
        assert sink.told == ["new", "sent", 200, b"hi", "end"]

    play(scenario, says(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"))


def test_a_connection_is_not_kept_even_when_the_neighbour_would() -> None:
    closed = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        assert await reader.read() == b""
        closed.set()
        writer.close()

    async def scenario(door: SideDoor) -> None:
        assert await errand.fetch(door, "/x") == (200, b"")
        await closed.wait()

    play(scenario, serve)


def test_a_fetch_has_status_and_body() -> None:
    async def scenario(door: SideDoor) -> None:
        assert await errand.fetch(door, "/x") == (404, b"no")

    play(scenario, says(b"HTTP/1.1 404 No\r\ncontent-length: 2\r\n\r\nno"))


def test_what_is_posted_arrives_whole() -> None:
    came: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(await reader.readuntil(b"\r\n\r\n"))
        came.append(await reader.readexactly(300_000))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    async def scenario(door: SideDoor) -> None:
        assert await errand.fetch(door, "/x", b"a" * 300_000) == (204, b"")

    play(scenario, serve)
    assert came[0].startswith(b"POST /x HTTP/1.1\r\n")
    assert b"content-length: 300000\r\n" in came[0]
    assert came[1] == b"a" * 300_000


@pytest.mark.parametrize(
    "answer, code",
    [
        (b"", "upstream_reset"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhi", "upstream_truncated"),
        (b"nonsense\r\n\r\n", "upstream_bad_response"),
    ],
)
def test_an_answer_that_is_none_is_told(answer: bytes, code: str) -> None:
    async def scenario(door: SideDoor) -> None:
        with pytest.raises(Unanswered) as told:
            await errand.fetch(door, "/x")
        assert told.value.fault.code == code

    play(scenario, says(answer))


def test_nobody_there_is_told_at_once() -> None:
    async def scenario(door: SideDoor) -> None:
        sink = Sink()
        attempt = errand.send(door, HEAD, b"", sink)
        await sink.over.wait()
        assert sink.told == [("upstream_connect", Stage.CONNECTING)]
        assert attempt.over
        with socket.socket(socket.AF_UNIX) as stale:  # whoever bound it has died
            stale.bind(door.path)
        with pytest.raises(Unanswered, match="refused"):
            await errand.fetch(door, "/x")

    play(scenario)


def test_a_full_backlog_is_told_at_once() -> None:
    async def scenario(door: SideDoor) -> None:
        with socket.socket(socket.AF_UNIX) as stuck:
            stuck.bind(door.path)
            stuck.listen(0)
            with socket.socket(socket.AF_UNIX) as first:
                first.connect(door.path)
                with pytest.raises(Unanswered, match="unavailable"):
                    await errand.fetch(door, "/x")

    play(scenario)


def test_a_connection_that_is_not_made_in_time_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(errand, "enter", never)
    monkeypatch.setattr(errand, "CONNECTING", 0.01)

    async def scenario(door: SideDoor) -> None:
        with pytest.raises(Unanswered) as told:
            await errand.fetch(door, "/x")
        assert (told.value.fault.code, told.value.fault.stage) == ("connect_timeout", Stage.CONNECTING)

    play(scenario)


@pytest.mark.parametrize("asked", [False, True], ids=["while connecting", "while waiting"])
def test_a_cancelled_errand_closes_its_connection_and_tells_nothing(asked: bool) -> None:
    came, left = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            came.set()
            await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        left.set()
        writer.close()

    async def scenario(door: SideDoor) -> None:
        sink = Sink()
        attempt = errand.send(door, HEAD, b"", sink)
        if asked:
            await came.wait()
            attempt.cancel()
            await left.wait()
            assert sink.told == ["new", "sent"]
        else:
            attempt.cancel()
            await asyncio.sleep(0.02)
            assert (sink.told, came.is_set()) == ([], False)
        fetching = asyncio.ensure_future(errand.fetch(door, "/x"))
        left.clear()
        await asyncio.sleep(0.02)
        fetching.cancel()
        await left.wait()

    play(scenario, serve)


def test_a_side_door_is_no_endpoint() -> None:
    assert len({SideDoor("/a"), SideDoor("/a"), SideDoor("/b"), Endpoint("/a", 1, tls=False)}) == 3
