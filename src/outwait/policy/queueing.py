"""Who may wait for a slot, for how long, who is next, and what is told to those who may not (FACTS 2.2).

One `Line` per route. Inside a client key it is first come, first served; the keys take turns, one request each. A slot
is held for as long as an answer takes, which nobody knows before, so all requests cost the same turn: deficit round
robin with equal costs is this round. A key with one request waits for at most one of each other key's, however many
those have sent.

The line is short: two waiting per slot. The places are shared by a moving threshold (Choudhury and Hahne): a key may
have `crowd` times as many waiting as there are free places. Alone it fills four fifths, a second one always finds
room, and nobody who waits is ever pushed out, since his client may have been sent heartbeats already.

  the line is full                         503 gateway_overloaded   it is our capacity, whoever asks
  the key has its share of the line        429 rate_limited         it is this key's crowd
  no channel opens within the wait         429 rate_limited         the providers', for known long

Retry-After is when those who wait now will have been served, at the pace of the last half minute of queueing.
Every operation is O(1); `now` in seconds of any steady clock.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from outwait.core.fault import Fault, Side, fault
from outwait.policy.drain import Drain

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Queueing:
    """The numbers. `depth`: waiting per slot; `wait`: seconds; `share`: of the time to the deadline (FACTS 2.2).

    `crowd`: how many a key may have waiting per place that is free. `soonest`, `latest`: bounds of a Retry-After in
    seconds; SDKs ignore what is longer than two minutes.
    """

    depth: float = 2.0
    wait: float = 10.0
    share: float = 0.2
    crowd: float = 4.0
    soonest: float = 1.0
    latest: float = 120.0

    def longest_wait(self, remaining: float) -> float:
        """Seconds one may wait with `remaining` seconds to the deadline."""
        return max(0.0, min(self.wait, self.share * remaining))

    def places(self, slots: int) -> int:
        """How many may wait for `slots`."""
        return int(self.depth * slots)

    def advice(self, seconds: float) -> float:
        """`seconds` as a Retry-After."""
        return min(max(seconds, self.soonest), self.latest)


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody wants to wait. `slots`: the concurrency limits of the route's endpoints together.

    `remaining`: seconds to the deadline. `opens`: seconds until the first endpoint may be sent anything (0: it may, and
    is busy; infinite: nobody knows).
    """

    key: str
    slots: int
    remaining: float
    opens: float = 0.0


class Line(Generic[T]):
    """Those who wait for one route; T: what stands for one of them, such as its exchange."""

    __slots__ = ("_drain", "_keys", "_numbers", "length")

    def __init__(self, numbers: Queueing) -> None:
        self.length = 0
        self._numbers = numbers
        self._keys: OrderedDict[str, OrderedDict[T, None]] = OrderedDict()  # in the order of their turns
        self._drain = Drain()

    def judge(self, wish: Wish, now: float) -> Fault | None:
        """None: may wait, for at most `Queueing.longest_wait`. Else what to tell."""
        numbers = self._numbers
        if wish.opens > numbers.longest_wait(wish.remaining):
            return _closed(numbers.advice(wish.opens))
        free = numbers.places(wish.slots) - self.length
        if free <= 0:
            return fault(
                "gateway_overloaded",
                "All places to wait for this model are taken; try again soon.",
                retry_after=self.advice(now),
                detail=f"{self.length} wait for {wish.slots} slots",
            )
        own = self.waiting(wish.key)
        if own >= numbers.crowd * free:
            return fault(
                "rate_limited",
                f"{own} requests of this key wait for this model already; others need a place too.",
                retry_after=self.advice(now, own * len(self._keys)),
                detail=f"{own} of {self.length} waiting, {free} places free",
            )
        return None

    def enter(self, key: str, item: T, now: float) -> None:
        """Wait, last of this key. Raises ValueError for who waits already."""
        self._drain.pass_time(self.length > 0, now)
        mine = self._keys.setdefault(key, OrderedDict())
        if item in mine:
            raise ValueError("who waits already cannot wait twice")
        mine[item] = None
        self.length += 1

    def take(self, now: float) -> T | None:
        """A slot is free: who gets it leaves the line and is returned. None: nobody waits."""
        if not self.length:
            return None
        self._drain.pass_time(waiting=True, now=now)
        self._drain.serve()
        key, mine = next(iter(self._keys.items()))
        item, _ = mine.popitem(last=False)
        self.length -= 1
        if mine:
            self._keys.move_to_end(key)
        else:
            del self._keys[key]
        return item

    def leave(self, key: str, item: T, now: float) -> bool:
        """Stop waiting; False for who did not wait (any more)."""
        mine = self._keys.get(key)
        if mine is None or item not in mine:
            return False
        self._drain.pass_time(waiting=True, now=now)
        del mine[item]
        self.length -= 1
        if not mine:
            del self._keys[key]
        return True

    def waiting(self, key: str) -> int:
        """How many requests of `key` wait."""
        return len(self._keys.get(key, ()))

    def advice(self, now: float, ahead: int | None = None) -> float:
        """A Retry-After: seconds until `ahead` of those who wait (None: all) are served at the current pace."""
        self._drain.pass_time(self.length > 0, now)
        rate = self._drain.rate
        if rate is None:
            return self._numbers.advice(self._numbers.wait)
        return self._numbers.advice((self.length if ahead is None else min(ahead, self.length)) / rate)


def _closed(seconds: float) -> Fault:
    return fault(
        "rate_limited",
        "All channels for this model are rate limited by their providers.",
        side=Side.UPSTREAM,
        retry_after=seconds,
        detail="no channel may be used within the time one may wait",
    )
