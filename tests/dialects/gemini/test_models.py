from __future__ import annotations

from typing import Any

import pytest

from outwait.core.ask import Reasoning
from outwait.dialects.gemini.models import is_new, thinking


@pytest.mark.parametrize(
    "model, new",
    [
        ("gemini-3-pro-preview", True),
        ("gemini-3.8-flash", True),
        ("publishers/google/models/gemini-3-flash", True),
        ("gemini-flash-latest", True),
        ("gemini-2.5-pro", False),
        ("gemini-2.0-flash", False),
        ("gemini-1.5-pro", False),
        ("gemma-3-27b-it", False),
        ("gemini-12-ultra", True),
        ("gemini-robotics-er-1.5", False),
    ],
)
def test_generations(model: str, new: bool) -> None:
    assert is_new(model) is new


@pytest.mark.parametrize(
    "reasoning, model, told",
    [
        (Reasoning("high"), "gemini-3-pro", {"thinkingLevel": "HIGH"}),
        (Reasoning("max"), "gemini-3-pro", {"thinkingLevel": "HIGH"}),
        (Reasoning("none"), "gemini-3-flash", {"thinkingLevel": "MINIMAL"}),
        (Reasoning("minimal"), "gemini-3-pro", {"thinkingLevel": "LOW"}),
        (Reasoning("strange"), "gemini-3-pro", {"thinkingLevel": "MEDIUM"}),
        (Reasoning(budget=24000), "gemini-3-pro", {"thinkingLevel": "HIGH"}),
        (Reasoning(budget=-1), "gemini-3-pro", {}),
        (Reasoning(show=True), "gemini-3-pro", {"includeThoughts": True}),
        (Reasoning(summary="auto"), "gemini-3-pro", {"includeThoughts": True}),
        (
            Reasoning("low", show=False, summary="auto"),
            "gemini-3-pro",
            {"includeThoughts": False, "thinkingLevel": "LOW"},
        ),
        (Reasoning("none"), "gemini-2.5-pro", {"thinkingBudget": 128}),
        (Reasoning("max"), "gemini-2.5-pro", {"thinkingBudget": 32768}),
        (Reasoning("none"), "gemini-2.5-flash", {"thinkingBudget": 0}),
        (Reasoning("high"), "gemini-2.5-flash-preview", {"thinkingBudget": 24576}),
        (Reasoning(budget=100), "gemini-2.5-flash-lite", {"thinkingBudget": 512}),
        (Reasoning(budget=0), "gemini-2.5-flash-lite", {"thinkingBudget": 0}),
        (Reasoning(budget=-1), "gemini-2.5-pro", {"thinkingBudget": -1}),
        (Reasoning(show=True), "gemini-2.5-pro", {"includeThoughts": True}),
        (Reasoning("none"), "gemini-2.0-flash", {}),
        (Reasoning(budget=0), "gemini-2.0-flash", {}),
        (Reasoning("low"), "gemma-3-27b-it", None),
    ],
)
def test_how_hard_to_think(reasoning: Reasoning, model: str, told: dict[str, Any] | None) -> None:
    assert thinking(reasoning, model) == told
