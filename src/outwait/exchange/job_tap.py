"""The tap of a job: one for all connections that read it, be it the call that asked for it or those that resume it.

The machine has heard of a connection already when another one is made; how that comes about is not its business.
What was held back from before the first words is kept from one connection to the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from outwait.core.fault import Fault, fault
from outwait.core.plan import Candidate
from outwait.dialects.dialect import Reader, Resumable
from outwait.exchange.tap import ERROR_BODY, Tap

if TYPE_CHECKING:
    from outwait.exchange.driver import Exchange
    from outwait.exchange.resume import Job

_OK = range(200, 300)
_CUT: Final = fault("upstream_truncated")
# A reply that is none, or not a whole one: no word about the job itself.
_UNFINISHED = frozenset(("upstream_truncated", "upstream_empty"))
# Refusals that pass; any other 4xx says that this job cannot be had (any more).
_PASSING = frozenset((408, 409, 425, 429))


def _passes(status: int) -> bool:
    return status >= 500 or status in _PASSING


def _resumable(reader: object) -> Resumable | None:
    return reader if isinstance(reader, Resumable) else None


class JobTap(Tap):
    """The sink of all connections that read one job: of the call that asks for it, and of those that resume it.

    `again`: the running one resumes. `stale`: the last one was a pooled connection that was dead.
    """

    __slots__ = ("_denied", "_job", "_lump", "_state", "again", "candidate", "stale")

    def __init__(self, exchange: Exchange, candidate: Candidate, job: Job) -> None:
        super().__init__(exchange, candidate)
        self.candidate = candidate
        self.again = False
        self.stale = False
        self._job = job
        self._denied = False  # the running one is an error reply
        self._lump = False  # it gives the job in one piece, asked for or not
        self._state = bytearray()  # that piece

    def begin(self) -> None:
        """Another connection follows."""
        self.again = True
        self._denied = self._lump = False
        self._state.clear()
        self._error.clear()

    def resolved(self) -> None:
        """See `Tap`."""
        if not self.again:
            super().resolved()

    def connected(self, reused: bool) -> None:
        """See `Tap`."""
        if not self.again:
            super().connected(reused)

    def wrote(self, left: int) -> None:
        """See `Tap`."""
        if not self.again:
            super().wrote(left)

    def sent(self) -> None:
        """See `Tap`."""
        if not self.again:
            super().sent()

    def head(self, status: int, headers: Mapping[str, str], *, whole: bool = False) -> None:
        """See `Tap`."""
        if not self.again:
            super().head(status, headers, whole=whole)
            return
        exchange = self._exchange
        if not exchange.is_current(self):
            return
        self._status, self._headers = status, headers
        self._denied = status not in _OK
        if self._denied:
            if _passes(status):
                self._job.lost(self.refusal())  # no matter what else it says
            return
        if self._reader is None:
            self._reader = exchange.reader(self._candidate, status, headers)
        self._lump = self._job.polls or "json" in headers.get("content-type", "")
        if not self._lump:
            self._job.resumed()

    def body(self, data: bytes) -> None:
        """See `Tap`."""
        if self._denied:
            self._error += data[: max(0, ERROR_BODY - len(self._error))]
            return
        if self._lump:
            self._state += data
            return
        super().body(data)
        if self._exchange.is_current(self) and self._note() and not self._whole:
            self._job.accepted()

    def end(self) -> None:
        """See `Tap`."""
        if self._denied:
            if self._exchange.is_current(self):
                self._job.refused(self._status, self.refusal())
        elif self._lump:
            if self._exchange.is_current(self):
                self._settled()
        else:
            super().end()

    def _settled(self) -> None:
        """The job is here in one piece, as it is now."""
        reader = _resumable(self._reader)
        if reader is None:  # the plan gives it to another dialect now
            self._job.refused(self._status, _CUT)
            return
        try:
            told = reader.settled(bytes(self._state))
        except ValueError:
            self._give_up(_CUT)
            return
        if not told:
            self._job.runs()
            return
        super().body(told)
        if self._exchange.is_current(self):
            self._give_up(_CUT)  # it should have been the end

    def failed(self, fault: Fault) -> None:
        """See `Tap`."""
        if not self._exchange.is_current(self):
            return
        self.stale = fault.hint == "stale"
        if self._denied:
            self._job.refused(self._status, self.refusal())
        elif self.again or self._note():
            self._give_up(fault)
        else:
            super().failed(fault)

    @property
    def refusing(self) -> bool:
        """An error reply to the call that asks for the job has begun."""
        return not self.again and super().refusing

    def _judge(self, reader: Reader, *, framed: bool) -> None:
        if self._note() and not reader.finished:
            self._give_up(_CUT)
        else:
            super()._judge(reader, framed=framed)

    def _spoiled(self, fault: Fault) -> None:
        reader = self._reader
        if self._exchange.is_current(self) and self._note():
            if reader is not None and not reader.finished and fault.code in _UNFINISHED:
                self._give_up(fault)
                return
            self._surface()
            self._job.over = fault.upstream is not None  # it has failed by its own word
        super()._spoiled(fault)

    def _give_up(self, why: Fault) -> None:
        """The running connection is of no use any more."""
        self._surface()
        self._job.lost(why)

    def _surface(self) -> None:
        """Hand on words that were held back for the end: this is none, and whatever follows continues them."""
        self.opened()
        self._tell_head()
        self._job.accepted()
        reader, exchange = self._reader, self._exchange
        if reader is not None and reader.content and not self._content:
            self._saw_content()
            held, self._held = b"".join(self._held), []
            if held:
                self._committed = True
                exchange.replay.head = reader.head
                exchange.deliver(held)

    def _note(self) -> bool:
        """Whether the running connection reads a job that is known by its id."""
        reader = _resumable(self._reader)
        if reader is not None and reader.handle:
            self._job.known(self, reader)
            self._job.moved()
        return bool(self._job.ident)
