"""Whole runs over made-up paths, in virtual time."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.toolkit.path.fakes import Path
from tests.toolkit.path.findings import limit_of

from outwait.core.plan import Heartbeat
from outwait.core.tongue import Tongue
from outwait.testing.virtual import run
from outwait.toolkit.path.advice import Verdict as News
from outwait.toolkit.path.advice import advise
from outwait.toolkit.path.beating import HOPELESS, TIMES, Result
from outwait.toolkit.path.course import Course, Findings
from outwait.toolkit.path.judge import Outcome, Verdict
from outwait.toolkit.path.question import Form, Part, Question
from outwait.toolkit.path.report import Run, sentences
from outwait.toolkit.path.told import Bounds

BOUNDS = Bounds(max_silence=1200.0)
limits = st.one_of(st.just(math.inf), st.floats(0.5, 800).map(lambda each: round(each, 2)))


def explored(path: Path, up_to: float = 600.0, bounds: Bounds = BOUNDS) -> tuple[Findings, float]:
    """What a run finds, and how long it takes."""

    async def whole() -> tuple[Findings, float]:
        findings = await Course(path.ask, bounds, up_to).run(list(Form))
        return findings, asyncio.get_running_loop().time()

    return run(whole())


@given(limits, limits, limits, st.booleans())
def test_any_combination_of_limits_is_found(first_byte: float, idle: float, total: float, lost: bool) -> None:
    findings, _ = explored(Path(first_byte, idle, total, lost=lost))
    for form in (Form.STREAM, Form.JSON):
        for part, own in ((Part.FIRST_BYTE, first_byte), (Part.IDLE, idle)):
            true = min(own, total)
            (found,) = (each for each in findings.found if (each.form, each.part) == (form, part))
            if true >= 600:
                assert found.limit is None
                continue
            assert found.limit is not None
            assert found.limit == pytest.approx(true, abs=0.5 if not lost else max(0.5, 0.06 * true))
            assert found.limit <= true + 1e-6  # never said to be more than it is


@given(limits, limits)
def test_limits_that_nobody_tells_are_beaten_too(first_byte: float, idle: float) -> None:
    findings, _ = explored(Path(first_byte, idle, lost=True))
    shortest = min(first_byte, idle)
    assert bool(findings.beaten) is (shortest < 600)
    for trial in findings.beaten.values():
        hopeless = trial.limit < HOPELESS
        assert trial.limit == pytest.approx(shortest, abs=max(0.5, 0.06 * shortest))
        assert trial.result is (Result.HOPELESS if hopeless else Result.SURVIVED)


@given(limits, limits, limits)
def test_heartbeats_are_tried_as_soon_as_there_is_something_to_beat(
    first_byte: float, idle: float, total: float
) -> None:
    findings, took = explored(Path(first_byte, idle, total))
    shortest = min(first_byte, idle, total)
    if shortest >= 600:
        assert not findings.beaten
        assert took == 600
        return
    for trial in findings.beaten.values():
        assert trial.limit == pytest.approx(shortest)
        if shortest < HOPELESS:
            assert trial.result is Result.HOPELESS
        elif total < trial.span:
            assert trial.result is Result.TOTAL
            assert trial.outcome is not None
            assert trial.outcome.elapsed == pytest.approx(total)
        else:
            assert trial.result is Result.SURVIVED
            assert trial.setting.every <= max(1.0, shortest / 3)
    # No longer than what matters, its confirmation, and the heartbeats over several limits.
    assert took <= max(1200, 600 + TIMES * shortest) + 60


def test_those_who_look_at_their_clock_only_when_there_is_something_to_write() -> None:
    """As Go servers do with a write timeout: each silence is cut at its own end."""
    findings, _ = explored(Path(total=30, asleep=True), up_to=120)
    found = findings.found[0].search
    assert not found.seen
    assert found.low <= 30 <= found.low * 1.06
    assert {each.result for each in findings.beaten.values()} == {Result.TOTAL}


def test_a_run_takes_hardly_longer_than_the_heartbeats() -> None:
    findings, took = explored(Path(first_byte=3, idle=3, upload=6), up_to=8)
    assert {form: each.result for form, each in findings.beaten.items()} == dict.fromkeys(
        (Form.STREAM, Form.JSON), Result.SURVIVED
    )
    assert took == pytest.approx(6 + 5.6)  # the upload and its confirmation; heartbeats had 3 + 7.5


def test_nothing_is_cut() -> None:
    findings, took = explored(Path())
    assert [each.limit for each in findings.found] == [None] * 5
    assert not findings.beaten
    assert took == 600
    assert [(each.form, each.part) for each in findings.found] == [
        (Form.STREAM, Part.FIRST_BYTE),
        (Form.STREAM, Part.IDLE),
        (Form.JSON, Part.FIRST_BYTE),
        (Form.JSON, Part.IDLE),
        (Form.UPLOAD, Part.UPLOAD),
    ]


def test_uploads_stay_below_what_outwait_itself_allows() -> None:
    path = Path()
    explored(path)
    (upload,) = (each for each in path.asked if each.form is Form.UPLOAD)
    assert upload.silence == BOUNDS.body_time - 5
    assert upload.size >= (upload.silence - BOUNDS.body_grace) * BOUNDS.body_rate


def test_the_gateway_bounds_the_silence() -> None:
    path = Path()
    explored(path, bounds=Bounds(max_silence=100.0))
    assert max(each.silence for each in path.asked) == 100


def test_no_more_run_at_once_than_the_gateway_allows() -> None:
    path, running, most = Path(first_byte=30, lost=True), 0, 0

    async def ask(question: Question) -> Outcome:
        nonlocal running, most
        running += 1
        most = max(most, running)
        outcome = await path.ask(question)
        running -= 1
        return outcome

    findings = run(Course(ask, Bounds(per_key=2), 60.0).run([Form.STREAM, Form.JSON]))
    assert most == 2
    assert limit_of(findings, Form.STREAM, Part.FIRST_BYTE) == pytest.approx(30, abs=1.5)


def test_one_probe_too_many_is_asked_again() -> None:
    path, refused = Path(), 0

    async def ask(question: Question) -> Outcome:
        nonlocal refused
        if refused < 3:
            refused += 1
            return Outcome(question, Verdict.REFUSED, 0.01, status=429, signer="outwait", code="rate_limited")
        return await path.ask(question)

    findings = run(Course(ask, BOUNDS, 20.0).run([Form.STREAM]))
    assert [each.trouble for each in findings.found] == [None, None]


def test_trouble_ends_one_search_and_leaves_the_others() -> None:
    path = Path(idle=9)

    async def ask(question: Question) -> Outcome:
        if question.part is Part.FIRST_BYTE and question.beat is None:
            return Outcome(question, Verdict.TROUBLE, 0.01, code="foreign", why="status 403 from somebody")
        return await path.ask(question)

    findings = run(Course(ask, BOUNDS, 20.0).run([Form.STREAM]))
    first_byte, idle = findings.found
    assert first_byte.trouble is not None
    assert (idle.limit, idle.trouble) == (9, None)
    assert findings.beaten[Form.STREAM].result is Result.SURVIVED


def test_trouble_with_heartbeats_is_not_taken_for_a_cut() -> None:
    path = Path(idle=9, first_byte=9)

    async def ask(question: Question) -> Outcome:
        if question.beat is not None:
            return Outcome(
                question, Verdict.REFUSED, 0.01, code="gateway_draining", why="The gateway is shutting down."
            )
        return await path.ask(question)

    findings = run(Course(ask, BOUNDS, 20.0).run([Form.STREAM]))
    assert findings.beaten[Form.STREAM].result is Result.TROUBLE
    assert advise(findings, Heartbeat()).verdict is News.TROUBLE
    told = Run("http://gw", 20.0, 20.0, BOUNDS, findings, advise(findings, Heartbeat()))
    assert list(sentences(told, Tongue.EN))[:2] == [
        "Not everything could be found out: The gateway is shutting down.",
        "stream: heartbeats after 3s, every 3s: not known: The gateway is shutting down.",
    ]


def test_what_outwait_itself_cuts_is_no_limit() -> None:
    async def ask(question: Question) -> Outcome:
        await asyncio.sleep(min(question.silence, 50.0))
        if question.silence > 50:
            return Outcome(question, Verdict.GUARD, 50.0, status=408, signer="outwait", code="request_timeout")
        return Outcome(question, Verdict.SURVIVED, question.silence, waited=question.silence)

    (found,) = run(Course(ask, BOUNDS, 600.0).run([Form.UPLOAD])).found
    assert (found.limit, found.guarded) == (None, 50.0)


def test_each_probe_is_told_to_who_watches() -> None:
    path, told = Path(idle=5), list[tuple[float, bool]]()

    def watch(question: Question, outcome: Outcome | None) -> None:
        told.append((question.silence, outcome is None))

    run(Course(path.ask, BOUNDS, 20.0, watch).run([Form.JSON]))
    begun = [silence for silence, begins in told if begins]
    assert sorted(begun) == sorted(silence for silence, begins in told if not begins)
    assert len(begun) == len(path.asked) == 5


def test_heartbeats_that_are_held_back_before_the_cut() -> None:
    findings, _ = explored(Path(idle=20, first_byte=20, held=True), up_to=60)
    assert {each.result for each in findings.beaten.values()} == {Result.HELD}


def test_a_shorter_limit_that_is_seen_later_is_beaten_too() -> None:
    """With room for one probe only, the searches come one after the other."""
    path = Path(first_byte=30, idle=6)
    findings = run(Course(path.ask, replace(BOUNDS, per_key=1), 60.0).run([Form.STREAM]))
    trial = findings.beaten[Form.STREAM]
    assert (trial.limit, trial.result) == (6, Result.SURVIVED)
