from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.toolkit.path.beating import (
    Beating,
    Result,
    Setting,
    begun,
    due,
    held_back,
    lateness,
    proposed,
    total,
    tried,
)
from outwait.toolkit.path.judge import How, Outcome, Verdict
from outwait.toolkit.path.question import Form, Part, Question


def outcome(beats: tuple[float, ...], elapsed: float = 10.0, verdict: Verdict = Verdict.SURVIVED) -> Outcome:
    """Of heartbeats that are due after 1, 3, 5, 7 and 9 s of 10."""
    question = Question(Form.STREAM, Part.FIRST_BYTE, 10.0, beat=2.0, after=1.0)
    how = How.TRUNCATED if verdict is Verdict.CUT else None
    return Outcome(question, verdict, elapsed, how, beats=beats)


@pytest.mark.parametrize(
    "form, first_byte, idle, setting",
    [
        (Form.STREAM, 60, 60, Setting(10, 15)),
        (Form.JSON, 60, 60, Setting(20, 15)),
        (Form.JSON, 30, 30, Setting(10, 10)),
        (Form.STREAM, 5, 5, Setting(1.5, 1.5)),
        (Form.STREAM, 4, 4, Setting(1, 1)),
        (Form.STREAM, 2.5, 2.5, Setting(1, 1)),
        (Form.STREAM, None, 3, Setting(10, 1)),
        (Form.JSON, 9, None, Setting(3, 15)),
        (Form.STREAM, 3.001, 2.999, Setting(1, 1)),
    ],
)
def test_what_is_proposed(form: Form, first_byte: float | None, idle: float | None, setting: Setting) -> None:
    assert proposed(form, first_byte, idle) == setting


@given(st.sampled_from([Form.STREAM, Form.JSON]), st.floats(3, 2000), st.floats(3, 2000))
def test_three_fit_into_each_limit(form: Form, first_byte: float, idle: float) -> None:
    setting = proposed(form, first_byte, idle)
    assert 3 * setting.after <= max(3.0, first_byte) + 1e-6
    assert 3 * setting.every <= max(3.0, idle) + 1e-6
    assert 1 <= setting.every <= 15
    assert 1 <= setting.after <= 20
    assert setting.every * 2 == int(setting.every * 2)


def test_a_trial_lasts_several_limits() -> None:
    assert begun(Form.STREAM, 60, 60, 1200).span == 150
    assert begun(Form.STREAM, 600, 600, 1200).span == 1200
    assert begun(Form.JSON, None, 60, 1200).limit == 60
    assert begun(Form.STREAM, 3, None, 1200).span == 46  # three heartbeats at least


def test_below_two_seconds_nothing_is_tried() -> None:
    assert begun(Form.STREAM, 1.9, 1.9, 1200).result is Result.HOPELESS
    assert begun(Form.STREAM, 2.0, 9, 1200).result is None


TRIAL = Beating(6.0, Setting(1.0, 2.0), 10.0)


@pytest.mark.parametrize(
    "came, result",
    [
        (outcome((1, 3, 5, 7, 9)), Result.SURVIVED),
        (outcome((10, 10, 10, 10, 10)), Result.SURVIVED),  # that they are late is told beside it
        (outcome((1, 3, 5, 7), 8.0, Verdict.CUT), Result.TOTAL),
        (outcome((1, 3, 5), 9.5, Verdict.CUT), Result.TOTAL),  # cut, and closed some time later
        (outcome((), 6.0, Verdict.CUT), Result.HELD),
        (outcome((6, 6, 6), 6.0, Verdict.CUT), Result.HELD),
        (outcome((1, 5.5), 6.0, Verdict.CUT), Result.HELD),
        (outcome((), 0.0, Verdict.REFUSED), Result.TROUBLE),
        (outcome((), 0.0, Verdict.TROUBLE), Result.TROUBLE),
    ],
)
def test_what_becomes_of_a_trial(came: Outcome, result: Result) -> None:
    assert tried(TRIAL, came).result is result


@pytest.mark.parametrize(
    "limit, beats, elapsed, seconds",
    [
        (6.0, (1, 3, 5, 7), 8.0, 8.0),
        (4.0, (1, 3), 5.0, 4.0),  # the same limit cut the silence, and told when
        (6.0, (1, 3, 5), 6.0, 6.0),
    ],
)
def test_the_limit_on_the_whole_answer(limit: float, beats: tuple[float, ...], elapsed: float, seconds: float) -> None:
    trial = tried(Beating(limit, Setting(1.0, 2.0), 10.0), outcome(beats, elapsed, Verdict.CUT))
    assert (trial.result, total(trial)) == (Result.TOTAL, seconds)
    assert total(tried(trial, outcome((1, 3, 5, 7, 9)))) is None


def test_a_trial_that_fails_is_made_again_with_closer_heartbeats() -> None:
    """Dropped without a word: when is not known."""
    lost = outcome((), 15.0, Verdict.LOST)
    second = tried(TRIAL, lost)
    assert (second.result, second.setting, second.trials) == (None, Setting(1.0, 1.0), 1)
    assert tried(second, lost).result is Result.CUT  # there are no closer ones


def test_heartbeats_that_stop_coming_are_no_limit_on_the_whole_answer() -> None:
    """They came in time, then none for as long as silence lives: something on the way swallowed them."""
    assert tried(TRIAL, outcome((1, 3), 9.0, Verdict.CUT)).result is None


def test_trials_are_few() -> None:
    trial, count = Beating(300.0, Setting(20.0, 15.0), 750.0), 0
    while trial.result is None:
        trial, count = tried(trial, outcome((), 755.0, Verdict.LOST)), count + 1
    assert (trial.result, count) == (Result.CUT, 3)


def test_when_heartbeats_were_due() -> None:
    assert due(outcome(())) == (1, 3, 5, 7, 9)
    assert due(outcome((), 6.0, Verdict.CUT)) == (1, 3, 5)
    assert due(outcome((), 0.5, Verdict.CUT)) == ()
    plain = Outcome(Question(Form.JSON, Part.IDLE, 9.0), Verdict.SURVIVED, 9.0)
    assert (due(plain), lateness(plain), held_back(plain)) == ((), 0, False)


@pytest.mark.parametrize(
    "beats, late, held",
    [
        ((1.0, 3.0, 5.0, 7.0, 9.0), 0, False),
        ((1.2, 3.2, 5.2, 7.2, 9.2), 0.2, False),
        ((1.0, 3.0, 9.5, 9.5, 9.5), 4.5, True),
        ((10.0,) * 5, 9, True),
        ((1.0, 3.0, 5.0, 7.0), 1, False),  # the last one never came: as late as the end
        ((), 9, True),
    ],
)
def test_how_late_they_are(beats: tuple[float, ...], late: float, held: bool) -> None:
    came = outcome(beats)
    assert math.isclose(lateness(came), late, abs_tol=1e-9)
    assert held_back(came) is held
