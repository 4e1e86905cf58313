from __future__ import annotations

import socket

import pytest
from tests.descriptors import descriptors

from outwait.app import sockets
from outwait.wire import listen


@pytest.mark.parametrize("option", [None, socket.SO_REUSEPORT])
def test_a_port_that_somebody_has_is_not_shared(option: int | None) -> None:
    with socket.socket() as other:
        if option:
            other.setsockopt(socket.SOL_SOCKET, option, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(OSError, match="in use"):
            sockets.bind("127.0.0.1", other.getsockname()[1], 2)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_all_workers_share_the_port_that_was_free(host: str) -> None:
    groups = sockets.bind(host, 0, 3)
    ports = {sock.getsockname()[1] for group in groups for sock in group}
    assert (len(groups), len(ports)) == (3, 1)
    assert sockets.address(groups) == (host, ports.pop())
    sockets.close(groups)


def test_when_the_port_goes_in_the_middle_nothing_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[socket.socket] = []

    def bind(host: str, port: int) -> list[socket.socket]:
        if made:
            raise OSError("gone")
        made.append(socket.create_server((host, port)))
        return made

    monkeypatch.setattr(listen, "bind", bind)
    with pytest.raises(OSError, match="gone"):
        sockets.bind("127.0.0.1", 0, 2)
    assert made[0].fileno() == -1


def test_with_fewer_workers_each_gets_several_and_none_is_lost() -> None:
    groups = sockets.bind("127.0.0.1", 0, 5)
    shared = sockets.spread(groups, 2)
    assert [len(group) for group in shared] == [3, 2]
    assert {sock for group in shared for sock in group} == {sock for group in groups for sock in group}
    sockets.close(groups)


def test_with_more_workers_sockets_are_added_that_do_not_listen_yet() -> None:
    groups = sockets.bind("127.0.0.1", 0, 1)
    shared = sockets.spread(groups, 3)
    assert shared[0] == groups[0]
    added = [sock for group in shared[1:] for sock in group]
    assert {sock.getsockname() for sock in added} == {groups[0][0].getsockname()}
    assert [sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) for sock in added] == [0, 0]
    assert all(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for sock in added)
    sockets.close(shared)


def test_an_added_worker_gets_every_address_once() -> None:
    four, six = listen.bind("127.0.0.1", 0), listen.bind("::1", 0)
    groups = [[*four, *six]]
    shared = sockets.spread([*groups, [sockets.twin(four[0]), sockets.twin(six[0])]], 3)
    assert sorted(sock.family for sock in shared[2]) == [socket.AF_INET, socket.AF_INET6]
    sockets.close(shared)


def test_what_cannot_be_added_leaves_nothing_open() -> None:
    before = descriptors()
    lonely = socket.create_server(("127.0.0.1", 0))  # shares its port with nobody
    with pytest.raises(OSError, match="in use"):
        sockets.spread([[lonely]], 2)
    assert descriptors() <= before


def test_copies_work_off_one_queue() -> None:
    group = listen.bind("127.0.0.1", 0)
    address = group[0].getsockname()
    made = sockets.copies(group, 2)
    assert group[0].fileno() == -1
    with socket.create_connection(address) as client:
        sockets.close(made[:1])
        accepted, _ = made[1][0].accept()
        accepted.sendall(b"here")
        assert client.recv(4) == b"here"
        accepted.close()
    sockets.close(made)


@pytest.mark.parametrize("host, keys, good", [
    ("127.0.0.1", False, True), ("::1", False, True), ("0.0.0.0", True, True), ("0.0.0.0", False, False),
    ("::", False, False),
])  # fmt: skip
def test_sockets_that_somebody_else_opened_are_not_open_to_everybody(host: str, keys: bool, good: bool) -> None:
    group = listen.bind(host, 0)
    try:
        if good:
            sockets.check_open(group, keys=keys)
        else:
            with pytest.raises(PermissionError, match=f"others can reach {host}, but no client key"):
                sockets.check_open(group, keys=keys)
    finally:
        sockets.close([group])
