"""One request of the simulation: the product's own machine decides, this carries out what it says in virtual time.

It is what `exchange.driver` is to a real request, without bytes: it acquires places, opens attempts, closes them, rings
the clocks, and pays for retries. `Manner` says which of the product's scruples hold; the policies compared with ours do
without some of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

from bench.routing.figures import Record
from bench.routing.upstream import Answer, Upstream
from bench.routing.world import Event, World
from outwait.core.endpoints import Endpoints, Hold, Wish
from outwait.core.fault import Fault, fault
from outwait.core.plan import Plan
from outwait.exchange import effects as do
from outwait.exchange import inputs as on
from outwait.exchange.machine import Machine
from outwait.policy.budget import Budgets

_WORD = 20.0  # seconds from one sign of a running answer to the next


@dataclass(frozen=True, slots=True)
class Gateway:
    """What all requests of a run share. `careful`: retries stay within the budgets, and what may have been charged is
    not risked twice; without it whatever failed is tried again.
    """

    world: World
    upstreams: dict[str, Upstream]
    endpoints: Endpoints
    budgets: Budgets
    luck: Random
    record: Record
    careful: bool = True


class Call:
    """One request. `settled` is told the fault it ended with, None for an answer."""

    __slots__ = (
        "_arrived", "_bell", "_charged", "_due", "_gateway", "_happening", "_hold", "_machine", "_plan", "_settled",
        "_ticket", "_waiting", "_wish",
    )  # fmt: skip

    def __init__(
        self, gateway: Gateway, plan: Plan, key: str, arrived: float, settled: Callable[[Fault | None], None]
    ) -> None:
        now = gateway.world.now
        self._gateway = gateway
        self._plan = plan
        self._arrived = arrived
        self._settled = settled
        self._machine = Machine(plan, now)
        self._wish = Wish(plan, key, now + plan.timeouts.total.seconds)
        self._ticket = gateway.budgets.enter(plan.public, plan.scenario, now)
        self._hold: Hold | None = None
        self._waiting: tuple[Wish, Callable[[Hold], None]] | None = None
        self._happening: Event | None = None
        self._bell: Event | None = None
        self._due = 0.0
        self._charged = 0

    def begin(self) -> None:
        """It is admitted."""
        self._feed(on.BEGIN)

    def _feed(self, event: on.Input) -> None:
        machine, world = self._machine, self._gateway.world
        for effect in machine.handle(event, world.now):
            match effect:
                case do.Acquire():
                    self._acquire(effect)
                case do.Open():
                    self._open(effect)
                case do.Close():
                    self._close(effect)
                case do.Retrying():
                    self._retry(effect)
                case do.Settle():
                    self._settle(effect)
                case do.Overtake() | do.Forgo():
                    raise AssertionError("nobody hedges here")
        due = machine.deadline()
        if due != self._due:
            self._due = due
            if self._bell is not None:
                self._bell.cancel()
            self._bell = None if machine.outcome else world.at(due, self._ring)

    def _ring(self) -> None:
        failed = fault("first_byte_timeout")  # what the retry budgets are asked for; the machine knows the clock
        self._feed(on.Tick(self._odds(failed)))

    # -- effects -------------------------------------------------------------------------------------------------

    def _acquire(self, effect: do.Acquire) -> None:
        wish = Wish(self._plan, self._wish.key, self._wish.deadline, places=effect.places, used=effect.used)
        granted = self._granted
        got = self._gateway.endpoints.acquire(wish, granted)
        if got is None:
            self._waiting = (wish, granted)
        elif isinstance(got, Fault):
            self._feed(on.Refused(got))
        else:
            self._granted(got)

    def _granted(self, hold: Hold) -> None:
        self._waiting = None
        self._hold = hold
        self._feed(on.Granted(hold.place, hold.candidate, hold.reason))

    def _open(self, effect: do.Open) -> None:
        gateway, record = self._gateway, self._gateway.record
        candidate, now = effect.candidate, gateway.world.now
        upstream = gateway.upstreams[candidate.channel]
        answer = upstream.ask(candidate.key, now)
        if record.counts(self._arrived):
            record.attempts += 1
            record.asked[candidate.channel] = record.asked.get(candidate.channel, 0) + 1
            record.hits += answer.bad
            if answer.charged:
                record.charged += 1
                record.doubled += self._charged > 0
        self._charged += answer.charged
        if answer.failed is None or answer.status:
            self._feed(on.Dispatched())
        self._next(answer.first, partial(self._first, answer))

    def _first(self, answer: Answer) -> None:
        hold = self._hold
        assert hold is not None
        if answer.status:
            hold.headed(answer.status, answer.headers)
        if answer.failed is not None:
            self._leave(answer.failed)
            self._feed(on.Failed(answer.failed, self._odds(answer.failed)))
            return
        self._feed(on.Headed(answer.status))
        hold.content()
        record = self._gateway.record
        if record.counts(self._arrived):
            record.waits.append(self._gateway.world.now - self._arrived)
        self._feed(on.CONTENT)
        self._feed(on.COMMITTED)
        self._words(answer.rest)

    def _words(self, left: float) -> None:
        """Words come for `left` more seconds."""
        self._machine.progress(self._gateway.world.now)
        if left > _WORD:
            self._next(_WORD, partial(self._words, left - _WORD))
        else:
            self._next(left, self._last)

    def _last(self) -> None:
        self._leave(None)
        self._feed(on.ENDED)

    def _close(self, effect: do.Close) -> None:
        if self._waiting is not None:
            wish, granted = self._waiting
            self._waiting = None
            self._gateway.endpoints.withdraw(wish, granted)
        self._leave(effect.why)

    def _retry(self, effect: do.Retrying) -> None:
        if not effect.repair:
            self._ticket.charge(effect.retry_class, self._gateway.world.now, failover=effect.failover)

    def _settle(self, effect: do.Settle) -> None:
        first_try = effect.outcome is do.Outcome.COMPLETED and self._machine.number == 1
        self._ticket.leave(self._machine.candidate.channel if first_try else None)
        self._settled(effect.fault)

    # -- what they share -----------------------------------------------------------------------------------------

    def _next(self, seconds: float, what: Callable[[], None]) -> None:
        """What happens next in the running attempt; nothing, where it never comes."""
        self._happening = self._gateway.world.after(seconds, what) if seconds < float("inf") else None

    def _leave(self, failed: Fault | None) -> None:
        """The attempt is over, if one runs."""
        if self._happening is not None:
            self._happening.cancel()
            self._happening = None
        hold, self._hold = self._hold, None
        if hold is not None:
            if failed is not None:
                self._ticket.failed(hold.candidate.channel, failed)
            hold.leave(failed)

    def _odds(self, failed: Fault) -> on.Odds:
        gateway = self._gateway
        outlook = gateway.endpoints.outlook(self._wish)
        luck = gateway.luck.random()
        if not gateway.careful:
            return on.Odds(active=True, paid=True, luck=luck, order=outlook.order, note=outlook.note)
        ticket, candidates = self._ticket, self._plan.candidates
        return on.Odds(
            active=ticket.active(self._machine.candidate.channel, failed),
            paid=ticket.paid(self._plan.retry.paid, gateway.world.now),
            luck=luck,
            order=tuple(place for place in outlook.order if ticket.room(candidates[place].channel)),
            note=outlook.note,
        )
