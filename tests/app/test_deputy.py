from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import pytest
import uvloop
from tests.descriptors import descriptors

from outwait.app import takeover
from outwait.app.deputy import Deputy, Orders
from outwait.app.sockets import Group, close
from outwait.wire import listen

Heard = list[tuple[int, int]]  # places' numbers, each with how many sockets came


def pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def groups(*sizes: int) -> dict[int, Group]:
    """A place for each size, with as many sockets."""
    made = {number: [socket.socket() for _ in range(size)] for number, size in enumerate(sizes)}
    return {number: group for number, group in made.items() if group}


def heard(sock: socket.socket) -> Heard:
    """All that was said until now."""
    sock.setblocking(False)
    found = []
    with suppress(BlockingIOError):
        while True:
            word, fds, _, _ = socket.recv_fds(sock, 16, 250)
            for fd in fds:
                os.close(fd)
            found.append((int(word), len(fds)))
    return found


# ------------------------------------------------------------------------------------------------- the supervisor's end
def test_a_worker_is_told_only_what_is_new() -> None:
    ours, theirs = pair()
    orders = Orders(ours)
    vacant = groups(2, 0, 1, 3)
    told: list[Heard] = []
    for places in ((), (0, 2), (0, 2), (2, 3), ()):
        orders.stand_in({number: vacant[number] for number in places})
        told.append(sorted(heard(theirs)))
    assert told == [[], [(0, 2), (2, 1)], [], [(0, 0), (3, 3)], [(2, 0), (3, 0)]]
    orders.close()
    theirs.close()
    close(list(vacant.values()))


def test_more_sockets_than_fit_come_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outwait.app.deputy.BATCH", 2)
    assert takeover.BATCH < 253  # what Linux takes
    ours, theirs = pair()
    vacant = groups(5)
    orders = Orders(ours)
    orders.stand_in(vacant)
    assert heard(theirs) == [(0, 2), (0, 2), (0, 1)]
    orders.close()
    theirs.close()
    close(list(vacant.values()))


def test_one_who_reads_nothing_is_not_waited_for_and_told_later() -> None:
    ours, theirs = pair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    orders = Orders(ours)
    vacant = groups(*[1] * 100)
    orders.stand_in(vacant)
    first = heard(theirs)
    assert 0 < len(first) < 100
    while len(first) < 100:
        orders.stand_in(vacant)
        more = heard(theirs)
        assert more
        first += more
    assert sorted(first) == [(number, 1) for number in range(100)]
    orders.close()
    theirs.close()
    close(list(vacant.values()))


def test_one_who_is_gone_is_told_nothing() -> None:
    ours, theirs = pair()
    theirs.close()
    vacant = groups(1)
    orders = Orders(ours)
    orders.stand_in(vacant)
    orders.stand_in({})
    orders.close()
    close(list(vacant.values()))


# ----------------------------------------------------------------------------------------------------- the worker's end
class Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)  # type: ignore[attr-defined] # uvloop's are asyncio's in deed, not by inheritance


async def echo(sock: socket.socket) -> asyncio.Server:
    return await asyncio.get_running_loop().create_server(Echo, sock=sock)


class Gone:
    """Places whose workers are gone, and a deputy for them. `waits`: whether one who connects to a place waits."""

    def __init__(self, accept: Callable[[socket.socket], Awaitable[asyncio.Server]] = echo) -> None:
        ours, theirs = pair()
        self.orders = Orders(ours)
        self.deputy = Deputy(theirs, accept)
        self.groups = {0: listen.bind("127.0.0.1", 0), 1: [*listen.bind("127.0.0.1", 0), *listen.bind("::1", 0)]}

    def stand_in(self, *numbers: int) -> None:
        vacant: Mapping[int, Group] = {number: self.groups[number] for number in numbers}
        self.orders.stand_in(vacant)

    async def served(self, number: int, *, within: float = 5.0) -> list[bool]:
        """At each address of a place: whether one who connects is answered in time."""
        found = []
        for sock in self.groups[number]:
            reader, writer = await asyncio.open_connection(*sock.getsockname()[:2])
            writer.write(b"there")
            try:
                found.append(await asyncio.wait_for(reader.readexactly(5), within) == b"there")
            except TimeoutError:
                found.append(False)
            writer.close()
        return found


def play(scene: Callable[[Gone], Awaitable[None]], gone: Callable[[], Gone] = Gone) -> None:
    """Play it, and see that nothing stays open."""

    async def whole() -> None:
        made = gone()
        made.deputy.begin()
        try:
            async with asyncio.timeout(15):
                await scene(made)
        finally:
            made.deputy.close()
            made.orders.close()
            close(list(made.groups.values()))
        await asyncio.sleep(0.05)  # what is closed, is closed in the next rounds of the loop

    uvloop.run(asyncio.sleep(0))  # libuv keeps what it opens for the first loop of a process
    before = descriptors()
    uvloop.run(whole())  # as workers do: asyncio's own drops what it accepted just before a listener is closed
    assert descriptors() <= before


def test_who_waited_is_served_until_somebody_is_there_again() -> None:
    async def scene(gone: Gone) -> None:
        with socket.create_connection(gone.groups[0][0].getsockname()) as early:
            early.sendall(b"early")
            gone.stand_in(0, 1)
            early.setblocking(False)
            assert await asyncio.get_running_loop().sock_recv(early, 5) == b"early"
            assert await gone.served(1) == [True, True]
            gone.stand_in(1)
            await asyncio.sleep(0.05)
            assert await gone.served(0, within=0.1) == [False]  # it waits for that place's own worker
            assert await gone.served(1) == [True, True]
            await asyncio.get_running_loop().sock_sendall(early, b"still")
            assert await asyncio.get_running_loop().sock_recv(early, 5) == b"still"
        for _ in range(3):
            gone.stand_in()
            gone.stand_in(0)
            assert await gone.served(0) == [True]

    play(scene)


def test_a_deputy_that_leaves_lets_go_of_everything() -> None:
    async def scene(gone: Gone) -> None:
        gone.stand_in(0, 1)
        assert await gone.served(1) == [True, True]
        gone.deputy.close()
        await asyncio.sleep(0.05)
        addresses = [sock.getsockname()[:2] for sock in gone.groups[1]]
        close(list(gone.groups.values()))
        for address in addresses:  # nobody holds them any more
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(address)
        gone.stand_in()  # it hears nothing

    play(scene)


def test_what_cannot_be_accepted_from_does_not_stop_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    async def accept(sock: socket.socket) -> asyncio.Server:
        if sock.family == socket.AF_INET:
            raise OSError("no room")
        return await echo(sock)

    async def scene(gone: Gone) -> None:
        gone.stand_in(1)
        assert await gone.served(1, within=0.2) == [False, True]

    play(scene, lambda: Gone(accept))
    assert "who connects to worker 1, which is gone, has to wait for it: no room" in caplog.text


def test_a_deputy_whose_supervisor_goes_keeps_what_it_has() -> None:
    async def scene(gone: Gone) -> None:
        gone.stand_in(0)
        assert await gone.served(0) == [True]
        gone.orders.close()
        await asyncio.sleep(0.05)
        assert await gone.served(0) == [True]

    play(scene)


def test_under_an_older_supervisor_it_stands_in_for_nobody() -> None:
    async def scene() -> None:
        deputy = Deputy(None, echo)
        deputy.begin()
        deputy.close()
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(scene())
