"""When a stream has been silent for too long, and what it said before (pure). Pings are no content.

Only a program that waits can tell that a stream is silent: while it does something else, no time runs.
"""

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

    `first`, `idle`, `total`: until the first content, from content to content, until the end. They count what the
    program waits for the stream; while it is busy with an event, they stand still.
    """

    def __init__(self, first: Span, idle: Span, total: Span) -> None:
        self._first, self._idle, self._total = first, idle, total
        self._since: float | None = None  # the program waits
        self._whole = 0.0  # waited in all
        self._silent = 0.0  # waited since the last content
        self._content = False
        self._text: list[str] = []
        self._thoughts: list[str] = []
        self._events = 0

    def wait(self, now: float) -> None:
        """The program waits for the stream from now on."""
        self._since = now

    def rest(self, now: float) -> None:
        """It does not any more."""
        if self._since is not None:
            self._whole += now - self._since
            self._silent += now - self._since
            self._since = None

    def hear(self, event: object) -> None:
        """An event came."""
        heard = said(event)
        self._events += 1
        if heard.content:
            self._content, self._silent = True, 0.0
        if heard.text:
            self._text.append(heard.text)
        if heard.thought:
            self._thoughts.append(heard.thought)

    @property
    def due(self) -> tuple[float, Clock, Span]:
        """When which time runs out, if the program waits until then."""
        since = self._since or 0.0
        whole: tuple[float, Clock, Span] = (since + self._total.seconds - self._whole, "total", self._total)
        clock: Clock = "idle" if self._content else "first_token"
        span = self._idle if self._content else self._first
        return min((since + span.seconds - self._silent, clock, span), whole, key=lambda each: each[0])

    @property
    def partial(self) -> Partial:
        """What came so far."""
        return Partial("".join(self._text), "".join(self._thoughts), self._events)

    def over(self) -> IdleTimeout:
        """The time that runs out first has run out."""
        _, clock, span = self.due
        return IdleTimeout(clock, span, self.partial)
