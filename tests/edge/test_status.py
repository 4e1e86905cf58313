from __future__ import annotations

import re

from tests.edge.conftest import house, story


@story
async def test_alive_and_ready_until_a_drain_begins() -> None:
    async with house() as door:
        for path, body in (("/healthz", '{"status":"ok"}'), ("/readyz", '{"status":"ready"}')):
            reply = await door.ask(path, key="none needed")
            assert (reply.status, reply.body, reply.headers["cache-control"]) == (200, body, "no-store")
        door.gateway.door.draining = True
        assert (await door.ask("/healthz")).status == 200
        reply = await door.ask("/readyz")
        assert (reply.status, reply.body) == (503, '{"status":"draining"}')


@story
async def test_figures_are_in_prometheus_form() -> None:
    async with house() as door:
        reply = await door.ask("/metrics")
        assert reply.status == 200
        assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert "\noutwait_in_flight 0.0\n" in reply.body
        assert "outwait_build_info{" in reply.body


@story
async def test_what_was_recorded_is_counted_at_once() -> None:
    async with house() as door:
        await door.ask("/v1/chat/completions", "content-length: 0", method="POST")
        door.gateway.recorder.settle(door.entries[0])
        page = (await door.ask("/metrics")).body
        assert re.search(r"^outwait_requests_total\{.*outcome=\"refused\".*\} 1\.0$", page, re.MULTILINE), page
