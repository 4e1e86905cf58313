"""The product itself: its tracker and what it learns, under the simulation's clock and wheel."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import cast

from bench.routing.others import Shut
from bench.routing.world import World
from outwait.core.catalog import Catalog, Channel
from outwait.core.plan import Candidate
from outwait.health.endpoint import Change
from outwait.health.learning import Learning
from outwait.health.learning_rules import LearningRules, Mode
from outwait.health.tracker import HealthTracker
from outwait.policy.health_rules import DEFAULT, HealthRules
from outwait.policy.queueing import Queueing
from outwait.wire.wheel import Wheel

WITHOUT_QUEUE = HealthRules(queueing=Queueing(depth=0.0, wait=0.0))
_TICK = 1.0  # seconds, as in the gateway
_OUT = frozenset((Change.EJECTED, Change.SUSPECT))


def tracker(
    candidates: Sequence[Candidate], world: World, luck: Random, shut: Shut, *, rules: HealthRules = DEFAULT
) -> HealthTracker:
    """One worker's tracker for `candidates`; `shut` is told the channel of each endpoint that is thrown out."""
    learning = Learning(LearningRules(mode=Mode(rules.adaptive)))
    made = HealthTracker(world.clock, world.clock, luck.random, cast("Wheel", world.wheel), learning, rules)
    made.use(Catalog(channels=tuple(_channel(candidate) for candidate in candidates)))

    def told(name: str, what: Change, _detail: str) -> None:
        if what in _OUT:
            shut(name.partition("/")[0])

    def tick() -> None:
        made.tick(world.now)
        world.after(_TICK, tick)

    made.events.append(told)
    world.after(_TICK, tick)
    return made


def _channel(candidate: Candidate) -> Channel:
    keys = tuple(f"key {number}" for number in range(candidate.keys))
    return Channel(candidate.channel, candidate.dialect, "https://channel.test", keys, weight=candidate.weight)
