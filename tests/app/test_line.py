from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path

import pytest

from outwait.app import line
from outwait.config.load import loads
from outwait.config.settings import Settings

TEXT = "channels: [{{name: a, base_url: 'http://h/v1', api_key: sk-canary}}]\nserver: {{drain: {drain}}}\n"


def settings(drain: int) -> Settings:
    return loads(TEXT.format(drain=drain))


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> tuple[socket.socket, line.WorkerEnd]:
    """The supervisor's end as a plain socket, and the worker's."""
    ours, theirs = socket.socketpair()
    listener = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setenv(line.NUMBER, "3")
    monkeypatch.setenv(line.SOCKETS, str(listener.detach()))
    monkeypatch.setenv(line.LINE, str(theirs.detach()))
    monkeypatch.delenv(line.SIDE_DOOR, raising=False)
    monkeypatch.delenv(line.ORDERS, raising=False)
    return ours, line.WorkerEnd()


def test_a_worker_is_given_its_number_its_sockets_and_whole_settings(
    ends: tuple[socket.socket, line.WorkerEnd],
) -> None:
    ours, worker = ends
    big = settings(7).model_copy(update={"data_dir": "x" * 1_000_000})  # more than the socket holds at a time
    sending = threading.Thread(target=ours.sendall, args=(line.pack(big),))
    sending.start()
    got = worker.first()
    sending.join()
    assert got == big
    assert got is not None
    assert got.secrets() == ("sk-canary",)
    assert (worker.number, worker.sockets[0].getsockname()[0], worker.side_door) == (3, "127.0.0.1", None)
    worker.sockets[0].close()
    worker._line.close()
    ours.close()


def test_a_worker_is_told_where_its_side_door_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for told, expected in (("/run/x/00abcd", Path("/run/x/00abcd")), ("", None)):
        ours, theirs = socket.socketpair()
        listener = socket.create_server(("127.0.0.1", 0))
        for name, value in (
            (line.NUMBER, 0),
            (line.SOCKETS, listener.detach()),
            (line.LINE, theirs.detach()),
            (line.SIDE_DOOR, told),
        ):
            monkeypatch.setenv(name, str(value))
        worker = line.WorkerEnd()
        assert worker.side_door == expected
        for sock in (ours, worker._line, *worker.sockets):
            sock.close()


def test_a_supervisor_that_went_early_sends_nothing(ends: tuple[socket.socket, line.WorkerEnd]) -> None:
    ours, worker = ends
    ours.sendall(line.pack(settings(1))[:20])
    ours.close()
    assert worker.first() is None
    worker.sockets[0].close()
    worker._line.close()


def test_new_settings_come_one_by_one_and_then_the_end(ends: tuple[socket.socket, line.WorkerEnd]) -> None:
    ours, worker = ends
    worker.sockets[0].close()

    async def story() -> list[float]:
        taken: list[float] = []
        ended = asyncio.Event()
        await worker.serving(lambda each: taken.append(each.server.drain), ended.set)
        ours.setblocking(False)
        assert await asyncio.get_running_loop().sock_recv(ours, 8) == b"!"
        data = line.pack(settings(1)) + line.pack(settings(2))
        for piece in (data[:5], data[5:-9], data[-9:]):
            await asyncio.get_running_loop().sock_sendall(ours, piece)
        ours.close()
        await asyncio.wait_for(ended.wait(), 5)
        assert worker._writer is not None
        worker._writer.close()
        await worker._writer.wait_closed()
        return taken

    assert asyncio.run(story()) == [1, 2]


def test_a_worker_says_whether_it_can_stand_in_for_others(
    ends: tuple[socket.socket, line.WorkerEnd], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, plain = ends  # a supervisor of an older version gives it no orders, and knows one word only
    assert plain.orders is None
    orders, theirs = socket.socketpair()
    other, line_of_other = socket.socketpair()
    monkeypatch.setenv(line.SOCKETS, str(socket.create_server(("127.0.0.1", 0)).detach()))
    monkeypatch.setenv(line.LINE, str(line_of_other.detach()))
    monkeypatch.setenv(line.ORDERS, str(theirs.detach()))
    able = line.WorkerEnd()
    assert able.orders is not None
    orders.sendall(b"5")
    assert able.orders.recv(5) == b"5"

    async def story(worker: line.WorkerEnd, supervisor: socket.socket) -> bytes:
        ended = asyncio.Event()
        await worker.serving(lambda _: None, ended.set)
        supervisor.setblocking(False)
        word = await asyncio.get_running_loop().sock_recv(supervisor, 8)
        supervisor.close()
        await asyncio.wait_for(ended.wait(), 5)
        assert worker._writer is not None
        worker._writer.close()
        await worker._writer.wait_closed()
        return word

    assert asyncio.run(story(plain, ours)) == line.SERVES
    assert asyncio.run(story(able, other)) == line.STANDS_IN
    for sock in (*plain.sockets, *able.sockets, orders, able.orders):
        sock.close()


def test_without_a_supervisor_there_is_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(line.NUMBER, raising=False)
    with pytest.raises(KeyError):
        line.WorkerEnd()
