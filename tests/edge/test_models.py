from __future__ import annotations

import json

import pytest
from tests.edge.conftest import CHANNEL, KEYS, House, house, story

MORE = """
channels:
  - {name: one, base_url: 'http://a/v1', models: ['gpt-*', m1, org/m2], priority: 5}
  - {name: two, base_url: 'http://b/v1', models: [m1, zeta], model_map: {alias: m1}, priority: 1}
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
    async with house("channels: [{name: one, base_url: 'http://a/v1'}]\n") as door:
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
