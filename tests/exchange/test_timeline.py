"""A timeline tells what happened when, and never grows without bound."""

from __future__ import annotations

import pytest

from outwait.core.entry import Mark
from outwait.exchange.timeline import LIMIT, Timeline


def test_marks_are_seconds_since_acceptance() -> None:
    timeline = Timeline(1000.0)
    timeline.add(1000.0, "accepted", "chat")
    timeline.add(1001.23456, "sent")
    assert timeline.marks() == (Mark(0.0, "accepted", "chat"), Mark(1.235, "sent", ""))
    assert timeline.raw() == [(0.0, "accepted", "chat"), (pytest.approx(1.23456), "sent", "")]


def test_what_is_too_much_is_counted() -> None:
    timeline = Timeline(0.0)
    for number in range(LIMIT):
        timeline.add(number, "mark")
    assert len(timeline.marks()) == LIMIT
    assert timeline.dropped == 0
    timeline.add(900.0, "mark")
    timeline.add(901.0, "mark")
    assert timeline.dropped == 2
    assert len(timeline.marks()) == LIMIT + 1
    assert timeline.marks()[-1] == Mark(LIMIT - 1, "dropped", "2 more events")
    assert timeline.raw() == timeline.marks()


def test_an_empty_timeline_has_no_marks() -> None:
    assert Timeline(5.0).marks() == ()
