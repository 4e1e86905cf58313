"""The response side of one request: the only thing its handler writes to.

Promises: one response, whole (`send`) or in pieces (`open`, `write`*, then `finish` or `abort`); nothing reaches the
client after that, nor after it has left (`gone`): such writes are dropped in silence, since a client may leave at any
moment. An `abort` can never be taken for a clean end: a chunked body lacks its last chunk, a close-delimited one
(HTTP/1.0) ends in a reset, because there a FIN means "that was all" (FACTS 1.3).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from outwait.wire import framing
from outwait.wire.wheel import NEVER

if TYPE_CHECKING:
    from outwait.wire.inlet import Inlet
    from outwait.wire.request import Request

_FRESH, _CHUNKED, _RAW, _SILENT, _DONE = range(5)
# From here on, joining a body with what goes around it costs more than handing over several buffers.
_JOIN_BYTES = 16 * 1024


class Outlet:
    """Where one response goes. Single writer: its user.

    `blocked`: more than the high-water mark waits for the client; `on_drain` is called when that is over. `gone`: the
    client left before the response was whole; `on_gone` is called then, once. Both callbacks may be assigned at any
    time and must not raise. `status`: what was told to the client, 0 before. `lines`: a block of header lines that the
    head carries, whoever writes it.
    """

    __slots__ = (
        "_head_only", "_inlet", "_keep", "_phase", "_version", "blocked", "due", "gone", "lines", "on_drain", "on_gone",
        "ring", "status",
    )  # fmt: skip

    def __init__(self, inlet: Inlet, request: Request) -> None:
        self._inlet = inlet
        self._phase = _FRESH
        self._version = request.version
        self._keep = request.keep
        self._head_only = request.method == "HEAD"
        self.blocked = False
        self.gone = False
        self.status = 0
        self.lines = b""
        self.on_drain: Callable[[], None] | None = None
        self.on_gone: Callable[[], None] | None = None
        self.due = NEVER
        self.ring: Callable[[float], None] | None = None

    @property
    def opened(self) -> bool:
        """Whether status and headers are out."""
        return self._phase != _FRESH

    @property
    def done(self) -> bool:
        """Whether the response is finished or aborted, or can go nowhere."""
        return self._phase == _DONE or self.gone

    def send(self, status: int, headers: bytes, body: bytes) -> None:
        """The whole response; `headers` is a block as `framing.render` makes it, without length or connection."""
        if self._phase != _FRESH:
            self._misused("a second response")
        self.status = status
        if self.gone:
            return
        self._phase = _DONE
        inlet = self._inlet
        keep = self._keep and not inlet.server.draining
        length = b"content-length: %d\r\n\r\n" % len(body)
        if status in framing.BODILESS:
            length, body = b"\r\n", b""
        elif self._head_only:
            body = b""
        opening = inlet.server.opening(status, inlet.server.wheel.now())
        if len(body) < _JOIN_BYTES:
            inlet.put(b"".join((opening, headers, self.lines, self._connection(keep), length, body)))
        else:
            inlet.put(b"".join((opening, headers, self.lines, self._connection(keep), length)))
            inlet.put(body)
        inlet.responded(keep)

    def open(self, status: int, headers: bytes) -> None:
        """Status and headers of a response whose body comes in pieces."""
        if self._phase != _FRESH:
            self._misused("a second response")
        self.status = status
        if self.gone:
            return
        server = self._inlet.server
        chunked = self._version == 1
        self._keep = self._keep and chunked and not server.draining
        head = server.opening(status, server.wheel.now()) + headers + self.lines + self._connection(self._keep)
        if chunked and status not in framing.BODILESS:
            head += b"transfer-encoding: chunked\r\n"
        if self._head_only or status in framing.BODILESS:
            self._phase = _SILENT
        else:
            self._phase = _CHUNKED if chunked else _RAW
        self._inlet.put(head + b"\r\n")

    def write(self, data: bytes) -> None:
        """A piece of the body; empty pieces are nothing."""
        phase = self._phase
        if phase == _FRESH:
            self._misused("write before open")
        if not data or self.gone or phase > _RAW:
            return
        inlet = self._inlet
        if phase == _CHUNKED:
            size = len(data)
            if size < _JOIN_BYTES:
                data = framing.CHUNK % (size, data)
            else:
                inlet.put(b"%x\r\n" % size)
                inlet.put(data)
                data = b"\r\n"
        inlet.written += len(data)  # as `put` does, without the call
        inlet.transport.write(data)
        if not inlet.watched:
            inlet.watch()

    def finish(self) -> None:
        """The body is whole."""
        phase = self._phase
        if phase == _FRESH:
            self._misused("finish before open")
        if phase == _DONE or self.gone:
            return
        self._phase = _DONE
        if phase == _CHUNKED:
            self._inlet.put(framing.LAST_CHUNK)
        self._inlet.responded(self._keep)  # as the head said, also when a drain has begun since

    def abort(self) -> None:
        """End the response, visibly not whole, after what was written is flushed. Idempotent."""
        phase = self._phase
        self._phase = _DONE
        if phase == _DONE or self.gone:
            return
        # Before the head is out a FIN suffices: no reply at all is never taken for one.
        self._inlet.aborted(reset=phase == _RAW)

    def alarm(self, due: float, ring: Callable[[float], None] | None = None) -> None:
        """Lend the connection's alarm: `ring(now)` (kept from call to call) once the loop's clock reaches `due`.

        NEVER unsets it. It does not ring after the response ended.
        """
        self.due = due
        if ring is not None:
            self.ring = ring
        # The connection's alarm mostly rings before `due` anyway, set for an earlier response, and is set anew then.
        if due < self._inlet.alarm.due and self._phase != _DONE and not self.gone:
            self._inlet.rearm()

    def lost(self) -> None:
        """The wire's word: the client left."""
        self.gone = True
        told = self.on_gone
        self.release()
        if told is not None:
            told()

    def release(self) -> None:
        """The wire's word: nothing will be written, waited for or rung any more."""
        self.due = NEVER
        self.ring = self.on_drain = self.on_gone = None
        self.blocked = False

    def _connection(self, keep: bool) -> bytes:
        if not keep:
            return b"connection: close\r\n"
        return b"" if self._version else b"connection: keep-alive\r\n"

    def _misused(self, what: str) -> NoReturn:
        raise RuntimeError(what)
