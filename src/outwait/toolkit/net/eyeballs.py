"""Which of several addresses a client would take (RFC 8305), replayed from the connect times of each."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final

from outwait.toolkit.net.findings import Attempt, Reached

DELAY: Final = 0.25
"""Seconds from one attempt's start to the next one's (RFC 8305, 8: Connection Attempt Delay)."""


def family(address: str) -> int:
    """4 or 6."""
    return ipaddress.ip_address(address).version


def order(addresses: Sequence[str]) -> tuple[str, ...]:
    """The order in which a client with happy eyeballs tries them: families take turns (RFC 8305, 4).

    `addresses` are in the system's order of preference (RFC 6724); the first one's family begins.
    """
    unique = list(dict.fromkeys(addresses))
    if not unique:
        return ()
    first = family(unique[0])
    mine = [each for each in unique if family(each) == first]
    other = [each for each in unique if family(each) != first]
    mixed: list[str] = []
    for at in range(max(len(mine), len(other))):
        mixed += mine[at : at + 1] + other[at : at + 1]
    return tuple(mixed)


def winner(attempts: Sequence[Attempt], delay: float = DELAY) -> tuple[Attempt, float] | None:
    """The attempt that would win, and seconds from the first one's start until it is open; None if none opens.

    `attempts` stand in `order`. The next one starts `delay` after the last, or at once when one has failed.
    """
    best: tuple[Attempt, float] | None = None
    begins, failed = 0.0, list[float]()
    for attempt in attempts:
        if best is not None and begins >= best[1]:
            break
        ends = begins + attempt.seconds
        if attempt.reached is not Reached.OPEN:
            failed.append(ends)
        elif best is None or ends < best[1]:
            best = (attempt, ends)
        sooner = [end for end in failed if end >= begins]
        begins = min([begins + delay, *sooner])
    return best


def one_by_one(attempts: Sequence[Attempt]) -> float | None:
    """Seconds until a client without happy eyeballs is connected: it waits for each dead address; None: never."""
    waited = 0.0
    for attempt in attempts:
        waited += attempt.seconds
        if attempt.reached is Reached.OPEN:
            return waited
    return None
