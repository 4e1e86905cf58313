"""One probe over a connection of its own, every byte and every end seen: HTTP/1.1 by hand, since libraries make one
error of a reset, a FIN, a cut chunk and their own patience.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from dataclasses import dataclass
from typing import Final, cast

from outwait.toolkit.path.forward import Forward, connect
from outwait.toolkit.path.question import Form, Question, Target, request
from outwait.toolkit.path.reading import End, Heard, Reading

CONNECT: Final = 10.0  # seconds to connect, TLS and a proxy's tunnel included
GRACE: Final = 5.0  # seconds that an answer may come late before it counts as lost
_TUNNEL_MAX: Final = 65536  # bytes of a proxy's answer to CONNECT
_REST: Final = b"."  # what an upload still owes after its silence


@dataclass(frozen=True, slots=True)
class Way:
    """How the gateway is reached. `verify`: whether its certificate is checked."""

    target: Target
    key: str = ""
    forward: Forward | None = None
    verify: bool = True

    @property
    def tunnel(self) -> bool:
        """Whether a forward proxy is asked for a tunnel."""
        return self.forward is not None and self.target.tls

    def request(self, method: str, query: str = "", size: int = 0) -> bytes:
        """The head of a request."""
        forward = self.forward if not self.target.tls else None
        head = request(self.target, method, query, self.key, size, absolute=forward is not None)
        if forward is None:
            return head
        return head.removesuffix(b"\r\n") + forward.authorization.encode("latin-1") + b"\r\n"


class Unreached(Exception):  # noqa: N818 - it says what happened
    """There was no connection; the text says why."""


async def ask(way: Way, question: Question) -> Heard:
    """Ask the probe route, and wait for the silence and `GRACE` more."""
    if question.form is Form.UPLOAD:
        return await _upload(way, question)
    return await _heard(way, way.request("POST", question.query), question.silence + GRACE)


async def ask_bounds(way: Way) -> Heard:
    """Ask what may be asked for."""
    return await _heard(way, way.request("GET"), CONNECT)


async def _heard(way: Way, data: bytes, patience: float) -> Heard:
    try:
        line = await _opened(way)
    except Unreached as error:
        return Heard(End.UNREACHED, 0.0, why=str(error))
    try:
        line.send(data)
        return await line.until_over(patience)
    finally:
        line.close()


async def _upload(way: Way, question: Question) -> Heard:
    """Send the head and all but the end of the body, be silent, send the end. An answer that does not wait for the end,
    or a cut, ends it.
    """
    try:
        line = await _opened(way)
    except Unreached as error:
        return Heard(End.UNREACHED, 0.0, why=str(error))
    try:
        head = way.request("POST", question.query, question.size + len(_REST))
        line.send(head + b"." * question.size)
        heard = await line.until_over(question.silence)
        if heard.end is not End.SILENT:
            return heard
        line.more(_REST)
        return await line.until_over(GRACE)
    finally:
        line.close()


class Line(asyncio.Protocol):
    """A connection that carries one request. Times are counted from `send`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reading = Reading()
        self._start = self._loop.time()
        self._end: tuple[End, float, str] | None = None
        self._over = asyncio.Event()
        self.transport: asyncio.Transport | None = None

    def send(self, data: bytes) -> None:
        """The request."""
        self._start = self._loop.time()
        self.more(data)

    def more(self, data: bytes) -> None:
        """More of it."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    async def until_over(self, patience: float) -> Heard:
        """What was heard up to the end, or within `patience` seconds from now."""
        try:
            async with asyncio.timeout(patience):
                await self._over.wait()
        except TimeoutError:
            return self._reading.heard(End.SILENT, self._now())
        end, at, why = self._end or (End.WHOLE, self._now(), "")
        return self._reading.heard(end, at, why)

    def close(self) -> None:
        """Leave."""
        if self.transport is not None:
            self.transport.abort()

    def _now(self) -> float:
        return self._loop.time() - self._start

    def _ended(self, end: End, why: str = "") -> None:
        if self._end is None:
            self._end = end, self._now(), why
            self._over.set()

    # -- the transport's calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Part of the answer."""
        if self._end is not None:
            return
        self._reading.fed(data, self._now())
        if self._reading.done:
            self._ended(End.WHOLE)

    def eof_received(self) -> bool:
        """The other side has no more to say."""
        self._ended(End.FIN)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Cut."""
        if isinstance(exc, ConnectionError):
            self._ended(End.RESET, _told(exc))
        else:
            self._ended(End.FIN, "" if exc is None else _told(exc))


class _Tunnel(asyncio.Protocol):
    """A forward proxy that is asked for a tunnel. `opened`: its answer's head, or what came instead."""

    def __init__(self) -> None:
        self.opened: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._read = b""

    def data_received(self, data: bytes) -> None:
        """Its answer."""
        self._read += data
        if (b"\r\n\r\n" in self._read or len(self._read) > _TUNNEL_MAX) and not self.opened.done():
            self.opened.set_result(self._read)

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone."""
        if not self.opened.done():
            self.opened.set_result(self._read)


async def _opened(way: Way) -> Line:
    """Raises Unreached."""
    where, forward = way.target, way.forward
    near: Target | Forward = where if forward is None else forward
    at = f"{near.host}:{near.port}" if forward is None else f"the proxy {forward.shown}"
    try:
        async with asyncio.timeout(CONNECT):
            if way.tunnel and forward is not None:
                return await _through(way, forward)
            context = _context(way) if where.tls else None
            _, line = await asyncio.get_running_loop().create_connection(Line, near.host, near.port, ssl=context)
            return line
    except TimeoutError:
        raise Unreached(f"{at} did not accept a connection within {CONNECT:g} s") from None
    except ssl.SSLCertVerificationError as error:
        raise Unreached(
            f"the certificate of {at} cannot be trusted: {error.verify_message} (--insecure trusts any)"
        ) from error
    except ssl.SSLError as error:
        raise Unreached(f"{at} does not speak TLS: {error.reason or error}") from error
    except (OSError, UnicodeError) as error:
        raise Unreached(f"{at}: {_told(error)}") from error


async def _through(way: Way, forward: Forward) -> Line:
    loop = asyncio.get_running_loop()
    transport, tunnel = await loop.create_connection(_Tunnel, forward.host, forward.port)
    transport.write(connect(way.target, forward))
    answer = await tunnel.opened
    status = answer[:12].split(b" ", 1)
    if status[0] not in (b"HTTP/1.1", b"HTTP/1.0") or not status[-1].startswith(b"2"):
        transport.abort()
        first = answer.split(b"\r\n", 1)[0].decode("latin-1")[:80]
        raise Unreached(f"the proxy {forward.shown} opened no tunnel: {first or 'it closed the connection'}")
    line = Line()
    secured = await loop.start_tls(transport, line, _context(way), server_hostname=way.target.host)
    if secured is None:
        raise Unreached(f"the tunnel through {forward.shown} was closed")
    line.connection_made(secured)
    return line


def _context(way: Way) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not way.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _told(error: BaseException) -> str:
    """The system's words: asyncio's own name the address, which is said already."""
    number = getattr(error, "errno", None)
    if isinstance(number, int) and number > 0:
        return os.strerror(number)
    return str(getattr(error, "strerror", None) or str(error) or type(error).__name__)
