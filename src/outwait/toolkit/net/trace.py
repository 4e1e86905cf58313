"""The routers on the way, without root: packets that may only go n hops (ip(7), IP_TTL), and who complains of each.

Two kinds are sent to each distance: a datagram to a port where nobody listens, as traceroute does, and the opening of
a TCP connection to the service itself, which passes where filters let nothing else through.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from outwait.toolkit.net import errqueue
from outwait.toolkit.net.errqueue import SOL_IPV6, Complaint
from outwait.toolkit.net.findings import Hop, Trace
from outwait.toolkit.net.line import endpoint

FARTHEST: Final = 30
_BATCH: Final = 5
_SILENT_BATCHES: Final = 2  # after so many without a word, what lies behind is not asked for
_WAIT: Final = 1.0
_IPV6_UNICAST_HOPS: Final = 16
_UDP_PORT: Final = 33434
_PENDING: Final = (0, errno.EINPROGRESS, errno.EAGAIN)


@dataclass(slots=True)
class _Probe:
    """One packet on its way. `answer`: who spoke, `last`: it was the target."""

    ttl: int
    sock: socket.socket
    tcp: bool
    sent: float
    seconds: float | None = None
    answer: str | None = None
    last: bool = False
    note: str = ""

    @property
    def done(self) -> bool:
        return self.seconds is not None


def trace(address: str, port: int, timeout: float) -> Trace:
    """The way to `address`, in at most `timeout` seconds. Blocks."""
    deadline, hops, silent = time.monotonic() + timeout, list[Hop](), 0
    for first in range(1, FARTHEST + 1, _BATCH):
        if time.monotonic() >= deadline or silent >= _SILENT_BATCHES:
            break
        try:
            probes = _batch(address, port, range(first, min(first + _BATCH, FARTHEST + 1)), deadline)
        except OSError as error:
            return Trace(address, tuple(hops), reached=False, error=error.strerror or str(error))
        found = [_hop(ttl, [each for each in probes if each.ttl == ttl]) for ttl in sorted({p.ttl for p in probes})]
        silent = 0 if any(hop.address for hop in found) else silent + 1
        hops += found
        if any(hop.last or hop.note for hop in found):
            break
    return shorten(address, hops)


def shorten(address: str, hops: Sequence[Hop]) -> Trace:
    """The way up to the target, to a router that lets nothing pass, or to the last hop that spoke."""
    until = next((at for at, hop in enumerate(hops) if hop.last or hop.note), None)
    if until is not None:
        return Trace(address, tuple(hops[: until + 1]), reached=hops[until].last)
    spoke = [at for at, hop in enumerate(hops) if hop.address]
    return Trace(address, tuple(hops[: (spoke[-1] + 2) if spoke else 0]), reached=False)


def _batch(address: str, port: int, ttls: range, deadline: float) -> list[_Probe]:
    probes: list[_Probe] = []
    try:
        for ttl in ttls:
            probes.append(_send(address, _UDP_PORT + ttl, ttl, tcp=False))
            probes.append(_send(address, port, ttl, tcp=True))
        _listen(probes, min(deadline, time.monotonic() + _WAIT), address)
    finally:
        for probe in probes:
            probe.sock.close()
    return probes


def _send(address: str, port: int, ttl: int, *, tcp: bool) -> _Probe:
    sixth = ":" in address
    sock = socket.socket(socket.AF_INET6 if sixth else socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM)
    sent = False
    try:
        sock.setblocking(False)
        errqueue.listen(sock)
        level, option = (SOL_IPV6, _IPV6_UNICAST_HOPS) if sixth else (socket.IPPROTO_IP, socket.IP_TTL)
        sock.setsockopt(level, option, ttl)
        probe = _Probe(ttl, sock, tcp, time.monotonic())
        code = sock.connect_ex(endpoint(address, port))
        if code == 0 and not tcp:
            sock.send(b"outwait net: how far is it?")
        elif code not in _PENDING and not _something_waits(sock):
            raise OSError(code, os.strerror(code))
        sent = True
        return probe
    finally:
        if not sent:
            sock.close()


def _something_waits(sock: socket.socket) -> bool:
    """Whether something is to be read or told on `sock` at once."""
    poll = select.poll()
    poll.register(sock, select.POLLERR | select.POLLOUT)
    return bool(poll.poll(0))


def _listen(probes: Sequence[_Probe], deadline: float, address: str) -> None:
    """Wait until every probe has its answer, or the time is over."""
    waiting = {probe.sock.fileno(): probe for probe in probes}
    poll = select.poll()
    for number, probe in waiting.items():
        poll.register(number, select.POLLERR | (select.POLLOUT if probe.tcp else 0))
    while waiting and (left := deadline - time.monotonic()) > 0:
        for number, _ in poll.poll(left * 1000):
            probe = waiting[number]
            _hear(probe, address)
            if probe.done:
                poll.unregister(number)
                del waiting[number]


def _hear(probe: _Probe, address: str) -> None:
    now = time.monotonic() - probe.sent
    for each in errqueue.take(probe.sock):
        probe.seconds, probe.answer = now, each.sender
        probe.last, probe.note = verdict(each, address)
        return
    if not probe.tcp:
        probe.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # clears it, so that poll waits again
        return
    code = probe.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code in (0, errno.ECONNREFUSED):  # the target's own SYN-ACK or RST
        probe.seconds, probe.answer, probe.last = now, address, True
    else:
        probe.seconds = now


def verdict(complaint: Complaint, address: str) -> tuple[bool, str]:
    """Whether a complaint is the target's, and what it says beside "your hops are used up"."""
    if complaint.exceeded:
        return False, ""
    if complaint.port_closed:
        return complaint.sender in (address.partition("%")[0], None), ""
    return False, "prohibited" if complaint.prohibited else "unreachable"


def _hop(ttl: int, probes: Sequence[_Probe]) -> Hop:
    """One distance, from both of its probes; the one that came to the target counts first."""
    spoke = [each for each in probes if each.answer is not None]
    best = next((each for each in spoke if each.last), spoke[0] if spoke else None)
    if best is None:
        return Hop(ttl, None, None)
    how = "+".join(sorted({"tcp" if each.tcp else "udp" for each in spoke}))
    note = next((each.note for each in spoke if each.note), "")
    return Hop(ttl, best.answer, best.seconds, how, best.last, note)
