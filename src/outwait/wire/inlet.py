"""What a client connection reads: one request at a time, each handed on when it is whole.

Promises: the bytes of a head pass the guard before llhttp, or are those of a head that did; the handler sees a request
only when its body is whole; the next pipelined request waits, bounded, until the response to this one ended.

    HEAD --whole head--> BODY --whole body--> HANDLING --response ended--> HEAD ...
      `------ refused, told why ------`            `--no keep-alive, aborted--> LEAVING | RESETTING --> CLOSED
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, cast
from weakref import ref

from outwait.core.fault import Fault, Refusal, fault
from outwait.wire import framing, guard
from outwait.wire.link import BODY, HANDLING, HEAD, RESETTING, Link
from outwait.wire.outlet import Outlet
from outwait.wire.request import NEIGHBOUR, Head, Request, read_head
from outwait.wire.wheel import NEVER

if TYPE_CHECKING:
    from outwait.wire.server import Server

_HIGH_WATER = 64 * 1024
# Pipelined requests answered in a row before other connections have their turn.
_TURNS = 16


def _nothing() -> None:
    """No head is known yet."""


class Inlet(Link):
    """Reads the requests of a client connection and hands each to the server."""

    __slots__ = ("_advancing", "_body", "_known", "_request", "_seen")

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self._seen = 0  # bytes of the buffer known to hold no whole head
        self._request: Request | None = None  # head read, not yet with the handler
        self._body: framing.FixedBody | framing.ChunkedBody | None = None
        self._known: Callable[[], Head | None] = _nothing  # the head of the request before, while it is remembered
        self._advancing = False

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
            self._refuse(refused)

    def data_received(self, data: bytes) -> None:
        """Input, in any pieces."""
        phase = self._phase
        if phase == HEAD:
            if self._buffer:
                self._buffer += data
                self._advance()
                return
            head = self._known()
            if head is not None and (found := head.begins(data)) is not None:
                self._accept(head, found, data)
            else:
                self._buffer = data
                self._advance()
        elif phase == BODY:
            self._feed(data)
        elif phase == HANDLING:
            self._buffer += data
            if len(self._buffer) > self.server.limits.backlog_bytes:
                self._pause()
        else:
            self._thrown += len(data)
            if self._thrown > self.server.limits.linger_bytes:
                self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed, by whomever."""
        self._body = self._request = None
        super().connection_lost(exc)

    # -- the outlet's calls

    def responded(self, keep: bool) -> None:
        """The response is whole; go on with the next request, or part."""
        self._release()
        if not keep:
            self._leave()
            return
        self._phase = HEAD
        if self.server.draining:
            self._stay()
        else:
            self._until(self.server.wheel.now() + self.server.limits.idle_seconds)
        if self._buffer and not self._advancing:
            self._advance()

    # -- reading

    def _advance(self) -> None:
        """Read on in what was received: request after request, as long as each is answered at once."""
        self._advancing = True
        turns = 0
        try:
            while self._phase == HEAD and self._buffer and turns < _TURNS and self._step():
                turns += 1
        finally:
            self._advancing = False
        if turns == _TURNS and self._phase == HEAD and self._buffer:
            self._pause()  # others want their turn
            asyncio.get_running_loop().call_soon(self._go_on)
        elif self._paused and (self._phase != HANDLING or len(self._buffer) <= self.server.limits.backlog_bytes):
            self._resume()

    def _go_on(self) -> None:
        if self._phase == HEAD and self._buffer:
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
            head = self._read(buffer[:end])
        except Refusal as refused:
            self._refuse(refused.fault)
            return False
        self._known = ref(head)
        self._accept(head, (end, head.body_length(buffer, end)), buffer)
        return True

    def _read(self, block: bytes) -> Head:
        return self.server.heads.read(block)

    def _partial(self, buffer: bytes) -> None:
        if not buffer:
            return
        guard.check_partial(buffer, self._seen, self.server.limits)
        if not self._seen:
            self._wait(self.server.limits.head_seconds)
        self._seen = len(buffer)

    def _accept(self, head: Head, found: tuple[int, int], data: bytes) -> None:
        """A head is whole and good: see about its body. `found`: where it ends in `data`, and the body's length."""
        at, length = found
        now = self.server.wheel.now()
        request = Request(
            head.method, head.path, head.query, head.version, head.headers, head.memo, head.keep, self.peer, now
        )
        if length:
            limit = self.server.body_limit(head.path)
            end = at + length
            if length > limit or length < 0 or end > len(data):
                self._request = request
                self._await_body(length, limit, data[at:], asked=head.expects)
                return
            request.body = data[at:end]
            at = end
        self._buffer = data[at:]
        self._dispatch(request)

    def _await_body(self, length: int, limit: int, rest: bytes, *, asked: bool) -> None:
        """The body is not whole yet; `rest` came with the head."""
        if length > limit:
            self._refuse(fault("request_too_large", "The request body is larger than the server takes."))
            return
        self._buffer = b""
        self._phase = BODY
        self._since = self.server.wheel.now()
        self._body = framing.ChunkedBody(limit) if length == guard.CHUNKED else framing.FixedBody(length)
        if rest:
            self._feed(rest)
        elif asked:
            self.put(framing.CONTINUE)
        if self._phase == BODY:
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
        request.outlet = self.outlet = outlet = Outlet(self, request)
        if self.server.lines_of is not None:
            outlet.lines = self.server.lines_of(request)
        self._phase = HANDLING
        self._due = NEVER
        self.watched = False
        self.server.handle(request)

    def _refuse(self, refused: Fault) -> None:
        """Tell why, then part."""
        status, headers, body = self.server.refuse(refused, self._request)
        head_only = self._request is not None and self._request.method == "HEAD"
        if self._request is not None and self.server.lines_of is not None:
            headers += self.server.lines_of(self._request)
        self._request = None
        opening = self.server.opening(status, self.server.wheel.now())
        self.put(framing.final(opening, headers, b"" if head_only else body, len(body)))
        self._leave(unread=True)

    def _part(self) -> None:
        self._body = self._request = None
        super()._part()

    # -- deadlines

    def _body_due(self) -> float:
        """When the body will be too slow, should nothing more of it come."""
        limits = self.server.limits
        taken = self._body.taken if self._body is not None else 0
        return self._since + min(limits.body_seconds, limits.body_grace + taken / limits.body_rate)

    def _expired(self, now: float) -> None:
        """The connection's own deadline has come: which one, the phase says."""
        if self._phase == BODY:
            self._due = self._body_due()
            if self._due <= now:
                self._refuse(fault("request_timeout", "The request body came too slowly."))
        elif self._phase == HEAD and self._buffer:
            self._refuse(fault("request_timeout", "The request head did not arrive in time."))
        elif self._phase == RESETTING:
            self._reset(now)
        else:
            self._look(now)


class SideInlet(Inlet):
    """Reads the requests that other workers of this gateway pass on, over the Unix socket that only they can reach."""

    __slots__ = ()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A neighbour is connected. Limits per address do not apply to it: it has none."""
        super().connection_made(transport)
        self.peer = NEIGHBOUR

    def _read(self, block: bytes) -> Head:
        return read_head(block, self.server.limits)  # hardly two are alike: they would push out those that come again
