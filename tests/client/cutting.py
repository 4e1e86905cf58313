"""A line that is cut: a TCP relay that breaks connections where a test says, once each."""

from __future__ import annotations

import re
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Cut:
    """One break. `behind`: so many bytes behind the place in the answer where `mark` (a regular expression) is found
    for the `nth` time; without a mark, `silence` seconds after the request without a byte of an answer. `how`: a
    reset, a proper close, or nothing at all any more (the line stays open, and nobody answers).
    """

    mark: str = ""
    nth: int = 1
    behind: int = 0
    silence: float = 0.0
    how: Literal["reset", "close", "hole"] = "reset"

    def place(self, told: bytes) -> int | None:
        """How much of what was told is passed on, None if there is no cut in it yet."""
        if not self.mark:
            return None
        found = list(re.finditer(self.mark.encode(), told))
        return found[self.nth - 1].end() + self.behind if len(found) >= self.nth else None


class Cutter:
    """A relay to a port of this machine. `cuts`: one for each connection that asks `POST` or for a stream, in their
    order; connections after them are left alone. `made`: the cuts that were made. `asked`: request lines. `down`: while
    it is true, whoever comes is turned away. `tls`: what clients speak with it; a cut tells them nothing of the end.
    """

    def __init__(self, port: int, cuts: Sequence[Cut] = (), tls: ssl.SSLContext | None = None) -> None:
        self.target = port
        self.made: list[Cut] = []
        self.asked: list[str] = []
        self.down = False
        self._tls = tls
        self._cuts = list(cuts)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._listener.close()
        with self._lock:
            for each in self._sockets:
                each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        if self.down:
            _reset(client)
            return
        try:
            if self._tls is not None:
                client = self._tls.wrap_socket(client, server_side=True)
            upstream = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            _reset(client)
            return
        with self._lock:
            self._sockets |= {client, upstream}
        try:
            self._relay(client, upstream)
        except (OSError, ValueError):
            pass  # it was closed
        finally:
            client.close()
            upstream.close()

    def _relay(self, client: socket.socket, upstream: socket.socket) -> None:
        cut: Cut | None = None
        told, passed, since = b"", 0, 0.0
        while True:
            ready, _, _ = select.select([client, upstream], [], [], 0.02)
            if client in ready:
                data = client.recv(65536)
                if not data:
                    return
                if cut is None and data.split(b" ", 1)[0] in (b"POST", b"GET"):
                    told, passed, since = b"", 0, time.monotonic()
                    cut = self._next(data)
                upstream.sendall(data)
            if upstream in ready:
                data = upstream.recv(65536)
                told += data
                at = cut.place(told) if cut is not None else None
                if at is not None and at <= len(told):
                    client.sendall(told[passed:at])
                    assert cut is not None
                    self._make(cut, client, upstream)
                    return
                client.sendall(told[passed:])
                passed = len(told)
                if not data:
                    return
            if cut and not cut.mark and not told and time.monotonic() - since >= cut.silence:
                self._make(cut, client, upstream)
                return

    def _next(self, head: bytes) -> Cut | None:
        with self._lock:
            line = head.split(b"\r\n", 1)[0].decode()
            self.asked.append(line)
            wanted = line.startswith("POST") or "/stream" in line
            return self._cuts.pop(0) if wanted and self._cuts else None

    def _make(self, cut: Cut, client: socket.socket, upstream: socket.socket) -> None:
        with self._lock:
            self.made.append(cut)
        if cut.how == "hole":
            while client.recv(65536):
                pass
        elif cut.how == "reset":
            _reset(client)
        upstream.close()


def own_certificate(path: Path) -> Path:
    """Write a certificate of 127.0.0.1 that trusts itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    host = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(host, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return path


def _reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
