"""What keeps a worker's endpoints well, joined: tracker, learning, probes, hints, and who is told of it all."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from outwait.app.notes import Notes
from outwait.core.catalog import Catalog, Channel
from outwait.core.fault import fault
from outwait.edge.channels import Desk
from outwait.edge.door import Door
from outwait.edge.hearsay import Hearsay
from outwait.edge.shedding import Shedding
from outwait.health.figures import Chronicle
from outwait.health.hints import Hints
from outwait.health.learning import Learning
from outwait.health.learning_rules import LearningRules, Mode
from outwait.health.prober import Prober
from outwait.health.tracker import HealthTracker
from outwait.policy.health_rules import HealthRules, rules_of
from outwait.upstream.call import Upstream
from outwait.upstream.listing import Listed, list_models
from outwait.upstream.probe import Probes
from outwait.wire import memory
from outwait.wire.wheel import Alarm, Wheel

TICK = 1.0  # seconds between looks at who hangs, and at whom time has opened


@dataclass(slots=True)
class Health:
    """The parts. `shared`: there are other workers to learn from."""

    tracker: HealthTracker
    learning: Learning
    probes: Probes
    prober: Prober
    chronicle: Chronicle
    hints: Hints
    shedding: Shedding
    shared: bool
    _alarm: Alarm
    _wheel: Wheel
    _notes: Notes | None = None

    def desk(self) -> Desk:
        """Where operators look at it."""
        return Desk(self.tracker, self.prober, self.learning, self.chronicle)

    def start(self, door: Door, worker: int, folder: Path | None = None) -> None:
        """Begin to look after it; worker 0 probes for all on its host. `folder`: where what is learned outlives it."""
        self._wheel.set(self._alarm, self._wheel.now() + TICK)
        self.prober.start(probing=worker == 0)
        if folder is not None:
            self._notes = Notes(folder / f"learned-{worker}.json", self.learning, self._wheel, time.time)
            self._notes.start(door.catalog, on=self.learning.learns)
        door.shedding = self.shedding
        if self.shared:
            door.hearsay = Hearsay(self.hints, door.neighbours, self._wheel)
            door.hearsay.start()

    async def listed(self, channel: Channel) -> Listed:
        """The models that the provider of `channel` lists, asked with the first of its keys that is not dead: whether a
        dead one works again, the prober finds out, and asks seldom.
        """
        known = self.tracker.channels.get(channel.name)
        alive = (0,) if known is None else filter(known.credentials.alive, range(len(known.credentials)))
        key = next(iter(alive), None)
        if key is None:
            return Listed(failed=fault("upstream_auth", detail="no key of the channel is alive"))
        return await list_models(self.probes, channel, key)

    def use(self, catalog: Catalog) -> None:
        """A reload: what is the same keeps its state."""
        rules = rules_of(catalog)
        self.probes.use(catalog)
        self.tracker.use(catalog, rules)
        self.learning.use(learning_rules(rules, shared=self.shared))
        self.prober.use(rules.probe)
        self.chronicle.known = spelt(catalog)
        self.shedding.use(on=rules.shed)
        if self._notes is not None:
            self._notes.use(catalog, on=self.learning.learns)

    def close(self, door: Door) -> None:
        """Look no more."""
        self._wheel.forget(self._alarm)
        self.prober.close()
        self.shedding.use(on=False)
        if self._notes is not None:
            self._notes.close()
        if door.hearsay is not None:
            door.hearsay.close()


def build(catalog: Catalog, wheel: Wheel, clean: Callable[[str], str], upstream: Upstream, workers: int) -> Health:
    """The health of one of `workers` that begins with `catalog`. `clean`: takes secrets out of what is shown."""
    rules = rules_of(catalog)
    learning = Learning(learning_rules(rules, shared=workers > 1))
    tracker = HealthTracker(wheel.now, time.time, random.random, wheel, learning, rules)
    tracker.use(catalog)
    probes = Probes(catalog, upstream.open, upstream.judge)
    prober = Prober(tracker, probes, wheel, random.random, rules.probe)
    chronicle = Chronicle(tracker, wheel.now, clean)
    chronicle.known = spelt(catalog)
    tracker.events.append(chronicle.changed)
    hints = Hints(tracker, learning)
    prober.told += [chronicle.probed, hints.probed]
    hints.took = prober.took
    shedding = Shedding(wheel, memory.share(workers))
    shedding.use(on=rules.shed)

    def look(now: float) -> None:
        wheel.set(alarm, now + TICK)
        tracker.tick(now)

    alarm = Alarm(look)
    return Health(tracker, learning, probes, prober, chronicle, hints, shedding, workers > 1, alarm, wheel)


def spelt(catalog: Catalog) -> frozenset[str]:
    """The models that the configuration spells out, by the names they have at their providers."""
    return frozenset(
        channel.model_map.get(name, name)
        for channel in catalog.channels
        for name in (*channel.models, *channel.model_map)
    )


def learning_rules(rules: HealthRules, *, shared: bool) -> LearningRules:
    """How a worker learns under `rules`; `shared`: it tells others."""
    return LearningRules(
        mode=Mode(rules.adaptive),
        written=rules.written,
        floor=rules.floor,
        ceiling=rules.ceiling,
        adapting=rules.adapting,
        share=shared,
    )
