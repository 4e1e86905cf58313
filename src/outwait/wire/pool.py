"""Idle upstream connections, kept per endpoint for the next request: last in, first out, and never for long.

The newest is taken, so that the others grow old and are closed. An idle connection is closed before the server is
likely to do it (common keep-alives are 60-75 s; `Keep-Alive: timeout=N` is believed, less one second), since a request
written to a connection the server is closing has to be made again. Active connections are neither kept nor counted.
"""

from __future__ import annotations

from outwait.wire.connection import Connection
from outwait.wire.endpoint import Target
from outwait.wire.response import keep_alive_span
from outwait.wire.wheel import NEVER, Alarm, Wheel

IDLE_SPAN = 30.0
PER_ENDPOINT = 256
# Connections grow old in crowds: look at most once in this many seconds.
_SWEEP = 0.5
# Seconds for the rest of a response nobody waits for.
_FAREWELL = 2.0
# The server's clock runs since it sent its last byte, ours since we read it.
_MARGIN = 1.0


class Pool:
    """Keeps idle connections. `idle`: seconds one is kept. `per_endpoint`: how many are kept for one endpoint."""

    __slots__ = ("_alarm", "_closed", "_idle", "_leaving", "_per_endpoint", "_span", "_wheel")

    def __init__(self, wheel: Wheel, *, idle: float = IDLE_SPAN, per_endpoint: int = PER_ENDPOINT) -> None:
        self._wheel = wheel
        self._span = idle
        self._per_endpoint = per_endpoint
        self._idle: dict[Target, dict[Connection, None]] = {}  # a dict is an ordered set with a quick remove
        self._leaving: dict[Connection, None] = {}
        self._alarm = Alarm(self._sweep)
        self._closed = False

    def __len__(self) -> int:
        return sum(map(len, self._idle.values()))

    def take(self, endpoint: Target) -> Connection | None:
        """The connection used last, out of the pool; None if there is none."""
        kept = self._idle.get(endpoint)
        if not kept:
            return None
        now = self._wheel.now()
        while kept:
            connection, _ = kept.popitem()
            if connection.usable and connection.expires > now:
                return connection
            connection.drop()
        return None

    def put(self, connection: Connection) -> None:
        """Keep `connection` for a while, or close it if there is no room or its server will not wait."""
        if self._leaving:
            self._leaving.pop(connection, None)
        kept = self._idle.get(connection.endpoint)
        if kept is None:
            kept = self._idle[connection.endpoint] = {}
        span = self._span
        if "keep-alive" in connection.headers:
            span = min(span, keep_alive_span(connection.headers) - _MARGIN)
        if self._closed or span <= 0 or len(kept) >= self._per_endpoint:
            connection.drop()
            return
        connection.expires = expires = self._wheel.now() + span
        kept[connection] = None
        if expires < self._alarm.due:
            self._wheel.set(self._alarm, expires)

    def see_out(self, connection: Connection) -> None:
        """`connection` reads the rest of a response nobody waits for; close it if that takes long."""
        connection.expires = expires = self._wheel.now() + _FAREWELL
        self._leaving[connection] = None
        if expires < self._alarm.due:
            self._wheel.set(self._alarm, expires)

    def lost(self, connection: Connection) -> None:
        """`connection` ended; it is forgotten if it was kept."""
        self._leaving.pop(connection, None)
        kept = self._idle.get(connection.endpoint)
        if kept is not None:
            kept.pop(connection, None)

    def flush(self, endpoint: Target) -> None:
        """Close what is kept for `endpoint`: one of them was found dead, so the others probably are."""
        for connection in self._idle.pop(endpoint, ()):
            connection.drop()

    def close(self) -> None:
        """Close everything, now and whatever comes back later."""
        self._closed = True
        self._wheel.forget(self._alarm)
        for endpoint in list(self._idle):
            self.flush(endpoint)
        for connection in list(self._leaving):
            connection.drop()

    def _sweep(self, now: float) -> None:
        due = NEVER
        for connection in [late for late in self._leaving if late.expires <= now]:
            del self._leaving[connection]
            connection.drop()
        if self._leaving:
            due = min(connection.expires for connection in self._leaving)
        for endpoint, kept in list(self._idle.items()):
            for connection in [old for old in kept if old.expires <= now]:
                del kept[connection]
                connection.drop()
            if kept:
                due = min(due, *(young.expires for young in kept))
            else:
                del self._idle[endpoint]
        if due != NEVER:
            self._wheel.set(self._alarm, max(due, now + _SWEEP))


class Nowhere:
    """A pool that keeps no connection, for those that are made for one request."""

    __slots__ = ()

    def put(self, connection: Connection) -> None:
        """Its request is over, and so is it."""
        connection.drop()

    def lost(self, connection: Connection) -> None:
        """It was not kept."""

    def see_out(self, connection: Connection) -> None:
        """Nobody needs it any more."""
        connection.drop()
