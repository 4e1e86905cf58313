"""The breaker of one endpoint: keeps traffic from what fails, and lets it back in by one real request.

             5 failures in a row, or < 80 % good of >= 20 in 60 s
    closed ---------------------------------------------------> open: nobody in, for 30 s x n (at most 300), +0-20 %
       ^                                                          |  its time is over
       |                trial good (any content)                  v
       +--------------------------------------------------- half-open: one real request at a time, the trial
                                                                  |  trial failed, or was refused with 429
                                                                  +--> open, n + 1

`n` counts ejections and falls by one for each ten minutes closed (FACTS 2.2, Envoy and linkerd). A trial that says
nothing about the endpoint (the client left, its request was wrong) only makes room for the next one.

Results carry the `epoch` in which their attempt began: what was sent before an ejection and fails after it is what the
ejection was for already, and must neither prolong it nor throw the endpoint out again.
"""

from __future__ import annotations

from dataclasses import dataclass

from outwait.policy.window import BUCKETS, SPAN, Window


@dataclass(frozen=True, slots=True)
class BreakerRule:
    """`in_row`: failures in a row that open it. `success`: lowest share of good results among at least `results` in
    `span` seconds, kept in `buckets`. `eject`: seconds of the first ejection, times n up to `longest`, plus up to
    `jitter` of it. `forgive`: seconds closed that take one off n.
    """

    in_row: int = 5
    success: float = 0.8
    results: int = 20
    span: float = SPAN
    buckets: int = BUCKETS
    eject: float = 30.0
    longest: float = 300.0
    jitter: float = 0.2
    forgive: float = 600.0


DEFAULT = BreakerRule()


class Breaker:
    """`open`: nobody is let in but a trial. `until`: when the ejection ends. `trial`: one is running. `row`: failures
    in a row. `epoch` counts ejections; an attempt keeps the number it began with.
    """

    __slots__ = ("_closed_at", "_rule", "_times", "_window", "epoch", "open", "row", "trial", "until")

    def __init__(self, now: float, rule: BreakerRule = DEFAULT) -> None:
        self._rule = rule
        self._window = Window(now, rule.span, rule.buckets)
        self._times = 0
        self._closed_at = now
        self.open = False
        self.until = 0.0
        self.trial = False
        self.row = 0
        self.epoch = 0

    def renumber(self, rule: BreakerRule, now: float) -> None:
        """Go by other numbers from now on; an ejection that runs, and results already counted, stay as they are. A
        window of another length begins empty.
        """
        if (rule.span, rule.buckets) != (self._rule.span, self._rule.buckets):
            self._window = Window(now, rule.span, rule.buckets)
        self._rule = rule

    def due(self, now: float) -> bool:
        """Whether it is half-open and a trial may begin."""
        return self.open and not self.trial and now >= self.until

    def times(self, now: float) -> int:
        """n: how many ejections are held against it."""
        if self.open:
            return self._times
        return max(0, self._times - int((now - self._closed_at) / self._rule.forgive))

    def begin_trial(self) -> None:
        """The trial begins; ask `due` first."""
        self.trial = True

    def good(self, now: float, epoch: int, *, trial: bool) -> None:
        """An attempt succeeded."""
        if epoch != self.epoch:
            return
        if not self.open:
            self.row = 0
            self._window.add(now, failed=False)
        elif trial:
            self.close(now)

    def bad(self, now: float, luck: float, epoch: int, *, trial: bool) -> None:
        """An attempt failed by the endpoint's fault."""
        if epoch != self.epoch:
            return
        if self.open:
            if trial:
                self._eject(now, luck)
            return
        self.row += 1
        self._window.add(now, failed=True)
        if self.row >= self._rule.in_row or self._poor():
            self._eject(now, luck)

    def refused(self, now: float, luck: float, epoch: int, *, trial: bool) -> None:
        """An attempt was refused with "too much" (429): only a trial is lost by it."""
        if self.open and trial and epoch == self.epoch:
            self._eject(now, luck)

    def idle(self, epoch: int, *, trial: bool) -> None:
        """An attempt ended that says nothing about the endpoint."""
        if trial and epoch == self.epoch:
            self.trial = False

    def eject(self, now: float, luck: float) -> None:
        """Open it, unless it is open already."""
        if not self.open:
            self._eject(now, luck)

    def close(self, now: float) -> None:
        """Let everybody in again, with a clean slate but for n."""
        self.open = self.trial = False
        self._closed_at = now

    def _poor(self) -> bool:
        window, rule = self._window, self._rule
        return window.total >= rule.results and window.total - window.failed < rule.success * window.total

    def _eject(self, now: float, luck: float) -> None:
        rule = self._rule
        # More than the longest ejection asks for would only have to be forgiven again.
        self._times = min(self.times(now) + 1, max(1, round(rule.longest / rule.eject)))
        span = min(rule.longest, rule.eject * self._times)
        self.until = now + span * (1.0 + rule.jitter * luck)
        self.open, self.trial, self.row = True, False, 0
        self.epoch += 1
        self._window.clear()
