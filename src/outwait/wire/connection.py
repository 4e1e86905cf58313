"""One upstream HTTP/1.1 connection: carries one request after another and reports each to its sink as it happens.

Promises: reports come in the order of `core.progress`, exactly one of `end` and `failed` last, and nothing after
`cancel`; body bytes of one read are reported once; a paused attempt reads no more than what is already here; a
connection goes back to the pool only after a whole exchange whose framing says so. There are no timers in here.

    idle -> begin -> SENDING -> SENT -> HEAD -> end -> idle        (a head may come while still SENDING)

A sink may cancel, pause or start another attempt from inside a report; a cancelled connection is closed, so after any
report "no attempt" means "stop here".
"""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

from outwait.core.fault import Fault, Stage, fault
from outwait.core.progress import Sink
from outwait.wire.attempt import OpenAttempt
from outwait.wire.breaks import loss_fault
from outwait.wire.coding import CodingError, Decoder
from outwait.wire.endpoint import Target
from outwait.wire.response import MAX_BODY, BadResponse, ResponseReader
from outwait.wire.unpack import BodySink, Unpacker

# Requests up to this size are one write; larger bodies follow in pieces of it, each telling the write clock that the
# upstream takes them.
_PIECE = 262_144
# A pooled connection that ends this soon (seconds) after the request, without a byte, was dead before (FACTS 2.1).
_STALE_WITHIN = 1.0
# Content codings that are none.
_PLAIN = ("", "identity")
# Looking up a member of an enum takes longer than most of what is done here.
_SENDING, _SENT, _HEAD = Stage.SENDING, Stage.SENT, Stage.HEAD


class Home(Protocol):
    """Where connections are kept between attempts."""

    def put(self, connection: Connection) -> None:
        """Its exchange ended and it can carry another."""

    def lost(self, connection: Connection) -> None:
        """It ended while it carried nothing."""

    def see_out(self, connection: Connection) -> None:
        """Its attempt was left; close it if it does not come back soon."""


class _Nobody:
    """Takes what is left of a response nobody waits for."""

    __slots__ = ()

    def body(self, data: bytes) -> None:
        """Nobody reads it."""

    def end(self) -> None:
        """Nobody waits for it."""

    def failed(self, fault: Fault) -> None:
        """Nobody minds."""


class Connection(asyncio.Protocol):
    """The protocol of one connection. `home`: the pool. `expires`: loop time at which the pool closes it."""

    __slots__ = (
        "_attempt",
        "_choked",
        "_home",
        "_loop",
        "_pushing",
        "_reader",
        "_rest",
        "_reused",
        "_sent",
        "_since",
        "_sink",
        "_stage",
        "_taker",
        "_transport",
        "endpoint",
        "expires",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        endpoint: Target,
        home: Home,
        max_body: int = MAX_BODY,
    ) -> None:
        self.endpoint = endpoint
        self.expires = 0.0
        self._loop = loop
        self._home = home
        self._reader = ResponseReader(max_body)
        self._transport: asyncio.Transport | None = None
        self._attempt: OpenAttempt | None = None
        self._sink: Sink | None = None
        self._taker: BodySink | None = None
        self._rest: memoryview | None = None
        self._choked = self._pushing = False
        self._sent = self._reused = False
        self._since = 0.0
        self._stage = _SENDING

    @property
    def usable(self) -> bool:
        """Open and without an attempt."""
        return self._attempt is None and self._transport is not None and not self._transport.is_closing()

    @property
    def headers(self) -> dict[str, str]:
        """Header fields of the latest response."""
        return self._reader.headers

    # ------------------------------------------------------------------------------------------------- the request

    def begin(self, attempt: OpenAttempt, sink: Sink, head: bytes, body: bytes, *, reused: bool) -> None:
        """Carry one request; the connection must be `usable`. Reports `connected`, and often `sent`, at once."""
        transport = self._transport
        assert transport is not None  # noqa: S101 - a usable connection has one
        self._attempt = attempt
        self._sink = self._taker = sink
        self._stage = _SENDING
        self._reused = reused
        self._sent = False
        self._since = self._loop.time()
        self._reader.expect()
        attempt.carry(self)
        if attempt.paused:
            transport.pause_reading()
        sink.connected(reused)
        if attempt.over:
            return
        if transport.is_closing():
            self._lost(None)
            return
        if len(body) > _PIECE:
            self._rest = memoryview(body)
            transport.write(head)
            self._push()
            return
        transport.write(head + body)
        if transport.get_write_buffer_size() or transport.is_closing():
            self._push()
            return
        self._sent = True
        self._stage = _SENT
        sink.sent()

    def left(self) -> int:
        """Request bytes that still wait on this side."""
        transport = self._transport
        if transport is None or self._sent:
            return 0
        rest = self._rest
        return transport.get_write_buffer_size() + (0 if rest is None else len(rest))

    def _push(self) -> None:
        """Hand over what the kernel takes, and report how far that went."""
        transport, sink = self._transport, self._sink
        if transport is None or sink is None:
            return
        self._pushing = True
        while self._rest is not None and not self._choked and not transport.is_closing():
            piece = self._rest[:_PIECE]
            self._rest = self._rest[_PIECE:] if len(self._rest) > _PIECE else None
            transport.write(piece)
        self._pushing = False
        if transport.is_closing():
            return  # a failed write is told by connection_lost
        left = self.left()
        if left == 0:
            self._sent = True
        if self._stage is not _SENDING:
            return  # the response came first: how far the request went is no news any more
        if left:
            sink.wrote(left)
            return
        self._stage = _SENT
        self._since = self._loop.time()
        sink.sent()

    def pause_writing(self) -> None:
        """The kernel takes no more."""
        self._choked = True

    def resume_writing(self) -> None:
        """The kernel took everything it was given."""
        self._choked = False
        if self._attempt is not None and not self._sent and not self._pushing:
            self._push()

    # ------------------------------------------------------------------------------------------------ the response

    def data_received(self, data: bytes) -> None:
        """Read on; bytes on an idle connection belong to no request and end it."""
        if self._attempt is None:
            self.drop()
            return
        reader = self._reader
        bad: Fault | None = None
        try:
            body = reader.feed(data)
        except BadResponse as error:
            bad, body = self._bad(str(error)), error.body
        if self._stage is not _HEAD and reader.status:
            unreadable = self._head()
            if unreadable is not None:
                bad, body = unreadable, b""
        if body and self._taker is not None:
            self._taker.body(body)
        if (reader.complete or bad is not None) and self._attempt is not None:
            self._finish(bad)

    def eof_received(self) -> None:
        """The upstream says no more. The transport would first flush what we have; nobody will read that."""
        if self._attempt is None:
            self.drop()
        else:
            self._lost(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TCP (and TLS) are up."""
        self._transport = up = cast("asyncio.Transport", transport)
        # pause_writing as soon as anything waits. The TLS transports compare with >=, so 0 would pause an empty one.
        up.set_write_buffer_limits(high=0 if up.get_extra_info("sslcontext") is None else 1, low=0)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone; an attempt that runs, breaks, or ends where its body does."""
        if self._attempt is not None:
            self._lost(exc)
        else:
            self._home.lost(self)
        self._reader.close()

    # -------------------------------------------------------------------------------------- steered by the attempt

    def hold(self) -> None:
        """Stop reading."""
        if self._transport is not None:
            self._transport.pause_reading()

    def release(self) -> None:
        """Read on."""
        if self._transport is not None:
            self._transport.resume_reading()

    def leave(self) -> None:
        """Read what still comes to no one's use but the next request's: a connection read to the end can go on."""
        if self._stage is not _HEAD or self._reader.close_delimited:
            self.drop()
            return
        self._taker = _Nobody()
        self.release()
        self._home.see_out(self)

    def drop(self) -> None:
        """Close now, telling nobody but the pool."""
        self._forget()
        if self._transport is not None:
            self._transport.abort()

    # ------------------------------------------------------------------------------------------------------ inside

    def _head(self) -> Fault | None:
        """Report the head; returns a fault when the body that follows cannot be read."""
        reader, sink, attempt = self._reader, self._sink, self._attempt
        if sink is None or attempt is None:
            return None
        self._stage = _HEAD
        decoder: Decoder | None = None
        bad: Fault | None = None
        coding = reader.headers.get("content-encoding", "")
        if coding and (coding := coding.strip().lower()) not in _PLAIN:
            try:
                decoder = Decoder(coding, reader.max_body)
            except CodingError as error:
                bad = self._bad(str(error))
            del reader.headers["content-encoding"]  # the body reported is not coded, and not of the announced length
            reader.headers.pop("content-length", None)
        attempt.close_delimited = reader.close_delimited
        sink.head(reader.status, reader.headers, whole=reader.complete and coding in _PLAIN)
        if decoder is not None and self._attempt is not None:
            self._insert(decoder, sink, attempt)
        return bad

    def _insert(self, decoder: Decoder, sink: Sink, outer: OpenAttempt) -> None:
        """Let an unpacker stand between this connection and the caller's sink and attempt."""
        inner = OpenAttempt()
        inner.paused = outer.paused
        inner.carry(self)
        self._attempt = inner
        self._taker = unpacker = Unpacker(self._loop, decoder, sink, outer, inner)
        outer.carry(unpacker)

    def _lost(self, error: Exception | None) -> None:
        reader = self._reader
        if self._stage is _HEAD and reader.close_delimited and error is None:
            self._finish(None)
            return
        recent = self._loop.time() - self._since < _STALE_WITHIN
        where = "in the body" if self._stage is _HEAD else "in the head"
        if reader.silent:
            where = "before any byte came"
        stale = self._reused and reader.silent and recent
        self._finish(loss_fault(self._stage, error, stale=stale, detail=f"closed {where}"))

    def _finish(self, broken: Fault | None) -> None:
        """Give the attempt back, then the connection, then report the end."""
        taker, transport, attempt = self._taker, self._transport, self._attempt
        self._forget()
        if transport is not None:
            if broken is None and self._sent and self._reader.reusable and not transport.is_closing():
                if attempt is not None and attempt.paused:
                    transport.resume_reading()
                self._home.put(self)
            else:
                transport.abort()
        if taker is None:
            return
        if broken is None:
            taker.end()
        else:
            taker.failed(broken)

    def _forget(self) -> None:
        attempt, self._attempt = self._attempt, None
        self._sink = self._taker = self._rest = None
        if attempt is not None:
            attempt.settle()

    def _bad(self, why: str) -> Fault:
        stage = _HEAD if self._reader.status else _SENT if self._sent else _SENDING
        return fault("upstream_bad_response", stage=stage, detail=why)
