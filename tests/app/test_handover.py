from __future__ import annotations

import asyncio
import logging
import os
import socket
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from outwait.app import takeover
from outwait.app.handover import Handover
from outwait.app.sockets import Group, close
from outwait.app.takeover import Hello, Offer, Predecessor, TakeoverError
from outwait.config.settings import ServerSection

SERVER = ServerSection()


class Running:
    """A gateway as its successors see it. `heard`: what it was told."""

    def __init__(self, count: int = 2) -> None:
        self.groups: list[Group] = [[socket.create_server(("127.0.0.1", 0))] for _ in range(count)]
        self.heard: list[str] = []
        self.told = asyncio.Event()
        self.refusal = ""

    def offer(self) -> Offer:
        sizes = tuple(map(len, self.groups))
        return Offer(takeover.PROTOCOL, "1.0", os.getpid(), "127.0.0.1", 8787, 8787, self.refusal, groups=sizes)

    def lent(self) -> list[Group]:
        return self.groups

    def relieve(self, pid: int) -> None:
        assert pid == os.getpid()
        self._hear("relieved")

    def hurry(self) -> None:
        self._hear("hurried")

    def _hear(self, word: str) -> None:
        self.heard.append(word)
        self.told.set()


@pytest.fixture
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def play(scene: Callable[[Running, Handover], Awaitable[None]], count: int = 2) -> None:
    async def whole() -> None:
        running = Running(count)
        handover = Handover(running)
        try:
            async with asyncio.timeout(10):
                await scene(running, handover)
        finally:
            handover.close()
            close(running.groups)

    asyncio.run(whole())


async def ask(data: Path) -> Predecessor:
    found = await asyncio.to_thread(takeover.ask, data, SERVER)
    assert found is not None
    return found


@pytest.mark.parametrize("workers", [1, 256])
def test_a_whole_takeover(data: Path, workers: int) -> None:
    async def scene(running: Running, handover: Handover) -> None:
        handover.open(data)
        assert (data / "serve.sock").stat().st_mode & 0o777 == 0o600
        found = await ask(data)
        addresses = [[sock.getsockname() for sock in group] for group in found.groups]
        assert addresses == [[sock.getsockname() for sock in group] for group in running.groups]
        assert running.heard == []
        assert await found.relieve()
        assert running.heard == ["relieved"]
        assert not (data / "serve.sock").exists()  # it is free for the successor
        running.told.clear()
        found.hurry()
        await running.told.wait()
        assert running.heard == ["relieved", "hurried"]
        close(found.groups)
        found.close()

    play(scene, workers)


def test_the_line_ends_with_the_old_one(data: Path) -> None:
    async def scene(_: Running, handover: Handover) -> None:
        handover.open(data)
        found = await ask(data)
        await found.ended()  # there is nothing to wait for
        assert await found.relieve()
        waiting = asyncio.ensure_future(found.ended())
        await asyncio.sleep(0)
        assert not waiting.done()
        for task in asyncio.all_tasks():
            if task.get_name() == "takeover":
                task.cancel()  # as when its loop ends
        await waiting
        close(found.groups)
        found.close()

    play(scene)


@pytest.mark.parametrize("count", [1, 2])
def test_one_that_goes_changes_nothing_and_the_next_may_come(
    data: Path, caplog: pytest.LogCaptureFixture, count: int
) -> None:
    async def scene(running: Running, handover: Handover) -> None:
        handover.open(data)
        for _ in range(count):
            found = await ask(data)
            close(found.groups)
            found.close()
            while "went before it served" not in caplog.text:  # noqa: ASYNC110 - a log line wakes nobody
                await asyncio.sleep(0.01)
            caplog.clear()
        assert running.heard == []
        last = await ask(data)
        assert await last.relieve()
        close(last.groups)
        last.close()

    with caplog.at_level(logging.INFO, "outwait"):
        play(scene)


def test_there_is_one_at_a_time(data: Path) -> None:
    async def scene(running: Running, handover: Handover) -> None:
        handover.open(data)
        first = await ask(data)
        with pytest.raises(TakeoverError, match=rf"keeps its place: process {os.getpid()} is about to take it"):
            await ask(data)
        assert await first.relieve()
        assert running.heard == ["relieved"]
        close(first.groups)
        first.close()

    play(scene)


def test_a_gateway_may_refuse(data: Path) -> None:
    async def scene(running: Running, handover: Handover) -> None:
        handover.open(data)
        running.refusal = "it is draining"
        with pytest.raises(TakeoverError, match="keeps its place: it is draining"):
            await ask(data)
        assert running.heard == []

    play(scene)


def test_a_predecessor_that_is_gone_relieves_nobody(data: Path) -> None:
    async def scene(_: Running, handover: Handover) -> None:
        handover.open(data)
        found = await ask(data)
        for task in asyncio.all_tasks():
            if task.get_name() == "takeover":
                task.cancel()
        assert not await found.relieve()
        await found.ended()
        found.hurry()
        close(found.groups)
        found.close()

    play(scene)


@pytest.mark.parametrize("words", [b"hello\n", b"[1]\n", b"x" * 5000])
def test_nonsense_is_told_in_the_log_only(data: Path, caplog: pytest.LogCaptureFixture, words: bytes) -> None:
    async def scene(running: Running, handover: Handover) -> None:
        handover.open(data)
        reader, writer = await asyncio.open_unix_connection(data / "serve.sock")
        writer.write(words)
        try:
            assert await reader.read() == b""
        except ConnectionResetError:
            pass  # it did not read all of it
        writer.close()
        assert running.heard == []

    with caplog.at_level(logging.WARNING, "outwait"):
        play(scene)
    assert f"process {os.getpid()} asked for this gateway's place, and broke off" in caplog.text


@pytest.mark.parametrize("protocol, wants", [(9, "sockets"), (1, "who")])
def test_only_who_can_use_sockets_gets_them(data: Path, protocol: int, wants: str) -> None:
    async def scene(_: Running, handover: Handover) -> None:
        handover.open(data)
        reader, writer = await asyncio.open_unix_connection(data / "serve.sock")
        writer.write(msgspec.json.encode(Hello(protocol, "1", wants)) + b"\n")  # type: ignore[arg-type]  # of the two
        assert msgspec.json.decode(await reader.readline(), type=Offer).pid == os.getpid()
        assert await reader.read() == b""
        writer.close()

    play(scene)


def test_another_user_gets_no_word(
    data: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    uid = os.geteuid()

    async def scene(_: Running, handover: Handover) -> None:
        handover.open(data)
        monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
        reader, writer = await asyncio.open_unix_connection(data / "serve.sock")
        assert await reader.read() == b""
        writer.close()

    play(scene)
    assert f"of user {uid} asked for this gateway's place, and got no answer" in caplog.text


def test_the_socket_of_a_dead_gateway_is_replaced(data: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(data / "serve.sock"))

    async def scene(_: Running, handover: Handover) -> None:
        handover.open(data)
        found = await ask(data)
        close(found.groups)
        found.close()

    play(scene)


def test_another_living_gateway_keeps_its_socket(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scene(_: Running, handover: Handover) -> None:
        handover.open(data)
        second = Handover(Running())
        second.open(data)
        assert "nobody can take over from this gateway without a gap: another gateway with the same data" in caplog.text
        second.close()
        close(second._incumbent.lent())
        assert (data / "serve.sock").is_socket()
        await asyncio.to_thread(takeover.who, data)

    play(scene)


def test_where_there_is_no_data_dir_it_is_found_in_the_runtime_directory(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(data))
    missing = data / "missing"

    async def scene(_: Running, handover: Handover) -> None:
        handover.open(missing)
        assert not missing.exists()
        (sock,) = data.iterdir()  # noqa: ASYNC240 - nobody else is on this loop
        missing.mkdir()  # made meanwhile: the socket stays where it is
        assert sock.is_socket()
        assert await asyncio.to_thread(takeover.who, missing) is not None

    play(scene)
    assert list(data.iterdir()) == [missing]


def test_a_gateway_that_can_have_no_socket_serves_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(takeover, "places", lambda _: [])

    async def scene(_: Running, handover: Handover) -> None:
        handover.open(Path("/nowhere"))

    play(scene)
    assert "without a gap: there is no place for its socket" in caplog.text
