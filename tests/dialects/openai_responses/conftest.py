"""The official SDK as the judge of what is said: served from memory, and read with its own strict types."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from openai import OpenAI
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from outwait.dialects import document
from outwait.dialects.sse import Splitter

_EVENTS: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
Told = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def served() -> Iterator[Callable[[bytes], OpenAI]]:
    """An SDK client whose server answers every call with these bytes."""
    clients: list[OpenAI] = []

    def serve(body: bytes) -> OpenAI:
        kind = "application/json" if body.startswith(b"{") else "text/event-stream"

        def answer(_request: httpx2.Request) -> httpx2.Response:
            return httpx2.Response(200, headers={"content-type": kind}, content=body)

        made = httpx2.Client(transport=httpx2.MockTransport(answer))
        clients.append(OpenAI(api_key="test", base_url="http://test/v1", http_client=made, max_retries=0))
        return clients[-1]

    yield serve
    for client in clients:
        client.close()


def told(stream: bytes) -> Told:
    """The events of a stream, each checked as a strict client would: named as its type, numbered upwards, typed."""
    events: Told = []
    last = -1
    for name, data in Splitter().feed(stream):
        value: Any = document.loads(data)
        assert name.decode() == value["type"]
        assert value["sequence_number"] > last
        last = value["sequence_number"]
        if value["type"] != "response.failed":  # of whose codes the types know but some
            _EVENTS.validate_json(data, strict=True)
        events.append((value["type"], value))
    return events


@pytest.fixture
def strict() -> Callable[[bytes], Told]:
    """Reads a stream event by event, and checks each."""
    return told


@pytest.fixture
def response_of() -> Callable[[bytes], dict[str, Any]]:
    """Reads a JSON reply, and checks it."""

    def read(body: bytes) -> dict[str, Any]:
        Response.model_validate_json(body, strict=True)
        value: Any = document.loads(body)
        return dict(value)

    return read
