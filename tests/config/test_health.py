from typing import Any

import pytest
from pydantic import ValidationError

from outwait.config.errors import ConfigError
from outwait.config.health import HealthSection, rules
from outwait.config.load import loads
from outwait.policy.health_rules import HealthRules, ProbeRule
from outwait.policy.limiter import MANY, Concurrency
from outwait.policy.stick import StickRule


def made(**fields: Any) -> HealthRules:
    return rules(HealthSection.model_validate(fields))


def test_where_nothing_is_said_the_rules_own_numbers_hold() -> None:
    assert made() == HealthRules()


def test_every_field_reaches_its_rule() -> None:
    told = made(
        breaker={"in_row": 3, "success": "70%", "results": 9, "span": "30s", "eject": "10s", "longest": "1m"},
        panic=0.25,
        penalty={"step": 2, "fold": "20s"},
        slow_start="10s",
        suspect={"unlikely": 0.001, "in_flight": 2, "samples": 30, "every": "15s"},
        credentials={"probe": "30m", "probe_longest": "2h", "rest": "1h"},
        concurrency={"start": 8, "floor": 2, "ceiling": 64, "cut": 0.5, "pause": 5, "step": 10},
        queue={"depth": 1, "wait": "30s", "share": 0.5},
        reserve={"share": "5%", "longest": "1m"},
        stick={"bound": 2, "spare": 1},
        probe={"every": "1m", "timeout": "2s"},
        adaptive={
            "mode": "on",
            "written": True,
            "samples": 90,
            "cut": 0.02,
            "stretch": 3,
            "margin": 2,
            "growth": 2,
            "review": "5m",
        },
    )
    breaker = told.standing.breaker
    assert (breaker.in_row, breaker.success, breaker.results, breaker.span) == (3, 0.7, 9, 30)
    assert (breaker.eject, breaker.longest, told.choice.panic) == (10, 60, 0.25)
    assert (told.standing.penalty.step, told.standing.penalty.fold, told.standing.slow_start.span) == (2, 20, 10)
    suspecting = told.suspecting
    assert (suspecting.unlikely, suspecting.in_flight, suspecting.samples, suspecting.probe) == (0.001, 2, 30, 15)
    assert told.standing.suspicion.every == 15
    assert (told.keys.probe, told.keys.probe_longest, told.keys.rest) == (1800, 7200, 3600)
    assert told.concurrency == Concurrency(8, 2, 64, 0.5, 5, 10)
    assert (told.queueing.depth, told.queueing.wait, told.queueing.share) == (1, 30, 0.5)
    assert (told.reserve.share, told.reserve.longest, told.reserve.cool_down) == (0.05, 60, 3600)
    assert told.choice.stick == StickRule(2, 1)
    assert told.probe == ProbeRule(enabled=True, every=60, timeout=2)
    adapting = told.adapting
    assert (told.adaptive, adapting.samples, adapting.cut, adapting.stretch) == ("on", 90, 0.02, 3)
    assert (adapting.margin, adapting.growth, adapting.review, told.written) == (2, 2, 300, True)
    assert not HealthRules().written


def test_limits_that_are_not_given_make_room_for_those_that_are() -> None:
    def start(numbers: Concurrency) -> int:
        return numbers.clamp(numbers.start)

    assert start(made(concurrency={"ceiling": 2}).concurrency) == 2
    assert start(made(concurrency={"floor": 50, "ceiling": 60}).concurrency) == 60
    assert start(made(concurrency={"floor": 50}).concurrency) == MANY


@pytest.mark.parametrize("word, shed", [(False, False), ("off", False), ("on", True)])
def test_shedding_can_be_switched_off(word: object, shed: bool) -> None:
    assert made(shed=word).shed is shed


def test_the_limits_of_learned_clocks() -> None:
    told = rules(HealthSection(), {"idle": 5}, {"total": 9})
    assert (told.floor, told.ceiling) == ({"idle": 5}, {"total": 9})


@pytest.mark.parametrize("word, mode", [("on", "on"), (True, "on"), (False, "off"), ("Observe", "observe")])
def test_adaptive_can_be_one_word(word: object, mode: str) -> None:
    assert made(adaptive=word).adaptive == mode


@pytest.mark.parametrize("word, enabled", [(False, False), ("off", False), ("on", True), ({"every": 60}, True)])
def test_probing_can_be_a_switch(word: object, enabled: bool) -> None:
    assert made(probe=word).probe.enabled is enabled


@pytest.mark.parametrize(
    "fields",
    [
        {"breaker": {"in_row": 0}},
        {"breaker": {"success": 1.5}},
        {"breaker": {"span": 0.5}},
        {"panic": 2},
        {"penalty": {"step": -1}},
        {"slow_start": "-1s"},
        {"suspect": {"unlikely": 0}},
        {"suspect": {"unlikely": 1}},
        {"credentials": {"rest": 0}},
        {"concurrency": {"cut": 1}},
        {"concurrency": {"floor": 0}},
        {"queue": {"depth": float("inf")}},
        {"queue": {"wait": "2d"}},
        {"stick": {"bound": 0.5}},
        {"probe": {"every": 0.1}},
        {"probe": "sometimes"},
        {"adaptive": {"growth": 0.9}},
        {"adaptive": "always"},
        {"adaptive": 5},
        {"hedge": True},
    ],
)
def test_what_cannot_be_a_rule(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HealthSection.model_validate(fields)


@pytest.mark.parametrize(
    "text, told",
    [
        (
            "{breaker: {eject: 10m}}",
            "health.breaker.eject: is above `longest`; expected at most `longest`, 300",
        ),
        ("{credentials: {probe: 2d}}", "health.credentials.probe: is above `probe_longest`"),
        ("{concurrency: {start: 2}}", "health.concurrency.floor: is above `start`; expected at most `start`, 2"),
        ("{concurrency: {start: 9, ceiling: 8}}", "health.concurrency.start: is above `ceiling`"),
        ("{concurrency: {floor: 9, ceiling: 8}}", "health.concurrency.floor: is above `ceiling`"),
        ("{breker: {}}", "health.breker: unknown field; did you mean `breaker`?"),
        ("{adaptive: always}", "expected one of 'on', 'observe' or 'off'"),
    ],
)
def test_problems_are_told_at_their_place(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        loads(f"channels: [{{name: a, base_url: 'http://h'}}]\nhealth: {text}")
    assert told in str(refused.value)
