from __future__ import annotations

import json
from typing import Any

import pytest

from outwait.core.catalog import Channel
from outwait.core.fault import Refusal
from outwait.upstream.smallest import Smallest


def asked(dialect: str, model: str, **more: Any) -> tuple[Smallest, dict[str, Any]]:
    small = Smallest(Channel("c", dialect, "https://h/v1", **more), model, 1)
    return small, json.loads(small.body)


@pytest.mark.parametrize(
    "dialect, model, endpoint, field, room",
    [
        ("openai", "gpt-4o", "chat.completions", "max_completion_tokens", 1),
        ("openai", "o3", "chat.completions", "max_completion_tokens", 16),
        ("openai", "o3-pro", "responses", "max_output_tokens", 16),
        ("compatible", "gpt-4o", "chat.completions", "max_tokens", 1),
        ("compatible", "whatever", "chat.completions", "max_tokens", 16),
        ("anthropic", "claude-opus-4-6", "messages", "max_tokens", 1),
    ],
)
def test_a_call_asks_for_as_little_as_the_model_allows(
    dialect: str, model: str, endpoint: str, field: str, room: int
) -> None:
    small, body = asked(dialect, model)
    assert (small.candidate.endpoint, small.candidate.key, body[field], body["model"]) == (endpoint, 1, room, model)
    assert small.asked == f"POST {endpoint}, at most {room} token{'s' if room > 1 else ''} of an answer"
    assert body.get("stream", False) is False
    assert b'"Hi"' in small.body


def test_gemini_has_the_model_in_its_path() -> None:
    small, body = asked("gemini", "gemini-2.0-flash")
    assert small.candidate.endpoint == "generate_content"
    assert body["generationConfig"]["maxOutputTokens"] == 1


def test_the_channels_own_name_of_the_model_and_its_way_are_used() -> None:
    small, body = asked("openai", "quick", model_map={"quick": "gpt-4o-2024"}, upstream_stream="always")
    assert (small.candidate.model, body["model"], body["stream"]) == ("gpt-4o-2024", "gpt-4o-2024", True)
    # What a model is, is told by the name clients use; an unknown one gets the larger room.
    assert body["max_completion_tokens"] == 16


def test_an_embedding_is_asked_for_one() -> None:
    small, body = asked("openai", "text-embedding-3-small")
    assert (small.candidate.endpoint, body) == ("embeddings", {"model": "text-embedding-3-small", "input": "Hi"})
    assert small.asked == "POST embeddings"
    read = small.reader(200, {"content-type": "application/json"})
    read.feed(b'{"object":"list","data":[{"embedding":[0.1]}]}')
    assert read.end().fault is None


@pytest.mark.parametrize(
    "dialect, model, said",
    [
        ("openai", "dall-e-3", "makes image"),
        ("openai", "whisper-1", "makes audio"),
        ("anthropic", "text-embedding-3-small", "nothing for embeddings"),
    ],
)
def test_what_is_not_sold_by_the_token_is_refused(dialect: str, model: str, said: str) -> None:
    with pytest.raises(Refusal) as refused:
        asked(dialect, model)
    assert said in refused.value.fault.message
    assert (refused.value.fault.code, refused.value.fault.param) == ("not_supported", "model")
