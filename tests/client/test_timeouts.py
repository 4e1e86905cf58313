from __future__ import annotations

from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.client.timeouts import optimal_timeout
from outwait.core.plan import Span
from outwait.policy.scenarios import SCENARIOS


def test_the_scenario_of_the_model_decides() -> None:
    spans = optimal_timeout("openai/o3-pro-2025-06-10", stream=True)
    assert spans.scenario == "deep"
    assert spans.read == Span(1800, "scenario deep")
    assert (spans.connect.seconds, spans.write.seconds, spans.idle.seconds, spans.total.seconds) == (10, 30, 900, 7200)
    assert spans.pool == Span(1800, "as read: scenario deep")


def test_a_reply_that_comes_at_once_is_silent_until_its_end() -> None:
    assert optimal_timeout("gpt-4o").read == Span(600, "scenario chat, reply not streamed")
    assert optimal_timeout("gpt-4o", stream=True).read == Span(120, "scenario chat")


def test_effort_endpoint_and_preset() -> None:
    assert optimal_timeout("gpt-4o", effort="high").scenario == "reasoning"
    assert optimal_timeout("my-own", endpoint="embeddings").scenario == "embedding"
    assert optimal_timeout("o1-mini", preset="seed").read.reason == "preset seed: model o1-mini*"
    assert optimal_timeout("").scenario == "unknown"


def test_as_the_libraries_take_it() -> None:
    spans = optimal_timeout("gpt-4o", stream=True)
    timeout = httpx2.Timeout(connect=10, read=120, write=30, pool=120)
    shapes: dict[Any, Any] = {
        "openai": {"timeout": timeout},
        "anthropic": {"timeout": timeout},
        "httpx": {"timeout": timeout},
        "google-genai": {"timeout": 900_000},
        "requests": {"timeout": (10, 120)},
        "aiohttp": {"total": 900, "sock_connect": 10, "sock_read": 120, "connect": None},
        "urllib3": {"connect": 10, "read": 120},
    }
    assert {library: spans.kwargs(library) for library in shapes} == shapes
    with pytest.raises(KeyError):
        spans.kwargs("curl")  # type: ignore[arg-type]  # what a caller without types may say


def test_each_attempt_is_given_more_up_to_a_ceiling() -> None:
    spans = optimal_timeout("gpt-4o", stream=True)
    assert spans.grown(1) == spans
    assert spans.grown(2).read == Span(240, "scenario chat, attempt 2")
    assert spans.grown(3, growth=0.5).read.seconds == 240
    assert spans.grown(9).read == Span(900, "scenario chat, attempt 9, held to 15m")
    assert spans.grown(2, ceiling=150).read.seconds == 150
    assert spans.grown(1, ceiling=60).read.seconds == 60
    assert spans.grown(9).total == spans.total
    assert spans.grown(3, growth=0) == spans.grown(3, growth=0)
    for attempt, growth in ((0, 1.0), (1, -1.0)):
        with pytest.raises(ValueError, match="counted from 1"):
            spans.grown(attempt, growth)


def test_nothing_is_longer_than_what_is_left() -> None:
    spans = optimal_timeout("gpt-4o", stream=True).within(20)
    assert (spans.connect.seconds, spans.read.seconds, spans.total.seconds) == (10, 20, 20)
    assert spans.read.reason == "scenario chat, held to the deadline"


@given(st.sampled_from(sorted(SCENARIOS)), st.integers(1, 20), st.floats(0, 3), st.booleans())
def test_patience_never_shrinks(scenario: str, attempt: int, growth: float, stream: bool) -> None:
    model = {"chat": "gpt-4o", "reasoning": "o3", "deep": "o3-pro", "image": "dall-e-3"}.get(scenario, scenario)
    spans = optimal_timeout(model, stream=stream)
    one, next_one = spans.grown(attempt, growth), spans.grown(attempt + 1, growth)
    for name in ("connect", "write", "read", "pool", "first", "idle"):
        shorter, longer = getattr(one, name).seconds, getattr(next_one, name).seconds
        assert shorter <= longer <= max(spans.total.seconds, getattr(spans, name).seconds)


def test_as_one_number() -> None:
    assert float(optimal_timeout("o3-pro")) == optimal_timeout("o3-pro").read.seconds == 1800


def test_what_is_not_known_is_said() -> None:
    for model in (None, 5):
        with pytest.raises(TypeError, match="a model's name is a str"):
            optimal_timeout(model)  # type: ignore[arg-type]  # as callers without types do
    with pytest.raises(ValueError, match="no preset 'foo', but default, seed"):
        optimal_timeout("o3", preset="foo")  # type: ignore[arg-type]  # as above
    with pytest.raises(KeyError, match="'foo' is none of openai"):
        optimal_timeout("o3").kwargs("foo")  # type: ignore[arg-type]  # as above
