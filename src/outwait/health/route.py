"""The endpoints behind a plan's candidates, kept from one request of a plan to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from outwait.core.plan import Candidate, Plan, Timeouts
from outwait.health.endpoint import Endpoint
from outwait.health.hold import Waiting
from outwait.policy.retry import Verdict
from outwait.policy.survival import Watch


class Subject(Protocol):
    """An endpoint in one scenario, as far as one learns from attempts there (`health.learned`)."""

    def look(self, watch: Watch, now: float) -> Waiting | None:
        """An attempt begins; None: nothing is learned from this one."""


class Learner(Protocol):
    """What is learned from how long attempts wait (`health.learning`)."""

    epoch: int  # what `subject` gave is forgotten when this is another number
    moves: bool  # learned clocks take the place of others

    def subject(self, endpoint: str, scenario: str, now: float, *, whole: bool) -> Subject:
        """What learns from attempts there."""

    def clocks(self, endpoint: str, scenario: str, timeouts: Timeouts, now: float, *, whole: bool) -> Timeouts:
        """The clocks that hold there; the very same where nothing is learned."""

    def worth(
        self, endpoint: str, scenario: str, left: float, paid: float, now: float, *, whole: bool
    ) -> Verdict | None:
        """Whether an answer within `left` seconds is likely enough; None: nobody knows."""

    def usual(self, endpoint: str, scenario: str, now: float, *, whole: bool) -> float | None:
        """Seconds to the first content of 95 % of such answers; None: nobody knows."""

    def forget(self, channel: str) -> None:
        """The upstream of `channel` is another one now, or none."""


class Route:
    """Some or all candidates of `plan`. `places`: theirs in the plan; `endpoints` and `standings` in the same order.

    `lone`: the endpoint, if there is only one. `parts`: routes of fewer places, by those. `subjects`: who learns from
    attempts, by place here, as long as the learner's epoch is `epoch`.
    """

    __slots__ = (
        "_made", "_ranks", "endpoints", "epoch", "lone", "names", "parts", "places", "plan", "standings", "subjects",
    )  # fmt: skip

    def __init__(self, plan: Plan, places: Sequence[int], endpoints: Sequence[Endpoint]) -> None:
        self.plan = plan
        self.places = tuple(places)
        self.endpoints = tuple(endpoints)
        self.standings = tuple(endpoint.standing for endpoint in endpoints)
        self.names = tuple(endpoint.name for endpoint in endpoints)
        self.lone = endpoints[0] if len(endpoints) == 1 else None
        self.parts: dict[tuple[int, ...], Route] = {}
        self.subjects: list[Subject | None] = [None] * len(self.endpoints)
        self.epoch = 0
        candidates = [plan.candidates[place] for place in places]
        self._ranks = [
            (standing, candidate.tier, candidate.weight)
            for standing, candidate in zip(self.standings, candidates, strict=True)
        ]
        self._made: dict[tuple[int, int], Candidate] = {}

    def rank(self) -> None:
        """Give the standings the tiers and weights they have here: a model's own channel may be another's fallback."""
        for standing, tier, weight in self._ranks:
            standing.tier = tier
            standing.weight = weight

    def part(self, places: tuple[int, ...]) -> Route:
        """The route of only `places` (of the plan), in the plan's order."""
        found = self.parts.get(places)
        if found is None:
            inside = sorted(set(places))
            found = Route(self.plan, inside, [self.endpoints[place] for place in inside])
            self.parts[places] = found
        return found

    def candidate(self, at: int, key: int, timeouts: Timeouts) -> Candidate:
        """The candidate at `at` with `key` and `timeouts`; the plan's own where they are its own."""
        place = self.places[at]
        candidate = self.plan.candidates[place]
        usual = candidate.timeouts or self.plan.timeouts
        if key == candidate.key and timeouts is usual:
            return candidate
        made = self._made.get((place, key))
        if made is None or (made.timeouts or self.plan.timeouts) is not timeouts:
            kept = candidate.timeouts if timeouts is usual else timeouts
            made = self._made[place, key] = replace(candidate, key=key, timeouts=kept)
        return made

    @property
    def slots(self) -> int:
        """How many attempts may run at a time in all of it."""
        limits: dict[str, int] = {}
        for endpoint in self.endpoints:
            limits[endpoint.channel.name] = limits.get(endpoint.channel.name, 0) + endpoint.limiter.limit
        bounds = {endpoint.channel.name: endpoint.channel.max_in_flight for endpoint in self.endpoints}
        return sum(min(limit, bounds[name] or limit) for name, limit in limits.items())
