"""The whole run: every form and part at once, confirmation as soon as there is something to confirm, heartbeats as soon
as there is something to beat. It decides nothing: `search` and `beating` say what to ask for next.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from outwait.toolkit.path import beating, search
from outwait.toolkit.path.beating import Beating
from outwait.toolkit.path.judge import Outcome, Verdict
from outwait.toolkit.path.question import Form, Part, Question
from outwait.toolkit.path.search import Search, Tried
from outwait.toolkit.path.told import Bounds

AT_ONCE: Final = 12  # probes that run at a time, at most
_AGAIN: Final = 12  # how often a probe is asked that is one too many,
_REST: Final = 5.0  # seconds apart
_AT_END: Final = 0.05  # seconds before the end of a silence at which a cut is one of its end
_FULL: Final = frozenset({"rate_limited", "gateway_overloaded"})
_TROUBLE: Final = frozenset({Verdict.TROUBLE, Verdict.REFUSED})
_PARTS: Final = {
    Form.STREAM: (Part.FIRST_BYTE, Part.IDLE),
    Form.JSON: (Part.FIRST_BYTE, Part.IDLE),
    Form.UPLOAD: (Part.UPLOAD,),
}

Ask = Callable[[Question], Awaitable[Outcome]]
Watch = Callable[[Question, Outcome | None], None]


@dataclass(frozen=True, slots=True)
class Found:
    """What one search found. `first`: the outcome that showed the limit, or the last one. `longest`: of the
    longest silence that survived. `trouble`: what kept it from an end. `guarded`: seconds after which outwait itself
    cut an upload, None if it did not.
    """

    form: Form
    part: Part
    search: Search
    first: Outcome | None = None
    longest: Outcome | None = None
    trouble: Outcome | None = None
    guarded: float | None = None

    @property
    def limit(self) -> float | None:
        """Seconds; None for no limit that was found."""
        return self.search.limit


@dataclass(slots=True)
class Findings:
    """All that was found. `beaten`: trials of heartbeats, where there was something to beat. `rhythms`: how a few
    heartbeats arrived.
    """

    found: list[Found] = field(default_factory=list)
    beaten: dict[Form, Beating] = field(default_factory=dict)
    rhythms: dict[Form, Outcome] = field(default_factory=dict)

    def of(self, form: Form) -> list[Found]:
        """What was found of one form."""
        return [each for each in self.found if each.form is form]


class _Board:
    """What is known of one form's limits, for those who wait for news. `limits`: seconds, of parts that have one."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.limits: dict[Part, float] = {}
        self._open = set(_PARTS[form])
        self._news = asyncio.Condition()

    def limit(self, part: Part) -> float | None:
        """The limit of `part`; while that is looked for, the shortest one there is."""
        return self.limits.get(part, min(self.limits.values()) if part in self._open else None)

    async def tell(self, part: Part, state: Search, *, done: bool = False) -> None:
        """What is known of `part` now."""
        async with self._news:
            # Where only survival tells, the limit is not known before the end of the search.
            if state.limit is not None and (state.seen or done):
                self.limits[part] = state.limit
            if done:
                self._open.discard(part)
            self._news.notify_all()

    async def shorter(self, than: float) -> bool:
        """Wait for a limit shorter than `than` (seconds); false when none can come any more."""
        async with self._news:
            await self._news.wait_for(lambda: self._is_shorter(than) or not self._open)
            return self._is_shorter(than)

    def _is_shorter(self, than: float) -> bool:
        return any(limit < than for limit in self.limits.values())


class Course:
    """One run. `ask`: asks one question, and judges. `watch`: told of each question that is asked, and of its end."""

    def __init__(self, ask: Ask, bounds: Bounds, up_to: float, watch: Watch | None = None) -> None:
        self._ask = ask
        self._bounds = bounds
        self._up_to = min(up_to, bounds.max_silence)
        self._watch: Watch = watch or _unwatched
        self._room = asyncio.Semaphore(max(1, min(AT_ONCE, bounds.per_key)))

    async def run(self, forms: Sequence[Form]) -> Findings:
        """Find out everything about `forms`."""
        findings = Findings()
        async with asyncio.TaskGroup() as group:
            for form in forms:
                group.create_task(self._form(form, findings))
        order = [(form, part) for form in Form for part in _PARTS[form]]
        findings.found.sort(key=lambda each: order.index((each.form, each.part)))
        findings.beaten = {form: findings.beaten[form] for form in Form if form in findings.beaten}
        findings.rhythms = {form: findings.rhythms[form] for form in Form if form in findings.rhythms}
        return findings

    async def _form(self, form: Form, findings: Findings) -> None:
        board = _Board(form)
        async with asyncio.TaskGroup() as group:
            for part in _PARTS[form]:
                group.create_task(self._part(part, board, findings))
            if form is not Form.UPLOAD:
                group.create_task(self._rhythm(form, findings))
                group.create_task(self._beats(board, findings))

    async def _part(self, part: Part, board: _Board, findings: Findings) -> None:
        """Search for one limit."""
        form = board.form
        state = Search(self._reach(form))
        seen: list[Outcome] = []
        trouble: Outcome | None = None
        guarded: float | None = None
        while trouble is None and guarded is None and (steps := search.ahead(state)):
            outcomes = await asyncio.gather(*(self._one(self._question(form, part, each)) for each in steps))
            trouble = next((each for each in outcomes if each.verdict in _TROUBLE), None)
            if trouble is None:
                state = search.learned(state, map(_tried, outcomes))
                seen += outcomes
                guarded = min((each.elapsed for each in outcomes if each.verdict is Verdict.GUARD), default=None)
                await board.tell(part, state)
        findings.found.append(Found(form, part, state, _telling(seen), _longest(seen), trouble, guarded))
        await board.tell(part, state, done=True)

    async def _rhythm(self, form: Form, findings: Findings) -> None:
        """See how a few heartbeats arrive."""
        beat = beating.RHYTHM
        outcome = await self._one(Question(form, Part.FIRST_BYTE, beating.RHYTHM_SILENCE, beat, beat))
        if outcome.verdict is Verdict.SURVIVED:
            findings.rhythms[form] = outcome

    async def _beats(self, board: _Board, findings: Findings) -> None:
        """Try heartbeats as soon as a limit is seen, and again if a shorter one is seen later."""
        beaten = math.inf
        while await board.shorter(beaten - search.CLOSE):
            tried = await self._try(board)
            findings.beaten[board.form] = tried
            beaten = tried.limit

    async def _try(self, board: _Board) -> Beating:
        first_byte, idle = (board.limit(part) for part in (Part.FIRST_BYTE, Part.IDLE))
        trial = beating.begun(board.form, first_byte, idle, self._bounds.max_silence)
        while trial.result is None:
            setting = trial.setting
            outcome = await self._one(Question(board.form, Part.FIRST_BYTE, trial.span, setting.every, setting.after))
            trial = beating.tried(trial, outcome)
        return trial

    async def _one(self, question: Question) -> Outcome:
        """Ask; again after a moment where that was one too many."""
        for left in reversed(range(_AGAIN)):
            async with self._room:
                self._watch(question, None)
                outcome = await self._ask(question)
                self._watch(question, outcome)
            if not left or outcome.code not in _FULL:
                return outcome
            await asyncio.sleep(_REST)
        raise AssertionError  # the last round returns

    def _reach(self, form: Form) -> float:
        """The longest silence of a form that outwait itself lets pass."""
        if form is not Form.UPLOAD:
            return self._up_to
        return min(self._up_to, self._bounds.longest_stall)

    def _question(self, form: Form, part: Part, silence: float) -> Question:
        return Question(form, part, silence, size=self._bounds.upload(silence) if form is Form.UPLOAD else 0)


def _tried(outcome: Outcome) -> Tried:
    silence = outcome.question.silence
    if outcome.verdict is Verdict.CUT:
        # Some look at their clocks only when there is something to write: then the moment says nothing but "too long".
        return Tried(silence, min(outcome.elapsed, silence), seen=outcome.elapsed < silence - _AT_END)
    if outcome.verdict is Verdict.LOST:
        return Tried(silence, silence, seen=False)
    return Tried(min(silence, outcome.elapsed) if outcome.verdict is Verdict.GUARD else silence)


def _telling(outcomes: Sequence[Outcome]) -> Outcome | None:
    """The outcome that says most: a cut that was seen before one that was not, the earliest of them."""
    rank = {Verdict.CUT: 0, Verdict.LOST: 1}
    return min(outcomes, key=lambda each: (rank.get(each.verdict, 2), each.elapsed), default=None)


def _longest(outcomes: Sequence[Outcome]) -> Outcome | None:
    survived = [each for each in outcomes if each.verdict is Verdict.SURVIVED]
    return max(survived, key=lambda each: each.question.silence, default=None)


def _unwatched(_: Question, __: Outcome | None) -> None:
    """Nobody looks."""
