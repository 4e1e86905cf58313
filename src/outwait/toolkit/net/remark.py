"""A sentence with its values, told later in the reader's language, and numbers as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from outwait.core.tongue import Said, Tongue


@dataclass(frozen=True, slots=True)
class Remark:
    """`said`, with `values` in its places; a value that is itself a Said or a Remark is told in the same language."""

    said: Said
    values: Mapping[str, object] = field(default_factory=dict)

    def told(self, tongue: Tongue) -> str:
        """The sentence in `tongue`."""
        return self.said.told(tongue, **{name: _told(value, tongue) for name, value in self.values.items()})


def remark(said: Said, **values: object) -> Remark:
    """The sentence `said` with `values` in its places."""
    return Remark(said, values)


def shown(text: str) -> str:
    """What somebody else wrote, for a terminal: nothing in it moves the cursor, and it ends after 300 characters."""
    return "".join(char if char.isprintable() else "." for char in text[:300])


def _told(value: object, tongue: Tongue) -> object:
    if isinstance(value, Said | Remark):
        return value.told(tongue)
    if isinstance(value, tuple):
        parts = [str(_told(each, tongue)) for each in value]
        comma, semicolon = ("、", "；") if tongue is Tongue.ZH else (", ", "; ")
        return (semicolon if any(isinstance(each, Remark) for each in value) else comma).join(parts)
    return shown(value) if isinstance(value, str) else value


def spent(seconds: float) -> str:
    """A duration as people read it: `0.04 ms`, `0.4 ms`, `12 ms`, `1.20 s`."""
    if seconds >= 1.0:
        return f"{seconds:.2f} s"
    digits = 0 if seconds >= 0.01 else 1 if seconds >= 0.0001 else 2
    return f"{seconds * 1000:.{digits}f} ms"


def days(seconds: float) -> Said:
    """A long duration as people read it, without its sign: `45 s`, `3.0 hours`, `12 days`."""
    seconds = abs(seconds)
    if seconds < 120:
        return Said(f"{seconds:.0f} s", f"{seconds:.0f} 秒")
    if seconds < 7200:
        return Said(f"{seconds / 60:.0f} minutes", f"{seconds / 60:.0f} 分钟")
    if seconds < 172_800:
        return Said(f"{seconds / 3600:.1f} hours", f"{seconds / 3600:.1f} 小时")
    return Said(f"{seconds / 86_400:.0f} days", f"{seconds / 86_400:.0f} 天")


def day(at: float) -> str:
    """A date as people write it, in UTC."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
    except (ValueError, OverflowError, OSError):
        return "-"


def iso(at: float) -> str | None:
    """A date for programs: ISO 8601 in UTC; None for one that no calendar has."""
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return None
