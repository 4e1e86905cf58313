"""One response, one id: that of a heartbeat which came before the answer, and that of a response which is continued."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.app.conftest import Reply
from tests.edge.conftest import KEYS, House, house, provider, story, until
from tests.edge.memory import Memory
from tests.edge.test_asking import Scene, asked, said, scene
from tests.edge.test_responses import events_in, numbers

from outwait.exchange.handle import Handle
from outwait.toolkit.simulate.server import Simulator

EARLY = "x-outwait-heartbeat: after=1s,every=1s"
SLOW = "silent-1300ms+long-3"


def responses_in(text: str) -> list[dict[str, Any]]:
    """The response in each event that has one."""
    told = [json.loads(event.partition("data: ")[2]) for event in events_in(text) if "data: {" in event]
    return [value["response"] for value in told if "response" in value]


def the_one_in(text: str) -> str:
    """The only id that a stream tells."""
    (ident,) = {response["id"] for response in responses_in(text)}
    return str(ident)


def now(told: dict[str, Any]) -> bool:
    return abs(time.time() - told["created_at"]) < 60


@pytest.mark.parametrize("endpoint", ["responses", "chat.completions"])
def test_a_held_stream_has_one_id_and_it_leads_to_the_response(endpoint: str) -> None:
    @story
    async def told() -> None:
        async with scene(endpoint=endpoint) as on:
            reply = await on.post(EARLY, model=SLOW, stream=True)
            responses = responses_in(reply.body)
            ident = the_one_in(reply.body)
            assert ident == "resp_" + reply.headers["x-outwait-exchange"].removeprefix("ow_")
            assert len(responses) >= 4  # two of the heartbeat, and some of the answer
            assert len({each["created_at"] for each in responses}) == 1
            assert now(responses[0])
            assert numbers(events_in(reply.body)) == list(range(len(events_in(reply.body.replace(": ping\n\n", "")))))
            kept = json.loads((await on.get(ident)).body)
            assert kept == responses[-1]
            assert (await on.get(f"{ident}/input_items")).status == 200
            assert (await on.get(f"{ident}/cancel", method="POST")).error["message"].startswith("Cannot cancel a sync")
            went_on = json.loads((await on.post(input="Two", previous_response_id=ident)).body)
            assert went_on["previous_response_id"] == ident
            assert (await on.get(ident, method="DELETE")).status == 200
            assert (await on.get(ident)).status == 404

    told()


@story
async def test_whoever_reads_it_besides_reads_the_same_id() -> None:
    async with scene(endpoint="responses") as on:
        name = "idempotency-key: one"
        slow: dict[str, Any] = {"model": "silent-1300ms+drip-100ms+long-6", "stream": True}
        first = asyncio.create_task(on.post(name, EARLY, **slow))
        await on.until(lambda: [each for each in on.door.gateway.door.registry if each.announced])
        (exchange,) = on.door.gateway.door.registry
        ident = "resp_" + exchange.id.removeprefix("ow_")
        assert json.loads((await on.get(ident)).body)["status"] == "in_progress"
        second = asyncio.create_task(on.post(name, "x-stainless-lang: python", **slow))
        behind = asyncio.create_task(on.get(f"{ident}?stream=true&starting_after=1"))
        whole = (await first).body
        events = [event for event in events_in(whole) if "data:" in event]
        assert the_one_in(whole) == ident
        for after, reply in ((1, await behind), (4, await on.get(f"{ident}?stream=true&starting_after=4"))):
            assert events_in(reply.body.replace(": ping\n\n", "")) == events[after + 1 :]
        for reply in (await second, await on.get(f"{ident}?stream=true")):
            assert the_one_in(reply.body) == ident
            assert responses_in(reply.body)[-1] == responses_in(whole)[-1]
        assert len(on.model.calls) == 1


@story
async def test_what_nobody_keeps_has_one_id_too() -> None:
    async with scene(endpoint="responses") as on:
        reply = await on.post(EARLY, model=SLOW, stream=True, store=False)
        ident = the_one_in(reply.body)
        assert now(responses_in(reply.body)[0])
        assert (await on.get(ident)).status == 404
    async with scene(endpoint="responses", keeps=False) as on:  # only the upstream keeps it, under its own
        reply = await on.post(EARLY, model=SLOW, stream=True)
        assert reply.body.startswith(": ping")
        assert (await on.post(previous_response_id=the_one_in(reply.body))).status == 200


@story
async def test_the_id_outlives_a_restart(tmp_path: Path) -> None:
    async with provider() as (plain, model):
        config = plain.replace("}]", ", dialect: openai, endpoints: [responses]}]", 1)
        config = config.replace("heartbeat: {enabled: false}\n", "")
        async with house(config, data_dir=tmp_path) as on:
            reply = await on.send(asked(EARLY, model=SLOW, stream=True))
            ident = the_one_in(reply.body)
            await on.ended("ow_" + ident.removeprefix("resp_"))
        async with house(config, data_dir=tmp_path) as on:
            kept = json.loads((await on.ask(f"/v1/responses/{ident}")).body)
            assert kept == responses_in(reply.body)[-1]
            behind = await on.ask(f"/v1/responses/{ident}?stream=true&starting_after=3")
            assert responses_in(behind.body)[-1] == kept
            again = await on.send(asked(input="Two", previous_response_id=ident))
            assert json.loads(again.body)["previous_response_id"] == ident
            row = await on.storage.store.responses.find(ident, "dev")
            assert row is not None
            assert msgspec.json.decode(row.handle or "", type=Handle).ident not in {ident, ""}  # it is asked by its own
            assert (await on.ask(f"/v1/responses/{ident}", method="DELETE")).status == 200
            await until(lambda: [call for call in model.calls if call.method == "DELETE"])
            assert (await on.ask(f"/v1/responses/{ident}")).status == 404


# -- the response that is continued


@asynccontextmanager
async def two_channels() -> AsyncIterator[Scene]:
    """One channel that speaks chat only, and one that keeps responses itself."""
    model = Simulator()
    url = await model.start()
    try:
        chat = f"{{name: chat, base_url: '{url}', dialect: openai, endpoints: [chat.completions], models: [echo]}}"
        own = f"{{name: own, base_url: '{url}', dialect: openai, endpoints: [responses], models: [fast]}}"
        async with house(f"channels: [{chat}, {own}]\n{KEYS}") as door:
            yield Scene(door, model, Memory(door))
    finally:
        await model.stop()


def previous_in(reply: Reply) -> set[str | None]:
    assert reply.status == 200, reply.body
    if reply.headers["content-type"].startswith("application/json"):
        return {json.loads(reply.body)["previous_response_id"]}
    return {response["previous_response_id"] for response in responses_in(reply.body)}


@pytest.mark.parametrize("stream", [False, True])
def test_the_response_before_is_called_as_the_client_calls_it(stream: bool) -> None:
    @story
    async def told() -> None:
        async with two_channels() as on:
            job = json.loads((await on.post(model="fast", background=True)).body)["id"]
            await on.ended(job)
            translated = json.loads((await on.post(model="echo")).body)["id"]
            plain = json.loads((await on.post(model="fast")).body)["id"]
            for before in (job, translated, plain):
                reply = await on.post(model="fast", input="Two", previous_response_id=before, stream=stream)
                assert previous_in(reply) == {before}
                ident = responses_in(reply.body)[-1]["id"] if stream else json.loads(reply.body)["id"]
                kept = json.loads((await on.get(ident)).body)
                assert kept["previous_response_id"] == before
                assert said(kept)
            assert (await on.get(job)).status == 200

    told()


@pytest.mark.parametrize("endpoint", ["chat.completions", "messages", "generate_content"])
def test_a_translated_completion_says_when_it_was_made(endpoint: str) -> None:
    dialect = {"chat.completions": "openai", "messages": "anthropic", "generate_content": "gemini"}[endpoint]

    @story
    async def told() -> None:
        model = Simulator()
        url = await model.start()
        try:
            config = f"channels: [{{name: sim, base_url: '{url}', dialect: {dialect}}}]\n{KEYS}"
            async with house(config) as door:
                whole = json.loads((await door.chat("fast")).body)
                assert abs(time.time() - whole["created"]) < 60
                chunks = [
                    json.loads(line.removeprefix("data: "))
                    for line in (await door.chat("drip-20ms+long-3", stream=True)).body.splitlines()
                    if line.startswith("data: {")
                ]
                (created,) = {chunk["created"] for chunk in chunks}
                assert abs(time.time() - created) < 60
                assert now(json.loads((await ask(door, stream=False)).body))
                assert all(now(each) for each in responses_in((await ask(door, stream=True)).body))
        finally:
            await model.stop()

    told()


async def ask(door: House, *, stream: bool) -> Reply:
    return await door.send(asked(model="fast", stream=stream))
