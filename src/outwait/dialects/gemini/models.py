"""What a model's name tells of how Gemini wants to be asked: whether it thinks by levels, by budgets, or not at all."""

from __future__ import annotations

import re
from typing import Any

from outwait.core.ask import Reasoning
from outwait.dialects.effort import budget_of, effort_of
from outwait.dialects.gemini.tables import BUDGETS, LEAST_LITE, LEVELS, MINIMAL

_VERSION = re.compile(r"gemini-(?:[a-z-]+-)?(\d+)")
_LEVELS_FROM = 3


def is_new(model: str) -> bool:
    """Whether `model` is of the third generation or later, which an alias without a number is as well."""
    name = model.rpartition("/")[2].lower()
    version = _VERSION.match(name)
    return name.startswith("gemini") and (version is None or int(version[1]) >= _LEVELS_FROM)


def thinking(reasoning: Reasoning, model: str) -> dict[str, Any] | None:
    """`thinkingConfig` for `model`; None if this model cannot think as it is asked to."""
    name = model.rpartition("/")[2].lower()
    shown = reasoning.show if reasoning.show is not None else True if reasoning.summary is not None else None
    told: dict[str, Any] = {} if shown is None else {"includeThoughts": shown}
    if is_new(model):
        return told | _level(reasoning, name)
    for part, least, most in BUDGETS:
        if part in name:
            return told | _budget(reasoning, (least, most), lite="lite" in name)
    return {} if reasoning.effort == "none" or reasoning.budget == 0 else None


def _level(reasoning: Reasoning, name: str) -> dict[str, Any]:
    effort = reasoning.effort
    if effort is None:
        if reasoning.budget is None or reasoning.budget < 0:
            return {}
        effort = effort_of(reasoning.budget)
    level = LEVELS.get(effort, "MEDIUM")
    if level == "MINIMAL" and not any(part in name for part in MINIMAL):
        level = "LOW"
    return {"thinkingLevel": level}


def _budget(reasoning: Reasoning, span: tuple[int, int], *, lite: bool) -> dict[str, Any]:
    budget = reasoning.budget
    if budget is None:
        if reasoning.effort is None:
            return {}
        budget = budget_of(reasoning.effort)
    if budget < 0:
        return {"thinkingBudget": -1}
    held = min(max(budget, span[0]), span[1])
    return {"thinkingBudget": max(held, LEAST_LITE) if lite and held else held}
