"""The client's transport through real proxies that cut silence after 3 s, and a gateway without heartbeats."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest
from tests.e2e.acts import Serve
from tests.e2e.backstage import Provider
from tests.e2e.proxies import Proxies, start_haproxy, start_nginx
from tests.e2e.stage import Gateway, Stage

from outwait.client import reattaching_client

WORDS = 12
SILENT = f"silent-5s+drip-50ms+long-{WORDS}"
STALLS = f"stall-5s-after-4+drip-50ms+long-{WORDS}"


@pytest.fixture(scope="module")
def gateway(serve: Serve, provider: Provider) -> Gateway:
    return serve(
        {"channels": [{"name": "provider", "base_url": provider.url}], "heartbeat": {"enabled": False}}, "quiet"
    )


@pytest.fixture(scope="module")
def nginx(stage: Stage, gateway: Gateway) -> Proxies:
    return start_nginx(stage, {"gateway": gateway.port})


@pytest.fixture(scope="module")
def haproxy(stage: Stage, gateway: Gateway) -> Proxies:
    return start_haproxy(stage, {"gateway": gateway.port})


CASES = [(SILENT, False), (SILENT, True), (STALLS, True)]


def ask(base_url: str, model: str, question: str, stream: bool) -> str:
    asked: Any = {"model": model, "messages": [{"role": "user", "content": question}]}
    with openai.OpenAI(base_url=base_url, api_key="k", http_client=reattaching_client(), max_retries=0) as client:
        if stream:
            chunks = client.chat.completions.create(**asked, stream=True)
            return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        return str(client.chat.completions.create(**asked).choices[0].message.content)


def test_proxies_that_cut_silence_cost_nothing(provider: Provider, nginx: Proxies, haproxy: Proxies) -> None:
    """Before the head they tell a page of their own, 504; in a stream they close."""
    ways = [(nginx, "nginx"), (nginx, "nginx-1.1"), (haproxy, "haproxy")]
    made = [(proxies, proxy, *case) for proxies, proxy in ways for case in CASES]

    def run(case: tuple[Proxies, str, str, bool]) -> tuple[str, int, list[str]]:
        proxies, proxy, model, stream = case
        question = f"{proxy} {model} {stream}"
        words = len(ask(proxies.url(proxy, "gateway"), model, question, stream).split())
        return question, words, [call.outcome for call in provider.calls(question)]

    with ThreadPoolExecutor(len(made)) as pool:
        found = list(pool.map(run, made))
    assert [each for each in found if each[1:] != (WORDS, ["whole"])] == []


def test_without_the_transport_the_proxy_wins(nginx: Proxies) -> None:
    """The control."""
    with openai.OpenAI(base_url=nginx.url("nginx", "gateway"), api_key="k", max_retries=0) as client:
        asked: Any = {"model": SILENT, "messages": [{"role": "user", "content": "control"}]}
        with pytest.raises(openai.InternalServerError, match="504"):
            client.chat.completions.create(**asked)
