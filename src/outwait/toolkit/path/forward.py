"""The forward proxy that the environment names, and the way through it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from outwait.toolkit.path.question import Target


@dataclass(frozen=True, slots=True)
class Forward:
    """A forward proxy spoken to in plain HTTP. `credentials`: of Basic authentication, "" for none. `named`: where it
    was found.
    """

    host: str
    port: int
    credentials: str
    named: str

    @property
    def shown(self) -> str:
        """Its address, without a password."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def authorization(self) -> str:
        """A header line, or nothing."""
        if not self.credentials:
            return ""
        return f"proxy-authorization: Basic {base64.b64encode(self.credentials.encode()).decode()}\r\n"


def named_for(where: Target) -> Forward | None:
    """The proxy of the environment (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY) for `where`. Raises ValueError where
    that is of a kind that is not spoken here.
    """
    proxies = getproxies()
    kind = next((each for each in ("https" if where.tls else "http", "all") if proxies.get(each)), "")
    if not kind or proxy_bypass(where.host):
        return None
    url, named = proxies[kind], f"{kind.upper()}_PROXY"
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme != "http" or not host:
        raise ValueError(f"{named} names no proxy that is reached by plain HTTP, such as http://proxy:3128")
    user = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}" if parts.username else ""
    return Forward(host, port or 80, user, named)


def connect(where: Target, forward: Forward) -> bytes:
    """The request for a tunnel to `where`."""
    host = f"[{where.host}]" if ":" in where.host else where.host
    authority = f"{host}:{where.port}"
    return f"CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\n{forward.authorization}\r\n".encode("latin-1")
