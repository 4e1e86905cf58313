"""What the probes of one endpoint come to: rates, figures of each phase, and its failures by cause. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from outwait.toolkit.check.probe import Probe
from outwait.toolkit.check.saved import About
from outwait.toolkit.check.statistics import Figures, figures

PHASES: Final = ("connect", "tls", "first_byte", "first_token", "ttft", "total", "silence", "rate")
# What is measured before an answer can fail; the others are figures of whole answers.
_EARLY: Final = frozenset(("connect", "tls"))


@dataclass(frozen=True, slots=True)
class Failure:
    """Probes that failed in one way. `detail`: of the first. `rule`: as in `Probe`."""

    cause: str
    side: str
    clock: str | None
    span: float | None
    status: int | None
    count: int
    detail: str
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """One endpoint. `figures`: phase (of `PHASES`) -> its figures, where there are any; `rate` is tokens a second, all
    others are seconds. `failures`: most frequent first. `retry_after`: the longest pause it asked for.
    """

    about: About
    probes: tuple[Probe, ...]
    figures: Mapping[str, Figures]
    failures: tuple[Failure, ...]
    ok: int
    timeouts: int
    errors: int
    retry_after: float | None

    @property
    def success(self) -> float:
        """Share of the probes that were answered whole, from 0 to 1; 0 of none."""
        return self.ok / len(self.probes) if self.probes else 0.0

    def values(self, phase: str) -> list[float]:
        """What was measured of `phase`."""
        return [
            value
            for probe in self.probes
            if (probe.ok or phase in _EARLY) and (value := getattr(probe, phase)) is not None
        ]

    @property
    def waits(self) -> list[float]:
        """How long it was waited for something to read, of every probe; forever where it failed."""
        return [probe.wait if probe.ok else float("inf") for probe in self.probes]

    @property
    def wait(self) -> Figures | None:
        """The figures of those that did not fail."""
        return figures([probe.wait for probe in self.probes if probe.ok])


def summarize(about: About, probes: Sequence[Probe]) -> Summary:
    """The summary of the endpoint that `about` describes."""
    own = tuple(probe for probe in probes if probe.endpoint == about.name)
    counts = Counter(probe.outcome for probe in own)
    bare = Summary(about, own, {}, (), counts["ok"], counts["timeout"], counts["error"], _longest(own))
    found = {phase: figures(bare.values(phase), high_is_good=phase == "rate") for phase in PHASES}
    known = {phase: each for phase, each in found.items() if each is not None}
    return Summary(about, own, known, _failures(own), bare.ok, bare.timeouts, bare.errors, bare.retry_after)


def summaries(abouts: Iterable[About], probes: Sequence[Probe]) -> tuple[Summary, ...]:
    """One for each endpoint."""
    return tuple(summarize(about, probes) for about in abouts)


def _failures(probes: Iterable[Probe]) -> tuple[Failure, ...]:
    first: dict[Failure, str] = {}
    counts: Counter[Failure] = Counter()
    for probe in probes:
        if not probe.ok:
            told = (probe.cause or "unknown", probe.side or "upstream", probe.clock, probe.span, probe.status)
            kind = Failure(*told, 0, "", probe.rule)
            counts[kind] += 1
            first.setdefault(kind, probe.detail or "")
    return tuple(replace(kind, count=count, detail=first[kind]) for kind, count in counts.most_common())


def _longest(probes: Iterable[Probe]) -> float | None:
    return max((probe.retry_after for probe in probes if probe.retry_after is not None), default=None)
