"""How much of its weight an endpoint has while it is new or has just been let in again (FACTS 2.2, Envoy).

It has nothing running then, so whoever looks for the least loaded would send it everything at once. It begins with a
tenth and has all after a minute: never 0, or it would wait for ever to be tried.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SlowStart:
    """`span`: seconds until the whole weight is given. `least`: the share it begins with."""

    span: float = 60.0
    least: float = 0.1


DEFAULT = SlowStart()


def share(age: float, rule: SlowStart = DEFAULT) -> float:
    """The share of its weight that an endpoint has `age` seconds after it was let in."""
    if age >= rule.span:
        return 1.0
    return max(rule.least, age / rule.span)
