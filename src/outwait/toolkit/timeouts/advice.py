"""From what is known of a call to advice: seven clocks with reasons, heartbeats, retries, and the chain of hops.

    facts (model or scenario, preset, what was learned, what stands on the way)  ->  Advice  ->  snippets (`emit`)

Every number comes from the tables of `outwait.policy`, or from a measurement that is named in its reason.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace

from outwait.core.fault import Clock
from outwait.core.plan import Heartbeat, Retry, Span, Timeouts
from outwait.core.tongue import Said
from outwait.policy import globs, heartbeat, scenarios, timeouts
from outwait.policy.presets import PRESETS
from outwait.policy.timeouts import Layer
from outwait.toolkit.timeouts import chain as chains
from outwait.toolkit.timeouts import notes
from outwait.toolkit.timeouts.boxes import box
from outwait.toolkit.timeouts.chain import MARGIN, Chain

_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are, as snippets name them.

    `gateway`: host:port where the proxy next to it finds the gateway. `listen`: the port on which that proxy listens;
    another one before it takes the next port, and so on. `url`: what clients call, without /v1.
    """

    gateway: str = "127.0.0.1:8787"
    listen: int = 8080
    url: str = "http://127.0.0.1:8787"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known. `model`: a name, or a glob of names. `scenario`: instead of the one the model is listed under, ""
    for that one.

    `stream`: the client asks for streams. `learned`: spans that were measured, with who says so; the strongest last.
    `beats`: heartbeats are on. `every`: seconds between them, None for the built-in ones. `behind`: what stands before
    the gateway, the one next to the client first. `scale`: all spans are so many times as long (for trying them out).
    """

    model: str = ""
    scenario: str = ""
    preset: str = "default"
    stream: bool = True
    effort: str | None = None
    learned: tuple[Layer, ...] = ()
    beats: bool = True
    every: float | None = None
    behind: tuple[str, ...] = ()
    place: Place = field(default_factory=Place)
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Advice:
    """What to set. `why`: how the scenario was found. `retries`: of a client, after its first try.

    `drain`: seconds a stopping gateway lets running answers finish. `both`: the clocks hold for streams and whole
    replies alike.
    """

    facts: Facts
    scenario: str
    why: str
    timeouts: Timeouts
    both: bool
    heartbeat: Heartbeat
    retry: Retry
    chain: Chain
    notes: tuple[Said, ...] = ()

    @property
    def retries(self) -> int:
        """How often a client tries again. A retry through the gateway is adopted, so it costs no second answer."""
        return self.retry.attempts - 1

    @property
    def drain(self) -> float:
        """Seconds a gateway that is stopped lets answers finish: the longest may just have begun. A day at most."""
        return min(self.timeouts.total.seconds, _DAY)

    @property
    def kept(self) -> float:
        """Seconds the gateway keeps an idle connection of the hop before it."""
        return chains.LONGER + self.chain.edges[-1].reuse

    @property
    def place(self) -> Place:
        """Where things are."""
        return self.facts.place

    def at(self, edge: str) -> Advice:
        """The same advice for one edge: `chain.edge` is that one, `place` tells where it listens and what it calls."""
        chain = self.chain.at(edge)
        inner = [hop for hop in chain.edges[chain.edges.index(chain.edge) + 1 :] if not box(hop.name).cloud]
        place, further = self.place, len(inner)
        if further:
            next_one = f"127.0.0.1:{place.listen + further - 1}"
            place = replace(place, gateway=next_one, listen=place.listen + further)
        return replace(self, chain=chain, facts=replace(self.facts, place=place))


def advise(facts: Facts) -> Advice:
    """What to set for `facts`. Raises KeyError for a scenario or preset that does not exist."""
    judged = _judged(facts)
    name = judged.scenario.name
    spans = _spans(facts, name, stream=facts.stream)
    retry = _retry(facts, name)
    chain = chains.link(spans, retry.attempts, facts.behind, MARGIN * facts.scale)
    beat = _beats(facts, chain)
    return Advice(
        facts,
        name,
        judged.reason,
        spans,
        both=spans == _others(facts, name),
        heartbeat=beat,
        retry=retry,
        chain=chain,
        notes=tuple(notes.notes(facts.model, name, chain, beat, listed=bool(facts.scenario) or name != "unknown")),
    )


def _judged(facts: Facts) -> scenarios.Judged:
    """Of a glob, what it begins with is judged: `o3` of `o3*`."""
    if facts.scenario:
        return scenarios.Judged(scenarios.SCENARIOS[facts.scenario], "named")
    if globs.literal(facts.model):
        return scenarios.judge(facts.model, facts.effort)
    head = re.split(r"[*?[]", facts.model)[0]
    found = scenarios.judge(head, facts.effort)
    return found if found.scenario.name != "unknown" else scenarios.judge(head.rstrip("-._:"), facts.effort)


def _spans(facts: Facts, scenario: str, *, stream: bool) -> Timeouts:
    """All seven spans, scaled. What was measured is rounded up to whole seconds; `total` makes room for it."""
    streamed = stream or scenarios.SCENARIOS[scenario].slow
    asked = timeouts.Asked("openai", "chat.completions", facts.model, stream, streamed, facts.effort, scenario)
    learned = [
        Layer(each.reason, {clock: _rounded(span) for clock, span in each.spans.items()}) for each in facts.learned
    ]
    found = timeouts.resolve(asked, PRESETS[facts.preset], layers=learned)
    return _scaled(_roomy(found) if learned else found, facts.scale)


def _others(facts: Facts, scenario: str) -> Timeouts:
    """The spans of the other kind of calls. What was measured of streams says nothing of whole replies, unless those
    are streamed upstream too.
    """
    kept = facts.learned if scenarios.SCENARIOS[scenario].slow else ()
    return _spans(replace(facts, learned=kept), scenario, stream=not facts.stream)


def _roomy(spans: Timeouts) -> Timeouts:
    """`spans` with a `total` that holds the longest wait, from admission to the next word."""
    before = spans.queue.seconds + spans.connect.seconds + spans.write.seconds
    longest = max(spans.first_byte.seconds, spans.first_token.seconds, spans.idle.seconds)
    needed = math.ceil(before + longest)
    if needed <= spans.total.seconds:
        return spans
    return replace(spans, total=Span(float(needed), "room for the longest wait"))


def _scaled(spans: Timeouts, scale: float) -> Timeouts:
    if scale == 1.0:
        return spans
    changed = {
        clock.value: replace(spans.of(clock), seconds=max(0.001, round(scale * spans.of(clock).seconds, 3)))
        for clock in Clock
    }
    return Timeouts(**changed, growth=spans.growth)


def _rounded(seconds: float) -> float:
    return float(math.ceil(seconds)) if seconds >= 1 else math.ceil(seconds * 1000) / 1000


def _beats(facts: Facts, chain: Chain) -> Heartbeat:
    """Heartbeats, at least three within the shortest silence that anybody on the way allows."""
    silent = [hop for hop in chain.edges if hop.idle < hop.total]  # what ends the whole call is no limit of silence
    tight = min((chain.client, *silent), key=lambda hop: hop.idle)
    every, usual = facts.every, Heartbeat()
    beat = usual if every is None else replace(usual, after=every, json_after=every, every=every)
    if facts.scale != 1.0:
        short = {name: facts.scale * getattr(beat, name) for name in ("after", "json_after", "every")}
        beat = replace(beat, **short)
    held = heartbeat.resolve(replace(beat, enabled=facts.beats), patience=tight.idle)
    return replace(held, reason=held.reason.replace("the client waits", f"of silence that {tight.name} allows"))


def _retry(facts: Facts, scenario: str) -> Retry:
    preset, usual = PRESETS[facts.preset], Retry()
    attempts = min(usual.attempts, preset.attempts.get(scenario, usual.attempts))
    made = Retry(attempts=attempts, paid=scenarios.SCENARIOS[scenario].paid)
    return made if preset.base is None else replace(made, base_transport=preset.base, base_overload=preset.base)
