from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest
from tests.app.conftest import chat
from tests.edge.conftest import CHANNEL, KEYS, house, provider, story
from tests.edge.test_serve_call import scene

from outwait.app import gateway
from outwait.config.load import loads
from outwait.config.settings import LimitsSection

LIMITS = """
server: {limits: {request_line: 1KB, headers: 9, header_bytes: 3KB, header_time: 3, body_rate: 5, body_time: 7,
  json_body: 11KB, keepalive: 13, per_ip: 17, replay: 19KB, replay_memory: 23KB, upstream_response: 29KB}}
"""


@story
async def test_the_limits_of_the_configuration_reach_the_parts_they_bind() -> None:
    async with house(CHANNEL + LIMITS) as door:
        limits = door.gateway.server.limits
        assert (limits.request_line, limits.headers, limits.head_bytes, limits.head_seconds) == (1024, 9, 3072, 3)
        assert (limits.body_rate, limits.body_seconds, limits.idle_seconds, limits.per_ip) == (5, 7, 13, 17)
        assert door.gateway.server.body_limit("/v1/chat/completions") == 11 * 1024
        bounds = door.gateway.door.ports.bounds
        assert bounds.directory == door.gateway.settings.data_dir
        assert (bounds.cap, bounds.memory, bounds.lag) == (19 * 1024, 23 * 1024, 23 * 1024)
        assert door.gateway.upstream._max_body == 29 * 1024


def test_limits_that_bind_nothing_yet_are_known() -> None:
    """A limit that is added to the configuration must be wired, or named here."""
    wired = {
        "request_line", "headers", "header_bytes", "header_time", "body_rate", "body_time", "json_body", "keepalive",
        "per_ip", "per_ip_except", "replay", "replay_memory", "upstream_response", "file_body",
    }  # fmt: skip
    assert set(LimitsSection.model_fields) - wired == set()


@story
async def test_calls_above_a_channels_limit_wait_for_their_turn() -> None:
    async with scene() as (door, model):
        door.gateway.health.tracker.channels["sim"].bound(1)
        replies = await asyncio.gather(*(door.chat("silent-50ms-then-echo") for _ in range(3)))
        assert [reply.status for reply in replies] == [200] * 3
        began = sorted(call.at for call in model.calls)
        assert all(later - sooner >= 0.045 for sooner, later in pairwise(began))


@story
async def test_a_reload_changes_models_keys_slots_and_what_is_masked() -> None:
    async with house(CHANNEL + KEYS) as door:
        made = door.gateway
        new = CHANNEL.replace("m1", "m7").replace("name: one", "name: one, api_key: sk-canary-new, max_in_flight: 4")
        made.reload(loads(new + KEYS.replace("ow-small", "ow-other")))
        assert made.door.catalog.version == 2
        assert (await door.ask("/v1/models/m1")).status == 404
        assert (await door.ask("/v1/models/m7")).status == 200
        assert (await door.ask("/v1/models", key="ow-small")).status == 401
        assert (await door.ask("/v1/models", key="ow-other")).status == 200
        assert made.health.tracker.channels["one"].max_in_flight == 4
        assert made.metrics.models.label("m7", served=False) == "m7"
        for secret in ("sk-canary-new", "ow-small", "ow-other"):
            assert secret not in made.logs.redactor.text(f"it was {secret}")


@story
async def test_what_providers_listed_is_asked_for_anew_after_a_reload_and_not_at_the_end() -> None:
    async with provider() as (text, _), house(text) as door:
        lists = door.gateway.door.lists
        assert lists is not None
        assert '"echo"' in (await door.ask("/v1/models")).body
        assert "echo" in lists.told()["sim"]
        door.gateway.reload(loads(text.replace("name: sim", "name: sim, weight: 2")))
        assert lists.told() == {}
        assert '"echo"' in (await door.ask("/v1/models")).body
    assert lists.told() == {}


@story
async def test_what_a_bad_channel_would_break_stays_as_it_was() -> None:
    async with house(CHANNEL + KEYS) as door:
        with pytest.raises(ValueError, match=r"127\.0\.0\.256"):
            door.gateway.reload(loads("channels: [{name: b, base_url: 'http://127.0.0.256'}]\n" + KEYS))
        assert door.gateway.door.catalog.version == 1
        assert (await door.ask("/v1/models/m1")).status == 200


@story
async def test_running_is_what_has_not_ended() -> None:
    async with scene() as (door, _):
        running = gateway._running(door.gateway.door.registry)
        call = asyncio.ensure_future(door.chat("silent-100ms-then-echo"))
        while not door.gateway.door.registry:  # noqa: ASYNC110 - nothing tells of an accepted call
            await asyncio.sleep(0.01)
        assert running() == 1
        await call
        assert running() == 0


@story
async def test_a_close_waits_for_answers_and_says_whether_all_were_whole() -> None:
    async with scene() as (door, _):
        call = asyncio.ensure_future(door.chat("silent-200ms-then-echo"))
        while not door.gateway.door.registry:  # noqa: ASYNC110 - nothing tells of an accepted call
            await asyncio.sleep(0.01)
        assert await door.gateway.close(10) is True
        assert (await call).status == 200


@pytest.mark.parametrize("hurried", [False, True])
def test_who_still_waits_at_the_end_is_told_so(hurried: bool) -> None:
    @story
    async def told() -> None:
        async with scene("heartbeat: {after: 300s}\n") as (door, _):
            call = asyncio.ensure_future(door.chat("silent-20s", stream=True))
            while not door.gateway.door.registry:  # noqa: ASYNC110 - nothing tells of an accepted call
                await asyncio.sleep(0.01)
            hurry = asyncio.Event()
            asyncio.get_running_loop().call_later(0.05, hurry.set)
            assert await door.gateway.close(60 if hurried else 0.05, hurry if hurried else None) is False
            reply = await call
            assert (reply.status, reply.error["code"]) == (503, "gateway_draining")
            assert (reply.headers["x-should-retry"], reply.headers["retry-after"]) == ("true", "1")
            assert len(door.gateway.door.registry) == 0

    told()


# ------------------------------------------------------------------------------------------------- with a store
@story
async def test_a_drain_stores_what_runs_without_a_client(tmp_path: Path) -> None:
    async with provider() as (text, model):
        async with house(text, data_dir=tmp_path) as door:
            ident = await door.leave(chat("silent-200ms-then-echo", stream=False))
            assert await door.gateway.close(10) is True
            assert [call.outcome for call in model.calls] == ["whole"]
        async with house(text, data_dir=tmp_path) as door:
            assert (await door.state(ident))["result"]["choices"][0]["message"]["content"] == "Hi"


@story
async def test_a_drain_without_time_says_what_was_lost(tmp_path: Path) -> None:
    """With what had come of it: nothing is written by a process that says it is over."""
    async with provider() as (text, _):
        async with house(text, data_dir=tmp_path) as door:
            ident = await door.leave(chat("drip-20ms+long-900", stream=True), b"data:")
            assert await door.gateway.close(0.05) is False
            page = door.gateway.metrics.render()  # the recorder told it the last figures
            assert b'outwait_lost_requests_total{reason="drain"} 1.0' in page
        async with house(text, data_dir=tmp_path) as door:
            state = await door.state(ident)
            assert (state["status"], state["complete"]) == ("lost", False)
            assert state["fault"]["code"] == "gateway_draining"
            told = await door.ask(f"/v1/exchanges/{ident}/stream")
            assert (told.status, "gateway_draining" in told.body) == (200, True)


@story
async def test_the_last_figures_are_told_after_the_last_write(tmp_path: Path) -> None:
    async with provider() as (text, _), house(text, data_dir=tmp_path) as door:
        await door.leave(chat("silent-100ms-then-echo", stream=False))
        metrics = door.gateway.metrics
        await door.gateway.close(10)
        assert b"outwait_kept_answers_total 1.0" in metrics.render()


@story
async def test_a_spill_is_used_only_where_answers_are_kept(tmp_path: Path) -> None:
    more = "server: {limits: {replay: 1MB, replay_memory: 4KB}}\n"
    async with house(CHANNEL + KEYS + more, data_dir=tmp_path) as door:
        made = door.gateway.door
        assert (made.ports.bounds.cap, made.bare.bounds.cap) == (1 << 20, 4 << 10)
    async with house(CHANNEL + KEYS + more, forgetful=True) as door:
        assert door.gateway.door.ports.bounds.cap == 4 << 10
        assert not door.gateway.door.registry.keeps("dev")


def test_a_side_door_names_the_worker_and_its_life(tmp_path: Path) -> None:
    @story
    async def told() -> None:
        async with house(side_door=tmp_path / "07cafe", data_dir=tmp_path / "kept") as door:
            assert door.gateway.door.name == "07cafe"
            assert door.storage.life.boot.split("-")[1] == "07cafe"
        async with house() as door:
            assert door.gateway.door.name.startswith("05")

    told()
