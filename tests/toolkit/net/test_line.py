from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from pathlib import Path

import pytest
from tests.toolkit.net import peers
from tests.toolkit.net.peers import HOST, looped

from outwait.toolkit.net.errqueue import Complaint
from outwait.toolkit.net.findings import Reached
from outwait.toolkit.net.line import endpoint, failed, open_line


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        port: int = sock.getsockname()[1]
        return port


@looped
async def test_a_line_carries_bytes_and_tells_the_kernels_figures() -> None:
    async with peers.peer(peers.answers(b"hello")) as port:
        line, attempt = await open_line(HOST, port, 2.0)
        assert line is not None
        assert (attempt.reached, attempt.own) == (Reached.OPEN, True)
        await line.send(b"x\r\n\r\n")
        assert await line.receive() == b"hello"
        assert await line.receive() == b""
        assert line.seen == b"hello"
        assert line.info is not None
        assert line.acknowledged() is True
        line.close()


@looped
async def test_a_closed_port_refuses() -> None:
    line, attempt = await open_line(HOST, closed_port(), 2.0)
    assert line is None
    assert (attempt.reached, attempt.own, attempt.icmp_from) == (Reached.REFUSED, True, None)


@looped
async def test_silence_is_a_timeout() -> None:
    with socket.socket() as full:  # a backlog that is full swallows further SYNs
        full.bind((HOST, 0))
        full.listen(0)
        port = full.getsockname()[1]
        held = [await open_line(HOST, port, 0.2) for _ in range(3)]
        assert held[-1][1].reached is Reached.TIMEOUT
        for line, _ in held:
            if line is not None:
                line.close()


@looped
async def test_tls_on_a_line(tmp_path: Path) -> None:
    served, path = peers.context(tmp_path, "localhost")
    trusting = ssl.create_default_context(cafile=path)
    async with peers.peer(peers.answers(b"secret"), served) as port:
        line, _ = await open_line(HOST, port, 2.0)
        assert line is not None
        await line.handshake(trusting, "localhost")
        await line.send(b"x\r\n\r\n")
        assert await line.receive() == b"secret"
        assert await line.receive() == b""
        line.close()
        judged, _ = await open_line(HOST, port, 2.0)
        assert judged is not None
        with pytest.raises(ssl.SSLCertVerificationError):
            await judged.handshake(ssl.create_default_context(), "localhost")
        judged.close()


@looped
async def test_a_peer_that_leaves_during_the_handshake() -> None:
    async with peers.peer(peers.leaves) as port:
        line, _ = await open_line(HOST, port, 2.0)
        assert line is not None
        with pytest.raises(EOFError):
            await line.handshake(ssl.create_default_context(), "localhost")
        line.close()


@looped
async def test_who_stops_waiting_leaves_no_socket_open() -> None:
    with socket.socket() as full:
        full.bind((HOST, 0))
        full.listen(0)
        held = [await open_line(HOST, full.getsockname()[1], 0.2) for _ in range(2)]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await open_line(HOST, full.getsockname()[1], 5.0)
        for line, _ in held:
            if line is not None:
                line.close()


def test_addresses_as_sockets_take_them() -> None:
    assert endpoint("192.0.2.1", 80) == ("192.0.2.1", 80)
    assert endpoint("2001:db8::1", 80) == ("2001:db8::1", 80, 0, 0)
    assert endpoint("fe80::1%7", 80) == ("fe80::1", 80, 0, 7)
    assert endpoint("fe80::1%lo", 80) == ("fe80::1", 80, 0, socket.if_nametoindex("lo"))
    with pytest.raises(OSError):
        endpoint("fe80::1%nosuch", 80)


@looped
async def test_a_zone_that_is_not_there() -> None:
    line, attempt = await open_line("fe80::1%nosuch", 80, 1.0)
    assert line is None
    assert attempt.reached is Reached.LOCAL


def error(number: int) -> OSError:
    return OSError(number, "words")


@pytest.mark.parametrize(
    "number, seconds, address, reached",
    [
        (errno.ECONNREFUSED, 0.1, "192.0.2.1", Reached.REFUSED), (errno.ECONNRESET, 0.1, "192.0.2.1", Reached.REFUSED),
        (errno.ENETUNREACH, 0.0, "192.0.2.1", Reached.NO_ROUTE),
        (errno.EHOSTUNREACH, 3.0, "192.0.2.1", Reached.UNREACHABLE),
        (errno.EADDRNOTAVAIL, 0.0, "2001:db8::1", Reached.NO_ROUTE), (errno.EPERM, 0.0, "192.0.2.1", Reached.LOCAL),
        (errno.ETIMEDOUT, 90.0, "192.0.2.1", Reached.TIMEOUT), (errno.EADDRNOTAVAIL, 0.0, "127.0.0.1", Reached.LOCAL),
    ],
)  # fmt: skip
def test_what_an_error_means(number: int, seconds: float, address: str, reached: Reached) -> None:
    assert failed(address, seconds, error(number), []).reached is reached


def test_icmp_says_more() -> None:
    exceeded, forbids = Complaint("10.0.0.1", 4, 11, 0, 113), Complaint("10.0.0.2", 4, 3, 13, 113)
    closed, lost = Complaint("10.0.0.3", 4, 3, 3, 111), Complaint("10.0.0.4", 6, 1, 0, 101)
    unreachable = error(errno.EHOSTUNREACH)
    for complaint, reached in (
        (forbids, Reached.PROHIBITED), (closed, Reached.REFUSED), (lost, Reached.UNREACHABLE)
    ):  # fmt: skip
        found = failed("192.0.2.1", 0.0, unreachable, [complaint, exceeded])
        assert (found.reached, found.icmp_from) == (reached, complaint.sender)
