"""What runs right now, as it is shown to an operator: where each exchange stands, how long it has been silent, which
clock runs and what is left of it.

No word of a prompt or an answer is in it.
"""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from outwait.core.entry import Mark

if TYPE_CHECKING:
    from collections.abc import Iterable

    from outwait.exchange.driver import Exchange

_CLIENT = 120  # characters of a User-Agent that are shown


class Running(msgspec.Struct, frozen=True, gc=False):
    """One exchange in flight. All spans in seconds.

    `age`: since acceptance. `silence`: since the upstream's last sign of life. `clock`: which one runs, None in a
    backoff; `left`: until it strikes, or the next attempt begins, None while a slow reader holds it; `span`, `reason`:
    what it was set to, and by which rule. `total_left`: until the exchange ends whatever happens. `heartbeats`: sent to
    the clients that read it now, whose number is `readers`. `patience`: when the client gives up, as it said itself.
    `bytes`: of the answer so far.
    """

    id: str
    key: str
    client: str
    endpoint: str
    model: str
    stream: bool
    scenario: str
    started: float
    age: float
    phase: str
    channel: str | None
    upstream_model: str | None
    attempt: int
    silence: float
    clock: str | None
    left: float | None
    span: float | None
    reason: str | None
    total_left: float
    heartbeats: int
    readers: int
    patience: float | None
    bytes: int
    timeline: tuple[Mark, ...] = ()


def running(exchange: Exchange, now: float, *, whole: bool = False) -> Running:
    """Where `exchange` stands at `now` (the loop's clock). `whole`: with its timeline."""
    machine, plan, replay, call = exchange.machine, exchange.plan, exchange.replay, exchange.call
    silence, span, left, total_left = machine.standing(now)
    clock, candidate = machine.phase.clock, exchange.candidate
    return Running(
        id=exchange.id,
        key=exchange.key,
        client=exchange.client[:_CLIENT],
        endpoint=call.endpoint,
        model=call.model,
        stream=call.stream,
        scenario=plan.scenario,
        started=exchange.started,
        age=_round(now - machine.timeline.accepted),
        phase=machine.phase.value,
        channel=candidate.channel if candidate else None,
        upstream_model=candidate.model if candidate else None,
        attempt=machine.number,
        silence=_round(silence),
        clock=None if clock is None else clock.value,
        left=None if math.isinf(left) else _round(left),
        span=None if math.isinf(span) else _round(span),
        reason=None if clock is None else machine.timeouts().of(clock).reason,
        total_left=_round(total_left),
        heartbeats=sum(each.delivery.heartbeats for each in replay.readers if each.delivery is not None),
        readers=len(replay.readers),
        patience=plan.patience,
        bytes=replay.size,
        timeline=machine.timeline.marks() if whole else (),
    )


def oldest(exchanges: Iterable[Exchange], now: float, most: int) -> tuple[int, list[Running]]:
    """How many of `exchanges` are in flight, and the `most` of them that were accepted first."""
    alive = [each for each in exchanges if not each.settled]
    return len(alive), [running(each, now) for each in islice(alive, most)]


def _round(seconds: float) -> float:
    return round(seconds, 3)
