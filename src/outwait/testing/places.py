"""Endpoints without health, for tests of what asks for them: the plan's order, and so many places for each channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from outwait.core.endpoints import Hold, Outlook, Wish
from outwait.core.fault import Fault
from outwait.core.plan import Candidate, Plan


class Seen:
    """A hold that notes what it is told: `told` in words, `failed` in the end."""

    def __init__(self, places: Places, wish: Wish, place: int) -> None:
        self.place = place
        self.candidate = wish.plan.candidates[place]
        self.reason = ""
        self.told: list[str] = []
        self.failed: Fault | None = None
        self.gap = 0.0
        self._places = places

    def headed(self, status: int, headers: Mapping[str, str]) -> None:
        """See `Hold.headed`."""
        self.told.append(f"headed {status} {headers.get('content-type', '')}".rstrip())

    def content(self) -> None:
        """See `Hold.content`."""
        self.told.append("content")

    def leave(self, failed: Fault | None, gap: float = 0.0) -> None:
        """See `Hold.leave`."""
        self.told.append("left" if failed is None else f"left {failed.code}")
        self.failed, self.gap = failed, gap
        self._places.release(self.candidate.channel)


class Places:
    """`limits`: channel -> attempts at a time; a channel that is not named has no limit. `holds`: all there were.
    `refuse`: told instead of a place, if set. `order`: what the outlook says; None: all, as planned.
    `p95`: what usually passes until there is content.
    """

    def __init__(self, limits: Mapping[str, int] | None = None) -> None:
        self.limits = dict(limits or {})
        self.running: dict[str, int] = {}
        self.waiting: list[tuple[Wish, Callable[[Hold], None]]] = []
        self.wishes: list[Wish] = []
        self.holds: list[Seen] = []
        self.refuse: Fault | None = None
        self.p95: float | None = None
        self.order: tuple[int, ...] | None = None

    def lone(self, plan: Plan) -> Hold | None:
        """See `Endpoints.lone`; here everybody has to ask."""
        return None

    def acquire(self, wish: Wish, granted: Callable[[Hold], None]) -> Hold | Fault | None:
        """See `Endpoints.acquire`."""
        self.wishes.append(wish)
        if self.refuse is not None:
            return self.refuse
        hold = self._hold(wish)
        if hold is None:
            self.waiting.append((wish, granted))
        return hold

    def usual(self, plan: Plan, candidate: Candidate) -> float | None:
        """See `Endpoints.usual`."""
        return self.p95

    def withdraw(self, wish: Wish, granted: Callable[[Hold], None]) -> None:
        """See `Endpoints.withdraw`."""
        self.waiting.remove((wish, granted))

    def outlook(self, wish: Wish) -> Outlook:
        """See `Endpoints.outlook`."""
        return Outlook(tuple(range(len(wish.plan.candidates))) if self.order is None else self.order)

    def take(self, channel: str) -> None:
        """Somebody else takes a place at `channel`."""
        self.running[channel] = self.running.get(channel, 0) + 1

    def release(self, channel: str) -> None:
        """A place at `channel` is free again; who waits longest for it has it."""
        self.running[channel] -= 1
        for wish, granted in tuple(self.waiting):
            hold = self._hold(wish)
            if hold is not None:
                self.waiting.remove((wish, granted))
                granted(hold)

    def _hold(self, wish: Wish) -> Seen | None:
        for place in wish.places or range(len(wish.plan.candidates)):
            channel = wish.plan.candidates[place].channel
            if self.running.get(channel, 0) < self.limits.get(channel, 1_000_000):
                self.take(channel)
                self.holds.append(Seen(self, wish, place))
                return self.holds[-1]
        return None
