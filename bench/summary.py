"""From runs to rows: medians over the rounds, ratios to the baseline, and what missed a threshold. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from bench.contenders import BASELINE, CANDIDATE
from bench.figures import Ratio, ratio
from bench.load.spec import Kind, Outcome
from bench.plan import Thresholds
from bench.runs import Run

SCORES: dict[Kind, Callable[[Outcome], float]] = {
    "w1": lambda outcome: outcome.per_cpu_second,
    "w2": lambda outcome: outcome.per_cpu_second,
    "w3": lambda outcome: 1 / outcome.rss_per_stream if outcome.rss_per_stream > 0 else 0.0,
}
HEADINGS: dict[Kind, tuple[str, ...]] = {
    "w1": ("contender", "calls per CPU-second", "ratio (low-high)", "calls/s", "CPU of its core", "others on it"),
    "w2": (
        "contender",
        "µs CPU per chunk",
        "ratio (low-high)",
        "chunks/s",
        "chunks per read",
        "CPU of its core",
        "others on it",
    ),
    "w3": (
        "contender",
        "KiB RSS per stream",
        "KiB PSS per stream",
        "ratio of RSS (low-high)",
        "CPU of its core",
        "beats/s",
        "late p50 / p99 / max ms",
    ),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One contender in one workload: what was measured in each round, and how it compares (None: no baseline ran)."""

    kind: Kind
    contender: str
    outcomes: tuple[Outcome, ...]
    ratio: Ratio | None

    def middle(self, figure: Callable[[Outcome], float]) -> float:
        """The median of a figure over the rounds."""
        return median(figure(outcome) for outcome in self.outcomes)

    def worst(self, figure: Callable[[Outcome], float]) -> float:
        """The highest of a figure over the rounds."""
        return max(figure(outcome) for outcome in self.outcomes)

    def cells(self) -> tuple[str, ...]:
        """The row as text, under `HEADINGS`."""
        compared = str(self.ratio) if self.ratio else "-"
        busy = f"{self.middle(lambda one: one.busy):.1%}"
        others = f"{self.middle(lambda one: one.others):.1%}"
        rate = f"{self.middle(lambda one: one.rate):,.0f}"
        if self.kind == "w1":
            return self.contender, f"{self.middle(SCORES['w1']):,.0f}", compared, rate, busy, others
        if self.kind == "w2":
            merged = f"{self.middle(lambda one: one.units / one.reads if one.reads else 0.0):.2f}"
            return self.contender, f"{self.middle(lambda one: one.micros):.1f}", compared, rate, merged, busy, others
        late = " / ".join(f"{self.middle(lambda one, n=n: one.late[n]) * 1000:.0f}" for n in range(3))  # type: ignore[misc]
        return (
            self.contender,
            f"{self.middle(lambda one: one.rss_per_stream):.1f}",
            f"{self.middle(lambda one: one.pss_per_stream):.1f}",
            compared,
            busy,
            rate,
            late,
        )


def rows(kind: Kind, runs: Iterable[Run]) -> list[Row]:
    """One row per contender of a workload, in the order they ran."""
    by_contender: dict[str, dict[int, Outcome]] = {}
    for run in runs:
        if run.workload.kind == kind:
            by_contender.setdefault(run.contender, {})[run.round] = run.outcome
    scores = {
        name: {n: SCORES[kind](outcome) for n, outcome in outcomes.items()} for name, outcomes in by_contender.items()
    }
    return [
        Row(kind, name, tuple(outcomes.values()), ratio(scores[name], scores.get(BASELINE, {})))
        for name, outcomes in by_contender.items()
    ]


def misses(all_rows: Sequence[Row], thresholds: Thresholds) -> list[str]:
    """What outwait missed, in words; empty when it kept every threshold that was measured."""
    found: list[str] = []
    for row in all_rows:
        if row.contender != CANDIDATE:
            continue
        if row.kind in ("w1", "w2"):
            least = thresholds.w1_ratio if row.kind == "w1" else thresholds.w2_ratio
            if row.ratio is None:
                found.append(f"{row.kind}: no ratio, since {BASELINE} did not run")
            elif row.ratio.middle < least:
                found.append(f"{row.kind}: {row.ratio.middle:.3f} of {BASELINE}, promised is at least {least:.2f}")
            continue
        size = row.worst(lambda one: one.rss_per_stream)
        late = row.worst(lambda one: one.late[1])
        if size > thresholds.w3_kib:
            found.append(f"w3: {size:.1f} KiB per stream, promised is at most {thresholds.w3_kib:.0f}")
        if late > thresholds.w3_late:
            found.append(f"w3: heartbeats {late * 1000:.0f} ms late (p99), promised is {thresholds.w3_late * 1000:.0f}")
    return found
