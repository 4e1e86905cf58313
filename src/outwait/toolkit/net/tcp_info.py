"""The kernel's own measurements of a connection: `struct tcp_info` of Linux, as bytes and as figures."""

from __future__ import annotations

import socket
import struct

from outwait.toolkit.net.findings import TcpInfo

# linux/tcp.h: eight single bytes, 24 numbers of 32 bits, two rates, two byte counters, then 32 bits again.
_NUMBERS = struct.Struct("=8x24I")
_MORE = struct.Struct("=II")  # notsent_bytes, min_rtt
_MORE_AT = 8 + 24 * 4 + 2 * 8 + 2 * 8 + 2 * 4  # after segs_out, segs_in
_SIZE = 192
_UNKNOWN = 0xFFFF_FFFF


def parse(raw: bytes) -> TcpInfo | None:
    """The figures in `raw`; None for what is too short to be one."""
    if len(raw) < _NUMBERS.size:
        return None
    numbers = _NUMBERS.unpack_from(raw)
    snd_mss, unacked, pmtu, rtt, rttvar, retransmits = (numbers[at] for at in (2, 4, 13, 15, 16, 23))
    unsent, fastest = 0, None
    if len(raw) >= _MORE_AT + _MORE.size:
        unsent, found = _MORE.unpack_from(raw, _MORE_AT)
        fastest = None if found in (0, _UNKNOWN) else found / 1e6
    return TcpInfo(rtt / 1e6, rttvar / 1e6, fastest, retransmits, unacked, unsent, pmtu, snd_mss)


def read(sock: socket.socket) -> TcpInfo | None:
    """Of a connected socket; None where the system does not tell."""
    option = getattr(socket, "TCP_INFO", None)
    if option is None:
        return None
    try:
        return parse(sock.getsockopt(socket.IPPROTO_TCP, option, _SIZE))
    except OSError:
        return None
