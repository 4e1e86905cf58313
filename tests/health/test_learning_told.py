"""Rows for people: what holds, what was learned, from how much, and why."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from outwait.core.fault import Clock
from outwait.core.plan import Span, Timeouts
from outwait.health.learned import Key, Subject
from outwait.health.learning_export import Lesson
from outwait.health.learning_rules import LearningRules, Mode
from outwait.health.learning_told import lessons, rows
from outwait.policy.waits import Waits

KEY = Key("openai/gpt-5", "chat", whole=False)


def _timeouts(span: Span, total: Span) -> Timeouts:
    return Timeouts(span, span, span, span, span, span, total)


USUAL = _timeouts(Span(120, "scenario chat"), Span(900, "scenario chat"))


def _subject(mode: Mode = Mode.ON) -> Subject:
    made = Subject(KEY, Waits(0), LearningRules(mode=mode), 0)
    for _ in range(300):
        made.learners[Clock.FIRST_BYTE].add(25, 0)
    made.learners[Clock.IDLE].cut(120, 0)
    return made


@pytest.mark.parametrize("mode", [Mode.ON, Mode.OBSERVE])
def test_rows(mode: Mode) -> None:
    made = _subject(mode)
    made.clocks(USUAL, 0)
    first, idle = json.loads(json.dumps(list(rows(made, mode, 0))))
    assert first["learned"] == pytest.approx(50, rel=0.045)
    assert first["sentence"].startswith("51.767s: learned from 300 waits")
    del first["learned"], first["sentence"]
    common = {"endpoint": "openai/gpt-5", "scenario": "chat", "whole": False, "configured": 120.0, "frozen": False}
    assert first == common | {"clock": "first_byte", "used": mode is Mode.ON, "samples": 300, "cut": 0}
    assert idle == common | {
        "clock": "idle",
        "learned": None,
        "used": False,
        "samples": 1,
        "cut": 1,
        "sentence": "2m as configured: 1 of the 200 waits that are needed were seen",
    }


def test_before_a_request_and_after() -> None:
    made = _subject()
    first, _ = rows(made, Mode.ON, 0)
    assert (first["configured"], first["learned"], first["used"]) == (None, None, False)
    assert first["sentence"] == "no request has had this clock yet"
    assert next(lessons(made, 0)) == Lesson(*KEY, Clock.FIRST_BYTE, None, None)


def test_what_somebody_wrote() -> None:
    made = _subject()
    made.clocks(replace(USUAL, first_byte=Span(20, "key dev")), 0)
    first, _ = rows(made, Mode.ON, 0)
    assert (first["configured"], first["learned"], first["used"]) == (20, None, False)
    assert first["sentence"] == "20s as written: key dev"
    assert next(lessons(made, 0)) == Lesson(*KEY, Clock.FIRST_BYTE, 20, None)


def test_a_frozen_clock_has_a_row_without_samples() -> None:
    made = _subject()
    made.freeze(frozen=True)
    made.clocks(USUAL, 0)
    told = {row["clock"]: row for row in rows(made, Mode.ON, 0)}
    assert told["first_token"]["sentence"] == "2m as configured: frozen before anything was learned"
    assert told["first_token"]["frozen"]
    assert set(told) == {"first_byte", "first_token", "idle"}


def test_lessons() -> None:
    made = _subject()
    made.clocks(USUAL, 0)
    first, token, idle = lessons(made, 0)
    assert first.learned == pytest.approx(50, rel=0.045)
    assert (token, idle) == (
        Lesson(*KEY, Clock.FIRST_TOKEN, 120, None),
        Lesson(*KEY, Clock.IDLE, 120, None),
    )
