"""What systemd and a service tell each other: sockets that it opened beforehand, and how the service is doing.

sd_listen_fds(3) and sd_notify(3), as far as a gateway needs them. Where there is no systemd, nothing happens.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
import time

_log = logging.getLogger("outwait")

_FIRST_FD = 3  # SD_LISTEN_FDS_START
_UNIX = "/@"  # what the address of a Unix socket begins with; "@" stands for the abstract ones


def activated() -> list[socket.socket]:
    """The listening sockets this process was started with; none without socket activation. Raises OSError for those
    that no gateway can serve.

    They are told once: the variables are taken out of the environment, so that no child thinks that it is meant.
    """
    told = {name: os.environ.pop(name, "") for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")}
    if told["LISTEN_PID"] != str(os.getpid()) or not told["LISTEN_FDS"].isdecimal():
        return []
    sockets = []
    for fd in range(_FIRST_FD, _FIRST_FD + int(told["LISTEN_FDS"])):
        os.set_inheritable(fd, False)
        sock = socket.socket(fileno=fd)
        sockets.append(sock)
        _check(sock)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return sockets


def notify(*words: str) -> None:
    """Tell systemd, e.g. `READY=1`. What it cannot be told is no reason to stop serving."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address or address[0] not in _UNIX:
        return
    if address[0] == "@":
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.connect(address)
            sock.sendall("\n".join(words).encode())
    except OSError as error:
        _log.warning("systemd cannot be told %s: %s", " ".join(words), error)


def reloading() -> None:
    """A reload begins; `notify("READY=1")` ends it."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")


def _check(sock: socket.socket) -> None:
    """Raises OSError unless connections to a TCP port can be accepted from it."""
    internet = sock.family in (socket.AF_INET, socket.AF_INET6) and sock.type == socket.SOCK_STREAM
    if not internet or not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        what = "systemd passed a socket that is no listening TCP socket: give ListenStream= a port, and Accept=no"
        raise OSError(errno.EINVAL, what)
