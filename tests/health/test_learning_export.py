"""Learned spans as rules: what is written loads, fits what it was learned for, and shortens nothing."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from outwait.config import catalog
from outwait.config.load import loads
from outwait.core.catalog import Catalog, Channel
from outwait.core.fault import Clock
from outwait.health.learning_export import Lesson, rules
from outwait.policy import globs, presets
from outwait.policy.adaptive import CLOCKS
from outwait.policy.timeouts import Asked, resolve

BYTE, IDLE = Clock.FIRST_BYTE, Clock.IDLE


def _lesson(endpoint: str, learned: float | None, configured: float | None = 120, scenario: str = "chat") -> Lesson:
    return Lesson(endpoint, scenario, False, BYTE, configured, learned)


def _loaded(made: list[dict[str, object]]) -> Catalog:
    return catalog.build(loads(yaml.safe_dump({"timeouts": {"rules": made}}), serving=False))


def test_a_rule_for_each_model_scenario_and_kind() -> None:
    made = rules(
        [
            Lesson("openai/gpt-5", "chat", False, BYTE, 120, 41.2),
            Lesson("openai/gpt-5", "chat", False, IDLE, 120, 0.0105),
            Lesson("openai/gpt-5", "chat", True, BYTE, 600, 150.0),
            Lesson("openai/gpt-4o", "chat", False, BYTE, 120, None),
        ]
    )
    assert made == [
        {
            "name": "learned-gpt-5-chat",
            "match": {"model": "gpt-5", "scenario": "chat", "stream": True},
            "first_byte": "42s",
            "idle": "11ms",
        },
        {
            "name": "learned-gpt-5-chat-whole",
            "match": {"model": "gpt-5", "scenario": "chat", "stream": False},
            "first_byte": "2m30s",
        },
    ]


def test_a_slow_scenario_streams_both() -> None:
    streamed = Lesson("a/o3", "reasoning", False, BYTE, 900, 300)
    assert rules([streamed])[0]["match"] == {"model": "o3", "scenario": "reasoning"}
    both = rules([streamed, Lesson("b/o3", "reasoning", True, BYTE, 900, None)])
    assert [rule["match"] for rule in both] == [{"model": "o3", "scenario": "reasoning", "stream": True}]
    assert rules([_lesson("a/x", 40, scenario="own")])[0]["match"] == {"model": "x", "scenario": "own", "stream": True}


def test_the_longest_of_all_channels_holds() -> None:
    assert rules([_lesson("a/m", 40), _lesson("b/m", 50)])[0]["first_byte"] == "50s"
    assert rules([_lesson("a/m", 40), _lesson("b/m", None)])[0]["first_byte"] == "2m"
    assert rules([_lesson("a/m", 400), _lesson("b/m", None)])[0]["first_byte"] == "6m40s"
    assert rules([_lesson("a/m", 40), _lesson("b/m", None, None)]) == []
    assert rules([_lesson("a/m", None)]) == []
    assert rules([]) == []


def test_public_names() -> None:
    channels = [
        Channel("a", "openai", "", model_map={"best": "o3-2025", "o[1-9]": "o3-2025", "other": "x"}),
        Channel("b", "openai", ""),
    ]
    made = rules([_lesson("a/o3-2025", 40), _lesson("b/vendor/m", 40), _lesson("c/m", 40)], channels)
    assert [rule["match"]["model"] for rule in made] == ["best", "m", "o3-2025", "o[[]1-9]", "vendor/m"]  # type: ignore[index] # plain data
    assert [rule["name"] for rule in made][3] == "learned-o-1-9-chat"


@pytest.mark.parametrize("model", ["", "a b", "a\tb", "a\x00"])
def test_names_that_no_rule_can_hold_are_left_out(model: str) -> None:
    assert rules([_lesson(f"a/{model}", 40)]) == []


@given(
    st.lists(
        st.tuples(
            st.text(min_size=1, max_size=90),
            st.sampled_from(["chat", "reasoning", "image"]),
            st.booleans(),
            st.sampled_from(CLOCKS),
            st.floats(0.01, 90_000),
        ),
        max_size=8,
    )
)
def test_what_is_exported_loads_and_holds(seen: list[tuple[str, str, bool, Clock, float]]) -> None:
    lessons = [Lesson(f"a/{model}", scenario, whole, clock, 9, span) for model, scenario, whole, clock, span in seen]
    made = rules(lessons)
    found = _loaded(made)
    assert len(found.rules) == len(made)
    for lesson in lessons:
        model = lesson.endpoint[2:]
        fitting = [
            rule
            for rule in found.rules
            if globs.fits(str(rule.match["model"]), model) and rule.match["scenario"] == lesson.scenario
        ]
        if not fitting:
            assert not model.isprintable() or any(letter.isspace() for letter in model)
            continue
        asked = Asked("openai", "x", model, not lesson.whole, not lesson.whole, None, lesson.scenario)
        span = resolve(asked, presets.PRESETS["default"], found.rules).of(lesson.clock)
        assert span.seconds >= lesson.learned  # type: ignore[operator] # all of these are learned
        assert span.reason.startswith("rule learned-")
