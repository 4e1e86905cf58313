"""What an SDK cannot do whatever it is told: cells of the matrix that do not pass, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.conformance.cases import Case


@dataclass(frozen=True, slots=True)
class Limit:
    """`voice`, `out`: globs. `whats`, `mode`: empty for any. `why`: what the SDK does, in a sentence."""

    voice: str
    why: str
    whats: tuple[str, ...] = ()
    mode: str = ""
    out: str = "*"

    def covers(self, case: Case) -> bool:
        """Whether it speaks of `case`."""
        named = fnmatchcase(case.voice.name, self.voice) and fnmatchcase(case.out, self.out)
        return named and self.mode in ("", case.mode) and (not self.whats or case.what in self.whats)


LIMITS: tuple[Limit, ...] = ()


def limit(case: Case) -> Limit | None:
    """The limit that keeps `case` from passing, if one is known."""
    return next((each for each in LIMITS if each.covers(case)), None)
