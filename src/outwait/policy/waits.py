"""How long answers let one wait, when some of the waits never saw their end.

A wait that was cut short, or still goes on, is no value: the answer would have taken *longer* than that. Dropping such
waits makes everything look faster than it is, and a rule that learns from them faster still. So they are kept as what
they are, and `Curve` is the Kaplan-Meier estimate over both: who was still waiting at each age, and how many of those
were answered then.

Two things keep the curve honest at its end. One wait that is never answered is always thought along, so the chance of
waiting longer than anything seen is 1 / (n + 1) and never 0 (what the mean rank of the largest of n says). And beyond
the longest wait it falls as 1 / age: each doubling of the wait halves the chance, a heavier tail than any real model
has, so a wait without precedent is doubted slowly.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from functools import partial

from outwait.policy.sketch import BUCKETS, HALF, HIGHEST, LOWEST, STEP, Rotating, Sketch, bucket, nested, restored

TAIL = 1.0  # power with which the curve falls beyond the longest wait
REFRESH = 5.0  # seconds a curve is used before it is drawn again
PARTS = ("values", "cuts")  # of waits as plain data

_SCALE = 1 / STEP
_OFFSET = -math.log(LOWEST) / STEP


class Curve:
    """Chances that a wait lasts longer than so many seconds. `answered`, `cut`: the waits it was drawn from, without
    those that still went on; `samples`: both.
    """

    __slots__ = ("_hazard", "_seen", "answered", "cut", "samples")

    def __init__(self, values: Sketch, cuts: Sketch, running: Iterable[float] = ()) -> None:
        """`running`: ages in seconds of the waits that go on."""
        self.answered = values.count
        self.cut = cuts.count
        self.samples = values.count + cuts.count
        leaving = list(cuts.buckets) or [0] * BUCKETS
        waiting = self.samples + 1  # one is never answered
        for age in running:
            leaving[bucket(age)] += 1
            waiting += 1
        answers = values.buckets or [0] * BUCKETS
        hazard = 0.0
        self._hazard = [0.0]  # -log of the chance to wait longer, at the lower end of each bucket
        self._seen = 0  # up to here somebody waited
        for at, (answered, left) in enumerate(zip(answers, leaving, strict=True)):
            if answered:
                hazard -= math.log1p(-answered / waiting)
            if answered or left:
                waiting -= answered + left
                self._seen = at + 1
            self._hazard.append(hazard)
        if self._seen:
            beyond = range(1, BUCKETS + 1 - self._seen)
            self._hazard[self._seen + 1 :] = [hazard + TAIL * STEP * steps for steps in beyond]

    def hazard(self, age: float) -> float:
        """-log of the chance that a wait lasts longer than `age` seconds: 0 at the start, finite if `age` is."""
        if age <= LOWEST:
            return 0.0
        place = math.log(age) * _SCALE + _OFFSET
        if place >= BUCKETS:
            return self._hazard[BUCKETS] + (TAIL * STEP * (place - BUCKETS) if self._seen else 0.0)
        at = int(place)
        below = self._hazard[at]
        return below + (place - at) * (self._hazard[at + 1] - below)

    def longer(self, age: float) -> float:
        """The chance that a wait lasts longer than `age` seconds."""
        return math.exp(-self.hazard(age))

    def quantile(self, share: float) -> float | None:
        """Seconds within which `share` of the waits are answered; None where too few were waited for that long."""
        at = bisect_left(self._hazard, -math.log1p(-share))
        if at > self._seen:
            return None
        return min(LOWEST * math.exp(STEP * at), HIGHEST)


class Waits:
    """The waits of one kind in the last 24 to 48 hours: what was answered, what was cut, what still goes on.

    `running`: when each wait that goes on has begun (seconds of the steady clock), by any key. With `share`, what is
    recorded is also set aside for `drain`, and other workers `absorb` it.
    """

    __slots__ = ("_curve", "_cuts", "_drawn", "_half", "_unsent", "_values", "running")

    def __init__(self, now: float, *, share: bool = False, half: float = HALF) -> None:
        self.running: dict[object, float] = {}
        self._half = half
        self._unsent = (Sketch(), Sketch()) if share else None
        self.clear(now)

    def clear(self, now: float) -> None:
        """Forget all but the waits that go on, and what is set aside for others."""
        self._values = Rotating(now, self._half)
        self._cuts = Rotating(now, self._half)
        self._curve: Curve | None = None
        self._drawn = now

    def add(self, seconds: float, now: float) -> None:
        """A wait was answered after `seconds`."""
        self._values.add(seconds, now)
        if self._unsent:
            self._unsent[0].add(seconds)

    def cut(self, seconds: float, now: float) -> None:
        """A wait ended after `seconds` without its answer, whoever ended it."""
        self._cuts.add(seconds, now)
        if self._unsent:
            self._unsent[1].add(seconds)

    def curve(self, now: float) -> Curve:
        """The curve of `now`; drawn again after `REFRESH` seconds, so a reader pays for a lookup only."""
        if self._curve is None or now - self._drawn >= REFRESH:
            ages = (max(0.0, now - begun) for begun in self.running.values())
            self._curve = Curve(self.values(now), self.cuts(now), ages)
            self._drawn = now
        return self._curve

    def values(self, now: float) -> Sketch:
        """What was answered."""
        return self._values.whole(now)

    def cuts(self, now: float) -> Sketch:
        """What was cut."""
        return self._cuts.whole(now)

    def counts(self, now: float) -> tuple[int, int]:
        """How many waits were answered, and how many were cut."""
        return self._values.count(now), self._cuts.count(now)

    def dump(self, now: float) -> dict[str, object]:
        """All that is known, as plain data for `restore`: what a restart should not forget."""
        return {"values": self._values.dump(now), "cuts": self._cuts.dump(now)}

    def restore(self, plain: object, now: float, age: float = 0.0) -> None:
        """Know what `dump` wrote `age` seconds ago, and nothing else. Raises ValueError, naming the field."""
        fields = _fields(plain)
        found = Rotating(now, self._half), Rotating(now, self._half)
        for name, kept in zip(PARTS, found, strict=True):
            nested(name, partial(kept.restore, now=now, age=age), fields.get(name))
        self._values, self._cuts = found
        self._curve = None

    def drain(self) -> dict[str, object] | None:
        """What was recorded here since the last time, as plain data for `absorb`; None when there is nothing new."""
        if not self._unsent or not (self._unsent[0].count or self._unsent[1].count):
            return None
        values, cuts = self._unsent
        self._unsent = (Sketch(), Sketch())
        return {"values": values.export(), "cuts": cuts.export()}

    def absorb(self, plain: object, now: float) -> None:
        """Count what another worker drained. Raises ValueError, naming the field, for anything else."""
        self.merge(*drained(plain), now)

    def merge(self, values: Sketch, cuts: Sketch, now: float) -> None:
        """Count these as well, as if they were of now."""
        self._values.absorb(values, now)
        self._cuts.absorb(cuts, now)


def drained(plain: object) -> tuple[Sketch, Sketch]:
    """What `Waits.drain` wrote: answered and cut. Raises ValueError, naming the field, for anything else."""
    fields = _fields(plain)
    values, cuts = (nested(name, restored, fields.get(name)) for name in PARTS)
    return values, cuts


def _fields(plain: object) -> Mapping[object, object]:
    if not isinstance(plain, Mapping):
        raise ValueError("waits are a mapping")  # noqa: TRY004 - one error for all bad input
    return plain
