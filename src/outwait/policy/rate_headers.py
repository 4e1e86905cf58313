"""What an upstream's reply says about how much of its rate limit is left.

Two families are read, in whatever reply they come (FACTS 2.2):

  x-ratelimit-{limit,remaining,reset}-{requests,tokens}                              OpenAI, Azure, Groq and kin
  anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining,reset}
  retry-after-ms, Retry-After

A reset is a length (`1s`, `6m0s`, `20ms`, `7.66ms`; Azure: `8`), a moment (RFC 3339; Anthropic), or a Unix time in
seconds or milliseconds: each is taken in each family, since proxies and imitators mix them. Never raises; what is
garbage, negative or not finite is as if it were not there. `wall`: seconds since the epoch, for moments.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from outwait.policy import durations

# name of the limit -> headers with what is left, the limit, the reset
FORMS: tuple[tuple[str, str, str, str], ...] = (
    *(
        (kind, f"x-ratelimit-remaining-{kind}", f"x-ratelimit-limit-{kind}", f"x-ratelimit-reset-{kind}")
        for kind in ("requests", "tokens")
    ),
    *(
        (
            kind,
            f"anthropic-ratelimit-{kind}-remaining",
            f"anthropic-ratelimit-{kind}-limit",
            f"anthropic-ratelimit-{kind}-reset",
        )
        for kind in ("requests", "tokens", "input-tokens", "output-tokens")
    ),
)

_LONGEST_TEXT = 40
_LONGEST_NUMBER = 15
_EPOCH_SECONDS = 1e9  # 2001; nobody's limit takes 30 years to reset
_EPOCH_MILLISECONDS = 1e11
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{0,9})?")
_RFC_3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2}(?:\.[0-9]{1,9})?)"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
# RFC 9110, 5.6.7: the one form of a date that may still be sent
_HTTP_DATE = re.compile(r"\w{3}, ([0-9]{2}) (\w{3}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT", re.ASCII)
_LENGTHS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_MONTHS = {name: at for at, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
# Go writes less than a millisecond so, with either of the two signs for micro
_TINY = re.compile(r"[0-9]{1,15}(?:\.[0-9]{0,9})?(?:\u00b5s|\u03bcs|us|ns)")


@dataclass(frozen=True, slots=True)
class Window:
    """One limit as it was told: `remaining` of `limit` (None: not told), whole again in `reset` seconds (the same)."""

    kind: str
    remaining: float
    limit: float | None = None
    reset: float | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """All that one reply told. `retry_after`: seconds it asks to be left alone, None where it does not."""

    windows: tuple[Window, ...] = ()
    retry_after: float | None = None


NOTHING = Told()


def read(headers: Mapping[str, str], wall: float, near: float = 0.5) -> Told:
    """What the reply with `headers` (names in lower case) tells; `NOTHING` where it tells nothing.

    A limit of tokens of which more than the share `near` is left stops nobody, so its reset, the dearest to read, stays
    None.
    """
    windows = []
    for kind, remaining, limit, reset in FORMS:
        text = headers.get(remaining)
        left = None if text is None else _number(text)
        if left is not None:
            most = _number(headers.get(limit, ""))
            if most != 0:  # a way to say that there is no limit
                matters = kind == "requests" or most is None or left <= near * most
                again = until(headers.get(reset, ""), wall) if matters else None
                windows.append(Window(kind, left, most, again))
    asked = retry_after(headers, wall)
    return Told(tuple(windows), asked) if windows or asked is not None else NOTHING


def retry_after(headers: Mapping[str, str], wall: float) -> float | None:
    """Seconds asked for by `retry-after-ms`, else by `Retry-After` (a number or a date; a past one is 0), or None."""
    milliseconds = headers.get("retry-after-ms")
    if milliseconds is not None:
        asked = _number(milliseconds)
        if asked is not None:
            return asked * 0.001
    text = headers.get("retry-after")
    if text is None:
        return None
    asked = _number(text)
    return asked if asked is not None else _left(_http_date(text.strip()), wall)


def until(text: str, wall: float) -> float | None:
    """Seconds from now to a reset: `text` is a length, an RFC 3339 moment or a Unix time; 0 for what is past."""
    trimmed = text.strip()
    if not trimmed or len(trimmed) > _LONGEST_TEXT:
        return None
    number = _number(trimmed)
    if number is not None:
        if number >= _EPOCH_MILLISECONDS:
            return _left(number * 0.001, wall)
        return _left(number, wall) if number >= _EPOCH_SECONDS else number
    found = _RFC_3339.fullmatch(trimmed)
    if found is not None:
        return _left(_rfc_3339(found), wall)
    if _TINY.fullmatch(trimmed):
        return 0.0
    try:
        return durations.parse(trimmed)
    except ValueError:
        return None


def _number(text: str) -> float | None:
    if len(text) <= _LONGEST_NUMBER and text.isdecimal() and text.isascii():
        return float(text)  # nearly always
    trimmed = text.strip()
    return float(trimmed) if _NUMBER.fullmatch(trimmed) else None


def _left(moment: float | None, wall: float) -> float | None:
    return None if moment is None else max(0.0, moment - wall)


def _rfc_3339(found: re.Match[str]) -> float | None:
    year, month, day, hour, minute, seconds, sign, hours, minutes = found.groups()
    moment = _moment((int(year), int(month), int(day)), int(hour), int(minute), float(seconds))
    if moment is None or sign is None:
        return moment
    if int(hours) > 23 or int(minutes) > 59:
        return None
    offset = int(hours) * 3600 + int(minutes) * 60
    return moment - offset if sign == "+" else moment + offset


def _http_date(text: str) -> float | None:
    found = _HTTP_DATE.fullmatch(text)
    if found is None:
        return None
    day, month, year, hour, minute, second = found.groups()
    return _moment((int(year), _MONTHS.get(month, 0), int(day)), int(hour), int(minute), float(second))


def _moment(date: tuple[int, int, int], hour: int, minute: int, seconds: float) -> float | None:
    """Seconds since the epoch, in UTC; None for what no calendar or clock has. A leap second is the next minute's."""
    year, month, day = date
    if not (1 <= month <= 12 and 1 <= day <= _days_in(year, month)):
        return None
    if hour > 23 or minute > 59 or seconds >= 61:
        return None
    return _days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + seconds


def _days_in(year: int, month: int) -> int:
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if leap else _LENGTHS[month]


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the Gregorian calendar; years begin in March here, so that the leap day is the last."""
    march_year = year - (month <= 2)
    march_month = (month + 9) % 12
    leaps = march_year // 4 - march_year // 100 + march_year // 400
    return 365 * march_year + leaps + (153 * march_month + 2) // 5 + day - 719_469
