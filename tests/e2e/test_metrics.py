"""What /metrics says after a day's work in small: it parses, and the figures that matter have moved."""

from __future__ import annotations

import time

import openai
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.e2e.acts import Serve
from tests.e2e.asking import Line, ask, chat, get, request
from tests.e2e.backstage import Provider
from tests.e2e.stage import Gateway, until

Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(scope="module", params=[1, 2], ids=["one worker", "two workers"])
def gateway(serve: Serve, provider: Provider, request: pytest.FixtureRequest) -> Gateway:
    return serve(
        {
            "server": {"workers": request.param},
            "channels": [
                {"name": "broken", "base_url": "http://127.0.0.1:9/v1", "models": ["failing-over"]},
                {
                    "name": "provider",
                    "base_url": provider.url,
                    "priority": 1,
                    "model_map": {"failing-over": "fast", "deaf": "hang"},
                },
            ],
            "timeouts": {"rules": [{"match": {"model": "deaf"}, "first_byte": 0.3}]},
            "retry": {"attempts": 2, "paid": {"unknown": 0}},
        },
        "metrics",
    )


def figures(gateway: Gateway) -> Figures:
    page = get(gateway.port, "/metrics")
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page.body.decode())
        for sample in family.samples
    }


def total(found: Figures, name: str, **labels: str) -> float:
    return sum(value for (each, has), value in found.items() if each == name and set(labels.items()) <= has)


def test_the_figures_move(gateway: Gateway) -> None:
    with openai.OpenAI(base_url=gateway.url, api_key="any", timeout=2, max_retries=0) as client:
        client.chat.completions.create(model="silent-2500ms", messages=[{"role": "user", "content": "metrics"}])
    assert ask(gateway.port, chat("silent-2500ms", stream=True)).status == 200
    assert ask(gateway.port, chat("failing-over")).status == 200
    assert ask(gateway.port, chat("deaf")).status == 504
    assert ask(gateway.port, b"nonsense").status == 400
    with Line(gateway.port) as line:
        line.send(request(chat("silent-30s", stream=True), {"x-outwait-on-disconnect": "cancel"}))
        line.hear(seconds=0.2)
        until(lambda: total(figures(gateway), "outwait_in_flight") == 1, "the gauge of what runs", timeout=4)
    until(lambda: total(figures(gateway), "outwait_requests_total") == 6, "six requests to be counted", timeout=4)
    found = figures(gateway)
    assert total(found, "outwait_rescued_requests_total") == 1  # silent for 2.5 s, while one client waits for 2 s only
    assert total(found, "outwait_heartbeats_total", stream="false") == 2
    assert total(found, "outwait_heartbeats_total", stream="true") == 2
    assert total(found, "outwait_timeouts_total", clock="first_byte") == 1
    assert total(found, "outwait_timeouts_total") == 1
    assert total(found, "outwait_retries_total", **{"class": "safe"}) == 1
    assert total(found, "outwait_faults_total", code="first_byte_timeout") == 1
    assert total(found, "outwait_requests_total", outcome="completed") == 3
    assert total(found, "outwait_requests_total", outcome="refused") == 1
    assert total(found, "outwait_requests_total", outcome="cancelled") == 1
    assert total(found, "outwait_silence_seconds_bucket", le="1.0") < total(
        found, "outwait_silence_seconds_bucket", le="5.0"
    )
    assert total(found, "outwait_first_byte_seconds_count") >= 3
    assert total(found, "outwait_request_duration_seconds_bucket", le="3600.0") >= 6
    assert total(found, "outwait_build_info") == 1
    until(lambda: total(figures(gateway), "outwait_in_flight") == 0, "nothing to run any more", timeout=4)


def test_names_that_clients_make_up_become_no_labels(gateway: Gateway) -> None:
    before = len(figures(gateway))
    for number in range(30):
        ask(gateway.port, chat(f"made-up-{number}"))
    time.sleep(0.6)  # one flush of the ledger
    after = figures(gateway)
    assert len(after) - before < 120
    assert not any("made-up" in value for _, labels in after for _, value in labels)
