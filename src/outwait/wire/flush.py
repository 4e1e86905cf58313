"""What became of the bytes written to a client: taken, waiting, or nobody takes them any more.

Promises: progress is judged by what the client's kernel acknowledged, not by what ours was willing to buffer (several
megabytes), so a slow reader is told from a dead one; looking costs one ioctl, and only while bytes wait.
"""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import termios
from typing import Final

_RESET: Final = struct.pack("ii", 1, 0)


class Flush:
    """What one connection's client had taken at the latest look, and since when."""

    __slots__ = ("_since", "_taken")

    def __init__(self) -> None:
        self._taken = 0
        self._since = 0.0

    def look(self, transport: asyncio.Transport, written: int, now: float, *, anew: bool = False) -> float | None:
        """Seconds for which bytes have waited without one being taken, None when none wait.

        `written`: bytes handed to the transport so far. `anew`: it is the first look after a time in which none waited.
        """
        pending = waiting(transport)
        taken = written - pending
        if taken > self._taken or anew:
            self._taken = taken
            self._since = now
        return now - self._since if pending else None


def waiting(transport: asyncio.Transport) -> int:
    """Bytes the peer's kernel has not acknowledged: those in the transport and those in our kernel (SIOCOUTQ)."""
    unsent: int = transport.get_write_buffer_size()
    sock = transport.get_extra_info("socket")
    try:
        queued = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
    except (OSError, ValueError):  # not this kind of socket, or closed meanwhile
        return unsent
    return unsent + int(struct.unpack("i", queued)[0])


def reset(transport: asyncio.Transport) -> None:
    """Close with a reset, which no client takes for an end."""
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()
