"""A job: work that a provider has accepted and goes on with, whatever becomes of the connection that reads it.

Once the provider has told its id, a broken connection is no failure: the stream is opened again behind the last event
that was read, after growing pauses and as often as it takes, while the machine's clocks run on. So nothing is asked
twice, no word is lost and none repeated. Where the provider does not give the stream any more, it is asked from time
to time how the job stands, until that is the answer. Only where the job itself is gone, or has failed by its own word,
does the machine hear of a failure; it counts as committed from its id on, since another attempt would pay for the same
work again.

Where the exchange ends before its job does, the job is cancelled at the provider: what nobody will read should not be
paid for. A worker that shuts down leaves it running, for whoever takes the handle up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from outwait.core.fault import Fault
from outwait.core.plan import Candidate
from outwait.dialects.dialect import Resumable
from outwait.exchange import inputs as on
from outwait.exchange.effects import Outcome
from outwait.exchange.farewell import Farewell
from outwait.exchange.handle import Handle, inspection, resumption
from outwait.exchange.job_tap import JobTap
from outwait.exchange.phase import Phase
from outwait.policy import backoff
from outwait.wire.wheel import Alarm

if TYPE_CHECKING:
    from outwait.exchange.driver import Exchange

BASE: Final = 0.5  # seconds: the cap of the first pause, doubled from one to the next
CAP: Final = 20.0
POLLED: Final = 5.0  # seconds: the longest pause between two questions how the job stands
_GONE = frozenset((404, 410))
# What brings the machine to where an accepted job is, phase by phase: there is an upstream, and it has not said a word.
_ON: Final[Mapping[Phase, on.Input]] = {
    Phase.CONNECTING: on.DISPATCHED,
    Phase.SENDING: on.SENT,
    Phase.SENT: on.HEADED_OK,
}


class Job:
    """The job of one exchange, if the provider makes it one. `ident`: "" until it is known.

    `over`: nothing is left of it that could be cancelled. `polls`: it is asked for as a whole, not for its stream.
    """

    __slots__ = (
        "_alarm", "_exchange", "_key", "_number", "_reader", "_sequence", "_tap", "_tries", "channel", "ident", "over",
        "polls",
    )  # fmt: skip

    def __init__(self, exchange: Exchange, handle: Handle | None = None) -> None:
        self._exchange = exchange
        self._alarm = Alarm(self._ring)
        self._reader: Resumable | None = None
        self._tap: JobTap | None = None
        self._number = 0  # connections after the first that gave something
        self._tries = 0  # since the last event
        self.over = self.polls = False
        self.channel = handle.channel if handle is not None else ""
        self.ident = handle.ident if handle is not None else ""
        self._key = handle.key if handle is not None else 0
        self._sequence = -1

    @property
    def handle(self) -> Handle | None:
        """As it is now; None while the job is not known to be one."""
        if not self.ident:
            return None
        reader = self._reader
        return Handle(self.channel, self.ident, -1 if reader is None else reader.sequence, self._key)

    # -- for the driver ------------------------------------------------------------------------------------------

    def tap(self, candidate: Candidate) -> JobTap:
        """The sink of an attempt at `candidate` that may become the job's."""
        return JobTap(self._exchange, candidate, self)

    def take_up(self, candidate: Candidate) -> None:
        """Read a job that runs already from its beginning, instead of asking for another."""
        self._tap = self.tap(candidate)
        self._tap.again = True
        self.accepted()
        self._open()

    def settle(self, outcome: Outcome, why: Fault | None) -> None:
        """The exchange is over."""
        exchange, tap = self._exchange, self._tap
        exchange.ports.wheel.forget(self._alarm)
        self._tap = self._reader = None  # all of these refer to each other
        left_running = why is not None and why.code == "gateway_draining"
        if self.ident and outcome is not Outcome.COMPLETED and not self.over and not left_running:
            candidate = exchange.machine.candidate if tap is None else tap.candidate
            Farewell(exchange, candidate, self.ident).say()

    # -- for its tap ---------------------------------------------------------------------------------------------

    def known(self, tap: JobTap, reader: Resumable) -> None:
        """The provider has told its id, or a stream of it runs (again)."""
        self._tap, self._reader = tap, reader
        if self.ident:
            return
        exchange = self._exchange
        self.channel, self.ident, self._key = tap.candidate.channel, reader.handle, tap.candidate.key
        if exchange.on_handle is not None:
            exchange.on_handle(exchange)

    def accepted(self) -> None:
        """Tell the machine that there is no way back."""
        exchange = self._exchange
        machine = exchange.machine
        while (event := _ON.get(machine.phase)) is not None:
            exchange.feed(event)
        if not machine.committed:
            exchange.feed(on.COMMITTED)

    def moved(self) -> None:
        """There is an event that was not there before: the next break is a new one."""
        reader = self._reader
        if reader is not None and reader.sequence != self._sequence:
            self._sequence = reader.sequence
            self._tries = 0

    def resumed(self) -> None:
        """Its stream is here again."""
        self._number += 1
        self._mark("resumed", str(self._number))

    def lost(self, why: Fault) -> None:
        """The connection broke, or could not be had; the job goes on. `why.retry_after`: what was asked for."""
        if self._tries == 0:
            self._mark("interrupted", why.code)
        if self._reader is not None:
            self._reader.resume()
        asked = backoff.honoured(why.retry_after)
        self._again(CAP if asked is None else asked)

    def runs(self) -> None:
        """It was asked for as a whole, and is not done: that is the one sign of life it can give now."""
        exchange, ports = self._exchange, self._exchange.ports
        exchange.machine.progress(ports.clock())
        self._again(0.0)

    def refused(self, status: int, why: Fault) -> None:
        """The provider will not give its stream (any more): perhaps it tells how the job stands."""
        if status not in _GONE and not self.polls:
            self.polls = True
            self._mark("polling", why.code)
            self.lost(why)
            return
        self.over = status in _GONE
        self._exchange.broke(why)

    # -- inside --------------------------------------------------------------------------------------------------

    def _mark(self, event: str, detail: str) -> None:
        exchange = self._exchange
        exchange.machine.timeline.add(exchange.ports.clock(), event, detail)

    def _again(self, asked: float) -> None:
        """Another connection follows, not before `asked` seconds."""
        exchange, ports = self._exchange, self._exchange.ports
        exchange.unhook()
        pause = backoff.jittered(self._tries, BASE, POLLED if self.polls else CAP, ports.luck())
        self._tries += 1
        ports.wheel.set(self._alarm, ports.clock() + max(pause, asked))

    def _ring(self, _: float) -> None:
        self._open()

    def _open(self) -> None:
        exchange, tap = self._exchange, self._tap
        if tap is None or exchange.machine.phase is Phase.SETTLED:
            return
        tap.begin()
        exchange.expect(tap)
        after = -1 if self._reader is None else self._reader.sequence
        errand = inspection(self.ident) if self.polls else resumption(self.ident, after)
        fresh, tap.stale = tap.stale, False
        attempt = exchange.ports.open(tap.candidate, b"", tap, fresh=fresh, call=exchange.call, errand=errand)
        exchange.carry(tap, attempt)
