"""What must be true of every exchange that a client has heard of, however often its worker is killed (pure).

    accepted ──> running ──> completed | failed | cancelled | lost     one of them, once and for all
        `──────────────────> not there                                 only where nobody was promised anything

An answer that is there is the model's, word for word; a part of one is the beginning of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

RUNNING, GONE = "running", "not there"
FINAL = frozenset({"completed", "failed", "cancelled", "lost"})
# The end of these is told once it is on the disk. Others are told at once: a kill in the moment between leaves a client
# with its answer, and the store without: such an exchange is `torn`.
HELD_BACK = frozenset({"background", "named", "named JSON"})
# By kind of call: who was told an id of these may come back for it, whatever has died meanwhile.
PROMISED = frozenset({"named", "named JSON", "background"})


@dataclass(slots=True)
class Known:
    """One exchange. `kind`: of the call. `truth`: what the model says to its `question`. `heard`: a client had the
    whole answer. `states`: as they were seen, each once, in their order."""

    ident: str
    kind: str
    truth: str
    question: str
    heard: bool = False
    states: list[str] = field(default_factory=list)


class Oracle:
    """Takes what clients see and notes what can not be. `wrong`: that, in sentences."""

    def __init__(self) -> None:
        self.known: dict[str, Known] = {}
        self.wrong: list[str] = []
        self.torn: list[str] = []

    def met(self, ident: str, kind: str, truth: str, question: str) -> Known:
        """A client has heard of an exchange."""
        return self.known.setdefault(ident, Known(ident, kind, truth, question))

    def whole(self, known: Known, text: str) -> None:
        """A client had a whole answer."""
        known.heard = True
        if text != known.truth:
            self._cannot_be(known, f"a whole answer that the model never gave: {text[:80]!r}")

    def stands(self, known: Known, state: str) -> None:
        """Somebody asked how it stands."""
        if known.states and known.states[-1] == state:
            return
        known.states.append(state)
        ends = [each for each in known.states if each in FINAL]
        if len(set(ends)) > 1:
            self._cannot_be(known, f"more than one end: {', '.join(known.states)}")
        elif known.states[0] in FINAL and state == RUNNING:
            self._cannot_be(known, "it runs again")
        if state == "lost" and known.heard:
            if known.kind in HELD_BACK:
                self._cannot_be(known, "its client has the whole answer, and it is lost")
            else:
                self.torn.append(f"{known.ident} ({known.kind})")
        if state == GONE and known.kind in PROMISED:
            self._cannot_be(known, f"it is not there (before: {', '.join(known.states[:-1]) or 'unknown'})")

    def kept(self, known: Known, text: str, *, whole: bool) -> None:
        """Somebody asked for its answer, once it had ended."""
        state = known.states[-1]
        if whole and text != known.truth:
            self._cannot_be(known, f"{state}, and a wrong answer is kept as whole: {text[:80]!r}")
        elif not whole and not known.truth.startswith(text):
            self._cannot_be(known, f"{state}, and words are kept that the model never said: {text[:80]!r}")
        elif whole and state != "completed":
            self._cannot_be(known, f"{state}, and yet a whole answer is kept")
        elif state == "completed" and not whole:
            self._cannot_be(known, f"completed, and its answer is not kept whole: {text[:80]!r}")

    def open(self) -> list[Known]:
        """Those that are not known to have ended."""
        return [each for each in self.known.values() if not each.states or each.states[-1] == RUNNING]

    def over(self) -> None:
        """There was time enough for everything to end."""
        for each in self.open():
            self._cannot_be(each, "it runs for ever" if each.states else "nobody could say how it stands")

    def charges(self, counts: Mapping[str, int]) -> None:
        """How often each question was charged upstream: once, and once more for each of its exchanges that was lost."""
        lost = Counter(each.question for each in self.known.values() if each.states and each.states[-1] == "lost")
        for question, count in counts.items():
            if count > 1 + lost[question]:
                self.wrong.append(f"{question}: charged {count} times")

    def counts(self) -> dict[str, Counter[str]]:
        """Kind of call -> how its exchanges stand."""
        found: dict[str, Counter[str]] = {}
        for each in self.known.values():
            found.setdefault(each.kind, Counter())[each.states[-1] if each.states else "unknown"] += 1
        return found

    def _cannot_be(self, known: Known, what: str) -> None:
        self.wrong.append(f"{known.ident} ({known.kind}): {what}")
