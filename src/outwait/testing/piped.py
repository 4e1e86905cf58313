r"""An upstream connection on a transport made of memory: bytes in and out, in whatever pieces a test likes, no sockets.

    with Piped() as line:
        notes = line.begin(b"{}")
        line.receive(b"HTTP/1.1 200 OK\r\nContent-Le", b"ngth: 5\r\n\r\nhello")
        assert notes.told == [("connected", False), "sent", ("head", 200), "end"]

`Pipe` is the transport, whose kernel takes as many bytes as it is told to; `Notes` is the sink, which writes down what
it hears; `Home` stands for the pool.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Self

from outwait.core.fault import Fault
from outwait.testing.virtual import VirtualLoop
from outwait.wire.attempt import OpenAttempt
from outwait.wire.connection import Connection
from outwait.wire.endpoint import Endpoint

HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"
PLENTY = 1 << 30


class Pipe(asyncio.Transport):
    """A transport whose kernel takes `room` bytes and then none until `take`."""

    def __init__(self, room: int = PLENTY) -> None:
        super().__init__()
        self.room = room
        self.waiting = 0
        self.written = bytearray()
        self.reading = True
        self.closed = False
        self.protocol: Any = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take what there is room for; the rest waits."""
        if self.closed:
            raise AssertionError("a write on a closed connection")
        self.written += data
        taken = min(self.room, len(data))
        self.room -= taken
        self.waiting += len(data) - taken
        if self.waiting:
            self.protocol.pause_writing()

    def take(self, room: int = PLENTY) -> None:
        """The kernel takes more."""
        taken = min(room, self.waiting)
        self.waiting -= taken
        if not self.waiting:
            self.room = room - taken
            self.protocol.resume_writing()

    def get_write_buffer_size(self) -> int:
        """Bytes that wait."""
        return self.waiting

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Only limits of 0 are played here."""
        if (high, low) != (0, 0):
            raise AssertionError("the connection wants to hear of every byte that waits")

    def pause_reading(self) -> None:
        """The peer's bytes wait."""
        self.reading = False

    def resume_reading(self) -> None:
        """The peer's bytes come."""
        self.reading = True

    def is_closing(self) -> bool:
        """Whether the connection was closed."""
        return self.closed

    def abort(self) -> None:
        """Close; `connection_lost` is the test's to call."""
        self.closed = True


class Home:
    """Stands for the pool: `told` is what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def put(self, connection: Connection) -> None:
        """It can carry another attempt."""
        self.told.append("put")

    def lost(self, connection: Connection) -> None:
        """It ended idle."""
        self.told.append("lost")

    def see_out(self, connection: Connection) -> None:
        """Its attempt was left."""
        self.told.append("see out")


class Notes:
    """A sink (`core.progress.Sink`) that writes down what it is told, and calls `on[report]` then.

    `told`: reports in order, `(name, value)` where there is one, body pieces left out; those are in `data`, their
    lengths in `pieces`. A report after the end is an AssertionError.
    """

    def __init__(self, on: Mapping[str, Callable[[], object]] | None = None) -> None:
        self.told: list[Any] = []
        self.data = b""
        self.pieces: list[int] = []
        self.fault: Fault | None = None
        self.headers: Mapping[str, str] = {}
        self.whole = False
        self.on = on or {}

    def _note(self, name: str, *more: Any) -> None:
        if "end" in self.told or "failed" in self.told:
            raise AssertionError(f"{name} after the end")
        if name != "body":
            self.told.append((name, *more) if more else name)
        if name in self.on:
            self.on[name]()

    def resolved(self) -> None:
        """Noted."""
        self._note("resolved")

    def connected(self, reused: bool) -> None:
        """Noted."""
        self._note("connected", reused)

    def wrote(self, left: int) -> None:
        """Noted."""
        self._note("wrote", left)

    def sent(self) -> None:
        """Noted."""
        self._note("sent")

    def head(self, status: int, headers: Mapping[str, str], *, whole: bool = False) -> None:
        """Noted, with the headers."""
        self.headers = headers
        self.whole = whole
        self._note("head", status)

    def body(self, data: bytes) -> None:
        """Kept."""
        self.data += data
        self.pieces.append(len(data))
        self._note("body")

    def end(self) -> None:
        """Noted."""
        self._note("end")

    def failed(self, fault: Fault) -> None:
        """Noted, with the fault."""
        self.fault = fault
        self._note("failed")


class Piped:
    """A connection with everything around it in hand; `with` closes its loop."""

    def __init__(self, room: int = PLENTY, max_body: int = 1 << 28) -> None:
        self.loop = VirtualLoop()
        self.pipe = Pipe(room)
        self.home = Home()
        self.connection = Connection(self.loop, Endpoint("a", 80, tls=False), self.home, max_body)
        self.pipe.protocol = self.connection
        self.connection.connection_made(self.pipe)
        self.attempt = OpenAttempt()
        self.notes = Notes()

    def begin(
        self, body: bytes = b"{}", *, reused: bool = False, on: Mapping[str, Callable[[], object]] | None = None
    ) -> Notes:
        """Start an attempt; `attempt` and `notes` are its."""
        self.attempt, self.notes = OpenAttempt(), Notes(on)
        self.connection.begin(self.attempt, self.notes, HEAD, body, reused=reused)
        return self.notes

    def receive(self, *pieces: bytes) -> None:
        """The upstream says something, unless the connection was closed."""
        for piece in pieces:
            if not self.pipe.closed:
                self.connection.data_received(piece)

    def turn(self) -> None:
        """One turn of the loop."""
        self.loop.run_until_complete(asyncio.sleep(0))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.close()
