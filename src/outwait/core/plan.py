"""The plan of one request: everything that was decided before the first upstream byte.

A running exchange keeps the plan it started with; a configuration change never touches it. All spans are
seconds; each comes with the rule that set it, so that a fault can say why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from outwait.core.fault import Clock


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time in seconds and the rule that set it, e.g. `Span(900, "scenario reasoning")`."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Timeouts:
    """One span per clock, event to event (docs/architecture.md).

    `growth`: attempt n (from 1) gets span * (1 + growth * (n - 1)); 0 keeps spans equal over attempts.
    It never applies to `queue` and `total`.
    """

    queue: Span
    connect: Span
    write: Span
    first_byte: Span
    first_token: Span
    idle: Span
    total: Span
    growth: float = 0.0

    def of(self, clock: Clock) -> Span:
        """The span of `clock` for the first attempt."""
        span: Span = getattr(self, clock.value)
        return span


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """When and how silence towards the client is filled (seconds; FACTS: range 1-300).

    `after`: silence before the first beat of a stream; `json_after` of a JSON reply; `every`: silence between
    beats and after content. `mode`: auto | off | comment | event | whitespace | headers. `late_error`: what a JSON
    reply does when it fails after its headers are out: abort | body. `limit`: seconds after which beats stop, or
    None. `reason`: the rule that decided.
    """

    enabled: bool = True
    after: float = 10.0
    json_after: float = 20.0
    every: float = 15.0
    mode: str = "auto"
    late_error: str = "abort"
    limit: float | None = None
    reason: str = "built-in"


class OnDisconnect(StrEnum):
    """What becomes of an exchange whose client left."""

    FINISH = "finish"
    LINGER = "linger"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how fast attempts follow one another.

    `attempts`: at most this many per exchange. `base_transport`, `base_overload`: first backoff cap in seconds after a
    transport fault and after 429/503/529; `cap`: the highest. `paid`: share of requests that may be retried
    although the failed attempt may have been charged (0 = never).
    """

    attempts: int = 3
    base_transport: float = 0.05
    base_overload: float = 1.0
    cap: float = 20.0
    paid: float = 0.0


@dataclass(frozen=True, slots=True)
class Hedge:
    """A second attempt may be made beside one that is late. `after`: seconds without content; None: when 19 of 20 of
    such answers have begun.
    """

    after: float | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One endpoint an attempt can go to: a channel and the name the model has there.

    `dialect`, `endpoint`: what is spoken there, such as `openai` and `chat.completions`. `provider`: whose way of
    speaking it is (`dialects.providers`). `streamed`: ask the upstream for a stream though the client wants one JSON
    reply (it is folded back). `unstreamed`: the timeouts that hold instead when the upstream turns out not to stream
    it. `key`: index of the channel's credential, of `keys`. `tier`: lower is asked first; within a tier `weight` shares
    the requests out. `whole`: its upstream is asked for one reply, not for a stream: the head comes with the last word.
    """

    channel: str
    dialect: str
    model: str
    streamed: bool = False
    key: int = 0
    timeouts: Timeouts | None = None
    unstreamed: Timeouts | None = None
    endpoint: str = "chat.completions"
    provider: str = "openai"
    keys: int = 1
    tier: int = 0
    weight: float = 1.0
    whole: bool = False

    @property
    def name(self) -> str:
        """What the endpoint is known by, as in `openai/gpt-5`."""
        return f"{self.channel}/{self.model}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What was decided for one request.

    `public`: the model's name as the client asked for it. `candidates`: in the order of the configuration. `sticky`:
    the requests of a conversation shall meet the same one. `timeouts`: used where a candidate has none of its own.
    `linger`: seconds a `linger` exchange goes on without a reader. `patience`: seconds the client said it waits, if it
    did.
    `why`: decisions in words, for `explain` and the timeline.
    """

    scenario: str
    candidates: tuple[Candidate, ...]
    timeouts: Timeouts
    heartbeat: Heartbeat = field(default_factory=Heartbeat)
    retry: Retry = field(default_factory=Retry)
    on_disconnect: OnDisconnect = OnDisconnect.LINGER
    linger: float = 60.0
    patience: float | None = None
    why: Mapping[str, str] = field(default_factory=dict)
    sticky: bool = False
    public: str = ""
    hedge: Hedge | None = None  # None: no second attempt is made beside a late one
