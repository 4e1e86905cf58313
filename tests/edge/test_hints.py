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
        ("/models/gemini-3:generateContent", "Did you mean /v1beta/models/gemini-3:generateContent?"),
        ("/v1/v1beta/models/gemini-3:streamGenerateContent", "a Gemini client should end right after the host"),
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
        ("/v1/files", "/v1/files"),
        ("/v1/files/file-1/content", "/v1/files"),
        ("/files", "/v1/files"),
        ("/v1/v1/batches", "/v1/batches"),
        ("/v1/complete", "/v1/complete"),
        ("/v1/realtime", "/v1/realtime"),
        ("/v1/responses/compact", "/v1/responses/compact"),
        ("/v1/responses/input_tokens", "/v1/responses/input_tokens"),
    ],
)
def test_what_providers_offer_and_this_does_not_is_named(path: str, known: str) -> None:
    assert hints.later(path) == f"outwait does not offer {known} yet; it answers /v1/chat/completions."


@pytest.mark.parametrize(
    "path, sentence",
    [
        ("/v1/messages/", "Did you mean /v1/messages? It has no slash at its end."),
        ("/messages", "Did you mean /v1/messages? The base URL of an Anthropic client should end right after the host"),
        ("/v1/v1/messages", "Did you mean /v1/messages? The base URL of an Anthropic client"),
        ("/anthropic/v1/messages/count_tokens", "Did you mean /v1/messages/count_tokens?"),
        ("/completions", "Did you mean /v1/completions? The base URL of an OpenAI client"),
        ("/openai/v1/chat/completions", "Did you mean /v1/chat/completions?"),
        ("/v1/v1/rerank", "Did you mean /v1/rerank?"),
        ("/x/v1/rerank", "Did you mean /v1/rerank?"),
    ],
)
def test_one_path_may_be_the_end_of_another(path: str, sentence: str) -> None:
    known = (
        "/rerank", "/v1/rerank", "/v1/completions", "/v1/chat/completions", "/v1/messages", "/v1/messages/count_tokens",
    )  # fmt: skip
    assert sentence in hints.hint(path, known)


def test_what_is_offered_is_not_called_missing() -> None:
    assert [path for path in ROUTES if hints.later(path)] == []
    assert hints.later("/v1/filesx") is None
    assert hints.later("/v1/completions") is None


@given(
    st.lists(st.sampled_from(["/", "v1", "chat", "completions", "models", "responses", "x", "/openai"]), max_size=12)
)
def test_every_path_gets_a_short_sentence(parts: list[str]) -> None:
    path = "/" + "/".join(parts)
    sentence = hints.later(path) or hints.hint(path, ROUTES)
    assert sentence.endswith((".", "?"))
    assert len(sentence) < 250
