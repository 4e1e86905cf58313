from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.ask import Reasoning
from outwait.dialects.anthropic import models, think
from outwait.dialects.anthropic.models import OTHER, traits_of

BUDGET, ADAPTIVE, DEEP = "claude-sonnet-4-5", "claude-opus-4-8", "claude-opus-5-5"
SONNET, FIVE, OLD, FOUR_SIX = "claude-sonnet-5-5", "claude-opus-5", "claude-3-5-haiku-20241022", "claude-opus-4-6"


@pytest.mark.parametrize(
    "model, reasoning, thinking, effort, dropped",
    [
        (BUDGET, None, None, None, False),
        (BUDGET, Reasoning("high"), {"type": "enabled", "budget_tokens": 24576}, None, False),
        (BUDGET, Reasoning("minimal"), {"type": "enabled", "budget_tokens": 1024}, None, False),
        (BUDGET, Reasoning(budget=5), {"type": "enabled", "budget_tokens": 1024}, None, False),
        (BUDGET, Reasoning(budget=-1), {"type": "enabled", "budget_tokens": 8192}, None, False),
        (BUDGET, Reasoning("none"), {"type": "disabled"}, None, False),
        ("claude-opus-4-5", Reasoning("low", 3000), {"type": "enabled", "budget_tokens": 3000}, "low", False),
        ("claude-opus-4-5", Reasoning("low"), {"type": "enabled", "budget_tokens": 2048}, None, False),
        (ADAPTIVE, Reasoning("high"), {"type": "adaptive"}, "high", False),
        (ADAPTIVE, Reasoning("minimal"), {"type": "adaptive"}, "low", False),
        (ADAPTIVE, Reasoning(budget=30000), {"type": "adaptive"}, "xhigh", False),
        (ADAPTIVE, Reasoning(budget=0), {"type": "disabled"}, None, False),
        (FOUR_SIX, Reasoning("xhigh"), {"type": "adaptive"}, "high", False),
        (FOUR_SIX, Reasoning("max"), {"type": "adaptive"}, "max", False),
        (FIVE, Reasoning("high"), None, "high", False),
        (FIVE, Reasoning("high", show=False), {"type": "adaptive", "display": "omitted"}, "high", False),
        (FIVE, Reasoning(summary="auto"), {"type": "adaptive", "display": "summarized"}, None, False),
        (FIVE, Reasoning(budget=-1), {"type": "adaptive"}, None, False),
        (FIVE, Reasoning(show=True, budget=-1), {"type": "adaptive", "display": "summarized"}, None, False),
        (SONNET, Reasoning("none"), {"type": "between_tools"}, None, False),
        (DEEP, Reasoning("none"), None, "low", True),
        (DEEP, Reasoning("high", 0), None, "high", True),
        (OLD, Reasoning("high"), None, None, True),
        (OLD, Reasoning("none"), None, None, False),
        ("kimi-k3", Reasoning("high"), {"type": "enabled", "budget_tokens": 24576}, None, False),
    ],
)  # fmt: skip
def test_thinking(model: str, reasoning: Reasoning | None, thinking: Any, effort: str | None, dropped: bool) -> None:
    left: dict[str, None] = {}
    assert think.thinking_of(reasoning, traits_of(model), left) == (thinking, effort)
    assert ("reasoning" in left) is dropped


@given(
    budget=st.integers(1024, 200_000),
    limit=st.integers(1, 200_000),
    model=st.sampled_from([BUDGET, "claude-opus-4-1-20250805", "kimi-k3"]),
)
def test_an_answer_has_room_beside_its_thinking(budget: int, limit: int, model: str) -> None:
    traits = traits_of(model)
    limit = min(limit, traits.limit or limit)
    thinking = {"type": "enabled", "budget_tokens": budget}
    fitted = think.fit(thinking, limit, traits)
    assert thinking["budget_tokens"] < fitted  # type: ignore[operator] # a number, as written above
    assert fitted <= (traits.limit or fitted)
    assert fitted >= limit
    assert 1024 <= thinking["budget_tokens"] <= budget  # type: ignore[operator] # the same
    if budget < limit:
        assert fitted == limit


def test_nothing_is_kept_back_from_a_model_nobody_knows() -> None:
    thinking = {"type": "enabled", "budget_tokens": 9000}
    assert think.fit(thinking, models.limit_of(OTHER), OTHER) == 17_192
