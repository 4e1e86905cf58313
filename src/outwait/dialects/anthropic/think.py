"""How hard to think, as each of Anthropic's models wants to be told: by a budget of tokens, or by an effort."""

from __future__ import annotations

from outwait.core.ask import Reasoning
from outwait.dialects import effort as efforts
from outwait.dialects.anthropic.asked import Document
from outwait.dialects.anthropic.models import Traits

_LEAST = 1024  # tokens of a budget
_SHOWN = {True: "summarized", False: "omitted"}


def thinking_of(
    reasoning: Reasoning | None, traits: Traits, dropped: dict[str, None]
) -> tuple[Document | None, str | None]:
    """The values of `thinking` and `output_config.effort`, None where they are not to be said."""
    if reasoning is None:
        return None, None
    off = reasoning.budget == 0 or (reasoning.budget is None and reasoning.effort == "none")
    if traits.thinking == "none":
        if not off:
            dropped["reasoning"] = None
        return None, None
    effort = _fitting(reasoning.effort, traits)
    if off:
        if traits.off:
            return {"type": traits.off}, effort
        dropped["reasoning"] = None
        return None, effort or traits.efforts[0]
    shown = _shown(reasoning)
    if traits.thinking == "adaptive":
        if reasoning.budget is None and traits.always and not shown:
            return None, effort
        return {"type": "adaptive", **shown}, effort or _fitting(_spoken(reasoning.budget), traits)
    both = reasoning.budget is not None
    return {"type": "enabled", "budget_tokens": _budget(reasoning), **shown}, effort if both else None


def _budget(reasoning: Reasoning) -> int:
    if reasoning.budget is not None and reasoning.budget > 0:
        return max(reasoning.budget, _LEAST)
    return max(efforts.budget_of(reasoning.effort or "medium"), _LEAST)


def _spoken(budget: int | None) -> str | None:
    return efforts.effort_of(budget) if budget is not None and budget > 0 else None


def _fitting(effort: str | None, traits: Traits) -> str | None:
    """The greatest effort that the model knows and that is not above `effort`; its least one if all are."""
    if effort in {None, "none"} or not traits.efforts:
        return None
    wanted = efforts.budget_of(str(effort))
    return next(
        (known for known in reversed(traits.efforts) if efforts.budget_of(known) <= wanted),
        traits.efforts[0],
    )


def _shown(reasoning: Reasoning) -> Document:
    show = True if reasoning.show is None and reasoning.summary else reasoning.show
    return {} if show is None else {"display": _SHOWN[show]}


def fit(thinking: Document, limit: int, traits: Traits) -> int:
    """`max_tokens` that leaves room for an answer beside the budget of `thinking`, which is cut where the model cannot
    say so much."""
    budget = thinking["budget_tokens"]
    if budget < limit:
        return limit
    wished: int = budget + limit
    if traits.limit is None or wished <= traits.limit:
        return wished
    thinking["budget_tokens"] = min(budget, max(traits.limit - limit, traits.limit // 2))
    return traits.limit
