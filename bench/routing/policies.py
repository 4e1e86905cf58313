"""The policies that are compared, as rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from bench.routing.others import RoundRobin, Shut, TwoChoices, TwoChoicesBreaker
from bench.routing.ours import WITHOUT_QUEUE, tracker
from bench.routing.world import World
from outwait.core.endpoints import Endpoints
from outwait.core.plan import Candidate

Make = Callable[[Sequence[Candidate], World, Random, Shut], Endpoints]


@dataclass(frozen=True, slots=True)
class Policy:
    """`careful`: its retries obey the product's classes and budgets."""

    name: str
    title: str
    make: Make
    careful: bool = False


OURS = "outwait"
NO_QUEUE = "outwait, no queue"

POLICIES: tuple[Policy, ...] = (
    Policy("round robin", "one after the other", RoundRobin),
    Policy("P2C", "the less loaded of two drawn", TwoChoices),
    Policy("P2C + breaker", "the same, without those whose breaker is open", TwoChoicesBreaker),
    Policy(NO_QUEUE, "ours, but 429 at once where nobody is free", partial(tracker, rules=WITHOUT_QUEUE), careful=True),
    Policy(OURS, "the rules of this product", tracker, careful=True),
)


def named(name: str) -> Policy:
    """The policy of that name. Raises KeyError."""
    return next(one for one in POLICIES if one.name == name)
