"""Which web pages may read what the gateway answers (CORS; https://fetch.spec.whatwg.org/#http-cors-protocol).

A browser sends `Origin` with what a page of another origin asks, keeps the answer from the page unless that says the
page may have it, and asks beforehand (a preflight) where a request has headers of its own, as every call with a key.

Promises: pure functions; an origin that is not admitted is told nothing; what a client sent goes into a header only if
it has the shape of such a header's value. There is no credentials mode: keys come in headers, cookies mean nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

Pairs = tuple[tuple[str, str], ...]

EVERYONE: Final = "*"
MAX_AGE: Final = 7200  # seconds a browser remembers an answer; Chromium takes no more, Firefox up to a day
_ANY_PORT: Final = ":*"
_USUAL_PORTS: Final = {"http": ":80", "https": ":443"}  # which browsers leave out
_ORIGIN: Final = re.compile(r"([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5}|:\*)?")
_LOCAL: Final = re.compile(r"(?:.+\.)?localhost|[0-9.]+|\[[0-9a-f:.]+\]")  # no resolver can lead these elsewhere
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_NAMES: Final = re.compile(rf"{_TOKEN.pattern}(?:[ \t]*,[ \t]*{_TOKEN.pattern})*")
_MOST_NAMES: Final = 4096  # characters
_CREDENTIALS: Final = frozenset(("authorization", "x-api-key", "x-goog-api-key"))
_FORWARDED: Final = frozenset(("forwarded", "via", "x-forwarded-for", "x-real-ip"))
_OF_FORMS: Final = frozenset(("", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"))
# All of them: no name of a header is a secret, and which there are depends on the provider. The asterisk means what it
# says wherever credentials are not sent.
_READABLE: Final = ("access-control-expose-headers", "*")
_VARIES: Final = ("vary", "Origin")


def tidied(text: str) -> str:
    """An origin that is to be admitted, written as browsers write it; `*` as the port is any, `*` alone every origin.

    Raises ValueError, whose message says what is wrong with it beyond its shape, if anything.
    """
    told = text.strip().lower()
    if told == EVERYONE:
        return told
    if told == "null":
        message = "is what a page without an origin sends, and any page can be made one"
        raise ValueError(message)
    found = _ORIGIN.fullmatch(told.removesuffix("/"))
    if found is None:
        raise ValueError(_fault(told))
    scheme, host, port = found.groups(default="")
    if port[1:].isdecimal():
        port = f":{int(port[1:])}"
        if not 0 < int(port[1:]) < 65536:
            message = "has a port that is none"
            raise ValueError(message)
    return f"{scheme}://{host}{'' if port == _USUAL_PORTS.get(scheme) else port}"


def _fault(told: str) -> str:
    """What is wrong with what is no origin; empty where that is plain to see."""
    _, mark, rest = told.partition("://")
    if not mark:
        return "has no scheme, such as https://"
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if host != rest:
        return "has a path, which an origin has not"
    if "@" in host:
        return "has a user, which an origin has not"
    if "*" in host:
        return "has a `*` that is not its whole port: hosts are named one by one"
    return "" if told.isascii() else "has other letters than ASCII: browsers send such names as xn--…"


@dataclass(frozen=True, slots=True)
class Origins:
    """Who is admitted. `named`: origins; `ported`: origins without a port, which may have any; `everyone`: all are."""

    named: frozenset[str] = frozenset()
    ported: frozenset[str] = frozenset()
    everyone: bool = False

    @classmethod
    def of(cls, told: Iterable[str]) -> Self:
        """Those of a list of origins as `tidied` writes them."""
        listed = frozenset(told)
        ported = frozenset(each for each in listed if each.endswith(_ANY_PORT))
        return cls(
            listed - ported - {EVERYONE}, frozenset(each.removesuffix(_ANY_PORT) for each in ported), EVERYONE in listed
        )

    def admits(self, origin: str) -> bool:
        """Whether pages of `origin`, as the header says it, may read answers."""
        if self.everyone or origin in self.named or origin in self.ported:
            return True
        host, _, port = origin.rpartition(":")
        return len(port) <= 5 and port.isdecimal() and host in self.ported

    def lines(self, origin: str | None) -> Pairs:
        """What the head of every shared answer says, to a request from `origin`; None: from no page."""
        if self.everyone:
            return (("access-control-allow-origin", EVERYONE), _READABLE)
        if origin is None or not self.admits(origin):
            return (_VARIES,)  # so that no cache gives this answer to a page that may read it
        return (("access-control-allow-origin", origin), _READABLE, _VARIES)

    def preflight(self, headers: Mapping[str, str], methods: Iterable[str]) -> Pairs | None:
        """What a preflight with these headers is answered, beside `lines`; None if its origin is not admitted.

        `methods`: those that are taken where it asks; none, if there is nothing. Then the one that it asks for is
        allowed, for the page to be told what is wrong.
        """
        if not is_preflight("OPTIONS", headers) or not self.admits(headers["origin"]):
            return None
        asked, names = headers["access-control-request-method"], headers.get("access-control-request-headers", "")
        allowed = ", ".join(methods) or (asked if _TOKEN.fullmatch(asked) else "")
        pairs = [("access-control-max-age", str(MAX_AGE))]
        if allowed:
            pairs.append(("access-control-allow-methods", allowed))
        if len(names) <= _MOST_NAMES and _NAMES.fullmatch(names):
            # As asked, since `*` would not mean Authorization.
            pairs.append(("access-control-allow-headers", names))
        if headers.get("access-control-request-private-network") == "true":
            pairs.append(("access-control-allow-private-network", "true"))
        return tuple(pairs)


def is_preflight(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a browser asks for a page, before it sends what the page wants to send."""
    return method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def is_unasked(method: str, headers: Mapping[str, str]) -> bool:
    """Whether any page could have sent this without a preflight, though it may not read the answer: it has nothing that
    an HTML form could not send (https://fetch.spec.whatwg.org/#cors-safelisted-request-header).
    """
    if method != "POST" or "origin" not in headers or not _CREDENTIALS.isdisjoint(headers):
        return False
    return headers.get("content-type", "").partition(";")[0].strip().lower() in _OF_FORMS


def is_rebound(headers: Mapping[str, str], port: int) -> bool:
    """Whether a browser sent this for a page that it takes for one of ours, on `port`, by a name that anybody may have
    pointed here (DNS rebinding). We serve no pages, and a proxy that does has another port, or says who it is for.
    """
    origin, host = headers.get("origin", ""), headers.get("host", "").lower()
    name, _, told = host.partition(":") if not host.startswith("[") else (host, "", "")
    if not name or origin.lower() != f"http://{host}" or (told or "80") != str(port):
        return False
    return _LOCAL.fullmatch(name.rstrip(".")) is None and _FORWARDED.isdisjoint(headers)
