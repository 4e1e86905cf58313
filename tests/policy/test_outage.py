"""Total outage: nothing answers, and retries must not become a second one (FACTS 2.2: at most 20 % extra load).

The real machine, turns and budgets over a seeded stream of requests; only the upstreams are made up. What is counted
are attempts: the first of each request is the load, all others are extra, whether at the same channel or another.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from outwait.core.fault import Fault, Stage, UpstreamError, fault
from outwait.core.plan import Plan, Retry
from outwait.exchange import inputs as on
from outwait.exchange.effects import Acquire, Close, Effect, Forgo, Open, Outcome, Overtake, Retrying, Settle
from outwait.exchange.machine import Machine
from outwait.exchange.phase import Phase
from outwait.policy.budget import Budgets, Ticket
from outwait.testing.playbook import plan_of

PAID = 0.02  # of the requests, for chat
REFUSED = fault("upstream_connect", stage=Stage.CONNECTING)
BUSY = fault(
    "upstream_error", cause="rate_limited", stage=Stage.HEAD, upstream=UpstreamError(429, "application/json", b"{}")
)
BROKEN = fault("upstream_error", stage=Stage.HEAD, upstream=UpstreamError(500, "application/json", b"{}"))
RESET = fault("upstream_reset", stage=Stage.SENT)


class Outage:
    """`channels` serve one model; each attempt fails with `failed` after `takes` seconds on average."""

    def __init__(self, failed: Fault, takes: float, channels: str = "a", seed: int = 1) -> None:
        self.failed, self.takes, self.channels = failed, takes, channels
        self.luck = random.Random(seed)
        self.budgets = Budgets()
        self.events: list[tuple[float, int, Callable[[float], None]]] = []
        self.count = 0
        self.requests = 0
        self.settled = 0
        self.attempts: Counter[str] = Counter()
        self.failovers = 0
        self.repeats = 0

    def run(self, rate: float, seconds: float) -> Outage:
        now = 0.0
        while (now := now + self.luck.expovariate(rate)) < seconds:
            self.at(now, self.begin)
        while self.events:
            now, _, act = heapq.heappop(self.events)
            act(now)
        return self

    def at(self, moment: float, act: Callable[[float], None]) -> None:
        self.count += 1
        heapq.heappush(self.events, (moment, self.count, act))

    def plan(self) -> Plan:
        order = self.luck.sample(self.channels, len(self.channels))
        return replace(plan_of(*order), retry=Retry(paid=PAID))

    def begin(self, now: float) -> None:
        self.requests += 1
        plan = self.plan()
        machine, ticket = Machine(plan, now), self.budgets.enter("m", plan.scenario, now)
        self.carry_out(machine, ticket, machine.handle(on.Begin(), now), now)

    def carry_out(self, machine: Machine, ticket: Ticket, effects: tuple[Effect, ...], now: float) -> None:
        for effect in effects:
            match effect:
                case Acquire():
                    self.carry_out(machine, ticket, machine.handle(on.Granted(), now), now)
                case Open(candidate=candidate):
                    self.attempts[candidate.channel] += 1
                    later = now + self.takes * (0.5 + self.luck.random())
                    self.at(later, lambda now: self.fail(machine, ticket, now))
                case Retrying():
                    self.failovers += effect.failover
                    self.repeats += not effect.failover
                    ticket.charge(effect.retry_class, now, failover=effect.failover)
                case Settle(outcome=outcome):
                    assert outcome is Outcome.FAILED
                    ticket.leave()
                    self.settled += 1
                case Close() | Overtake() | Forgo():
                    raise AssertionError("no clock of an attempt runs here")
        if machine.phase is Phase.BACKOFF:
            self.at(machine.deadline(), lambda now: self.carry_out(machine, ticket, self.tick(machine, now), now))

    def tick(self, machine: Machine, now: float) -> tuple[Effect, ...]:
        return machine.handle(on.Tick(on.Odds(luck=self.luck.random())), now)

    def fail(self, machine: Machine, ticket: Ticket, now: float) -> None:
        ticket.failed(machine.candidate.channel, self.failed)
        candidates = machine.plan.candidates
        odds = on.Odds(
            active=ticket.active(machine.candidate.channel, self.failed),
            paid=ticket.paid(PAID, now),
            luck=self.luck.random(),
            order=tuple(at for at, candidate in enumerate(candidates) if ticket.room(candidate.channel)),
        )
        self.carry_out(machine, ticket, machine.handle(on.Failed(self.failed, odds), now), now)

    @property
    def extra(self) -> float:
        """Attempts beyond the first of each request, as a share of the requests."""
        return (sum(self.attempts.values()) - self.requests) / self.requests


@pytest.fixture(autouse=True)
def nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """After each run every exchange is settled and the books agree with what was counted."""
    run = Outage.run

    def checked(self: Outage, rate: float, seconds: float) -> Outage:
        run(self, rate, seconds)
        assert self.settled == self.requests
        assert sum(self.attempts.values()) == self.requests + self.failovers + self.repeats
        assert self.budgets.routes == 0
        return self

    monkeypatch.setattr(Outage, "run", checked)


FAILURES = [(REFUSED, 0.001), (REFUSED, 10), (BUSY, 0.05), (BUSY, 2), (BROKEN, 0.3), (BROKEN, 30), (RESET, 60)]


@pytest.mark.parametrize("failed, takes", FAILURES)
@pytest.mark.parametrize("rate, seconds", [(1, 600), (20, 120), pytest.param(100, 40, marks=pytest.mark.slow)])
def test_a_lone_channel_gets_at_most_a_fifth_more(failed: Fault, takes: float, rate: float, seconds: float) -> None:
    outage = Outage(failed, takes).run(rate, seconds)
    assert outage.failovers == 0
    assert 0 < outage.extra <= 0.2


@pytest.mark.parametrize("failed, takes", FAILURES)
def test_several_dead_channels_get_a_fifth_more_together(failed: Fault, takes: float) -> None:
    outage = Outage(failed, takes, "abc").run(20, 120)
    assert 0 < outage.extra <= 0.2


@pytest.mark.parametrize("failed", [BROKEN, RESET])
def test_what_may_have_been_charged_is_risked_for_two_percent(failed: Fault) -> None:
    outage = Outage(failed, 0.3, "abc").run(20, 120)
    assert outage.extra <= PAID + 3 / outage.requests
