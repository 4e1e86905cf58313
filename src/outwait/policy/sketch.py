"""How long things took, kept in 3 KB: a quantile sketch with a relative error of 2 %, and two halves of it that rotate.

The buckets grow by a constant factor, so that a value is known to within 2 % wherever it lies between 1 ms and
10,000 s (Masson, Rim, Lee: "DDSketch", VLDB 2019; FACTS 2.2). What lies outside is counted in the first or last bucket;
the smallest and the largest value are exact. Two sketches are merged by adding their buckets, which loses nothing:
workers can share what they learn, and a restart can read back what was written as plain data.

Bucket i holds values from `LOWEST * GROWTH**i` up to that times `GROWTH`.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Callable, Mapping
from itertools import accumulate, compress
from typing import TypeVar

ERROR = 0.02
GROWTH = (1 + ERROR) / (1 - ERROR)
LOWEST = 0.001  # seconds
HIGHEST = 10_000.0  # seconds
STEP = math.log(GROWTH)
BUCKETS = math.ceil(math.log(HIGHEST / LOWEST) / STEP)
HALF = 86_400.0  # seconds until a half of `Rotating` is full
MOST = 2**53  # samples a bucket may be said to hold: what every JSON reader can count to

Read = TypeVar("Read")

_LAST = BUCKETS - 1
_LARGEST = math.nextafter(math.inf, 0)
_SCALE = 1 / STEP
_OFFSET = -math.log(LOWEST) / STEP
_MIDDLE = LOWEST * 2 * GROWTH / (1 + GROWTH)  # of bucket 0: at most 2 % from either of its ends
_ZEROS = bytes(8 * BUCKETS)


def bucket(seconds: float) -> int:
    """The bucket that counts `seconds`."""
    if seconds <= LOWEST:
        return 0
    return min(int(math.log(seconds) * _SCALE + _OFFSET), _LAST)


class Sketch:
    """Counts of values in seconds. `count`: how many; `low`, `high`: the smallest and largest (0 when there are none).

    `buckets`: the counts, for those who read a distribution as a whole; an empty sketch has none yet.
    """

    __slots__ = ("buckets", "count", "high", "low")

    def __init__(self) -> None:
        self.count = 0
        self.low = 0.0
        self.high = 0.0
        self.buckets: array[int] = array("Q")

    def add(self, seconds: float) -> None:
        """Count one value. Raises ValueError for one that is negative or not finite."""
        if not 0 <= seconds < math.inf:
            raise ValueError(f"a wait cannot last {seconds} seconds")
        if not self.count:
            self.buckets.frombytes(_ZEROS)
            self.low = seconds
        self.count += 1
        if seconds > self.high:
            self.high = seconds
        elif seconds < self.low:
            self.low = seconds
        if seconds <= LOWEST:
            self.buckets[0] += 1
        elif seconds < HIGHEST:
            self.buckets[int(math.log(seconds) * _SCALE + _OFFSET)] += 1
        else:
            self.buckets[_LAST] += 1

    def quantile(self, share: float) -> float:
        """The value that `share` (0 to 1) of the others lie below, within 2 %; exact at 0 and 1. 0 when empty."""
        if share <= 0 or not self.count:
            return self.low
        if share >= 1:
            return self.high
        at = bisect_right(list(accumulate(self.buckets)), int(share * (self.count - 1)))
        return min(max(_MIDDLE * GROWTH**at, self.low), self.high)

    def rank(self, seconds: float) -> float:
        """The share of values that are at most `seconds` (those of its own bucket count whole). 0 when empty."""
        if not self.count or seconds < self.low:
            return 0.0
        if seconds >= self.high:
            return 1.0
        return sum(self.buckets[: bucket(seconds) + 1]) / self.count

    def merge(self, other: Sketch) -> None:
        """Count everything that `other` has counted."""
        if not other.count:
            return
        if self.count:
            self.low = min(self.low, other.low)
            self.buckets = array("Q", map(int.__add__, self.buckets, other.buckets))
        else:
            self.low = other.low
            self.buckets = other.buckets[:]
        self.high = max(self.high, other.high)
        self.count += other.count

    def export(self) -> dict[str, object]:
        """All of it as plain data for `restored`: numbers, and pairs of bucket and count where there is any."""
        pairs = [[at, self.buckets[at]] for at in compress(range(BUCKETS), self.buckets)]
        return {"error": ERROR, "low": self.low, "high": self.high, "buckets": pairs}


def restored(plain: object) -> Sketch:
    """The sketch that `Sketch.export` wrote. Raises ValueError, naming the field, for anything else."""
    if not isinstance(plain, Mapping):
        raise ValueError("a sketch is a mapping")  # noqa: TRY004 - one error for all bad input
    if plain.get("error") != ERROR:
        raise ValueError(f"error: only sketches of {ERROR} can be read")
    sketch = Sketch()
    pairs = plain.get("buckets")
    if not isinstance(pairs, list | tuple):
        raise ValueError("buckets: a list is needed")  # noqa: TRY004 - the same
    if not pairs:
        return sketch
    sketch.buckets.frombytes(_ZEROS)
    for pair in pairs:
        at, count = _pair(pair)
        sketch.buckets[at] += count
        sketch.count += count
    sketch.low, sketch.high = number(plain, "low"), number(plain, "high")
    if sketch.low > sketch.high:
        raise ValueError("low: it is above high")
    return sketch


class Rotating:
    """A sketch of the last 24 to 48 hours: two halves, of which the older is dropped when the newer is full."""

    __slots__ = ("_half", "_newer", "_older", "_turn")

    def __init__(self, now: float, half: float = HALF) -> None:
        self._half = half
        self._turn = now + half
        self._newer = Sketch()
        self._older = Sketch()

    def add(self, seconds: float, now: float) -> None:
        """Count one value."""
        if now >= self._turn:
            self._rotate(now)
        self._newer.add(seconds)

    def absorb(self, other: Sketch, now: float) -> None:
        """Count what somebody else has counted, as if it were of now."""
        if now >= self._turn:
            self._rotate(now)
        self._newer.merge(other)

    def count(self, now: float) -> int:
        """How many values both halves hold."""
        if now >= self._turn:
            self._rotate(now)
        return self._newer.count + self._older.count

    def whole(self, now: float) -> Sketch:
        """Both halves as one sketch of its own."""
        if now >= self._turn:
            self._rotate(now)
        merged = Sketch()
        merged.merge(self._older)
        merged.merge(self._newer)
        return merged

    def dump(self, now: float) -> dict[str, object]:
        """Both halves and the seconds until the next turn, as plain data for `restore`."""
        if now >= self._turn:
            self._rotate(now)
        return {"older": self._older.export(), "newer": self._newer.export(), "left": self._turn - now}

    def restore(self, plain: object, now: float, age: float = 0.0) -> None:
        """Be what `dump` wrote `age` seconds ago. Raises ValueError, naming the field, for anything else."""
        if not isinstance(plain, Mapping):
            raise ValueError("two halves are a mapping")  # noqa: TRY004 - one error for all bad input
        older, newer = (nested(name, restored, plain.get(name)) for name in ("older", "newer"))
        left = min(number(plain, "left"), self._half)
        self._older, self._newer, self._turn = older, newer, now + left - age

    def _rotate(self, now: float) -> None:
        fresh = now >= self._turn + self._half  # nobody came for a whole half: both are too old
        self._older = Sketch() if fresh else self._newer
        self._newer = Sketch()
        self._turn = now + self._half if fresh else self._turn + self._half


def nested(name: str, read: Callable[[object], Read], plain: object) -> Read:
    """What `read` makes of field `name`; its ValueError names the field as well."""
    try:
        return read(plain)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _pair(pair: object) -> tuple[int, int]:
    match pair:
        case [int(at), int(count)] if 0 <= at < BUCKETS and 0 < count <= MOST:
            return at, count
    raise ValueError(f"buckets: pairs of a bucket below {BUCKETS} and a count are needed")


def number(plain: Mapping[object, object], name: str) -> float:
    """The seconds in field `name`. Raises ValueError, naming it, for anything that is no finite length of time."""
    value = plain.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LARGEST:
        raise ValueError(f"{name}: seconds are needed")
    return float(value)
