"""Hedging: off unless asked for, and only where every reason against it is gone."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.policy.hedge import Hedging, Race, due, judge

ON = Hedging(enabled=True)
LATE = Race(scenario="chat", streamed=True, content=False, sent=100, p95=2, deadline=900)


def test_it_is_off() -> None:
    verdict = judge(LATE, Hedging(), 500)
    assert not verdict.allowed
    assert verdict.reason == "hedging is off"
    assert due(LATE, Hedging()) == math.inf


def test_a_late_stream_is_hedged() -> None:
    assert due(LATE, ON) == 102
    assert not judge(LATE, ON, 101.9).allowed
    verdict = judge(LATE, ON, 102)
    assert verdict.allowed
    assert verdict.reason == "no content after 2 s, later than 95 % of answers"
    assert due(LATE, replace(ON, after=1.5)) == 103


def test_an_embedding_is_hedged_in_either_shape() -> None:
    for streamed in (True, False):
        assert judge(replace(LATE, scenario="embedding", streamed=streamed), ON, 110).allowed


NEVER = [
    ({"scenario": "reasoning"}, "reasoning is not hedged as a stream"),
    ({"scenario": "deep"}, "deep is not hedged as a stream"),
    ({"scenario": "image", "streamed": False}, "image is not hedged as a whole reply"),
    ({"scenario": "unknown"}, "unknown is not hedged as a stream"),
    ({"streamed": False}, "chat is not hedged as a whole reply"),
    ({"content": True}, "there is content already"),
    ({"hedges": 1}, "the hedge is made"),
    ({"sent": math.inf}, "the request is not sent yet"),
    ({"p95": math.inf}, "it is not known how long such answers take"),
]
NOT_NOW = [
    ({"sent": 109}, "the answer is not late yet"),
    ({"deadline": 112}, "the deadline is too near for another"),
    ({"spare": False}, "no other endpoint has room"),
    ({"paid": False}, "it may be charged twice, and the paid retry budget has no room"),
]


@pytest.mark.parametrize("changes, reason", NEVER + NOT_NOW)
def test_what_speaks_against_it(changes: dict[str, Any], reason: str) -> None:
    verdict = judge(replace(LATE, **changes), ON, 110)
    assert not verdict.allowed
    assert verdict.reason == reason


@pytest.mark.parametrize("changes", [changes for changes, _ in NEVER])
def test_what_can_never_be_is_never_due(changes: dict[str, Any]) -> None:
    assert due(replace(LATE, **changes), ON) == math.inf


@pytest.mark.parametrize("changes", [changes for changes, _ in NOT_NOW])
def test_what_may_be_later_has_its_moment(changes: dict[str, Any]) -> None:
    race = replace(LATE, **changes)
    assert due(race, ON) == race.sent + 2


def test_the_deadline_must_leave_time_for_an_answer() -> None:
    assert judge(replace(LATE, deadline=112.1), ON, 110).allowed


def test_more_than_one_only_if_asked_for() -> None:
    assert judge(replace(LATE, hedges=1), replace(ON, limit=2), 110).allowed


RACES = st.builds(
    Race,
    scenario=st.sampled_from(["chat", "reasoning", "deep", "embedding", "image", "audio", "unknown"]),
    streamed=st.booleans(),
    content=st.booleans(),
    sent=st.floats(0, 1000) | st.just(math.inf),
    p95=st.floats(0, 100) | st.just(math.inf),
    deadline=st.floats(0, 3000),
    hedges=st.integers(0, 2),
    spare=st.booleans(),
    paid=st.booleans(),
)


@given(RACES, st.floats(0, 3000), st.booleans())
def test_a_hedge_is_always_cheap_late_single_and_payable(race: Race, now: float, enabled: bool) -> None:
    rules = Hedging(enabled=enabled)
    if judge(race, rules, now).allowed:
        assert enabled
        assert race.scenario in ("chat", "embedding")
        assert not race.content
        assert race.hedges == 0
        assert race.paid
        assert race.spare
        assert now >= due(race, rules) >= race.sent
        assert now < race.deadline
