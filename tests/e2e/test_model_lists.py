"""The lists of models, as each protocol's clients ask for them and know them."""

from __future__ import annotations

import anthropic
import openai
import pytest
from google import genai
from google.genai import types
from tests.e2e.acts import Serve
from tests.e2e.asking import get
from tests.e2e.backstage import Provider
from tests.e2e.stage import Gateway

from outwait.toolkit.simulate.script import EXAMPLES

KEY = "key-of-a-curious-client"
NAMED = {"fast", "voice", "claude"}
LISTED = NAMED | {name for name in EXAMPLES if name.startswith("silent-")}  # what the provider has for the glob


@pytest.fixture(scope="module")
def gateway(serve: Serve, provider: Provider) -> Gateway:
    root = f"http://127.0.0.1:{provider.port}"
    channels = [
        {"name": "plain", "base_url": f"{root}/v1", "models": ["fast", "silent-*"], "model_map": {"voice": "fast"}},
        {"name": "other", "dialect": "anthropic", "base_url": root, "models": ["claude", "fast"]},
    ]
    return serve({"channels": channels, "keys": [{"name": "curious", "key": KEY}]}, "models")


def test_models_are_listed_in_three_forms(gateway: Gateway) -> None:
    told = get(gateway.port, "/v1/models", {"Authorization": f"Bearer {KEY}"}).json
    assert (told["object"], {each["id"] for each in told["data"]}) == ("list", LISTED)
    told = get(gateway.port, "/v1/models", {"x-api-key": KEY, "anthropic-version": "2023-06-01"}).json
    assert {(each["type"], each["id"]) for each in told["data"]} == {("model", name) for name in LISTED}
    assert told["has_more"] is False
    for path in ("/v1/models", "/v1beta/models"):
        told = get(gateway.port, path, {"x-goog-api-key": KEY}).json
        assert {each["name"] for each in told["models"]} == {f"models/{name}" for name in LISTED}
    assert get(gateway.port, f"/v1beta/models?key={KEY}").status == 200


def test_the_sdks_read_them(gateway: Gateway) -> None:
    root = f"http://127.0.0.1:{gateway.port}"
    with (
        openai.OpenAI(base_url=f"{root}/v1", api_key=KEY) as of_openai,
        anthropic.Anthropic(base_url=root, api_key=KEY) as of_anthropic,
        genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=root)) as of_google,
    ):
        assert {each.id for each in of_openai.models.list()} == LISTED
        assert {each.id for each in of_anthropic.models.list()} == LISTED
        assert {each.name for each in of_google.models.list()} == {f"models/{name}" for name in LISTED}
        assert of_openai.models.retrieve("silent-1s").id == "silent-1s"  # of a glob
        assert of_anthropic.models.retrieve("claude").type == "model"
        assert of_google.models.get(model="voice").name == "models/voice"


def test_a_model_nobody_has_is_not_found_in_each_form(gateway: Gateway) -> None:
    refused = get(gateway.port, "/v1/models/nope", {"Authorization": f"Bearer {KEY}"})
    assert (refused.status, refused.error["code"]) == (404, "model_not_found")
    refused = get(gateway.port, "/v1/models/nope", {"x-api-key": KEY, "anthropic-version": "2023-06-01"})
    assert (refused.status, refused.error["type"]) == (404, "not_found_error")
    refused = get(gateway.port, "/v1beta/models/nope", {"x-goog-api-key": KEY})
    assert (refused.status, refused.error["status"]) == (404, "NOT_FOUND")
