"""Which spans a learned one may replace, read from the reasons that `policy.timeouts` really writes, and the limits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.catalog import TimeoutRule
from outwait.core.fault import Clock
from outwait.core.plan import Span, Timeouts
from outwait.health.learning_rules import LearningRules, Mode, Origin
from outwait.policy import presets
from outwait.policy.adaptive import CLOCKS, Bounds
from outwait.policy.timeouts import Asked, Layer, read_headers, resolve

CHAT = Asked("openai", "chat.completions", "gpt-4o", stream=False, streamed=False, effort=None, scenario="chat")
LIMITS = st.dictionaries(st.sampled_from([clock.value for clock in CLOCKS]), st.floats(0.001, 90_000))


def _origins(timeouts: Timeouts) -> list[str]:
    return [Origin.of(timeouts.of(clock)).value for clock in CLOCKS]


def test_the_numbers() -> None:
    rules = LearningRules()
    assert (rules.mode, rules.written, rules.share) == (Mode.ON, False, False)
    assert (rules.subjects, rules.sampled, rules.every) == (512, 20, 8)
    assert (rules.adapting.samples, rules.worthwhile.samples) == (200, 50)


@pytest.mark.parametrize("preset", presets.PRESETS.values(), ids=lambda preset: preset.name)
@pytest.mark.parametrize("streamed", [False, True])
def test_presets_scenarios_and_models_are_built_in(preset: presets.Preset, streamed: bool) -> None:
    assert _origins(resolve(replace(CHAT, streamed=streamed), preset)) == ["built-in"] * 3


def test_what_the_configuration_says_is_written() -> None:
    default = presets.PRESETS["default"]
    rule = TimeoutRule("timeouts", {}, {"first_byte": 9})
    assert _origins(resolve(CHAT, default, [rule])) == ["written", "written", "built-in"]
    for reason in ("channel openai", "key dev"):
        layer = Layer(reason, {"idle": 9})
        assert _origins(resolve(CHAT, default, layers=[layer])) == ["built-in", "built-in", "written"]


def test_what_a_request_asks_for_is_asked() -> None:
    wanted = read_headers([("x-outwait-timeout-first-byte", "5m")], {}, {"first_byte": 60})
    assert _origins(resolve(CHAT, presets.PRESETS["default"], requested=wanted)) == ["asked", "asked", "built-in"]


@pytest.mark.parametrize("written", [False, True])
def test_what_may_move(written: bool) -> None:
    rules = LearningRules(written=written)
    assert rules.movable(Span(1, "scenario chat"))
    assert rules.movable(Span(1, "key dev")) is written
    assert rules.movable(Span(1, "as first_byte: rule x")) is written
    assert not rules.movable(Span(1, "header x-outwait-timeout-idle"))


def _timeouts(seconds: float, total: float) -> Timeouts:
    span = Span(seconds, "scenario chat")
    return Timeouts(span, span, span, span, span, span, Span(total, "scenario chat"))


@pytest.mark.parametrize(
    "floor, ceiling, seconds, told",
    [
        (None, None, 600, (150, 3600)),
        (None, None, 60, (30, 3600)),
        (None, None, 20, (20, 3600)),
        (None, None, 4000, (1000, 4000)),
        (5, None, 600, (5, 3600)),
        (5000, None, 600, (5000, 5000)),
        (None, 300, 600, (150, 300)),
        (None, 100, 600, (100, 100)),
        (1, 2, 600, (1, 2)),
    ],
)
def test_the_limits(floor: float | None, ceiling: float | None, seconds: float, told: tuple[float, float]) -> None:
    rules = LearningRules(
        floor={} if floor is None else {"idle": floor}, ceiling={} if ceiling is None else {"idle": ceiling}
    )
    assert rules.bounds(Clock.IDLE, _timeouts(seconds, 3600)) == Bounds(seconds, *told)
    assert rules.bounds(Clock.FIRST_BYTE, _timeouts(8, 3600)) == Bounds(8, 8, 3600)


@given(LIMITS, LIMITS, st.floats(0.001, 90_000), st.floats(0.001, 90_000))
def test_the_operators_limits_are_never_passed(
    floor: dict[str, float], ceiling: dict[str, float], seconds: float, total: float
) -> None:
    ceiling = {name: max(high, floor.get(name, high)) for name, high in ceiling.items()}
    rules = LearningRules(floor=floor, ceiling=ceiling)
    for clock in CLOCKS:
        found = rules.bounds(clock, _timeouts(seconds, total))
        assert 0 < found.floor <= found.ceiling
        assert found.floor >= floor.get(clock.value, 0)
        assert found.ceiling <= ceiling.get(clock.value, found.ceiling)
