"""How the rounds of a watch went, in a few characters. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from outwait.toolkit.check.summary import Summary

_STEPS: Final = "▁▂▃▄▅▆▇█"
_NONE: Final = "x"
_KEPT: Final = 40  # rounds


def spark(values: Sequence[float | None]) -> str:
    """One character a value, from the lowest to the highest of them; `x` where there is none."""
    known = [value for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    steps = len(_STEPS) - 1
    # What moves by less than a tenth is no trend.
    spread = max(high - low, high / 10, 1e-9)
    return "".join(_NONE if value is None else _STEPS[round((value - low) / spread * steps)] for value in values)


@dataclass(slots=True)
class Trend:
    """The medians of the last rounds of one endpoint: what was waited for something to read, None of none answered."""

    waits: list[float | None] = field(default_factory=list)

    def add(self, found: Summary) -> None:
        """One more round."""
        wait = found.wait
        self.waits = [*self.waits, None if wait is None else wait.p50][-_KEPT:]

    def __str__(self) -> str:
        return spark(self.waits)
