"""A JSON call that is streamed upstream and folded back: the reply is what the provider's own would have been."""

from __future__ import annotations

from typing import Any

import pytest
from openai.types.chat import ChatCompletion
from tests.e2e.acts import Serve
from tests.e2e.asking import ask, chat
from tests.e2e.backstage import Backstage, Provider
from tests.e2e.stage import Gateway

TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in ("first", "second")
]


@pytest.fixture(scope="module")
def thinker(backstage: Backstage) -> Provider:
    """A provider with a reasoning model by a name the world knows, and one that cannot stream its own."""
    return backstage.simulate(aliases={"o3": "think-1s+long-20", "o4-mini": "refuse-stream"})


@pytest.fixture(scope="module")
def gateway(serve: Serve, provider: Provider, thinker: Provider) -> Gateway:
    return serve(
        {
            "channels": [
                {"name": "thinker", "base_url": thinker.url, "models": ["o3", "o4-mini"]},
                {"name": "provider", "base_url": provider.url, "priority": 1, "upstream_stream": "always"},
            ]
        },
        "fold",
    )


CALLS: dict[str, dict[str, Any]] = {
    "text and usage": {"model": "long-30"},
    "two choices": {"model": "long-12", "n": 2},
    "tool calls": {"model": "tools-2", "tools": TOOLS},
    "tool calls in two choices": {"model": "tools-2", "tools": TOOLS, "n": 2},
    "a refusal": {"model": "refusal"},
    "logprobs": {"model": "long-10", "logprobs": True, "top_logprobs": 3},
    "logprobs of a refusal": {"model": "refusal+logprobs"},
    "cut by its limit": {"model": "long-30", "max_tokens": 7},
    "reasoning": {"model": "think-200ms+long-10"},
    "a big answer": {"model": "big-1mb"},
    "any letters": {"model": "echo", "question": 'héllo 世界 \U0001f600 \u2028 \\" </script> \x7f'},
}


def settled(reply: dict[str, Any]) -> dict[str, Any]:
    """A reply without what is new in each one, and without the empty list that no stream tells."""
    for choice in reply["choices"]:
        assert choice["message"].pop("annotations", []) == []
    return {name: value for name, value in reply.items() if name not in ("id", "created")}


@pytest.mark.parametrize("what", CALLS)
def test_the_fold_is_the_providers_own_reply(gateway: Gateway, provider: Provider, what: str) -> None:
    asked = {"question": f"Fold {what}", **CALLS[what]}
    own = ask(provider.port, chat(**asked))
    folded = ask(gateway.port, chat(**asked))
    assert (folded.status, folded.end) == (200, "whole")
    assert [call.stream for call in provider.calls(asked["question"][:200])] == [False, True]
    assert settled(folded.json) == settled(own.json)
    reply = ChatCompletion.model_validate(folded.json, strict=True)
    assert reply.usage is not None
    assert reply.usage.completion_tokens > 0


def test_a_reasoning_model_is_streamed_upstream_without_being_told(gateway: Gateway, thinker: Provider) -> None:
    heard = ask(gateway.port, chat("o3", question="auto"))
    assert [call.stream for call in thinker.calls("auto")] == [True]
    reply = ChatCompletion.model_validate(heard.json, strict=True)
    assert reply.model == "o3"
    assert reply.choices[0].message.content
    assert heard.json["choices"][0]["message"]["reasoning_content"]
    assert "usage" in heard.json


def test_a_stream_stays_a_stream_without_usage_it_did_not_ask_for(gateway: Gateway, thinker: Provider) -> None:
    heard = ask(gateway.port, chat("o3", stream=True, question="plain stream"))
    assert heard.finished
    assert not any("usage" in event for event in heard.events)


def test_a_model_that_cannot_stream_is_asked_again_for_json(gateway: Gateway, thinker: Provider) -> None:
    heard = ask(gateway.port, chat("o4-mini", question="unstreamable"))
    assert heard.status == 200
    assert heard.text
    assert [call.stream for call in thinker.calls("unstreamable")] == [True, False]
