"""Paths that are made up: what each would do to a probe, in the loop's time."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field
from itertools import pairwise

from outwait.toolkit.path.judge import How, Outcome, Verdict
from outwait.toolkit.path.line import GRACE
from outwait.toolkit.path.question import Form, Part, Question


@dataclass
class Path:
    """Limits in seconds, inf for none. `lost`: whoever cuts does not say so. `held`: heartbeats come out at the end,
    and those who cut are behind whatever holds them. `asleep`: they look at their clocks only when there is
    something to write. `asked`: every question."""

    first_byte: float = math.inf
    idle: float = math.inf
    total: float = math.inf
    upload: float = math.inf
    lost: bool = False
    held: bool = False
    asleep: bool = False
    asked: list[Question] = field(default_factory=list)

    async def ask(self, question: Question) -> Outcome:
        self.asked.append(question)
        cut, how = self._cut(question)
        if self.asleep and cut < question.silence:
            cut = next(each for each in self.moments(question) if each >= cut)
        elif cut >= question.silence:
            await asyncio.sleep(question.silence)
            waited = question.silence if question.form is Form.UPLOAD else None
            beats = self._beats(question, question.silence)
            return Outcome(question, Verdict.SURVIVED, question.silence, status=200, beats=beats, waited=waited)
        if self.lost:
            elapsed = question.silence + GRACE
            await asyncio.sleep(elapsed)
            return Outcome(question, Verdict.LOST, elapsed, How.NOTHING)
        await asyncio.sleep(cut)
        page = how is How.PAGE
        status, signer = (504, "nginx") if page else (200, "")
        return Outcome(question, Verdict.CUT, cut, how, status, signer, ("nginx",), self._beats(question, cut))

    def moments(self, question: Question) -> list[float]:
        """When something is written, the end included."""
        beats: list[float] = [0.0] if question.part is Part.IDLE else []
        if question.beat is not None and not self.held:
            count = math.ceil((question.silence - question.after) / question.beat)
            beats += [question.after + number * question.beat for number in range(max(0, count))]
        return [*beats, question.silence]

    def _cut(self, question: Question) -> tuple[float, How]:
        if question.form is Form.UPLOAD:
            return self.upload, How.FIN
        moments = self.moments(question)
        cuts = [(self.total, How.TRUNCATED)]
        if moments[0] > self.first_byte:
            cuts.append((self.first_byte, How.PAGE))
        for one, other in pairwise(moments):
            if other - one > self.idle:
                cuts.append((one + self.idle, How.TRUNCATED))
        return min(cuts)

    def _beats(self, question: Question, end: float) -> tuple[float, ...]:
        if question.beat is None:
            return ()
        if not self.held:
            return tuple(each for each in self.moments(question)[:-1] if each < end)
        count = math.ceil((min(end, question.silence) - question.after) / question.beat)
        return (end,) * max(0, count) if end >= question.silence else ()
