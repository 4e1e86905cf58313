"""The parts that keep endpoints well: joined, told of a reload, and at rest after the end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.edge.conftest import CHANNEL, KEYS, house, story, until
from tests.edge.test_serve_call import scene

from outwait.app import health
from outwait.config.catalog import build
from outwait.config.load import loads
from outwait.core.fault import fault
from outwait.health.endpoint import Change
from outwait.health.learning_rules import Mode
from outwait.health.tracker import HealthTracker
from outwait.policy.health_rules import HealthRules
from outwait.policy.limiter import MANY
from outwait.upstream.listing import Listed
from outwait.wire.wheel import NEVER

RULES = """
health:
  breaker: {in_row: 3}
  concurrency: {ceiling: 7}
  probe: {every: 2s}
  adaptive: off
  shed: false
timeouts: {floor: {idle: 20s}, ceiling: {total: 40m}}
"""
QUIET = "health: {probe: off}\n"


@story
async def test_the_configuration_reaches_the_parts() -> None:
    async with house(CHANNEL + KEYS + RULES) as door:
        made = door.gateway.health
        rules = made.learning._rules
        assert (rules.mode, rules.floor, rules.ceiling["total"]) == (Mode.OFF, {"idle": 20.0}, 2400.0)
        assert made.tracker._roster.rules.standing.breaker.in_row == 3
        assert made.tracker._roster.rules.concurrency.ceiling == 7
        assert (made.prober._rule.every, made.shedding._on) == (2.0, False)
        assert made.chronicle.known == {"gpt-*", "m1", "org/m2"}


@story
async def test_a_reload_reaches_them_too() -> None:
    async with house(CHANNEL + KEYS) as door:
        made = door.gateway.health
        assert (made.learning._rules.mode, made.tracker._roster.rules.concurrency.ceiling) == (Mode.OBSERVE, MANY)
        assert made.shedding._on
        door.gateway.reload(loads(CHANNEL.replace("m1", "m7").replace("one", "other") + KEYS + RULES))
        assert (made.learning._rules.mode, made.tracker._roster.rules.concurrency.ceiling) == (Mode.OFF, 7)
        assert (made.prober._rule.every, made.shedding._on) == (2.0, False)
        assert list(made.tracker.channels) == ["other"]
        assert "m7" in made.chronicle.known
        assert (await made.probes.connect("other", 1.0)).failed is not None  # they know where it is


@story
async def test_calls_are_seen_by_all_of_them() -> None:
    async with scene(QUIET) as (door, _):
        assert (await door.chat("silent-50ms-then-echo")).status == 200
        made = door.gateway.health
        endpoint = made.tracker.endpoints["sim/silent-50ms-then-echo"]
        assert (endpoint.attempts, endpoint.standing.outstanding) == (1, 0)
        assert endpoint.succeeded is not None
        assert {row["endpoint"] for row in made.learning.told(made.tracker.now())} == {endpoint.name}


@story
async def test_what_changes_is_logged_counted_and_told_to_neighbours() -> None:
    async with scene(QUIET) as (door, _):
        await door.chat("echo")
        made = door.gateway.health
        endpoint = made.tracker.endpoints["sim/echo"]
        for _ in range(5):
            made.tracker.tell(endpoint.settle(endpoint.standing.enter(0.0), fault("upstream_reset"), 0.0, 0.0))
        assert made.chronicle.now().totals["ejections", "sim/echo"] == 1
        assert [said.word.what for said in made.hints.news()] == ["ejected"]


@story
async def test_time_is_looked_at_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "TICK", 0.05)
    async with house(CHANNEL + KEYS + QUIET) as door:
        made = door.gateway.health
        ticks: list[float] = []
        monkeypatch.setattr(HealthTracker, "tick", lambda _, now: ticks.append(now))
        await until(lambda: len(ticks) > 2)
        assert made._alarm.due < NEVER
    assert made._alarm.due == NEVER


@pytest.mark.parametrize("workers", [1, 2])
def test_only_who_has_neighbours_talks_to_them(workers: int, tmp_path: Path) -> None:
    @story
    async def told() -> None:
        text = f"server: {{workers: {workers}}}\n" + CHANNEL + KEYS + QUIET
        async with house(text, tmp_path / "05abcd.sock") as door:
            made = door.gateway.health
            assert made.shared is (workers > 1)
            assert made.learning._rules.share is (workers > 1)
            hearsay = door.gateway.door.hearsay
            assert (hearsay is not None) is (workers > 1)
        if hearsay is not None:
            assert hearsay._alarm.due == NEVER

    told()


@story
async def test_one_worker_of_the_host_probes() -> None:
    async with house(CHANNEL + KEYS + "health: {probe: {every: 1s}}\n") as door:  # as worker 5
        made = door.gateway.health
        await asyncio.sleep(0)
        assert made.prober._alarm.due == NEVER
        made.prober.start(probing=True)
        assert made.prober._alarm.due < NEVER
    assert made.prober._alarm.due == NEVER
    assert not made.shedding._on


@story
async def test_the_desk_shows_the_very_parts() -> None:
    async with house(CHANNEL + KEYS + QUIET) as door:
        made = door.gateway.health
        desk = made.desk()
        assert [desk.tracker, desk.prober, desk.learning] == [made.tracker, made.prober, made.learning]
        made.chronicle.changed("one", Change.KEY_DEAD, "0")
        assert desk.chronicle.died["one"].keys() == {0}
        assert door.gateway.door.shedding is made.shedding


def test_models_are_known_by_their_names_at_the_provider() -> None:
    text = "channels: [{name: a, base_url: 'http://h', models: [m, n], model_map: {n: far, o: away}}]\n" + KEYS
    assert health.spelt(build(loads(text))) == {"m", "far", "away"}


@pytest.mark.parametrize("shared", [False, True])
def test_who_has_neighbours_keeps_what_is_new_for_them(shared: bool) -> None:
    rules = health.learning_rules(HealthRules(adaptive="on", written=True, floor={"idle": 9.0}), shared=shared)
    assert (rules.mode, rules.share, rules.floor, rules.ceiling) == (Mode.ON, shared, {"idle": 9.0}, {})
    assert rules.written


@story
async def test_the_models_of_a_provider_are_asked_for_with_a_key_that_is_alive() -> None:
    async with scene(QUIET) as (door, _):
        made, (channel,) = door.gateway.health, door.gateway.door.catalog.channels
        before = made.tracker.channels["sim"].credentials
        assert "echo" in (await made.listed(channel)).names
        before.kill(0, 0.0)
        refused = await made.listed(channel)
        assert refused.failed is not None
        assert (refused.names, refused.failed.code) == ((), "upstream_auth")


@story
async def test_the_first_key_that_is_alive_shows_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    keys: list[int] = []

    async def ask(_: object, __: object, key: int) -> Listed:
        keys.append(key)
        return Listed()

    monkeypatch.setattr(health, "list_models", ask)
    two = CHANNEL.replace("name: one", "name: one, api_keys: [sk-first-key, sk-second-key]")
    async with house(two + KEYS + QUIET) as door:
        made, (channel,) = door.gateway.health, door.gateway.door.catalog.channels
        await made.listed(channel)
        made.tracker.channels["one"].credentials.kill(0, 0.0)
        await made.listed(channel)
        del made.tracker.channels["one"]
        await made.listed(channel)
    assert keys == [0, 1, 0]
