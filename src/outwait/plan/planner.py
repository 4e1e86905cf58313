"""Facts in, plan out: scenario, candidates, timeouts, heartbeat, retries and what a client's leaving means.

The first model that is served (`plan.fallback`) has the say over the exchange; each candidate has the clocks of its own
model. Candidates of one tier share the requests out: they serve the same model, with the same priority, and either all
of them speak the client's dialect or none does.

A plan depends on few things (the model, the key, a handful of headers) and is the same for most requests of a client,
so a `Planner` keeps the plans it made, bounded, for one catalog. A new catalog gets a new planner.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from outwait.core.catalog import Catalog, Channel
from outwait.core.fault import Refusal, fault
from outwait.core.plan import Candidate, Hedge, OnDisconnect, Plan, Retry, Span, Timeouts
from outwait.core.principal import Principal
from outwait.plan import conversation
from outwait.plan.facts import Facts
from outwait.plan.fallback import Step, steps
from outwait.plan.routes import Served
from outwait.policy import disconnect, durations, globs, heartbeat, timeouts
from outwait.policy.hedge import Hedging
from outwait.policy.patience import HEADERS as PATIENCE_HEADERS
from outwait.policy.patience import patience
from outwait.policy.presets import PRESETS
from outwait.policy.scenarios import Judged

PREFIX = "x-outwait-"
CACHE = 1024  # plans kept per catalog
_MAX_KEY = 64  # characters of a header or effort that is worth remembering

_HEDGING = Hedging(enabled=True)
_READ, _HEAD, _SERVER = PATIENCE_HEADERS


class Choice(NamedTuple):
    """What becomes of an exchange whose client left, and who said so."""

    what: OnDisconnect
    linger: float
    reason: str


@dataclass(frozen=True, slots=True)
class _Kept:
    plan: Plan
    principal: Principal  # the very object the plan was made for: a reloaded key may have the same name


class Planner:
    """Makes plans from one catalog. `plan` costs a few microseconds for a request like an earlier one."""

    __slots__ = ("_kept", "_preset", "catalog")

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._preset = PRESETS[catalog.preset]
        self._kept: dict[tuple[object, ...], _Kept] = {}

    def plan(self, facts: Facts) -> Plan:
        """The plan of one request. Raises Refusal for what must not become an exchange (see `routes.route`), and for
        bad `x-outwait-*` headers.
        """
        call = facts.call
        headers = call.headers
        ours = tuple([item for item in headers.items() if item[0].startswith(PREFIX)])
        told = (headers.get(_READ), headers.get(_HEAD), headers.get(_SERVER))
        key = (
            call.model,
            call.stream,
            call.effort,
            facts.principal.name,
            facts.client,
            told,
            ours,
            call.foldable,
            call.endpoint,
            call.dialect,
        )
        kept = self._kept.get(key)
        if kept is not None and kept.principal is facts.principal:
            return kept.plan
        plan = self._make(facts, ours)
        said = (call.effort, *told, *(text for item in ours for text in item))
        if all(text is None or len(text) <= _MAX_KEY for text in said):
            if len(self._kept) >= CACHE:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = _Kept(plan, facts.principal)
        return plan

    def _make(self, facts: Facts, ours: tuple[tuple[str, str], ...]) -> Plan:
        call, principal, catalog = facts.call, facts.principal, self.catalog
        models, skipped = steps(call, principal, catalog)
        judged = models[0].judged
        candidates, why = self._candidates(facts, models, timeouts.read_headers(ours, catalog.floor, catalog.ceiling))
        why |= {f"skipped {model}": reason for model, reason in skipped.items()}
        waits = patience(call.headers)
        choice = _choose(facts, judged, catalog)
        first = candidates[0].timeouts
        assert first is not None  # noqa: S101 - every candidate was just given its own
        why |= {"scenario": judged.reason, "on_disconnect": choice.reason}
        if waits:
            why["patience"] = f"the client gives up after {durations.tell(waits[0])} ({waits[1]})"
        return Plan(
            scenario=judged.scenario.name,
            candidates=candidates,
            timeouts=first,
            heartbeat=heartbeat.resolve(
                catalog.heartbeat,
                profile=(facts.client, facts.shape) if facts.client else None,
                key=(principal.name, principal.heartbeat),
                header=call.headers.get(heartbeat.HEADER),
                patience=waits[0] if waits else None,
            ),
            retry=self._retry(models, why),
            hedge=self._hedge(facts, models, candidates, why),
            on_disconnect=choice.what,
            linger=choice.linger,
            patience=waits[0] if waits else None,
            sticky=self._sticks(facts, why),
            public=call.model,
            why=why,
        )

    def _candidates(
        self, facts: Facts, models: tuple[Step, ...], requested: dict[str, Span]
    ) -> tuple[tuple[Candidate, ...], dict[str, str]]:
        """The endpoints in order, each once, with their tiers and their own timeouts; and how each is asked."""
        made: dict[str, Candidate] = {}
        why: dict[str, str] = {}
        tier, last = -1, None
        for step in models:
            for found in step.served:
                name = f"{found.channel.name}/{found.model}"
                if name in made:
                    continue  # another public name of a model that was listed already
                rank = (step.number, found.channel.priority, found.way.dialect != facts.call.dialect)
                tier, last = tier + (rank != last), rank
                made[name], reason = self._candidate(facts, step, found, tier, requested)
                why[f"endpoint {name}"] = reason
        return tuple(made.values()), why

    def _candidate(
        self, facts: Facts, step: Step, found: Served, tier: int, requested: dict[str, Span]
    ) -> tuple[Candidate, str]:
        call, principal, channel = step.call, facts.principal, found.channel
        streamed, reason = _streamed(step, channel)
        layers = (
            timeouts.Layer(f"channel {channel.name}", channel.timeouts),
            timeouts.Layer(f"key {principal.name}", principal.timeouts),
        )
        made = Candidate(
            channel.name,
            found.way.dialect,
            found.model,
            streamed,
            timeouts=self._spans(step, layers, requested, upstream=call.stream or streamed),
            unstreamed=self._spans(step, layers, requested, upstream=False) if streamed else None,
            endpoint=found.endpoint,
            provider=channel.dialect,
            keys=max(1, len(channel.api_keys)),
            tier=tier,
            weight=channel.weight,
            whole=not (call.stream or streamed),
        )
        how = "" if found.way.dialect == call.dialect else f"translated to {found.endpoint}"
        parts = (step.said, found.model, how, reason)
        return made, ", ".join(part for part in parts if part)

    def _spans(
        self, step: Step, layers: tuple[timeouts.Layer, ...], requested: dict[str, Span], *, upstream: bool
    ) -> Timeouts:
        """The timeouts of one candidate; `upstream`: it is asked for a stream."""
        call, scenario = step.call, step.judged.scenario.name
        asked = timeouts.Asked(call.dialect, call.endpoint, call.model, call.stream, upstream, call.effort, scenario)
        return timeouts.resolve(asked, self._preset, self.catalog.rules, layers, requested)

    def _retry(self, models: tuple[Step, ...], why: dict[str, str]) -> Retry:
        rule, preset, name = self.catalog.retry, self._preset, models[0].judged.scenario.name
        attempts = min(rule.attempts, preset.attempts.get(name, rule.attempts))
        paid, risky = self._paid(models)
        source = f"preset {preset.name}" if attempts < rule.attempts else "config"
        risk = "never risked twice" if paid <= 0 else f"up to {paid:.2%} of requests may be risked twice"
        why["retry"] = f"{attempts} attempts ({source}); {risk} ({risky})"
        if preset.base is None:
            return Retry(attempts=attempts, paid=paid)
        return Retry(attempts=attempts, paid=paid, base_transport=preset.base, base_overload=preset.base)

    def _hedge(
        self, facts: Facts, models: tuple[Step, ...], candidates: tuple[Candidate, ...], why: dict[str, str]
    ) -> Hedge | None:
        """Whether a second attempt may be made beside a late one: only what costs little, whichever model answers."""
        rule = self.catalog.hedge
        if rule is None:
            return None
        hedged = _HEDGING.streams if facts.call.stream else _HEDGING.replies
        costly = next((step.judged.scenario.name for step in models if step.judged.scenario.name not in hedged), None)
        after = "the usual time" if rule.after is None else durations.tell(rule.after)
        if costly is not None:
            why["hedge"] = f"none: {costly} is not hedged as {'a stream' if facts.call.stream else 'a whole reply'}"
        elif len({candidate.tier for candidate in candidates}) == len(candidates):
            why["hedge"] = "none: no two endpoints are of the same tier"
        elif self._paid(models)[0] <= 0:
            why["hedge"] = "none: never risked twice"
        else:
            why["hedge"] = f"one, beside an attempt without content after {after}"
            return rule
        return None

    def _paid(self, models: tuple[Step, ...]) -> tuple[float, str]:
        """The strictest share over all models, and who said so: the next attempt may go to any of them."""
        configured = self.catalog.retry.paid
        step = min(models, key=lambda each: configured.get(each.judged.scenario.name, each.judged.scenario.paid))
        scenario = step.judged.scenario
        source = "config" if scenario.name in configured else f"scenario {scenario.name}"
        whose = f" of {step.call.model}" if step.number else ""
        return configured.get(scenario.name, scenario.paid), source + whose

    def _sticks(self, facts: Facts, why: dict[str, str]) -> bool:
        """Whether conversations stick; only where something can be known of them."""
        call, configured = facts.call, self.catalog.sticky
        glob = globs.first(configured, call.model) if call.endpoint in conversation.ENDPOINTS else None
        if glob is None or configured[glob] != "conversation":
            return False
        why["sticky"] = f"config: {glob}"
        return True


def _streamed(step: Step, channel: Channel) -> tuple[bool, str]:
    """Whether the upstream is asked for a stream though the client wants one JSON reply, and why."""
    call, judged = step.call, step.judged
    if call.stream:
        return False, "streamed as asked"
    glob = globs.first(channel.upstream_stream_models, call.model)
    mode = channel.upstream_stream if glob is None else channel.upstream_stream_models[glob]
    source = "upstream_stream" if glob is None else f"upstream_stream of {glob}"
    if not call.foldable:
        return False, "not streamed: a stream of this call could not be folded into its reply"
    if mode != "auto":
        return mode == "always", f"{'streamed and folded' if mode == 'always' else 'not streamed'}: {source} is {mode}"
    if judged.scenario.slow:
        return True, f"streamed and folded: scenario {judged.scenario.name} is slow"
    return False, f"not streamed: scenario {judged.scenario.name} is quick"


def _choose(facts: Facts, judged: Judged, catalog: Catalog) -> Choice:
    """Request header > key > configuration by model glob > by scenario > for all (`*`) > scenario table."""
    scenario = judged.scenario
    asked = facts.call.headers.get(disconnect.HEADER)
    if asked is not None:
        try:
            what, linger = disconnect.parse(asked)
        except ValueError as error:
            message = f"The header {disconnect.HEADER} is wrong: {error}."
            raise Refusal(fault("invalid_value", message, param=disconnect.HEADER)) from error
        return Choice(what, scenario.linger if linger is None else linger, f"header {disconnect.HEADER}")
    text, reason = facts.principal.on_disconnect, f"key {facts.principal.name}"
    if text is None:
        configured = catalog.on_disconnect
        glob = globs.first((name for name in configured if name not in {scenario.name, "*"}), facts.call.model)
        name = glob or (scenario.name if scenario.name in configured else "*")
        text, reason = configured.get(name), f"config: {name}"
    if text is None:
        return Choice(scenario.on_disconnect, scenario.linger, f"scenario {scenario.name}")
    what, linger = disconnect.parse(text)
    return Choice(what, scenario.linger if linger is None else linger, reason)
