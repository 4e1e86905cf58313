from __future__ import annotations

import asyncio
import re
import signal
import socket
import sys
from pathlib import Path

import pytest
from tests.descriptors import descriptors

from outwait.app.place import SLOWEST, STEADY, Place
from outwait.config.load import loads
from outwait.wire import listen

SETTINGS = loads("channels: [{name: a, base_url: 'http://h/v1'}]")


def test_starts_become_rarer_until_a_worker_has_served_for_a_while() -> None:
    async def story() -> None:
        place = Place(0, [])
        assert place.pause() == 0
        pauses = []
        for _ in range(8):
            place.vacate(failed=True)
            pauses.append(place.pause())
        assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, SLOWEST, SLOWEST]
        place.vacate(failed=False)
        assert (place.pause(), place.failures) == (0, 0)

    asyncio.run(story())


class Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        assert isinstance(self.transport, asyncio.Transport)
        self.transport.write(data)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_place_that_is_deaf_refuses_and_its_next_worker_listens_again(host: str) -> None:
    sockets = listen.bind(host, 0)
    address = sockets[0].getsockname()

    async def story() -> None:
        place = Place(0, sockets)
        socket.create_connection(address[:2]).close()
        place.deafen()
        place.deafen()  # nothing more happens
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address[:2])
        assert place.sockets[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        again = await asyncio.get_running_loop().create_server(Echo, sock=place.sockets[0].dup())
        reader, writer = await asyncio.open_connection(*address[:2])
        await asyncio.sleep(0.02)  # what is accepted must not look closed before anything was sent
        writer.write(b"there")
        assert await reader.read(5) == b"there"
        writer.close()
        await writer.wait_closed()
        again.close()
        await again.wait_closed()
        place.close()

    asyncio.run(story())


def worker(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    """Let places start a program of our own instead of a worker."""
    program = folder / "program"
    program.write_text(f"#!{sys.executable}\nimport os, socket, sys, time\n{text}")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))


def test_a_worker_that_says_it_serves_makes_its_place_ready(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = "line = socket.socket(fileno=int(os.environ['OUTWAIT_WORKER_LINE']))\nline.sendall(b'!')\nline.recv(1, 16)\n"
    worker(monkeypatch, tmp_path, text + "while line.recv(65536): pass\n")

    async def story() -> None:
        place = Place(2, [])
        place.tell(SETTINGS)  # nobody is there to hear it
        place.signal(signal.SIGTERM)
        await place.start(SETTINGS)
        await asyncio.wait_for(place.ready.wait(), 10)
        place.tell(SETTINGS)
        assert place._ready_at is not None
        place._ready_at -= STEADY  # it has served for long
        place.failures = 3
        place.signal(signal.SIGTERM)
        assert await place.ended() == -signal.SIGTERM
        assert (place.failures, place.ready.is_set(), place.process) == (0, False, None)

    asyncio.run(story())


@pytest.mark.parametrize("word, told", [("+", b"7"), ("!", b"")], ids=["new", "older"])
def test_a_worker_that_serves_is_told_for_whom_to_stand_in_if_it_knows_how(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, word: str, told: bytes
) -> None:
    heard = tmp_path / "heard"
    text = (
        "given = [int(os.environ['OUTWAIT_WORKER_' + each]) for each in ('LINE', 'ORDERS')]\n"
        "line, orders = [socket.socket(fileno=each) for each in given]\n"
        f"line.sendall(b'{word}')\n"
        "word = orders.recv(9)\n"
        f"open('{heard}', 'wb').write(word)\n"
    )
    worker(monkeypatch, tmp_path, text)
    changes: list[bool] = []

    async def story() -> None:
        place = Place(0, [], None, lambda: changes.append(place.ready.is_set()))
        vacant = {7: listen.bind("127.0.0.1", 0)}
        place.stand_in(vacant)  # nobody is there to hear it
        await place.start(SETTINGS)
        place.stand_in(vacant)  # nobody serves yet
        place.unserved = 2
        await asyncio.wait_for(place.ready.wait(), 10)
        assert place.unserved == 0
        place.stand_in(vacant)
        await place.ended()
        assert heard.read_bytes() == told
        assert (changes, place.unserved) == ([True, False], 0)
        place.stand_in(vacant)
        vacant[7][0].close()

    asyncio.run(story())


def test_a_worker_that_ends_unready_counts_as_a_failed_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    worker(monkeypatch, tmp_path, "sys.exit(5)")

    async def story() -> None:
        place = Place(0, [])
        await place.start(SETTINGS)
        assert await place.ended() == 5
        assert (place.failures, place.unserved, place.ready.is_set()) == (1, 1, False)

    asyncio.run(story())


def test_a_worker_that_cannot_be_started_leaves_no_descriptor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "missing"))

    async def story() -> None:
        before = descriptors()
        place = Place(0, [])
        with pytest.raises(OSError, match="missing"):
            await place.start(SETTINGS)
        place.vacate(failed=True)
        await asyncio.sleep(0)
        assert descriptors() <= before

    asyncio.run(story())


def test_each_life_has_a_side_door_of_its_own_which_goes_with_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    worker(monkeypatch, tmp_path, "open(os.environ['OUTWAIT_WORKER_SIDE_DOOR'], 'w').close()")
    folder = tmp_path / "doors"
    folder.mkdir()

    async def story() -> None:
        place = Place(18, [], folder)
        names = set()
        for _ in range(3):
            await place.start(SETTINGS)
            assert place._side_door is not None
            assert place._side_door.parent == folder
            names.add(place._side_door.name)
            assert await place.ended() == 0
            assert list(folder.iterdir()) == []
        assert all(re.fullmatch("12[0-9a-f]{4}", name) for name in names)
        assert len(names) > 1
        place.vacate(failed=True)  # nothing is there to remove

    asyncio.run(story())
