from __future__ import annotations

import socket
import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.toolkit.net.tcp_info import parse, read


def struct_of(**numbers: int) -> bytes:
    """A `struct tcp_info` as Linux lays it out."""
    names = (
        "rto ato snd_mss rcv_mss unacked sacked lost retrans fackets last_data_sent last_ack_sent last_data_recv "
        "last_ack_recv pmtu rcv_ssthresh rtt rttvar snd_ssthresh snd_cwnd advmss reordering rcv_rtt rcv_space "
        "total_retrans"
    ).split()
    assert set(numbers) <= {*names, "notsent", "min_rtt"}
    known = struct.pack("=8x24I", *(numbers.get(name, 0) for name in names))
    return (
        known
        + struct.pack("=4Q", 1, 2, 3, 4)
        + struct.pack("=4I", 9, 9, numbers.get("notsent", 0), numbers.get("min_rtt", 0))
    )


def test_the_figures_stand_where_the_kernel_puts_them() -> None:
    found = parse(
        struct_of(rtt=20_000, rttvar=1500, snd_mss=1448, unacked=2, pmtu=1500, total_retrans=3, notsent=17, min_rtt=900)
    )
    assert found is not None
    assert (found.rtt, found.rttvar, found.min_rtt) == (0.02, 0.0015, 0.0009)
    assert (found.snd_mss, found.pmtu, found.unacked, found.unsent, found.retransmits) == (1448, 1500, 2, 17, 3)
    assert found.delivered is False


def test_an_old_kernel_tells_less() -> None:
    found = parse(struct_of(rtt=20_000)[:104])
    assert found is not None
    assert (found.min_rtt, found.delivered) == (None, True)
    assert parse(struct_of(min_rtt=0xFFFF_FFFF)).min_rtt is None  # type: ignore[union-attr] # it is whole


@given(st.binary(max_size=256))
def test_whatever_comes_is_read_or_not(raw: bytes) -> None:
    assert (parse(raw) is None) == (len(raw) < 104)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="TCP_INFO is Linux's")
def test_of_a_real_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as sock:
        found = read(sock)
        assert found is not None
        assert found.pmtu >= 1280
        assert found.delivered
        assert found.rtt > 0


def test_what_is_no_connection_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert read(sock) is None
        monkeypatch.delattr(socket, "TCP_INFO")
        assert read(sock) is None
