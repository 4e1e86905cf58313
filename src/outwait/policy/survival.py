"""Noticing an endpoint that takes requests and never answers, long before a timeout does.

Each request waits for its first content. How long that takes is known per scenario, over all endpoints (`Waits`): S(a)
is the chance that a healthy endpoint lets one wait longer than a seconds. An endpoint that answered something a moment
ago was healthy then, so each request in flight there is asked only for what it waited since: with age a now and age b
at that answer (0 if it was sent later) the chance of its silence is S(a) / S(b). The silence of all of them has the
product of these chances. When that is below 1 in 10,000, the endpoint is *suspect* (FACTS 2.2):

    healthy --- the silence is too unlikely ---> suspect       no new traffic; what runs there is left alone
       ^                                            |
       |                                            | every 60 s one real request may go there
       `------- first content of any request -------'

Only a first content is an answer. The words of a stream that began long ago say that its worker lives, not that the
endpoint takes new requests. An error is no answer either: what fails quickly is the breaker's business.

A wait that was cut or goes on is a sample too (`Curve`), those at a hung endpoint included: they make the rule slower
to suspect, never quicker.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from outwait.policy import durations
from outwait.policy.waits import Waits


@dataclass(frozen=True, slots=True)
class Suspecting:
    """When an endpoint becomes suspect, and what is still sent there (FACTS 2.2, "Survival detector").

    `unlikely`: the silence has a smaller chance than this. `in_flight`: with fewer requests at the endpoint nothing is
    concluded; `samples`: requests of scenarios with fewer do not count. `probe`: seconds between the single requests
    to a suspect endpoint.
    """

    unlikely: float = 1e-4
    in_flight: int = 3
    samples: int = 50
    probe: float = 60.0


DEFAULTS = Suspecting()


@dataclass(frozen=True, slots=True)
class Silence:
    """How unlikely an endpoint's silence is. `in_flight`: requests that were weighed; `hazard`: -log of the chance;
    `oldest`: seconds the longest of them waits.
    """

    in_flight: int
    hazard: float
    oldest: float

    @property
    def reason(self) -> str:
        """It in words, for the log and the timeline."""
        chance = f"1 in {math.exp(min(self.hazard, 30.0)):,.0f}" if self.hazard < 30 else "below 1 in 10^13"
        oldest = durations.tell(self.oldest)
        return f"{self.in_flight} requests without an answer, the oldest for {oldest}: the chance of that is {chance}"


class Watch:
    """One endpoint. `suspect`: why it is, None while it is healthy. `suspecting` may be set."""

    __slots__ = ("_answered", "_next", "_running", "suspect", "suspecting")

    def __init__(self, suspecting: Suspecting = DEFAULTS) -> None:
        self.suspect: Silence | None = None
        self.suspecting = suspecting
        self._running: dict[Wait, None] = {}
        self._answered = -math.inf
        self._next = 0.0  # while suspect: no request before

    @property
    def in_flight(self) -> int:
        """Requests that wait for their first content."""
        return len(self._running)

    def begin(self, shared: Waits, own: Waits, now: float) -> Wait:
        """A request is sent. `shared`: the waits of its scenario at all endpoints; `own`: at this one."""
        if self.suspect:
            self._next = now + self.suspecting.probe
        wait = Wait(self, shared, own, now)
        self._running[wait] = None
        return wait

    def admits(self, now: float) -> bool:
        """Whether a request may be sent. A suspect endpoint gets one when its time has come, `begin` takes it. O(1)."""
        return self.suspect is None or now >= self._next

    def silence(self, now: float) -> Silence:
        """How unlikely it is that nothing came since the last answer. O(requests in flight)."""
        hazard = oldest = 0.0
        weighed = 0
        last, samples = self._answered, self.suspecting.samples
        for wait in self._running:
            curve = wait.shared.curve(now)
            if curve.samples < samples:
                continue
            weighed += 1
            age = now - wait.sent
            oldest = max(oldest, age)
            hazard += curve.hazard(age)
            if last > wait.sent:
                hazard -= curve.hazard(last - wait.sent)
        return Silence(weighed, hazard, oldest)

    def check(self, now: float) -> bool:
        """Whether the endpoint has become suspect just now; to be asked every second or so, not on each call."""
        if self.suspect or len(self._running) < self.suspecting.in_flight:
            return False
        silence = self.silence(now)
        unlikely = silence.hazard > -math.log(self.suspecting.unlikely)
        if silence.in_flight < self.suspecting.in_flight or not unlikely:
            return False
        self.doubt(silence, now)
        return True

    def doubt(self, silence: Silence, now: float) -> None:
        """It is suspect: by `check`, or because another worker, which saw other requests, found it so."""
        if self.suspect is None:
            self.suspect = silence
            self._next = now + self.suspecting.probe

    def finish(self, wait: Wait, answered: float | None) -> None:
        """`wait` is over; `answered`: when its first content came, None if none did. Called by `Wait`."""
        del self._running[wait]
        if answered is not None:
            self._answered = answered
            self.suspect = None


class Wait:
    """One request's wait for its first content. `sent`: when it began; `shared`: the waits it is compared with."""

    __slots__ = ("_open", "_own", "_watch", "sent", "shared")

    def __init__(self, watch: Watch, shared: Waits, own: Waits, now: float) -> None:
        self.sent = now
        self.shared = shared
        self._own = own
        self._watch = watch
        self._open = True
        shared.running[self] = own.running[self] = now

    def content(self, now: float) -> None:
        """The first content came. Whatever follows, here and in `end`, changes nothing."""
        if self._close(now):
            age = now - self.sent
            self.shared.add(age, now)
            self._own.add(age, now)

    def end(self, now: float) -> None:
        """The request ended; if no content came, it is a wait that was cut."""
        if self._close(None):
            age = now - self.sent
            self.shared.cut(age, now)
            self._own.cut(age, now)

    def _close(self, answered: float | None) -> bool:
        if not self._open:
            return False
        self._open = False
        del self.shared.running[self], self._own.running[self]
        self._watch.finish(self, answered)
        return True
