"""The presets are whole, and the classic advice is what it says."""

from __future__ import annotations

import pytest

from outwait.policy.presets import DEFAULT, PRESETS, SEED
from outwait.policy.scenarios import SCENARIOS, bare


@pytest.mark.parametrize("preset", PRESETS.values(), ids=str)
def test_a_preset_knows_every_scenario_and_clock(preset: object) -> None:
    scenarios = preset.scenarios  # type: ignore[attr-defined]
    assert set(scenarios) == set(SCENARIOS)
    for spans in scenarios.values():
        assert set(spans) == {"connect", "write", "first_byte", "idle", "total"}
        assert all(seconds > 0 for seconds in spans.values())
        assert spans["total"] >= spans["first_byte"]


def test_default_is_the_scenario_table() -> None:
    assert DEFAULT.scenarios["chat"]["first_byte"] == SCENARIOS["chat"].first_byte
    assert DEFAULT.growth == 0


@pytest.mark.parametrize(
    "model, seconds",
    [
        ("o1-preview", 150),
        ("o1-mini", 90),
        ("deepseek-r1", 60),
        ("gpt-4o", 60),
        ("gpt-4o-mini", 30),
        ("claude-4-sonnet", 45),
        ("gpt-image-1", 45),
        ("dall-e-3", 60),
        ("flux-kontext-pro", 30),
    ],
)
def test_the_classic_advice(model: str, seconds: float) -> None:
    from outwait.policy import globs

    glob = globs.first((glob for glob, _ in SEED.models), bare(model))
    assert dict(SEED.models)[glob or ""]["first_byte"] == seconds


def test_total_has_room_for_all_grown_attempts_and_pauses() -> None:
    assert SEED.scenarios["unknown"]["total"] == 60 + 1 + 120 + 2 + 180
    assert SEED.scenarios["reasoning"]["total"] == 180 + 1 + 360
    assert SEED.scenarios["chat"]["total"] == 120 + 1 + 240 + 2 + 360
    assert (SEED.growth, SEED.base) == (1, 1)
