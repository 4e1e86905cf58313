"""One run: a scenario under a policy with a seed. The same requests come at the same moments, whatever the policy."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from bench.routing.call import Call, Gateway
from bench.routing.figures import Figures, Record, percentile
from bench.routing.policies import Policy
from bench.routing.scenarios import Scenario
from bench.routing.upstream import Upstream
from bench.routing.world import World
from outwait.core.fault import Fault
from outwait.core.plan import Candidate, Plan, Retry, Span, Timeouts
from outwait.policy.budget import Budgets
from outwait.policy.retry import classify, should_retry
from outwait.policy.scenarios import SCENARIOS

TWO_HOURS = 7200.0
_MODEL = "model"
_SDK_LONGEST = 60.0  # seconds of Retry-After that SDKs obey; more, and they wait as they like
_MEMORY = 60.0  # seconds after a trouble in which it still is no false alarm


def plan_of(scenario: Scenario) -> Plan:
    """The plan of each request, as the planner would make it."""
    row = SCENARIOS[scenario.kind]
    total = scenario.deadline or row.total
    why = f"scenario {row.name}"
    first = Span(row.first_byte, why)
    timeouts = Timeouts(
        queue=Span(min(10.0, 0.2 * total), "built-in"),
        connect=Span(row.connect, why),
        write=Span(row.write, why),
        first_byte=first,
        first_token=first,
        idle=Span(row.idle, why),
        total=Span(total, why),
    )
    candidates = tuple(
        Candidate(name, "openai", _MODEL, keys=scenario.keys, weight=scenario.weights[at] if scenario.weights else 1.0)
        for at, name in enumerate(scenario.names)
    )
    return Plan(row.name, candidates, timeouts, retry=Retry(paid=row.paid), public=_MODEL)


@dataclass(slots=True)
class _Client:
    """One request as its client sees it: it may ask more than once."""

    run: Run
    arrived: float
    key: str
    tries: int = 0

    def ask(self) -> None:
        """Send it (again)."""
        run = self.run
        gateway = run.gateways[int(run.clients.random() * len(run.gateways))]
        Call(gateway, run.plan, self.key, self.arrived, self._told).begin()

    def _told(self, failed: Fault | None) -> None:
        if failed is None:
            return
        run, world = self.run, self.run.world
        if self.tries < run.scenario.sdk and should_retry(failed, classify(failed)):
            # What openai-python does: obey Retry-After, else half a second doubled, less up to a quarter.
            wait = failed.retry_after or min(8.0, 0.5 * 2.0**self.tries) * (1.0 - 0.25 * run.clients.random())
            left = self.arrived + run.plan.timeouts.total.seconds - world.now
            self.tries += 1
            if wait < min(left, 120.0):
                world.after(wait, self.ask)
                return
        record = run.record
        if record.counts(self.arrived):
            record.given_up += 1
            record.faults[failed.code] = record.faults.get(failed.code, 0) + 1


class Run:
    """`record` is filled by `go`."""

    def __init__(self, scenario: Scenario, policy: Policy, seed: int) -> None:
        def luck(what: str) -> Random:
            return Random(f"{seed} {scenario.name} {what}")

        self.scenario = scenario
        self.world = World()
        self.record = Record(scenario.warm)
        self.clients = luck("clients")
        self._arrivals = luck("arrivals")
        whole = plan_of(scenario)
        self.plan = replace(whole, candidates=whole.candidates[:-1]) if scenario.joins else whole
        if scenario.joins:
            self.world.at(scenario.joins, lambda: setattr(self, "plan", whole))
        self.upstreams = {name: _upstream(scenario, name, luck(f"channel {name}")) for name in scenario.names}
        self.gateways = [
            Gateway(
                self.world,
                self.upstreams,
                policy.make(whole.candidates, self.world, luck(f"policy {worker}"), self._shut),
                Budgets(),
                luck(f"odds {worker}"),
                self.record,
                careful=policy.careful,
            )
            for worker in range(scenario.workers)
        ]

    def go(self) -> Record:
        """Let everything happen, until the last request is settled."""
        world, scenario = self.world, self.scenario
        self._come(self._single())
        if scenario.burst:
            self._come(self._bursts())
        world.run(scenario.end + self.plan.timeouts.total.seconds * (1 + scenario.sdk) + 1.0)
        return self.record

    def _come(self, moments: Iterator[float]) -> None:
        """One request at each of the moments."""
        moment = next(moments)
        if moment < self.scenario.end:
            self.world.at(moment, partial(self._arrive, moments))

    def _arrive(self, moments: Iterator[float]) -> None:
        now = self.world.now
        if self.record.counts(now):
            self.record.requests += 1
        _Client(self, now, "client").ask()
        self._come(moments)

    def _single(self) -> Iterator[float]:
        moment = 0.0
        while True:
            moment += self._arrivals.expovariate(self.scenario.rate)
            yield moment

    def _bursts(self) -> Iterator[float]:
        moment = 0.0
        while True:
            yield from (moment for _ in range(self.scenario.burst))
            moment += self.scenario.every

    def _shut(self, channel: str) -> None:
        now = self.world.now
        if self.record.since <= now < self.scenario.end:
            self.record.shut.append((now, channel))


def _upstream(scenario: Scenario, name: str, luck: Random) -> Upstream:
    troubles = tuple(trouble for trouble in scenario.troubles if name in trouble.channels)
    return Upstream(name, scenario.service, troubles, luck)


def simulate(scenario: Scenario, policy: Policy, seed: int) -> Figures:
    """The figures of one run."""
    run = Run(scenario, policy, seed)
    record = run.go()
    begins = min((trouble.begin for trouble in scenario.troubles), default=math.nan)
    troubled = {name for trouble in scenario.troubles for name in trouble.channels}
    noticed = min((moment for moment, name in record.shut if name in troubled and moment >= begins), default=math.nan)
    mistaken = [moment for moment, name in record.shut if not _justly(run.upstreams[name], moment)]
    return Figures(
        requests=record.requests,
        hits=record.hits,
        given_up=record.given_up,
        p50=percentile(record.waits, 0.5),
        p95=percentile(record.waits, 0.95),
        doubled=record.doubled,
        load=record.attempts / record.requests - 1.0,
        noticed=noticed - max(begins, 0.0),
        false=len(mistaken) * TWO_HOURS / (scenario.end - scenario.warm),
        skew=_skew(scenario, record),
    )


def _skew(scenario: Scenario, record: Record) -> float:
    weights = scenario.weights or (1.0,) * scenario.channels
    pairs = zip(scenario.names, weights, strict=True)
    return max(abs(record.asked.get(name, 0) / record.attempts - weight / sum(weights)) for name, weight in pairs)


def _justly(upstream: Upstream, moment: float) -> bool:
    """Whether something is wrong with it, or was a moment ago."""
    return any(trouble.begin <= moment < trouble.end + _MEMORY for trouble in upstream.troubles)
