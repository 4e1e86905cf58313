"""The last resort: how often a dead key is tried all the same, where a call has nobody else to go to.

A key is dead after one refusal (`policy.blame`), which may have been a provider's bad minute, an account that is topped
up by now, or one model's own affair. Where other keys or channels can serve, nothing is lost by leaving it alone. Where
none can, a call is better off with the upstream's true answer; a refusal is free, and a good answer proves that the key
works. What is bounded is how often a provider has to refuse one key (`LastRule`):

  an endpoint that has not refused the key since it died    `burst` at once, then one each `pace`
  those that have                                           as many again, so that one odd model takes nobody's tries
  while an answer to such an attempt is on its way          no bound: it was let in

Who is beyond the bound is told at once what the upstream said last (`Death.why`).
"""

from __future__ import annotations

from dataclasses import dataclass

from outwait.core.fault import Fault
from outwait.policy.retry import HINTS


@dataclass(frozen=True, slots=True)
class LastRule:
    """`burst`: attempts at once with one dead key; `pace`: seconds for one more. `doubt`: for so many seconds a refusal
    says nothing about the key where another endpoint has just been answered with it. `advice`: a Retry-After in seconds
    for who is told what is remembered: nobody mends a key in one second.
    """

    burst: int = 16
    pace: float = 1.0
    doubt: float = 600.0
    advice: float = 30.0


DEFAULT = LastRule()


class Bucket:
    """Holds `burst` attempts, and gets one more each `pace` seconds."""

    __slots__ = ("_at", "_left", "_rule")

    def __init__(self, now: float, rule: LastRule = DEFAULT) -> None:
        self._rule = rule
        self._left = float(rule.burst)
        self._at = now

    def free(self, now: float) -> bool:
        """Whether there is one left."""
        return self._filled(now) >= 1.0

    def take(self, now: float) -> None:
        """One is made; where there is none left, it is made all the same."""
        self._left = max(0.0, self._filled(now) - 1.0)
        self._at = max(self._at, now)

    def back(self) -> None:
        """One that was taken did not reach the provider."""
        self._left = min(float(self._rule.burst), self._left + 1.0)

    def _filled(self, now: float) -> float:
        return min(float(self._rule.burst), self._left + max(0.0, now - self._at) / self._rule.pace)


class Death:
    """One key's time of being dead. `since`: loop seconds. `why`: the refusal, None: only its code or nothing is known.
    `tries`: last-resort attempts so far. `inside`: of these, how many are being answered now.
    """

    __slots__ = ("_fresh", "_refused", "inside", "rule", "since", "tries", "why")

    def __init__(self, since: float, why: Fault | None = None, rule: LastRule = DEFAULT) -> None:
        self.since = since
        self.why = why
        self.rule = rule
        self.tries = 0
        self.inside = 0
        self._fresh = Bucket(since, rule)
        self._refused = Bucket(since, rule)

    def allows(self, now: float, *, refused: bool) -> bool:
        """Whether one more attempt may be made. `refused`: the endpoint has refused the key since it died."""
        return self.inside > 0 or self._bucket(refused).free(now)

    def take(self, now: float, *, refused: bool) -> None:
        """One is made."""
        self.tries += 1
        self._bucket(refused).take(now)

    def back(self, *, refused: bool) -> None:
        """One that was taken did not reach the provider, and is made once more."""
        self.tries -= 1
        self._bucket(refused).back()

    def _bucket(self, refused: bool) -> Bucket:
        return self._refused if refused else self._fresh


class Knock:
    """One last-resort attempt with the key of `death`, from right before it is opened until it is over."""

    __slots__ = ("_inside", "_refused", "death")

    def __init__(self, death: Death, now: float, *, refused: bool) -> None:
        death.take(now, refused=refused)
        self.death = death
        self._refused = refused
        self._inside = False

    def headed(self, status: int) -> None:
        """The response head came."""
        if 200 <= status < 300 and not self._inside:
            self._inside = True
            self.death.inside += 1

    def leave(self, failed: Fault | None) -> None:
        """It is over; only once."""
        if self._inside:
            self.death.inside -= 1
        if failed is not None and failed.hint in HINTS:
            self.death.back(refused=self._refused)
