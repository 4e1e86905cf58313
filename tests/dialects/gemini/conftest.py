"""The official SDK as a judge: what google-genai makes of a reply's bytes, read with and without asyncio."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx2 as httpx
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the SDK's own imports warn
    from google import genai
    from google.genai import types

Parse = Callable[[bytes], list[Any]]


class _Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in pieces of three bytes, so that no cut goes unseen."""

    def __init__(self, body: bytes) -> None:
        self._pieces = [body[at : at + 3] for at in range(0, len(body), 3)]

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


def _client(body: bytes, kind: str) -> genai.Client:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": kind}, stream=_Pieces(body))

    transport = httpx.MockTransport(answer)
    options = types.HttpOptions(
        base_url="http://127.0.0.1:1",
        httpx_client=httpx.Client(transport=transport),
        httpx_async_client=httpx.AsyncClient(transport=transport),
    )
    return genai.Client(api_key="none", http_options=options)


@pytest.fixture
def streamed() -> Parse:
    """The chunks that the SDK reads from an SSE body, the same by both of its readers."""

    def parse(body: bytes) -> list[Any]:
        client = _client(body, "text/event-stream")
        chunks = list(client.models.generate_content_stream(model="m", contents="hi"))

        async def read() -> list[Any]:
            stream = await client.aio.models.generate_content_stream(model="m", contents="hi")
            return [chunk async for chunk in stream]

        again = asyncio.run(read())
        dumped = [chunk.model_dump(exclude={"sdk_http_response"}) for chunk in chunks]
        assert [chunk.model_dump(exclude={"sdk_http_response"}) for chunk in again] == dumped
        return chunks

    return parse


@pytest.fixture
def whole() -> Callable[[bytes], Any]:
    """The reply that the SDK reads from a JSON body."""

    def parse(body: bytes) -> Any:
        types.GenerateContentResponse.model_validate_json(body)
        return _client(body, "application/json").models.generate_content(model="m", contents="hi")

    return parse


@pytest.fixture
def chatted() -> Callable[[bytes], list[Any]]:
    """The history that the SDK's chat keeps after it has read an SSE body, for the next request."""

    def parse(body: bytes) -> list[Any]:
        chat = _client(body, "text/event-stream").chats.create(model="m")
        list(chat.send_message_stream("hi"))
        return list(chat.get_history(curated=True))

    return parse
