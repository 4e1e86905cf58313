"""Timeouts that are learned: per endpoint, scenario and clock, inside the operator's floor and ceiling.

The naive rule, "p99 of what succeeded", eats itself: the span cuts the slowest answers, so they are never seen, so the
next span is shorter (from 600 s to 160 s in 12 rounds; FACTS 2.2). Here a cut wait is a sample without a value:

    fewer than 200 samples             nothing is learned, the configured span holds
    less than 1 % of them cut          the larger of 2 x p99 and 1.25 x the longest seen
    more than 1 % cut, by this span    grow by half, and again when the grown span cuts, up to the ceiling;
                                       what grew from a configured span shortens no other configured span
    more than 1 % cut, by others       hold what there is: impatience of clients is no news of the endpoint

Cut means cut at or beyond the p99 of what was answered. Who left earlier would have been answered like the others; p99
itself comes from `Curve`, which counts him as long as he waited. A span that grew so makes the old cuts harmless by
itself: the answers it now sees move p99 beyond them.

What to feed: `first_byte` and `first_token` the wait, `idle` the longest gap of an answer, once per answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from outwait.core.fault import Clock
from outwait.core.plan import Span
from outwait.policy import durations
from outwait.policy.sketch import GROWTH, Sketch, nested, number
from outwait.policy.waits import Curve, Waits

CLOCKS = (Clock.FIRST_BYTE, Clock.FIRST_TOKEN, Clock.IDLE)

_LONGEST = 300  # characters of a reason that is read back


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


@dataclass(frozen=True, slots=True)
class Learned:
    """One learned span. `samples`: waits it was learned from; `cut`: how many of them were cut."""

    seconds: float
    samples: int
    cut: int
    frozen: bool
    reason: str


class Learner:
    """One learned span. `frozen`: it stays as it is, while waits are still counted."""

    __slots__ = (
        "_adapting",
        "_bounds",
        "_cut",
        "_due",
        "_raised",
        "_reason",
        "_seen",
        "_span",
        "_wanted",
        "frozen",
        "waits",
    )

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
        self._raised = False  # it grew from a configured span, not from a learned one
        self._reason = ""
        self._bounds: Bounds | None = None
        self._span: Span | None = None
        self._seen: tuple[object, ...] = ()  # what the last look at the samples was about

    def use(self, adapting: Adapting) -> None:
        """Learn by these rules from now on."""
        if adapting != self._adapting:
            self._adapting = adapting
            self._seen = ()

    def add(self, seconds: float, now: float) -> None:
        """What the clock waited for came after `seconds`."""
        self.waits.add(seconds, now)

    def cut(self, seconds: float, now: float) -> None:
        """The wait ended after `seconds` without it, by this clock or anything else."""
        self.waits.cut(seconds, now)
        self._cut = max(self._cut, seconds)

    def merge(self, values: Sketch, cuts: Sketch, now: float) -> None:
        """Count what another worker saw (`waits.drained`)."""
        self.waits.merge(values, cuts, now)
        self._cut = max(self._cut, cuts.high)

    def span(self, bounds: Bounds, now: float) -> Span | None:
        """The learned span inside `bounds` and its reason, or None: the configured one holds. O(1) but for a look at
        the samples once a minute, if there are others than the last time.
        """
        if now >= self._due and not self.frozen:
            seen = (*self.waits.counts(now), bounds)
            if seen != self._seen:
                self._review(bounds, now)
                self._seen = seen
                self._bounds = None
            self._due = now + self._adapting.review
        if bounds is not self._bounds:
            self._bounds = bounds
            self._span = self._inside(bounds)
        return self._span

    def learned(self, bounds: Bounds, now: float) -> Learned | None:
        """The span with its evidence; None when nothing is learned."""
        span = self.span(bounds, now)
        if span is None:
            return None
        answered, cut = self.waits.counts(now)
        return Learned(span.seconds, answered + cut, cut, self.frozen, span.reason)

    def explain(self, bounds: Bounds, now: float) -> str:
        """What holds and why, in a sentence."""
        span = self.span(bounds, now)
        if span is not None:
            return f"{durations.tell(span.seconds)}: {span.reason}{' (frozen)' if self.frozen else ''}"
        configured = f"{durations.tell(bounds.configured)} as configured"
        if self._wanted is not None:
            return f"{configured}: longer than {durations.tell(self._wanted)}, which a shorter span grew to"
        if self.frozen:
            return f"{configured}: frozen before anything was learned"
        answered, cut = self.waits.counts(now)
        needed = self._adapting.samples
        if answered + cut < needed:
            return f"{configured}: {answered + cut:,} of the {needed:,} waits that are needed were seen"
        return f"{configured}: {_told(answered, cut)}, too many to tell how long the slowest take"

    def dump(self, now: float) -> dict[str, object]:
        """All of it as plain data for `restore`."""
        return {
            "waits": self.waits.dump(now),
            "wanted": self._wanted,
            "raised": self._raised,
            "reason": self._reason,
            "cut": self._cut,
            "frozen": self.frozen,
        }

    def restore(self, plain: object, now: float, age: float = 0.0) -> None:
        """Be what `dump` wrote `age` seconds ago. Raises ValueError, naming the field, for anything else."""
        if not isinstance(plain, Mapping):
            raise ValueError("what is learned is a mapping")  # noqa: TRY004 - one error for all bad input
        wanted = None if plain.get("wanted") is None else number(plain, "wanted")
        raised, frozen, reason = plain.get("raised"), plain.get("frozen"), plain.get("reason")
        if not isinstance(raised, bool) or not isinstance(frozen, bool):
            raise ValueError("raised, frozen: true or false is needed")  # noqa: TRY004 - the same
        if not isinstance(reason, str) or len(reason) > _LONGEST:
            raise ValueError(f"reason: a text of at most {_LONGEST} characters is needed")
        cut = number(plain, "cut")
        nested("waits", partial(self.waits.restore, now=now, age=age), plain.get("waits"))
        self._wanted, self._raised, self._reason, self._cut, self.frozen = wanted, raised, reason, cut, frozen
        self._due, self._bounds, self._seen = now, None, ()

    def _inside(self, bounds: Bounds) -> Span | None:
        if self._wanted is None or (self._raised and bounds.configured >= self._wanted):
            return None
        return _held(self._wanted, self._reason, bounds)

    def _review(self, bounds: Bounds, now: float) -> None:
        rules = self._adapting
        values, cuts = self.waits.values(now), self.waits.cuts(now)
        if values.count + cuts.count < rules.samples:
            self._wanted = None
            self._raised = False
            return
        curve = Curve(values, cuts)
        usual = curve.quantile(rules.quantile)
        early = cuts.rank(values.quantile(rules.quantile) / GROWTH)  # those in the bucket of p99 are not early
        if cuts.count * (1 - early) > rules.cut * curve.samples:
            self._grow(bounds, curve)
        elif usual is not None:
            by_usual, by_longest = rules.stretch * usual, rules.margin * values.high
            self._wanted = max(by_usual, by_longest)
            self._raised = False
            why = f"{rules.stretch:g} x p{100 * rules.quantile:g} ({durations.tell(usual)})"
            if by_longest > by_usual:
                why = f"{rules.margin:g} x the longest ({durations.tell(values.high)})"
            self._reason = f"learned from {_told(curve.answered, curve.cut)}: {why}"
            self._cut = 0.0

    def _grow(self, bounds: Bounds, curve: Curve) -> None:
        rules = self._adapting
        span = self._inside(bounds)
        current = bounds.configured if span is None else span.seconds
        if current >= bounds.ceiling or self._cut < rules.near * current:
            return
        self._raised = span is None or self._raised
        self._wanted = rules.growth * current
        evidence = _told(curve.answered, curve.cut)
        self._reason = f"grown from {durations.tell(current)}, which cut too many: {evidence}"
        self._cut = 0.0


def _held(seconds: float, reason: str, bounds: Bounds) -> Span:
    if seconds > bounds.ceiling:
        return Span(bounds.ceiling, f"{reason}, held to the ceiling")
    if seconds < bounds.floor:
        return Span(bounds.floor, f"{reason}, held to the floor")
    return Span(seconds, reason)


def _told(answered: int, cut: int) -> str:
    return f"{answered + cut:,} waits, {100 * cut / (answered + cut):.3g} % of them cut"
