"""One TCP connection with its socket in reach: ICMP errors, the kernel's measurements, and TLS where it is wanted."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import socket
import ssl
from typing import Final

from outwait.toolkit.net import errqueue, tcp_info
from outwait.toolkit.net.findings import Attempt, Reached, TcpInfo

_PIECE: Final = 65536
_KINDS: Final = {
    errno.ECONNREFUSED: Reached.REFUSED,
    errno.ECONNRESET: Reached.REFUSED,
    errno.ETIMEDOUT: Reached.TIMEOUT,
    errno.EHOSTUNREACH: Reached.UNREACHABLE,
    errno.ENETUNREACH: Reached.UNREACHABLE,
    errno.EHOSTDOWN: Reached.UNREACHABLE,
}
_NO_WAY: Final = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)


class Line:
    """An open connection. `receive` returns b"" when the peer ended it in good order; OSError when it was reset."""

    def __init__(self, sock: socket.socket, address: str) -> None:
        self.sock = sock
        self.address = address
        self.tls: ssl.SSLObject | None = None
        self.seen = b""  # the first bytes that came, as they came
        self.flushed = False  # the hello, or whatever was sent last, is out
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()

    @property
    def info(self) -> TcpInfo | None:
        """What the kernel has measured so far."""
        return tcp_info.read(self.sock)

    def acknowledged(self) -> bool | None:
        """Whether the peer's machine has confirmed everything that was sent; None where the system does not tell."""
        info = self.info
        return None if info is None else info.delivered

    async def handshake(self, context: ssl.SSLContext, name: str | None) -> None:
        """TLS on this connection, for the host `name` (None: name nobody). Raises ssl.SSLError, OSError, EOFError."""
        self.tls = context.wrap_bio(self._in, self._out, server_hostname=name)
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._feed()
            except ssl.SSLError:
                await self._part()
                raise
            else:
                await self._flush()
                return

    async def send(self, data: bytes) -> None:
        """All of `data`, given to the kernel."""
        if self.tls is None:
            await asyncio.get_running_loop().sock_sendall(self.sock, data)
        else:
            self.tls.write(data)
            await self._flush()

    async def receive(self) -> bytes:
        """What came next, at most 64 KiB."""
        if self.tls is None:
            return await self._take()
        while True:
            try:
                return self.tls.read(_PIECE)
            except ssl.SSLWantReadError:
                try:
                    await self._feed()
                except EOFError:
                    return b""
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    def close(self) -> None:
        """End it; nothing is waited for."""
        self.sock.close()

    async def _take(self) -> bytes:
        piece = await asyncio.get_running_loop().sock_recv(self.sock, _PIECE)
        if len(self.seen) < 256:
            self.seen += piece[: 256 - len(self.seen)]
        return piece

    async def _feed(self) -> None:
        piece = await self._take()
        if not piece:
            self._in.write_eof()
            raise EOFError("the peer ended the connection")
        self._in.write(piece)

    async def _flush(self) -> None:
        waiting = self._out.read()
        if waiting:
            await asyncio.get_running_loop().sock_sendall(self.sock, waiting)
            self.flushed = True

    async def _part(self) -> None:
        """Send the alert that says why we end it; if that cannot be done, nothing is lost."""
        try:
            await self._flush()
        except OSError:
            pass


async def open_line(address: str, port: int, timeout: float) -> tuple[Line | None, Attempt]:
    """Connect to `address`; the attempt says how it went, the line is None unless it is open."""
    loop = asyncio.get_running_loop()
    sixth = ":" in address
    began = loop.time()
    try:
        sock = socket.socket(socket.AF_INET6 if sixth else socket.AF_INET, socket.SOCK_STREAM)
    except OSError as error:
        return None, Attempt(address, Reached.LOCAL, 0.0, _words(error))
    line: Line | None = None
    try:
        sock.setblocking(False)
        errqueue.listen(sock)
        async with asyncio.timeout(timeout):
            await loop.sock_connect(sock, endpoint(address, port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line = Line(sock, address)
        return line, Attempt(address, Reached.OPEN, loop.time() - began, own=_own(sock))
    except TimeoutError:
        return None, _silent(address, loop.time() - began, errqueue.take(sock))
    except OSError as error:
        return None, failed(address, loop.time() - began, error, errqueue.take(sock))
    finally:
        if line is None:  # also when nobody waits any more
            sock.close()


def endpoint(address: str, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
    """The address as sockets take it; an IPv6 zone becomes its number. Raises OSError for a zone that is not there."""
    host, _, zone = address.partition("%")
    if ":" not in host:
        return host, port
    scope = 0 if not zone else int(zone) if zone.isdecimal() else socket.if_nametoindex(zone)
    return host, port, 0, scope


def failed(address: str, seconds: float, error: OSError, complaints: list[errqueue.Complaint]) -> Attempt:
    """What an error of connect means, with what ICMP said about it."""
    told = next((each for each in reversed(complaints) if not each.exceeded), None)
    if told is not None and told.prohibited:
        return Attempt(address, Reached.PROHIBITED, seconds, _words(error), told.sender)
    if told is not None:
        reached = Reached.REFUSED if told.port_closed else Reached.UNREACHABLE
        return Attempt(address, reached, seconds, _words(error), told.sender, own=_loops(address))
    own = _loops(address)
    # Without ICMP these are this machine's own: at once there was no route, later nobody answered to ARP.
    if error.errno in _NO_WAY and seconds < 0.1 and not own:
        return Attempt(address, Reached.NO_ROUTE, seconds, _words(error))
    return Attempt(address, _KINDS.get(error.errno or 0, Reached.LOCAL), seconds, _words(error), own=own)


def _silent(address: str, seconds: float, complaints: list[errqueue.Complaint]) -> Attempt:
    """Nobody answered; a router that complained meanwhile is named."""
    sender = complaints[-1].sender if complaints else None
    return Attempt(address, Reached.TIMEOUT, seconds, icmp_from=sender, own=_loops(address))


def _own(sock: socket.socket) -> bool:
    """Whether both ends are this machine; False if the peer is gone already."""
    try:
        return bool(sock.getsockname()[0] == sock.getpeername()[0])
    except OSError:
        return False


def _loops(address: str) -> bool:
    plain = ipaddress.ip_address(address.partition("%")[0])
    return plain.is_loopback or plain.is_unspecified


def _words(error: OSError) -> str:
    """The system's words for it; asyncio's name the address once more."""
    return os.strerror(error.errno) if error.errno else str(error)
