"""A job at a provider outlives the process that began it: the next one reads it to its end, and pays nothing anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.app.conftest import get
from tests.edge.conftest import House, house, provider, story, until
from tests.store.places import exchange

from outwait.app.resuming import Resuming
from outwait.toolkit.simulate.server import Simulator

pytestmark = pytest.mark.slow  # real gateways and stores on disk

MODEL = "drip-20ms+long-40"


def asked(model: str = MODEL, *headers: str, **more: Any) -> bytes:
    body = json.dumps({"model": model, "input": "Hi", "background": True, **more}).encode()
    how = ("content-type: application/json", f"content-length: {len(body)}", *headers)
    return get("/v1/responses", *how, method="POST") + body


async def begun(door: House, model: Simulator, request: bytes) -> str:
    """A background response whose provider has its job, in a process that is killed then; its id."""
    reply = await door.send(request)
    assert reply.status == 200, reply.body
    ident: str = json.loads(reply.body)["id"]
    running = door.gateway.door.registry.get(f"ow_{ident[5:]}")
    assert running is not None
    await until(lambda: running.handle is not None)
    await door.storage.keeper.quiet()
    await door.kill()
    return ident


async def response(door: House, ident: str) -> dict[str, Any]:
    """It, once it is over."""
    await door.ended(f"ow_{ident[5:]}")
    told: dict[str, Any] = json.loads((await door.ask(f"/v1/responses/{ident}")).body)
    return told


def charged(model: Simulator) -> int:
    """How many of its calls cost something."""
    return sum(call.charged for call in model.calls)


@pytest.mark.parametrize("named", [False, True], ids=["", "with a name"])
def test_the_next_process_reads_it_to_its_end(tmp_path: Path, named: bool) -> None:
    @story
    async def told() -> None:
        request = asked(MODEL, *(["idempotency-key: q"] if named else []))
        async with provider() as (text, model):
            async with house(text, data_dir=tmp_path) as door:
                ident = await begun(door, model, request)
            async with house(text, data_dir=tmp_path) as door:
                (running,) = door.gateway.door.registry
                assert running.id == f"ow_{ident[5:]}"
                assert door.gateway.door.registry.name_of(running) is not None or not named
                if named:  # whoever asks again is given it
                    again = json.loads((await door.send(request)).body)
                    assert again["id"] == ident
                over = await response(door, ident)
                assert (over["status"], over["id"], over["error"]) == ("completed", ident, None)
                assert len(over["output"][0]["content"][0]["text"].split()) == 40
            assert charged(model) == 1

    told()


@pytest.mark.parametrize("change", ["its key may less", "its key is gone"])
def test_what_was_begun_goes_on_though_its_key_may_not_begin_it_now(tmp_path: Path, change: str) -> None:
    @story
    async def told() -> None:
        async with provider() as (text, model):
            async with house(text, data_dir=tmp_path) as door:
                ident = await begun(door, model, asked())
            fresh = text.replace("name: dev,", "name: other," if change.endswith("gone") else "name: dev, models: [x],")
            async with house(fresh, data_dir=tmp_path) as door:
                (running,) = door.gateway.door.registry
                await door.ended(running.id)
                row = await door.storage.store.responses.find(ident, "dev")
                assert row is not None
                assert row.status == "completed"
            assert charged(model) == 1

    told()


def test_without_the_channel_that_has_it_it_fails_and_says_so(tmp_path: Path) -> None:
    @story
    async def told() -> None:
        async with provider() as (text, model):
            async with house(text, data_dir=tmp_path) as door:
                ident = await begun(door, model, asked())
            async with house(text.replace("name: sim,", "name: another,"), data_dir=tmp_path) as door:
                over = await response(door, ident)
                assert over["status"] == "failed"
                assert over["error"]["message"]
            assert charged(model) == 1

    told()


def test_without_any_channel_for_its_model_it_fails_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    @story
    async def told() -> None:
        async with provider() as (text, model):
            async with house(text, data_dir=tmp_path) as door:
                ident = await begun(door, model, asked())
            async with house(text.replace("name: sim,", "name: sim, models: [y],"), data_dir=tmp_path) as door:
                assert (await response(door, ident))["status"] == "failed"

    told()
    assert "a job cannot be read any more" in caplog.text


@story
async def test_what_nothing_is_known_of_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    row = exchange(key="dev", provider='{"channel":"one","ident":"resp_1"}')
    async with house(data_dir=tmp_path) as door:
        made = Resuming(door.gateway.door, door.storage.store)
        await made.resume(row)
        assert len(door.gateway.door.registry) == 0
    assert "nothing says what it was asked" in caplog.text
