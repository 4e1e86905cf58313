from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from tests.health.scene import DOWN, Scene, story

from outwait.core.catalog import Channel
from outwait.core.fault import fault
from outwait.core.probed import Probe, Probed
from outwait.health.report import Moment, address, channel_row, condition, state_of

SECRET = "sk-canary-1"
CHANNEL = Channel(
    "c", "openai", "https://user:pw@h/v1?key=sk-canary-2", (SECRET, "sk-canary-3"), models=("gpt-*",), priority=2
)


def row(scene: Scene, **more: Any) -> dict[str, Any]:
    at = Moment(scene.tracker.now(), scene.tracker.today())
    told = channel_row(scene.tracker.channels["c"], scene.channels[0], at, **more)
    assert json.loads(json.dumps(told)) == told
    return told


@story
async def test_a_fresh_channel_is_up_and_tells_no_secret() -> None:
    scene = Scene(CHANNEL)
    told = row(scene)
    assert (told["state"], told["endpoints"], told["probe"], told["check"]) == ("up", [], None, None)
    assert told["base_url"] == "https://h/v1"
    assert told["keys"] == {"count": 2, "dead": []}
    assert (told["priority"], told["models"]) == (2, ["gpt-*"])
    assert "canary" not in repr(told)
    assert "pw" not in repr(told)


@story
async def test_an_endpoint_and_what_became_of_it() -> None:
    scene = Scene(CHANNEL)
    scene.answer()
    scene.answer(failed=fault("upstream_reset", "It broke."))
    held = scene.begin()
    (told,) = row(scene)["endpoints"]
    assert (told["name"], told["model"], told["state"], told["why"]) == ("c/m", "m", "open", "")
    assert (told["outstanding"], told["attempts"], told["failures"]) == (1, 3, 1)
    assert told["last_fault"] == {
        "code": "upstream_reset",
        "cause": "connect_reset",
        "side": "upstream",
        "message": "It broke.",
        "detail": None,
    }
    assert sum(told["blamed"].values()) == 1
    assert told["last_success"] == pytest.approx(scene.tracker.today(), abs=0.01)
    assert (told["share"], told["waiting"], told["until"]) == (1.0, 0, None)
    held.leave(None)


@story
async def test_learned_rows_stand_at_their_endpoint() -> None:
    scene = Scene(CHANNEL)
    scene.answer()
    lessons = [{"endpoint": "c/m", "clock": "idle", "learned": 40.0}, {"endpoint": "d/m", "clock": "idle"}]
    (told,) = row(scene, lessons=lessons)["endpoints"]
    assert told["learned"] == [{"clock": "idle", "learned": 40.0}]


@story
async def test_dead_keys_are_named_by_their_place() -> None:
    scene = Scene(CHANNEL)
    credentials = scene.tracker.channels["c"].credentials
    credentials.kill(1, scene.clock())
    died = {1: scene.clock()}
    await asyncio.sleep(10)
    told = row(scene, died=died)
    assert told["state"] == "impaired"
    (dead,) = told["keys"]["dead"]
    assert dead["key"] == 1
    assert dead["since"] == pytest.approx(scene.tracker.today() - 10, abs=0.01)
    assert dead["next_probe"] == pytest.approx(scene.tracker.today() - 10 + 3600, abs=0.01)
    assert (dead["tries"], dead["fault"]) == (0, None)
    credentials.kill(0, scene.clock(), fault("upstream_quota"))
    assert row(scene)["state"] == "out"
    assert row(scene)["keys"]["dead"][0]["fault"]["code"] == "upstream_quota"
    scene.begin().leave(fault("upstream_quota"))  # a last resort
    assert sorted(each["tries"] for each in row(scene)["keys"]["dead"]) == [0, 1]
    assert [each["since"] for each in row(scene)["keys"]["dead"]] == [None, None]


@story
async def test_every_state_of_an_endpoint() -> None:
    scene = Scene(CHANNEL)
    endpoint = scene.endpoint()
    known = scene.tracker.channels["c"]

    def state() -> tuple[str, str]:
        found = state_of(endpoint, scene.clock())
        return found.word, found.why

    endpoint.standing.limit = 0
    assert state() == ("full", "0 attempts are running, as many as may")
    endpoint.fit()
    endpoint.standing.keys.rest_all(scene.clock(), 30.0)
    assert state() == ("resting", "the provider asked to be left alone")
    assert state_of(endpoint, scene.clock()).until == pytest.approx(scene.clock() + 30)
    assert condition(known, scene.clock()) == "up"
    await asyncio.sleep(31)
    for _ in range(5):
        scene.answer(failed=fault("upstream_reset"))
    assert state() == ("ejected", "it failed: upstream_reset")
    assert (row(scene)["state"], row(scene)["endpoints"][0]["ejections"]) == ("out", 1)
    await asyncio.sleep(40)
    assert state() == ("half-open", "it failed: upstream_reset; the next request tries it")
    held = scene.begin()
    assert state() == ("half-open", "it failed: upstream_reset; one request is trying it")
    held.leave(None)
    endpoint.standing.suspect(scene.clock())
    assert state() == ("suspect", "a neighbour, or free probes, say so")
    assert condition(known, scene.clock()) == "out"
    scene.answer("other")
    assert condition(known, scene.clock()) == "impaired"
    for key in (0, 1):
        known.credentials.kill(key, scene.clock())
    assert state() == ("dead", "every key of the channel was refused; it is tried only where no other channel is left")


@story
async def test_a_quota_says_why_it_holds_back() -> None:
    scene = Scene(CHANNEL)
    scene.begin().headed(200, {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "20s"})
    endpoint = scene.tracker.endpoints["c/m"]
    told = row(scene)["endpoints"][0]
    assert len(told["rates"]) == 1
    assert told["rates"][0]["why"] == next(iter(endpoint.quotas.values())).why
    assert 0 < told["rates"][0]["waits"] <= 20


@story
async def test_a_channel_that_cannot_be_reached_is_out_unless_it_answers() -> None:
    scene = Scene(CHANNEL)
    known = scene.tracker.channels["c"]
    await asyncio.sleep(1)
    known.last_free = Probed(Probe.CONNECT, DOWN, 0.5, scene.clock(), "connect to h")
    assert condition(known, scene.clock()) == "out"
    scene.begin()
    assert condition(known, scene.clock()) == "impaired"
    told = row(scene)["probe"]
    assert (told["ok"], told["seconds"], told["status"], told["fault"]["code"]) == (
        False,
        0.5,
        None,
        "upstream_connect",
    )
    scene.answer()
    assert condition(known, scene.clock()) == "up"
    known.last_free = Probed(Probe.CONNECT, None, 0.5, scene.clock(), "connect to h")
    assert condition(known, scene.clock()) == "up"


@pytest.mark.parametrize(
    "url, shown",
    [
        ("", ""),
        ("http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1"),
        ("https://a:b@h:1/p?key=x#y", "https://h:1/p"),
    ],
)
def test_addresses_are_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    assert address(url) == shown
