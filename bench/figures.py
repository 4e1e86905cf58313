"""Arithmetic of the report: medians, percentiles, slopes and ratios. Pure.

A ratio compares a contender with the baseline *of the same round*, so that a slow minute of the machine hits both;
over the rounds the median is told, with the lowest and the highest beside it. Ratios point one way: higher is better.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio over several rounds."""

    middle: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.middle:.2f} ({self.low:.2f}-{self.high:.2f})"


@dataclass(frozen=True, slots=True)
class Drift:
    """Memory over a soak. `slope`: KiB per minute (least squares) over the samples after the warm-up.

    `growth`: that slope over the span of those samples, KiB. `level`: their median, KiB.
    """

    slope: float
    growth: float
    level: float

    def flat(self, allowance: float = 0.02, floor: float = 1024.0) -> bool:
        """Whether growth stays within `allowance` of the level, or `floor` KiB, whichever is more."""
        return self.growth <= max(self.level * allowance, floor)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0-1) of `values` do not exceed; 0 of nothing."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Least squares slope of (x, y) points; 0 where x does not vary."""
    if not points:
        return 0.0
    mean_x = fmean(x for x, _ in points)
    mean_y = fmean(y for _, y in points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    if spread == 0:
        return 0.0
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread


def drift(samples: Sequence[tuple[float, float]], warmup_share: float = 1 / 3) -> Drift:
    """Judge (seconds, KiB) samples; the first `warmup_share` of the time is caches filling, and is left out."""
    if not samples:
        return Drift(0.0, 0.0, 0.0)
    start, end = samples[0][0], samples[-1][0]
    kept = [point for point in samples if point[0] >= start + (end - start) * warmup_share]
    per_second = slope(kept)
    return Drift(per_second * 60, per_second * (kept[-1][0] - kept[0][0]), median(y for _, y in kept))


def ratio(scores: Mapping[int, float], baseline: Mapping[int, float]) -> Ratio | None:
    """Compare scores by round (round -> score, higher is better); None when no round has both."""
    each = [scores[n] / baseline[n] for n in sorted(scores.keys() & baseline.keys()) if baseline[n] > 0]
    return Ratio(median(each), min(each), max(each)) if each else None
