"""The emitted outwait.yaml is read by the gateway's own loader, and then the gateway plans exactly what was advised."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from outwait.config import catalog as catalogs
from outwait.config.load import load
from outwait.core.fault import Clock as Clocks
from outwait.core.plan import Plan
from outwait.core.principal import Principal
from outwait.core.request import Call
from outwait.plan.facts import Facts as Asked
from outwait.plan.planner import Planner
from outwait.policy.presets import PRESETS
from outwait.policy.scenarios import SCENARIOS
from outwait.policy.timeouts import Layer
from outwait.toolkit.timeouts.advice import Advice, Facts, advise
from outwait.toolkit.timeouts.emit_outwait import STOPPING, outwait, systemd

MODELS = {"chat": "gpt-4o", "reasoning": "o3", "deep": "o3-pro", "image": "dall-e-3", "audio": "whisper-1"}
MODELS |= {"embedding": "bge-m3", "unknown": "nobody-knows"}
CHANNELS = [{"name": "a", "base_url": "http://127.0.0.1:9/v1"}]


def settings(advice: Advice, folder: Path) -> Path:
    path = folder / "outwait.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(outwait(advice).text), "channels": CHANNELS}))
    return path


def planned(advice: Advice, folder: Path, model: str, *, stream: bool) -> Plan:
    """What the gateway plans with the emitted settings."""
    catalog = catalogs.build(load(str(settings(advice, folder)), serving=False))
    call = Call("openai", "chat.completions", model, stream, b"", headers={}, effort=None, foldable=True)
    return Planner(catalog).plan(Asked(call, Principal("(any)"), "", {}))


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("named", [True, False])
def test_the_gateway_does_what_was_advised(
    tmp_path: Path, scenario: str, preset: str, stream: bool, named: bool
) -> None:
    model = MODELS[scenario]
    facts = Facts(model, preset=preset, stream=stream) if named else Facts("", scenario, preset, stream)
    advice = advise(facts)
    plan = planned(advice, tmp_path, model, stream=stream)
    assert plan.scenario == scenario
    assert {clock: plan.timeouts.of(clock).seconds for clock in Clocks} == {
        clock: advice.timeouts.of(clock).seconds for clock in Clocks
    }
    assert {plan.timeouts.of(clock).reason for clock in Clocks} == {f"rule advised-{scenario}"}
    assert plan.timeouts.growth == advice.timeouts.growth
    assert (plan.heartbeat.after, plan.heartbeat.json_after, plan.heartbeat.every) == (10, 20, 15)
    assert (plan.retry.attempts, plan.retry.paid) == (advice.retry.attempts, advice.retry.paid)


def test_a_scenario_given_by_hand_is_given_to_the_gateway_too(tmp_path: Path) -> None:
    advice = advise(Facts(model="our-thinker", scenario="deep"))
    assert planned(advice, tmp_path, "our-thinker", stream=True).scenario == "deep"


def test_what_was_measured_is_in_it_with_its_evidence(tmp_path: Path) -> None:
    learned = (Layer("learned at a/o3 from 512 waits", {"first_byte": 1003.2}),)
    advice = advise(Facts(model="o3", learned=learned))
    assert planned(advice, tmp_path, "o3", stream=True).timeouts.first_byte.seconds == 1004
    assert "first_byte: 16m44s" in outwait(advice).text
    assert "# learned at a/o3 from 512 waits" in outwait(advice).text


def test_odd_names_mean_themselves(tmp_path: Path) -> None:
    for name in ("a${HOME}$$b", "a/b[c]*?", 'x"y:{z', "模型", "#o3", "null"):
        plan = planned(advise(Facts(model=name)), tmp_path, name, stream=True)
        assert plan.timeouts.total.reason == "rule advised-unknown"


def test_a_glob_is_written_as_one(tmp_path: Path) -> None:
    advice = advise(Facts(model="o3*", scenario="deep"))
    for name in ("o3", "o3-mini", "o3-2026-01-01"):
        plan = planned(advice, tmp_path, name, stream=True)
        assert (plan.timeouts.total.reason, plan.scenario) == ("rule advised-deep", "deep")


def test_advice_for_an_effort_is_for_that_effort() -> None:
    match = yaml.safe_load(outwait(advise(Facts(model="gpt-4o", effort="high"))).text)["timeouts"]["rules"][0]["match"]
    assert match == {"model": "gpt-4o", "effort": "high"}


def test_heartbeats_off(tmp_path: Path) -> None:
    advice = advise(Facts(model="o3", beats=False))
    assert not planned(advice, tmp_path, "o3", stream=True).heartbeat.enabled


def test_the_server_stops_and_keeps_connections_as_the_chain_needs_it(tmp_path: Path) -> None:
    loaded = load(str(settings(advise(Facts(model="o3", behind=("cloudflare",))), tmp_path)), serving=False)
    assert loaded.server.drain == 3600
    assert loaded.server.limits.keepalive == 915


def test_systemd_waits_longer_than_the_gateway_drains() -> None:
    snippet = systemd(advise(Facts(model="o3")))
    assert f"TimeoutStopSec={3600 + STOPPING:.0f}s" in snippet.text
    assert snippet.file.endswith(".conf")
