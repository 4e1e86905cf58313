"""A suspect endpoint: it seems to hang, so it gets no new traffic but one real request each minute (FACTS 2.2).

Thinking long is no crime: what runs there runs on, and any content clears it at once. So does a neighbour's word that
all is well, but only where the suspicion was a neighbour's word too.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SuspicionRule:
    """`every`: seconds from one real request to the next."""

    every: float = 60.0


DEFAULT = SuspicionRule()


class Suspicion:
    """`on`: the endpoint is suspect. `trial_at`: when it may be asked next. `hearsay`: only a neighbour says so.
    `rule` may be set.
    """

    __slots__ = ("hearsay", "on", "rule", "trial_at")

    def __init__(self, rule: SuspicionRule = DEFAULT) -> None:
        self.rule = rule
        self.on = False
        self.hearsay = False
        self.trial_at = 0.0

    def raise_(self, now: float, *, hearsay: bool = False, at_once: bool = False) -> None:
        """Suspect it. `at_once`: the next request may try it, not only the one after a minute.

        Our own suspicion takes the place of hearsay, never the other way round.
        """
        if not self.on:
            self.trial_at = now if at_once else now + self.rule.every
            self.hearsay = hearsay
        elif not hearsay:
            self.hearsay = False
        self.on = True

    def due(self, now: float) -> bool:
        """Whether one real request may go there."""
        return self.on and now >= self.trial_at

    def begin_trial(self, now: float) -> None:
        """It goes; the next one a while later, whether or not this one has come back."""
        self.trial_at = now + self.rule.every

    def clear(self) -> None:
        """Content came."""
        self.on = self.hearsay = False
