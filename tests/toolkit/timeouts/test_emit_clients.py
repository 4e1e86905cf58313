from __future__ import annotations

import json
import re

import pytest

from outwait.policy.scenarios import SCENARIOS
from outwait.toolkit.timeouts.advice import Facts, advise
from outwait.toolkit.timeouts.emit_clients import CLIENTS

TARGETS = {
    *("openai-python", "anthropic-python", "httpx", "requests", "langchain"),
    *("openai-node", "anthropic-node", "axios", "curl"),
}
every_target = pytest.mark.parametrize("target", CLIENTS)


def test_the_targets() -> None:
    assert set(CLIENTS) == TARGETS
    assert len({CLIENTS[target](advise(Facts())).file for target in TARGETS}) == len(TARGETS)


@every_target
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("stream", [True, False])
def test_every_snippet_is_whole(target: str, scenario: str, stream: bool) -> None:
    made = advise(Facts(scenario=scenario, stream=stream))
    snippet = CLIENTS[target](made)
    assert snippet.target == target
    assert snippet.text.isascii()
    assert snippet.text.endswith("\n")
    assert re.findall(r"@\w+@", snippet.text) == []  # nothing is left to fill
    assert max(map(len, snippet.text.splitlines())) <= 120
    total = f"{made.chain.client.total:g}"
    assert total in snippet.text
    assert all(note.en and note.zh for note in snippet.notes)
    assert (snippet.title.en, snippet.title.zh) != ("", "")
    assert "{file}" in snippet.check


@every_target
def test_a_stream_is_asked_for_only_when_it_is_wanted(target: str) -> None:
    texts = [CLIENTS[target](advise(Facts(model="o3", stream=stream))).text for stream in (True, False)]
    asks = re.compile(r'stream[":=]* *(True|true)|messages\.stream|astream')
    assert asks.search(texts[0])
    whole = texts[1].replace("stream=True,  # also a whole reply comes in pieces then", "")  # how requests reads it
    whole = whole.replace("text.decode(bytes, { stream: true })", "")  # how axios does
    assert not asks.search(whole)


@pytest.mark.parametrize("target", sorted(set(CLIENTS) - {"curl"}))
def test_a_name_with_quotes_stays_in_its_literal(target: str) -> None:
    wild = "\"); import os #'$(touch x)`\n"
    assert json.dumps(wild) in CLIENTS[target](advise(Facts(model=wild))).text
