"""One upstream HTTP/1.1 connection: carries one request after another and reports each to its sink as it happens.

Promises: reports come in the order of `core.progress`, exactly one of `end` and `failed` last, and nothing after
`cancel`; body bytes of one read are reported once; a paused attempt reads no more than what is already here; a
connection goes back to the pool only after a whole exchange whose framing says so. There are no timers in here.

    idle -> begin -> SENDING -> SENT -> HEAD -> end -> idle        (a head may come while still SENDING)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar, cast

from outwait.core.fault import Fault, Stage, fault
from outwait.core.progress import Sink
from outwait.wire.breaks import loss_fault
from outwait.wire.coding import Decoder, CodingError
from outwait.wire.response import MAX_BODY, BadResponse, ResponseReader

# Requests up to this size are one write; larger bodies follow in pieces of it, each telling the write clock that the
# upstream takes them. 256 KiB is what one write of a full socket buffer takes on Linux with default buffers.
_PIECE = 262_144
# A pooled connection that dies this soon (seconds) after the request, without a byte, was dead before (FACTS 2.1).
_STALE_WITHIN = 1.0
# Decoded in one turn of the loop: 16 steps of 64 KiB, some milliseconds.
_STEPS = 16

_T = TypeVar("_T")


class OpenAttempt:
    """The handle of one attempt (`core.progress.Attempt`), from the dial to the end of its response.

    `close_delimited`: set when the head is reported; the body ends where the connection ends, so that a cut cannot be
    told from its end. `paused`: the sink asked for no more.
    """

    __slots__ = ("_carrier", "close_delimited", "dialing", "over", "paused")

    def __init__(self) -> None:
        self._carrier: Connection | None = None
        self.dialing: asyncio.Task[None] | None = None
        self.close_delimited = False
        self.paused = False
        self.over = False

    def pause(self) -> None:
        """Stop reading; idempotent."""
        if not self.paused:
            self.paused = True
            if self._carrier is not None:
                self._carrier.hold()

    def resume(self) -> None:
        """Read on; idempotent."""
        if self.paused:
            self.paused = False
            if self._carrier is not None:
                self._carrier.release()

    def cancel(self) -> None:
        """Close the connection, or stop the dial, now; nothing more is reported; idempotent."""
        self.over = True
        dialing, self.dialing = self.dialing, None
        if dialing is not None:
            dialing.cancel()
        carrier, self._carrier = self._carrier, None
        if carrier is not None:
            carrier.drop()

    def left(self) -> int:
        """Request bytes the kernel has not taken yet (TLS: up to 64 KiB more may wait encrypted); 0 when not sending."""
        return self._carrier.left() if self._carrier is not None else 0

    def carry(self, carrier: Connection | None) -> None:
        """The connection took the attempt, or gives it back (None) because it is over."""
        self._carrier = carrier
        self.over = carrier is None


class Connection(asyncio.Protocol):
    """The protocol of one connection. `expires`: loop time at which the pool closes it when it is idle.

    `on_idle(connection)`: the exchange ended and the connection can carry another. `on_lost(connection)`: it ended
    while idle.
    """

    __slots__ = (
        "_attempt",
        "_began",
        "_choked",
        "_decoder",
        "_ended",
        "_ending",
        "_loop",
        "_on_idle",
        "_on_lost",
        "_pushing",
        "_reader",
        "_rest",
        "_reused",
        "_sent",
        "_sink",
        "_stage",
        "_transport",
        "_unpacking",
        "endpoint",
        "expires",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        endpoint: object,
        on_idle: Callable[[Connection], None],
        on_lost: Callable[[Connection], None],
        max_body: int = MAX_BODY,
    ) -> None:
        self.endpoint = endpoint
        self.expires = 0.0
        self._loop = loop
        self._on_idle = on_idle
        self._on_lost = on_lost
        self._reader = ResponseReader(max_body)
        self._transport: asyncio.Transport | None = None
        self._attempt: OpenAttempt | None = None
        self._sink: Sink | None = None
        self._decoder: Decoder | None = None
        self._rest: memoryview | None = None
        self._choked = self._pushing = self._unpacking = False
        self._sent = self._reused = self._ended = False
        self._ending: Fault | None = None
        self._began = 0.0
        self._stage = Stage.SENDING

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
        transport = cast("asyncio.Transport", self._transport)
        self._attempt = attempt
        self._sink = sink
        self._stage = Stage.SENDING
        self._reused = reused
        self._sent = self._ended = False
        self._ending = self._decoder = None
        self._began = self._loop.time()
        self._reader.expect()
        attempt.carry(self)
        if attempt.paused:
            transport.pause_reading()
        sink.connected(reused)
        if self._attempt is not attempt:
            return
        if len(body) <= _PIECE:
            transport.write(head + body)
        else:
            self._rest = memoryview(body)
            transport.write(head)
        self._push()

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
        if transport.is_closing() or self._stage is not Stage.SENDING:
            return  # a failed write is told by connection_lost; after an early response nobody asks how far it went
        left = self.left()
        if left:
            sink.wrote(left)
        else:
            self._sent = True
            self._stage = Stage.SENT
            self._began = self._loop.time()
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
            reader.feed(data)
        except BadResponse as error:
            bad = self._bad(str(error))
        attempt = self._attempt
        if self._stage is not Stage.HEAD and reader.status:
            bad = self._head() or bad
        if reader.pieces and self._attempt is attempt:
            pieces = reader.pieces
            body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            pieces.clear()
            self._body(body)
        if self._attempt is attempt and (bad is not None or reader.complete):
            self._over(bad)

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
        self._rest = None
        if self._attempt is None:
            self._reader.close()
            self._on_lost(self)
        elif not self._ended:
            self._lost(exc)

    # ------------------------------------------------------------------------------------ steered by the attempt

    def hold(self) -> None:
        """Stop reading."""
        if self._transport is not None:
            self._transport.pause_reading()

    def release(self) -> None:
        """Read on; what is already here but not decoded comes first, from the loop, not from inside this call."""
        if self._decoder is not None:
            self._loop.call_soon(self._unpack, self._attempt)
        elif self._transport is not None:
            self._transport.resume_reading()

    def drop(self) -> None:
        """Close now, telling nobody but the pool."""
        self._forget()
        if self._transport is not None:
            self._transport.abort()

    # ------------------------------------------------------------------------------------------------------ inside

    def _head(self) -> Fault | None:
        """Report the head; returns a fault when the body that follows cannot be read."""
        reader, sink, attempt = self._reader, self._sink, self._attempt
        self._stage = Stage.HEAD
        headers = reader.headers
        coding = headers.get("content-encoding")
        bad: Fault | None = None
        if coding is not None and coding.strip().lower() not in ("", "identity"):
            try:
                self._decoder = Decoder(coding.strip().lower(), self._reader.max_body)
            except CodingError as error:
                bad = self._bad(str(error))
            del headers["content-encoding"]  # the body reported is not coded, and not of the announced length
            headers.pop("content-length", None)
        if attempt is not None and sink is not None:
            attempt.close_delimited = reader.close_delimited
            sink.head(reader.status, headers)
        if bad is not None:
            reader.pieces.clear()
        return bad

    def _body(self, data: bytes) -> None:
        if self._decoder is None:
            if self._sink is not None:
                self._sink.body(data)
            return
        self._decoder.feed(data)
        self._unpack(self._attempt)

    def _unpack(self, attempt: OpenAttempt | None) -> None:
        """Decode and report in bounded steps; goes on in another turn of the loop while there is more."""
        decoder, sink = self._decoder, self._sink
        if attempt is None or self._attempt is not attempt or decoder is None or sink is None or self._unpacking:
            return
        self._unpacking = True
        try:
            for _ in range(_STEPS):
                if attempt.paused:
                    return
                data = decoder.pull()
                if not data:
                    self._drained(decoder)
                    return
                sink.body(data)
                if self._attempt is not attempt:
                    return
        except CodingError as error:
            self._finish(self._bad(str(error)))
            return
        finally:
            self._unpacking = False
        self.hold()
        self._loop.call_soon(self._unpack, attempt)

    def _drained(self, decoder: Decoder) -> None:
        """Everything that came is decoded: end if that was all, else read on."""
        if not self._ended:
            if self._transport is not None:
                self._transport.resume_reading()
            return
        if self._ending is None:
            decoder.finish()
        self._finish(self._ending)

    def _lost(self, error: Exception | None) -> None:
        reader = self._reader
        if self._stage is Stage.HEAD and reader.close_delimited and error is None:
            self._over(None)
            return
        recent = self._loop.time() - self._began < _STALE_WITHIN
        stale = self._reused and reader.silent and recent
        detail = f"closed {'before any byte came' if reader.silent else 'in the head'}"
        if self._stage is Stage.HEAD:
            detail = "closed in the body"
        self._over(loss_fault(self._stage, error, stale=stale, detail=detail))

    def _over(self, broken: Fault | None) -> None:
        """All input is here; end now, or once it is decoded."""
        self._ended = True
        self._ending = broken
        if self._decoder is None:
            self._finish(broken)
        else:
            self._unpack(self._attempt)

    def _finish(self, broken: Fault | None) -> None:
        """Give the attempt back, then the connection, then report the end."""
        sink, transport = self._sink, self._transport
        paused = self._attempt is not None and self._attempt.paused
        reusable = broken is None and self._sent and self._reader.reusable
        self._forget()
        if transport is not None:
            if reusable and not transport.is_closing():
                if paused:
                    transport.resume_reading()
                self._on_idle(self)
            else:
                transport.abort()
        if sink is None:
            return
        if broken is None:
            sink.end()
        else:
            sink.failed(broken)

    def _forget(self) -> None:
        attempt, self._attempt = self._attempt, None
        self._sink = self._decoder = self._rest = None
        if attempt is not None:
            attempt.carry(None)

    def _bad(self, why: str) -> Fault:
        stage = Stage.HEAD if self._reader.status else Stage.SENT if self._sent else Stage.SENDING
        return fault("upstream_bad_response", stage=stage, detail=why)
