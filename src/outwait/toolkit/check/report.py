"""Everything that follows from a run: summaries, recommendation, clocks, warnings, comparison; for people and as data.

Pure. `as_data` is what `outwait check --json` prints: its keys are the same in both languages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from outwait.core.tongue import Tongue
from outwait.diagnosis.advice import ADVICE
from outwait.toolkit.check.advised import advice
from outwait.toolkit.check.compare import Comparison, compare
from outwait.toolkit.check.probe import Probe
from outwait.toolkit.check.recommend import Recommendation, recommend, well_enough
from outwait.toolkit.check.saved import Header, Run
from outwait.toolkit.check.statistics import Figures
from outwait.toolkit.check.suggest import Suggestion, suggest, warnings
from outwait.toolkit.check.summary import Failure, Summary, summaries
from outwait.toolkit.check.words import Remark


@dataclass(frozen=True, slots=True)
class Report:
    """`suggestions` are for the endpoint named `suggested_for`: the recommended one, or else the only one."""

    header: Header
    found: tuple[Summary, ...]
    recommendation: Recommendation
    suggested_for: str
    suggestions: tuple[Suggestion, ...]
    warnings: tuple[Remark, ...]
    comparison: Comparison | None
    at_least: float

    @property
    def well(self) -> bool:
        """Whether every endpoint answers enough of its probes."""
        return bool(self.found) and all(well_enough(each, self.at_least) for each in self.found)


def report(
    header: Header,
    probes: Sequence[Probe],
    *,
    at_least: float = 0.9,
    earlier: Run | None = None,
    careful: Sequence[Remark] = (),
) -> Report:
    """What follows from `probes`. `at_least`: share of its probes an endpoint has to answer. `careful`: warnings beside
    those that the probes give rise to.
    """
    found = summaries(header.endpoints, probes)
    recommended = recommend(found, at_least=at_least)
    chosen = next((each for each in found if each.about.name == recommended.best), None)
    if chosen is None and len(found) == 1:
        chosen = found[0]
    return Report(
        header=header,
        found=found,
        recommendation=recommended,
        suggested_for="" if chosen is None else chosen.about.name,
        suggestions=() if chosen is None else suggest(chosen),
        warnings=(*careful, *warnings(found)),
        comparison=None if earlier is None else compare(found, earlier),
        at_least=at_least,
    )


def as_data(told: Report, tongue: Tongue) -> dict[str, Any]:
    """The report as one JSON object; sentences are in `tongue`."""
    advice = told.recommendation
    return {
        "well": told.well,
        "started": told.header.started,
        "fail_below": told.at_least,
        "endpoints": [_endpoint(each, told.at_least, tongue) for each in told.found],
        "recommendation": {
            "endpoint": advice.best,
            "sure": advice.sure,
            "reasons": [remark.told(tongue) for remark in (*advice.reasons, *advice.out)],
        },
        "timeouts": {
            "endpoint": told.suggested_for or None,
            "clocks": [
                {"clock": each.clock.value, "seconds": each.seconds, "reason": each.reason.told(tongue)}
                for each in told.suggestions
            ],
        },
        "warnings": [remark.told(tongue) for remark in told.warnings],
        "comparison": None if told.comparison is None else _comparison(told.comparison, tongue),
    }


def _endpoint(found: Summary, at_least: float, tongue: Tongue) -> dict[str, Any]:
    about: Mapping[str, Any] = msgspec.to_builtins(found.about)
    return {
        **about,
        "well": well_enough(found, at_least),
        "probes": len(found.probes),
        "ok": found.ok,
        "timeouts": found.timeouts,
        "errors": found.errors,
        "success_rate": round(found.success, 4),
        "timeout_rate": _rate(found.timeouts, found),
        "error_rate": _rate(found.errors, found),
        "figures": {phase: _figures(phase, each) for phase, each in found.figures.items()},
        "failures": [_failure(each, tongue) for each in found.failures],
        "retry_after": found.retry_after,
    }


def _failure(found: Failure, tongue: Tongue) -> dict[str, Any]:
    meaning = ADVICE.get(found.cause, ADVICE["unknown"]).meaning
    told = {"meaning": meaning.told(tongue), "advice": advice(found).told(tongue)}
    return {**msgspec.to_builtins(found), **told}


def _rate(count: int, found: Summary) -> float:
    return round(count / len(found.probes), 4) if found.probes else 0.0


def _figures(phase: str, found: Figures) -> dict[str, Any]:
    names = ("p50", "p5", "min") if phase == "rate" else ("p50", "p95", "max")
    digits = 3 if phase == "rate" else 6
    return {"n": found.n, **{name: round(value, digits) for name, value in zip(names, found[1:], strict=True)}}


def _comparison(found: Comparison, tongue: Tongue) -> dict[str, Any]:
    return {
        "started": found.started,
        "changes": [msgspec.to_builtins(each) for each in found.changes],
        "remarks": [remark.told(tongue) for remark in found.remarks],
    }
