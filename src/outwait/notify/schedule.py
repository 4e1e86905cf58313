"""What an answer to an event means, and when a failed one is tried again.

2xx: it is delivered. 410: nobody wants it any more. Everything else is tried again: at once it was tried first, then
after `luck * min(6 h, 10 s * 2**n)`, for 72 hours in all; the last attempt is made when they are over. A receiver's
Retry-After comes before that pause, six hours of it at most. A redirect is a failure like others: to follow it would
send what is meant for one address to another (Standard Webhooks 1.0.0, "Delivery success and failure").
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from outwait.policy.backoff import jittered
from outwait.wire.retry_after import seconds_asked

SPAN: Final = 72 * 3600.0  # seconds from the event to its last attempt
# An event whose time ran out while no process was there to send it is tried once more, for so long.
KEPT: Final = SPAN + 24 * 3600.0
BASE: Final = 10.0
CAP: Final = 6 * 3600.0
SHORTEST: Final = 1.0  # full jitter may draw next to nothing


class Verdict(Enum):
    """What becomes of an event after an attempt."""

    DELIVERED = "delivered"
    GONE = "gone"
    AGAIN = "again"


def judged(status: int) -> Verdict:
    """What the status of an answer means."""
    if 200 <= status < 300:
        return Verdict.DELIVERED
    return Verdict.GONE if status == 410 else Verdict.AGAIN


def again(created: float, attempts: int, now: float, *, luck: float, asked: float = 0.0) -> float | None:
    """When to try again an event of the moment `created`; None: its time is over.

    `attempts`: those made so far, from 1. `luck`: in [0, 1). `asked`: seconds that its receiver wants to be left alone.
    """
    end = created + SPAN
    if now >= end:
        return None
    pause = max(SHORTEST, jittered(max(0, attempts - 1), BASE, CAP, luck))
    return min(end, now + min(asked, CAP) + pause)


def asked(retry_after: str, now: float) -> float:
    """Seconds that a receiver's Retry-After header asks for; 0 for none or nonsense."""
    return seconds_asked(retry_after, now) or 0.0
