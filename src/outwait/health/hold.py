"""An attempt's place at an endpoint: what it saw is told to everything that learns of it, once.

A call that ends well at a healthy endpoint pays for little more than a few comparisons here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from outwait.core.fault import Fault
from outwait.core.plan import Candidate
from outwait.health.endpoint import Endpoint, News
from outwait.policy import rate_headers
from outwait.policy.last_resort import Death, Knock
from outwait.policy.standing import Pass

# Without one of these a reply tells nothing of rate limits, and nearly every reply of most providers has none.
TELLING = frozenset((*(form[1] for form in rate_headers.FORMS), "retry-after", "retry-after-ms"))


class Waiting(Protocol):
    """What learns how long an attempt waits (`health.learning`)."""

    def headed(self, now: float, status: int) -> None:
        """The response head came."""

    def content(self, now: float) -> None:
        """The first content came."""

    def end(self, now: float, gap: float, *, complete: bool) -> None:
        """It is over, and the answer is `complete` or not; `gap`: its longest silence after the first content."""


class Owner(Protocol):
    """Who gave the place."""

    def now(self) -> float:
        """Loop seconds."""

    def today(self) -> float:
        """Seconds since the epoch."""

    def chance(self) -> float:
        """In [0, 1)."""

    def changed(self, endpoint: Endpoint, news: list[News]) -> None:
        """Something changed, by an attempt at `endpoint`."""

    def freed(self, endpoint: Endpoint, now: float) -> None:
        """An attempt left `endpoint`."""

    def opened(self, endpoint: Endpoint, now: float) -> None:
        """`endpoint` may take more than a moment ago."""

    def works(self, endpoint: Endpoint, key: int, death: Death) -> None:
        """A dead key was answered at `endpoint`."""


class Held(Pass):
    """Implements `core.endpoints.Hold`. `waiting`: who learns from this attempt, if somebody does. `knock`: set for one
    that is made with a dead key, as a last resort.

    One is made for each attempt, so it writes the fields of a `Pass` by itself.
    """

    __slots__ = ("_endpoint", "_owner", "candidate", "knock", "place", "reason", "waiting")

    def __init__(
        self,
        owner: Owner,
        endpoint: Endpoint,
        candidate: Candidate,
        place: int,
        reason: str,
        waiting: Waiting | None = None,
    ) -> None:
        self.epoch = 0
        self.refusals = 0
        self.life = 0
        self.key = candidate.key
        self.trial = False
        self.left = False
        self._owner = owner
        self._endpoint = endpoint
        self.candidate = candidate
        self.place = place
        self.reason = reason
        self.waiting = waiting
        self.knock: Knock | None = None

    def headed(self, status: int, headers: Mapping[str, str]) -> None:
        """The response head came; names in lower case."""
        waiting = self.waiting
        if waiting is not None:
            waiting.headed(self._owner.now(), status)
        if self.knock is not None:
            self.knock.headed(status)
        if TELLING.isdisjoint(headers):
            return
        told = rate_headers.read(headers, self._owner.today())
        if told is not rate_headers.NOTHING:
            self._endpoint.observe(self.key, told, self._owner.now())

    def content(self) -> None:
        """The first content came."""
        waiting, endpoint = self.waiting, self._endpoint
        if self.knock is not None:
            self._owner.works(endpoint, self.key, self.knock.death)
        if waiting is None and not endpoint.standing.shut:
            return
        now = self._owner.now()
        if waiting is not None:
            waiting.content(now)
        if endpoint.standing.shut:
            news = endpoint.content(self, now)
            self._owner.changed(endpoint, news)
            if news:
                self._owner.opened(endpoint, now)

    def leave(self, failed: Fault | None, gap: float = 0.0) -> None:
        """The attempt is over; whatever is said after that changes nothing."""
        if self.left:
            return
        owner, endpoint = self._owner, self._endpoint
        now = owner.now()
        standing = endpoint.standing
        if self.knock is not None:
            self.knock.leave(failed)
        if failed is None:
            endpoint.succeeded = now
            if standing.outstanding >= endpoint.leaned:
                owner.changed(endpoint, endpoint.grow(now))
        if failed is not None or standing.shut:
            owner.changed(endpoint, endpoint.settle(self, failed, now, owner.chance()))
        else:
            standing.well(self, now)
        waiting = self.waiting
        if waiting is not None:
            if failed is None:
                waiting.content(now)  # a reply that came in one piece had no first content before its end
            waiting.end(now, gap, complete=failed is None)
        if self.knock is not None and failed is None:
            owner.works(endpoint, self.key, self.knock.death)
        owner.freed(endpoint, now)
