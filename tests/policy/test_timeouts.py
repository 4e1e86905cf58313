"""Seven spans, each with the rule that set it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.catalog import TimeoutRule
from outwait.core.fault import Clock, Refusal
from outwait.core.plan import Span
from outwait.policy.presets import DEFAULT, SEED
from outwait.policy.timeouts import HEADERS, MATCHABLE, Asked, Layer, fits, read_headers, resolve

CHAT = Asked("openai", "chat.completions", "gpt-4o", stream=True, streamed=True, effort=None, scenario="chat")
DEEP = replace(CHAT, model="o3-pro", scenario="deep", effort="high")


def test_built_in() -> None:
    spans = resolve(CHAT, DEFAULT)
    assert {clock.value: spans.of(clock).seconds for clock in Clock} == {
        "queue": 10,
        "connect": 10,
        "write": 30,
        "first_byte": 120,
        "first_token": 120,
        "idle": 120,
        "total": 900,
    }
    assert spans.first_byte.reason == "scenario chat"
    assert spans.first_token.reason == "as first_byte: scenario chat"
    assert spans.queue.reason == "built-in"
    assert spans.growth == 0


def test_a_reply_that_is_not_streamed_has_its_head_at_its_end() -> None:
    spans = resolve(replace(CHAT, stream=False, streamed=False), DEFAULT)
    assert spans.first_byte == Span(600, "scenario chat, reply not streamed")
    assert resolve(replace(DEEP, streamed=False), DEFAULT).first_byte == Span(1800, "scenario deep")


def test_later_wins() -> None:
    rules = (
        TimeoutRule("slow", {"model": "gpt-*"}, {"first_byte": 1, "idle": 1, "total": 1, "write": 1, "connect": 1}),
        TimeoutRule("later", {"stream": True}, {"first_byte": 2, "idle": 2, "total": 2, "write": 2}),
        TimeoutRule("elsewhere", {"stream": False}, {"first_byte": 99}),
    )
    layers = (
        Layer("channel c", {"first_byte": 3, "idle": 3, "total": 3}),
        Layer("key k", {"first_byte": 4, "idle": 4}),
    )
    spans = resolve(CHAT, DEFAULT, rules, layers, {"first_byte": Span(5, "header h")})
    assert spans.connect == Span(1, "rule slow")
    assert spans.write == Span(2, "rule later")
    assert spans.total == Span(3, "channel c")
    assert spans.idle == Span(4, "key k")
    assert spans.first_byte == Span(5, "header h")
    assert spans.first_token == Span(5, "as first_byte: header h")


def test_first_token_and_queue_stay_where_somebody_set_them() -> None:
    spans = resolve(CHAT, DEFAULT, (), (Layer("key k", {"first_token": 7, "queue": 60, "first_byte": 9}),))
    assert spans.first_token == Span(7, "key k")
    assert spans.queue == Span(60, "key k")


def test_the_queue_is_at_most_a_fifth_of_the_total() -> None:
    spans = resolve(CHAT, DEFAULT, (), (Layer("key k", {"total": 20}),))
    assert spans.queue == Span(4, "a fifth of total: key k")


def test_the_seed_preset() -> None:
    assert resolve(replace(CHAT, model="gpt-4.1"), SEED).first_byte == Span(60, "preset seed: scenario chat")
    json = resolve(replace(CHAT, model="gpt-4.1", stream=False, streamed=False), SEED)
    assert json.first_byte == Span(120, "preset seed: scenario chat, reply not streamed")
    mini = resolve(replace(CHAT, model="openai/gpt-4o-mini-2024-07-18"), SEED)
    assert mini.first_byte == Span(30, "preset seed: model gpt-4o-mini*")
    assert mini.growth == 1
    assert resolve(replace(DEEP, streamed=False), SEED).first_byte == Span(180, "preset seed: scenario deep")


@pytest.mark.parametrize(
    "match, fit",
    [
        ({}, True),
        ({"model": "o3*"}, True),
        ({"model": ["gpt-*", "o3-*"]}, True),
        ({"model": "o3"}, False),
        ({"model": 3}, False),
        ({"model": "o3*", "stream": False}, False),
        ({"model": "o3*", "stream": True, "effort": "high", "scenario": "deep"}, True),
        ({"effort": ("low", "high")}, True),
        ({"effort": []}, False),
        ({"dialect": "gemini"}, False),
        ({"dialect": "openai", "endpoint": "chat.completions"}, True),
        ({"streamed": True}, False),
        ({"colour": "red"}, False),
    ],
)
def test_what_a_rule_fits(match: dict[str, object], fit: bool) -> None:
    assert fits(match, DEEP) is fit


def test_every_matchable_word_is_a_fact() -> None:
    assert all(hasattr(CHAT, name) for name in MATCHABLE)


def _read(headers: dict[str, str], floor: dict | None = None, ceiling: dict | None = None) -> dict[str, Span]:
    return read_headers(headers.items(), floor or {}, ceiling or {})


def test_headers_ask_for_spans() -> None:
    asked = _read({"x-outwait-timeout-first-byte": "15m", "x-outwait-timeout-total": "90", "x-outwait-heartbeat": "5s"})
    assert asked == {
        "first_byte": Span(900, "header x-outwait-timeout-first-byte"),
        "total": Span(90, "header x-outwait-timeout-total"),
    }


def test_a_header_may_spell_its_clock_as_the_configuration_does() -> None:
    asked = _read({"x-outwait-timeout-first_byte": "15m"})
    assert asked == {"first_byte": Span(900, "header x-outwait-timeout-first_byte")}


def test_headers_stay_inside_floor_and_ceiling() -> None:
    asked = _read(
        {"x-outwait-timeout-idle": "2h", "x-outwait-timeout-total": "1s", "x-outwait-timeout-write": "30d"},
        {"total": 30},
        {"idle": 600},
    )
    assert asked["idle"] == Span(600, "header x-outwait-timeout-idle (2h), held to the ceiling")
    assert asked["total"] == Span(30, "header x-outwait-timeout-total (1s), held to the floor")
    assert asked["write"].seconds == 86_400


@pytest.mark.parametrize("value", ["", "0", "soon", "-5", "nan", "5 minutes", "1e9"])
def test_a_bad_value_is_refused(value: str) -> None:
    with pytest.raises(Refusal) as told:
        _read({"x-outwait-timeout-total": value})
    assert (told.value.fault.code, told.value.fault.param) == ("invalid_value", "x-outwait-timeout-total")
    assert "x-outwait-timeout-total is wrong" in told.value.fault.message


def test_a_clock_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Refusal, match="x-outwait-timeout-first-byte"):
        _read({"x-outwait-timeout-firstbyte": "5s"})


SECONDS = st.floats(0.001, 86_400)
SPANS = st.dictionaries(st.sampled_from([clock.value for clock in Clock]), SECONDS)


@given(rule=SPANS, channel=SPANS, key=SPANS, asked=SPANS, scenario=st.sampled_from(sorted(DEFAULT.scenarios)))
def test_each_span_is_the_one_of_the_last_who_set_it(
    rule: dict, channel: dict, key: dict, asked: dict, scenario: str
) -> None:
    requested = {clock: Span(seconds, "header") for clock, seconds in asked.items()}
    layers = (Layer("channel", channel), Layer("key", key))
    spans = resolve(replace(CHAT, scenario=scenario), DEFAULT, (TimeoutRule("r", {}, rule),), layers, requested)
    for clock in Clock:
        last = [layer[clock.value] for layer in (rule, channel, key, asked) if clock.value in layer]
        if last:
            assert spans.of(clock).seconds == last[-1]
        assert spans.of(clock).reason
    assert set(HEADERS.values()) == {clock.value for clock in Clock}
