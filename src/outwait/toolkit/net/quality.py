"""Loss and jitter of repeated connects, and the difference of two clocks, as plain arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from itertools import pairwise
from typing import Final

from outwait.toolkit.net.findings import Loss

COARSE: Final = 1.0
"""Seconds by which a Date header is coarse (RFC 9110, 5.6.7): a skew below that is none."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Connect times in seconds; `loss` is a share from 0 to 1 of the packets that opened connections.

    `jitter`: the mean difference between one connect and the next (as in RFC 3550, 6.4.1, without its smoothing).
    """

    count: int
    loss: float
    best: float | None
    median: float | None
    worst: float | None
    jitter: float | None


def quality(loss: Loss) -> Quality:
    """What repeated connects say about the way."""
    tried = len(loss.seconds) + loss.lost
    sent = tried + loss.retransmits
    share = (loss.lost + loss.retransmits) / sent if sent else 0.0
    if not loss.seconds:
        return Quality(tried, share, None, None, None, None)
    ordered = sorted(loss.seconds)
    return Quality(tried, share, ordered[0], ordered[len(ordered) // 2], ordered[-1], jitter(loss.seconds))


def jitter(seconds: Sequence[float]) -> float | None:
    """The mean difference between one and the next; None below two."""
    steps = [abs(after - before) for before, after in pairwise(seconds)]
    return sum(steps) / len(steps) if steps else None


def date(header: str) -> float | None:
    """The Unix time of a Date header; None for what is none."""
    try:
        return parsedate_to_datetime(header).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def skew(theirs: float, ours: float, rtt: float) -> float:
    """Seconds by which our clock is ahead of theirs (negative: behind); 0 where that cannot be told from none.

    `ours` was read when a reply that carries `theirs` had come, at most `rtt` after it was written.
    """
    # The true time at the peer was within [theirs, theirs + COARSE), and up to rtt more passed on the way.
    low, high = ours - theirs - COARSE - rtt, ours - theirs
    return low if low > 0 else min(high, 0.0)
