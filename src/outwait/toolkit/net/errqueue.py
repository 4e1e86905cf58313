"""ICMP errors that concern a socket, without root: the error queue of Linux (ip(7), IP_RECVERR)."""

from __future__ import annotations

import errno
import socket
import struct
from dataclasses import dataclass
from typing import Final

SOL_IPV6: Final = 41
IP_RECVERR: Final = 11
IPV6_RECVERR: Final = 25
MSG_ERRQUEUE: Final = getattr(socket, "MSG_ERRQUEUE", 0x2000)

_EXTENDED: Final = struct.Struct("=IBBBxII")  # struct sock_extended_err, linux/errqueue.h
_ICMP, _ICMP6 = 2, 3  # SO_EE_ORIGIN_*
# RFC 792 and RFC 1812, 5.2.7.1; RFC 4443, 3.1
_PROHIBITED: Final = {(4, 3, 9), (4, 3, 10), (4, 3, 13), (6, 1, 1), (6, 1, 5), (6, 1, 6)}
_PORT: Final = {(4, 3, 3), (6, 1, 4)}
_EXCEEDED: Final = {(4, 11), (6, 3)}


@dataclass(frozen=True, slots=True)
class Complaint:
    """One ICMP error: who sent it (None: nobody says), its kind, and the MTU where one was told, else 0."""

    sender: str | None
    family: int
    type: int
    code: int
    number: int
    mtu: int = 0

    @property
    def prohibited(self) -> bool:
        """A filter says so itself."""
        return (self.family, self.type, self.code) in _PROHIBITED

    @property
    def port_closed(self) -> bool:
        """The packet reached a machine that has nobody at this port, or a filter that says so."""
        return (self.family, self.type, self.code) in _PORT

    @property
    def exceeded(self) -> bool:
        """A router on the way: the packet's hops were used up."""
        return (self.family, self.type) in _EXCEEDED

    @property
    def too_big(self) -> bool:
        """The packet does not fit the next link."""
        return self.number == errno.EMSGSIZE


def listen(sock: socket.socket) -> None:
    """Ask for ICMP errors on `sock`; where the system has no such thing, nothing happens."""
    level, option = (SOL_IPV6, IPV6_RECVERR) if sock.family == socket.AF_INET6 else (socket.IPPROTO_IP, IP_RECVERR)
    try:
        sock.setsockopt(level, option, 1)
    except OSError:
        pass


def take(sock: socket.socket) -> list[Complaint]:
    """Everything that waits in the error queue of `sock`, oldest first."""
    found: list[Complaint] = []
    while True:
        try:
            _, controls, _, _ = sock.recvmsg(512, 512, MSG_ERRQUEUE | socket.MSG_DONTWAIT)
        except OSError:
            return found
        found += [each for control in controls if (each := parse(*control)) is not None]


def parse(level: int, option: int, raw: bytes) -> Complaint | None:
    """The complaint in one control message; None for another kind of message, or an error of this machine's own."""
    if (level, option) not in ((socket.IPPROTO_IP, IP_RECVERR), (SOL_IPV6, IPV6_RECVERR)):
        return None
    if len(raw) < _EXTENDED.size:
        return None
    number, origin, kind, code, info, _ = _EXTENDED.unpack_from(raw)
    if origin not in (_ICMP, _ICMP6):
        return None
    family = 6 if origin == _ICMP6 else 4
    mtu = info if number == errno.EMSGSIZE else 0
    return Complaint(_sender(raw[_EXTENDED.size :]), family, kind, code, number, mtu)


def _sender(raw: bytes) -> str | None:
    """The address in a `struct sockaddr` of either family."""
    if len(raw) < 8:
        return None
    family = struct.unpack_from("=H", raw)[0]
    if family == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, raw[4:8])
    if family == socket.AF_INET6 and len(raw) >= 24:
        return socket.inet_ntop(socket.AF_INET6, raw[8:24])
    return None
