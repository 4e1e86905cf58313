"""Servers that play one part each, on sockets they are given: a nameserver, HTTP and TLS servers, well or not."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Play = Callable[[socket.socket], None]
DAY = dt.timedelta(days=1)


def nameserver(sock: socket.socket, names: Mapping[str, str]) -> None:
    """Answer by `names`: name -> addresses with spaces between, `servfail`, `refused` or `silent`; else NXDOMAIN."""

    def answer(query: dns.message.Message) -> dns.message.Message | None:
        reply = dns.message.make_response(query)
        question = query.question[0]
        said = names.get(str(question.name).rstrip("."))
        if said == "silent":
            return None
        if said is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif said in ("servfail", "refused"):
            reply.set_rcode(dns.rcode.from_text(said))
        else:
            kind = dns.rdatatype.to_text(question.rdtype)
            of_kind = [each for each in said.split() if (":" in each) == (kind == "AAAA")]
            if of_kind and kind in ("A", "AAAA"):
                reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *of_kind))
        return reply

    def serve() -> None:
        while True:
            try:
                data, peer = sock.recvfrom(4096)
                reply = answer(dns.message.from_wire(data))
            except dns.exception.DNSException:
                continue
            except OSError:
                return
            if reply is not None:
                sock.sendto(reply.to_wire(), peer)

    threading.Thread(target=serve, daemon=True).start()


def server(listener: socket.socket, play: Play, tls: ssl.SSLContext | None = None) -> None:
    """Play `play` on each connection, after a handshake where `tls` is given."""

    def one(plain: socket.socket) -> None:
        plain.settimeout(30)
        sock = plain if tls is None else tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        with sock:
            try:
                if isinstance(sock, ssl.SSLSocket):
                    sock.do_handshake()
                play(sock)
            except OSError:
                pass

    def serve() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(sock,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()


def answers(
    status: str = "200 OK", body: str = "hello", *, after: float = 0.0, headers: str = "", date: float = 0
) -> Play:
    """Reply to one request with `status`, `after` seconds; its clock is `date` seconds ahead."""

    def play(sock: socket.socket) -> None:
        raw = b""
        while b"\r\n\r\n" not in raw:
            piece = sock.recv(65536)
            if not piece:
                return
            raw += piece
            if not raw[:1].isalpha():
                sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                return
        time.sleep(after)
        now = dt.datetime.fromtimestamp(time.time() + date, dt.UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
        head = f"HTTP/1.1 {status}\r\nDate: {now}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        sock.sendall((head + body).encode())
        if isinstance(sock, ssl.SSLSocket):
            sock.unwrap()

    return play


def resets(sock: socket.socket) -> None:
    """Take the first bytes, then reset the connection."""
    sock.recv(65536)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def leaves(sock: socket.socket) -> None:
    """Take the first bytes, then end the connection without a word."""
    sock.recv(65536)


def silent(sock: socket.socket) -> None:
    """Take everything and say nothing."""
    while sock.recv(65536):
        pass


def proxies(status: str, where: tuple[str, int] | None, connect: Callable[[tuple[str, int]], socket.socket]) -> Play:
    """Answer CONNECT with `status`; then pass bytes to `where`."""

    def pump(one: socket.socket, other: socket.socket) -> None:
        try:
            while piece := one.recv(65536):
                other.sendall(piece)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def play(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode())
        if where is None:
            return
        with connect(where) as other:
            back = threading.Thread(target=pump, args=(other, sock), daemon=True)
            back.start()
            pump(sock, other)
            back.join(10)

    return play


class Authority:
    """A certificate authority of the test's own; `file` holds its certificate."""

    def __init__(self, folder: Path, name: str = "Test Root") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._certificate = self._build(self._name, self._name, self._key.public_key(), (-30, 365), None)
        self.file = folder / f"{name.replace(' ', '-')}.pem"
        self.file.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def context(self, name: str, days: tuple[int, int] = (-1, 90), *, self_signed: bool = False) -> ssl.SSLContext:
        """A server's context with a certificate for `name`, valid from and to so many days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signer = key if self_signed else self._key
        issuer = subject if self_signed else self._name
        certificate = self._build(subject, issuer, key.public_key(), days, name, signer)
        path = self._folder / f"{name}-{days[1]}-{self_signed}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        context.set_alpn_protocols(["h2", "http/1.1"])
        return context

    def _build(
        self,
        subject: x509.Name,
        issuer: x509.Name,
        key: ec.EllipticCurvePublicKey,
        days: tuple[int, int],
        host: str | None,
        signer: ec.EllipticCurvePrivateKey | None = None,
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + days[0] * DAY)
            .not_valid_after(now + days[1] * DAY)
            .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key((signer or self._key).public_key()), critical=False
            )
        )
        if host is not None:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        return builder.sign(signer or self._key, hashes.SHA256())
