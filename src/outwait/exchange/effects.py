"""What an exchange's machine asks its driver to do; executed in order, `Open` and `Overtake` always last."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from outwait.core.fault import Fault, RetryClass
from outwait.core.plan import Candidate


class Outcome(StrEnum):
    """How an exchange ended."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Acquire(msgspec.Struct, frozen=True, gc=False):
    """Ask for a place, at best at `candidate`; answer with `Granted` or `Refused`. `places`, `used`: as in
    `core.endpoints.Wish`.
    """

    candidate: Candidate
    places: tuple[int, ...] = ()
    used: tuple[tuple[int, int], ...] = ()


class Open(msgspec.Struct, frozen=True, gc=False):
    """Start attempt `number` (from 1); `fresh`: not on a pooled connection."""

    candidate: Candidate
    number: int
    fresh: bool


class Close(msgspec.Struct, frozen=True, gc=False):
    """End the running attempt, or withdraw from the queue for a place; `why`: what ended it."""

    why: Fault


class Overtake(msgspec.Struct, frozen=True, gc=False):
    """The attempt beside becomes the running one, with all it has said so far. `failed`: of what class the failure was
    that ended the other; None: it was only slower.
    """

    failed: RetryClass | None = None


class Forgo(msgspec.Struct, frozen=True, gc=False):
    """End the attempt beside: the running one has content."""


class Retrying(msgspec.Struct, frozen=True, gc=False):
    """Another attempt will follow one of `retry_class` that failed at `candidate`; charge the budgets, unless it is a
    `repair`: of the same attempt, or of one that never was. `failover`: it is the first at another candidate."""

    candidate: Candidate
    retry_class: RetryClass
    fault: Fault
    repair: bool = False
    failover: bool = False


class Settle(msgspec.Struct, frozen=True, gc=False):
    """It is over; nothing follows."""

    outcome: Outcome
    fault: Fault | None = None


Effect = Acquire | Open | Close | Overtake | Forgo | Retrying | Settle
