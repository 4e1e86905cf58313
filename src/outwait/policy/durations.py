"""Lengths of time as people write them: `90`, `90s`, `500ms`, `15m`, `1h30m`, `2d`. Seconds inside, always.

`parse` takes what a configuration file or a header holds and promises a finite number of seconds from 0 to a year;
everything else is a ValueError with a sentence for people. `tell` writes seconds so that `parse` reads them back.
"""

from __future__ import annotations

import re

YEAR = 366 * 86_400.0
_MAX_TEXT = 40

_UNITS = {"d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_NUMBER = r"\d{1,15}(?:\.\d{1,9})?"
_PLAIN = re.compile(_NUMBER, re.ASCII)
_PARTS = re.compile("".join(rf"(?:({_NUMBER}){unit})?" for unit in _UNITS), re.ASCII)

ALLOWED = "a number of seconds or something like 500ms, 90s, 15m or 1h30m"


def parse(value: object) -> float:
    """Seconds of `value`, an int, float or str. Raises ValueError for anything that is not a length of time."""
    if isinstance(value, str):
        seconds = _read(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if not 0 <= value <= YEAR:  # also catches NaN, and integers too large for a float
            raise ValueError(f"a duration is from 0 seconds to a year, not {_shown(value)}")
        return float(value)
    else:
        raise ValueError(f"a duration is {ALLOWED}, not {_shown(value)}")  # noqa: TRY004 - one error for all bad input
    if seconds > YEAR:
        raise ValueError(f"a duration is at most a year, not {_shown(value)}")
    return seconds


def tell(seconds: float) -> str:
    """`seconds` for people, whole milliseconds: `500ms`, `1.5s`, `90s`, `15m`, `1h30m`."""
    thousandths = round(seconds * 1000)
    if thousandths < 1000:
        return f"{thousandths}ms" if thousandths else "0s"
    if thousandths % 1000:
        return f"{thousandths / 1000:.3f}".rstrip("0") + "s"
    whole = thousandths // 1000
    if whole < 120 and whole != 60:  # "90s" is how people say it
        return f"{whole}s"
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return "".join(f"{count}{unit}" for count, unit in ((hours, "h"), (minutes, "m"), (left, "s")) if count)


def _read(text: str) -> float:
    trimmed = text.strip()
    if len(trimmed) <= _MAX_TEXT:
        if _PLAIN.fullmatch(trimmed):
            return float(trimmed)
        found = _PARTS.fullmatch(trimmed)
        if found and found.lastindex:
            pairs = zip(found.groups(), _UNITS.values(), strict=True)
            return sum(float(count) * unit for count, unit in pairs if count)
    raise ValueError(f"a duration is {ALLOWED}, not {_shown(text)}")


def _shown(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > YEAR:
        return "such a number"  # repr of a huge int is slow, and refused by Python beyond 4300 digits
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
