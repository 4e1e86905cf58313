"""The least a Python gateway can do: llhttp and uvloop on both sides, bytes handed on, and nothing else.

A reference, no peer: it reads no body, keeps no clock, checks no key and trusts everybody. What it costs is the price
of the ground outwait stands on, on the machine at hand; what outwait costs on top is the price of what it does.

Run as `python -m bench.bare PORT UPSTREAM`.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from typing import cast

import httptools
import uvloop

from bench.http import LAST_CHUNK, chunk

_UPSTREAM_HEAD = (
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: provider\r\nAuthorization: Bearer sk-provider\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
)


class Upstream(asyncio.Protocol):
    """One connection to the provider; `client` is whom its reply is for."""

    def __init__(self, idle: list[Upstream], client: Client, first: bytes) -> None:
        self._idle = idle
        self.client: Client | None = client
        self._first = first
        self._transport: asyncio.Transport
        self._parser = httptools.HttpResponseParser(self)
        self._pieces: list[bytes] = []
        self._chunked = self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the request that this connection was made for."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._first)

    def ask(self, client: Client, request: bytes) -> None:
        """Carry another request."""
        self.client = client
        self._parser = httptools.HttpResponseParser(self)
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Read on, and hand over what a read brought."""
        self._parser.feed_data(data)
        if self._chunked and self._pieces and self.client is not None:
            self.client.stream(b"".join(self._pieces))
            self._pieces.clear()

    def on_header(self, name: bytes, _: bytes) -> None:
        """Only the coding matters."""
        if name.lower() == b"transfer-encoding":
            self._chunked = True

    def on_body(self, data: bytes) -> None:
        """A piece of the reply."""
        self._pieces.append(data)

    def on_message_complete(self) -> None:
        """The reply is whole."""
        client, self.client = self.client, None
        body = b"".join(self._pieces)
        self._pieces.clear()
        chunked, self._chunked = self._chunked, False
        self._idle.append(self)
        if client is not None:
            client.end(body, chunked=chunked)

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone."""
        del exc
        if self in self._idle:
            self._idle.remove(self)


class Client(asyncio.Protocol):
    """One client connection."""

    def __init__(self, idle: list[Upstream], upstream: int) -> None:
        self._idle = idle
        self._upstream = upstream
        self._transport: asyncio.Transport
        self._parser = httptools.HttpRequestParser(self)
        self._pieces: list[bytes] = []
        self._opened = False
        self._dials: set[asyncio.Task[object]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._parser.feed_data(data)

    def on_body(self, data: bytes) -> None:
        """A piece of the request."""
        self._pieces.append(data)

    def on_message_complete(self) -> None:
        """The request is whole: hand it on."""
        body = b"".join(self._pieces)
        self._pieces.clear()
        request = _UPSTREAM_HEAD % (len(body), body)
        if self._idle:
            self._idle.pop().ask(self, request)
            return
        loop = asyncio.get_running_loop()
        dial = loop.create_connection(lambda: Upstream(self._idle, self, request), "127.0.0.1", self._upstream)
        task: asyncio.Task[object] = loop.create_task(dial)
        self._dials.add(task)
        task.add_done_callback(self._dials.discard)

    def stream(self, data: bytes) -> None:
        """A piece of a streamed reply."""
        if not self._opened:
            self._opened = True
            head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
            self._transport.write(head)
        self._transport.write(chunk(data))

    def end(self, body: bytes, *, chunked: bool) -> None:
        """The reply is whole; `body` is what was not streamed of it."""
        self._parser = httptools.HttpRequestParser(self)
        if chunked:
            if body:
                self.stream(body)
            self._opened = False
            self._transport.write(LAST_CHUNK)
            return
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
        self._transport.write(head + body)


async def serve(port: int, upstream: int) -> None:
    """Serve until terminated."""
    idle: list[Upstream] = []
    server = await asyncio.get_running_loop().create_server(lambda: Client(idle, upstream), "127.0.0.1", port)
    gc.freeze()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2])))
