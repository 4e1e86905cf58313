"""How hard to think, in the two ways protocols say it: a word, or a budget of tokens.

OpenAI names an effort, Anthropic and older Gemini models take a number of tokens. One table joins the two; on the way
back a budget becomes the word whose number is nearest.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

BUDGETS: Mapping[str, int] = MappingProxyType({
    "none": 0,
    "minimal": 1024,
    "low": 2048,
    "medium": 8192,
    "high": 24576,
    "xhigh": 32768,
    "max": 65536,
})  # fmt: skip
_UNTOLD = "medium"


def budget_of(effort: str) -> int:
    """The tokens to think with for `effort`; those of `medium` for a word that is none of the table's."""
    return BUDGETS.get(effort, BUDGETS[_UNTOLD])


def effort_of(budget: int) -> str:
    """The effort nearest to `budget` tokens; the lesser of two as near.

    Some tokens are never `none`. A negative budget, by which Gemini lets the model decide, is `medium`.
    """
    if budget < 0:
        return _UNTOLD
    if budget == 0:
        return "none"
    return min(list(BUDGETS)[1:], key=lambda effort: abs(BUDGETS[effort] - budget))
