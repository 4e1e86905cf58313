"""What the machine decides about an attempt beside the running one (a hedge). Pure.

One runs beside another only while that has no content. Whoever has content first is the current attempt from then on,
and the other is ended; so it is where one of them fails, unless the failure would be the same everywhere. The attempt
that steps up walks through the phases again, with clocks of its own: its reports so far are told then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from outwait.core.fault import RetryClass, fault
from outwait.exchange import inputs as on
from outwait.exchange.effects import Close, Effect, Forgo, Overtake
from outwait.exchange.phase import Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from outwait.exchange.machine import Machine

_NOTHING: tuple[Effect, ...] = ()


def hedged(machine: Machine, event: on.Hedged, now: float) -> tuple[Effect, ...]:
    """A second attempt begins."""
    machine.number += 1
    machine.turns.taken += 1
    machine.turns.beside = event
    machine.timeline.add(now, "hedged", f"{event.candidate.channel}: {event.reason}")
    return _NOTHING


def overtaken(machine: Machine, _: on.Overtaken, now: float) -> tuple[Effect, ...]:
    """The second attempt has content, the first has none."""
    beside = machine.turns.beside
    return () if beside is None else (Close(fault("cancelled")), *step_up(machine, beside, None, now))


def fell(machine: Machine, event: on.Fell, now: float) -> tuple[Effect, ...]:
    """The second attempt broke; the first goes on."""
    beside = machine.turns.beside
    if beside is not None:
        machine.timeline.add(now, "hedge failed", event.fault.code)
        machine.turns.fell(beside, event.fault, now)
    return _NOTHING


def outrun(machine: Machine) -> tuple[Effect, ...]:
    """The first attempt has content before the second."""
    machine.turns.beside = None
    return (Forgo(),)


def step_up(machine: Machine, beside: on.Hedged, failed: RetryClass | None, now: float) -> tuple[Effect, ...]:
    """The attempt `beside` is the current one from now on; `failed`: as in `effects.Overtake`."""
    turns = machine.turns
    slow = turns.current.channel
    turns.step_up(beside)
    machine.timeline.add(now, "overtaken", f"{turns.current.channel} instead of {slow}")
    machine.enter(Phase.CONNECTING, now)
    return (Overtake(failed),)


# As the rows of `machine.ROWS`, for the phases in which an attempt waits for content.
ROW: dict[type, Callable[[Any, Any, float], tuple[Effect, ...]]] = {
    on.Hedged: hedged,
    on.Overtaken: overtaken,
    on.Fell: fell,
}
