"""Whose turn it is: the candidates of one exchange, in the plan's order, each once before any is tried twice. Pure.

A candidate that asked for patience (Retry-After) is waited for when its turn comes, and passed over where that takes
too long; one that would only fail the same way again has no second turn. Two repairs are no turns of their own: a fresh
connection instead of a dead pooled one, and asking for one reply where a stream was refused.
"""

from __future__ import annotations

import math
from dataclasses import replace

from outwait.core.fault import Clock, Fault
from outwait.core.plan import Candidate, Retry
from outwait.policy import backoff, retry

_NOBODY = Candidate("", "", "")


class Turns:
    """`current`: the candidate of the current or last attempt. `taken`: turns so far, attempts or vain queueing.
    `mute`: those of them in which nothing could be asked, since the channel's protocol has no words for it.
    """

    __slots__ = ("_after", "_candidates", "_index", "_stale_at", "current", "mute", "taken")

    def __init__(self, candidates: tuple[Candidate, ...]) -> None:
        self.current = candidates[0] if candidates else _NOBODY
        self.taken = 0
        self.mute = 0
        self._candidates = candidates
        self._index = 0
        self._after: dict[int, float] = {}  # candidate -> not before
        self._stale_at = -1  # the candidate whose dead pooled connection was repaired last

    def __bool__(self) -> bool:
        return bool(self._candidates)

    @property
    def again(self) -> bool:
        """Whether every candidate had its turn: what follows goes where an attempt has failed before."""
        return self.taken >= len(self._candidates)

    def repair(self, failed: Fault) -> str | None:
        """Make the same turn possible once more; returns what was done, None where nothing is to be repaired."""
        if failed.hint == "stale" and self._stale_at != self._index:
            self._stale_at = self._index
            return "the pooled connection was dead; a fresh one"
        if failed.hint == "unstreamable" and self.current.streamed:
            spans = self.current.unstreamed or self.current.timeouts
            self.current = replace(self.current, streamed=False, timeouts=spans)
            before, after = self._candidates[: self._index], self._candidates[self._index + 1 :]
            self._candidates = (*before, self.current, *after)
            return "this upstream does not stream the model; asked for one reply"
        return None

    def pass_on(self, failed: Fault, pace: Retry, *, luck: float, now: float, deadline: float) -> float | None:
        """Choose the next candidate after `failed`; returns seconds to wait for it, None when none can be tried."""
        count = len(self._candidates)
        again = self.again
        if again and failed.clock is Clock.QUEUE:
            return None  # all are full; the queue span is what the plan allows for that
        if failed.retry_after is not None:
            self._after[self._index] = now + failed.retry_after
        elif retry.permanent(failed):
            self._after[self._index] = math.inf
        for step in range(1, count + 1):
            following = (self._index + step) % count
            wait = backoff.wait(
                failed,
                pace,
                number=self.taken if again else 0,
                luck=luck,
                retry_after=self._after.get(following, now) - now,
                remaining=deadline - now,
            )
            if wait is not None:
                self._index = following
                self.current = self._candidates[following]
                return wait
        return None
