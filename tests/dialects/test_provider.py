from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.dialects.provider import COUNTING, GENERATION, Provider, Way, way
from outwait.dialects.providers import PROVIDERS

DIALECT = {
    "chat.completions": "openai",
    "responses": "responses",
    "messages": "anthropic",
    "messages.count_tokens": "anthropic",
    "generate_content": "gemini",
    "models.count_tokens": "gemini",
}


def found(provider: str, endpoint: str, model: str = "m", *endpoints: str) -> str | None:
    answer = way(PROVIDERS[provider], endpoints, DIALECT.get(endpoint, "openai"), endpoint, model)
    return None if answer is None else answer[0]


@pytest.mark.parametrize(
    "provider, endpoint, answer",
    [
        ("openai", "chat.completions", "chat.completions"),
        ("openai", "responses", "responses"),
        ("openai", "messages", "chat.completions"),
        ("openai", "generate_content", "chat.completions"),
        ("openai", "embeddings", "embeddings"),
        ("openai", "messages.count_tokens", None),
        ("anthropic", "chat.completions", "messages"),
        ("anthropic", "models.count_tokens", "messages.count_tokens"),
        ("anthropic", "embeddings", None),
        ("gemini", "messages", "generate_content"),
        ("gemini", "messages.count_tokens", "models.count_tokens"),
        ("gemini", "embeddings", "embeddings"),
        ("deepseek", "messages", "messages"),
        ("deepseek", "responses", "chat.completions"),
        ("bedrock", "responses", "messages"),
    ],
)
def test_the_same_endpoint_or_one_it_can_be_translated_to(provider: str, endpoint: str, answer: str | None) -> None:
    assert found(provider, endpoint) == answer


@pytest.mark.parametrize("model", ["o3-pro", "o3-pro-2025-06-10", "gpt-5-codex", "o4-mini-deep-research"])
@pytest.mark.parametrize("endpoint", GENERATION)
def test_models_that_only_responses_serves_go_there(model: str, endpoint: str) -> None:
    assert found("openai", endpoint, model) == found("azure", endpoint, model) == "responses"
    assert found("openrouter", "chat.completions", model) == "chat.completions"


def test_a_channel_allows_and_prefers_endpoints() -> None:
    assert found("openai", "messages", "m", "responses", "chat.completions") == "responses"
    assert found("openai", "chat.completions", "m", "responses") == "responses"
    assert found("openai", "embeddings", "m", "responses") is None
    # It knows better than the table of models.
    assert found("openai", "chat.completions", "o3-pro", "chat.completions") == "chat.completions"
    assert found("openai", "messages", "o3-pro", "chat.completions") == "chat.completions"


@pytest.mark.parametrize(
    "model, endpoint",
    [
        ("gemini-2.5-pro", "generate_content"),
        ("claude-sonnet-4-5@20250929", "messages"),
        ("meta/llama-3.3-70b-instruct-maas", "chat.completions"),
    ],
)
def test_on_vertex_the_model_says_what_is_spoken(model: str, endpoint: str) -> None:
    for asked in GENERATION:
        assert found("vertex", asked, model) == endpoint
    counted = {"generate_content": "models.count_tokens", "messages": "messages.count_tokens"}.get(endpoint)
    for asked in COUNTING:
        assert found("vertex", asked, model) == counted


def test_azure_has_claude_models_beside_its_own() -> None:
    assert found("azure", "chat.completions", "claude-opus-4-1") == "messages"
    assert found("azure", "messages", "gpt-4o") == "chat.completions"


def test_another_dialects_endpoint_of_the_same_name_is_not_the_same() -> None:
    provider = Provider("p", {"embeddings": Way("other", "/e")})
    assert way(provider, (), "openai", "embeddings", "m") is None


@given(
    st.sampled_from(sorted(PROVIDERS)),
    st.lists(st.sampled_from(GENERATION + COUNTING), max_size=3),
    st.sampled_from(sorted(DIALECT)),
    st.sampled_from(["m", "o3-pro", "claude-x", "a/b", "gemini-x"]),
)
def test_what_is_found_is_offered_allowed_and_of_the_same_kind(
    provider: str, endpoints: list[str], endpoint: str, model: str
) -> None:
    allowed = tuple(name for name in endpoints if name in PROVIDERS[provider].ways)
    answer = way(PROVIDERS[provider], allowed, DIALECT[endpoint], endpoint, model)
    if answer is None:
        return
    name, at = answer
    assert PROVIDERS[provider].ways[name] is at
    assert not allowed or name in allowed
    assert (name in GENERATION) == (endpoint in GENERATION)
