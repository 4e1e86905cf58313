"""When a probe is given up: a clock for each phase, and one over all of them (docs/glossary.md says from when to when).

Pure: `now` is seconds on any clock that only goes forward. One clock runs at a time beside `total`; entering a phase
stops the clock of the one before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from outwait.core.fault import Clock
from outwait.policy import durations

SPANS: Final[Mapping[Clock, float]] = MappingProxyType(
    {
        Clock.CONNECT: 10.0,
        Clock.WRITE: 30.0,
        Clock.FIRST_BYTE: 60.0,
        Clock.FIRST_TOKEN: 60.0,
        Clock.IDLE: 60.0,
        Clock.TOTAL: 120.0,
    }
)
"""Seconds. A probe asks for a few words: who is silent for a minute then is not well, though a long question may take
longer."""


class Clocks:
    """The clocks of one probe that begins at `now`; `clock` is the one that runs, `due` when it, or `total`, ends."""

    __slots__ = ("_end", "_phase_end", "_spans", "clock")

    def __init__(self, spans: Mapping[Clock, float], now: float) -> None:
        self._spans = spans
        self._end = now + spans[Clock.TOTAL]
        self.enter(Clock.CONNECT, now)

    def enter(self, clock: Clock, now: float) -> float:
        """Another phase begins, or the same one anew; returns `due`."""
        self.clock = clock
        self._phase_end = now + self._spans[clock]
        return self.due

    @property
    def due(self) -> float:
        """When a clock runs out."""
        return min(self._phase_end, self._end)

    @property
    def first_out(self) -> tuple[Clock, float]:
        """The clock that is the first to run out, and its span."""
        clock = self.clock if self._phase_end <= self._end else Clock.TOTAL
        return clock, self._spans[clock]


def spans(given: Iterable[str]) -> dict[Clock, float]:
    """The spans that `--timeout` asks for. `60s`: no silence is longer, and no probe takes more than twice as long;
    `first_byte=30s`: that clock alone, whatever the order. Raises ValueError.
    """
    found = dict(SPANS)
    named: dict[Clock, float] = {}
    for each in given:
        name, equals, value = each.rpartition("=")
        seconds = durations.parse(value.strip())
        if seconds <= 0:
            raise ValueError(f"{each!r}: a clock needs more than no time")
        if equals:
            named[_clock(name.strip())] = seconds
            continue
        found = {clock: min(span, seconds) for clock, span in SPANS.items()}
        found |= dict.fromkeys((Clock.FIRST_BYTE, Clock.FIRST_TOKEN, Clock.IDLE), seconds)
        found[Clock.TOTAL] = 2 * seconds
    found |= named
    if Clock.TOTAL not in named:  # a clock that was asked for by name must be able to run out
        found[Clock.TOTAL] = max(found[Clock.TOTAL], 2 * max(named.values(), default=0.0))
    return found


def _clock(name: str) -> Clock:
    clock = next((clock for clock in SPANS if clock.value == name), None)
    if clock is None:
        raise ValueError(f"there is no clock {name!r} here; there are {', '.join(clock.value for clock in SPANS)}")
    return clock
