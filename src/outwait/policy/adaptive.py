"""Timeouts that are learned: per endpoint, scenario and clock, inside the operator's floor and ceiling.

The naive rule, "p99 of what succeeded", eats itself: the span cuts the slowest answers, so they are never seen, so the
next span is shorter (from 600 s to 160 s in 12 rounds; FACTS 2.2). Here a cut wait is a sample without a value:

    fewer than 200 samples             nothing is learned, the configured span holds
    less than 1 % of them cut          the larger of 2 x p99 and 1.25 x the longest seen
    more than 1 % cut, by this span    grow by half, and again when the grown span cuts, up to the ceiling
    more than 1 % cut, by others       hold what there is: impatience of clients is no news of the endpoint

Cut means cut at or beyond the p99 of what was answered. Who left earlier would have been answered like the others; p99
itself comes from `Curve`, which counts him as long as he waited. A span that grew so makes the old cuts harmless by
itself: the answers it now sees move p99 beyond them.

What to feed: `first_byte` and `first_token` the wait, `idle` the longest gap of an answer, once per answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import NamedTuple

from outwait.core.fault import Clock
from outwait.core.plan import Span
from outwait.policy import durations
from outwait.policy.sketch import GROWTH
from outwait.policy.waits import Curve, Waits

CLOCKS = frozenset((Clock.FIRST_BYTE, Clock.FIRST_TOKEN, Clock.IDLE))


@dataclass(frozen=True, slots=True)
class Adapting:
    """How spans are learned (FACTS 2.2, "Adaptive timeout").

    `samples`: fewer teach nothing. `cut`: the share of cut waits that splits shrinking from growing. `quantile`,
    `stretch`: the span is so many times that quantile; `margin`: and so many times the longest wait seen. `growth`: a
    span that cuts too much is multiplied by it. `near`: a wait of that share of the span was cut by the span (timers
    and clocks differ by a hair). `review`: seconds between two looks at the samples.
    """

    samples: int = 200
    cut: float = 0.01
    quantile: float = 0.99
    stretch: float = 2.0
    margin: float = 1.25
    growth: float = 1.5
    near: float = 0.98
    review: float = 60.0


DEFAULTS = Adapting()


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the operator says of a clock, in seconds: the span that holds while nothing is learned, and the limits."""

    configured: float
    floor: float
    ceiling: float


class Key(NamedTuple):
    """What a span is learned for."""

    endpoint: str
    scenario: str
    clock: Clock


@dataclass(frozen=True, slots=True)
class Learned:
    """One span for the configuration file. `samples`: waits it was learned from; `cut`: how many of them were cut."""

    seconds: float
    samples: int
    cut: int
    frozen: bool
    reason: str


class Learner:
    """One learned span. `frozen`: it stays as it is, while waits are still counted."""

    __slots__ = ("_adapting", "_bounds", "_cut", "_due", "_reason", "_span", "_wanted", "frozen", "waits")

    def __init__(self, now: float, adapting: Adapting = DEFAULTS, *, share: bool = False) -> None:
        self.waits = Waits(now, share=share)
        self._adapting = adapting
        self.reset(now)

    def reset(self, now: float) -> None:
        """Forget everything; nothing is frozen any more."""
        self.waits.clear(now)
        self.frozen = False
        self._cut = 0.0  # the longest wait that was cut since the span grew
        self._due = now
        self._wanted: float | None = None
        self._reason = ""
        self._bounds: Bounds | None = None
        self._span: Span | None = None

    def add(self, seconds: float, now: float) -> None:
        """What the clock waited for came after `seconds`."""
        self.waits.add(seconds, now)

    def cut(self, seconds: float, now: float) -> None:
        """The wait ended after `seconds` without it, by this clock or anything else."""
        self.waits.cut(seconds, now)
        self._cut = max(self._cut, seconds)

    def span(self, bounds: Bounds, now: float) -> Span | None:
        """The learned span inside `bounds` and its reason, or None: the configured one holds. O(1) but for a look at
        the samples once a minute.
        """
        if now >= self._due and not self.frozen:
            self._review(bounds, now)
            self._due = now + self._adapting.review
            self._bounds = None
        if bounds is not self._bounds:
            self._bounds = bounds
            self._span = None if self._wanted is None else _held(self._wanted, self._reason, bounds)
        return self._span

    def learned(self, bounds: Bounds, now: float) -> Learned | None:
        """The span with its evidence, for the configuration file; None when nothing is learned."""
        span = self.span(bounds, now)
        if span is None:
            return None
        curve = self.waits.curve(now)
        return Learned(span.seconds, curve.samples, curve.cut, self.frozen, span.reason)

    def explain(self, bounds: Bounds, now: float) -> str:
        """What holds and why, in a sentence."""
        span = self.span(bounds, now)
        if span is not None:
            return f"{durations.tell(span.seconds)}: {span.reason}{' (frozen)' if self.frozen else ''}"
        curve = self.waits.curve(now)
        configured = f"{durations.tell(bounds.configured)} as configured"
        if self.frozen:
            return f"{configured}: frozen before anything was learned"
        needed = self._adapting.samples
        if curve.samples < needed:
            return f"{configured}: {curve.samples:,} of the {needed:,} waits that are needed were seen"
        return f"{configured}: {_told(curve)}, too many to tell how long the slowest take"

    def _review(self, bounds: Bounds, now: float) -> None:
        rules = self._adapting
        values, cuts = self.waits.values(now), self.waits.cuts(now)
        if values.count + cuts.count < rules.samples:
            self._wanted = None
            return
        curve = Curve(values, cuts)
        usual = curve.quantile(rules.quantile)
        early = cuts.rank(values.quantile(rules.quantile) / GROWTH)  # those in the bucket of p99 are not early
        if cuts.count * (1 - early) > rules.cut * curve.samples:
            self._grow(bounds, curve)
        elif usual is not None:
            by_usual, by_longest = rules.stretch * usual, rules.margin * values.high
            self._wanted = max(by_usual, by_longest)
            why = f"{rules.stretch:g} x p{100 * rules.quantile:g} ({durations.tell(usual)})"
            if by_longest > by_usual:
                why = f"{rules.margin:g} x the longest ({durations.tell(values.high)})"
            self._reason = f"learned from {_told(curve)}: {why}"
            self._cut = 0.0

    def _grow(self, bounds: Bounds, curve: Curve) -> None:
        rules = self._adapting
        current = bounds.configured if self._wanted is None else _held(self._wanted, "", bounds).seconds
        if current >= bounds.ceiling or self._cut < rules.near * current:
            return
        self._wanted = rules.growth * current
        self._reason = f"grown from {durations.tell(current)}, which cut too many: {_told(curve)}"
        self._cut = 0.0


class Adaptive:
    """All learned spans of a worker."""

    __slots__ = ("_adapting", "_learners", "_share")

    def __init__(self, adapting: Adapting = DEFAULTS, *, share: bool = False) -> None:
        """`share`: keep what is new aside for other workers (`Waits.drain`)."""
        self._adapting = adapting
        self._learners: dict[Key, Learner] = {}
        self._share = share

    def learner(self, key: Key, now: float) -> Learner:
        """The learner of `key`, made when there is none. Raises ValueError for a clock that is not learned."""
        found = self._learners.get(key)
        if found is None:
            if key.clock not in CLOCKS:
                raise ValueError(f"no span is learned for the clock {key.clock.value}")
            found = self._learners[key] = Learner(now, self._adapting, share=self._share)
        return found

    def span(self, key: Key, bounds: Bounds, now: float) -> Span | None:
        """The learned span, or None: the configured one holds."""
        found = self._learners.get(key)
        return None if found is None else found.span(bounds, now)

    def explain(self, key: Key, bounds: Bounds, now: float) -> str:
        """What holds for `key` and why, in a sentence."""
        found = self._learners.get(key) or Learner(now, self._adapting)
        return found.explain(bounds, now)

    def export(self, bounds: Callable[[Key], Bounds], now: float) -> dict[Key, Learned]:
        """Every span that is learned, with its evidence; `bounds`: what the operator says of each."""
        told = ((key, found.learned(bounds(key), now)) for key, found in self._learners.items())
        return {key: learned for key, learned in told if learned is not None}

    def freeze(self, *, frozen: bool = True, endpoint: str | None = None) -> None:
        """Let the spans of `endpoint` (None: of all) stay as they are, or move again."""
        for learner in self._of(endpoint):
            learner.frozen = frozen

    def reset(self, now: float, *, endpoint: str | None = None) -> None:
        """Forget what was learned for `endpoint` (None: for all)."""
        for learner in self._of(endpoint):
            learner.reset(now)

    def keep_endpoints(self, endpoints: Collection[str]) -> None:
        """Forget the endpoints that are not among these."""
        self._learners = {key: found for key, found in self._learners.items() if key.endpoint in endpoints}

    def _of(self, endpoint: str | None) -> list[Learner]:
        return [found for key, found in self._learners.items() if endpoint in {None, key.endpoint}]


def _held(seconds: float, reason: str, bounds: Bounds) -> Span:
    if seconds > bounds.ceiling:
        return Span(bounds.ceiling, f"{reason}, held to the ceiling")
    if seconds < bounds.floor:
        return Span(bounds.floor, f"{reason}, held to the floor")
    return Span(seconds, reason)


def _told(curve: Curve) -> str:
    return f"{curve.samples:,} waits, {100 * curve.cut / curve.samples:.3g} % of them cut"
