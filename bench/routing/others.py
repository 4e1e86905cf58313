"""What other gateways do, for comparison: round robin, power of two choices, and that with a breaker.

Each chooses anew for each attempt, without remembering whom the request has met; keys take turns; there are no limits
and there is no queue. A Retry-After of the one that was chosen is waited for. The breaker is the product's own
(`policy.breaker`): what it opens for and when it closes is alike in both.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random

from bench.routing.world import World
from outwait.core.endpoints import Hold, Outlook, Wish
from outwait.core.fault import Fault
from outwait.core.plan import Candidate, Plan
from outwait.policy.blame import Blame, blame
from outwait.policy.breaker import Breaker

Shut = Callable[[str], None]


class _Place:
    """An attempt's place; tells its owner when it is over."""

    __slots__ = ("_epoch", "_over", "_owner", "_trial", "candidate", "place", "reason")

    def __init__(self, owner: _Memoryless, place: int, candidate: Candidate, *, trial: bool, epoch: int) -> None:
        self.place = place
        self.candidate = candidate
        self.reason = ""
        self._owner = owner
        self._trial = trial
        self._epoch = epoch
        self._over = False

    def headed(self, status: int, headers: Mapping[str, str]) -> None:
        """Nobody looks."""

    def content(self) -> None:
        """Nobody looks."""

    def leave(self, failed: Fault | None, gap: float = 0.0) -> None:
        """The attempt is over."""
        if not self._over:
            self._over = True
            self._owner.left(self.place, failed, self._epoch, trial=self._trial)


class _Memoryless(ABC):
    """`shut` is told the channel that a breaker has just opened for."""

    def __init__(self, candidates: Sequence[Candidate], world: World, luck: Random, shut: Shut) -> None:
        self.candidates = candidates
        self.world = world
        self.luck = luck
        self.shut = shut
        self.outstanding = [0] * len(candidates)
        self._keys = [0] * len(candidates)

    @abstractmethod
    def pick(self, count: int) -> int:
        """Whose turn it is, among the first `count`."""

    def trial(self, place: int) -> tuple[bool, int]:
        """Whether the attempt that begins at `place` tries an endpoint that is out, and in which epoch it begins."""
        return False, 0

    def left(self, place: int, failed: Fault | None, epoch: int, *, trial: bool) -> None:
        """An attempt at `place` is over."""
        self.outstanding[place] -= 1

    def lone(self, plan: Plan) -> Hold | None:
        """No short cut."""
        return None

    def acquire(self, wish: Wish, granted: Callable[[Hold], None]) -> Hold | Fault | None:
        """A place, always."""
        place = wish.places[0] if wish.places else self.pick(len(wish.plan.candidates))
        self.outstanding[place] += 1
        candidate = wish.plan.candidates[place]
        self._keys[place] += 1
        trial, epoch = self.trial(place)
        chosen = replace(candidate, key=self._keys[place] % candidate.keys)
        return _Place(self, place, chosen, trial=trial, epoch=epoch)

    def usual(self, plan: Plan, candidate: Candidate) -> float | None:
        """Nothing is learned."""
        return None

    def withdraw(self, wish: Wish, granted: Callable[[Hold], None]) -> None:
        """Nobody waits."""
        raise ValueError("nobody waits here")

    def outlook(self, wish: Wish) -> Outlook:
        """The one that a retry would go to."""
        return Outlook((self.pick(len(wish.plan.candidates)),))


class RoundRobin(_Memoryless):
    """One after the other."""

    _next = -1

    def pick(self, count: int) -> int:
        """The next one."""
        self._next = (self._next + 1) % count
        return self._next


class TwoChoices(_Memoryless):
    """Of two drawn alike, the one with fewer running for its weight."""

    def pick(self, count: int) -> int:
        """The less loaded of two."""
        return self._of(range(count))

    def _of(self, places: Sequence[int]) -> int:
        drawn = self.luck.sample(places, 2) if len(places) > 1 else list(places)
        return min(drawn, key=lambda place: (self.outstanding[place] + 1) / self.candidates[place].weight)


class TwoChoicesBreaker(TwoChoices):
    """The same among those whose breaker is closed; all of them, if none is."""

    def __init__(self, candidates: Sequence[Candidate], world: World, luck: Random, shut: Shut) -> None:
        super().__init__(candidates, world, luck, shut)
        self._breakers = [Breaker(world.now) for _ in candidates]

    def pick(self, count: int) -> int:
        """One whose trial is due, else the less loaded of two that are well."""
        now = self.world.now
        due = [place for place, one in enumerate(self._breakers[:count]) if one.due(now)]
        if due:
            return due[0]
        well = [place for place, one in enumerate(self._breakers[:count]) if not one.open]
        return self._of(well or range(count))

    def trial(self, place: int) -> tuple[bool, int]:
        """A trial, if one is due there."""
        breaker = self._breakers[place]
        if trial := breaker.due(self.world.now):
            breaker.begin_trial()
        return trial, breaker.epoch

    def left(self, place: int, failed: Fault | None, epoch: int, *, trial: bool) -> None:
        """An attempt at `place` is over, and what it says of the endpoint counts."""
        super().left(place, failed, epoch, trial=trial)
        breaker, now = self._breakers[place], self.world.now
        was = breaker.epoch
        said = None if failed is None else blame(failed)
        if said is None:
            breaker.good(now, epoch, trial=trial)
        elif said is Blame.FAILURE:
            breaker.bad(now, self.luck.random(), epoch, trial=trial)
        elif said is Blame.THROTTLE:
            breaker.refused(now, self.luck.random(), epoch, trial=trial)
        else:
            breaker.idle(epoch, trial=trial)
        if breaker.epoch != was:
            self.shut(self.candidates[place].channel)
