"""The client's transport under the official SDKs, over lines that are cut: the whole answer, from one upstream call."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import anthropic
import httpx2
import openai
import pytest
from google import genai
from tests.client.cutting import Cut, Cutter, own_certificate
from tests.e2e.acts import Serve
from tests.e2e.backstage import Provider
from tests.e2e.stage import Gateway

from outwait.client import (
    IdleTimeout,
    Reattach,
    ReattachingTransport,
    RetryRules,
    guarded,
    reattaching_async_client,
    reattaching_client,
    retrying,
)

WORDS = 40
SLOW = f"silent-500ms+drip-40ms+long-{WORDS}"
LATE = f"silent-1500ms+drip-40ms+long-{WORDS}"
SILENT = f"silent-3300ms+drip-40ms+long-{WORDS}"
EVENT = "data: "

# Where the line is cut, three times in each case: in silence before the head, in heartbeats, in the middle of an event.
CUTS = {
    "in events": (SLOW, [Cut(EVENT, 3, 30), Cut(EVENT, 8, how="close"), Cut(EVENT, 4, 40)]),
    "before the head": (LATE, [Cut(silence=0.05), Cut(silence=0.05, how="close"), Cut(silence=0.05)]),
    "in heartbeats": (SILENT, [Cut("ping"), Cut("ping", how="close"), Cut("ping")]),
    "everywhere": (SILENT, [Cut(silence=0.3, how="close"), Cut("ping"), Cut(EVENT, 9, 25)]),
}
JSON_CUTS = {
    "before the head": (LATE, [Cut(silence=0.05), Cut(silence=0.05, how="close"), Cut(silence=0.05)]),
    "in heartbeats": (SILENT, [Cut("\r\n\r\n1\r\n\n"), Cut("\r\n\r\n", 1, 4, how="close"), Cut("\r\n\r\n1")]),
    "everywhere": (SILENT, [Cut(silence=0.3, how="close"), Cut("\r\n\r\n1\r\n\n"), Cut('"id":', 1, 9)]),
}
QUICK = Reattach(silence=2.0)


@pytest.fixture(scope="module")
def gateway(serve: Serve, provider: Provider) -> Gateway:
    return serve({"channels": [{"name": "all", "base_url": provider.url}], "retry": {"attempts": 1}}, "client")


Ask = Callable[[int, str, str, bool], str]


def text_of(chunks: Any) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def by_openai(port: int, model: str, question: str, stream: bool) -> str:
    with openai.OpenAI(
        base_url=f"http://127.0.0.1:{port}/v1", api_key="k", http_client=reattaching_client(QUICK), max_retries=0
    ) as client:
        asked: Any = {"model": model, "messages": [{"role": "user", "content": question}]}
        if stream:
            return text_of(client.chat.completions.create(**asked, stream=True))
        return str(client.chat.completions.create(**asked).choices[0].message.content)


def by_async_openai(port: int, model: str, question: str, stream: bool) -> str:
    async def ask() -> str:
        http_client = reattaching_async_client(QUICK)
        async with openai.AsyncOpenAI(
            base_url=f"http://127.0.0.1:{port}/v1", api_key="k", http_client=http_client, max_retries=0
        ) as client:
            asked: Any = {"model": model, "messages": [{"role": "user", "content": question}]}
            if stream:
                return text_of([chunk async for chunk in await client.chat.completions.create(**asked, stream=True)])
            return str((await client.chat.completions.create(**asked)).choices[0].message.content)

    return asyncio.run(ask())


def by_responses(port: int, model: str, question: str, stream: bool) -> str:
    with openai.OpenAI(
        base_url=f"http://127.0.0.1:{port}/v1", api_key="k", http_client=reattaching_client(QUICK), max_retries=0
    ) as client:
        if not stream:
            return client.responses.create(model=model, input=question).output_text
        with client.responses.stream(model=model, input=question) as events:
            numbers = [event.sequence_number for event in events if hasattr(event, "sequence_number")]
            assert numbers == sorted(set(numbers))
            return events.get_final_response().output_text


def by_anthropic(port: int, model: str, question: str, stream: bool) -> str:
    with anthropic.Anthropic(
        base_url=f"http://127.0.0.1:{port}", api_key="k", http_client=reattaching_client(QUICK), max_retries=0
    ) as client:
        asked: Any = {"model": model, "max_tokens": 500, "messages": [{"role": "user", "content": question}]}
        if stream:
            with client.messages.stream(**asked) as events:
                return events.get_final_text()
        return "".join(block.text for block in client.messages.create(**asked).content if block.type == "text")


def by_gemini(port: int, model: str, question: str, stream: bool) -> str:
    with reattaching_client(QUICK) as http_client:
        options = genai.types.HttpOptions(
            base_url=f"http://127.0.0.1:{port}",
            httpx_client=cast("Any", http_client),
        )
        client = genai.Client(api_key="k", http_options=options)
        if stream:
            chunks = client.models.generate_content_stream(model=model, contents=question)
            return "".join(chunk.text or "" for chunk in chunks)
        return client.models.generate_content(model=model, contents=question).text or ""


def by_async_gemini(port: int, model: str, question: str, stream: bool) -> str:
    async def ask() -> str:
        async with reattaching_async_client(QUICK) as http_client:
            base, own = f"http://127.0.0.1:{port}", cast("Any", http_client)
            options = genai.types.HttpOptions(base_url=base, httpx_async_client=own)
            models = genai.Client(api_key="k", http_options=options).aio.models
            if not stream:
                return (await models.generate_content(model=model, contents=question)).text or ""
            chunks = await models.generate_content_stream(model=model, contents=question)
            return "".join([chunk.text or "" async for chunk in chunks])

    return asyncio.run(ask())


SDKS: dict[str, Ask] = {
    "openai": by_openai,
    "async openai": by_async_openai,
    "responses": by_responses,
    "anthropic": by_anthropic,
    "google-genai": by_gemini,
    "async google-genai": by_async_gemini,
}
GOOGLE = ("google-genai", "async google-genai")


@pytest.mark.parametrize("case", CUTS)
def test_a_stream_is_whole_though_it_was_cut_three_times(gateway: Gateway, provider: Provider, case: str) -> None:
    model, cuts = CUTS[case]
    blank = [Cut("1\r\n\n"), Cut("1\r\n\n", how="close"), Cut(EVENT, 9, 25)]
    own = dict.fromkeys(GOOGLE, blank if model == SILENT else cuts)  # its heartbeats are blank lines
    _all_ask(gateway, provider, f"{case}, stream", {sdk: (model, own.get(sdk, cuts)) for sdk in SDKS})


@pytest.mark.parametrize("case", JSON_CUTS)
def test_a_json_reply_is_whole_though_it_was_cut_three_times(gateway: Gateway, provider: Provider, case: str) -> None:
    model, cuts = JSON_CUTS[case]
    googles = [Cut("candidates") if each.mark.startswith('"id') else each for each in cuts]
    own = dict.fromkeys(GOOGLE, googles)
    _all_ask(gateway, provider, f"{case}, JSON", {sdk: (model, own.get(sdk, cuts)) for sdk in SDKS})


def _all_ask(gateway: Gateway, provider: Provider, case: str, asked: dict[str, tuple[str, list[Cut]]]) -> None:
    """Every SDK asks at the same time, each over a line of its own."""

    def ask(sdk: str) -> tuple[int, int, list[str]]:
        model, cuts = asked[sdk]
        question = f"{sdk}, {case}"
        with Cutter(gateway.port, cuts) as line:
            text = SDKS[sdk](line.port, model, question, case.endswith("stream"))
            return len(text.split()), len(line.made), [call.outcome for call in provider.calls(question)]

    with ThreadPoolExecutor(len(asked)) as pool:
        found = dict(zip(asked, pool.map(ask, asked), strict=True))
    assert found == dict.fromkeys(asked, (WORDS, 3, ["whole"]))


def test_without_the_transport_it_fails(gateway: Gateway) -> None:
    """The control: the same line, the SDK's own client."""
    with (
        Cutter(gateway.port, [Cut(EVENT, 3, 30)]) as line,
        openai.OpenAI(base_url=f"http://127.0.0.1:{line.port}/v1", api_key="k") as client,
    ):
        asked: Any = {"model": SLOW, "messages": [{"role": "user", "content": "control"}]}
        chunks = client.chat.completions.create(**asked, stream=True)
        with pytest.raises(openai.APIConnectionError):
            text_of(chunks)


def test_a_line_that_dies_without_a_word_is_replaced(gateway: Gateway, provider: Provider) -> None:
    """Nothing closes it: a NAT forgot it. The gateway's heartbeats are missed after two seconds."""
    with Cutter(gateway.port, [Cut(EVENT, 4, 10, how="hole"), Cut(EVENT, 2, how="hole")]) as line:
        assert len(by_openai(line.port, SLOW, "hole", True).split()) == WORDS
        assert len(line.made) == 2
    assert len(provider.calls("hole")) == 1


def test_numbered_heartbeats_of_a_line_that_died_do_not_lose_words(gateway: Gateway, provider: Provider) -> None:
    """The gateway does not know that the line is dead, nor which of its numbers were read."""
    model, question = f"drip-40ms+stall-3s-after-5+long-{WORDS}", "numbered hole"
    with Cutter(gateway.port, [Cut('"sequence_number"', 11, 30, how="hole")]) as line:
        assert len(by_responses(line.port, model, question, True).split()) == WORDS
        assert len(line.made) == 1
    assert len(provider.calls(question)) == 1


def test_an_sdks_own_retry_finds_the_same_exchange(gateway: Gateway, provider: Provider) -> None:
    """The transport gave up, the SDK did not."""
    http_client = reattaching_client(Reattach(attempts=0))
    with Cutter(gateway.port, [Cut(silence=0.2), Cut(silence=0.2)]) as line, http_client:
        client = openai.OpenAI(base_url=f"http://127.0.0.1:{line.port}/v1", api_key="k", http_client=http_client)
        asked: Any = {"model": SLOW, "messages": [{"role": "user", "content": "own retry"}]}
        assert len(str(client.chat.completions.create(**asked).choices[0].message.content).split()) == WORDS
    assert len(provider.calls("own retry")) == 1


def test_retries_with_a_name_are_charged_once(gateway: Gateway, provider: Provider) -> None:
    """Without the transport: the program's own retries find the exchange of the first attempt."""
    asked: Any = {"model": SLOW, "messages": [{"role": "user", "content": "named"}]}
    rules = RetryRules(idempotent=True)
    with (
        Cutter(gateway.port, [Cut(silence=0.2), Cut(silence=0.2, how="close")]) as line,
        openai.OpenAI(base_url=f"http://127.0.0.1:{line.port}/v1", api_key="k", max_retries=0) as client,
    ):
        for attempt in retrying("o3-pro", rules=rules):
            with attempt:
                reply = client.chat.completions.create(**asked, **attempt.kwargs)
                assert len(str(reply.choices[0].message.content).split()) == WORDS
        assert len(line.made) == 2
    assert len(provider.calls("named")) == 1


def test_a_late_error_is_the_true_one(gateway: Gateway, provider: Provider) -> None:
    """Behind heartbeats it comes in a 200 that is cut; the program sees the status that it has."""
    for stream, kind in ((False, openai.InternalServerError), (True, openai.APIError)):
        with Cutter(gateway.port, [Cut("\r\n\r\n", 1, 3)]) as line, pytest.raises(kind, match="error") as caught:
            by_openai(line.port, "error-500-after-2s", f"late {stream}", stream)
        assert not isinstance(caught.value, openai.APIConnectionError)
        assert len(provider.calls(f"late {stream}")) == 1


def test_another_server_is_left_alone(provider: Provider) -> None:
    """Straight to the provider: no second call, and the SDK's usual error."""
    for cut, question in ((Cut(silence=0.1), "plain head"), (Cut(EVENT, 3, 10), "plain stream")):
        with Cutter(provider.port, [cut]) as line, pytest.raises(openai.APIConnectionError):
            by_openai(line.port, SLOW, question, True)
        assert len(provider.calls(question)) == 1


def test_an_exchange_that_is_not_there_is_the_first_error(gateway: Gateway, provider: Provider) -> None:
    """Coming back is refused: the first error stays, and names the exchange."""
    question = "unknown"

    class Lost(httpx2.HTTPTransport):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            if request.url.path.endswith("/stream"):
                request.url = request.url.copy_with(raw_path=b"/v1/exchanges/ow_000000000000000000000000/stream")
            return super().handle_request(request)

    http_client = httpx2.Client(transport=ReattachingTransport(Lost()), timeout=20)
    with Cutter(gateway.port, [Cut(EVENT, 3, 30)]) as line, http_client:
        client = openai.OpenAI(base_url=f"http://127.0.0.1:{line.port}/v1", api_key="k", http_client=http_client)
        with pytest.raises(openai.APIConnectionError) as caught:
            text_of(
                client.chat.completions.create(
                    model=SLOW, messages=[{"role": "user", "content": question}], stream=True
                )
            )
    cause = caught.value.__cause__
    assert isinstance(cause, httpx2.TransportError)
    assert "exchange ow_" in cause.__notes__[0]
    assert "404" in cause.__notes__[0]
    assert len(provider.calls(question)) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1, and its key."""
    return own_certificate(tmp_path_factory.mktemp("tls") / "both.pem")


@pytest.mark.parametrize("how", ["reset", "close"])
def test_over_tls_too(gateway: Gateway, provider: Provider, certificate: Path, how: Any) -> None:
    """Where a line that ends is told in other ways."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate)
    trusted = ssl.create_default_context(cafile=str(certificate))
    asked: Any = {"model": SLOW, "messages": [{"role": "user", "content": f"tls {how}"}], "stream": True}
    cuts = [Cut(silence=0.1, how=how), Cut(EVENT, 3, 30, how=how), Cut(EVENT, 8, 5, how=how)]

    async def ask(url: str) -> str:
        http_client = reattaching_async_client(QUICK, verify=trusted)
        async with openai.AsyncOpenAI(base_url=url, api_key="k", http_client=http_client, max_retries=0) as client:
            return text_of([chunk async for chunk in await client.chat.completions.create(**asked)])

    with Cutter(gateway.port, cuts, server) as line:
        assert len(asyncio.run(ask(f"https://127.0.0.1:{line.port}/v1")).split()) == WORDS
        assert len(line.made) == 3
    with (
        Cutter(gateway.port, cuts, server) as line,
        openai.OpenAI(
            base_url=f"https://127.0.0.1:{line.port}/v1",
            api_key="k",
            http_client=reattaching_client(QUICK, verify=trusted),
            max_retries=0,
        ) as client,
    ):
        assert len(text_of(client.chat.completions.create(**asked)).split()) == WORDS
        assert len(line.made) == 3
    assert len(provider.calls(f"tls {how}")) == 2


def test_a_guarded_stream_over_the_transport_ends_at_once(gateway: Gateway, provider: Provider) -> None:
    """The helper thread that waits in a read is let go, and nothing is taken up again."""
    asked: Any = {"model": "stall-20s-after-3", "messages": [{"role": "user", "content": "guarded"}], "stream": True}
    with Cutter(gateway.port) as line:
        client = openai.OpenAI(
            base_url=f"http://127.0.0.1:{line.port}/v1", api_key="k", http_client=reattaching_client(), max_retries=0
        )
        with client, pytest.raises(IdleTimeout) as caught:
            list(guarded(client.chat.completions.create(**asked), idle=1.5))
        for thread in threading.enumerate():
            if thread.name == "outwait-guard":
                thread.join(3)
                assert not thread.is_alive()
        assert line.asked == ["GET /v1/probe HTTP/1.1", "POST /v1/chat/completions HTTP/1.1"]
    assert len(caught.value.partial.text.split()) == 3
