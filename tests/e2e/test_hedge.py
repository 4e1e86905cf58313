"""A silent channel on a real socket: a second one is asked beside it, and answers; never for a reasoning model."""

from __future__ import annotations

import pytest
from tests.e2e.acts import Serve
from tests.e2e.asking import ask, chat
from tests.e2e.backstage import Backstage, Provider
from tests.e2e.stage import Gateway

AFTER = 0.5  # seconds without content


@pytest.fixture(scope="module")
def silent(backstage: Backstage) -> Provider:
    return backstage.simulate(aliases={"gpt-4o": "silent-5s", "o3": "silent-2s"})


@pytest.fixture(scope="module")
def quick(backstage: Backstage) -> Provider:
    return backstage.simulate(aliases={"gpt-4o": "long-5", "o3": "long-5"})


@pytest.fixture(scope="module")
def gateway(serve: Serve, silent: Provider, quick: Provider) -> Gateway:
    first = {"name": "first", "base_url": silent.url, "weight": 1000}
    second = {"name": "second", "base_url": quick.url, "weight": 0.001}
    return serve({"channels": [first, second], "hedge": {"enabled": True, "after": AFTER}}, "hedge")


def test_the_second_answers_beside_the_first(gateway: Gateway, silent: Provider, quick: Provider) -> None:
    question = "Who is first?"
    heard = ask(gateway.port, chat("gpt-4o", stream=True, question=question))
    assert (heard.status, heard.end) == (200, "whole")
    assert len(heard.text.split()) == 5
    assert AFTER <= heard.seconds < AFTER + 1
    assert (heard.headers["x-outwait-channel"], heard.headers["x-outwait-attempts"]) == ("second", "2")
    assert len(silent.calls(question)) == len(quick.calls(question)) == 1
    entry = gateway.entry(heard.headers["x-outwait-exchange"])
    assert (entry["outcome"], entry["attempts"], entry["channel"]) == ("completed", 2, "second")
    assert any("hedged second" in mark for mark in entry["timeline"])


@pytest.mark.parametrize("model, stream", [("o3", True), ("o3", False), ("gpt-4o", False)])
def test_what_is_costly_is_asked_once(
    gateway: Gateway, silent: Provider, quick: Provider, model: str, stream: bool
) -> None:
    question = f"Once? {model} {stream}"
    heard = ask(gateway.port, chat(model, stream=stream, question=question))
    assert (heard.status, heard.end) == (200, "whole")
    assert heard.headers["x-outwait-channel"] == "first"
    assert len(silent.calls(question)) == 1
    assert quick.calls(question) == []
