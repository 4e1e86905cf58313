"""Listening sockets, and the number of descriptors there is room for.

Promises: sockets made here share their port (SO_REUSEPORT) among workers, unless told not to; they accept over IPv4 and
IPv6 as the host says, and hand TCP_NODELAY and keep-alive probes on to accepted connections (Linux inherits them). The
soft descriptor limit is raised to the hard one, and the caller learns how many connections fit below the reserve, at
two each.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from outwait.wire.server import Server

_BACKLOG = 4096
_PER_CONNECTION = 2
# A client that vanished without a word is noticed after about two minutes, also while nothing is written to it.
_KEEPALIVE = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 15), (socket.TCP_KEEPCNT, 4))


@dataclass(frozen=True, slots=True)
class Descriptors:
    """How many descriptors this process may open: the soft limit as found (`before`) and as raised, the hard one."""

    before: int
    soft: int
    hard: int

    def connections(self, reserve: int = 256) -> int:
        """Client connections that fit when each may need an upstream one and `reserve` descriptors stay free."""
        return max((self.soft - reserve) // _PER_CONNECTION, 1)


def raise_descriptors() -> Descriptors:
    """Raise the soft limit of open files to the hard one; what cannot be raised stays and is reported."""
    before, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        return Descriptors(before, before, hard)
    return Descriptors(before, resource.getrlimit(resource.RLIMIT_NOFILE)[0], hard)


def bind(host: str, port: int, *, shared: bool = True) -> list[socket.socket]:
    """Listening sockets for every address of `host`; `port` 0 takes one free port for all. Raises OSError.

    `host` "" or "::" means every address, IPv4 and IPv6. `shared`: further processes may listen there too, and each
    gets some of the connections.
    """
    flags = socket.AI_PASSIVE | socket.AI_NUMERICSERV
    found = socket.getaddrinfo(host or "::", port, type=socket.SOCK_STREAM, flags=flags)
    addresses = dict.fromkeys((family, address) for family, _, _, _, address in found)
    sockets: list[socket.socket] = []
    try:
        for family, address in addresses:
            chosen = (address[0], port or (sockets[0].getsockname()[1] if sockets else 0), *address[2:])
            sockets.append(_listener(family, chosen, shared=shared))
    except OSError:
        for sock in sockets:
            sock.close()
        raise
    return sockets


def _listener(family: int, address: tuple[object, ...], *, shared: bool) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address[0] != "::")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
        sock.setblocking(False)
        sock.bind(address)
        sock.listen(_BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


def bind_side(path: Path) -> socket.socket:
    """A Unix socket at `path`, where nothing is yet, for processes of this user. Raises OSError."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.bind(str(path))
        path.chmod(0o600)
    except OSError:
        sock.close()
        raise
    return sock


async def start_side(server: Server, sock: socket.socket) -> asyncio.Server:
    """Accept neighbours' connections of the Unix socket `sock` for `server`."""
    loop = asyncio.get_running_loop()
    return await loop.create_unix_server(server.side_protocol_factory, sock=sock, backlog=_BACKLOG)


async def start(
    server: Server, sock: socket.socket, tls: ssl.SSLContext | None = None, backlog: int = _BACKLOG
) -> asyncio.Server:
    """Accept connections of `sock` for `server` on the running loop; closing what is returned stops accepting.

    uvloop goes on accepting after EMFILE, plain asyncio does not (FACTS part 3): `Limits.connections` keeps off both.
    """
    loop = asyncio.get_running_loop()
    handshake = server.limits.head_seconds if tls is not None else None
    return await loop.create_server(
        server.protocol_factory, sock=sock, ssl=tls, backlog=backlog, ssl_handshake_timeout=handshake
    )
