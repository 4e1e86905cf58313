"""Servers on loopback that fail in one way each, so that a library can say what it says then.

Each runs on a port of its own; `Origins` starts them all in a thread and ends them with it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.corpus.errors.replies import REPLIES

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_EVENT = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m",'
    b'"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}\n\n'
)
_PAGE = b"<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body><h1>It works!</h1></body></html>\n"


async def _asked(reader: asyncio.StreamReader) -> None:
    """Read one request, body and all."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    _, _, rest = head.partition(b"content-length:")
    if rest:
        await reader.readexactly(int(rest.split(b"\r\n")[0]))


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _whole(body: bytes, kind: bytes = b"application/json", status: bytes = b"200 OK", more: bytes = b"") -> bytes:
    head = b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n" % (status, kind, len(body), more)
    return head + body


def _reset(writer: asyncio.StreamWriter) -> None:
    """End the connection with RST."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _says(reply: bytes) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _asked(reader)
        writer.write(reply)
        await writer.drain()

    return handler


async def _silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await _asked(reader)
    await reader.read()  # until the client has gone


async def _close_before(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await _asked(reader)


async def _reset_before(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _asked(reader)
    _reset(writer)


async def _stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _asked(reader)
    writer.write(_STREAM + _chunk(_EVENT))
    await reader.read()


async def _reset_mid(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _asked(reader)
    writer.write(_STREAM + _chunk(_EVENT))
    await writer.drain()
    await asyncio.sleep(0.3)
    _reset(writer)


async def _drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _asked(reader)
    writer.write(_STREAM)
    for _ in range(100):
        writer.write(_chunk(_EVENT))
        await writer.drain()
        await asyncio.sleep(0.2)


async def _banner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _asked(reader)
    writer.write(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")


async def _hangup(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read(100)


async def _plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(100)  # a TLS hello, which is no HTTP
    writer.write(_whole(b"<h1>400 Bad Request</h1>\n", b"text/html", b"400 Bad Request"))


async def _stuck(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.pause_reading()  # type: ignore[attr-defined] # a socket's transport has it
    await asyncio.sleep(3600)


async def _demands(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    more = b'Proxy-Authenticate: Basic realm="corp"\r\n'
    writer.write(_whole(b"denied\n", b"text/plain", b"407 Proxy Authentication Required", more))


PLAIN: dict[str, Handler] = {
    "silent": _silent,
    "close-before": _close_before,
    "reset-before": _reset_before,
    "stall": _stall,
    "reset-mid": _reset_mid,
    "truncated-chunked": _says(_STREAM + _chunk(_EVENT)),
    "truncated-length": _says(_whole(b'{"id": "chatcmpl-1", "choices": [' + b" " * 400)[:-300]),
    "drip": _drip,
    "empty": _says(_whole(b"")),
    "garbage": _says(_whole(b"upstream says hi\n")),
    "html": _says(_whole(_PAGE, b"text/html")),
    "banner": _banner,
    "stuck": _stuck,
    "plain": _plain,
    "hangup": _hangup,
    "demands": _demands,
}
PLAIN |= {name: _says(_whole(body, status=status)) for name, (status, body) in REPLIES.items()}
TLS = ("tls-expired", "tls-self-signed", "tls-other-host")


class Origins:
    """All of them, running while the context lasts. `ports`: by name; `ca`: the root that signed what is signed."""

    def __init__(self, folder: Path) -> None:
        self.ports: dict[str, int] = {}
        self.ca = folder / "ca.pem"
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._kept: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        self.ports |= {"refused": _unused(), "no-proxy": _unused()}
        self._blackhole()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        for sock in self._kept:
            sock.close()

    async def _start(self) -> None:
        self._loop.set_exception_handler(lambda _loop, _context: None)  # clients go away; that is what they are for
        contexts = certificates(self._folder)
        for name, handler in PLAIN.items():
            await self._serve(name, handler)
        for name in TLS:
            await self._serve(name, PLAIN["silent"], contexts[name])

    @staticmethod
    async def _stop() -> None:
        """End the handlers that still wait for their client."""
        others = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
        for each in others:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, name: str, handler: Handler, context: ssl.SSLContext | None = None) -> None:
        async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await handler(reader, writer)
            except (OSError, EOFError):
                pass  # the client went first
            finally:
                writer.close()

        sock = socket.socket()
        if name == "stuck":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.bind(("127.0.0.1", 0))
        await asyncio.start_server(guarded, sock=sock, ssl=context)
        self.ports[name] = sock.getsockname()[1]

    def _blackhole(self) -> None:
        """A port whose queue is full: SYNs to it are dropped, as a firewall does."""
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        self._kept.append(listener)
        for _ in range(4):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
            self._kept.append(waiting)
        self.ports["blackhole"] = listener.getsockname()[1]


def _unused() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


# -------------------------------------------------------------------------------------------------------- certificates
def certificates(folder: Path) -> dict[str, ssl.SSLContext]:
    """Server contexts by name; writes the root to `folder`/ca.pem."""
    root_key, root = _signed("Corp Root CA", None, None)
    (folder / "ca.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    made = {
        "tls-expired": _signed("localhost", root_key, root, days=-1),
        "tls-self-signed": _signed("localhost", None, None),
        "tls-other-host": _signed("other.example.net", root_key, root),
    }
    return {name: _context(folder, name, *pair) for name, pair in made.items()}


def _signed(
    name: str, key_of: ec.EllipticCurvePrivateKey | None, by: x509.Certificate | None, days: int = 30
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    names: list[x509.GeneralName] = [x509.DNSName(name.replace(" ", "-").lower())]
    if name == "localhost":
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=60))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .sign(key_of or key, hashes.SHA256())
    )
    return key, certificate


def _context(folder: Path, name: str, key: ec.EllipticCurvePrivateKey, own: x509.Certificate) -> ssl.SSLContext:
    path = folder / f"{name}.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + own.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
