"""DNS: this machine's own lookup, and beside it the nameservers asked one by one, so that a failure has an owner."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver

from outwait.toolkit.net import hosts
from outwait.toolkit.net.aside import aside
from outwait.toolkit.net.findings import Asked, Heard, Names

PATIENCE: Final = (1.0, 2.0)
"""Seconds to wait for each try at a nameserver: a lost datagram is no dead server."""
_HOSTS: Final = Path("/etc/hosts")
_RCODES: Final = {
    dns.rcode.NXDOMAIN: Heard.NXDOMAIN,
    dns.rcode.SERVFAIL: Heard.SERVFAIL,
    dns.rcode.REFUSED: Heard.REFUSED,
}
_NAMES: Final = {getattr(socket, name): name for name in dir(socket) if name.startswith("EAI_")}
_MOST: Final = 3  # nameservers that a resolver asks (resolv.conf(5), MAXNS)


async def system(name: str, timeout: float) -> Names:
    """What this machine's own lookup and its hosts file say. Silence for `timeout` seconds counts as an error."""
    loop = asyncio.get_running_loop()
    began, error = loop.time(), ""
    found: tuple[str, ...] = ()
    try:
        async with asyncio.timeout(timeout):
            rows = await aside(lambda: socket.getaddrinfo(name, None, type=socket.SOCK_STREAM), "lookup")
            found = tuple(dict.fromkeys(_address(row[4]) for row in rows))
    except TimeoutError:
        error = "timeout"
    except socket.gaierror as failed:
        error = _NAMES.get(failed.errno or 0, str(failed))
    except (OSError, UnicodeError) as failed:
        error = str(failed)
    said = hosts.addresses(_text(_HOSTS), name)
    return Names(found, loop.time() - began, error, timed_out=error == "timeout", hosts=said)


async def direct(name: str, more: Sequence[str], timeout: float) -> tuple[tuple[Asked, ...], tuple[str, ...]]:
    """What each configured nameserver says when it is asked by us, and each of `more`; and the names asked for.

    `more`: `10.0.0.1` or `10.0.0.1:5353`. Takes at most `timeout` seconds.
    """
    servers, search, ndots = _configured()
    searched = hosts.candidates(name, search, ndots)
    asked = [(server, True) for server in servers[:_MOST]] + [(server, False) for server in more]
    found = await asyncio.gather(*(ask(server, searched, timeout, configured=mine) for server, mine in asked))
    return tuple(found), searched


async def ask(server: str, names: Sequence[str], timeout: float, *, configured: bool = True) -> Asked:
    """Ask one nameserver for the addresses of the first of `names` that has any."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    best: Asked | None = None
    for name in names:
        try:
            async with asyncio.timeout(max(0.0, timeout - (loop.time() - began))):
                both = await asyncio.gather(*(_question(server, name, kind) for kind in ("A", "AAAA")))
        except TimeoutError:
            both = [(Heard.SILENT, (), (), "")]
        heard = _joined([each[0] for each in both])
        addresses = tuple(address for each in both for address in each[1])
        aliases = tuple(dict.fromkeys(alias for each in both for alias in each[2]))
        detail = next((each[3] for each in both if each[3]), "")
        found = Asked(server, heard, loop.time() - began, addresses, aliases, detail, configured)
        if heard is Heard.ANSWER or heard not in (Heard.NXDOMAIN, Heard.NO_DATA):
            return found
        if best is None or (best.heard is Heard.NXDOMAIN and heard is Heard.NO_DATA):
            best = found
    if best is None:
        return Asked(server, Heard.SILENT, 0.0, configured=configured)
    return Asked(server, best.heard, loop.time() - began, (), best.aliases, best.detail, configured)


def where(server: str) -> tuple[str, int]:
    """Address and port of a nameserver as people write it. Raises ValueError."""
    text = server.strip()
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    else:
        host, _, port = text.partition("#")
    ipaddress.ip_address(host)
    number = int(port) if port else 53
    if not 0 < number < 65536:
        raise ValueError(f"{number} is no port")
    return host, number


def _joined(both: Sequence[Heard]) -> Heard:
    """What a pair of questions (A, AAAA) came to: one answer is enough, a server in trouble counts over no data."""
    ranks = (Heard.ANSWER, Heard.SERVFAIL, Heard.REFUSED, Heard.SILENT, Heard.CLOSED, Heard.GARBLED, Heard.NO_DATA)
    return next((rank for rank in ranks if rank in both), Heard.NXDOMAIN)


Found = tuple[Heard, tuple[str, ...], tuple[str, ...], str]


async def _question(server: str, name: str, kind: str) -> Found:
    query = dns.message.make_query(name, kind)
    try:
        host, port = where(server)
        reply = await _datagram(query, host, port)
        if reply is not None and reply.flags & dns.flags.TC:
            reply = await dns.asyncquery.tcp(query, host, timeout=sum(PATIENCE), port=port)
    except (dns.exception.Timeout, TimeoutError):
        reply = None
    except OSError as error:
        gone = error.errno in (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES, errno.EPERM)
        return (Heard.CLOSED if gone else Heard.GARBLED), (), (), error.strerror or str(error)
    except (dns.exception.DNSException, EOFError) as error:
        return Heard.GARBLED, (), (), str(error) or type(error).__name__
    return (Heard.SILENT, (), (), "") if reply is None else _read(reply, kind)


def _read(reply: dns.message.Message, kind: str) -> Found:
    addresses, aliases = list[str](), list[str]()
    for rrset in reply.answer:
        if rrset.rdtype == dns.rdatatype.CNAME:
            aliases += [str(record.target).rstrip(".") for record in rrset]
        elif rrset.rdtype == dns.rdatatype.from_text(kind):
            addresses += [str(record.address) for record in rrset]
    code = reply.rcode()
    if code != dns.rcode.NOERROR:
        return _RCODES.get(code, Heard.GARBLED), (), tuple(aliases), dns.rcode.to_text(code)
    return (Heard.ANSWER if addresses else Heard.NO_DATA), tuple(addresses), tuple(aliases), ""


async def _datagram(query: dns.message.Message, host: str, port: int) -> dns.message.Message | None:
    """One question by UDP, twice if need be; None if nothing came. On a connected socket, so that ICMP is heard."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        await loop.sock_connect(sock, (host, port))
        for wait in PATIENCE:
            await loop.sock_sendall(sock, query.to_wire())
            try:
                async with asyncio.timeout(wait):
                    while True:
                        reply = dns.message.from_wire(await loop.sock_recv(sock, 65535), ignore_trailing=True)
                        if query.is_response(reply):
                            return reply
            except TimeoutError:
                continue
    return None


def _address(place: tuple[object, ...]) -> str:
    """The address of a sockaddr, with its zone."""
    host = str(place[0])
    scope = place[3] if len(place) > 3 else 0
    return f"{host}%{scope}" if scope and "%" not in host else host


def _configured() -> tuple[list[str], list[str], int]:
    """The nameservers, the search list and ndots of this machine; nothing where none are configured."""
    try:
        resolver = dns.resolver.Resolver()
    except (dns.exception.DNSException, OSError):
        return [], [], 1
    servers = [str(each) for each in resolver.nameservers]
    search = [str(each).rstrip(".") for each in resolver.search]
    ndots = getattr(resolver, "ndots", None)
    return servers, search, 1 if ndots is None else int(ndots)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
