from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.dialects.effort import BUDGETS, budget_of, effort_of


@pytest.mark.parametrize("effort", BUDGETS)
def test_an_effort_survives_the_way_there_and_back(effort: str) -> None:
    assert effort_of(budget_of(effort)) == effort


@pytest.mark.parametrize(
    "budget, effort",
    [(-1, "medium"), (0, "none"), (1, "minimal"), (1536, "minimal"), (1537, "low"), (10_000, "medium"), (10**9, "max")],
)
def test_a_budget_is_the_nearest_effort(budget: int, effort: str) -> None:
    assert effort_of(budget) == effort


def test_an_unknown_effort_is_a_medium_one() -> None:
    assert budget_of("heroic") == BUDGETS["medium"]


@given(st.integers(0, 1 << 20), st.integers(0, 1 << 20))
def test_more_tokens_are_never_less_effort(one: int, other: int) -> None:
    less, more = sorted((one, other))
    assert budget_of(effort_of(less)) <= budget_of(effort_of(more))
