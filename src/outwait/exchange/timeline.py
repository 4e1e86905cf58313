"""The timeline of one exchange: what happened, when, and a word about it. Pure; seconds since acceptance."""

from __future__ import annotations

from outwait.core.entry import Mark

LIMIT = 200  # a runaway exchange must not grow without bound; the first marks tell most


class Timeline:
    """Collects marks cheaply; they are made into `Mark`s only when somebody reads them."""

    __slots__ = ("_marks", "accepted", "dropped")

    def __init__(self, accepted: float) -> None:
        self.accepted = accepted
        self.dropped = 0
        self._marks: list[tuple[float, str, str]] = []

    def add(self, now: float, event: str, detail: str = "") -> None:
        """Note `event` at `now` (loop seconds)."""
        if len(self._marks) < LIMIT:
            self._marks.append((now, event, detail))
        else:
            self.dropped += 1

    def at(self, event: str) -> float | None:
        """Seconds from acceptance to the first `event`, or None."""
        for when, name, _ in self._marks:
            if name == event:
                return when - self.accepted
        return None

    def last(self, event: str) -> float | None:
        """Seconds from acceptance to the last `event`, or None."""
        for when, name, _ in reversed(self._marks):
            if name == event:
                return when - self.accepted
        return None

    def marks(self) -> tuple[Mark, ...]:
        """All marks, with times to the millisecond."""
        marks = tuple(Mark(round(when - self.accepted, 3), event, detail) for when, event, detail in self._marks)
        if self.dropped:
            marks += (Mark(marks[-1].at, "dropped", f"{self.dropped} more events"),)
        return marks
