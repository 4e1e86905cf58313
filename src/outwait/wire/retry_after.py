"""What a `Retry-After` header asks for, in seconds (RFC 9110, 10.2.3).

Never raises, and what is nonsense asks for nothing: how long one waits in the end is decided elsewhere.
"""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime

_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{0,9})?")


def seconds_asked(value: str, now: float) -> float | None:
    """Seconds that the header's `value`, a number or a date, asks for: 0 for a date in the past, None for nonsense.

    `now`: seconds since the epoch.
    """
    number = number_asked(value)
    return number if number is not None else _until(value, now)


def number_asked(value: str) -> float | None:
    """The number that a header's `value` is: no sign, no exponent, nothing infinite; else None (FACTS 2.2)."""
    text = value.strip()
    return float(text) if _NUMBER.fullmatch(text) else None


def _until(date: str, now: float) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
        if moment.tzinfo is None:  # RFC 9110, 5.6.7: asctime and "-0000" dates are UTC
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, moment.timestamp() - now)
    except (ValueError, TypeError, OverflowError, IndexError):  # what is no date at all, or none of a calendar
        return None
