"""When one credential of a channel may be used again, by what its upstream told of its rate limits (FACTS 2.2).

Sending stops as soon as 2 % of a limit are left, until that limit resets: the last percent belongs to what is on its
way, and a refusal costs a round trip and often the provider's goodwill. Requests are counted down between two replies,
so that a burst does not run into a limit that nobody has reported yet; after the reset the count begins at the limit,
for `blind` seconds if no reply says better. A Retry-After is a wish to be left alone.

A reset may be told as hours away although the limit refills all the time (OpenAI and Anthropic mean "full again", and
count days too), so no header alone stops a credential for longer than `longest`: then one looks again. A limit whose
reset is not told (Azure) is looked at again after `blind` seconds. A pause only ever grows: replies overtake each
other, and the older news must not open what the newer has closed.

Every operation is O(1). `now`: seconds of any steady clock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from outwait.policy.rate_headers import Told, Window


@dataclass(frozen=True, slots=True)
class Reserve:
    """The numbers. `share` of a limit that is left alone (FACTS 2.2).

    `until`: how much of the time to the reset sending stops; below 1 for upstreams that refill all the time. `longest`:
    seconds a header may stop a credential; `blind`: the same where no reset was told. `same`: resets so many seconds
    apart are one. `cool_down`: seconds a Retry-After may stop it (FACTS 2.2: 24 h).
    """

    share: float = 0.02
    until: float = 1.0
    longest: float = 600.0
    blind: float = 1.0
    same: float = 0.5
    cool_down: float = 86_400.0


class Quota:
    """What is known of one credential. `why`: what stopped it last. `reserve` may be set."""

    __slots__ = ("_left", "_limit", "_open_at", "_reset_at", "reserve", "why")

    def __init__(self, reserve: Reserve) -> None:
        self.why = ""
        self.reserve = reserve
        self._open_at = -math.inf
        self._left = 0.0  # requests left of `_limit` until `_reset_at`
        self._limit: float | None = None
        self._reset_at = -math.inf

    def wait(self, now: float) -> float:
        """Seconds until the credential may be used, 0 for now."""
        return max(0.0, self._open_at - now)

    def observe(self, told: Told, now: float) -> None:
        """A reply came."""
        for window in told.windows:
            if window.kind == "requests":
                self._count(window, now)
            if self._low(window.remaining, window.limit):
                self._stop(window, now)
        if told.retry_after is not None:
            self.hold(told.retry_after, now, "the provider asked to be left alone")

    def sent(self, now: float) -> None:
        """A request is on its way with this credential."""
        if now >= self._reset_at:
            if self._limit is None:
                return
            self._left, self._reset_at = self._limit, now + self.reserve.blind
        self._left -= 1
        if self._low(self._left, self._limit):
            self._stop(Window("requests", max(0.0, self._left), self._limit, self._reset_at - now), now)

    def hold(self, seconds: float, now: float, why: str) -> None:
        """Do not use the credential for `seconds`; nonsense (negative, NaN) asks for nothing."""
        self._close(min(seconds, self.reserve.cool_down), now, why)

    def open(self) -> None:
        """Forget every pause and all that was told: the credential was changed, or somebody knows better."""
        self._open_at = self._reset_at = -math.inf
        self.why = ""

    def _count(self, window: Window, now: float) -> None:
        reserve = self.reserve
        reset_at = now + (reserve.blind if window.reset is None else window.reset)
        if abs(reset_at - self._reset_at) <= reserve.same:
            self._left = min(self._left, window.remaining)  # the reply does not know what was sent after its request
        else:
            self._left, self._reset_at = window.remaining, reset_at
        self._limit = window.limit

    def _low(self, left: float, limit: float | None) -> bool:
        return left <= (0.0 if limit is None else self.reserve.share * limit)

    def _stop(self, window: Window, now: float) -> None:
        reserve = self.reserve
        span = reserve.blind if window.reset is None else min(window.reset * reserve.until, reserve.longest)
        most = "" if window.limit is None else f" of {window.limit:g}"
        self._close(span, now, f"{window.remaining:g}{most} {window.kind} left")

    def _close(self, seconds: float, now: float, why: str) -> None:
        if seconds > 0 and now + seconds > self._open_at:
            self._open_at = now + seconds
            self.why = f"{why}, for {seconds:.3g} s"
