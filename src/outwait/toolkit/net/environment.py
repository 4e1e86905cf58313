"""The proxy that the environment names for a target, if any: the conventions of curl(1), requests and httpx.

http_proxy, https_proxy (and in capitals)   by the scheme of the target
all_proxy                                   where those say nothing
no_proxy                                    hosts that are reached without: `*`, a host, `.example.com`, an address,
                                            a network as 10.0.0.0/8, each maybe with a port
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from outwait.toolkit.net.target import Target

_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080, "socks4": 1080, "socks": 1080}


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy to go through. `variable`: who names it. `bypassed`: the entry of NO_PROXY that takes the target out.

    `credentials`: `user:password` as it stands in the URL; never told. `problem`: why the URL is none.
    """

    variable: str
    scheme: str
    host: str
    port: int
    credentials: str = ""
    bypassed: str = ""
    problem: str = ""

    @property
    def url(self) -> str:
        """Without credentials."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def given(url: str, called: str) -> Proxy:
    """The proxy at `url`, whatever the environment says; `called`: who named it."""
    return _proxy(called, url, "")


def proxy_for(target: Target, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy that clients would use for `target`; None where none is named."""
    for name in (f"{target.scheme}_proxy", "all_proxy"):
        # HTTP_PROXY in capitals can be a request header's doing in CGI (httpoxy); curl does not read it, SDKs do.
        for variable in (name, name.upper()):
            url = environ.get(variable, "").strip()
            if url:
                return _proxy(variable, url, bypassing(target, environ))
    return None


def bypassing(target: Target, environ: Mapping[str, str]) -> str:
    """The entry of NO_PROXY that is about `target`; "" if none is."""
    listed = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    for entry in listed.replace(";", ",").split(","):
        if entry.strip() and _covers(entry.strip().lower(), target):
            return entry.strip()
    return ""


def _covers(entry: str, target: Target) -> bool:
    if entry == "*":
        return True
    host = target.host.rstrip(".").partition("%")[0]
    if target.literal:
        try:
            return ipaddress.ip_address(host) in ipaddress.ip_network(entry.strip("[]"), strict=False)
        except ValueError:
            pass
    name, port = _ported(entry)
    if port is not None and port != target.port:
        return False
    if target.literal:
        return name.strip("[]") == host
    bare = name.removeprefix("*").removeprefix(".").rstrip(".")
    return bool(bare) and (host == bare or host.endswith(f".{bare}"))


def _ported(entry: str) -> tuple[str, int | None]:
    name, colon, port = entry.rpartition(":")
    if colon and port.isdecimal() and (":" not in name or name.endswith("]")):
        return name, int(port)
    return entry, None


def _proxy(variable: str, url: str, bypassed: str) -> Proxy:
    whole = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(whole)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        return Proxy(variable, "http", "", 0, bypassed=bypassed, problem=str(error))
    credentials = parts.netloc.rpartition("@")[0]
    if not host:
        return Proxy(variable, parts.scheme, "", 0, bypassed=bypassed, problem="no host")
    chosen = port or _DEFAULT_PORTS.get(parts.scheme, 80)
    return Proxy(variable, parts.scheme, host, chosen, credentials, bypassed)
