"""The largest packet of a path, without root: datagrams that must not be cut (ip(7), IP_MTU_DISCOVER)."""

from __future__ import annotations

import errno
import select
import socket
import time
from dataclasses import dataclass
from typing import Final

from outwait.toolkit.net import errqueue
from outwait.toolkit.net.errqueue import SOL_IPV6
from outwait.toolkit.net.findings import Mtu
from outwait.toolkit.net.line import endpoint

PORT: Final = 33434  # nobody listens there: an answer is ICMP port unreachable
_IP_MTU_DISCOVER, _IP_MTU = 10, 14  # linux/in.h
_IPV6_MTU_DISCOVER, _IPV6_MTU = 23, 24  # linux/in6.h
_DO: Final = 2  # IP_PMTUDISC_DO
_HEADERS: Final = {4: 28, 6: 48}  # IP and UDP
_SMALL: Final = {4: 576, 6: 1280}  # what every path carries
_LARGEST: Final = 65507  # bytes a datagram can hold; loopback allows larger packets than IP
_ROUNDS: Final = 6


@dataclass(frozen=True, slots=True)
class _Options:
    level: int
    discover: int
    mtu: int


_V4: Final = _Options(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_MTU)
_V6: Final = _Options(SOL_IPV6, _IPV6_MTU_DISCOVER, _IPV6_MTU)


def measure(address: str, timeout: float) -> Mtu | None:
    """The path's MTU to `address`, in at most `timeout` seconds; None where the system does not tell. Blocks."""
    six = ":" in address
    options, family = (_V6, 6) if six else (_V4, 4)
    try:
        with socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(options.level, options.discover, _DO)
            errqueue.listen(sock)
            sock.connect(endpoint(address, PORT))
            return _narrow(sock, options, family, time.monotonic() + timeout)
    except OSError:
        return None


def _narrow(sock: socket.socket, options: _Options, family: int, deadline: float) -> Mtu:
    """Send the largest packet that may pass until one does, or nobody complains any more."""
    interface = sock.getsockopt(options.level, options.mtu)
    known, teller, answered = interface, None, False
    for _ in range(_ROUNDS):
        complaints = _probe(sock, known - _HEADERS[family], deadline)
        answered = any(each.port_closed for each in complaints)
        teller = next((each.sender for each in complaints if each.too_big and each.sender), teller)
        now_known = sock.getsockopt(options.level, options.mtu)
        if answered or now_known >= known:
            break
        known = now_known
    hole = not answered and _small_passes(sock, family, deadline)
    return Mtu(known, interface, teller, hole)


def _small_passes(sock: socket.socket, family: int, deadline: float) -> bool:
    return any(each.port_closed for each in _probe(sock, _SMALL[family] - _HEADERS[family], deadline))


def _probe(sock: socket.socket, size: int, deadline: float) -> list[errqueue.Complaint]:
    """Send `size` bytes, twice if need be, and collect what ICMP says of it."""
    found: list[errqueue.Complaint] = []
    for _ in range(2):
        try:
            sock.send(bytes(min(size, _LARGEST)))
        except OSError as error:
            if error.errno == errno.EMSGSIZE:  # the kernel knows of a smaller one already
                return found + errqueue.take(sock)
        found += _wait(sock, min(0.4, deadline - time.monotonic()))
        if found:
            return found
    return found


def _wait(sock: socket.socket, seconds: float) -> list[errqueue.Complaint]:
    poll = select.poll()
    poll.register(sock, select.POLLERR)
    return errqueue.take(sock) if seconds > 0 and poll.poll(seconds * 1000) else []
