"""The driver: carries out what the machine decides, and turns what the wire reports into the machine's inputs.

It holds no policy. Everything it needs from other rooms comes as `Ports`. It has no task of its own: it is called by
the upstream connection, by its one alarm, and by its readers, always on the loop's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from msgspec import structs

from outwait.core.endpoints import Hold, Wish
from outwait.core.fault import Fault, Refusal, Stage, fault
from outwait.core.plan import Candidate, Plan
from outwait.core.progress import Attempt
from outwait.core.reply import Usage
from outwait.core.request import Call
from outwait.dialects import bridge
from outwait.dialects.dialect import Announced, Dialect
from outwait.dialects.dialect import Reader as Reading
from outwait.exchange import effects as do
from outwait.exchange import inputs as on
from outwait.exchange import seat
from outwait.exchange.account import Delivery, Returns, entry_of
from outwait.exchange.handle import Handle, narrowed
from outwait.exchange.hedge import Hedger, forgo, overtake
from outwait.exchange.machine import Machine
from outwait.exchange.phase import Phase
from outwait.exchange.ports import Ports
from outwait.exchange.replay import Reader, Replay
from outwait.exchange.resume import Job
from outwait.exchange.tap import Tap
from outwait.policy.budget import Ticket
from outwait.wire.wheel import Alarm

__all__ = ["Exchange", "Ports"]

# Looked up once: the member of an enum takes 74 ns where it stands, and 10 here.
_SETTLED, _COMPLETED = Phase.SETTLED, do.Outcome.COMPLETED
_EXPIRED = fault("total_timeout")  # stands for any of our own clocks where only the kind of fault matters


class Exchange:
    """One accepted request until nobody needs it any more."""

    __slots__ = (
        "_alarm",
        "_deliveries",
        "_handle",
        "_last",
        "announced",
        "attempt",
        "call",
        "client",
        "dialect",
        "dropped",
        "ending",
        "fault",
        "hedger",
        "hold",
        "id",
        "inserted",
        "job",
        "keep",
        "key",
        "machine",
        "on_handle",
        "paused",
        "plan",
        "ports",
        "replay",
        "retries",
        "returns",
        "served",
        "started",
        "stored",
        "tap",
        "ticket",
        "usage",
        "waiting",
    )

    def __init__(self, ident: str, key: str, call: Call, plan: Plan, dialect: Dialect, ports: Ports) -> None:
        self.id = ident
        self.key = key
        self.plan = plan
        self.dialect = dialect
        self.ports = ports
        self.client = call.headers.get("user-agent", "")
        self.started = ports.wall()
        self.call = call if call.created else structs.replace(call, created=int(self.started))
        now = ports.clock()
        self.machine = Machine(plan, now)
        self.ticket: Ticket = ports.budgets.enter(call.model, plan.scenario, now)
        self.replay = Replay(ports.bounds)
        self.retries: list[str] = []
        self.returns: Returns | None = None  # None as long as there is nothing to count
        self.served = False  # a client has the whole answer
        self.stored: bool | None = None  # whether the store has how it ended; None before it was told
        self.inserted: Sequence[int] = ()  # numbers of heartbeats that the last client saw among the answer's events
        self.announced: Announced | None = None  # what a heartbeat has called the answer before it was there
        self.dropped: tuple[str, ...] = ()  # fields of the call that the upstream's dialect has no words for
        self.usage: Usage | None = None
        self.fault: Fault | None = None
        self.keep: Callable[[Exchange], bool] | None = None  # True: the end is told by `release`, once it is stored
        self.ending = b""  # the last piece of the answer, while its end is held back
        self.on_handle: Callable[[Exchange], None] | None = None  # told once, when `handle` becomes known
        self.job = Job(self) if call.state is not None and call.state.background else None
        self._handle: Handle | None = None
        self.attempt: Attempt | None = None
        self.tap: Tap | None = None  # of the running attempt
        self.hold: Hold | None = None  # the running attempt's place
        self.waiting: Wish | None = None  # what place is waited for
        self.hedger = None if plan.hedge is None else Hedger(self, plan.hedge)
        self.paused = False  # the upstream is held back until a reader has read on
        self._last = b""
        self._deliveries: list[Delivery] = []
        self._alarm = Alarm(self._ring)

    @property
    def handle(self) -> Handle | None:
        """By which any process can go on with its upstream's work; None where there is nothing of the kind."""
        return self._handle if self.job is None else self.job.handle

    @handle.setter
    def handle(self, handle: Handle) -> None:
        """Set before `begin`: the work runs already, and is read from its beginning instead of asked for."""
        self.plan = narrowed(self.plan, handle, self.call.dialect)
        self.machine = Machine(self.plan, self.machine.timeline.accepted)
        self.job = Job(self, handle)

    # -- for the edge --------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start the first attempt, unless it was cancelled before."""
        if self.machine.phase is _SETTLED:
            return
        seat.begin(self)

    def join(self, wake: Callable[[], None], delivery: Delivery | None = None) -> Reader:
        """A reader comes; it starts at the first byte. `delivery`: where what it gets is counted while it reads."""
        reader = Reader(self.replay, wake, delivery)
        self.replay.readers.append(reader)
        if len(self.replay.readers) == 1 and not self.machine.attached:
            self.feed(on.READER_CAME)
        return reader

    def leave(self, reader: Reader, delivery: Delivery) -> None:
        """A reader goes, with what its client got."""
        self.replay.readers.remove(reader)
        reader.close()
        self._deliveries.append(delivery)
        if not self.replay.readers and not self.settled:
            self.feed(on.READER_LEFT)
        self.took()  # it may have been the one who was waited for
        self._book()
        if not delivery.whole and self.machine.outcome is not do.Outcome.CANCELLED:
            self.ports.left(self, delivery)
        elif self.settled and not self.replay.readers:
            self.ports.done(self)

    def took(self) -> None:
        """A reader has read on; let the upstream go on if it was held back."""
        if self.paused and self.attempt is not None and self.replay.caught_up():
            self.paused = False
            self.feed(on.RESUMED)  # first, since what is read on may be told at once
            self.attempt.resume()

    def cancel(self, why: Fault | None = None) -> None:
        """End it now, upstream connection and all; clients are told `why`, or that it was cancelled."""
        self.feed(on.CANCEL if why is None else on.Cancel(why))

    def detach(self) -> None:
        """It goes on without a client, from the beginning; call after `begin`."""
        if not self.settled:
            self.feed(on.READER_LEFT)

    def release(self) -> None:
        """Tell the end of an exchange over which the machine has settled: its readers, the ledger, the registry."""
        ending, self.ending = self.ending, b""
        alone = not self.replay.readers
        self.replay.finish(self.fault, ending)
        if self._deliveries:
            self._book()
        if alone:  # else the last of them says that it is done, now or later
            self.ports.done(self)

    @property
    def settled(self) -> bool:
        """Nothing follows upstream, and the end was told."""
        return self.replay.finished

    @property
    def candidate(self) -> Candidate | None:
        """The candidate of the current or last attempt; None before the first."""
        return self.machine.candidate if self.machine.number else None

    # -- for the tap ---------------------------------------------------------------------------------------------

    def reader(self, candidate: Candidate, status: int, headers: Mapping[str, str]) -> Reading:
        """The reader of a 2xx reply of `candidate`."""
        if candidate.dialect == self.call.dialect:
            return self.dialect.reader(self.call, candidate, status, headers)
        return bridge.reader(
            self.call, self.dialect, self.ports.upstream_dialect(candidate.dialect), candidate, headers
        )

    def feed(self, event: on.Input) -> None:
        """Hand one input to the machine and do what it says."""
        machine = self.machine
        for effect in machine.handle(event, self.ports.clock()):
            _DO[type(effect)](self, effect)
        due = machine.deadline()
        if due != self._alarm.due:
            self.ports.wheel.set(self._alarm, due)

    def is_current(self, tap: Tap) -> bool:
        """Whether `tap` belongs to the running attempt; a late report of an ended one counts for nothing."""
        return self.tap is tap

    def broke(self, failed: Fault) -> None:
        """The running attempt failed by itself; its connection is gone already."""
        self._detach(failed)
        self.feed(on.Failed(failed, self._odds(failed)))

    def spoiled(self, failed: Fault, words: bytes = b"") -> None:
        """The running attempt's answer is no good; its connection may still be open. `words`: what it said that nobody
        has seen yet; they are delivered if no other attempt follows.
        """
        self._close_attempt(failed)
        self._last = words
        self.feed(on.Failed(failed, self._odds(failed)))
        self._last = b""

    def unhook(self) -> None:
        """The running attempt is of no use any more, but what it was made for goes on: its seat stays taken."""
        attempt, self.attempt, self.tap = self.attempt, None, None
        if attempt is not None:
            attempt.cancel()
        if self.paused:
            self.paused = False
            self.feed(on.RESUMED)

    def expect(self, tap: Tap) -> None:
        """The attempt that reports to `tap` is the current one from now on."""
        self.tap = tap

    def deliver(self, data: bytes) -> None:
        """Content for the client."""
        if self.replay.append(data if self.announced is None else self.announced.retell(data)):
            self.strained()

    def strained(self) -> None:
        """The replay buffer has taken more than its readers did."""
        if not self.replay.readers:
            self.cancel()  # nobody reads, and it can no longer be kept: going on would be for nothing
        elif not self.paused and self.attempt is not None:
            self.paused = True
            self.attempt.pause()
            self.feed(on.PAUSED)

    def completed(self, last: bytes, usage: Usage | None, event: on.Input, *, framed: bool) -> None:
        """The answer is whole, says `event`; `last` is its last piece. `framed`: its framing has ended too."""
        self._last = last
        self.usage = usage
        attempt = self._detach(None)
        if attempt is not None and not framed:
            attempt.leave()
        self.feed(event)

    # -- effects -------------------------------------------------------------------------------------------------

    def _acquire(self, effect: do.Acquire) -> None:
        seat.acquire(self, effect)

    def granted(self, hold: Hold) -> None:
        """There is a place for the attempt that waited for one."""
        seat.granted(self, hold)

    def _open(self, effect: do.Open) -> None:
        candidate, job = effect.candidate, self.job
        if job is not None and job.ident:
            job.take_up(candidate)
            return
        tap = Tap(self, candidate) if job is None else job.tap(candidate)
        self.tap = tap
        try:
            body, self.dropped = self.word(candidate)
        except Refusal as refused:
            self.broke(replace(refused.fault, stage=Stage.QUEUED))
            return
        self.carry(tap, self.ports.open(candidate, body, tap, fresh=effect.fresh, call=self.call))

    def carry(self, tap: Tap, attempt: Attempt) -> None:
        """The attempt that reports to `tap` is open."""
        if self.tap is tap:
            self.attempt = attempt
            tap.opened()
        else:
            attempt.cancel()  # it was over before its handle was here

    def word(self, candidate: Candidate) -> tuple[bytes, tuple[str, ...]]:
        """The body for `candidate`, and the fields it leaves out. Raises Refusal for what its dialect cannot say."""
        if candidate.dialect == self.call.dialect:
            return self.dialect.prepare(self.call, candidate), ()
        target = self.ports.upstream_dialect(candidate.dialect)
        worded = bridge.word(self.call, self.dialect, target, candidate)
        return worded.body, worded.dropped

    def _close(self, effect: do.Close) -> None:
        self._close_attempt(effect.why)

    def _retry(self, effect: do.Retrying) -> None:
        if not effect.repair:
            self.ticket.charge(effect.retry_class, self.ports.clock(), failover=effect.failover)
        self.retries.append(effect.retry_class.value)

    def _settle(self, effect: do.Settle) -> None:
        self.fault = effect.fault
        first_try = effect.outcome is _COMPLETED and self.machine.number == 1
        self.ticket.leave(self.machine.candidate.channel if first_try else None)
        self.ports.wheel.forget(self._alarm)
        if self.hedger is not None:
            self.hedger.settle()
        if self.job is not None:
            job, self._handle, self.job = self.job, self.job.handle, None
            job.settle(effect.outcome, effect.fault)
        self.ending, self._last = self._last if self.announced is None else self.announced.retell(self._last), b""
        if self.keep is None or not self.keep(self):
            self.release()

    def _detach(self, failed: Fault | None) -> Attempt | None:
        """Let go of the running attempt and its seat, or of the place in the line for one; `failed`: what ended it."""
        attempt, self.attempt, self.tap, self.paused = self.attempt, None, None, False
        if failed is not None and self.hold is not None:
            self.ticket.failed(self.hold.candidate.channel, failed)
        seat.leave(self, failed)
        return attempt

    def _close_attempt(self, failed: Fault) -> None:
        attempt = self._detach(failed)
        if attempt is not None:
            attempt.cancel()

    # -- the clock and the book ----------------------------------------------------------------------------------

    def _ring(self, now: float) -> None:
        if now < self.machine.deadline():
            self.ports.wheel.set(self._alarm, self.machine.deadline())
            return
        if self.machine.phase is Phase.SENDING and self.tap is not None and self.tap.still_writing(self.attempt):
            self.feed(on.WROTE)
            return
        if self.tap is not None and self.tap.refusing:
            self.spoiled(self.tap.refusal())  # an error reply that hangs: its status says more than the clock
            return
        self.feed(on.Tick(self._odds(_EXPIRED)))

    def _odds(self, failed: Fault) -> on.Odds:
        candidates, tried = self.plan.candidates, self.candidate
        outlook = seat.outlook(self)
        return on.Odds(
            active=tried is None or self.ticket.active(tried.channel, failed),
            paid=self.ticket.paid(self.plan.retry.paid, self.ports.clock()),
            luck=self.ports.luck(),
            order=tuple(place for place in outlook.order if self.ticket.room(candidates[place].channel)),
            note=outlook.note,
        )

    def _book(self) -> None:
        """Write the entries of all deliveries that are over, once the exchange is."""
        if not self.settled:
            return
        deliveries, self._deliveries = self._deliveries, []
        for delivery in deliveries:
            entry = entry_of(self, delivery)
            if entry.further or entry.rescued:
                self.returns = self.returns or Returns()
                self.returns.add(entry)
            self.ports.record(entry)
            self.served = self.served or (delivery.whole and self.fault is None)


# Each method takes the one effect that its row names.
_DO: dict[type, Callable[[Exchange, Any], None]] = {
    do.Acquire: Exchange._acquire,
    do.Open: Exchange._open,
    do.Close: Exchange._close,
    do.Overtake: overtake,
    do.Forgo: forgo,
    do.Retrying: Exchange._retry,
    do.Settle: Exchange._settle,
}
