"""A middlebox that cuts silence: a relay between a client and an upstream in the manner of nginx' `proxy_read_timeout`.

Promises: while a request waits for its answer and the upstream gives no byte for `silence` seconds, the wait is ended:
with `504 Gateway Time-out` and an HTML page if nothing of the answer was passed on yet, else by closing the connection
without the answer's end. Bytes pass unchanged and at once. An idle kept-alive connection is left alone.

Aware of HTTP as far as that needs: it knows where requests and answers end. HEAD and CONNECT are not for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, Literal, cast

import httptools

from outwait.wire.tasks import spawn

Watch = Callable[[Literal["head", "body", "end", "cut"], bytes], None]

_PAGE: Final = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n<hr>"
    "<center>middlebox</center>\r\n</body>\r\n</html>\r\n"
)
# nginx writes these two with a hyphen of its own.
_PHRASES: Final = {504: "Gateway Time-out", 408: "Request Time-out"}


class Middlebox:
    """A relay to `target_host`:`target_port` on a port of its own.

    `silence`: seconds the upstream may be silent while it owes an answer. `status`: of the page told then. `watch`:
    called with what comes from the upstream: `head` (once per answer), `body` and its bytes, decoded, piece by piece,
    `end`, and `cut` when the wait was ended here. `cuts`: how often that was. `connections`: open now.
    """

    def __init__(
        self, target_host: str, target_port: int, silence: float, status: int = 504, watch: Watch | None = None
    ) -> None:
        self.target = (target_host, target_port)
        self.silence = silence
        self.status = status
        self.watch: Watch = watch or _unwatched
        self.cuts = 0
        self._relays: set[_Relay] = set()
        self._listener: asyncio.Server | None = None

    @property
    def connections(self) -> int:
        """Client connections open now."""
        return len(self._relays)

    async def start(self, host: str = "127.0.0.1") -> int:
        """Listen on a free port and return it."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: _Relay(self), host, 0)
        port: int = self._listener.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Stop listening and cut what is open."""
        if self._listener is not None:
            self._listener.close()
        for relay in tuple(self._relays):
            relay.abort()
        if self._listener is not None:
            await self._listener.wait_closed()

    def joined(self, relay: _Relay) -> None:
        """A client connected."""
        self._relays.add(relay)

    def left(self, relay: _Relay) -> None:
        """A client's connection is over."""
        self._relays.discard(relay)


def _unwatched(_: str, __: bytes) -> None:
    """Nobody looks."""


class _Relay(asyncio.Protocol):
    """One client connection and its upstream connection.

    `owed`: a request was passed on and its answer is not whole. `told`: bytes of that answer went to the client.
    """

    def __init__(self, box: Middlebox) -> None:
        self._box = box
        self._loop = asyncio.get_running_loop()
        self._client: asyncio.Transport | None = None
        self._upstream: asyncio.Transport | None = None
        self._early: list[bytes] = []  # from the client, before the upstream was connected
        self._parser = httptools.HttpResponseParser(self)
        self._timer: asyncio.Handle | None = None
        self.owed = False
        self.told = False

    # -- the client's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client: connect to the upstream for it."""
        self._client = cast("asyncio.Transport", transport)
        self._box.joined(self)
        spawn(self._dial(), "middlebox")

    async def _dial(self) -> None:
        try:
            await self._loop.create_connection(lambda: _Upstream(self), *self._box.target)
        except OSError:
            self._page(HTTPStatus.BAD_GATEWAY)

    def data_received(self, data: bytes) -> None:
        """From the client, to the upstream."""
        if not self.owed:
            self.owed = True
            self.told = False
        self._wait()
        if self._upstream is None:
            self._early.append(data)
        else:
            self._upstream.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone: so is the call."""
        self._box.left(self)
        self._rest()
        self._client = None
        if self._upstream is not None:
            self._upstream.abort()

    def pause_writing(self) -> None:
        """The client is slow: let the upstream wait."""
        if self._upstream is not None and not self._upstream.is_closing():
            self._upstream.pause_reading()

    def resume_writing(self) -> None:
        """The client has caught up."""
        if self._upstream is not None and not self._upstream.is_closing():
            self._upstream.resume_reading()

    # -- the upstream's side

    def connected(self, upstream: asyncio.Transport) -> None:
        """The upstream is there; give it what the client said meanwhile."""
        self._upstream = upstream
        if self._client is None:
            upstream.abort()
            return
        upstream.writelines(self._early)
        self._early.clear()

    def answered(self, data: bytes) -> None:
        """From the upstream, to the client."""
        if self._client is None or self._client.is_closing():
            return
        self.told = True
        if self.owed:
            self._wait()
        self._client.write(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._parser = httptools.HttpResponseParser(self)  # not HTTP: passed on all the same, as silence is known

    def ended(self) -> None:
        """The upstream closed, by FIN or reset: pass that on as nginx does, with 502 if nothing was told."""
        if self._client is None or self._client.is_closing():
            return
        if self.owed and not self.told:
            self._page(HTTPStatus.BAD_GATEWAY)
        else:
            self.cut()

    # -- what the answer's parser reports

    def on_headers_complete(self) -> None:
        """The head of an answer; 1xx ones are none."""
        if self._parser.get_status_code() >= 200:
            self._box.watch("head", b"")

    def on_body(self, body: bytes) -> None:
        """A piece of an answer's body."""
        self._box.watch("body", body)

    def on_message_complete(self) -> None:
        """An answer is whole."""
        if self._parser.get_status_code() >= 200:
            self.owed = False
            self._rest()
            self._box.watch("end", b"")

    # -- silence

    def _wait(self) -> None:
        self._rest()
        self._timer = self._loop.call_later(self._box.silence, self._silent, 2)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _silent(self, turns: int) -> None:
        if turns:  # of the loop, in which it reads: what came while the loop was kept from it came in time
            self._timer = self._loop.call_soon(self._silent, turns - 1)
            return
        self._timer = None
        self._box.cuts += 1
        self._box.watch("cut", b"")
        if self.told:
            self.cut()
        else:
            self._page(self._box.status)

    def _page(self, status: int) -> None:
        """An answer of the middlebox's own; then the connection ends."""
        if self._client is not None and not self._client.is_closing():
            title = f"{int(status)} {_PHRASES.get(status) or HTTPStatus(status).phrase}"
            page = _PAGE.format(title).encode()
            head = f"HTTP/1.1 {title}\r\nServer: middlebox\r\nContent-Type: text/html\r\nConnection: close\r\n"
            self._client.write(head.encode() + b"Content-Length: %d\r\n\r\n%b" % (len(page), page))
        self.cut()

    def cut(self) -> None:
        """Close both sides; the client sees a FIN behind what was written."""
        self._rest()
        if self._client is not None:
            self._client.close()
        if self._upstream is not None:
            self._upstream.abort()

    def abort(self) -> None:
        """Drop both sides at once."""
        self.cut()
        if self._client is not None:
            self._client.abort()


class _Upstream(asyncio.Protocol):
    """The upstream's side of a relay."""

    def __init__(self, relay: _Relay) -> None:
        self._relay = relay
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._relay.connected(self._transport)

    def data_received(self, data: bytes) -> None:
        """A piece of the answer."""
        self._relay.answered(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Closed, by whomever."""
        self._relay.ended()
