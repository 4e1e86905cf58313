"""What a person typed, as a place to connect to: `api.example.com`, `[fe80::1%eth0]:8080`, `https://bücher.example/v1`.

Credentials in a URL, and parameters of its query that are named like one, are dropped here: nothing behind this module
ever sees them.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import SplitResult, quote, unquote, urlsplit

import dns.exception
import dns.name

Scheme = Literal["http", "https"]
_SCHEMES: Final[dict[str, Scheme]] = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_PORTS: Final[dict[Scheme, int]] = {"http": 80, "https": 443}
_TLS_PORTS: Final = (443, 8443, 9443, 6443)
# Addresses of examples (RFC 5737, RFC 3849): there they stand for public ones.
_EXAMPLES: Final = tuple(
    map(ipaddress.ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"))
)
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# What a request target may hold as it stands (RFC 3986, 3.3 and 3.4), and % of what is quoted already.
_SAFE: Final = "/?:@!$&'()*+,;=~-._%"
# Names of parameters whose value is a secret: `key`, `api_key`, `access_token`, `X-Amz-Signature`.
_SECRET: Final = re.compile(
    r"(?:.*[_.-])?(?:api)?(?:key|token|secret|password|passwd|pwd|sig|signature|credential|auth|code)", re.IGNORECASE
)


class TargetError(ValueError):
    """No place to connect to; the message says what would be one."""


@dataclass(frozen=True, slots=True)
class Target:
    """A place to connect to.

    `host`: what is looked up: ASCII, lower case, an IPv6 address without brackets, its zone after `%`. `shown`: the
    host as it was typed. `literal`: it is an address. `path`: the request target, with its query. `guessed`: nobody
    said which scheme.
    """

    scheme: Scheme
    host: str
    port: int
    path: str
    shown: str
    literal: bool
    guessed: bool

    @property
    def authority(self) -> str:
        """The value of the Host header (RFC 9110, 7.2); a zone, or a dot at the end, is of no use to others."""
        bare = self.host.partition("%")[0].rstrip(".")
        host = f"[{bare}]" if ":" in bare else bare
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def sent(self) -> str:
        """The target as a URL for others, such as a proxy: without credentials, without a zone."""
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def url(self) -> str:
        """The target as a URL for this machine: without credentials, with its zone as RFC 6874 writes it."""
        bare, percent, zone = self.host.partition("%")
        return self.sent.replace(f"[{bare}]", f"[{bare}%25{zone}]", 1) if percent else self.sent


def parse(text: str) -> Target:
    """The target a person means. Without a scheme: http for port 80, and for a private or local host unless its port
    is one of TLS; else https. Raises TargetError.
    """
    given = text.strip()
    if not given:
        raise TargetError("Name a host or a URL, such as api.openai.com or https://api.openai.com/v1.")
    scheme, parts = _split(given)
    named = parts.hostname or ""
    shown = named.replace("%25", "%") if ":" in named else unquote(named)
    try:
        port = parts.port
    except ValueError as error:
        raise TargetError(f"The port in {_safe(given)!r} is not one: it is a number from 1 to 65535.") from error
    if not shown:
        raise TargetError(f"There is no host in {_safe(given)!r}; try api.openai.com or https://api.openai.com/v1.")
    if port == 0:
        raise TargetError("Port 0 cannot be connected to; it is a number from 1 to 65535.")
    host, literal = _host(shown)
    chosen = scheme or _guess(host, port, literal=literal)
    query = "&".join(each for each in parts.query.split("&") if not _SECRET.fullmatch(unquote(each.partition("=")[0])))
    path = quote(parts.path or "/", safe=_SAFE) + (f"?{quote(query, safe=_SAFE)}" if query else "")
    return Target(chosen, host, port or _PORTS[chosen], path, shown, literal, scheme is None)


def _split(given: str) -> tuple[Scheme | None, SplitResult]:
    named, sign, rest = given.partition("://")
    try:
        if sign:
            if named.lower() not in _SCHEMES:
                raise TargetError(f"{named}:// is not spoken here; http:// and https:// are.")
            return _SCHEMES[named.lower()], urlsplit(f"//{_bracketed(rest)}")
        return None, urlsplit(f"//{_bracketed(given)}")
    except TargetError:
        raise
    except ValueError as error:
        raise TargetError(f"{_safe(given)!r} is no host and no URL ({error}).") from error


def _bracketed(given: str) -> str:
    """A bare IPv6 address gets the brackets that a URL wants; in brackets, a zone is quoted (RFC 6874)."""
    host, slash, rest = given.partition("/")
    if host.count(":") > 1 and "[" not in host and "@" not in host:
        host = f"[{host}]"
    return f"{host}{slash}{rest}"


def _host(shown: str) -> tuple[str, bool]:
    """What to look up, and whether it is an address."""
    try:
        address = ipaddress.ip_address(shown)
    except ValueError:
        return _name(shown), False
    return str(address), True


def _name(shown: str) -> str:
    """A host's name in ASCII (RFC 5891, by way of UTS 46); raises TargetError."""
    codec = dns.name.IDNA_2008_UTS_46 if dns.name.have_idna_2008 else dns.name.IDNA_2003_Practical
    try:
        labels = [
            label if label.isascii() else codec.encode(label).decode("ascii")
            for label in shown.removesuffix(".").lower().split(".")
        ]
    except (dns.exception.DNSException, UnicodeError) as error:
        raise TargetError(f"{shown!r} cannot be a host's name ({error}).") from error
    name = ".".join(labels)
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise TargetError(f"{shown!r} cannot be a host's name: letters, digits and hyphens, with dots between.")
    return f"{name}." if shown.endswith(".") else name


def _guess(host: str, port: int | None, *, literal: bool) -> Scheme:
    if port in _TLS_PORTS:
        return "https"
    return "http" if port == 80 or near(host, literal=literal) else "https"


def near(host: str, *, literal: bool) -> bool:
    """Whether a host is on this machine or in its own network, by its name alone."""
    if literal:
        address = ipaddress.ip_address(host)
        if any(address in network for network in _EXAMPLES):
            return False
        return address.is_private or address.is_link_local or address.is_loopback
    bare = host.rstrip(".")
    return "." not in bare or bare.endswith((".localhost", ".local", ".internal", ".lan", ".home.arpa"))


def _safe(given: str) -> str:
    """What was typed, without credentials and without the query, for an error message."""
    return re.sub(r"(?<=//)[^/@]*@|^[^/@]*@", "", given.partition("?")[0])
