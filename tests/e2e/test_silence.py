"""A model is silent, a channel hangs: the client sees heartbeats and one whole answer."""

from __future__ import annotations

import pytest
from tests.e2e.acts import Serve
from tests.e2e.asking import ask, chat
from tests.e2e.backstage import Backstage, Provider
from tests.e2e.stage import Gateway

HANG = 2.5  # seconds, the first channel's first_byte


@pytest.fixture(scope="module")
def hanging(backstage: Backstage) -> Provider:
    return backstage.simulate(aliases={"patient": "hang"})


@pytest.fixture(scope="module")
def gateway(serve: Serve, provider: Provider, hanging: Provider) -> Gateway:
    first = {"name": "first", "base_url": hanging.url, "models": ["patient"], "timeouts": {"first_byte": HANG}}
    second = {
        "name": "second",
        "base_url": provider.url,
        "priority": 1,
        "model_map": {"patient": "silent-1s+long-5"},
    }
    return serve({"channels": [first, second]}, "silence")


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
def test_beats_come_each_second_and_then_the_answer(gateway: Gateway, stream: bool) -> None:
    heard = ask(gateway.port, chat("silent-3500ms+long-5", stream=stream))
    assert (heard.status, heard.end) == (200, "whole")
    assert [round(at) for at in heard.beats] == [1, 2, 3]
    assert len(heard.text.split()) == 5
    assert heard.headers["x-accel-buffering"] == "no"


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
def test_first_channel_hangs_and_the_second_answers_in_the_same_call(
    gateway: Gateway, provider: Provider, hanging: Provider, stream: bool
) -> None:
    question = f"Does it hang? {stream}"
    heard = ask(gateway.port, chat("patient", stream=stream, question=question))
    assert (heard.status, heard.end) == (200, "whole")
    assert len(heard.text.split()) == 5
    # 2.5 s in the first channel, a backoff of milliseconds, 1 s in the second: beats all along, and no second one
    assert [round(at) for at in heard.beats] == [1, 2, 3]
    assert len(hanging.calls(question)) == len(provider.calls(question)) == 1
    entry = gateway.entry(heard.headers["x-outwait-exchange"])
    assert (entry["outcome"], entry["attempts"], entry["channel"]) == ("completed", 2, "second")
    assert any(f"first_byte {HANG:g}s: channel first" in mark for mark in entry["timeline"])


def test_the_upstreams_own_comments_are_swallowed(gateway: Gateway) -> None:
    heard = ask(gateway.port, chat("pings-3s+long-5", stream=True))
    assert b"keep-alive" not in heard.body
    assert len(heard.beats) >= 2
    assert len(heard.text.split()) == 5
