"""What `outwait.client` promises to type checkers: mypy reads these lines (`make types`), pytest runs them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, assert_type

import anthropic
import httpx2
import openai
import pytest

from outwait import client
from outwait.client import (
    AsyncGuarded,
    AsyncReattachingTransport,
    Attempt,
    Budget,
    ClientTimeouts,
    Evidence,
    Guarded,
    IdleTimeout,
    Partial,
    Reattach,
    ReattachingTransport,
    RetryClass,
    Retrying,
    RetryRules,
    Span,
    evidence,
    guarded,
    optimal_timeout,
    reattaching_async_client,
    reattaching_client,
    retrying,
    this_attempt,
)


def test_all_names_are_public() -> None:
    assert sorted(client.__all__) == client.__all__
    assert all(hasattr(client, name) for name in client.__all__)


def test_nothing_of_the_gateway_is_imported() -> None:
    told = (
        "import sys, outwait.client; print(*sorted({name.split('.')[1] for name in sys.modules if 'outwait.' in name}))"
    )
    run = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["client", "core", "policy"]


def test_clients_fit_the_sdks() -> None:
    with reattaching_client() as http_client:
        assert_type(http_client, httpx2.Client)
        openai.OpenAI(api_key="k", http_client=http_client)
        anthropic.Anthropic(api_key="k", http_client=http_client)

    async def loop() -> None:
        http_client = reattaching_async_client(Reattach(within=60), timeout=5)
        assert_type(http_client, httpx2.AsyncClient)
        openai.AsyncOpenAI(api_key="k", http_client=http_client)
        anthropic.AsyncAnthropic(api_key="k", http_client=http_client)
        await http_client.aclose()

    asyncio.run(loop())
    transport: httpx2.BaseTransport = ReattachingTransport(httpx2.HTTPTransport(), Reattach())
    transport.close()
    other: httpx2.AsyncBaseTransport = AsyncReattachingTransport()
    asyncio.run(other.aclose())


def test_a_guarded_stream_has_the_events_of_the_stream() -> None:
    stream = guarded(iter(["a", "b"]), model="o3")
    assert_type(stream, Guarded[str])
    for event in stream:
        assert_type(event, str)
    assert_type(stream.partial, Partial)

    async def numbers() -> AsyncIterator[int]:
        yield 1

    async def loop() -> None:
        stream = guarded(numbers(), idle=3)
        assert_type(stream, AsyncGuarded[int])
        async for event in stream:
            assert_type(event, int)
        async with guarded(numbers()) as other:
            assert_type(other, AsyncGuarded[int])

    asyncio.run(loop())
    with guarded(iter(["a"])) as block:
        assert_type(block, Guarded[str])
    error = IdleTimeout("idle", Span(1, "given"), Partial())
    assert_type(error.partial, Partial)
    assert_type(error.span, Span)


def guards_the_streams_of_sdks(sync: openai.OpenAI, loop: openai.AsyncOpenAI) -> None:
    """Read by mypy only."""
    chunks = sync.chat.completions.create(model="m", messages=[], stream=True)
    assert_type(guarded(chunks), Guarded[openai.types.chat.ChatCompletionChunk])

    async def ask() -> None:
        chunks = await loop.chat.completions.create(model="m", messages=[], stream=True)
        assert_type(guarded(chunks), AsyncGuarded[openai.types.chat.ChatCompletionChunk])

    assert_type(ask, Callable[[], Coroutine[Any, Any, None]])


def test_timeouts() -> None:
    timeouts = optimal_timeout("gpt-4o", stream=True, effort="high", endpoint="responses", preset="seed")
    assert_type(timeouts, ClientTimeouts)
    assert_type(timeouts.read, Span)
    assert_type(timeouts.httpx, httpx2.Timeout)
    assert_type(timeouts.grown(2), ClientTimeouts)
    assert_type(timeouts.kwargs("requests"), dict[str, Any])


def test_decorated_functions_keep_their_types() -> None:
    @retrying("gpt-4o")
    def ask(question: str, *, times: int = 1) -> list[str]:
        assert_type(this_attempt(), Attempt)
        return [question] * times

    assert_type(ask("a", times=2), list[str])
    with pytest.raises(TypeError):
        ask(1, 2)  # type: ignore[arg-type, call-arg]  # what mypy must refuse

    @retrying("gpt-4o", on=KeyError, rules=RetryRules(attempts=2), budget=Budget(), timeouts=optimal_timeout("o3"))
    async def later(question: str) -> int:
        return len(question)

    assert_type(later("a"), Coroutine[Any, Any, int]).close()
    assert_type(asyncio.run(later("abc")), int)


def test_attempts() -> None:
    made = retrying("o3", on=(KeyError, ValueError))
    assert_type(made, Retrying)
    assert_type(iter(made), Iterator[Attempt])
    for attempt in made:
        with attempt as same:
            assert_type(same, Attempt)
            assert_type(attempt.kwargs, dict[str, Any])
            break

    async def loop() -> None:
        async for attempt in made:
            with attempt:
                assert_type(attempt.number, int)
                break

    asyncio.run(loop())

    def on(error: Exception) -> RetryClass | None:
        return RetryClass.SAFE if error.args else None

    retrying(on=on)
    assert_type(evidence(KeyError()), Evidence | None)
