"""Peers on loopback for the shells: they listen, do one thing with each connection, and are gone with the test."""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HOST = "127.0.0.1"


def looped(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run an async test on a loop of its own, ten seconds at most."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def limited() -> None:
            async with asyncio.timeout(10):
                await test(*args, **kwargs)

        asyncio.run(limited())

    return run


@asynccontextmanager
async def peer(play: Play, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of a server that plays `play` on each connection; all of them end with it."""
    transports: list[asyncio.WriteTransport] = []

    class Protocol(asyncio.StreamReaderProtocol):
        transport: asyncio.WriteTransport

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.WriteTransport)
            self.transport = transport
            transports.append(transport)
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            transports.remove(self.transport)  # some of Python's TLS transports cannot be aborted after their end
            super().connection_lost(exc)

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await play(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Protocol(asyncio.StreamReader(), one), HOST, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        await _settle()  # what was accepted last gets its transport
        server.close()
        for transport in tuple(transports):
            transport.abort()
        await _settle()


async def _settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def answers(raw: bytes, *, after: asyncio.Event | None = None) -> Play:
    """Read one request's head, then say `raw`."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if after is not None:
            await after.wait()
        writer.write(raw)
        await writer.drain()

    return play


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Take everything, say nothing."""
    while await reader.read(65536):
        pass


async def leaves(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Take the first bytes, then end the connection in good order."""
    await reader.read(65536)


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take the first bytes, then reset the connection."""
    import socket
    import struct

    await reader.read(65536)
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def certificate(
    name: str, days: tuple[int, int] = (-1, 30), *, issuer: str = "", host: str | None = None, fetchable: bool = False
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A certificate for `host` ("": its common name alone says whom it is for), from and to so many days from now;
    signed by itself unless an `issuer` is named.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    by = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer or name)])
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(days=days[0]))
        .not_valid_after(now + dt.timedelta(days=days[1]))
    )
    if host != "":
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host or name)]), critical=False)
    if fetchable:
        where = x509.UniformResourceIdentifier("http://ca.example/ca.crt")
        access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, where)
        builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
    return builder.sign(key, hashes.SHA256()), key


def context(
    folder: Path, name: str, days: tuple[int, int] = (-1, 30), host: str | None = None
) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a self-signed certificate for `name`, and the certificate's file."""
    made, key = certificate(name, days, host=host)
    path = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(path)
    served.set_alpn_protocols(["h2", "http/1.1"])
    return served, path
