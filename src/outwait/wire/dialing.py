"""Makes upstream connections: name to addresses, addresses judged, connected in a staggered race, TLS on top.

Promises: the address connected to is one that was judged (no second look-up that could answer differently); families
take turns and a silent address costs 250 ms, not a connect timeout (RFC 8305); whatever goes wrong is a `DialFailed`
that names its phase. There is no deadline in here: the caller cancels.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Sequence
from itertools import chain, zip_longest
from typing import Any

from outwait.wire.breaks import DialFailed
from outwait.wire.connection import Connection
from outwait.wire.endpoint import Endpoint, SideDoor, refusal
from outwait.wire.tasks import spawn
from outwait.wire.tls import client_context

# (family, socket address as getaddrinfo gives it)
Place = tuple[socket.AddressFamily, tuple[Any, ...]]

_STAGGER = 0.25  # RFC 8305 section 5, "Connection Attempt Delay"
# One look-up serves all dials of these seconds: after a restart of an upstream a thousand calls dial at once, and the
# resolver has four threads. Short enough not to matter to anybody's DNS failover.
_NAME_SPAN = 5.0
_SHUTDOWN = 1.0
# A model may think for half an hour without a byte; NATs forget silent connections after 350 s (FACTS 1.4). Probes also
# tell us within two minutes when the peer is gone. They do not help against proxies (FACTS 1.1).
_KEEPALIVE = (
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 60),
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 15),
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 4),
)


class Dialer:
    """Makes connections on `loop`. TLS contexts are made once and kept: loading the authorities takes milliseconds."""

    __slots__ = ("_contexts", "_lookups", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._contexts: dict[tuple[str | None, bool], ssl.SSLContext] = {}
        self._lookups: dict[tuple[str, int], tuple[float, asyncio.Task[list[Place] | DialFailed]]] = {}

    async def resolve(self, endpoint: Endpoint) -> list[Place]:
        """The endpoint's addresses in the order to try them. Raises DialFailed (resolve, judge)."""
        key = (endpoint.host, endpoint.port)
        known = self._lookups.get(key)
        now = self._loop.time()
        if known is None or now >= known[0]:
            known = (now + _NAME_SPAN, spawn(self._look_up(*key), "resolve"))
            self._lookups[key] = known
        found = await asyncio.shield(known[1])  # others wait for the same task
        if isinstance(found, DialFailed):
            if self._lookups.get(key) is known:
                del self._lookups[key]
            raise found
        return found

    async def connect(self, endpoint: Endpoint, places: Sequence[Place], make: Callable[[], Connection]) -> Connection:
        """A connection to the first of `places` that answers. Raises DialFailed (connect, tls)."""
        context = self._tls(endpoint) if endpoint.tls else None
        sock, peer = await (self._one(places[0]) if len(places) == 1 else self._race(places))
        try:
            _, connection = await self._loop.create_connection(
                make,
                sock=sock,
                ssl=context,
                server_hostname=endpoint.host if endpoint.tls else None,
                ssl_shutdown_timeout=_SHUTDOWN if endpoint.tls else None,
            )
        except OSError as error:  # SSLError and ConnectionError are OSErrors
            sock.close()
            raise DialFailed("tls" if endpoint.tls else "connect", ((peer, error),)) from error
        return connection

    def _tls(self, endpoint: Endpoint) -> ssl.SSLContext:
        key = (endpoint.ca_file, endpoint.verify)
        context = self._contexts.get(key)
        if context is None:
            try:
                context = client_context(endpoint.ca_file, verify=endpoint.verify)
            except (OSError, ValueError) as error:
                raise DialFailed("tls", ((f"ca_file {endpoint.ca_file}", error),)) from error
            self._contexts[key] = context
        return context

    async def _look_up(self, host: str, port: int) -> list[Place] | DialFailed:
        """Returns its failure instead of raising it: several dials may wait for it, or none."""
        try:
            rows = await self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            return DialFailed("resolve", ((host, error),))
        places: list[Place] = []
        why = ""
        for family, _, _, _, address in rows:
            refused = refusal(str(address[0]))
            if refused is None:
                places.append((family, address))
            else:
                why = f"{host} is {address[0]}, a {refused}"
        if not places:
            return DialFailed("judge" if why else "resolve", (), why or "the name has no address")
        return _interleaved(places)

    async def _one(self, place: Place) -> tuple[socket.socket, str]:
        sock, peer, error = await self._try(place)
        if sock is None:
            raise DialFailed("connect", ((peer, error or OSError()),))
        return sock, peer

    async def _race(self, places: Sequence[Place]) -> tuple[socket.socket, str]:
        waiting = list(reversed(places))
        tasks: list[asyncio.Task[_Tried]] = []
        running: set[asyncio.Task[_Tried]] = set()
        causes: list[tuple[str, Exception]] = []
        won: socket.socket | None = None
        try:
            while waiting or running:
                if waiting:
                    tasks.append(spawn(self._try(waiting.pop()), "connect"))
                    running.add(tasks[-1])
                done, running = await asyncio.wait(
                    running, timeout=_STAGGER if waiting else None, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    won, peer, error = task.result()
                    if won is not None:
                        return won, peer
                    causes.append((peer, error or OSError()))
        finally:
            for task in tasks:
                _call_off(task, won)
        raise DialFailed("connect", tuple(causes))

    async def _try(self, place: Place) -> _Tried:
        """Connect to one address; returns its failure instead of raising it, so that no task fails unheard."""
        family, address = place
        peer = f"[{address[0]}]:{address[1]}" if family == socket.AF_INET6 else f"{address[0]}:{address[1]}"
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            return None, peer, error
        with contextlib.ExitStack() as undo:
            undo.callback(sock.close)
            try:
                sock.setblocking(False)
                for level, name, value in _KEEPALIVE:
                    if hasattr(socket, name):  # macOS names TCP_KEEPIDLE differently and lives without it
                        sock.setsockopt(level, getattr(socket, name), value)
                await self._loop.sock_connect(sock, address)
            except OSError as error:
                return None, peer, error
            undo.pop_all()
        return sock, peer, None


async def enter(loop: asyncio.AbstractEventLoop, door: SideDoor, make: Callable[[], Connection]) -> Connection:
    """A connection to a process of this machine. Raises DialFailed (connect).

    The socket is connected before the loop has it: with a Unix socket that is done or refused at once, and asyncio
    takes "try again", which a full backlog answers, for a connection.
    """
    try:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    except OSError as error:
        raise DialFailed("connect", ((door.path, error),)) from error
    with contextlib.ExitStack() as undo:
        undo.callback(sock.close)
        sock.setblocking(False)
        try:
            sock.connect(door.path)
            _, connection = await loop.create_unix_connection(make, sock=sock)
        except OSError as error:
            raise DialFailed("connect", ((door.path, error),)) from error
        undo.pop_all()
    return connection


_Tried = tuple[socket.socket | None, str, Exception | None]


def _interleaved(places: list[Place]) -> list[Place]:
    """Families take turns, beginning with the one the resolver put first (RFC 8305 section 4, RFC 6724)."""
    first = places[0][0]
    mine = [place for place in places if place[0] == first]
    other = [place for place in places if place[0] != first]
    return [place for place in chain.from_iterable(zip_longest(mine, other)) if place is not None]


def _call_off(task: asyncio.Task[_Tried], won: socket.socket | None) -> None:
    """End a loser of the race; one that connected in the same moment gives its socket back."""
    if not task.done():
        task.cancel()
        return
    sock = None if task.cancelled() else task.result()[0]
    if sock is not None and sock is not won:
        sock.close()
