"""Findings of made-up paths, and runs made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.toolkit.path.fakes import Path

from outwait.core.plan import Heartbeat
from outwait.testing.virtual import run
from outwait.toolkit.path.advice import Advice, advise
from outwait.toolkit.path.course import Course, Findings
from outwait.toolkit.path.question import Form, Part
from outwait.toolkit.path.report import Run
from outwait.toolkit.path.told import Bounds

BOUNDS = Bounds(version="1.2.3")


def explored(
    path: Path, forms: Sequence[Form] = tuple(Form), up_to: float = 600.0, bounds: Bounds = BOUNDS
) -> Findings:
    return run(Course(path.ask, bounds, up_to).run(forms))


def advised(path: Path, forms: Sequence[Form] = tuple(Form), present: Heartbeat | None = None) -> Advice:
    return advise(explored(path, forms), present or Heartbeat())


def ran(path: Path, forms: Sequence[Form] = tuple(Form), up_to: float = 600.0, **more: Any) -> Run:
    findings = explored(path, forms, up_to, more.get("bounds", BOUNDS))
    given = {"url": "http://gw", "up_to": up_to, "seconds": 61.26, "bounds": BOUNDS, **more}
    return Run(findings=findings, advice=advise(findings, Heartbeat()), **given)


def limit_of(findings: Findings, form: Form, part: Part) -> float | None:
    """The limit of one part, None for none."""
    (found,) = (each for each in findings.of(form) if each.part is part)
    return found.limit
