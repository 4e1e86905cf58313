"""One client connection, below its requests: bytes out, one alarm for all its deadlines, and an end.

Promises: whatever the client does, a deadline is running, and every connection ends: after its last response was
taken, after a while of nothing, or cut when nobody takes what is written. What is read, `inlet` says.

LEAVING: our side is shut down behind the last byte and input is thrown away for a while, since closing with unread
input makes the kernel send a reset that can destroy the response on its way (RFC 9112 section 9.6).
RESETTING: a close-delimited response was aborted: a reset follows as soon as the client's kernel has what was written.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from outwait.wire import flush
from outwait.wire.wheel import NEVER, Alarm

if TYPE_CHECKING:
    from outwait.wire.outlet import Outlet
    from outwait.wire.server import Server

HEAD, BODY, HANDLING, LEAVING, RESETTING, CLOSED = range(6)
PARTING = 2.0  # seconds who was not told that the connection closes may still ask on it once a drain has begun
_LOOKS_PER_STALL = 4


class Link(asyncio.Protocol):
    """A client connection. `peer`: its address, "" on a Unix socket. `outlet`: of the request being handled. `alarm`:
    set for the earlier of the connection's own deadline and the outlet's, or before that. `written`: bytes handed to
    the transport. `watched`: some of them may wait, and a look at that is due.
    """

    __slots__ = (
        "_buffer", "_due", "_flush", "_paused", "_phase", "_since", "_staying", "_thrown", "admitted", "alarm",
        "outlet", "peer", "server", "transport", "watched", "written",
    )  # fmt: skip

    transport: asyncio.Transport

    def __init__(self, server: Server) -> None:
        self.server = server
        self.alarm = Alarm(self._ring)
        self.outlet: Outlet | None = None
        self.admitted = False
        self.peer = ""
        self._phase = HEAD
        self._buffer = b""  # input not yet understood
        self._paused = False
        self._due = NEVER
        self._since = 0.0  # when the body, or the reset, began
        self._staying = False  # a drain closes it at its deadline, not before
        self._thrown = 0  # bytes thrown away while leaving
        self._flush = flush.Flush()
        self.written = 0
        self.watched = False

    # -- the transport's calls

    def pause_writing(self) -> None:
        """More than the high-water mark waits for the client."""
        if self.outlet is not None:
            self.outlet.blocked = True

    def resume_writing(self) -> None:
        """The client has caught up."""
        outlet = self.outlet
        if outlet is not None and outlet.blocked:
            outlet.blocked = False
            if outlet.on_drain is not None:
                outlet.on_drain()

    def eof_received(self) -> bool:
        """The client closed its side: it is taken as gone, as nginx does. The transport closes unless this is true."""
        if self._phase == RESETTING:
            return True
        if self._phase == HANDLING:
            self.kill()
        else:
            self._part()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed, by whomever."""
        self._phase = CLOSED
        self._buffer = b""
        self.server.wheel.forget(self.alarm)
        self.server.left(self)
        self._depart()

    # -- the outlet's calls

    def put(self, data: bytes) -> None:
        """Hand bytes to the client."""
        self.written += len(data)
        self.transport.write(data)

    def watch(self) -> None:
        """Bytes of a long response wait for the client: look after a while whether it takes them."""
        now = self.server.wheel.now()
        self._flush.look(self.transport, self.written, now, anew=True)
        self.watched = True
        self._until(now + self.server.limits.write_stall / _LOOKS_PER_STALL)

    def rearm(self) -> None:
        """Set the connection's one alarm to the earlier of its own deadline and the outlet's."""
        due = self._due
        if self.outlet is not None and self.outlet.due < due:
            due = self.outlet.due
        self.server.wheel.set(self.alarm, due)

    def aborted(self, *, reset: bool) -> None:
        """The response ends here and must not look whole."""
        self._release()
        if not reset:
            self._leave()
            return
        self._phase = RESETTING
        self._since = self.server.wheel.now()
        self._wait(0.0)

    # -- the server's calls

    def drain(self) -> None:
        """Close if idle. A request under way ends first, and the connection with it; but where its head, sent before
        the drain, did not say so, the client may ask once more meanwhile (`_stay`).
        """
        if self._phase == HEAD and not self._buffer and not self._staying:
            self._close()

    def kill(self) -> None:
        """Close now, whatever is under way."""
        self._depart()
        self.transport.abort()

    # -- deadlines

    def _wait(self, seconds: float) -> None:
        self._until(self.server.wheel.now() + seconds)

    def _until(self, due: float) -> None:
        self._due = due
        if due < self.alarm.due:  # otherwise it rings before, and is set anew then
            self.rearm()

    def _ring(self, now: float) -> None:
        if self._due <= now:
            self._due = NEVER
            self._expired(now)
        outlet = self.outlet
        if outlet is not None and outlet.due <= now and outlet.ring is not None:
            outlet.due = NEVER
            outlet.ring(now)
        if self._phase != CLOSED:
            self.rearm()

    def _expired(self, now: float) -> None:
        """The connection's own deadline has come."""
        raise NotImplementedError

    def _look(self, now: float) -> None:
        """Is anything still on its way to the client? If not, an idle or parting connection closes."""
        limits = self.server.limits
        waited = self._flush.look(self.transport, self.written, now, anew=not self.watched)
        self.watched = waited is not None
        if waited is not None and waited >= limits.write_stall:
            self.kill()
        elif waited is not None:
            pause = limits.write_stall / _LOOKS_PER_STALL
            self._due = now + (min(pause, limits.linger_seconds) if self._phase == LEAVING else pause)
        elif self._phase == HEAD:
            self._close()
        elif self._phase == LEAVING:
            self.transport.abort()

    # -- parting

    def _stay(self) -> None:
        """Idle in a drain that the client knows nothing of: its next request may be on its way (RFC 9112, 9.3.1)."""
        self._staying = True
        self._until(self.server.wheel.now() + PARTING)

    def _leave(self, *, unread: bool = False) -> None:
        """Shut our side down behind what was written; go when the client goes, or when it had its time."""
        unread = unread or self._paused or self._buffer != b""
        self._part()
        if self.transport.is_closing():
            return  # it broke a moment ago, and connection_lost is on its way
        if self._paused:
            self._resume()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        elif not unread:
            self.transport.close()  # TLS has no half-close; close() flushes and says close_notify

    def _close(self) -> None:
        self._part()
        self.transport.close()

    def _part(self) -> None:
        """Nothing that comes from now on is read."""
        self._phase = LEAVING
        self._buffer = b""
        self._thrown = 0
        self._wait(self.server.limits.linger_seconds)

    def _reset(self, now: float) -> None:
        """Reset once the client's kernel has everything: a reset destroys what is still on its way."""
        if flush.waiting(self.transport) and now - self._since < self.server.limits.linger_seconds:
            self._due = now
        else:
            flush.reset(self.transport)

    def _depart(self) -> None:
        """The client left; if a response was under way, its user hears of it."""
        outlet, self.outlet = self.outlet, None
        if outlet is not None:
            outlet.lost()

    def _release(self) -> None:
        outlet, self.outlet = self.outlet, None
        if outlet is not None:
            outlet.release()

    def _pause(self) -> None:
        if not self._paused and not self.transport.is_closing():
            self._paused = True
            self.transport.pause_reading()

    def _resume(self) -> None:
        self._paused = False
        if not self.transport.is_closing():
            self.transport.resume_reading()
