"""The account of one delivery: what a reader got, and the ledger entry made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from outwait.core.entry import Entry
from outwait.exchange.effects import Outcome

if TYPE_CHECKING:
    from outwait.exchange.driver import Exchange

MIDDLEBOX_LIMIT = 60.0  # seconds of silence nginx, Apache, ALB and most others allow by default (FACTS 1.4)
_COMPLETED = Outcome.COMPLETED  # 74 ns where it stands; 10 here


class Delivery(msgspec.Struct, gc=False):
    """What one client connection took. `whole`: a complete reply, be it an answer or an error told in full, so that
    there is nothing to come back for. `cut`: we broke it off ourselves. `status`: what it saw, 0 for none. `data`:
    some of the answer was written to it. `adopted`: a retry was given an exchange that was there; `reattached`: a
    client came back for one by its id; `attached`, `replayed`: it named its question, whose exchange ran, or had ended.
    `came`: when (loop's clock).
    """

    whole: bool = False
    cut: bool = False
    data: bool = False
    status: int = 0
    heartbeats: int = 0
    adopted: bool = False
    reattached: bool = False
    attached: bool = False
    replayed: bool = False
    came: float = 0.0


class Returns(msgspec.Struct, gc=False):
    """How often clients were given an exchange that was not made for them, or would not have had it without us."""

    adopted: int = 0
    attached: int = 0
    replayed: int = 0
    reattached: int = 0
    rescued: int = 0

    @property
    def calls_saved(self) -> int:
        """Upstream calls that were not needed."""
        return self.adopted + self.attached + self.replayed

    def add(self, entry: Entry) -> None:
        """One delivery more."""
        self.adopted += entry.adopted
        self.attached += entry.attached
        self.replayed += entry.replayed
        self.reattached += entry.reattached
        self.rescued += entry.rescued


def entry_of(exchange: Exchange, delivery: Delivery) -> Entry:
    """The ledger entry of `delivery`; the exchange is settled."""
    machine, plan, call = exchange.machine, exchange.plan, exchange.call
    completed = machine.outcome is _COMPLETED
    answered = delivery.whole and completed
    candidate = exchange.candidate
    marks, replayed = machine.timeline, delivery.replayed
    came = delivery.came if replayed else marks.accepted  # a day later, maybe, and nobody waited for a model
    return Entry(
        exchange=exchange.id,
        key=exchange.key,
        dialect=call.dialect,
        endpoint=call.endpoint,
        model=call.model,
        scenario=plan.scenario,
        stream=call.stream,
        outcome=str(machine.outcome or Outcome.FAILED),
        delivered="whole" if answered else "partial" if delivery.data else "none",
        status=delivery.status,
        started=exchange.started + (came - marks.accepted),
        duration=exchange.ports.clock() - came,
        attempts=machine.number,
        channel=candidate.channel if candidate else "",
        upstream_model=candidate.model if candidate else "",
        first_byte=None if replayed or machine.head_at is None else machine.head_at - marks.accepted,
        first_token=None if replayed or machine.content_at is None else machine.content_at - marks.accepted,
        silence=0.0 if replayed else machine.silence,
        heartbeats=delivery.heartbeats,
        retries=tuple(exchange.retries),
        rescued=answered and _rescued(exchange, delivery),
        adopted=delivery.adopted,
        fault=exchange.fault,
        usage=exchange.usage,
        timeline=marks.raw(),
        client=exchange.client,
        reattached=delivery.reattached,
        attached=delivery.attached,
        replayed=replayed,
    )


def _rescued(exchange: Exchange, delivery: Delivery) -> bool:
    """Whether this client would not have had the answer without us: silence would have cut it, or had."""
    if delivery.adopted or delivery.reattached:
        return True
    if delivery.attached or delivery.replayed:
        return not exchange.served
    return exchange.machine.silence >= min(MIDDLEBOX_LIMIT, exchange.plan.patience or MIDDLEBOX_LIMIT)
