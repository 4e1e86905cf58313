"""What speaks for a cause: the signs of a symptom, from its text, its status and its headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from outwait.diagnosis.fold import Folded, loosened
from outwait.diagnosis.knowledge import PATTERNS
from outwait.diagnosis.statuses import REGISTRY, STATUSES, named

_LONGEST = 240
_LOOSE = 1  # what a sign weighs less that stands there but for quotes and colons


@dataclass(frozen=True, slots=True)
class Sign:
    """`quote` speaks for `cause` on `side` (None: the usual one) with `weight` (`outwait.diagnosis.pattern`).

    `at`: where in the folded text, -1 for what is not from it. `status`: the HTTP status that it is, 0 for none.
    `source`: where that is known from, "" for a fact.
    """

    weight: int
    cause: str
    side: str | None
    quote: str
    source: str
    at: int = -1
    status: int = 0


def signs(folded: Folded, read: str, status: int | None) -> list[Sign]:
    """All signs of a text (`read`: it, folded, without hints) and of the `status` of the reply."""
    found = [*_patterns(folded, read), *_statuses(folded, read)]
    if status in STATUSES and all(each.status != status for each in found):
        weight, cause, side = STATUSES[status]
        found.append(Sign(weight, cause, side, f"HTTP {status}", REGISTRY, status=status))
    return found


def _patterns(folded: Folded, read: str) -> Iterator[Sign]:
    loose = loosened(read)
    for pattern in PATTERNS:
        match = pattern.find(read)
        if match is not None:
            quote, at, less = _quote(folded, match), match.start(), 0
        else:
            match = pattern.find(loose.text)
            if match is None:
                continue
            at, end = loose.place(match.start()), loose.place(max(match.start(), match.end() - 1)) + 1
            quote, less = folded.quote(at, min(end, at + _LONGEST)).strip(), _LOOSE
        yield Sign(pattern.weight - less, pattern.cause, pattern.side, quote, pattern.source, at)


def _statuses(folded: Folded, read: str) -> Iterator[Sign]:
    for match in named(read):
        status = int(match["status"])
        weight, cause, side = STATUSES[status]
        yield Sign(weight, cause, side, _quote(folded, match), REGISTRY, match.start(), status)


def _quote(folded: Folded, match: re.Match[str]) -> str:
    return folded.quote(match.start(), min(match.end(), match.start() + _LONGEST)).strip()
