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
    """Counts what one connection wrote. `written`: bytes handed to the transport. `watched`: a look at it is due."""

    __slots__ = ("since", "taken", "watched", "written")

    def __init__(self) -> None:
        self.written = 0
        self.watched = False
        self.taken = 0  # bytes the client had taken at the latest look
        self.since = 0.0  # when that number last grew

    def look(self, transport: asyncio.Transport, now: float) -> float:
        """Seconds for which bytes have waited without one being taken; `watched` becomes false when none wait."""
        pending = waiting(transport)
        if pending == 0:
            self.watched = False
            return 0.0
        taken = self.written - pending
        if taken > self.taken or not self.watched:
            self.watched = True
            self.taken = taken
            self.since = now
        return now - self.since


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
