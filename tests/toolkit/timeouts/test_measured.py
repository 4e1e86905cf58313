from __future__ import annotations

from typing import Any

import pytest

from outwait.core.plan import Timeouts
from outwait.policy.adaptive import DEFAULTS
from outwait.policy.timeouts import Layer
from outwait.toolkit.check.probe import Probe
from outwait.toolkit.timeouts.advice import Facts, advise
from outwait.toolkit.timeouts.measured import LONGEST, from_gateway, from_run, models, waits


def learned(clock: str, seconds: float | None, configured: float | None = 120.0, **more: Any) -> dict[str, Any]:
    """A row as GET /v1/channels tells it."""
    row = {"scenario": "chat", "whole": False, "clock": clock, "configured": configured, "learned": seconds}
    return {**row, "used": True, "samples": 1234, "cut": 0, "frozen": False, "sentence": "", **more}


def channels(**endpoints: list[dict[str, Any]]) -> dict[str, Any]:
    rows = [{"name": f"{name}/gpt-4o", "model": "gpt-4o", "learned": rows} for name, rows in endpoints.items()]
    return {"object": "list", "worker": "1", "data": [{"name": "a", "endpoints": rows}]}


def asked(told: dict[str, Any], model: str = "gpt-4o", scenario: str = "chat", *, whole: bool = False) -> Any:
    return from_gateway(told, model, scenario, whole=whole)


def test_what_a_gateway_has_learned_is_a_layer_with_its_evidence() -> None:
    told = channels(openai=[learned("first_byte", 7.25), learned("idle", None)])
    assert asked(told) == (Layer("learned at openai/gpt-4o from 1,234 waits", {"first_byte": 7.25}),)


def test_several_endpoints_give_the_longest_and_what_one_has_not_learned_counts_as_configured() -> None:
    fast, slow, new = [learned("idle", 5.0)], [learned("idle", 9.0)], [learned("idle", None, 60.0)]
    assert asked(channels(a=fast, b=slow))[0].spans == {"idle": 9.0}
    assert asked(channels(a=fast, b=slow, c=new)) == (Layer("learned at c/gpt-4o from 1,234 waits", {"idle": 60.0}),)


@pytest.mark.parametrize(
    "row",
    [
        learned("first_byte", 7.0, scenario="reasoning"),
        learned("first_byte", 7.0, whole=True),
        learned("total", 7.0),
        learned("first_byte", None, None),
    ],
)
def test_what_is_about_something_else_is_passed_over(row: dict[str, Any]) -> None:
    assert asked(channels(a=[row])) == ()
    assert asked(channels(a=[learned("idle", 3.0)]), model="gpt-5") == ()


def test_a_glob_takes_the_models_it_fits() -> None:
    told = channels(a=[learned("idle", 3.0)])
    assert asked(told, "gpt-*")[0].spans == asked(told, "a/*")[0].spans == {"idle": 3.0}
    assert asked(told, "o3*") == asked(told, "a*") == ()  # `a` is a channel


def test_without_a_model_the_scenario_counts_and_an_endpoint_may_be_named() -> None:
    told = channels(a=[learned("idle", 3.0)])
    assert asked(told, "")[0].spans == {"idle": 3.0}
    assert asked(told, "a/gpt-4o")[0].spans == {"idle": 3.0}


def test_a_span_is_one_that_the_configuration_takes() -> None:
    assert asked(channels(a=[learned("idle", 1e9)]))[0].spans == {"idle": LONGEST}


def test_how_much_it_has_seen() -> None:
    told = channels(a=[learned("idle", None, samples=71), learned("first_byte", None, samples=151)])
    assert waits(told, "gpt-4o", "chat", whole=False) == 151
    assert waits(told, "o3", "chat", whole=False) == 0


def test_the_models_a_gateway_was_asked_for() -> None:
    assert models(channels(a=[], b=[])) == ("gpt-4o",)


@pytest.mark.parametrize("told", [{}, {"data": None}, {"data": [{"id": "gpt-4o"}]}, {"data": "x"}])
def test_another_server_is_no_gateway(told: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="/v1/channels"):
        from_gateway(told, "gpt-4o", "chat", whole=False)


@pytest.fixture
def spans() -> Timeouts:
    """Those of a streamed chat: connect 10, first_byte 120, idle 120."""
    return advise(Facts(model="gpt-4o")).timeouts


def test_a_quick_run_makes_nothing_shorter(spans: Timeouts) -> None:
    probes = [Probe(endpoint="a", first_byte=0.2, first_token=0.1, silence=0.05, connect=0.01) for _ in range(500)]
    assert from_run(probes, spans) == ()
    assert from_run([], spans) == ()


def test_a_slow_run_makes_spans_longer(spans: Timeouts) -> None:
    (layer,) = from_run([Probe(endpoint="a", first_byte=100.0 + number) for number in range(10)], spans)
    assert layer.spans == {"first_byte": DEFAULTS.margin * 109}
    assert layer.reason == "run, a: 1.25 x the longest of 10 waits (109s)"


def test_with_enough_waits_a_percentile_counts(spans: Timeouts) -> None:
    (layer,) = from_run([Probe(endpoint="a", silence=100.0) for _ in range(400)], spans)
    assert layer.spans["idle"] == pytest.approx(200, rel=0.05)
    assert "2 x p99" in layer.reason


def test_a_span_that_cut_the_probes_grows(spans: Timeouts) -> None:
    cut = [Probe(endpoint="a", outcome="timeout", clock="first_byte", span=120.0) for _ in range(5)]
    (layer,) = from_run(cut, spans)
    assert layer.spans == {"first_byte": 180.0}


def test_an_impatient_run_says_nothing(spans: Timeouts) -> None:
    cut = [Probe(endpoint="a", outcome="timeout", clock="first_byte", span=5.0) for _ in range(5)]
    assert from_run(cut, spans) == ()


def test_connecting_ends_with_tls_and_reused_connections_do_not_count(spans: Timeouts) -> None:
    (layer,) = from_run([Probe(endpoint="a", connect=6.0, tls=4.0)], spans)
    assert layer.spans == {"connect": 12.5}
    assert from_run([Probe(endpoint="a", connect=60.0, reused=True)], spans) == ()


def test_endpoints_are_judged_apart_and_the_longest_counts(spans: Timeouts) -> None:
    probes = [Probe(endpoint="a", silence=100.0), Probe(endpoint="b", silence=110.0), Probe(endpoint="c", silence=1.0)]
    (layer,) = from_run(probes, spans)
    assert layer.spans == {"idle": 137.5}
    assert layer.reason.startswith("run, b:")
