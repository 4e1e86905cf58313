"""The client leaves, or a proxy cuts it off: what becomes of the call upstream, and what its retry is given."""

from __future__ import annotations

import openai
import pytest
from tests.e2e.acts import Serve
from tests.e2e.asking import Line, ask, chat, request
from tests.e2e.backstage import Provider
from tests.e2e.proxies import start_haproxy, start_nginx
from tests.e2e.stage import Gateway, Stage, until

SLOW = "silent-1500ms+long-5"
RETRY = {"x-stainless-retry-count": "1"}


@pytest.fixture(scope="module")
def gateway(serve: Serve, provider: Provider) -> Gateway:
    channel = {"name": "provider", "base_url": provider.url, "model_map": {"late-error": "error-500-after-1500ms"}}
    return serve(
        {
            "channels": [channel],
            "keys": [
                {"name": "finishing", "key": "key-finishing", "on_disconnect": "finish"},
                {"name": "cancelling", "key": "key-cancelling", "on_disconnect": "cancel"},
                {"name": "lingering", "key": "key-lingering", "on_disconnect": "linger:1s"},
                {
                    "name": "slow",
                    "key": "key-slow-beats",
                    "heartbeat": {"after": "30s", "json_after": "30s", "every": "30s"},
                },
                {"name": "quiet", "key": "key-quiet", "on_disconnect": "finish", "heartbeat": "off"},
            ],
            "retry": {"attempts": 1},
        },
        "disconnect",
    )


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def leave(gateway: Gateway, body: bytes, headers: dict[str, str], after: float = 0.4) -> None:
    """Ask, wait a little, and go."""
    with Line(gateway.port) as line:
        line.send(request(body, headers))
        heard = line.hear(seconds=after)
        assert heard.end == "open"


def outcome(provider: Provider, question: str) -> str:
    calls = provider.calls(question)
    assert len(calls) == 1
    return calls[0].outcome


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
def test_cancel_closes_the_upstream_connection(gateway: Gateway, provider: Provider, stream: bool) -> None:
    question = f"cancel {stream}"
    leave(gateway, chat("hang", stream=stream, question=question), bearer("key-cancelling"))
    until(lambda: outcome(provider, question) == "cut", "the upstream call to be cut", timeout=2)


def test_cancel_closes_it_in_the_middle_of_an_answer_too(gateway: Gateway, provider: Provider) -> None:
    leave(gateway, chat("stall-30s-after-5", stream=True, question="middle"), bearer("key-cancelling"))
    until(lambda: outcome(provider, "middle") == "cut", "the upstream call to be cut", timeout=2)


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
def test_finish_lets_it_go_on(gateway: Gateway, provider: Provider, stream: bool) -> None:
    question = f"finish {stream}"
    leave(gateway, chat(SLOW, stream=stream, question=question), bearer("key-finishing"))
    until(lambda: outcome(provider, question) == "whole", "the upstream call to be whole", timeout=4)


def test_linger_gives_up_after_its_span(gateway: Gateway, provider: Provider) -> None:
    leave(gateway, chat("hang", question="linger"), bearer("key-lingering"))
    assert outcome(provider, "linger") == "running"
    until(lambda: outcome(provider, "linger") == "cut", "the upstream call to be cut", timeout=3)
    taken = provider.calls("linger")[0].seconds
    assert taken is not None
    assert 1.3 <= taken < 2.5


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
def test_a_retry_is_given_the_running_exchange(gateway: Gateway, provider: Provider, stream: bool) -> None:
    body = chat(SLOW, stream=stream, question=f"adopt running {stream}")
    leave(gateway, body, bearer("key-finishing"))
    heard = ask(gateway.port, body, bearer("key-finishing") | RETRY)
    assert (heard.status, heard.end) == (200, "whole")
    assert len(heard.text.split()) == 5
    assert outcome(provider, f"adopt running {stream}") == "whole"


def test_a_retry_is_given_the_finished_answer(gateway: Gateway, provider: Provider) -> None:
    body = chat("silent-600ms+long-5", question="adopt finished")
    leave(gateway, body, bearer("key-finishing"), after=0.2)
    until(lambda: outcome(provider, "adopt finished") == "whole", "the answer", timeout=3)
    heard = ask(gateway.port, body, bearer("key-finishing") | RETRY)
    assert (heard.status, len(heard.text.split())) == (200, 5)
    assert heard.seconds < 0.5
    assert len(provider.calls("adopt finished")) == 1


def test_a_named_question_is_given_its_exchange_without_an_sdks_header(gateway: Gateway, provider: Provider) -> None:
    body = chat("silent-600ms+long-5", question="adopt named")
    named = bearer("key-finishing") | {"idempotency-key": "q-1"}
    leave(gateway, body, named, after=0.2)
    ask(gateway.port, body, named | {"idempotency-key": "q-2"})
    heard = ask(gateway.port, body, named)
    assert (heard.status, len(heard.text.split())) == (200, 5)
    assert len(provider.calls("adopt named")) == 2


def test_one_retry_adopts_one_orphan(gateway: Gateway, provider: Provider) -> None:
    body = chat("silent-600ms+long-5", question="adopt once")
    leave(gateway, body, bearer("key-finishing"), after=0.2)
    for _ in range(2):
        assert ask(gateway.port, body, bearer("key-finishing") | RETRY).status == 200
    assert len(provider.calls("adopt once")) == 2


def test_another_key_body_or_first_try_adopts_nothing(gateway: Gateway, provider: Provider) -> None:
    body = chat("silent-600ms+long-5", question="adopt none")
    leave(gateway, body, bearer("key-finishing"), after=0.2)
    ask(gateway.port, body, bearer("key-quiet") | RETRY)
    ask(gateway.port, body, bearer("key-finishing"))
    ask(gateway.port, body.replace(b"silent-600ms", b"silent-601ms"), bearer("key-finishing") | RETRY)
    assert len(provider.calls("adopt none")) == 4


def test_a_late_failure_is_told_with_its_true_status_on_the_retry(gateway: Gateway, provider: Provider) -> None:
    body = chat("late-error", question="adopt failure")
    first = ask(gateway.port, body, bearer("key-finishing"))
    assert (first.status, first.end, len(first.beats)) == (200, "cut", 1)
    again = ask(gateway.port, body, bearer("key-finishing") | RETRY)
    assert (again.status, again.end) == (500, "whole")
    assert again.headers["x-should-retry"] == "false"
    assert again.error["message"] == first.error["message"]
    assert len(provider.calls("adopt failure")) == 1


@pytest.mark.parametrize("proxy", ["nginx", "haproxy"])
def test_the_sdk_retries_by_itself_and_gets_the_answer(
    stage: Stage, gateway: Gateway, provider: Provider, proxy: str
) -> None:
    """Heartbeats off, a proxy that cuts after 3 s, a model silent for 5 s: the SDK's own retry is given the answer."""
    start = {"nginx": start_nginx, "haproxy": start_haproxy}[proxy]
    url = start(stage, {"gateway": gateway.port}).url(proxy, "gateway")
    with openai.OpenAI(base_url=url, api_key="key-quiet", timeout=30) as client:
        reply = client.chat.completions.create(
            model="silent-5s+long-5", messages=[{"role": "user", "content": f"through {proxy}"}]
        )
    assert len((reply.choices[0].message.content or "").split()) == 5
    calls = provider.calls(f"through {proxy}")
    assert len(calls) == 1
    assert calls[0].outcome == "whole"


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
def test_a_short_read_timeout_of_the_client_is_outwaited(gateway: Gateway, provider: Provider, stream: bool) -> None:
    """The SDK says that it gives up after 3 s of silence; heartbeats come within a third of that."""
    with openai.OpenAI(base_url=gateway.url, api_key="key-slow-beats", timeout=3, max_retries=0) as client:
        create = client.chat.completions.create
        model, question = "silent-4s+long-5", f"patience {stream}"
        if stream:
            chunks = create(model=model, messages=[{"role": "user", "content": question}], stream=True)
            text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        else:
            reply = create(model=model, messages=[{"role": "user", "content": question}])
            text = reply.choices[0].message.content or ""
    assert len(text.split()) == 5
    assert len(provider.calls(question)) == 1
