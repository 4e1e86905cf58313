"""When a stream has been silent for too long, and what it said before (pure). Pings are no content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from outwait.client.words import said
from outwait.core.plan import Span
from outwait.policy import durations

Clock = Literal["first_token", "idle", "total"]


@dataclass(frozen=True, slots=True)
class Partial:
    """What came of an answer. `events`: how many, pings too."""

    text: str = ""
    thoughts: str = ""
    events: int = 0


class IdleTimeout(TimeoutError):  # noqa: N818 - the clock that ran out, as in `idle_timeout`
    """Content did not come in time.

    `clock`: which time ran out: until the first content, between two, or for the whole answer. `span`: how long it was,
    and who set it. `partial`: what came so far.
    """

    def __init__(self, clock: Clock, span: Span, partial: Partial) -> None:
        came = f"{len(partial.text)} characters of text and {len(partial.thoughts)} of thoughts came before"
        told = "the answer was not whole" if clock == "total" else "no content came"
        super().__init__(f"{told} within {durations.tell(span.seconds)} ({clock}: {span.reason}); {came}")
        self.clock: Clock = clock
        self.span = span
        self.partial = partial

    def __reduce__(self) -> tuple[type[IdleTimeout], tuple[Clock, Span, Partial]]:
        return IdleTimeout, (self.clock, self.span, self.partial)


class Watch:
    """When a stream is silent for too long, and what it said (pure; times in seconds of any steady clock).

    `first`, `idle`, `total`: from the beginning to the first content, from content to content, to the end.
    """

    def __init__(self, first: Span, idle: Span, total: Span) -> None:
        self._first, self._idle, self._total = first, idle, total
        self._began: float | None = None
        self._last: float | None = None  # content
        self._text: list[str] = []
        self._thoughts: list[str] = []
        self._events = 0

    def begin(self, now: float) -> None:
        """The stream is read from now on."""
        if self._began is None:
            self._began = now

    def hear(self, event: object, now: float) -> None:
        """An event came."""
        heard = said(event)
        self._events += 1
        if heard.content:
            self._last = now
        if heard.text:
            self._text.append(heard.text)
        if heard.thought:
            self._thoughts.append(heard.thought)

    @property
    def due(self) -> tuple[float, Clock, Span]:
        """When which time runs out."""
        began = self._began or 0.0
        whole: tuple[float, Clock, Span] = (began + self._total.seconds, "total", self._total)
        if self._last is None:
            return min((began + self._first.seconds, "first_token", self._first), whole, key=lambda each: each[0])
        return min((self._last + self._idle.seconds, "idle", self._idle), whole, key=lambda each: each[0])

    @property
    def partial(self) -> Partial:
        """What came so far."""
        return Partial("".join(self._text), "".join(self._thoughts), self._events)

    def over(self) -> IdleTimeout:
        """The time that runs out first has run out."""
        _, clock, span = self.due
        return IdleTimeout(clock, span, self.partial)
