"""Where a call went, as far as its error says: a host and a URL that a suggested command can name."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from outwait.diagnosis.veil import veiled

_HOST: Final = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,250}[A-Za-z0-9])?"
_SIX: Final = r"[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{1,44}(?:%[A-Za-z0-9]{1,16})?"
_TOKEN: Final = (
    r"(?!(?:at|in|on|from|for|to|of|and|or|after|while|because|error|errors|all|an?|any|it|the|this|that|your|our|server"
    r"|host|port|upstream|proxy|remote|backend|api|with|when|is|was)\b(?![.:-]))"
    r"(?P<place>[A-Za-z0-9.:%_/\[\]-]{1,300})"
)
_PORT: Final = r"(?P<port>[0-9]{1,5})(?![0-9])"
_URL: Final = re.compile(
    rf"\bhttps?://(?:[^/@\s\"'<>]{{1,200}}@)?((?:{_HOST}|\[{_SIX}\])(?::[0-9]{{1,5}})?)(/[A-Za-z0-9._~/%:-]{{0,300}})?"
)
_NAMED: Final = (
    # a place, and its port where that is told apart
    re.compile(rf"host='(?P<place>{_HOST}|{_SIX})'(?:, ?port={_PORT})?"),
    re.compile(rf"(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH) {_TOKEN}"),
    re.compile(rf"\blookup (?P<place>{_HOST})(?= on |:)"),
    re.compile(
        r"(?:resolve host:?|[Ff]ailed to connect to|[Cc]onnect to host|[Ff]ailed to resolve|host:"
        rf"|attempted address(?:es)?:) '?{_TOKEN}'?(?: \([^)\n]{{1,80}}\))?(?: port {_PORT})?"
    ),
    re.compile(rf"\bdial tcp[46]? {_TOKEN}"),
    re.compile(rf"\b[Cc]onnect to {_TOKEN} (?:port {_PORT}|\[)"),
    re.compile(rf"refused \({_TOKEN}\)|\bipv4:(?P<four>[0-9.]{{7,15}}:[0-9]{{1,5}})"),
    re.compile(r"<title>(?P<place>[a-z0-9][a-z0-9.-]{2,100}\.[a-z]{2,12}) \|"),
)
_PLACE: Final = re.compile(rf"(?:\[(?P<six>{_SIX})\]|(?P<host>{_HOST}))(?::{_PORT})?")
_PUBLIC: Final = re.compile(
    r"\.(?!(?:local|internal|lan|home|localdomain|localhost|svc|docker|test|corp)$)[A-Za-z][A-Za-z0-9-]{1,62}$"
)
_PROJECTS: Final = re.compile(
    r"(?:^|\.)(?:github\.com|githubusercontent\.com|cloudflare\.com|readthedocs\.io|w3\.org|nodejs\.org)$"
    r"|^(?:docs?|help|support|platform|console|status|community|learn)\."
)
_TRAILING: Final = ".:,;%~-"


def url_of(text: str) -> str | None:
    """The first URL of `text` that may be the one called; without credentials and query, "" never."""
    for found in _URL.finditer(text):
        if not _PROJECTS.search(found[1].partition(":")[0].lower()):
            scheme = found[0].partition("://")[0]
            return f"{scheme}://{found[1]}{(found[2] or '').rstrip(_TRAILING)}"
    return None


def host_of(text: str) -> str | None:
    """The place that was called, as `outwait net` takes it: a host, with its port unless that would be guessed.

    An address of IPv6 with a port is in brackets. Of a place that only a URL names, http is kept.
    """
    for expression in _NAMED:
        for found in expression.finditer(text):
            parts = found.groupdict()
            place = _placed(parts.get("place") or parts.get("four") or "", parts.get("port"))
            if place is not None:
                return place
    url = url_of(text)
    if url is None:
        return None
    scheme, _, host = url.split("/")[:3]
    return host if scheme == "https:" else f"{scheme}//{host}"


def _placed(token: str, port: str | None) -> str | None:
    """A place as programs print it: `10.0.0.5:8000`, `[::1]:8000`, Node's `::1:8000`, Java's `a/10.0.0.5:80`."""
    name, slash, address = token.rstrip(_TRAILING).rpartition("/")
    found = _PLACE.fullmatch(address) or _PLACE.fullmatch(_bracketed(address, alone=port is not None))
    if found is None or veiled(token) != token:
        return None
    port = port or found["port"]
    host = name if slash and re.fullmatch(_HOST, name) else found["host"] or found["six"]
    if _PROJECTS.search(host.lower()) or (port is not None and not 0 < int(port) < 65_536):
        return None
    if port is None or (port == "443" and _PUBLIC.search(host)):
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _bracketed(address: str, *, alone: bool) -> str:
    """An address of IPv6 in brackets; what stands after its last colon is its port, unless the address is `alone`."""
    host, _, port = address.rpartition(":")
    if not alone and _is_six(host) and port.isdecimal():
        return f"[{host}]:{port}"
    return f"[{address}]" if _is_six(address) else address


def _is_six(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False
