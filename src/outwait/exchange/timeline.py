"""The timeline of one exchange: what happened, when, and a word about it. Pure; seconds since acceptance."""

from __future__ import annotations

from collections.abc import Sequence

from outwait.core.entry import Mark

LIMIT = 200  # a runaway exchange must not grow without bound; the first marks tell most


class Timeline:
    """Collects marks cheaply; they are made into `Mark`s only when somebody reads them."""

    __slots__ = ("_marks", "accepted", "dropped")

    def __init__(self, accepted: float) -> None:
        self.accepted = accepted
        self.dropped = 0
        self._marks: list[Mark] = []

    def add(self, now: float, event: str, detail: str = "") -> None:
        """Note `event` at `now` (loop seconds)."""
        marks = self._marks
        if len(marks) < LIMIT:
            # A plain tuple is a fifth of a named one's price, and six are made for every request.
            marks.append((now - self.accepted, event, detail))  # type: ignore[arg-type]  # read by position
        else:
            self.dropped += 1

    def raw(self) -> Sequence[Mark]:
        """All marks, to be read by position (time, event, detail); the list itself where nothing was dropped."""
        return self.marks() if self.dropped else self._marks

    def marks(self) -> tuple[Mark, ...]:
        """All marks, with times to the millisecond."""
        marks = tuple(Mark(round(at, 3), event, detail) for at, event, detail in self._marks)
        if self.dropped:
            marks += (Mark(marks[-1].at, "dropped", f"{self.dropped} more events"),)
        return marks
