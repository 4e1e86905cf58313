"""What a server asks to be left alone for: `retry-after-ms`, and `Retry-After` in seconds or as a date (RFC 9110)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def seconds(headers: Mapping[str, str], today: datetime | None = None) -> float | None:
    """Seconds until the server wants to be asked again; None: it says nothing, or nothing that makes sense.

    `today`: the time that a date is compared with; the server's own `Date` by default, else this machine's clock, so
    that a wrong clock here does not matter.
    """
    told = {name.lower(): value for name, value in headers.items() if name.lower() in _READ}
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        number = _number(told.get(name))
        if number is not None:
            return number * unit
    until = _date(told.get("retry-after"))
    if until is None:
        return None
    return max(0.0, (until - (today or _date(told.get("date")) or datetime.now(UTC))).total_seconds())


_READ = frozenset(("retry-after-ms", "retry-after", "date"))


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _date(text: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)
