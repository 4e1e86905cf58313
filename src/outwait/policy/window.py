"""Results of the last minute: how many, and how many of them were failures. It slides bucket by bucket (FACTS 2.2).

Every operation is O(1): a bucket that has become too old is emptied when time passes over its place.
"""

from __future__ import annotations

SPAN = 60.0  # seconds
BUCKETS = 10


class Window:
    """`total`, `failed`: results in the window, as of the last call with `now`."""

    __slots__ = ("_at", "_bucket", "_failed", "_next", "_totals", "_width", "failed", "total")

    def __init__(self, now: float, span: float = SPAN, buckets: int = BUCKETS) -> None:
        self._width = span / buckets
        self._totals = [0] * buckets
        self._failed = [0] * buckets
        self._bucket = int(now // self._width)
        self._at = self._bucket % buckets
        self._next = (self._bucket + 1) * self._width  # when the newest bucket is no more
        self.total = 0
        self.failed = 0

    def add(self, now: float, *, failed: bool) -> None:
        """One result came."""
        if now >= self._next:
            self._slide(now)
        at = self._at
        self._totals[at] += 1
        self.total += 1
        if failed:
            self._failed[at] += 1
            self.failed += 1

    def look(self, now: float) -> tuple[int, int]:
        """`total` and `failed` at `now`."""
        self._slide(now)
        return self.total, self.failed

    def clear(self) -> None:
        """Forget everything."""
        self._totals = [0] * len(self._totals)
        self._failed = [0] * len(self._failed)
        self.total = self.failed = 0

    def _slide(self, now: float) -> None:
        bucket, count = int(now // self._width), len(self._totals)
        for step in range(1, min(bucket - self._bucket, count) + 1):
            at = (self._bucket + step) % count
            self.total -= self._totals[at]
            self.failed -= self._failed[at]
            self._totals[at] = self._failed[at] = 0
        # A clock that stood still or went back counts into the newest bucket.
        self._bucket = max(self._bucket, bucket)
        self._at = self._bucket % count
        self._next = (self._bucket + 1) * self._width
