from __future__ import annotations

import errno
import select
import socket
import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.toolkit.net.errqueue import IP_RECVERR, IPV6_RECVERR, SOL_IPV6, listen, parse, take


def control(number: int, origin: int, kind: int, code: int, info: int = 0, sender: bytes = b"") -> bytes:
    return struct.pack("=IBBBxII", number, origin, kind, code, info, 0) + sender


ROUTER = struct.pack("=HH", socket.AF_INET, 0) + socket.inet_aton("10.0.0.1") + bytes(8)
ROUTER6 = struct.pack("=HHI", socket.AF_INET6, 0, 0) + socket.inet_pton(socket.AF_INET6, "2001:db8::1") + bytes(4)


def test_a_router_that_forbids() -> None:
    found = parse(socket.IPPROTO_IP, IP_RECVERR, control(errno.EHOSTUNREACH, 2, 3, 13, 0, ROUTER))
    assert found is not None
    assert (found.sender, found.prohibited, found.port_closed, found.exceeded) == ("10.0.0.1", True, False, False)


def test_ports_hops_and_sizes() -> None:
    closed = parse(socket.IPPROTO_IP, IP_RECVERR, control(errno.ECONNREFUSED, 2, 3, 3, 0, ROUTER))
    hops = parse(SOL_IPV6, IPV6_RECVERR, control(errno.EHOSTUNREACH, 3, 3, 0, 0, ROUTER6))
    size = parse(socket.IPPROTO_IP, IP_RECVERR, control(errno.EMSGSIZE, 2, 3, 4, 1400, ROUTER))
    assert closed is not None
    assert hops is not None
    assert size is not None
    assert closed.port_closed
    assert (hops.exceeded, hops.sender, hops.family) == (True, "2001:db8::1", 6)
    assert (size.too_big, size.mtu) == (True, 1400)


def test_what_is_none() -> None:
    local = control(errno.EMSGSIZE, 1, 0, 0, 1400)  # SO_EE_ORIGIN_LOCAL: this machine's own
    assert parse(socket.IPPROTO_IP, IP_RECVERR, local) is None
    assert parse(socket.SOL_SOCKET, 1, control(0, 2, 3, 3)) is None
    unnamed = parse(socket.IPPROTO_IP, IP_RECVERR, control(errno.ECONNREFUSED, 2, 3, 3, 0, bytes(16)))
    assert unnamed is not None
    assert unnamed.sender is None


@given(st.sampled_from([(0, IP_RECVERR), (SOL_IPV6, IPV6_RECVERR)]), st.binary(max_size=64))
def test_whatever_comes_is_read_or_not(kind: tuple[int, int], raw: bytes) -> None:
    found = parse(*kind, raw)
    assert found is None or len(raw) >= 16


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the error queue is Linux's")
def test_a_closed_port_of_this_machine_complains() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
    ):
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        taken.close()
        listen(sock)
        sock.connect(("127.0.0.1", port))
        assert take(sock) == []
        sock.send(b"anybody?")
        poll = select.poll()
        poll.register(sock, select.POLLERR)
        assert poll.poll(2000)
        (found,) = take(sock)
        assert (found.port_closed, found.sender) == (True, "127.0.0.1")


def test_where_there_is_no_such_thing_nothing_happens() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        listen(sock)
        assert take(sock) == []
