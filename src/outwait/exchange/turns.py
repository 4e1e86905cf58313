"""Whose turn it is: the candidates of one exchange, each once before any is tried twice. Pure.

Who comes first among those that had the same number of turns is told with each failure (`Outlook.order`), by whoever
knows how the endpoints are; without that it is the plan's order. A candidate that asked for patience (Retry-After) is
waited for when its turn comes, and passed over where that takes too long; one that would only fail the same way again
has no second turn. Where a credential was the trouble, another one of the same channel is as good as a new candidate.
Two repairs are no turns of their own: a fresh connection instead of a dead pooled one, and asking for one reply where a
stream was refused.
"""

from __future__ import annotations

import math
from dataclasses import replace

from outwait.core.fault import Clock, Fault
from outwait.core.plan import Candidate, Retry
from outwait.exchange.inputs import Hedged
from outwait.policy import backoff, retry

_NOBODY = Candidate("", "", "")


class Turns:
    """`current`: the candidate of the current or last attempt. `taken`: turns so far, attempts or vain queueing.
    `mute`: those of them in which nothing could be asked, since the channel's protocol has no words for it. `places`:
    which candidates will do for the next attempt, empty: all. `used`: (place, credential) of what has failed. `beside`:
    the attempt that runs beside the current one.
    """

    __slots__ = (
        "_after", "_candidates", "_index", "_order", "_spare", "_stale_at", "_turned",
        "beside", "current", "mute", "places", "taken", "used",
    )  # fmt: skip

    def __init__(self, candidates: tuple[Candidate, ...]) -> None:
        self.current = candidates[0] if candidates else _NOBODY
        self.taken = 0
        self.mute = 0
        self.places: tuple[int, ...] = ()
        self.used: tuple[tuple[int, int], ...] = ()
        self.beside: Hedged | None = None
        self._candidates = candidates
        self._index = 0
        self._order: tuple[int, ...] = ()
        self._turned: dict[int, int] = {}  # candidate -> its turns that failed
        self._after: dict[int, float] = {}  # candidate -> not before
        self._spare: set[int] = set()  # those that failed for a credential, and have another
        self._stale_at = -1  # the candidate whose dead pooled connection was repaired last

    def __bool__(self) -> bool:
        return bool(self._candidates)

    @property
    def again(self) -> bool:
        """Whether all had their turn: what follows goes where an attempt has failed before."""
        return not any(map(self._fresh, self._order if self.taken else range(len(self._candidates))))

    def sit(self, place: int, candidate: Candidate) -> None:
        """The next attempt goes to `candidate`, which is the one at `place` with its credential and clocks."""
        planned = self._candidates[place]
        if planned.streamed is not candidate.streamed:
            candidate = replace(planned, key=candidate.key)  # it was repaired
        self._index = place
        self.current = candidate

    @property
    def spare(self) -> tuple[int, ...]:
        """Where an attempt could be made beside the current one: in its tier, and nobody has tried it."""
        tier = self.current.tier
        return tuple(
            place
            for place, candidate in enumerate(self._candidates)
            if place != self._index and place not in self._turned and candidate.tier == tier
        )

    def step_up(self, beside: Hedged) -> None:
        """The attempt beside is the current one from now on; the other has had its turn."""
        self._turned.setdefault(self._index, 1)
        self.beside = None
        self.sit(beside.place, beside.candidate)

    def fell(self, beside: Hedged, failed: Fault, now: float) -> None:
        """The attempt beside has failed; the current turn goes on."""
        turn = self._index, self.current
        self.beside = None
        self._index, self.current = beside.place, beside.candidate
        self.fail(failed, now)
        self._index, self.current = turn

    def repair(self, failed: Fault) -> str | None:
        """Make the same turn possible once more; returns what was done, None where nothing is to be repaired."""
        if failed.hint == "stale" and self._stale_at != self._index:
            self._stale_at = self._index
            self.places = (self._index,)
            return "the pooled connection was dead; a fresh one"
        if failed.hint == "unstreamable" and self.current.streamed:
            spans = self.current.unstreamed or self.current.timeouts
            self.current = replace(self.current, streamed=False, timeouts=spans, whole=True)
            before, after = self._candidates[: self._index], self._candidates[self._index + 1 :]
            self._candidates = (*before, self.current, *after)
            self.places = (self._index,)
            return "this upstream does not stream the model; asked for one reply"
        return None

    def fail(self, failed: Fault, now: float, order: tuple[int, ...] | None = None) -> None:
        """The current turn has failed. `order`: who could be asked now, first choice first; None: all, the next in the
        plan first.
        """
        index, count = self._index, len(self._candidates)
        # Who waited in vain has waited for all that would have done.
        waited = self.places or range(count) if failed.clock is Clock.QUEUE and order is not None else (index,)
        for place in waited:
            self._turned[place] = self._turned.get(place, 0) + 1
        self._order = tuple((index + step) % count for step in range(1, count + 1)) if order is None else order
        self.used = (*self.used, (index, self.current.key))
        self._spare.discard(index)
        if retry.keyed(failed) and self._turned[index] < self.current.keys:
            self._spare.add(index)
        elif failed.retry_after is not None:
            self._after[index] = now + failed.retry_after
        elif retry.permanent(failed):
            self._after[index] = math.inf

    def pass_on(self, failed: Fault, pace: Retry, *, luck: float, now: float, deadline: float) -> float | None:
        """Choose the next candidate after `failed`; returns seconds to wait for it, None when none can be tried."""
        if failed.clock is Clock.QUEUE and self.again:
            return None  # all are full; the queue span is what the plan allows for that
        waits = {}
        for place in sorted(self._order, key=lambda place: self._turned.get(place, 0)):
            wait = backoff.wait(
                failed,
                pace,
                number=0 if self._fresh(place) else self.taken,
                luck=luck,
                retry_after=self._after.get(place, now) - now,
                remaining=deadline - now,
            )
            if wait is not None:
                waits[place] = wait
        if not waits:
            return None
        chosen = next(iter(waits))
        rank, longest = self._rank(chosen), waits[chosen]
        self.places = tuple(place for place, wait in waits.items() if wait <= longest and self._rank(place) == rank)
        self._index = chosen
        self.current = self._candidates[chosen]
        return longest

    def _fresh(self, place: int) -> bool:
        """Whether an attempt there would be no repetition of what has failed."""
        return place not in self._turned or place in self._spare

    def _rank(self, place: int) -> int:
        """How many turns it had."""
        return self._turned.get(place, 0)
