from __future__ import annotations

import re

import pytest

from outwait.core.tongue import Tongue
from outwait.policy.presets import PRESETS
from outwait.policy.scenarios import SCENARIOS
from outwait.toolkit.timeouts.advice import Facts, advise
from outwait.toolkit.timeouts.measured import from_run
from outwait.toolkit.timeouts.reasons import told

ENGLISH = re.compile(r"\b(scenario|built|reply|streamed|first of|model table|request|learned|waits|cut|held)\b")


def everything() -> set[str]:
    """The reasons that advice gives."""
    found = set()
    for scenario in SCENARIOS:
        for preset in PRESETS:
            for stream in (True, False):
                for facts in (
                    Facts("", scenario, preset, stream),
                    Facts("gpt-4o", "", preset, stream, "high"),
                    Facts("dall-e-3", "", preset, stream, behind=("cloudflare",), every=300.0),
                    Facts("x", "", preset, stream, behind=("heroku",)),
                ):
                    advice = advise(facts)
                    spans = advice.timeouts
                    found |= {getattr(spans, name).reason for name in ("queue", "first_byte", "first_token", "total")}
                    found |= {advice.why, advice.heartbeat.reason}
    return found


@pytest.mark.parametrize("reason", sorted(everything()))
def test_every_reason_has_chinese_words(reason: str) -> None:
    words = told(reason, Tongue.ZH)
    assert not words.isascii()
    assert not ENGLISH.search(words), words


def test_english_stays_as_it_is() -> None:
    assert told("as first_byte: scenario chat", Tongue.EN) == "as first_byte: scenario chat"


@pytest.mark.parametrize(
    "reason, words",
    [
        (
            "as first_byte: preset seed: scenario chat, reply not streamed",
            "同 first_byte：预设 seed：场景 chat，非流式回复",
        ),
        ("learned at openai/o3 from 1,234 waits", "网关在 openai/o3 从 1,234 次等待中学得"),
        ("run, a: 1.25 x the longest of 10 waits (109s)", "测量，a：10 次等待中最长者（109s）的 1.25 倍"),
        (
            "run, a: learned from 400 waits, 0 % of them cut: 2 x p99 (3s)",
            "测量，a：由 400 次等待得出，其中 0 % 被切断：p99（3s）的 2 倍",
        ),
        (
            "run, a: grown from 2m, which cut too many: 10 waits, 100 % of them cut",
            "测量，a：由 2m 增长而来，后者切断过多：10 次等待，其中 100 % 被切断",
        ),
        ("something new", "something new"),
    ],
)
def test_measurements(reason: str, words: str) -> None:
    assert told(reason, Tongue.ZH) == words


def test_a_runs_reasons_are_among_them() -> None:
    from outwait.toolkit.check.probe import Probe

    spans = advise(Facts(model="gpt-4o")).timeouts
    many = [Probe(endpoint="a", first_byte=100.0, silence=100.0, connect=9.0) for _ in range(300)]
    cut = [Probe(endpoint="b", outcome="timeout", clock="first_byte", span=120.0)]
    for probes in (many, many[:3], cut):
        for layer in from_run(probes, spans):
            assert not ENGLISH.search(told(layer.reason, Tongue.ZH)), layer.reason
