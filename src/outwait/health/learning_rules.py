"""Which clocks may be learned, and within which limits: what the operator said is stronger than what was seen.

Where a span comes from decides what may become of it (`policy.timeouts` writes the reasons that are read here):

    preset, scenario, model row                a learned span takes its place
    rule, channel, key of the configuration    it holds as it was written, unless `written` is switched on
    header of the request                      it always holds

A learned span stays between the operator's floor and ceiling for its clock. Where he set none it is at least a quarter
of the configured span and 30 s, and at most as long as the whole request may last: with heartbeats waiting is cheap,
and cutting an answer is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from outwait.core.fault import Clock
from outwait.core.plan import Span, Timeouts
from outwait.policy import adaptive, deadline
from outwait.policy.adaptive import Adapting, Bounds
from outwait.policy.deadline import Worthwhile

LEAST = 30.0  # seconds: no learned span is shorter where the operator set no floor
QUARTER = 0.25  # nor is it a smaller share of the configured span

_AS = "as first_byte: "  # what a `first_token` that nobody set says before the reason it follows
_WRITTEN = ("rule ", "channel ", "key ")
_ASKED = "header "


class Mode(StrEnum):
    """What is done with learned spans."""

    OFF = "off"  # no clock is learned
    OBSERVE = "observe"  # learned and shown, not used
    ON = "on"


class Origin(StrEnum):
    """Who set a span."""

    BUILT_IN = "built-in"
    WRITTEN = "written"
    ASKED = "asked"

    @classmethod
    def of(cls, span: Span) -> Origin:
        """Who set `span`, by the reason that `policy.timeouts.resolve` gave it."""
        reason = span.reason.removeprefix(_AS)
        if reason.startswith(_ASKED):
            return cls.ASKED
        return cls.WRITTEN if reason.startswith(_WRITTEN) else cls.BUILT_IN


@dataclass(frozen=True, slots=True)
class LearningRules:
    """How a worker learns.

    `written`: spans of rules, channels and keys are replaced too. `floor`, `ceiling`: clock name -> seconds, of the
    operator. `share`: keep what is new aside for other workers. `subjects`: so many pairs of endpoint and scenario are
    known at a time. `sampled`: attempts a second at one endpoint in one scenario that are all looked at; of more, one
    in `every` is, and no more than about `most` a second.
    """

    mode: Mode = Mode.ON
    written: bool = False
    floor: Mapping[str, float] = field(default_factory=dict)
    ceiling: Mapping[str, float] = field(default_factory=dict)
    share: bool = False
    subjects: int = 512
    sampled: int = 20
    every: int = 8
    most: int = 50
    adapting: Adapting = adaptive.DEFAULTS
    worthwhile: Worthwhile = deadline.DEFAULTS

    def movable(self, span: Span) -> bool:
        """Whether a learned span may take the place of `span`."""
        origin = Origin.of(span)
        return origin is Origin.BUILT_IN or (origin is Origin.WRITTEN and self.written)

    def bounds(self, clock: Clock, timeouts: Timeouts) -> Bounds:
        """What the operator says of `clock`: what holds while nothing is learned, and the limits."""
        configured = timeouts.of(clock).seconds
        low, high = self.floor.get(clock.value), self.ceiling.get(clock.value)
        if high is None:
            high = max(configured, timeouts.total.seconds, low or 0.0)
        if low is None:
            low = min(configured, max(LEAST, QUARTER * configured), high)
        return Bounds(configured, low, high)
