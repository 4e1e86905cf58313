"""The emitted chain for `reasoning`, sixty times faster: the openai SDK, HAProxy, nginx and a gateway, each run from
the settings that were made for it, survive a silence of 12 s, which stands for 12 minutes.

first_byte 15 min -> 15 s, total 1 h -> 60 s, a margin of 30 s -> 0.5 s. With heartbeats and without.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml
from tests.e2e.acts import Serve
from tests.e2e.asking import ask, chat
from tests.e2e.backstage import Backstage, Provider
from tests.e2e.emitted import check, folder_for, placed, start, write
from tests.e2e.stage import Gateway, Stage

from outwait.policy.timeouts import Layer
from outwait.toolkit.timeouts.advice import Advice, Facts, Place, advise
from outwait.toolkit.timeouts.emit import emit

FASTER = 1 / 60
SILENCE = 12.0  # seconds; 12 minutes
MODELS = {"o3": "silent-12s", "o4-mini": "silent-20s"}  # the second one is silent for longer than any clock allows
BUSY = (Layer("a busy machine", {"connect": 60.0}),)  # 10 s would become a sixth of one
NGINX_DEFAULT = 60 * FASTER  # what nginx waits when nobody tells it


@dataclass(frozen=True, slots=True)
class Run:
    """The emitted program of a client, and what it said."""

    done: CompletedProcess[str]
    seconds: float


@dataclass(frozen=True, slots=True)
class Seen:
    """`runs`: by (heartbeats, streamed, model). `stock`: status and seconds where nginx has its default instead."""

    runs: Mapping[tuple[bool, bool, str], Run]
    stock: tuple[int, float]
    gateways: Mapping[bool, Gateway]
    provider: Provider


def advice(*, beats: bool, stream: bool = True) -> Advice:
    """What is advised."""
    way = ("haproxy", "nginx")
    return advise(
        Facts(scenario="reasoning", stream=stream, learned=BUSY, beats=beats, behind=way, scale=FASTER),
    )


def settings(known: Advice, provider: Provider) -> dict[str, object]:
    """The emitted outwait.yaml, with a channel."""
    channel = {"name": "simulated", "base_url": provider.url, "api_key": "none"}
    return {**yaml.safe_load(emit("outwait", known).text), "channels": [channel]}


def client(known: Advice, place: Place, model: str, folder: Path) -> Run:
    """Run the emitted program for openai (Python)."""
    file = write("openai-python", replace(known, facts=replace(known.facts, place=place)), folder)
    begun = time.monotonic()
    done = check([sys.executable, str(file)], MODEL=model)
    return Run(done, time.monotonic() - begun)


@pytest.fixture(scope="module")
def seen(stage: Stage, serve: Serve, backstage: Backstage) -> Seen:
    """Everything at the same time."""
    provider = backstage.simulate(aliases=MODELS)
    gateways, places = {}, {}
    for beats in (True, False):
        known = advice(beats=beats)
        gateways[beats] = serve(settings(known, provider), name=f"advised-{'beats' if beats else 'silent'}")
        known = placed(known, gateways[beats].port)
        for target in ("nginx", "haproxy"):
            start(stage, target, known)
        places[beats] = known.place
    stock = start(stage, "nginx", placed(stocked(), gateways[False].port))
    with ThreadPoolExecutor(10) as pool:
        runs = {
            (beats, stream, model): pool.submit(
                client, advice(beats=beats, stream=stream), places[beats], model, folder_for(stage, "client")
            )
            for beats in places
            for stream in (True, False)
            for model in MODELS
        }
        plain = pool.submit(ask, stock, chat("o3"))
        answer = plain.result()
        return Seen(
            {key: run.result() for key, run in runs.items()}, (answer.status, answer.seconds), gateways, provider
        )


def stocked() -> Advice:
    """The advice, but for what nginx has by default, scaled like everything."""
    known = advice(beats=False)
    edges = tuple(replace(edge, idle=NGINX_DEFAULT) for edge in known.chain.edges)
    return replace(known, chain=replace(known.chain, edges=edges))


EACH = [(beats, stream) for beats in (True, False) for stream in (True, False)]
NAMED = [f"{'beats' if beats else 'no beats'}, {'stream' if stream else 'whole'}" for beats, stream in EACH]


@pytest.mark.parametrize("beats, stream", EACH, ids=NAMED)
def test_a_long_silence_is_survived(seen: Seen, beats: bool, stream: bool) -> None:
    run = seen.runs[beats, stream, "o3"]
    assert run.done.returncode == 0, run.done.stderr
    assert run.done.stdout.strip()
    assert SILENCE <= run.seconds < 2 * SILENCE
    entries = [entry for entry in seen.gateways[beats].entries() if entry["model"] == "o3"]
    assert {entry["outcome"] for entry in entries} == {"completed"}
    assert all(("heartbeats" in entry) is beats for entry in entries if entry["stream"] is stream)


@pytest.mark.parametrize("beats, stream", EACH, ids=NAMED)
def test_when_it_is_too_long_the_gateways_own_words_reach_the_client(seen: Seen, beats: bool, stream: bool) -> None:
    run = seen.runs[beats, stream, "o4-mini"]
    assert run.done.returncode != 0
    assert "first_byte ran out after 15" in run.done.stderr
    assert "rule advised-reasoning" in run.done.stderr


def test_each_question_was_asked_once(seen: Seen) -> None:
    """Nobody on the way asked again on his own, and paid twice."""
    assert len(seen.provider.calls()) == len(seen.runs) + 1


def test_with_a_default_on_the_way_the_same_silence_is_cut(seen: Seen) -> None:
    status, seconds = seen.stock
    assert status == 504
    assert seconds < SILENCE / 2
