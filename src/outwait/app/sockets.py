"""The listening sockets of a gateway, and how its workers share them.

Promises: no socket that was ever listened on is closed while somebody takes over: what waits in its queue is accepted
by whoever has it next. A socket that is added then listens only when its worker serves.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Sequence

from outwait.wire import listen

Group = list[socket.socket]  # what one worker listens on: each address of the host, once or several times

_TCP = socket.IPPROTO_TCP
# What accepted connections inherit of their listener, and what lets it share its port.
_OPTIONS = (
    (socket.SOL_SOCKET, socket.SO_REUSEADDR),
    (socket.SOL_SOCKET, socket.SO_REUSEPORT),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
    (_TCP, socket.TCP_NODELAY),
    (_TCP, socket.TCP_KEEPIDLE),
    (_TCP, socket.TCP_KEEPINTVL),
    (_TCP, socket.TCP_KEEPCNT),
)


def bind(host: str, port: int, workers: int) -> list[Group]:
    """Take the port, for all workers. Raises OSError when it cannot be had, also when another gateway shares it out."""
    if port:
        _claim(host, port)
    groups: list[Group] = []
    try:
        for _ in range(workers):
            groups.append(listen.bind(host, port))
            port = groups[0][0].getsockname()[1]
    except OSError:
        close(groups)
        raise
    return groups


def spread(groups: Sequence[Group], workers: int) -> list[Group]:
    """One group for each of `workers`: with fewer than there were a worker gets several, with more, sockets at the same
    addresses are added. Raises OSError when they cannot be had.
    """
    shared: list[Group] = [[] for _ in range(workers)]
    for number, group in enumerate(groups):
        shared[number % workers].extend(group)
    addresses = {(sock.family, sock.getsockname()): sock for group in groups for sock in group}
    try:
        for added in shared[len(groups) :]:
            added.extend(twin(sock) for sock in addresses.values())
    except OSError:
        close(shared)
        raise
    return shared


def copies(group: Group, workers: int) -> list[Group]:
    """The same sockets for each of `workers`, which work off one queue."""
    made = [[sock.dup() for sock in group] for _ in range(workers)]
    close([group])
    return made


def twin(sock: socket.socket) -> socket.socket:
    """A socket at the address of `sock` that does not listen yet. Shutting `sock` down and listening on it again would
    be simpler, but on Linux what it accepts from then on looks as if its client had closed.
    """
    made = socket.socket(sock.family, sock.type)
    try:
        made.setblocking(False)
        for level, option in _OPTIONS:
            made.setsockopt(level, option, sock.getsockopt(level, option))
        if sock.family == socket.AF_INET6:
            only = sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
        made.bind(sock.getsockname())
    except OSError:
        made.close()
        raise
    return made


def address(groups: Sequence[Group]) -> tuple[str, int]:
    """Where the first of them listens."""
    host, port = groups[0][0].getsockname()[:2]
    return host, port


def check_open(group: Group, *, keys: bool) -> None:
    """Raises OSError when sockets that somebody else opened let everybody in: `server.host` is under the same rule."""
    for sock in group:
        host = sock.getsockname()[0]
        if not keys and not ipaddress.ip_address(host.partition("%")[0]).is_loopback:
            told = f"others can reach {host}, but no client key is configured: add one to `keys`"
            raise PermissionError(errno.EACCES, told)


def close(groups: Sequence[Group]) -> None:
    """Give them all up."""
    for group in groups:
        for sock in group:
            sock.close()


def _claim(host: str, port: int) -> None:
    """Raises OSError when somebody listens there: SO_REUSEPORT alone would let two gateways share a port unnoticed."""
    family, kind, protocol, _, found = socket.getaddrinfo(host or "::", port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(found)
