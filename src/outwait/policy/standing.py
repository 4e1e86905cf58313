"""How one endpoint stands in one worker: what runs there, how it fared, and whether it may be asked.

Each attempt goes `enter` -> `content` (if any comes) -> `leave`, and holds a `Pass` between. Everything else that can
change a standing is here too: a suspicion, and what a neighbour (another worker) tells. A neighbour's word may make
us careful sooner; it never opens what we ourselves have shut.

    neighbour says   we have no failure in a row         we have one         we have ejected it
    ejected          suspect, tried by the next request  ejected             no change
    suspect          suspect, tried after a minute       the same            no change
    healthy          our own suspicion stays, a neighbour's is cleared       no change
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

from outwait.core.fault import Fault
from outwait.policy import slowstart
from outwait.policy.blame import Blame, blame
from outwait.policy.breaker import Breaker, BreakerRule
from outwait.policy.keyring import Keyring
from outwait.policy.penalty import Penalty, PenaltyRule
from outwait.policy.slowstart import SlowStart
from outwait.policy.suspicion import Suspicion, SuspicionRule


@dataclass(frozen=True, slots=True)
class StandingRule:
    """The numbers of everything that a standing is made of."""

    breaker: BreakerRule = field(default_factory=BreakerRule)
    penalty: PenaltyRule = field(default_factory=PenaltyRule)
    slow_start: SlowStart = field(default_factory=SlowStart)
    suspicion: SuspicionRule = field(default_factory=SuspicionRule)


DEFAULT = StandingRule()


class Hint(StrEnum):
    """What a neighbour says of an endpoint."""

    EJECTED = "ejected"
    SUSPECT = "suspect"
    HEALTHY = "healthy"


class Pass:
    """One attempt's hold on a standing. `trial`: it tries whether the endpoint works. `key`: the credential's place.
    `epoch`, `refusals`: the standing's when it began; `life`: its credential's.
    """

    __slots__ = ("epoch", "key", "left", "life", "refusals", "trial")

    def __init__(self, key: int = 0) -> None:
        self.epoch = 0
        self.refusals = 0
        self.life = 0
        self.key = key
        self.trial = False
        self.left = False


class Standing:
    """One endpoint. The owner may set `weight` (above 0), `tier` (lower first) and `limit` (attempts at a time).

    `seed`: the endpoint's name as a number, for `policy.stick`. `outstanding`: attempts running. `shut`: ejected or
    suspect. `refusals`: how often it asked to be left alone. `unproven`: no attempt that began after the last of these
    was answered. `warm_at`: when it has its whole weight.
    """

    __slots__ = (
        "_rule",
        "breaker",
        "keys",
        "limit",
        "outstanding",
        "penalty",
        "refusals",
        "seed",
        "shut",
        "suspicion",
        "tier",
        "unproven",
        "warm_at",
        "weight",
    )

    def __init__(
        self,
        keys: Keyring,
        now: float,
        *,
        weight: float = 1.0,
        tier: int = 0,
        seed: int = 0,
        rule: StandingRule = DEFAULT,
    ) -> None:
        self._rule = rule
        self.keys = keys
        self.weight = weight
        self.tier = tier
        self.seed = seed
        self.limit = math.inf
        self.outstanding = 0
        self.breaker = Breaker(now, rule.breaker)
        self.suspicion = Suspicion(rule.suspicion)
        self.penalty = Penalty(rule.penalty)
        self.shut = False
        self.refusals = 0
        self.unproven = False
        self.warm_at = now + rule.slow_start.span

    def eased(self, now: float) -> float:
        """The weight at `now`, less while it starts slowly."""
        if now >= self.warm_at:
            return self.weight
        slow = self._rule.slow_start
        return self.weight * slowstart.share(now - self.warm_at + slow.span, slow)

    def renumber(self, rule: StandingRule, now: float) -> None:
        """Go by other numbers from now on. What is out stays out until the date it was given."""
        self._rule = rule
        self.breaker.renumber(rule.breaker, now)
        self.suspicion.rule = rule.suspicion
        self.penalty.rule = rule.penalty

    def due(self, now: float) -> bool:
        """Whether it is shut, and one real request may try it."""
        return self.breaker.due(now) if self.breaker.open else self.suspicion.due(now)

    def admits(self, now: float) -> bool:
        """Whether an attempt may begin, asked right before it: since the choice, the world may have changed."""
        if self.outstanding >= self.limit or not self.keys.ready(now):
            return False
        return not self.shut or self.due(now)

    def enter(self, now: float, key: int = 0) -> Pass:
        """An attempt begins. It is let in even where `admits` says no: panic and last resorts are the caller's."""
        held = Pass(key)
        self.admit(held, now)
        return held

    def admit(self, held: Pass, now: float) -> None:
        """As `enter`, with a `held` that was made by whoever begins the attempt."""
        self.outstanding += 1
        held.epoch = self.breaker.epoch
        held.refusals = self.refusals
        held.life = self.keys.credentials.lives[held.key]
        if self.shut and self.due(now):
            held.trial = True
            if self.breaker.open:
                self.breaker.begin_trial()
            else:
                self.suspicion.begin_trial(now)

    def content(self, held: Pass, now: float) -> None:
        """Content came: nothing hangs, and a trial has succeeded, however the answer ends."""
        if self.shut:
            self.suspicion.clear()
            if self.breaker.open:
                self.breaker.good(now, held.epoch, trial=held.trial)
            self._settle(now)

    def well(self, held: Pass, now: float) -> None:
        """The attempt ended well, and the endpoint is not `shut`: what nearly all attempts come to. Only once."""
        held.left = True
        self.outstanding -= 1
        if self.unproven:
            self._prove(held)
        self.breaker.good(now, held.epoch, trial=False)

    def leave(self, held: Pass, failed: Fault | None, now: float, luck: float) -> Blame | None:
        """The attempt ended, well if `failed` is None; returns what it says of the endpoint. Only once."""
        if held.left:
            return None
        held.left = True
        self.outstanding -= 1
        if failed is None:
            self._prove(held)
            self.suspicion.clear()
            self.breaker.good(now, held.epoch, trial=held.trial)
            said = None
        else:
            said = self._fail(held, failed, now, luck)
        self._settle(now)
        return said

    def _fail(self, held: Pass, failed: Fault, now: float, luck: float) -> Blame:
        said = blame(failed)
        epoch, trial = held.epoch, held.trial
        if said is Blame.FAILURE:
            if self.keys.rest_all(now, failed.retry_after):
                self._refused()
            self.penalty.add(now)
            self.breaker.bad(now, luck, epoch, trial=trial)
        elif said is Blame.THROTTLE:
            self._refused()
            # A key that rests is out of the way; without a date, at least the others are asked first.
            if not self.keys.rest(held.key, now, failed.retry_after):
                self.penalty.add(now)
            self.breaker.refused(now, luck, epoch, trial=trial)
        else:
            if said is Blame.KEY and not self._refuse(held, failed, now):
                said = Blame.NOTHING
            self.breaker.idle(epoch, trial=trial)
        return said

    def _refuse(self, held: Pass, failed: Fault, now: float) -> bool:
        """The credential was refused; False: that says nothing about it, since it has been answered meanwhile."""
        keys = self.keys
        return held.life == keys.credentials.lives[held.key] and keys.refuse(held.key, now, failed)

    def _refused(self) -> None:
        self.refusals += 1
        self.unproven = True

    def _prove(self, held: Pass) -> None:
        if held.refusals == self.refusals:
            self.unproven = False

    def suspect(self, now: float) -> None:
        """It seems to hang (`policy.survival`)."""
        self.suspicion.raise_(now)
        self._settle(now)

    def hear(self, hint: Hint, now: float, luck: float) -> None:
        """A neighbour tells something."""
        if self.breaker.open:
            return
        if hint is Hint.HEALTHY:
            if self.suspicion.hearsay:
                self.suspicion.clear()
        elif hint is Hint.EJECTED and self.breaker.row:
            self.breaker.eject(now, luck)
        else:
            self.suspicion.raise_(now, hearsay=True, at_once=hint is Hint.EJECTED)
        self._settle(now)

    def _settle(self, now: float) -> None:
        was = self.shut
        self.shut = self.breaker.open or self.suspicion.on
        if was and not self.shut:
            # It begins anew: slowly, and without the penalty of what it was shut for, which would starve it.
            self.warm_at = now + self._rule.slow_start.span
            self.penalty.clear()
