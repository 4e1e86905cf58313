"""An exchange's place at an endpoint, or in the line for one: how it is asked for, taken and given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outwait.core.endpoints import Hold, Outlook, Wish
from outwait.core.fault import Fault
from outwait.core.plan import OnDisconnect
from outwait.exchange import inputs as on
from outwait.exchange.effects import Acquire
from outwait.plan.conversation import conversation
from outwait.policy.choice import LAST_KEY

if TYPE_CHECKING:
    from outwait.exchange.driver import Exchange


def begin(exchange: Exchange) -> None:
    """Ask for the first place, and begin."""
    candidates = exchange.plan.candidates
    if not candidates or (exchange.job is not None and exchange.job.ident):  # its work runs already
        exchange.feed(on.BEGIN_GRANTED if candidates else on.BEGIN)
        return
    hold = exchange.ports.endpoints.lone(exchange.plan)
    if hold is not None:
        exchange.hold = hold
        plain = hold.candidate is candidates[0]
        exchange.feed(on.BEGIN_GRANTED if plain else on.Begin(on.Granted(0, hold.candidate)))
        return
    wanted = wish(exchange)
    found = _ask(exchange, wanted)
    if isinstance(found, on.Granted):
        exchange.feed(on.Begin(found))
        return
    exchange.waiting = wanted  # so that nobody asks again
    exchange.feed(on.BEGIN)
    if found is not None:
        exchange.waiting = None
        exchange.feed(found)


def acquire(exchange: Exchange, effect: Acquire) -> None:
    """Ask for a place, unless `begin` has; `Granted` or `Refused` is fed now or later."""
    if exchange.waiting is None:
        wanted = wish(exchange, effect.places, effect.used)
        found = _ask(exchange, wanted)
        if found is None:
            exchange.waiting = wanted
        else:
            exchange.feed(found)


def outlook(exchange: Exchange) -> Outlook:
    """Where an attempt could go now."""
    return exchange.ports.endpoints.outlook(wish(exchange))


def leave(exchange: Exchange, failed: Fault | None) -> None:
    """Give up the place, or the wait for one; `failed`: what ended the attempt."""
    hold, waiting = exchange.hold, exchange.waiting
    if hold is not None:
        exchange.hold = None
        hold.leave(failed, 0.0 if exchange.machine.content_at is None else exchange.machine.gap)
    elif waiting is not None:
        exchange.waiting = None
        exchange.ports.endpoints.withdraw(waiting, exchange.granted)


def granted(exchange: Exchange, hold: Hold) -> None:
    """There is a place now."""
    exchange.waiting = None
    exchange.feed(_sit(exchange, hold))


def span(exchange: Exchange) -> float:
    """Seconds from acceptance in which an answer is of use."""
    plan = exchange.plan
    total = plan.timeouts.total.seconds
    if plan.patience is not None and plan.on_disconnect is OnDisconnect.CANCEL:
        return min(total, plan.patience)  # what comes later, nobody gets
    return total


def wish(exchange: Exchange, places: tuple[int, ...] = (), used: tuple[tuple[int, int], ...] = ()) -> Wish:
    """For an attempt at one of `places`; see `Wish`."""
    plan = exchange.plan
    sticky = conversation(exchange.call) if plan.sticky else None
    return Wish(plan, exchange.key, exchange.machine.timeline.accepted + span(exchange), sticky, places, used)


def _ask(exchange: Exchange, wanted: Wish) -> on.Granted | on.Refused | None:
    found = exchange.ports.endpoints.acquire(wanted, exchange.granted)
    if found is None:
        return None
    return on.Refused(found) if isinstance(found, Fault) else _sit(exchange, found)


def _sit(exchange: Exchange, hold: Hold) -> on.Granted:
    exchange.hold = hold
    told = len(exchange.plan.candidates) > 1 or hold.reason.startswith(LAST_KEY)
    reason = hold.reason if told else ""
    return on.Granted(hold.place, hold.candidate, reason)
