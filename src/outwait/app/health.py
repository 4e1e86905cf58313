"""What keeps a worker's endpoints well, joined: the tracker, what it learns from, and the clock that looks after both."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from outwait.core.catalog import Catalog
from outwait.health.learning import Learning
from outwait.health.learning_rules import LearningRules, Mode
from outwait.health.tracker import HealthTracker
from outwait.policy.health_rules import HealthRules, rules_of
from outwait.wire.wheel import Alarm, Wheel

TICK = 1.0  # seconds between looks at who hangs, and at whom time has opened


@dataclass(slots=True)
class Health:
    """The parts. `ticked`: told each second (loop seconds), after the tracker."""

    tracker: HealthTracker
    learning: Learning
    ticked: list[Callable[[float], None]]
    _wheel: Wheel
    _alarm: Alarm = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Look after it from now on."""
        self._alarm = Alarm(self._ring)
        self._wheel.set(self._alarm, self._wheel.now() + TICK)

    def use(self, catalog: Catalog) -> None:
        """A reload: what is the same keeps its state."""
        rules = rules_of(catalog)
        self.tracker.use(catalog, rules)
        self.learning.use(learning_rules(rules))

    def close(self) -> None:
        """Look no more."""
        self._wheel.forget(self._alarm)

    def _ring(self, now: float) -> None:
        self._wheel.set(self._alarm, now + TICK)
        self.tracker.tick(now)
        for tell in self.ticked:
            tell(now)


def build(catalog: Catalog, wheel: Wheel, clock: Callable[[], float]) -> Health:
    """The health of a worker that begins with `catalog`."""
    rules = rules_of(catalog)
    learning = Learning(learning_rules(rules))
    tracker = HealthTracker(clock, time.time, random.random, wheel, learning, rules)
    tracker.use(catalog)
    return Health(tracker, learning, [], wheel)


def learning_rules(rules: HealthRules) -> LearningRules:
    """How a worker learns under `rules`."""
    return LearningRules(
        mode=Mode(rules.adaptive), floor=rules.floor, ceiling=rules.ceiling, adapting=rules.adapting, share=True
    )
