"""Some of a plan's candidates before all others, such as the channel that has what a call continues."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from outwait.core.plan import Candidate, Plan


def prefer(plan: Plan, wanted: Callable[[Candidate], bool]) -> Plan:
    """`plan` with the `wanted` candidates in tiers of their own before the others; both keep their order.

    The first candidate's clocks are the plan's, as ever. Where all or none are wanted nothing changes.
    """
    first = [each for each in plan.candidates if wanted(each)]
    rest = [each for each in plan.candidates if not wanted(each)]
    if not first or not rest:
        return plan
    above = 1 + max(each.tier for each in first) - min(each.tier for each in rest)
    later = [replace(each, tier=each.tier + above) for each in rest]
    return replace(plan, candidates=(*first, *later), timeouts=first[0].timeouts or plan.timeouts)
