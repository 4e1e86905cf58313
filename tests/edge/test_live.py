from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.app.conftest import chat
from tests.edge.conftest import House, house, story, until

from outwait.edge import live
from outwait.exchange.live import Running
from outwait.toolkit.simulate.server import Simulator
from outwait.wire import errand
from outwait.wire.endpoint import SideDoor

KEYS = f"keys: [{{name: dev, key: ow-{'test' * 6}}}, {{name: boss, key: ow-boss, admin: true}}]\n"
SILENT = chat("silent-30s", stream=True)


def row(ident: str, started: float) -> Running:
    return Running(
        ident, "dev", "curl", "chat.completions", "o3", stream=True, scenario="reasoning", started=started, age=1.0,
        phase="sent", channel="a", upstream_model="o3", attempt=1, silence=1.0, clock="first_byte", left=1.0, span=2.0,
        reason="built-in", total_left=9.0, heartbeats=0, readers=1, patience=None, bytes=0,
    )  # fmt: skip


def test_the_parts_make_one_view() -> None:
    own = live.Part("02aaaa", 2, [row("c", 3.0), row("d", 4.0)])
    other = live.Part("01bbbb", 1, [row("a", 1.0)])
    told = live.view(own, [other], ["03cccc"], 2)
    assert [each.id for each in told.data] == ["a", "c"]
    assert (told.worker, told.in_flight, told.workers) == ("02aaaa", 3, {"01bbbb": 1, "02aaaa": 2})
    assert told.unheard == ["03cccc"]


@asynccontextmanager
async def workers(folder: Path, count: int) -> AsyncIterator[list[House]]:
    """So many workers that know each other, before a simulated provider; no store, so that they are there at once."""
    model = Simulator()
    text = f"channels: [{{name: sim, base_url: '{await model.start()}'}}]\n{KEYS}keep_results: off\n"
    try:
        async with AsyncExitStack() as stack:
            doors = [folder / f"{number:02x}ab{number:02x}" for number in range(count)]
            yield [await stack.enter_async_context(house(text, door)) for door in doors]
    finally:
        await model.stop()


async def silent(owner: House) -> asyncio.StreamWriter:
    registry = owner.gateway.door.registry
    before = len(registry)
    _, writer = await asyncio.open_connection("127.0.0.1", owner.port)
    writer.write(SILENT)
    await until(lambda: len(registry) > before)
    return writer


async def gone(owner: House, *writers: asyncio.StreamWriter) -> None:
    for writer in writers:
        writer.close()
    await until(lambda: not any(each.replay.readers for each in owner.gateway.door.registry))


async def told(owner: House, path: str = "/v1/live") -> Any:
    reply = await owner.ask(path, key="ow-boss")
    assert reply.status == 200, reply.body
    return json.loads(reply.body)


def test_what_is_in_flight_is_shown_and_no_word_of_it(tmp_path: Path) -> None:
    @story
    async def shown() -> None:
        async with workers(tmp_path, 1) as (owner,):
            first, second = await silent(owner), await silent(owner)
            page = await told(owner)
            assert (page["object"], page["in_flight"], page["workers"]) == ("live", 2, {"00ab00": 2})
            one = page["data"][0]
            assert (one["key"], one["model"], one["channel"], one["readers"]) == ("dev", "silent-30s", "sim", 1)
            assert one["started"] <= page["data"][1]["started"]
            assert "messages" not in json.dumps(page)
            assert len((await told(owner, "/v1/live?limit=1"))["data"]) == 1
            whole = await told(owner, f"/v1/live/{one['id']}")
            assert whole["id"] == one["id"]
            assert whole["timeline"][0][1] == "accepted"
            await gone(owner, first, second)

    shown()


@pytest.mark.slow
def test_workers_ask_each_other(tmp_path: Path) -> None:
    @story
    async def shown() -> None:
        async with workers(tmp_path, 2) as (one, two):
            writers = [await silent(one), await silent(two)]
            for asked in (one, two):
                page = await told(asked)
                assert (page["in_flight"], page["workers"], page["unheard"]) == (2, {"00ab00": 1, "01ab01": 1}, [])
                for each in page["data"]:
                    assert (await told(asked, f"/v1/live/{each['id']}"))["phase"]
            await gone(one, writers[0])
            await gone(two, writers[1])

    shown()


@pytest.mark.slow
def test_a_neighbour_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PATIENCE", 0.05)

    async def never(door: SideDoor, target: str) -> tuple[int, bytes]:
        assert target == "/internal/live/200"
        await asyncio.sleep(60)
        return 200, door.path.encode()

    @story
    async def shown() -> None:
        async with workers(tmp_path, 2) as (one, _):
            monkeypatch.setattr(errand, "fetch", never)
            page = await told(one)
            assert (page["workers"], page["unheard"]) == ({"00ab00": 0}, ["01ab01"])

    shown()


@pytest.mark.parametrize("body", [b"no json", b"{}", None])
def test_a_part_that_cannot_be_read_is_none(body: bytes | None, monkeypatch: pytest.MonkeyPatch) -> None:
    async def answers(door: SideDoor, target: str) -> tuple[int, bytes]:
        if body is None:
            raise errand.Unanswered(live._over(target))
        return 200, body

    monkeypatch.setattr(errand, "fetch", answers)
    assert asyncio.run(live._ask(SideDoor("/nowhere/00aaaa"), 5)) is None


def test_who_may_not_see_it_does_not(tmp_path: Path) -> None:
    @story
    async def shown() -> None:
        async with workers(tmp_path, 1) as (owner,):
            for path in ("/v1/live", "/v1/live/ow_1"):
                reply = await owner.ask(path)
                assert (reply.status, reply.error["code"]) == (403, "permission_denied")
                assert (await owner.ask(path, key="ow-nobody")).status == 401
                assert (await owner.ask(path, method="POST", key="ow-boss")).status == 405

    shown()


@pytest.mark.parametrize("limit", ["0", "x", "-1", "5001", "1e3", "٣", ""])
def test_a_limit_is_a_number(tmp_path: Path, limit: str) -> None:
    @story
    async def shown() -> None:
        async with workers(tmp_path, 1) as (owner,):
            from urllib.parse import quote

            reply = await owner.ask(f"/v1/live?limit={quote(limit)}", key="ow-boss")
            assert reply.status == (200 if limit == "" else 400)  # an empty one is none
            reply = await owner.ask("/v1/live/ow_nothing", key="ow-boss")
            assert (reply.status, reply.error["code"]) == (404, "not_found")

    shown()
