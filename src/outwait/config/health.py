"""The section of outwait.yaml that says when an endpoint is spared, and how requests are shared out and made to wait.

The numbers that hold where nothing is said are those of the rules themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from outwait.config.fields import Clock, Pause, Share, Term, Word, wrong
from outwait.config.sections import Section, switch
from outwait.policy.adaptive import Adapting
from outwait.policy.breaker import BreakerRule
from outwait.policy.choice import ChoiceRule
from outwait.policy.health_rules import DEFAULT, HealthRules, ProbeRule
from outwait.policy.keyring import KeyRule
from outwait.policy.limiter import Concurrency
from outwait.policy.penalty import PenaltyRule
from outwait.policy.queueing import Queueing
from outwait.policy.quota import Reserve
from outwait.policy.slowstart import SlowStart
from outwait.policy.standing import StandingRule
from outwait.policy.stick import StickRule
from outwait.policy.survival import Suspecting
from outwait.policy.suspicion import SuspicionRule

Count = Annotated[int, Field(ge=1, le=1_000_000)]
Chance = Annotated[Share, Field(gt=0, lt=1)]
_BREAKER: Final = DEFAULT.standing.breaker
_PENALTY: Final = DEFAULT.standing.penalty
_STICK: Final = DEFAULT.choice.stick
_FACTOR: Final = Field(ge=1, le=100, allow_inf_nan=False)


def _order(section: Section, low: str, high: str) -> None:
    """Raises where the field `low` is above the field `high`."""
    most = getattr(section, high)
    if getattr(section, low) > most:
        raise wrong(f"at most `{high}`, {most:g}", what=f"is above `{high}`", at=(low,))


def _mode(value: object) -> object:
    """`adaptive: on` is `adaptive: {mode: on}`."""
    return value if isinstance(value, dict | Section) else {"mode": value}


class BreakerSection(Section):
    """What ejects an endpoint, and for how long (seconds): `eject` times n, at most `longest`."""

    in_row: Count = _BREAKER.in_row
    success: Share = _BREAKER.success
    results: Count = _BREAKER.results
    span: Annotated[Clock, Field(ge=1)] = _BREAKER.span
    eject: Clock = _BREAKER.eject
    longest: Clock = _BREAKER.longest

    @model_validator(mode="after")
    def _grows(self) -> Self:
        _order(self, "eject", "longest")
        return self


class PenaltySection(Section):
    """What a failure adds to an endpoint's load (running requests), and the seconds to 1/e of it."""

    step: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)] = _PENALTY.step
    fold: Clock = _PENALTY.fold


class SuspectSection(Section):
    """When an endpoint seems to hang; `every`: seconds between the single requests that it gets then."""

    unlikely: Chance = DEFAULT.suspecting.unlikely
    in_flight: Count = DEFAULT.suspecting.in_flight
    samples: Count = DEFAULT.suspecting.samples
    every: Clock = DEFAULT.suspecting.probe


class CredentialsSection(Section):
    """How a channel's keys are spared (seconds): `probe`, doubled up to `probe_longest`, for dead ones; `rest`: the
    longest that one is left alone for a Retry-After.
    """

    probe: Clock = DEFAULT.keys.probe
    probe_longest: Clock = DEFAULT.keys.probe_longest
    rest: Clock = DEFAULT.keys.rest

    @model_validator(mode="after")
    def _grows(self) -> Self:
        _order(self, "probe", "probe_longest")
        return self


class ConcurrencySection(Section):
    """Attempts at a time at one endpoint, in one worker: learned between `floor` and `ceiling`."""

    start: Count = DEFAULT.concurrency.start
    floor: Count = DEFAULT.concurrency.floor
    ceiling: Count = DEFAULT.concurrency.ceiling
    cut: Chance = DEFAULT.concurrency.cut
    pause: Pause = DEFAULT.concurrency.pause
    step: Count = DEFAULT.concurrency.step

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if "start" in self.model_fields_set:  # else it is moved between the two
            _order(self, "floor", "start")
            _order(self, "start", "ceiling")
        elif "floor" in self.model_fields_set:  # else a low ceiling wins
            _order(self, "floor", "ceiling")
        return self


class QueueSection(Section):
    """Who may wait for a place: `depth` for each place there is; `wait` seconds, and `share` of what is left."""

    depth: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)] = DEFAULT.queueing.depth
    wait: Pause = DEFAULT.queueing.wait
    share: Share = DEFAULT.queueing.share


class ReserveSection(Section):
    """What is left of a provider's rate limit; `longest`: seconds that its headers may stop a key."""

    share: Share = DEFAULT.reserve.share
    longest: Clock = DEFAULT.reserve.longest


class StickSection(Section):
    """How full an endpoint may be for a conversation to stick to it."""

    bound: Annotated[float, _FACTOR] = _STICK.bound
    spare: Annotated[int, Field(ge=0, le=1_000_000)] = _STICK.spare


class ProbeSection(Section):
    """Free probes (connect and TLS) of each channel."""

    enabled: bool = DEFAULT.probe.enabled
    every: Term = DEFAULT.probe.every
    timeout: Clock = DEFAULT.probe.timeout


class AdaptiveSection(Section):
    """Clocks that are learned from what was seen. `mode`: on | observe (only told) | off. `written`: a learned clock
    takes the place of one that the configuration sets, too.
    """

    mode: Annotated[Literal["on", "observe", "off"], Word] = DEFAULT.adaptive
    written: bool = DEFAULT.written
    samples: Count = DEFAULT.adapting.samples
    cut: Chance = DEFAULT.adapting.cut
    stretch: Annotated[float, _FACTOR] = DEFAULT.adapting.stretch
    margin: Annotated[float, _FACTOR] = DEFAULT.adapting.margin
    growth: Annotated[float, _FACTOR] = DEFAULT.adapting.growth
    review: Annotated[Clock, Field(ge=1)] = DEFAULT.adapting.review


class HealthSection(Section):
    """How endpoints are judged, chosen and spared. `panic`: the share of a route that may be out. `slow_start`: seconds
    until an endpoint that is let in has its whole weight. `shed`: a worker in need refuses new work.
    """

    breaker: BreakerSection = BreakerSection()
    panic: Share = DEFAULT.choice.panic
    penalty: PenaltySection = PenaltySection()
    slow_start: Pause = DEFAULT.standing.slow_start.span
    suspect: SuspectSection = SuspectSection()
    credentials: CredentialsSection = CredentialsSection()
    concurrency: ConcurrencySection = ConcurrencySection()
    queue: QueueSection = QueueSection()
    reserve: ReserveSection = ReserveSection()
    stick: StickSection = StickSection()
    probe: Annotated[ProbeSection, BeforeValidator(switch)] = ProbeSection()
    adaptive: Annotated[AdaptiveSection, BeforeValidator(_mode)] = AdaptiveSection()
    shed: bool = DEFAULT.shed


def rules(
    section: HealthSection, floor: Mapping[str, float] | None = None, ceiling: Mapping[str, float] | None = None
) -> HealthRules:
    """The rules of `section`; `floor`, `ceiling`: clock name -> seconds, for the clocks that are learned."""
    return HealthRules(
        standing=StandingRule(
            breaker=BreakerRule(**section.breaker.model_dump()),
            penalty=PenaltyRule(**section.penalty.model_dump()),
            slow_start=SlowStart(span=section.slow_start),
            suspicion=SuspicionRule(every=section.suspect.every),
        ),
        choice=ChoiceRule(panic=section.panic, stick=StickRule(**section.stick.model_dump())),
        keys=KeyRule(**section.credentials.model_dump()),
        concurrency=Concurrency(**section.concurrency.model_dump()),
        queueing=Queueing(**section.queue.model_dump()),
        reserve=Reserve(**section.reserve.model_dump(), cool_down=section.credentials.rest),
        suspecting=Suspecting(**section.suspect.model_dump(exclude={"every"}), probe=section.suspect.every),
        adapting=Adapting(**section.adaptive.model_dump(exclude={"mode", "written"})),
        adaptive=section.adaptive.mode,
        written=section.adaptive.written,
        floor=floor or {},
        ceiling=ceiling or {},
        probe=ProbeRule(**section.probe.model_dump()),
        shed=section.shed,
    )
