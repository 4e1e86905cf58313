"""Figures of a few measurements: quantiles, and whether two sets of them differ by more than chance. Pure.

Quantiles are by nearest rank: each is a value that was measured, none is interpolated. p95 of fewer than 20 values is
the largest of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, comb, erfc, sqrt
from typing import NamedTuple


class Figures(NamedTuple):
    """Of `n` values: the median, the value that 19 of 20 do not exceed, and the worst."""

    n: int
    p50: float
    p95: float
    worst: float


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest of the `ordered` values that at least `share` (0 < share <= 1) of them do not exceed."""
    return ordered[max(0, ceil(share * len(ordered) - 1e-9) - 1)]


def figures(values: Sequence[float], *, high_is_good: bool = False) -> Figures | None:
    """None of no values. `high_is_good`: the worst is the lowest, and 19 of 20 are at least `p95`."""
    if not values:
        return None
    ordered = sorted(values)
    p50 = quantile(ordered, 0.5)
    if high_is_good:
        ordered.reverse()
    return Figures(len(ordered), p50, quantile(ordered, 0.95), ordered[-1])


def rank_test(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Mann and Whitney's test: how likely two such sets are if they are of one kind (1947; normal approximation with
    the corrections for ties and continuity). It asks for the order of the values only, so one wild value counts as any
    other, and failures can be put in as infinite. 1.0 where a set is empty.
    """
    n, m = len(ours), len(theirs)
    if not n or not m:
        return 1.0
    ranked = sorted([(value, 0) for value in ours] + [(value, 1) for value in theirs])
    ranks, ties, at = 0.0, 0.0, 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        size = end - at
        ties += size**3 - size
        ranks += (at + 1 + end) / 2 * sum(side == 0 for _, side in ranked[at:end])
        at = end
    total = n + m
    spread = n * m / 12 * (total + 1 - ties / (total * (total - 1)))
    if spread <= 0:
        return 1.0
    distance = abs(ranks - n * (n + 1) / 2 - n * m / 2) - 0.5
    return min(1.0, erfc(max(0.0, distance) / sqrt(2 * spread)))


def share_test(good: int, of: int, also_good: int, also_of: int) -> float:
    """Fisher's exact test: how likely two shares are so far apart, or farther, if they are one; 1.0 of none."""
    if not of or not also_of:
        return 1.0
    whole, total = good + also_good, of + also_of
    ways = comb(total, whole)

    def chance(count: int) -> float:
        return comb(of, count) * comb(also_of, whole - count) / ways

    seen = chance(good) * (1 + 1e-9)
    low, high = max(0, whole - also_of), min(of, whole)
    return min(1.0, sum(each for count in range(low, high + 1) if (each := chance(count)) <= seen))
