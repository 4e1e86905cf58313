from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.edge import hints
from outwait.edge.routes import ROUTES


@pytest.mark.parametrize(
    "path, sentence",
    [
        ("/chat/completions", "Did you mean /v1/chat/completions? The base URL of an OpenAI client should end in /v1"),
        ("/models", "Did you mean /v1/models?"),
        ("/v1/v1/chat/completions", "Did you mean /v1/chat/completions? The base URL should end in one /v1"),
        ("/v1//v1/models", "should end in one /v1; here it came twice"),
        ("/v1/chat/completions/", "Did you mean /v1/chat/completions? It has no slash at its end."),
        ("//v1//models", "Did you mean /v1/models? One slash is enough."),
        ("/openai/v1/chat/completions", "Did you mean /v1/chat/completions?"),
        ("/v1/healthz", "Did you mean /healthz? It stands at the root, without /v1."),
        ("/healthz/", "Did you mean /healthz? It has no slash"),
        ("/health", "Did you mean /healthz?"),
        ("/ready/", "Did you mean /readyz?"),
        ("/openai/deployments/gpt-4o/chat/completions", "a path of Azure's clients"),
        ("/", "give OpenAI clients a base URL that ends in /v1"),
        ("/v1/", "give OpenAI clients a base URL that ends in /v1"),
        ("/anything", "Model calls go to /v1/chat/completions."),
        ("*", "Model calls go to /v1/chat/completions."),
    ],
)
def test_a_wrong_path_is_told_the_right_one(path: str, sentence: str) -> None:
    assert hints.later(path) is None
    assert sentence in hints.hint(path, ROUTES)


@pytest.mark.parametrize(
    "path, known",
    [
        ("/v1/responses", "/v1/responses"),
        ("/v1/responses/resp_1", "/v1/responses"),
        ("/responses", "/v1/responses"),
        ("/v1/v1/embeddings", "/v1/embeddings"),
        ("/v1/messages/count_tokens", "/v1/messages"),
        ("/v1beta/models/gemini-3:generateContent", "/v1beta"),
    ],
)
def test_what_providers_offer_and_this_does_not_is_named(path: str, known: str) -> None:
    assert hints.later(path) == f"outwait does not offer {known} yet; it answers /v1/chat/completions."


def test_what_is_offered_is_not_called_missing() -> None:
    assert [path for path in ROUTES if hints.later(path)] == []
    assert hints.later("/v1/responsesx") is None


@given(
    st.lists(st.sampled_from(["/", "v1", "chat", "completions", "models", "responses", "x", "/openai"]), max_size=12)
)
def test_every_path_gets_a_short_sentence(parts: list[str]) -> None:
    path = "/" + "/".join(parts)
    sentence = hints.later(path) or hints.hint(path, ROUTES)
    assert sentence.endswith((".", "?"))
    assert len(sentence) < 250
