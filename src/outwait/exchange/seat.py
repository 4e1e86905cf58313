"""An exchange's place at an endpoint, or in the line for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outwait.core.endpoints import Hold, Outlook, Wish
from outwait.core.fault import Fault
from outwait.core.plan import OnDisconnect
from outwait.exchange import inputs as on
from outwait.exchange.effects import Acquire
from outwait.plan.conversation import conversation

if TYPE_CHECKING:
    from outwait.exchange.driver import Exchange


class Seat:
    """The seat of one exchange. `hold`: the place it has."""

    __slots__ = ("_exchange", "_refusal", "_waiting", "hold")

    def __init__(self, exchange: Exchange) -> None:
        self.hold: Hold | None = None
        self._exchange = exchange
        self._waiting: Wish | None = None
        self._refusal: Fault | None = None

    def begin(self) -> on.Begin:
        """Ask for the first place; what the machine begins with."""
        exchange = self._exchange
        if not exchange.plan.candidates:
            return on.BEGIN
        if exchange.job is not None and exchange.job.ident:
            return on.BEGIN_GRANTED  # its work runs already
        granted = self._ask(self._wish())
        return on.BEGIN if granted is None else on.Begin(granted)

    def acquire(self, effect: Acquire) -> None:
        """Ask for a place, unless `begin` has; `Granted` or `Refused` is fed now or later."""
        if self._waiting is not None:
            return
        granted = None if self._refusal is not None else self._ask(self._wish(effect))
        if granted is not None:
            self._exchange.feed(granted)
        elif self._refusal is not None:
            refusal, self._refusal = self._refusal, None
            self._exchange.feed(on.Refused(refusal))

    def outlook(self) -> Outlook:
        """Where an attempt could go now."""
        return self._exchange.ports.endpoints.outlook(self._wish())

    def leave(self, failed: Fault | None) -> None:
        """Give up the place, or the wait for one."""
        hold, waiting = self.hold, self._waiting
        if hold is not None:
            self.hold = None
            machine = self._exchange.machine
            hold.leave(failed, machine.gap if machine.content_at is not None else 0.0)
        elif waiting is not None:
            self._waiting = None
            self._exchange.ports.endpoints.withdraw(waiting, self._granted)

    def _wish(self, effect: Acquire | None = None) -> Wish:
        exchange = self._exchange
        plan, accepted = exchange.plan, exchange.machine.timeline.accepted
        span = plan.timeouts.total.seconds
        if plan.patience is not None and plan.on_disconnect is OnDisconnect.CANCEL:
            span = min(span, plan.patience)  # what comes later, nobody gets
        sticky = conversation(exchange.call) if plan.sticky else None
        if effect is None:
            return Wish(plan, exchange.key, accepted + span, sticky)
        return Wish(plan, exchange.key, accepted + span, sticky, effect.places, effect.used)

    def _ask(self, wish: Wish) -> on.Granted | None:
        found = self._exchange.ports.endpoints.acquire(wish, self._granted)
        if found is None:
            self._waiting = wish
        elif isinstance(found, Fault):
            self._refusal = found
        else:
            return self._sit(found)
        return None

    def _sit(self, hold: Hold) -> on.Granted:
        self.hold = hold
        alone = len(self._exchange.plan.candidates) == 1
        return on.Granted(hold.place, hold.candidate, "" if alone else hold.reason)

    def _granted(self, hold: Hold) -> None:
        self._waiting = None
        self._exchange.feed(self._sit(hold))
