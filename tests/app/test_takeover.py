"""The successor's side; whole takeovers are in test_handover."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from tests.descriptors import descriptors

from outwait.app import doors, takeover
from outwait.app.sockets import close
from outwait.app.takeover import Offer, TakeoverError
from outwait.config.settings import ServerSection

OFFER = Offer(takeover.PROTOCOL, "9.9", 77, "127.0.0.1", 8787, 8787)
SERVER = ServerSection()


@pytest.fixture
def data() -> Iterator[Path]:
    """A data_dir whose path is short enough."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


@contextmanager
def incumbent(path: Path, answer: Callable[[socket.socket], None]) -> Iterator[None]:
    """Somebody who listens at `path` and plays `answer` to each that comes."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def play() -> None:
            while True:
                try:
                    line, _ = listener.accept()
                except OSError:
                    return
                with line:
                    answer(line)

        thread = threading.Thread(target=play)
        thread.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def offering(offer: Offer, *batches: int) -> Callable[[socket.socket], None]:
    """Makes the offer, then sends so many sockets at a time."""

    def answer(line: socket.socket) -> None:
        hello = msgspec.json.decode(line.recv(4096), type=takeover.Hello)
        line.sendall(msgspec.json.encode(offer) + b"\n")
        if hello.wants == "sockets":
            for count in batches:
                with socket.socket() as sock:
                    socket.send_fds(line, [b"."], [sock.fileno()] * count)

    return answer


@pytest.mark.parametrize("changed, told", [
    ({}, ""),
    ({"refusal": "it is draining"}, "process id 77 keeps its place: it is draining"),
    ({"protocol": 9}, "outwait 9.9, speaks another takeover protocol \\(9, this one 1\\): stop it first"),
    ({"host": "0.0.0.0"}, "server.host is 0.0.0.0 at the gateway that runs, and 127.0.0.1 in this configuration"),
    ({"port": 1, "bound": 1}, "server.port is 1 at the gateway that runs, and 8787 in this .*without --takeover"),
    ({"port": 0, "bound": 8787}, ""),
    ({"port": 8787, "bound": 1}, ""),
    ({"port": 1, "bound": 1, "host": "::", "shared": True}, ""),
])  # fmt: skip
def test_whose_place_can_be_taken(changed: dict[str, object], told: str) -> None:
    offer = msgspec.structs.replace(OFFER, **changed)
    if told:
        with pytest.raises(TakeoverError, match=told):
            takeover.check(offer, SERVER)
    else:
        takeover.check(offer, SERVER)


def test_a_long_path_makes_room_for_one_that_the_data_dir_names(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(data))
    assert takeover.places(data)[0] == data / "serve.sock"
    long = data / ("x" * 100)
    found = takeover.places(long)
    assert found[0].parent == data
    assert found == takeover.places(long / ".." / ("x" * 100))
    assert found[0] != takeover.places(long / "y")[0]
    assert all(len(os.fsencode(path)) <= doors.LONGEST for path in found)


def test_nobody_is_there(data: Path) -> None:
    assert takeover.ask(data, SERVER) is None
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(data / "serve.sock"))
    assert takeover.ask(data, SERVER) is None
    assert takeover.who(data) is None


def test_sockets_come_worker_by_worker_however_many(data: Path) -> None:
    offer = msgspec.structs.replace(OFFER, groups=(1, 250, 49))
    before = descriptors()
    with incumbent(data / "serve.sock", offering(offer, 200, 100)):
        found = takeover.ask(data, SERVER)
        assert found is not None
        assert [len(group) for group in found.groups] == [1, 250, 49]
        assert not any(os.get_inheritable(sock.fileno()) for group in found.groups for sock in group)
        close(found.groups)
        found.close()
    assert descriptors() <= before


def test_one_that_is_refused_asks_for_no_sockets(data: Path) -> None:
    asked: list[bytes] = []

    def answer(line: socket.socket) -> None:
        asked.append(line.recv(4096))
        line.sendall(msgspec.json.encode(msgspec.structs.replace(OFFER, refusal="no")) + b"\n")

    with incumbent(data / "serve.sock", answer), pytest.raises(TakeoverError, match="keeps its place: no"):
        takeover.ask(data, SERVER)
    assert [msgspec.json.decode(each)["wants"] for each in asked] == ["who"]


@pytest.mark.parametrize("batches", [(), (1,), (1, 0)])
def test_sockets_that_do_not_all_come_are_closed(data: Path, batches: tuple[int, ...]) -> None:
    offer = msgspec.structs.replace(OFFER, groups=(2, 2))
    before = descriptors()
    with (
        incumbent(data / "serve.sock", offering(offer, *batches)),
        pytest.raises(TakeoverError, match=r"process id 77 did not hand over its sockets: not all of them came\."),
    ):
        takeover.ask(data, SERVER)
    assert descriptors() <= before


@pytest.mark.parametrize("words", [b"", b"hello\n", b'{"pid": 1}\n', b"x" * 70_000])
def test_who_does_not_answer_as_a_gateway_is_told(data: Path, words: bytes) -> None:
    def answer(line: socket.socket) -> None:
        line.recv(4096)
        try:
            line.sendall(words)
        except BrokenPipeError:
            return

    with (
        incumbent(data / "serve.sock", answer),
        pytest.raises(TakeoverError, match=r"serve\.sock does not answer as a gateway"),
    ):
        takeover.ask(data, SERVER)


def test_another_users_socket_is_none(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uid = os.geteuid()
    with incumbent(data / "serve.sock", lambda _: None):
        monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
        assert takeover.who(data) is None
