"""One attempt that is learned from: what it waited for, and for how long.

    begun ------------------> head ------------------> content ------ longest gap ------> end
      `first_byte` (and what      `first_token`                          `idle`
      came before it)
      the wait for content: survival, and whether an attempt is worth it

What did not come before the end is a wait that was cut, whoever ended it; so is the longest gap of an answer that was
not complete. The head of an error is no answer: it is not what the clock waited for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from outwait.core.fault import Clock
from outwait.policy.survival import Watch

if TYPE_CHECKING:
    from outwait.health.learned import Subject

REFUSED = 300  # statuses from here on are no answer


class Waiting:
    """One attempt, from right before it is opened until it is over. What is said twice changes nothing."""

    __slots__ = ("_answered", "_begun", "_headed", "_learners", "_over", "_wait")

    def __init__(self, subject: Subject, watch: Watch, now: float) -> None:
        self._wait = watch.begin(subject.shared, subject.own, now)
        self._learners = subject.learners if subject.learns else None
        self._begun = now
        self._headed: float | None = None
        self._answered = False
        self._over = False

    def headed(self, now: float, status: int = 200) -> None:
        """The response head came."""
        if self._over or self._headed is not None or status >= REFUSED:
            return
        self._headed = now
        if self._learners:
            self._learners[Clock.FIRST_BYTE].add(max(0.0, now - self._begun), now)

    def content(self, now: float) -> None:
        """The first content came."""
        if self._over or self._answered:
            return
        self.headed(now)
        self._answered = True
        self._wait.content(max(now, self._begun))
        if self._learners and self._headed is not None:
            self._learners[Clock.FIRST_TOKEN].add(max(0.0, now - self._headed), now)

    def end(self, now: float, gap: float = 0.0, *, complete: bool = True) -> None:
        """The attempt is over. `gap`: its longest silence after the first content, in seconds, the last one included;
        `complete`: the answer came to its own end.
        """
        if self._over:
            return
        self._over = True
        self._wait.end(max(now, self._begun))
        if not self._learners:
            return
        if self._answered:
            if gap > 0:
                idle = self._learners[Clock.IDLE]
                (idle.add if complete else idle.cut)(gap, now)
        elif self._headed is None:
            self._learners[Clock.FIRST_BYTE].cut(max(0.0, now - self._begun), now)
        else:
            self._learners[Clock.FIRST_TOKEN].cut(max(0.0, now - self._headed), now)
