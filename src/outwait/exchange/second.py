"""The second attempt of a hedged exchange: it collects what it is told until it is known whether it is needed.

Its upstream's reply is read only to see whether there is content. If there is, before the running attempt has any, it
becomes the running attempt: all it was told is told again to an ordinary tap, and everything after that goes there.
Nothing of it is seen by a client before. What it keeps is bounded: who has said so much has begun to answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from outwait.core.endpoints import Hold
from outwait.core.fault import Fault
from outwait.core.progress import Attempt
from outwait.dialects.dialect import Reader
from outwait.exchange.tap import Tap

if TYPE_CHECKING:
    from outwait.exchange.driver import Exchange

ROOM = 64 << 10  # bytes of a reply without content, and of an error
_SUCCESS = range(200, 300)


class Second:
    """The sink of the attempt at `hold` (core.progress.Sink). `answers` is called when it has content, `breaks` with
    its channel and why it is over without; neither after `drop`, and at most one of them, once.
    """

    __slots__ = (
        "_answers",
        "_asked",
        "_attempt",
        "_breaks",
        "_dropped",
        "_ended",
        "_exchange",
        "_headers",
        "_left",
        "_over",
        "_pieces",
        "_reader",
        "_reused",
        "_sent",
        "_size",
        "_status",
        "_tap",
        "_waited",
        "_whole",
        "hold",
    )

    def __init__(
        self, exchange: Exchange, hold: Hold, answers: Callable[[], None], breaks: Callable[[str, Fault], None]
    ) -> None:
        self.hold = hold
        self._exchange = exchange
        self._answers = answers
        self._breaks = breaks
        self._attempt: Attempt | None = None
        self._tap: Tap | None = None  # since it is the running attempt
        self._dropped: tuple[str, ...] = ()
        self._over = False
        self._reused: bool | None = None  # as `connected` told; None before
        self._left = -1
        self._sent = False
        self._asked = math.inf  # when it was
        self._waited = -math.inf  # seconds from there to the head of an error reply
        self._status = 0
        self._headers: Mapping[str, str] = {}
        self._whole = False
        self._reader: Reader | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._ended = False

    def open(self, body: bytes, dropped: tuple[str, ...] = ()) -> None:
        """Ask its endpoint with `body`, which leaves out the fields `dropped`."""
        exchange = self._exchange
        self._dropped = dropped
        attempt = exchange.ports.open(self.hold.candidate, body, self, fresh=False, call=exchange.call)
        if self._tap is not None:
            exchange.carry(self._tap, attempt)
        elif self._over:
            attempt.cancel()
        else:
            self._attempt = attempt

    def drop(self, why: Fault) -> None:
        """It is not needed any more."""
        self._over = True
        if self._attempt is not None:
            self._attempt.cancel()
        self.hold.leave(why)

    def step_up(self) -> None:
        """It is the running attempt from now on; the machine has been told."""
        exchange = self._exchange
        tap = self._tap = Tap(exchange, self.hold.candidate)
        exchange.dropped = self._dropped
        exchange.expect(tap)
        if self._reused is not None:
            tap.connected(self._reused)
        if self._sent:
            tap.sent()
            tap.asked = self._asked
        elif self._left >= 0:
            tap.wrote(self._left)
        if self._attempt is not None:
            exchange.carry(tap, self._attempt)
        if self._status:
            tap.head(self._status, self._headers, whole=self._whole)
        exchange.hold = self.hold  # which has heard of the head already
        for piece in self._pieces:
            tap.body(piece)
        self._pieces = []
        if self._ended:
            tap.end()

    # -- the sink ------------------------------------------------------------------------------------------------

    def resolved(self) -> None:
        """Nothing hangs on it."""
        if self._tap is not None:
            self._tap.resolved()

    def connected(self, reused: bool) -> None:
        """TCP and TLS are up."""
        self._reused = reused
        if self._tap is not None:
            self._tap.connected(reused)

    def wrote(self, left: int) -> None:
        """The kernel took more of the request."""
        self._left = left
        if self._tap is not None:
            self._tap.wrote(left)

    def sent(self) -> None:
        """The request is flushed."""
        self._sent = True
        self._asked = self._exchange.ports.clock()
        if self._tap is not None:
            self._tap.sent()

    def head(self, status: int, headers: Mapping[str, str], *, whole: bool = False) -> None:
        """The response head."""
        if self._tap is not None:
            self._tap.head(status, headers, whole=whole)
            return
        if self._over:
            return
        self._status, self._headers, self._whole = status, headers, whole
        self.hold.headed(status, headers)
        if status in _SUCCESS:
            self._reader = self._exchange.reader(self.hold.candidate, status, headers)
        else:
            self._waited = self._exchange.ports.clock() - self._asked

    def body(self, data: bytes) -> None:
        """Bytes of the reply."""
        if self._tap is not None:
            self._tap.body(data)
            return
        if self._over:
            return
        reader = self._reader
        if reader is None:
            data = data[: ROOM - self._size]
        self._pieces.append(data)
        self._size += len(data)
        if reader is None:
            return
        reader.feed(data)
        if reader.fault is not None:
            self._break(reader.fault)
        elif reader.content or self._size >= ROOM:
            self._answers()
        elif reader.finished:
            self._judge(reader)

    def end(self) -> None:
        """The reply is over by its framing."""
        if self._tap is not None:
            self._tap.end()
        elif not self._over:
            self._ended = True
            if self._reader is None:
                self._break(self._refusal())
            else:
                self._judge(self._reader)

    def failed(self, fault: Fault) -> None:
        """The attempt broke on the wire."""
        if self._tap is not None:
            self._tap.failed(fault)
        elif not self._over:
            self._break(self._refusal() if self._status and self._reader is None else fault)

    def _judge(self, reader: Reader) -> None:
        ending = reader.end()
        if ending.fault is None:
            self._answers()
        else:
            self._break(ending.fault)

    def _refusal(self) -> Fault:
        body = b"".join(self._pieces)
        return self._exchange.ports.judge(self.hold.candidate, self._status, self._headers, body, self._waited)

    def _break(self, why: Fault) -> None:
        self.drop(why)
        self._breaks(self.hold.candidate.channel, why)
