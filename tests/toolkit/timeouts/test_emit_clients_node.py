from __future__ import annotations

import re

import pytest

from outwait.toolkit.timeouts.advice import Facts, advise
from outwait.toolkit.timeouts.emit_clients_node import NODE


@pytest.mark.parametrize("target", NODE)
def test_spans_are_milliseconds(target: str) -> None:
    made = advise(Facts(model="o3"))
    text = NODE[target](made).text
    client = made.chain.client
    assert re.findall(r"const (IDLE|TOTAL) = (\d+);", text) == [
        ("IDLE", f"{1000 * client.idle:.0f}"),
        ("TOTAL", f"{1000 * client.total:.0f}"),
    ]


@pytest.mark.parametrize("target", ["openai-node", "anthropic-node"])
def test_undicis_own_300_seconds_are_raised(target: str) -> None:
    text = NODE[target](advise(Facts(model="o3"))).text
    assert "headersTimeout: IDLE" in text
    assert "bodyTimeout: IDLE" in text
    assert "fetch(url, { ...init, dispatcher })" in text


@pytest.mark.parametrize("target", ["openai-node", "anthropic-node"])
def test_an_aborted_stream_is_not_taken_for_a_whole_one(target: str) -> None:
    assert "signal.throwIfAborted()" in NODE[target](advise(Facts(model="o3", stream=True))).text


def test_axios_tries_again_only_what_was_not_worked_on() -> None:
    text = NODE["axios"](advise(Facts(model="gpt-4o"))).text
    assert "ECONNREFUSED" in text
    assert "ECONNABORTED" not in text
