"""One worker's knowledge of endpoints, with a clock that is set by hand, and what passes between two of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from outwait.core.catalog import Catalog, Channel
from outwait.core.endpoints import Hold, Wish
from outwait.core.fault import Fault, UpstreamError, fault
from outwait.core.plan import Candidate, Plan, Span, Timeouts
from outwait.health.endpoint import Change, Endpoint
from outwait.health.hints import Hints, Said
from outwait.health.learning import Learning
from outwait.health.learning_rules import LearningRules
from outwait.health.letter import Letter, Word, read, write
from outwait.health.tracker import HealthTracker

_ONE = Span(60.0, "a rule")
_TIMEOUTS = Timeouts(_ONE, _ONE, _ONE, _ONE, _ONE, _ONE, _ONE)

BROKEN = fault("upstream_reset")
REFUSED = fault("upstream_auth", upstream=UpstreamError(401, "", b""))


def throttled(seconds: float | None = None) -> Fault:
    return fault("upstream_error", cause="rate_limited", retry_after=seconds, upstream=UpstreamError(429, "", b""))


def catalog(key: str = "k") -> Catalog:
    """Channel `one` with two keys, `two` with one."""
    one = Channel("one", "openai", "https://one", ("k1", key))
    return Catalog(channels=(one, Channel("two", "openai", "https://two", ("k",))))


@dataclass
class Time:
    now: float = 1000.0


class Clock(Time):
    """The loop's."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    @property
    def now(self) -> float:  # type: ignore[override] # nobody sets it here
        return self._loop.time()


class Silent:
    """A wheel that never rings."""

    def set(self, *_: object) -> None: ...

    def clear(self, *_: object) -> None: ...

    def forget(self, *_: object) -> None: ...


@dataclass
class Notes:
    """What is learned: rows, as they are."""

    seen: list[dict[str, object]] = field(default_factory=list)
    heard: list[object] = field(default_factory=list)

    def drain(self) -> list[dict[str, object]]:
        seen, self.seen = self.seen, []
        return seen

    def absorb(self, plain: object, now: float) -> None:
        assert isinstance(plain, list)
        assert now
        if "bad" in plain:
            raise ValueError("[0]: a row is a mapping")
        self.heard += plain


class Worker:
    """`told`: the tracker's events."""

    def __init__(self, time: Time | None = None, listed: Catalog | None = None) -> None:
        self.time = time or Time()
        silent: Any = Silent()
        learning = Learning(LearningRules())
        self.tracker = HealthTracker(lambda: self.time.now, lambda: 1e9, lambda: 0.0, silent, learning)
        self.tracker.use(listed or catalog())
        self.notes = Notes()
        self.hints = Hints(self.tracker, self.notes)
        self.told: list[tuple[str, Change, str]] = []
        self.tracker.events.append(lambda *event: self.told.append(event))

    def know(self, name: str = "one/m") -> Endpoint:
        """The endpoint `name`; it was asked for once."""
        if name not in self.tracker.endpoints:
            self.begin(name).leave(fault("client_gave_up"))
        return self.tracker.endpoints[name]

    def begin(self, name: str = "one/m") -> Hold:
        channel, _, model = name.partition("/")
        keys = len(self.tracker.channels[channel].credentials)
        plan = Plan("chat", (Candidate(channel, "openai", model, keys=keys),), _TIMEOUTS)
        hold = self.tracker.acquire(Wish(plan, "dev", self.time.now + 60.0), _never)
        assert hold is not None
        assert not isinstance(hold, Fault), hold
        return hold

    def call(self, name: str = "one/m", failed: Fault | None = None, times: int = 1) -> None:
        """An attempt that ends at once, well or not."""
        for _ in range(times):
            self.begin(name).leave(failed)

    def eject(self, name: str = "one/m") -> Endpoint:
        """Five failures in a row."""
        self.call(name, BROKEN, 5)
        endpoint = self.tracker.endpoints[name]
        assert endpoint.standing.breaker.open
        return endpoint

    def shut(self, name: str = "one/m") -> bool:
        """Whether the endpoint is ejected or suspect now."""
        return self.know(name).standing.shut

    def ejected(self, name: str = "one/m") -> bool:
        """Whether it is ejected now."""
        return self.know(name).standing.breaker.open

    def news(self) -> list[Word]:
        """What it would tell now."""
        return words(self.hints.news(), self.time.now)

    def hear(self, *told: Word) -> None:
        """As a letter that came over the wire."""
        for data in write(told):
            self.hints.hear(read(data))

    def word(self, what: str, name: str = "one/m", **more: Any) -> Word:
        """A word of somebody with the same configuration; `name`: an endpoint or a channel."""
        channel, _, model = name.partition("/")
        mark = self.hints._mark(self.tracker.channels[channel])
        return Word(what, channel, mark, name if model else "", **more)


def words(said: list[Said], now: float) -> list[Word]:
    return [word for one in said if (word := one.now(now)) is not None]


def letter(*told: Word, waits: list[object] | None = None) -> Letter:
    return Letter(1, list(told), waits or [])


def _never(_: Hold) -> None:
    raise AssertionError("nobody waits here")
