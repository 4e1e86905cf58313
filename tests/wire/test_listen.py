from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from outwait.wire import listen
from outwait.wire.listen import Descriptors

GET = b"GET /x HTTP/1.1\r\nhost: a\r\n\r\n"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


def bound(stack: ExitStack, host: str, port: int = 0) -> list[socket.socket]:
    return [stack.enter_context(sock) for sock in listen.bind(host, port)]


def test_port_0_takes_a_free_port(stack: ExitStack) -> None:
    (sock,) = bound(stack, "127.0.0.1")
    assert sock.getsockname()[0] == "127.0.0.1"
    assert sock.getsockname()[1] > 0
    assert not sock.getblocking()


def test_workers_share_a_port(stack: ExitStack) -> None:
    (first,) = bound(stack, "127.0.0.1")
    (second,) = bound(stack, "127.0.0.1", first.getsockname()[1])
    assert second.getsockname() == first.getsockname()


def test_a_port_that_is_not_shared_is_taken(stack: ExitStack) -> None:
    (alone,) = listen.bind("127.0.0.1", 0, shared=False)
    stack.enter_context(alone)
    for shared in (True, False):
        with pytest.raises(OSError, match="in use"):
            listen.bind("127.0.0.1", alone.getsockname()[1], shared=shared)


def test_a_name_with_several_addresses_gets_one_port(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    def both(*_: object, **__: object) -> list[Any]:
        four = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))
        six = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 0, 0, 0))
        return [four, six, four]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    socks = bound(stack, "localhost")
    assert [sock.family for sock in socks] == [socket.AF_INET, socket.AF_INET6]
    assert len({sock.getsockname()[1] for sock in socks}) == 1


@pytest.mark.parametrize("near", ["127.0.0.1", "::1"])
def test_every_address_means_both_families(stack: ExitStack, near: str) -> None:
    (sock,) = bound(stack, "::")
    with socket.create_connection((near, sock.getsockname()[1]), timeout=5):
        pass


def test_a_taken_port_is_an_error_and_leaves_nothing_open(stack: ExitStack) -> None:
    taken = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    with pytest.raises(OSError, match="in use"):
        listen.bind("127.0.0.1", taken.getsockname()[1])


def test_half_a_success_is_closed_again(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, taken)) for host in ("127.0.0.2", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(OSError, match="in use"):
        listen.bind("localhost", taken)
    socket.create_server(("127.0.0.2", taken)).close()


def test_accepted_connections_inherit_the_options(stack: ExitStack) -> None:
    (sock,) = bound(stack, "127.0.0.1")
    stack.enter_context(socket.create_connection(sock.getsockname()))
    sock.setblocking(True)
    accepted = stack.enter_context(sock.accept()[0])
    assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60


def test_the_soft_limit_is_raised_and_told() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    lower = min(512, before[1])
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (lower, before[1]))
        assert listen.raise_descriptors() == Descriptors(lower, before[1], before[1])
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == before[1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_limit_that_cannot_be_raised_is_told_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("not allowed")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (100, 200))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert listen.raise_descriptors() == Descriptors(100, 100, 200)


def test_the_connections_there_is_room_for() -> None:
    assert Descriptors(1024, 20_000, 20_000).connections() == 9872
    assert Descriptors(1024, 20_000, 20_000).connections(reserve=0) == 10_000
    assert Descriptors(100, 100, 100).connections() == 1


def test_closing_what_start_returned_stops_accepting(knock: Any) -> None:
    async def story(door: Any) -> None:
        sock = listen.bind("127.0.0.1", 0)[0]
        port = sock.getsockname()[1]
        accepting = await listen.start(door.server, sock)
        door.port = port
        client, reply = await door.ask(GET)
        assert reply.status == 200
        accepting.close()
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", port)
        await client.send(GET)
        assert (await client.reply()).status == 200

    knock(story)


def test_a_side_door_is_for_this_user_only(tmp_path: Path, stack: ExitStack) -> None:
    path = tmp_path / "door"
    sock = stack.enter_context(listen.bind_side(path))
    assert path.is_socket()
    assert path.stat().st_mode & 0o777 == 0o600
    assert not sock.getblocking()
    with pytest.raises(OSError, match="in use"):
        listen.bind_side(path)
    with pytest.raises(FileNotFoundError):
        listen.bind_side(tmp_path / "nowhere" / "door")
