"""What is learned of one endpoint in one scenario: how long its answers let one wait, and the clocks that follow.

Streamed and whole replies are two subjects: the head of a reply that is not streamed comes with its last word, so the
one says nothing of the other. Only a sample of the attempts is looked at where there are many; which ones is decided
by counting them as they begin, so that it cannot depend on how they end.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from outwait.core.fault import Clock
from outwait.core.plan import Span, Timeouts
from outwait.health.learning_rules import LearningRules, Mode, Origin
from outwait.health.waiting import Waiting
from outwait.policy.adaptive import CLOCKS, Bounds, Learner
from outwait.policy.deadline import Cost, worth
from outwait.policy.retry import Verdict
from outwait.policy.sketch import Sketch, nested
from outwait.policy.survival import Watch
from outwait.policy.waits import REFRESH, Curve, Waits, drained

SECOND = 1.0  # over which attempts are counted
MOST = 0.95  # of the answers have begun: the rest are late
PLENTY = 0.9  # with so good a chance of an answer in time nothing is said about it
KEPT = 64  # sets of clocks whose learned form is remembered
LONGEST = 300  # characters of an endpoint's or scenario's name that is read back


class Key(NamedTuple):
    """What is learned about. `whole`: replies that the upstream does not stream."""

    endpoint: str
    scenario: str
    whole: bool

    def plain(self) -> dict[str, object]:
        """It as plain data."""
        return {"endpoint": self.endpoint, "scenario": self.scenario, "whole": self.whole}

    @classmethod
    def read(cls, plain: object) -> Key:
        """The key in a row of plain data. Raises ValueError, naming the field, for anything else."""
        if not isinstance(plain, Mapping):
            raise ValueError("a row is a mapping")  # noqa: TRY004 - one error for all bad input
        for name in ("endpoint", "scenario"):
            text = plain.get(name)
            if not isinstance(text, str) or not 0 < len(text) <= LONGEST:
                raise ValueError(f"{name}: a name of at most {LONGEST} characters is needed")
        if not isinstance(plain.get("whole"), bool):
            raise ValueError("whole: true or false is needed")  # noqa: TRY004 - the same
        return cls(plain["endpoint"], plain["scenario"], plain["whole"])


class Configured(NamedTuple):
    """What the operator says of a clock. `movable`: a learned span may take its place."""

    span: Span
    bounds: Bounds
    movable: bool


class Subject:
    """One endpoint in one scenario. `own`: the waits for its first content, from an attempt's beginning; `shared`: the
    same of all endpoints; `learners`: clock -> what is learned of it; `configured`: clock -> what was last seen of it.
    `used`: when an attempt was last looked at. `calm`: with more seconds left than this an answer is as good as sure.
    """

    __slots__ = (
        "_begun",
        "_cache",
        "_calm",
        "_due",
        "_every",
        "_free",
        "_rules",
        "_second",
        "_worth",
        "configured",
        "key",
        "learners",
        "own",
        "shared",
        "used",
    )

    def __init__(self, key: Key, shared: Waits, rules: LearningRules, now: float) -> None:
        self.key = key
        self.shared = shared
        self.own = Waits(now, share=rules.share)
        self.learners = {clock: Learner(now, rules.adapting, share=rules.share) for clock in CLOCKS}
        self.configured: dict[Clock, Configured] = {}
        self.used = now
        self._begun = 0  # attempts of this second
        self._free = rules.sampled  # so many of them are all looked at
        self._every = rules.every  # and then one of so many
        self._second = now + SECOND
        self._calm = math.inf
        self._worth = now
        self._cache: dict[int, tuple[Timeouts, Timeouts]] = {}
        self._due = now
        self._rules = rules

    @property
    def learns(self) -> bool:
        """Whether clocks are learned at all."""
        return self._rules.mode is not Mode.OFF

    @property
    def frozen(self) -> bool:
        """Whether any of its clocks is."""
        return any(learner.frozen for learner in self.learners.values())

    def use(self, rules: LearningRules) -> None:
        """The configuration has changed."""
        self._rules = rules
        for learner in self.learners.values():
            learner.use(rules.adapting)
        self.configured.clear()
        self.refresh()

    def refresh(self) -> None:
        """What is learned has changed: look at it again."""
        self._cache.clear()

    def look(self, watch: Watch, now: float) -> Waiting | None:
        """An attempt begins; None when this one is not looked at. The one real request that a suspect endpoint gets
        always is.
        """
        if not self.sampled(now) and watch.suspect is None:
            return None
        self.used = now
        return Waiting(self, watch, now)

    def sampled(self, now: float) -> bool:
        """Whether the attempt that begins now is looked at. O(1), and to be asked once for each."""
        if now >= self._second:
            rules = self._rules
            busy = self._begun > rules.sampled and now < self._second + SECOND
            self._free = 0 if busy else rules.sampled
            self._every = max(rules.every, self._begun // rules.most) if busy else rules.every
            self._begun = 0
            self._second = now + SECOND
        self._begun += 1
        return self._begun <= self._free or not self._begun % self._every

    def clocks(self, timeouts: Timeouts, now: float) -> Timeouts:
        """The clocks that hold: `timeouts` itself, or with what is learned in the place of what may move."""
        if now >= self._due:
            self._due = now + self._rules.adapting.review
            self._cache.clear()
        found = self._cache.get(id(timeouts))
        if found is None:
            if len(self._cache) >= KEPT:
                self._cache.clear()
            found = self._cache[id(timeouts)] = (
                timeouts,
                self._learned(timeouts, now),
            )  # held, so the id stays its own
        return found[1]

    def worth(self, left: float, paid: float, now: float) -> Verdict | None:
        """Whether an attempt with `left` seconds is worth it; None where there is nothing to say. `paid`: share of its
        scenario's requests that may be paid twice.
        """
        if now >= self._worth:
            self._worth = now + REFRESH
            self._calm = self._plenty(now)
        if left > self._calm:
            return None
        own, shared = self.own.curve(now), self.shared.curve(now)
        return worth(own, shared, left, Cost.of(paid), self._rules.worthwhile)

    def reset(self, now: float) -> None:
        """Forget everything but what goes on."""
        self.own.clear(now)
        for learner in self.learners.values():
            learner.reset(now)
        self._worth = now
        self.refresh()

    def freeze(self, *, frozen: bool) -> None:
        """Let its clocks stay as they are, or move again."""
        for learner in self.learners.values():
            learner.frozen = frozen
        self.refresh()

    def dump(self, now: float) -> dict[str, object]:
        """All of it as plain data for `restore`."""
        clocks = {clock.value: learner.dump(now) for clock, learner in self.learners.items()}
        return {**self.key.plain(), "own": self.own.dump(now), "clocks": clocks}

    def restore(self, plain: Mapping[str, object], now: float, age: float) -> None:
        """Know what `dump` wrote `age` seconds ago. Raises ValueError, naming the field, for anything else."""
        clocks = plain.get("clocks")
        if not isinstance(clocks, Mapping):
            raise ValueError("clocks: a mapping is needed")  # noqa: TRY004 - one error for all bad input
        nested("own", partial(self.own.restore, now=now, age=age), plain.get("own"))
        for clock, learner in self.learners.items():
            read = partial(learner.restore, now=now, age=age)
            nested(f"clocks.{clock.value}", read, clocks.get(clock.value))

    def drain(self) -> dict[str, object] | None:
        """What was seen since the last time, for other workers; None when there is nothing new."""
        found: dict[str, object] = {"own": self.own.drain()}
        found |= {clock.value: learner.waits.drain() for clock, learner in self.learners.items()}
        news = {name: waits for name, waits in found.items() if waits is not None}
        return {**self.key.plain(), **news} if news else None

    def merge(self, news: News, now: float) -> None:
        """Count what another worker saw."""
        for name, (values, cuts) in news.waits.items():
            if name == "own":
                self.own.merge(values, cuts, now)
                self.shared.merge(values, cuts, now)
            else:
                self.learners[Clock(name)].merge(values, cuts, now)

    def usual(self, now: float) -> float | None:
        """Seconds within which 95 % of its answers have content; None where too little is known."""
        curve = self._known(now)
        return None if curve is None else curve.quantile(MOST)

    def _known(self, now: float) -> Curve | None:
        needed = self._rules.worthwhile.samples
        curves = (self.own.curve(now), self.shared.curve(now))
        return next((curve for curve in curves if curve.samples >= needed), None)

    def _plenty(self, now: float) -> float:
        curve = self._known(now)
        if curve is None:
            return 0.0  # too little is known to refuse anything
        enough = curve.quantile(PLENTY)
        return math.inf if enough is None else enough

    def _learned(self, timeouts: Timeouts, now: float) -> Timeouts:
        rules = self._rules
        spans: dict[str, Span] = {}
        for clock, learner in self.learners.items():
            span = timeouts.of(clock)
            if Origin.of(span) is Origin.ASKED:
                continue
            movable, known = rules.movable(span), self.configured.get(clock)
            found = Configured(span, rules.bounds(clock, timeouts), movable)
            if known is None or movable or not known.movable:
                self.configured[clock] = found
            learned = learner.span(found.bounds, now) if movable else None
            if learned is not None:
                spans[clock.value] = learned
        if not spans or rules.mode is not Mode.ON:
            return timeouts
        return replace(timeouts, **spans)  # type: ignore[arg-type] # `growth`, the only float, is no clock


class News(NamedTuple):
    """What another worker saw of a subject: `own` or a clock -> answered and cut."""

    key: Key
    waits: Mapping[str, tuple[Sketch, Sketch]]

    @classmethod
    def read(cls, plain: object) -> News:
        """A row that `Subject.drain` wrote. Raises ValueError, naming the field, for anything else."""
        key = Key.read(plain)
        assert isinstance(plain, Mapping)  # noqa: S101 - the key was read from it
        names = ("own", *(clock.value for clock in CLOCKS))
        return cls(key, {name: nested(name, drained, plain[name]) for name in names if name in plain})
