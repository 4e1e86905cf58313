"""The real SDK, fed with bytes instead of a network."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import anthropic
import httpx2
import pytest

Heard = Callable[..., Any]


def client(answer: httpx2.Response) -> anthropic.Anthropic:
    transport = httpx2.MockTransport(lambda _request: answer)
    return anthropic.Anthropic(
        api_key="k", base_url="http://x", max_retries=0, http_client=httpx2.Client(transport=transport)
    )


@pytest.fixture
def heard() -> Heard:
    """The message that the SDK's accumulator makes of a stream; its events too, with `events=True`."""

    def hear(stream: bytes | Iterable[bytes], *, events: bool = False) -> Any:
        body = stream if isinstance(stream, bytes) else b"".join(stream)
        answer = httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=body)
        with client(answer).messages.stream(
            model="m", max_tokens=9, messages=[{"role": "user", "content": "q"}]
        ) as told:
            seen = list(told)
            message = told.get_final_message()
        return (message, seen) if events else message

    return hear


@pytest.fixture
def read() -> Heard:
    """The message that the SDK makes of a JSON body, or the error it raises for one with another status."""

    def hear(body: bytes, status: int = 200) -> Any:
        answer = httpx2.Response(status, headers={"content-type": "application/json"}, content=body)
        return client(answer).messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "q"}])

    return hear
