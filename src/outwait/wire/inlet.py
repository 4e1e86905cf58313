"""One client connection: reads requests one at a time, and sees to it that each connection ends.

Promises: the bytes of a head pass the guard before llhttp; the handler sees a request only when its body is whole; the
next pipelined request waits, bounded, until the response to this one ended. Whatever the client does, a deadline is
running: for the head, the body, the idle time between requests, a write nobody takes, or the farewell.

    HEAD --whole head--> BODY --whole body--> HANDLING --response ended--> HEAD ...
      `------ refused, told why ------`            `--no keep-alive, aborted--> LEAVING | RESETTING --> CLOSED

LEAVING: our side is shut down behind the last byte and input is thrown away for a while, since closing with unread
input makes the kernel send a reset that can destroy the response on its way (RFC 9112 section 9.6).
RESETTING: a close-delimited response was aborted: a reset follows as soon as the client's kernel has what was written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, cast
from weakref import ref

from outwait.core.fault import Fault, Refusal, fault
from outwait.wire import flush, framing, guard
from outwait.wire.outlet import Outlet
from outwait.wire.request import Head, Request
from outwait.wire.wheel import NEVER, Alarm

if TYPE_CHECKING:
    from outwait.wire.server import Server

_HEAD, _BODY, _HANDLING, _LEAVING, _RESETTING, _CLOSED = range(6)
_HIGH_WATER = 64 * 1024
_LOOKS_PER_STALL = 4
# Pipelined requests answered in a row before other connections have their turn.
_TURNS = 16


def _nothing() -> None:
    """No head is known yet."""


class Inlet(asyncio.Protocol):
    """A client connection. `peer`: its address, "" on a Unix socket. `outlet`: of the request being handled. `alarm`: the
    connection's one; it is due at the earlier of the connection's own deadline and the outlet's, or before that.
    """

    __slots__ = (
        "_advancing", "_body", "_buffer", "_due", "_flush", "_known", "_paused", "_phase", "_request", "_seen", "_since",
        "admitted", "alarm", "outlet", "peer", "server", "transport",
    )  # fmt: skip

    transport: asyncio.Transport

    def __init__(self, server: Server) -> None:
        self.server = server
        self._phase = _HEAD
        self._buffer = b""  # input not yet understood
        self._seen = 0  # of it, bytes known to hold no whole head; while leaving, bytes thrown away
        self._request: Request | None = None  # head read, not yet with the handler
        self._body: framing.FixedBody | framing.ChunkedBody | None = None
        self._paused = False
        self._since = 0.0  # when the body, or the reset, began
        self._due = NEVER
        self._advancing = False
        self._known: Callable[[], Head | None] = _nothing  # the head of the request before, if it is remembered
        self.alarm = Alarm(self._ring)
        self._flush = flush.Flush()
        self.admitted = False
        self.outlet: Outlet | None = None
        self.peer = ""

    # -- the transport's calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The client is connected; one that is too many is told so before it asks."""
        # uvloop's transports are asyncio's in deed, not by inheritance
        self.transport = transport = cast("asyncio.Transport", transport)
        if not transport.can_write_eof():
            transport.set_write_buffer_limits(high=_HIGH_WATER)  # uvloop's default under TLS is 512 KiB
        name = transport.get_extra_info("peername")
        self.peer = name[0].removeprefix("::ffff:") if isinstance(name, tuple) else ""
        refused = self.server.arrived(self)
        if transport.is_closing():
            return
        if refused is None:
            self._wait(self.server.limits.idle_seconds)
        else:
            self._refuse(fault(refused))

    def data_received(self, data: bytes) -> None:
        """Input, in any pieces."""
        phase = self._phase
        if phase == _HEAD:
            if self._buffer:
                data = self._buffer + data
            elif self._again(data):
                return
            self._buffer = data
            self._advance()
        elif phase == _BODY:
            self._feed(data)
        elif phase == _HANDLING:
            self._buffer += data
            if len(self._buffer) > self.server.limits.backlog_bytes:
                self._pause()
        else:
            self._seen += len(data)
            if self._seen > self.server.limits.linger_bytes:
                self.transport.abort()

    def eof_received(self) -> bool:
        """The client closed its side: it is taken as gone, as nginx does. The transport closes unless this is true."""
        if self._phase == _RESETTING:
            return True
        if self._phase == _HANDLING:
            self.kill()
        else:
            self._part()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed, by whomever."""
        self._phase = _CLOSED
        self._buffer = b""
        self._body = self._request = None
        self.server.wheel.forget(self.alarm)
        self.server.left(self)
        self._depart()

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

    # -- the outlet's calls

    def put(self, data: bytes) -> None:
        """Hand bytes to the client."""
        self._flush.written += len(data)
        self.transport.write(data)

    def watch(self) -> None:
        """Bytes of a long response wait for the client: look after a while whether it takes them."""
        if not self._flush.watched:
            now = self.server.wheel.now()
            self._flush.look(self.transport, now)
            self._flush.watched = True
            self._until(now + self.server.limits.write_stall / _LOOKS_PER_STALL)

    def rearm(self) -> None:
        """Set the connection's one alarm to the earlier of its own deadline and the outlet's."""
        due = self._due
        if self.outlet is not None and self.outlet.due < due:
            due = self.outlet.due
        self.server.wheel.set(self.alarm, due)

    def responded(self, keep: bool) -> None:
        """The response is whole; go on with the next request, or part."""
        self._release()
        if not keep:
            self._leave()
            return
        self._phase = _HEAD
        self._wait(self.server.limits.idle_seconds)
        if self._buffer and not self._advancing:
            self._advance()

    def aborted(self, *, reset: bool) -> None:
        """The response ends here and must not look whole."""
        self._release()
        if not reset:
            self._leave()
            return
        self._phase = _RESETTING
        self._since = self.server.wheel.now()
        self._wait(0.0)

    # -- the server's calls

    def drain(self) -> None:
        """Close if idle. A request under way ends first, and `may_keep` ends the connection with it."""
        if self._phase == _HEAD and not self._buffer:
            self._close()

    def kill(self) -> None:
        """Close now, whatever is under way."""
        self._depart()
        self.transport.abort()

    # -- reading

    def _again(self, data: bytes) -> bool:
        """Take `data` if it starts with the head of the request before, but for the digits of its length."""
        head = self._known()
        if head is None or not data.startswith(head.start):
            return False
        at, length = head.size, head.length
        if head.cut:
            end = data.find(b"\r", at, at + 19)
            digits = data[at:end]
            if end < 0 or not digits.isdigit() or not data.startswith(head.rest, end):
                return False
            at, length = end + len(head.rest), int(digits)
        self._accept(head, length, data, at)
        return True

    def _advance(self) -> None:
        """Read on in what was received: request after request, as long as each is answered at once."""
        self._advancing = True
        turns = 0
        while self._phase == _HEAD and self._buffer and turns < _TURNS and self._step():
            turns += 1
        self._advancing = False
        if turns == _TURNS and self._phase == _HEAD and self._buffer:
            self._pause()  # others want their turn
            asyncio.get_running_loop().call_soon(self._go_on)
        elif self._paused and len(self._buffer) <= self.server.limits.backlog_bytes:
            self._resume()

    def _go_on(self) -> None:
        if self._phase == _HEAD and self._buffer:
            self._advance()

    def _step(self) -> bool:
        """Read one head, and what is there of its body; false if it is not whole."""
        buffer = self._buffer
        while buffer.startswith(b"\r\n"):  # RFC 9112 section 2.2: empty lines before a request are ignored
            buffer = buffer[2:]
            self._seen = 0
        end = buffer.find(b"\r\n\r\n", max(self._seen - 3, 0)) + 4
        try:
            if end < 4:
                self._buffer = buffer
                self._partial(buffer)
                return False
            self._seen = 0
            head, length = self.server.heads.read(buffer[:end])
        except Refusal as refused:
            self._refuse(refused.fault)
            return False
        self._known = ref(head)
        self._accept(head, length, buffer, end)
        return True

    def _partial(self, buffer: bytes) -> None:
        if not buffer:
            return
        guard.check_partial(buffer, self._seen, self.server.limits)
        if not self._seen:
            self._wait(self.server.limits.head_seconds)
        self._seen = len(buffer)

    def _accept(self, head: Head, length: int, data: bytes, at: int) -> None:
        """A head is whole and good, and `data` goes on behind it `at`: see about its body."""
        now = self.server.wheel.now()
        request = Request(
            head.method, head.path, head.query, head.version, head.headers, head.memo, head.keep, self.peer, now
        )
        if length:
            limit = self.server.body_limit(head.path)
            if length > limit:
                self._request = request
                self._refuse(fault("request_too_large", "The request body is larger than the server takes."))
                return
            end = at + length
            if length < 0 or len(data) < end:
                self._request = request
                self._since = now
                self._body = framing.ChunkedBody(limit) if length == guard.CHUNKED else framing.FixedBody(length)
                self._await_body(data[at:], asked=head.expects)
                return
            request.body = data[at:end]
            at = end
        self._buffer = data[at:]
        self._dispatch(request)

    def _await_body(self, rest: bytes, *, asked: bool) -> None:
        """The body comes in pieces; `rest` is what came with the head."""
        self._buffer = b""
        self._phase = _BODY
        if rest:
            self._feed(rest)
        elif asked:
            self.put(framing.CONTINUE)
        if self._phase == _BODY:
            self._until(self._body_due())

    def _feed(self, data: bytes) -> None:
        body = self._body
        assert body is not None  # noqa: S101 - the phase says so
        try:
            rest = body.feed(data)
        except Refusal as refused:
            self._refuse(refused.fault)
            return
        if body.done:
            request, self._request = self._request, None
            assert request is not None  # noqa: S101 - the phase says so
            request.body = body.whole()
            self._body = None
            self._buffer = rest
            self._dispatch(request)

    def _dispatch(self, request: Request) -> None:
        request.outlet = self.outlet = Outlet(self, request)
        self._phase = _HANDLING
        self._due = NEVER
        self._flush.watched = False
        self.server.handle(request)

    # -- deadlines

    def _wait(self, seconds: float) -> None:
        self._until(self.server.wheel.now() + seconds)

    def _until(self, due: float) -> None:
        self._due = due
        if due < self.alarm.due:  # otherwise it rings before, and is set anew then
            self.rearm()

    def _body_due(self) -> float:
        """When the body will be too slow, should nothing more of it come."""
        limits = self.server.limits
        taken = self._body.taken if self._body is not None else 0
        return self._since + min(limits.body_seconds, limits.body_grace + taken / limits.body_rate)

    def _ring(self, now: float) -> None:
        if self._due <= now:
            self._due = NEVER
            self._expired(now)
        outlet = self.outlet
        if outlet is not None and outlet.due <= now and outlet.ring is not None:
            outlet.due = NEVER
            outlet.ring(now)
        if self._phase != _CLOSED:
            self.rearm()

    def _expired(self, now: float) -> None:
        """The connection's own deadline has come: which one, the phase says."""
        if self._phase == _BODY:
            self._due = self._body_due()
            if self._due <= now:
                self._refuse(fault("request_timeout", "The request body came too slowly."))
        elif self._phase == _HEAD and self._buffer:
            self._refuse(fault("request_timeout", "The request head did not arrive in time."))
        elif self._phase == _RESETTING:
            self._reset(now)
        else:
            self._look(now)

    def _look(self, now: float) -> None:
        """Is anything still on its way to the client? If not, an idle or parting connection closes."""
        limits = self.server.limits
        if self._flush.look(self.transport, now) >= limits.write_stall:
            self.kill()
        elif self._flush.watched:
            pause = limits.write_stall / _LOOKS_PER_STALL
            self._due = now + (min(pause, limits.linger_seconds) if self._phase == _LEAVING else pause)
        elif self._phase == _HEAD:
            self._close()
        elif self._phase == _LEAVING:
            self.transport.abort()

    # -- parting

    def _refuse(self, refused: Fault) -> None:
        """Tell why, then part."""
        status, headers, body = self.server.refuse(refused, self._request)
        head_only = self._request is not None and self._request.method == "HEAD"
        self._request = None
        opening = self.server.opening(status, self.server.wheel.now())
        self.put(framing.final(opening, headers, b"" if head_only else body, len(body)))
        self._leave(unread=True)

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
        self._phase = _LEAVING
        self._buffer = b""
        self._body = self._request = None
        self._seen = 0
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
