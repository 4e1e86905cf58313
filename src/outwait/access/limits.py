"""Slots: how many attempts run at a channel at a time, and who waits for the next free one, first come first served."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping


class Slots:
    """`limits`: channel -> attempts at a time; a channel that is not named has no limit. A new configuration may change
    them while attempts run: nobody is thrown out, and nobody new comes in until there is room."""

    __slots__ = ("_limits", "_running", "_waiting")

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._limits = dict(limits)
        self._running: dict[str, int] = {}
        self._waiting: dict[str, deque[Callable[[], None]]] = {}

    def acquire(self, channel: str, granted: Callable[[], None]) -> bool:
        """Take a slot now and return True; else queue up, and `granted` is called when one is there."""
        limit = self._limits.get(channel)
        if limit is None:
            return True
        running = self._running.get(channel, 0)
        if running < limit and not self._waiting.get(channel):
            self._running[channel] = running + 1
            return True
        self._waiting.setdefault(channel, deque()).append(granted)
        return False

    def withdraw(self, channel: str, granted: Callable[[], None]) -> None:
        """Leave the queue. Raises ValueError for somebody who is not in it."""
        waiting = self._waiting.get(channel)
        if waiting is None:
            message = "nobody waits for this channel"
            raise ValueError(message)
        waiting.remove(granted)
        if not waiting:
            del self._waiting[channel]

    def release(self, channel: str) -> None:
        """Give a slot back; the one who waits longest gets it."""
        running = self._running.get(channel, 0)
        if running:
            self._running[channel] = running - 1
        self._advance(channel)

    def resize(self, limits: Mapping[str, int]) -> None:
        """Use other limits from now on; who fits now is let in. A limit that is gone frees all who wait for it."""
        self._limits = dict(limits)
        for channel in tuple(self._waiting):
            self._advance(channel)
        for channel in tuple(self._running):
            if channel not in self._limits:
                del self._running[channel]

    def waiting(self, channel: str) -> int:
        """How many wait for a slot at `channel`."""
        return len(self._waiting.get(channel, ()))

    def _advance(self, channel: str) -> None:
        while waiting := self._waiting.get(channel):
            limit = self._limits.get(channel)
            running = self._running.get(channel, 0)
            if limit is not None and running >= limit:
                return
            if limit is not None:
                self._running[channel] = running + 1
            granted = waiting.popleft()
            if not waiting:
                del self._waiting[channel]
            granted()
