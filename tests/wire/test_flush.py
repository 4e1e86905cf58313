from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from outwait.wire import flush
from outwait.wire.flush import Flush


class Pipe:
    """A transport's outside over a real socket pair; `buffered` is what the transport itself holds."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.far = socket.create_connection(listener.getsockname())
            self.near, _ = listener.accept()
        self.near.setblocking(False)
        self.buffered = 0

    def get_write_buffer_size(self) -> int:
        return self.buffered

    def get_extra_info(self, name: str) -> Any:
        assert name == "socket"
        return self.near

    def abort(self) -> None:
        self.near.close()

    def fill(self) -> int:
        """Write until the kernel takes no more; returns the number of bytes."""
        total = 0
        try:
            while True:
                total += self.near.send(b"x" * 65536)
        except BlockingIOError:
            return total


@pytest.fixture
def pipe() -> Iterator[Any]:
    made = Pipe()
    yield made
    made.near.close()
    made.far.close()


def test_nothing_waits_on_a_quiet_connection(pipe: Any) -> None:
    looked = Flush()
    assert flush.waiting(pipe) == 0
    assert looked.look(pipe, 0, 100.0, anew=True) is None


def test_bytes_in_the_transport_and_in_the_kernel_wait(pipe: Any) -> None:
    filled = pipe.fill()
    in_kernel = flush.waiting(pipe)
    assert 0 < in_kernel <= filled
    pipe.buffered = 1000
    assert flush.waiting(pipe) == in_kernel + 1000


def test_the_time_without_progress_is_told(pipe: Any) -> None:
    looked = Flush()
    written = pipe.fill()
    assert looked.look(pipe, written, 100.0, anew=True) == 0.0
    assert looked.look(pipe, written, 130.0) == 30.0
    pipe.buffered += 500  # more to send is no progress
    assert looked.look(pipe, written + 500, 140.0) == 40.0


def test_a_byte_taken_starts_the_time_anew(pipe: Any) -> None:
    looked = Flush()
    written = pipe.fill() + 500
    pipe.buffered = 500
    looked.look(pipe, written, 100.0, anew=True)
    pipe.buffered = 499
    assert looked.look(pipe, written, 130.0) == 0.0
    assert looked.look(pipe, written, 140.0) == 10.0


def test_a_time_in_which_nothing_waited_does_not_count(pipe: Any) -> None:
    looked = Flush()
    assert looked.look(pipe, 500, 100.0) is None  # all of it was taken
    pipe.buffered = 300
    assert looked.look(pipe, 800, 900.0, anew=True) == 0.0
    assert looked.look(pipe, 800, 910.0) == 10.0


def test_a_reset_is_one(pipe: Any) -> None:
    flush.reset(pipe)
    with pytest.raises(ConnectionResetError):
        pipe.far.recv(1)


def test_a_closed_socket_holds_nothing(pipe: Any) -> None:
    pipe.near.close()
    pipe.buffered = 7
    assert flush.waiting(pipe) == 7
