"""What a request head may look like, judged over its raw bytes before and its fields after llhttp has read it.

Promises: pure functions; each refusal is a `Refusal` with the fault to tell, and the connection is closed after it.
Strict where parsers are known to disagree, since disagreement is how requests are smuggled (RFC 9112 section 11.2;
FACTS part 3): bare LF or CR, obs-fold, control characters, more than one length, any transfer coding but a single
`chunked`, any Host but one valid one. llhttp bounds neither the number nor the size of headers: this module does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from outwait.core.fault import Refusal, fault

Network = IPv4Network | IPv6Network

CHUNKED = -1
"""The length of a body whose end the chunked coding tells."""

_ALLOWED = bytes([0x09, 0x0A, 0x0D, *range(0x20, 0x7F), *range(0x80, 0x100)])
_AUTHORITY = r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._~!$&'()*+,;=%-]{1,255})(?::[0-9]{0,5})?"
_HOST = re.compile(_AUTHORITY)
# What stands before the path in an absolute form says no more than Host does: there is one service here.
_REQUEST_LINE = re.compile(
    rb"([A-Z][A-Z-]{0,31}) (?:(?:(?i:https?)://%b)?(/[\x21\x22\x24-\x7e]*)|\*) HTTP/1\.([01])" % _AUTHORITY.encode()
)
_LENGTH = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Limits:
    """The server side's bounds (bytes, counts, seconds).

    `head_seconds`: first byte of a head -> its end. `body_seconds`: end of the head -> end of the body, and within it
    `body_rate` bytes per second on average after `body_grace` seconds. `idle_seconds`: connection open, or response
    done -> first byte of the next head. `write_stall`: bytes wait for the client -> it takes one. `linger_seconds`,
    `linger_bytes`: what is still read and thrown away after our side was closed, so that a client in the middle of
    sending can read why. `backlog_bytes`: pipelined input kept while a response is under way before reading pauses.
    `per_ip`: connections per client address (IPv6: per /64), 0 = any number; `uncounted`: networks it does not apply
    to, e.g. reverse proxies'. `connections`: all connections of this server, 0 = any number.
    """

    request_line: int = 8 * 1024
    head_bytes: int = 32 * 1024
    headers: int = 128
    head_seconds: float = 10.0
    body_rate: float = 1024.0
    body_grace: float = 5.0
    body_seconds: float = 120.0
    idle_seconds: float = 75.0
    write_stall: float = 300.0
    linger_seconds: float = 5.0
    linger_bytes: int = 64 * 1024 * 1024
    backlog_bytes: int = 16 * 1024
    per_ip: int = 256
    connections: int = 0
    uncounted: tuple[Network, ...] = ()


def refusal(message: str, code: str = "bad_request") -> Refusal:
    """The exception for a head or body that is refused with `code`."""
    return Refusal(fault(code, message))


def check_raw(block: bytes) -> None:
    """Refuse bytes no head may hold: control characters, CR or LF alone, a folded line.

    `block` is a head or a part of one that starts at a line; a CR as its very last byte may still get its LF.
    """
    if block.translate(None, _ALLOWED):
        raise refusal("The request head holds a control character.")
    pairs = block.count(b"\r\n")
    if block.count(b"\n") != pairs or block.count(b"\r") != pairs + block.endswith(b"\r"):
        raise refusal("The lines of a request head must end in CRLF.")
    if b"\n " in block or b"\n\t" in block:
        raise refusal("The request head holds a folded line.")


def check_partial(buffer: bytes, seen: int, limits: Limits) -> None:
    """Refuse an unfinished head as soon as it cannot become a good one; its first `seen` bytes were checked before."""
    line = max(buffer.rfind(b"\r\n", 0, seen), 0)
    check_raw(buffer[line : limits.head_bytes])
    check_size(buffer, limits)


def check_size(block: bytes, limits: Limits) -> None:
    """Refuse a head, finished or not, that is over a bound of size or number."""
    if len(block) >= limits.request_line + 2 and block.find(b"\r\n", 0, limits.request_line + 2) < 0:
        raise refusal("The request line is longer than the server takes.", "uri_too_long")
    if len(block) > limits.head_bytes:
        raise refusal("The request headers are larger than the server takes.", "headers_too_large")
    # request line + headers + the empty line; an unfinished head has one line less
    if block.count(b"\r\n") > limits.headers + 1 + block.endswith(b"\r\n\r\n"):
        raise refusal("The request has more headers than the server takes.", "headers_too_large")


def request_line(block: bytes) -> tuple[str, str, int]:
    """Method, target (origin-form or `*`) and minor version of a checked head; of an absolute-form target, as clients
    send it that take this server for their proxy, what stands behind the authority (RFC 9112 section 3.2).
    """
    match = _REQUEST_LINE.fullmatch(block, 0, block.index(b"\r\n"))
    if match is None:
        tunnel = block.startswith(b"CONNECT ")
        raise refusal("This is no proxy: there is no CONNECT." if tunnel else "The request line is malformed.")
    method, target, minor = match.groups()
    if method == b"CONNECT" or (target is None and method != b"OPTIONS"):
        raise refusal("The request target does not fit the method.")
    return method.decode("ascii"), (target or b"*").decode("ascii"), minor[0] - 0x30


def check_host(headers: Mapping[str, str], version: int) -> None:
    """Refuse a missing (HTTP/1.1) or invalid Host (RFC 9112 section 3.2)."""
    host = headers.get("host")
    if host is None:
        if version:
            raise refusal("An HTTP/1.1 request needs a Host header.")
    elif _HOST.fullmatch(host) is None:
        form = "; an IPv6 address stands in brackets, without a zone: [::1]:8787" if host.count(":") > 1 else ""
        raise refusal(f"The Host header is no name or address with a port{form}.")


def body_length(headers: Mapping[str, str], version: int) -> int:
    """How long the body is: bytes, or CHUNKED; refuses whatever two readers could understand differently."""
    length = headers.get("content-length")
    coding = headers.get("transfer-encoding")
    if coding is None:
        if length is None:
            return 0
        if _LENGTH.fullmatch(length) is None:
            raise refusal("The Content-Length is malformed.")
        return int(length)
    if length is not None:
        raise refusal("A request cannot have both Content-Length and Transfer-Encoding.")
    if not version:
        raise refusal("Transfer-Encoding does not exist in HTTP/1.0.")
    if coding.lower() != "chunked":
        raise refusal("The only transfer coding taken is chunked.")
    return CHUNKED


def expects_continue(headers: Mapping[str, str], version: int) -> bool:
    """Whether the client waits for `100 Continue` before it sends the body (RFC 9110 section 10.1.1)."""
    expect = headers.get("expect")
    if expect is None:
        return False
    if expect.lower() != "100-continue":
        raise refusal("The expectation is unknown.")
    return version == 1


def keeps_alive(headers: Mapping[str, str], version: int) -> bool:
    """Whether the client wants to use the connection again (RFC 9112 section 9.3)."""
    connection = headers.get("connection")
    if connection is None:
        return version == 1
    options = [option.strip(" \t") for option in connection.lower().split(",")]
    return "close" not in options and (version == 1 or "keep-alive" in options)
