"""The tap: takes one attempt's reports, reads its reply, and hands on what the client may see.

It holds content back until there is some: a role-only chunk, a head, or an error inside a 200 is not yet a reason to
give up the freedom to try elsewhere. Reports of an attempt that is no longer the current one count for nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from outwait.core.fault import Fault, Stage
from outwait.core.plan import Candidate
from outwait.core.progress import Attempt
from outwait.dialects.dialect import Reader
from outwait.exchange import inputs as on
from outwait.exchange.phase import Phase

if TYPE_CHECKING:
    from outwait.exchange.driver import Exchange

ERROR_BODY = 64 << 10  # bytes kept of an upstream's error reply
_SUCCESS = range(200, 300)
_SENT = Phase.SENT  # 74 ns where it stands; 10 here


class Tap:
    """The sink of one attempt (core.progress.Sink)."""

    __slots__ = (
        "_candidate",
        "_committed",
        "_content",
        "_error",
        "_exchange",
        "_headers",
        "_held",
        "_left",
        "_reader",
        "_reused",
        "_status",
        "_waited",
        "_whole",
        "asked",
    )

    def __init__(self, exchange: Exchange, candidate: Candidate) -> None:
        self._exchange = exchange
        self._candidate = candidate
        self._reader: Reader | None = None
        self._held: list[bytes] = []  # bytes from before the first content
        self._content = False
        self._committed = False
        self._status = 0
        self._headers: Mapping[str, str] = {}
        self._error = bytearray()
        self._left = -1
        self._reused = False  # connected on a pooled connection, not reported yet: `sent` may come with it
        self._whole = False  # the whole reply is here, and its head not reported yet: `end` comes with it
        self.asked = math.inf  # when the request was whole (loop seconds)
        self._waited = -math.inf  # seconds from there to the head of an error reply

    def opened(self) -> None:
        """The attempt has its handle; what was to be reported together with more is reported now."""
        if self._reused:
            self._reused = False
            self._exchange.feed(on.REUSED)

    def resolved(self) -> None:
        """The name is resolved; the connect clock covers this, so it is only noted."""
        exchange = self._exchange
        if exchange.is_current(self):
            exchange.machine.timeline.add(exchange.ports.clock(), "resolved")

    def connected(self, reused: bool) -> None:
        """TCP and TLS are up."""
        if not self._exchange.is_current(self):
            return
        if reused:
            self._reused = True
        else:
            self._exchange.feed(on.CONNECTED)

    def wrote(self, left: int) -> None:
        """The kernel took more of the request."""
        self._left = left
        if self._exchange.is_current(self):
            self.opened()
            self._exchange.feed(on.WROTE)

    def sent(self) -> None:
        """The request is flushed."""
        if not self._exchange.is_current(self):
            return
        self.asked = self._exchange.ports.clock()
        if self._reused:
            self._reused = False
            self._exchange.feed(on.DISPATCHED)
        else:
            self._exchange.feed(on.SENT)
        if self._exchange.hedger is not None:
            self._exchange.hedger.watch()

    def still_writing(self, attempt: Attempt | None) -> bool:
        """Whether the kernel took bytes since this was last asked: slow is not stuck."""
        left = attempt.left() if attempt is not None else 0
        moved = 0 < left < self._left
        self._left = left
        return moved

    def head(self, status: int, headers: Mapping[str, str], *, whole: bool = False) -> None:
        """The response head; `whole`: body and end follow at once."""
        exchange = self._exchange
        if not exchange.is_current(self):
            return
        self._status, self._headers = status, headers
        hold = exchange.hold
        if hold is not None:
            hold.headed(status, headers)
        if status in _SUCCESS:
            self._reader = exchange.reader(self._candidate, status, headers)
            if whole and exchange.machine.phase is _SENT:
                self._whole = True
                return
        else:
            self._waited = exchange.ports.clock() - self.asked
        exchange.feed(on.HEADED_OK if status == 200 else on.Headed(status))

    def body(self, data: bytes) -> None:
        """Bytes of the reply."""
        exchange = self._exchange
        if exchange.tap is not self:
            return
        reader = self._reader
        if reader is None:
            if len(self._error) < ERROR_BODY:
                self._error += data[: ERROR_BODY - len(self._error)]
            return
        out = reader.feed(data)
        if self._committed:
            if reader.progress:
                exchange.machine.progress(exchange.ports.clock())
            if out and reader.finished and reader.fault is None:
                self._held.append(out)  # the last words come with the end, which may have to be stored first
            elif out:
                if exchange.announced is not None:
                    exchange.deliver(out)
                elif exchange.replay.append(out):  # as `deliver` does, without the call
                    exchange.strained()
        else:
            self._before_commit(reader, out)
        if reader.fault is not None:
            self._spoiled(reader.fault)
        elif reader.finished and exchange.is_current(self):
            self._judge(reader, framed=False)  # some upstreams never end the body behind their proper end

    def _before_commit(self, reader: Reader, out: bytes) -> None:
        exchange = self._exchange
        if self._whole:
            if out:
                self._held.append(out)
            return  # the end is next, and tells everything at once
        if reader.content and not self._content:
            self._saw_content()
        elif reader.progress:
            exchange.machine.progress(exchange.ports.clock())
        if not out:
            return
        if not self._content:
            self._held.append(out)
            return
        self._committed = True
        exchange.feed(on.COMMITTED)
        self._held.append(out)
        exchange.replay.head = reader.head
        data, self._held = b"".join(self._held), []
        exchange.deliver(data)

    def _saw_content(self) -> None:
        self._content = True
        exchange = self._exchange
        if exchange.hold is not None:
            exchange.hold.content()
        exchange.feed(on.CONTENT)

    def end(self) -> None:
        """The reply is over by its framing."""
        exchange = self._exchange
        if not exchange.is_current(self):
            return
        reader = self._reader
        if reader is None:
            exchange.broke(self.refusal())
        else:
            self._judge(reader, framed=True)

    def _judge(self, reader: Reader, *, framed: bool) -> None:
        """The answer is over; whether it is whole, its reader knows."""
        exchange = self._exchange
        ending = reader.end()
        if ending.fault is not None:
            if self._committed and self._held:  # they looked like the last words; they are words all the same
                exchange.deliver(b"".join(self._held))
            self._spoiled(ending.fault)
            return
        if not self._committed:
            exchange.replay.head = reader.head
        last = b"".join((*self._held, ending.data)) if self._held else ending.data
        event: on.Input = on.ENDED
        if self._whole:
            plain = reader.content and self._status == 200
            event = on.REPLIED_OK if plain else on.Replied(self._status, reader.content)
        exchange.completed(last, ending.usage, event, framed=framed)

    def failed(self, fault: Fault) -> None:
        """The attempt broke on the wire."""
        if not self._exchange.is_current(self):
            return
        self.opened()
        self._tell_head()
        if self.refusing:
            fault = self.refusal()  # a refusal that breaks off is a refusal: its status says more than the break
        self._exchange.broke(_at_stage(fault, content=self._content))

    def _tell_head(self) -> None:
        """A whole reply was no good after all: its head is an event of its own."""
        if self._whole:
            self._whole = False
            self._exchange.feed(on.Headed(self._status))

    @property
    def refusing(self) -> bool:
        """An error reply has begun."""
        return self._status != 0 and self._reader is None

    def refusal(self) -> Fault:
        """The fault that the upstream's error reply means."""
        exchange, candidate = self._exchange, self._candidate
        failed = exchange.ports.judge(candidate, self._status, self._headers, bytes(self._error), self._waited)
        return failed if candidate.dialect == exchange.call.dialect else _foreign(failed)

    def _spoiled(self, fault: Fault) -> None:
        if self._exchange.is_current(self):
            if self._candidate.dialect != self._exchange.call.dialect:
                fault = _foreign(fault)
            words = self._unseen()
            self._tell_head()
            self._exchange.spoiled(_at_stage(fault, content=self._content, answered=True), words)

    def _unseen(self) -> bytes:
        """The words of a stream that came in one piece with what breaks it: held back for the end, which is no end."""
        reader = self._reader
        if not self._whole or reader is None or not reader.content or not self._exchange.call.stream:
            return b""
        self._content = True
        self._exchange.replay.head = reader.head
        return b"".join(self._held)


def _foreign(failed: Fault) -> Fault:
    """`failed`, whose own words are in a dialect that is not the client's: they are evidence, not to be passed on."""
    answer = failed.upstream
    return failed if answer is None else replace(failed, upstream=replace(answer, body=b""))


def _at_stage(fault: Fault, *, content: bool, answered: bool = False) -> Fault:
    """The wire knows how far the bytes came; whether content was among them is known here."""
    if content:
        return replace(fault, stage=Stage.CONTENT)
    if answered and fault.stage is None:
        return replace(fault, stage=Stage.HEAD)
    return fault
