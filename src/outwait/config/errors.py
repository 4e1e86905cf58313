"""How a configuration that cannot be used is told: every problem at once, each with its place and its way out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    `path`: the field, as in `channels[0].timeouts.first_byte`. `what`: what is wrong, in words. `value`: what was
    given, secrets masked. `expected`: what would be right. `nearest`: the known name that was probably meant. `line`:
    in the file, from 1. `source`: the environment variable the value came from.
    """

    path: str
    what: str
    value: str | None = None
    expected: str | None = None
    nearest: str | None = None
    line: int | None = None
    source: str | None = None

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else f"${self.source}: " if self.source else ""
        text = f"{place}{self.path}: {self.what}" if self.path else f"{place}{self.what}"
        if self.value is not None:
            text += f", got {self.value}"
        if self.expected:
            text += f"; expected {self.expected}"
        if self.nearest:
            text += f"; did you mean `{self.nearest}`?"
        return text


class ConfigError(Exception):
    """The configuration cannot be used. `problems` holds all of them; `file` where they are, if it is a file."""

    def __init__(self, problems: Iterable[Problem], file: str | None = None) -> None:
        self.problems = tuple(problems)
        self.file = file
        super().__init__(self._told())

    def _told(self) -> str:
        count = len(self.problems)
        where = self.file or "configuration"
        head = f"{where}: {count} problem{'s' if count != 1 else ''}"
        return "\n".join([head, *(f"  - {problem}" for problem in self.problems)])


def dotted(path: Sequence[str | int]) -> str:
    """A path as people write it: `channels[0].timeouts.first_byte`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like `name`, or None when nothing is like it."""
    names = {each.lower().replace("-", "_"): each for each in known}
    found = difflib.get_close_matches(name.lower().replace("-", "_"), names, n=1, cutoff=0.6)
    return names[found[0]] if found else None
