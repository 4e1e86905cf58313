"""How many attempts an endpoint gets at a time: additive increase, multiplicative decrease (FACTS 2.2, Netflix AIMD).

Nobody is held back before the upstream has said "too much": a model that thinks for minutes has hundreds in flight and
is well. Then the limit is 70 % of what was in flight, once per 10 s: those who were sent before the cut and are refused
after it tell no news. Who has no more than `floor` in flight was not refused for that. It grows by one for each 20
successes that came while at least half of it was used (a limit nobody leans on proves nothing). It never leaves `floor`
.. `ceiling`. Running attempts are left alone.

`CAUSES` and `STATUSES` say which faults mean "too much". What a key may spend (quota, credentials) is no matter of
concurrency. Nor is a rate limit that says when it ends (Retry-After): that is so many requests a minute, not at a time.
Its key rests until then; a cut on top, in each window anew, would leave a fraction of what the provider serves.

Who counts the attempts in flight is somebody else; the count is an argument. Every operation is O(1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from outwait.core.fault import Fault, Side


class Signal(StrEnum):
    """What the end of an attempt says about the endpoint's capacity."""

    SUCCESS = "success"
    OVERLOAD = "overload"
    NEITHER = "neither"


# By the fault's cause; it comes first, since the same status may mean several things (429: slow down, or no credit).
CAUSES: dict[str, Signal] = {
    "rate_limited": Signal.OVERLOAD,
    "overloaded": Signal.OVERLOAD,
    "connect_timeout": Signal.OVERLOAD,  # ours, and 522: Cloudflare's at its origin
    "quota_exhausted": Signal.NEITHER,
    "auth_failed": Signal.NEITHER,
    "permission_denied": Signal.NEITHER,
    "model_not_found": Signal.NEITHER,
    "context_too_long": Signal.NEITHER,
    "content_filtered": Signal.NEITHER,
}

# By the upstream's HTTP status, where the cause tells nothing.
STATUSES: dict[int, Signal] = {429: Signal.OVERLOAD, 503: Signal.OVERLOAD, 529: Signal.OVERLOAD}

_OURS = frozenset((Side.CLIENT, Side.GATEWAY))
MANY = 100_000  # more than a worker has descriptors for: no limit


@dataclass(frozen=True, slots=True)
class Concurrency:
    """The numbers (FACTS 2.2). `start`, `floor`, `ceiling`: attempts at a time; a ceiling below the floor wins.

    `cut`: factor at an overload, at most once per `pause` seconds. `step`: successes for one more, counted while at
    least the share `used` of the limit is in flight.
    """

    start: int = MANY
    floor: int = 4
    ceiling: int = MANY
    cut: float = 0.7
    pause: float = 10.0
    step: int = 20
    used: float = 0.5

    def clamp(self, limit: int) -> int:
        """`limit` inside the floor and the ceiling, and at least 1."""
        return max(1, min(max(limit, self.floor), self.ceiling))


class Limiter:
    """The limit of one endpoint. `limit`: attempts at a time, now."""

    __slots__ = ("_numbers", "_quiet_until", "_successes", "limit")

    def __init__(self, numbers: Concurrency) -> None:
        self.limit = numbers.clamp(numbers.start)
        self._numbers = numbers
        self._successes = 0
        self._quiet_until = -math.inf  # no cut before that

    def room(self, in_flight: int) -> bool:
        """Whether one more attempt may begin beside `in_flight`."""
        return in_flight < self.limit

    def note(self, signal: Signal, in_flight: int, now: float) -> bool:
        """An attempt ended; `in_flight` counts it still. Returns whether the limit changed."""
        if signal is Signal.SUCCESS:
            return self._succeeded(in_flight)
        return signal is Signal.OVERLOAD and self._overloaded(in_flight, now)

    def renumber(self, numbers: Concurrency) -> None:
        """Use other numbers from now on; what was learned stays, inside the new bounds."""
        self._numbers = numbers
        self.limit = numbers.clamp(self.limit)

    def _succeeded(self, in_flight: int) -> bool:
        numbers = self._numbers
        if in_flight < numbers.used * self.limit:
            return False
        self._successes += 1
        if self._successes < numbers.step:
            return False
        self._successes = 0
        return self._move(self.limit + 1)

    def _overloaded(self, in_flight: int, now: float) -> bool:
        if now < self._quiet_until or in_flight <= self._numbers.floor:
            return False
        self._quiet_until = now + self._numbers.pause
        self._successes = 0
        return self._move(int(min(self.limit, in_flight) * self._numbers.cut))

    def _move(self, wished: int) -> bool:
        before, self.limit = self.limit, self._numbers.clamp(wished)
        return self.limit != before


def signal_of(failed: Fault | None) -> Signal:
    """What the end of an attempt says: None is a success, a fault is looked up by its cause, then by its status."""
    if failed is None:
        return Signal.SUCCESS
    if failed.side in _OURS:
        return Signal.NEITHER  # our own refusals say nothing of the upstream
    if failed.cause == "rate_limited" and failed.retry_after is not None and failed.retry_after > 0:
        return Signal.NEITHER
    known = CAUSES.get(failed.cause)
    if known is not None:
        return known
    if failed.upstream is None:
        return Signal.NEITHER
    return STATUSES.get(failed.upstream.status, Signal.NEITHER)
