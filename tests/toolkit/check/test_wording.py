from __future__ import annotations

import json
from typing import Any

import pytest

from outwait.core.catalog import Channel
from outwait.toolkit.check.hearing import Ear, JsonEar, ListEar, PlainEar, StreamEar
from outwait.toolkit.check.target import BadTarget, Target, of_channel, of_url
from outwait.toolkit.check.wording import PROMPT, Asking, InvalidAddress, Wording, word


def asked(url: str, model: str | None = None, dialect: str | None = None, **asking: Any) -> Wording:
    return word(of_url(url, model=model, dialect=dialect, key="sk-canary-canary"), Asking(**asking))


def body(wording: Wording) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(wording.body)
    return told


@pytest.mark.parametrize(
    "url, dialect, target, header",
    [
        ("https://gw.test/v1", None, "https://gw.test/v1/chat/completions", "authorization"),
        ("https://gw.test", None, "https://gw.test/v1/chat/completions", "authorization"),
        ("https://gw.test/v1/chat/completions", None, "https://gw.test/v1/chat/completions", "authorization"),
        ("https://gw.test/v1", "responses", "https://gw.test/v1/responses", "authorization"),
        ("https://gw.test", "anthropic", "https://gw.test/v1/messages", "x-api-key"),
        (
            "https://gw.test",
            "gemini",
            "https://gw.test/v1beta/models/gpt-4o:streamGenerateContent?alt=sse",
            "x-goog-api-key",
        ),
    ],
)
def test_a_model_is_called_in_each_dialect(url: str, dialect: str | None, target: str, header: str) -> None:
    wording = asked(url, "gpt-4o", dialect)
    assert (wording.method, wording.url) == ("POST", target)
    assert "sk-canary-canary" in dict(wording.headers)[header]
    assert PROMPT in wording.body.decode()
    assert b"64" in wording.body
    about = wording.about
    assert (about.paid, about.stream, about.max_tokens, about.model) == (True, True, 64, "gpt-4o")
    assert about.asked == f"POST {target.removeprefix('https://gw.test').partition('?')[0]}"
    assert "canary" not in repr(wording)


def test_the_request_is_what_was_asked_for() -> None:
    told = body(asked("https://gw.test/v1", "gpt-4o", prompt="Hello?", max_tokens=7))
    assert told["messages"] == [{"role": "user", "content": "Hello?"}]
    assert (told["max_tokens"], told["stream"], told["stream_options"]) == (7, True, {"include_usage": True})
    whole = asked("https://gw.test/v1", "gpt-4o", stream=False)
    assert not body(whole).get("stream")
    assert whole.about.stream is False


def test_who_thinks_gets_room_to_think_in_the_words_of_openai() -> None:
    told = body(asked("https://api.openai.com/v1", "o3"))
    assert told["max_completion_tokens"] == 1024
    assert "max_tokens" not in told


def test_embeddings_are_asked_for_embeddings() -> None:
    wording = asked("https://gw.test/v1", "text-embedding-3-small")
    assert wording.url == "https://gw.test/v1/embeddings"
    assert body(wording) == {"model": "text-embedding-3-small", "input": PROMPT}
    assert (wording.about.stream, wording.about.max_tokens, wording.about.paid) == (None, None, True)
    assert isinstance(wording.ear(200, {"content-type": "application/json"}), PlainEar)


@pytest.mark.parametrize(
    "url, dialect, target",
    [
        ("https://gw.test/v1", None, "https://gw.test/v1/models"),
        ("https://gw.test", "anthropic", "https://gw.test/v1/models?limit=1"),
        ("https://gw.test", "gemini", "https://gw.test/v1beta/models?pageSize=1"),
        ("https://openrouter.ai/api/v1", None, "https://openrouter.ai/api/v1/key"),
    ],
)
def test_without_a_model_the_free_question_is_asked(url: str, dialect: str | None, target: str) -> None:
    wording = asked(url, dialect=dialect)
    assert (wording.method, wording.url, wording.body, wording.about.paid) == ("GET", target, b"", False)
    assert any("sk-canary-canary" in value for _, value in wording.headers)
    assert type(wording.ear(200, {})) is ListEar
    assert not wording.open


def test_where_there_is_no_free_question_somebody_has_to_be_there() -> None:
    wording = asked("https://dashscope.aliyuncs.com/compatible-mode/v1")
    assert (wording.url, wording.lenient, wording.open) == ("https://dashscope.aliyuncs.com/", True, True)
    assert type(wording.ear(200, {})) is Ear
    assert all("canary" not in value for _, value in wording.headers)


def test_a_plain_url_is_fetched_as_it_is() -> None:
    wording = word(of_url("https://me:pw-secret@x.test/health?token=canary1"), Asking())
    assert (wording.method, wording.url) == ("GET", "https://x.test/health?token=canary1")
    assert dict(wording.headers)["authorization"] == "Basic bWU6cHctc2VjcmV0"
    assert {"pw-secret", "canary1", "bWU6cHctc2VjcmV0"} <= set(wording.secrets)
    assert wording.about.dialect == "http"


def test_a_channel_is_asked_in_its_own_way() -> None:
    channel = Channel(
        "main", "compatible", "http://10.0.0.1:8000/v1", ("k",), models=("mine*",), model_map={"mine": "theirs"},
        headers={"X-Team": "blue"}, verify_tls=False,
    )  # fmt: skip
    wording = word(of_channel(channel, "mine"), Asking())
    assert body(wording)["model"] == "theirs"
    assert dict(wording.headers)["x-team"] == "blue"
    free = word(of_channel(channel, "yours"), Asking())
    assert (free.about.paid, free.url) == (False, "http://10.0.0.1:8000/v1/models")
    assert dict(free.headers)["x-team"] == "blue"


@pytest.mark.parametrize(
    "target, error, says",
    [
        (of_url("https://gw.test/v1", model="dall-e-3"), BadTarget, "without --model"),
        (of_url("https://169.254.169.254/v1", model="m"), InvalidAddress, "link-local"),
        (of_channel(Channel("a", "bedrock", ""), "claude-3"), InvalidAddress, "region"),
        (of_channel(Channel("a", "anthropic", ""), "text-embedding-3"), BadTarget, "nothing to call"),
    ],
)
def test_what_cannot_be_called_is_said(target: Target, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        word(target, Asking())


@pytest.mark.parametrize(
    "status, kind, stream, ear",
    [
        (200, "text/event-stream; charset=utf-8", True, StreamEar),
        (200, "text/plain", True, StreamEar),
        (200, "application/json", True, JsonEar),
        (200, "application/json", False, JsonEar),
        (200, "text/event-stream", False, StreamEar),
        (429, "text/event-stream", True, Ear),
    ],
)
def test_who_listens_to_a_reply(status: int, kind: str, stream: bool, ear: type[Ear]) -> None:
    wording = asked("https://gw.test/v1", "gpt-4o", stream=stream)
    assert type(wording.ear(status, {"content-type": kind})) is ear
