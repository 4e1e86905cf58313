"""Requests to other workers of this gateway, over their Unix sockets.

Promises: each request has a connection of its own, closed with it; connecting takes at most a second; `cancel` closes
the connection at once, so that the neighbour sees its reader leave. Nothing is pooled: making such a connection takes
a fraction of a millisecond, it is rare, and what was just made is never about to be closed by the other side.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from outwait.core.fault import Fault, Stage, fault
from outwait.core.progress import Sink
from outwait.wire.attempt import OpenAttempt
from outwait.wire.breaks import DialFailed, dial_fault
from outwait.wire.connection import Connection
from outwait.wire.dialing import enter
from outwait.wire.endpoint import SideDoor
from outwait.wire.pool import Nowhere
from outwait.wire.tasks import spawn

CONNECTING = 1.0  # seconds
# Who answers is our own code, and has bounded what it holds.
_MAX_BODY = 1 << 62


class Unanswered(Exception):  # noqa: N818 - it says what happened
    """A neighbour gave no whole answer. `fault`: why."""

    def __init__(self, failed: Fault) -> None:
        super().__init__(failed.detail)
        self.fault = failed


def send(door: SideDoor, head: bytes, body: bytes, sink: Sink) -> OpenAttempt:
    """Send one request; `head`: its request line and headers, without length or connection. Reports come later, as
    `core.progress` says; `failed` with stage `connecting` means that the neighbour never saw it.
    """
    attempt = OpenAttempt()
    whole = b"%sconnection: close\r\ncontent-length: %d\r\n\r\n" % (head, len(body))
    attempt.dialing = spawn(_dial(attempt, door, whole, body, sink), "errand")
    return attempt


async def fetch(door: SideDoor, target: str, data: bytes | None = None) -> tuple[int, bytes]:
    """GET `target`, or POST `data` there; returns status and body. Raises Unanswered. Cancelled, it closes the
    connection.
    """
    told: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
    head = f"{'GET' if data is None else 'POST'} {target} HTTP/1.1\r\nhost: localhost\r\n"
    attempt = send(door, head.encode("ascii"), data or b"", _Heard(told))
    try:
        return await told
    finally:
        attempt.cancel()


async def _dial(attempt: OpenAttempt, door: SideDoor, head: bytes, body: bytes, sink: Sink) -> None:
    """Cancelled when the attempt is; everything else that goes wrong is reported."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECTING):
            connection = await enter(loop, door, lambda: Connection(loop, door, Nowhere(), _MAX_BODY))
    except DialFailed as failure:
        broken = dial_fault(failure)
    except TimeoutError:
        broken = fault("connect_timeout", stage=Stage.CONNECTING, span=CONNECTING, detail=door.path)
    else:
        attempt.dialing = None
        connection.begin(attempt, sink, head, body, reused=False)
        return
    attempt.dialing = None
    attempt.settle()
    sink.failed(broken)


class _Heard:
    """Takes a short answer whole."""

    __slots__ = ("_body", "_status", "_told")

    def __init__(self, told: asyncio.Future[tuple[int, bytes]]) -> None:
        self._told = told
        self._status = 0
        self._body = b""

    def resolved(self) -> None:
        """There is no name to resolve."""

    def connected(self, reused: bool) -> None:
        """Nothing waits for that."""

    def wrote(self, left: int) -> None:
        """The same."""

    def sent(self) -> None:
        """The same."""

    def head(self, status: int, headers: Mapping[str, str], *, whole: bool = False) -> None:
        """The status."""
        self._status = status

    def body(self, data: bytes) -> None:
        """A piece of the body."""
        self._body += data

    def end(self) -> None:
        """That was all."""
        if not self._told.done():
            self._told.set_result((self._status, self._body))

    def failed(self, fault: Fault) -> None:
        """There is no answer."""
        if not self._told.done():
            self._told.set_exception(Unanswered(fault))
