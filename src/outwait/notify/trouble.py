"""Trouble that comes and goes: told once when it comes and once when it is over, and left alone ever longer between."""

from __future__ import annotations

import logging
from typing import Final

_log = logging.getLogger("outwait")

WORST: Final = 60.0  # longest pause in seconds


class Trouble:
    """One thing that may fail for a while. `what`: a sentence that says what cannot be done."""

    __slots__ = ("_times", "_what")

    def __init__(self, what: str) -> None:
        self._what = what
        self._times = 0

    def met(self, error: Exception) -> float:
        """It failed; returns the seconds to leave it alone: 1, 2, 4 ... 60."""
        if not self._times:
            _log.error("%s: %s", self._what, error)
        self._times += 1
        return min(WORST, 2.0 ** min(self._times - 1, 10))

    def over(self) -> None:
        """It went well."""
        if self._times:
            self._times = 0
            _log.info("it is over: %s", self._what)
