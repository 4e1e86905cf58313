from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.edge.conftest import CHANNEL, KEYS, House, house, story, until

from outwait.config.load import loads
from outwait.core.catalog import Channel
from outwait.edge import model_lists
from outwait.edge.model_lists import ModelLists
from outwait.toolkit.simulate.server import Simulator
from outwait.upstream.listing import Listed

MORE = """
channels:
  - {name: one, base_url: 'http://127.0.0.1:9/v1', models: ['gpt-*', m1, org/m2], priority: 5}
  - {name: two, base_url: 'http://127.0.0.1:9/v1', models: [m1, zeta], model_map: {alias: m1}, priority: 1}
"""


async def listed(door: House, key: str | None = None) -> dict[str, str]:
    told = json.loads((await door.ask("/v1/models", key=key)).body)
    assert told["object"] == "list"
    assert all(card["object"] == "model" and card["created"] == 0 for card in told["data"])
    return {card["id"]: card["owned_by"] for card in told["data"]}


@story
async def test_the_models_that_are_known_by_name_and_who_serves_them() -> None:
    async with house(MORE + KEYS) as door:
        assert await listed(door) == {"alias": "two", "m1": "two", "org/m2": "one", "zeta": "two"}
        assert await listed(door, "ow-small") == {"m1": "two"}


@story
async def test_without_keys_everybody_may_ask() -> None:
    async with house(CHANNEL) as door:
        assert await listed(door, "whatever") == {"m1": "one", "org/m2": "one"}


@pytest.mark.parametrize("path", ["m1", "gpt-5", "org/m2", "org%2Fm2"])
def test_one_model_by_name_or_by_glob(path: str) -> None:
    @story
    async def told() -> None:
        async with house() as door:
            reply = await door.ask(f"/v1/models/{path}")
            assert (reply.status, json.loads(reply.body)["id"]) == (200, path.replace("%2F", "/"))
            assert door.entries == []

    told()


@pytest.mark.parametrize(
    "path, key, status, code",
    [
        ("m9", None, 404, "model_not_found"),
        ("gpt-5", "ow-small", 403, "permission_denied"),
        ("x" * 300, None, 400, "invalid_value"),
        ("m1", "ow-wrong", 401, "invalid_api_key"),
    ],
)
def test_a_model_that_could_not_be_called_is_refused_as_its_call_would_be(
    path: str, key: str | None, status: int, code: str
) -> None:
    @story
    async def told() -> None:
        async with house() as door:
            reply = await door.ask(f"/v1/models/{path}", key=key)
            assert (reply.status, reply.error["code"]) == (status, code)
            assert [entry.status for entry in door.entries] == [status]

    told()


@story
async def test_the_list_asks_for_a_key_too() -> None:
    async with house() as door:
        assert (await door.ask("/v1/models", key="ow-wrong")).status == 401


@story
async def test_anthropics_clients_are_told_in_their_form() -> None:
    async with house(MORE + KEYS) as door:
        told = json.loads((await door.ask("/v1/models", "anthropic-version: 2023-06-01")).body)
        assert [card["id"] for card in told["data"]] == ["alias", "m1", "org/m2", "zeta"]
        assert (told["has_more"], told["first_id"], told["last_id"]) == (False, "alias", "zeta")
        card = json.loads((await door.ask("/v1/models/m1", "anthropic-version: 2023-06-01")).body)
        assert (card["type"], card["id"], card["display_name"]) == ("model", "m1", "m1")
        refused = json.loads((await door.ask("/v1/models/m9", "anthropic-version: 2023-06-01")).body)
        assert refused["error"]["type"] == "not_found_error"


@story
async def test_a_list_may_be_empty() -> None:
    async with house("channels: [{name: one, base_url: 'http://127.0.0.1:9/v1'}]\n") as door:
        told = json.loads((await door.ask("/v1/models", "anthropic-version: 2023-06-01")).body)
        assert (told["data"], told["first_id"]) == ([], None)


@pytest.mark.parametrize(
    "path, header",
    [("/v1beta/models", "x: y"), ("/v1/models", "x-goog-api-client: google-genai-sdk/3.4 gl-python/3.11")],
)
def test_geminis_clients_are_told_in_their_form(path: str, header: str) -> None:
    @story
    async def told() -> None:
        async with house(MORE + KEYS) as door:
            found = json.loads((await door.ask(path, header)).body)["models"]
            assert [card["name"] for card in found] == ["models/alias", "models/m1", "models/org/m2", "models/zeta"]
            card = json.loads((await door.ask(f"{path}/m1", header)).body)
            assert card["name"] == "models/m1"
            assert card["supportedGenerationMethods"] == ["generateContent", "streamGenerateContent"]
            refused = json.loads((await door.ask(f"{path}/m9", header)).body)
            assert refused["error"]["status"] == "NOT_FOUND"

    told()


@story
async def test_geminis_clients_are_told_what_the_channel_can_do() -> None:
    house_of = "channels: [{name: g, dialect: gemini, api_key: sk-gemini-key, models: [m1]}]\n"
    async with house(house_of + KEYS) as door:
        card = json.loads((await door.ask("/v1beta/models/m1")).body)
        methods = ["generateContent", "streamGenerateContent", "countTokens", "embedContent", "batchEmbedContents"]
        assert card["supportedGenerationMethods"] == methods


# ------------------------------------------------------------------------------------------------- what providers list
SHELF = ("fast", "echo", "silent-5ms", "silent-6ms")


@asynccontextmanager
async def shelf(channel: str, models: tuple[str, ...] = SHELF, keys: str = KEYS) -> AsyncIterator[House]:
    """A gateway before a simulated provider that lists `models`. `channel`: what is added to the channel's settings."""
    model = Simulator(models=models)
    url = await model.start()
    try:
        async with house(f"channels: [{{name: sim, base_url: '{url}', {channel}}}]\n{keys}") as door:
            yield door
    finally:
        await model.stop()


@story
async def test_an_open_channel_shows_what_its_provider_lists() -> None:
    async with shelf("model_map: {alias: fast}") as door:
        assert list(await listed(door)) == sorted((*SHELF, "alias"))
        assert set((await listed(door)).values()) == {"sim"}
        assert await listed(door, "ow-small") == {}  # m* only
        assert door.entries == []


@story
async def test_a_channel_with_globs_shows_what_fits_them() -> None:
    async with shelf("models: ['silent-*', other], model_map: {alias: fast}") as door:
        assert list(await listed(door)) == ["alias", "other", "silent-5ms", "silent-6ms"]
        told = json.loads((await door.ask("/v1/models", "anthropic-version: 2023-06-01")).body)
        assert [card["id"] for card in told["data"]] == ["alias", "other", "silent-5ms", "silent-6ms"]
        told = json.loads((await door.ask("/v1beta/models", "x: y")).body)
        assert [card["name"] for card in told["models"]][-1] == "models/silent-6ms"
        assert (await door.ask("/v1/models/silent-5ms")).status == 200
        assert (await door.chat("silent-5ms")).status == 200


@story
async def test_what_a_key_may_not_use_is_not_shown() -> None:
    keys = "keys: [{name: all, key: ow-%s}, {name: few, key: ow-few, models: ['silent-*', 'gpt-*']}]\n" % ("test" * 6)
    async with shelf("priority: 0", keys=keys) as door:
        assert list(await listed(door, "ow-few")) == ["silent-5ms", "silent-6ms"]
        assert list(await listed(door)) == sorted(SHELF)


@story
async def test_thousands_of_models_are_shown_and_others_are_served_meanwhile() -> None:
    names = tuple(f"long-{number}" for number in range(1, 1201))
    async with shelf("priority: 0", names) as door:
        told = json.loads((await door.ask("/v1beta/models", "x: y")).body)
        assert len(told["models"]) == len(names)
        assert list(await listed(door)) == sorted(names)


@story
async def test_a_stranger_makes_nobody_ask() -> None:
    async with shelf("priority: 0") as door:
        asked: list[str] = []
        asking(door, asked)
        for path in ("/v1/models", "/v1/models/fast", "/v1beta/models"):
            await door.ask(path, key="ow-wrong")
        await door.ask("/v1/models/fast")
        await door.chat("fast")
        assert asked == []
        await door.ask("/v1/models", method="HEAD")
        assert asked == ["sim"]


def asking(door: House, asked: list[str], answer: asyncio.Future[Listed] | None = None) -> ModelLists:
    """Notes who is asked; `answer` is what they say, once it is there."""

    async def ask(channel: Channel) -> Listed:
        asked.append(channel.name)
        return Listed(("seen",)) if answer is None else await answer

    lists = door.gateway.door.lists
    assert lists is not None
    lists._ask = ask
    return lists


@story
async def test_a_provider_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_lists, "WAIT", 0.05)
    async with house() as door:
        answer: asyncio.Future[Listed] = asyncio.get_running_loop().create_future()
        lists = asking(door, [], answer)
        assert await listed(door) == {"m1": "one", "org/m2": "one"}
        answer.set_result(Listed(("gpt-5", "o3")))
        await until(lists.told)
        assert await listed(door) == {"gpt-5": "one", "m1": "one", "org/m2": "one"}


@story
async def test_who_is_out_when_the_answer_comes_is_not_shown_it() -> None:
    async with house() as door:
        answer: asyncio.Future[Listed] = asyncio.get_running_loop().create_future()
        asked: list[str] = []
        asking(door, asked, answer)
        client = asyncio.ensure_future(door.ask("/v1/models", key="ow-small"))
        await until(lambda: asked)
        door.gateway.reload(loads(CHANNEL.replace("m1", "m7") + KEYS.replace("ow-small", "ow-other")))
        assert (await client).status == 401


@story
async def test_without_lists_the_configuration_is_shown() -> None:
    async with shelf("models: ['*', m1]") as door:
        door.gateway.door.lists = None
        assert await listed(door) == {"m1": "sim"}
