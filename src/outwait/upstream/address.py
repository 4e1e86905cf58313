"""From a channel to the head of a request: where it goes, with which credentials, under which names.

Everything that can be wrong with a channel's URL, keys or headers is found here when the book is made, as an
`InvalidAddress` that names the channel; a request only looks up a finished head. Where the model's name stands in the
path, heads are finished on demand and the last ones are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from urllib.parse import quote

from outwait.config.secret import names_secret
from outwait.core.catalog import Channel
from outwait.core.plan import Candidate
from outwait.core.progress import Errand
from outwait.core.request import Call
from outwait.dialects.provider import Envelope, Provider, Way
from outwait.dialects.providers import PROVIDERS
from outwait.upstream.credentials import Credential, Issuer, parts_of
from outwait.upstream.location import MODEL, InvalidAddress, Location, locate
from outwait.wire.endpoint import Endpoint

__all__ = ["Address", "AddressBook", "InvalidAddress", "passed_on"]

# Of a call without a client; never filled.
_NO_HEADERS: Mapping[str, str] = {}
_KEPT = 1024  # finished heads with a model's name in them
# Framing, routing and coding are the wire's own.
_OURS = frozenset(
    (
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 5.6.2
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")  # RFC 9110 5.5
_DOTS = frozenset((".", ".."))  # RFC 3986 5.2.4: as a step of a path they mean another path
_TUNED = "tunedModels/"
_BODILESS = frozenset(("GET", "DELETE"))
_ABOUT_BODY = b"content-type:"
# Headers that speak of the call itself, not of an errand about it: a name given to the one is not the other's.
_OF_CALL = frozenset(("content-type", "x-client-request-id"))
_TARGET = ";/?:@&=+$,%!~*'()"  # what stands in a target as it is, beside letters and digits (RFC 3986 2.2)


@dataclass(frozen=True, slots=True)
class Address:
    """A finished request head up to its length. `target`: path and query. `passed`: client headers that may follow.
    `defaults`: header lines for those of them that the client does not send.

    `special`: a call there needs more than that: `credential` signs it, `envelope` changes its body, its stream is
    `framed`, or it is an errand with a `method` of its own. `origin`: scheme and authority, for signatures.
    """

    endpoint: Endpoint
    target: str
    head: bytes = field(repr=False)
    passed: tuple[str, ...] = ()
    defaults: tuple[tuple[str, bytes], ...] = ()
    origin: str = ""
    credential: Credential | None = field(default=None, repr=False)
    envelope: Envelope | None = None
    framed: bool = False
    special: bool = False
    method: str = "POST"

    @property
    def bodiless(self) -> bool:
        """Whether requests go there without a body and its length."""
        return self.method in _BODILESS

    def below(self, errand: Errand) -> Address:
        """The same for an errand: method and target are its own, credentials and headers those of every call."""
        path, _, query = self.target.partition("?")
        suffix, _, asked = quote(errand.suffix, safe=_TARGET).partition("?")
        query = "&".join(filter(None, (query, asked)))
        target = f"{path}{suffix}?{query}" if query else path + suffix
        lines = self.head.split(b"\r\n")[1:]
        if errand.method in _BODILESS:
            lines = [line for line in lines if not line.lower().startswith(_ABOUT_BODY)]
        return replace(
            self,
            target=target,
            head=b"\r\n".join((f"{errand.method} {target} HTTP/1.1".encode(), *lines)),
            passed=tuple(name for name in self.passed if name not in _OF_CALL),
            defaults=tuple(each for each in self.defaults if each[0] not in _OF_CALL),
            envelope=None,
            framed=False,
            special=True,
            method=errand.method,
        )

    def of(self, model: str) -> Address:
        """The same with the model's name in its path."""
        if model.startswith(_TUNED):  # Google's tuned models are a collection of their own beside its models
            target = self.target.replace(f"models/{MODEL}", _TUNED + quote(model.removeprefix(_TUNED), safe="@:"))
        else:
            target = self.target.replace(MODEL, quote(model, safe="@:"))  # as the providers' own SDKs have it
        return replace(self, target=target, head=b"POST %s HTTP/1.1%s" % (target.encode(), self.head))


class AddressBook:
    """The addresses of all channels of one catalog; immutable but for the heads it keeps."""

    __slots__ = ("_addresses", "_finished", "_secrets")

    def __init__(self, channels: Iterable[Channel]) -> None:
        agent = f"outwait/{version('outwait')}"
        self._addresses: dict[tuple[str, str, bool], tuple[Address, ...]] = {}
        self._finished: dict[tuple[str, str, bool, int, str], Address] = {}
        self._secrets: dict[str, tuple[str, ...]] = {}
        for channel in channels:
            provider = PROVIDERS.get(channel.dialect)
            if provider is not None:
                self._add(channel, provider, agent)
            hidden = tuple(value for name, value in channel.headers.items() if names_secret(name))
            parts = tuple(part for key in channel.api_keys for part in parts_of(key))
            self._secrets[channel.name] = (*channel.api_keys, *parts, *hidden)

    def _add(self, channel: Channel, provider: Provider, agent: str) -> None:
        location = locate(channel, provider)
        maker = _Maker(channel, provider, location, agent)
        keys: tuple[str | None, ...] = channel.api_keys or (None,)
        for name in channel.endpoints or provider.ways:
            way = provider.ways.get(name)
            if way is None:
                continue
            plain = tuple(maker.address(way, key, streamed=False) for key in keys)
            streamed = tuple(maker.address(way, key, streamed=True) for key in keys) if way.streamed else plain
            self._addresses[channel.name, name, False] = plain
            self._addresses[channel.name, name, True] = streamed

    def find(self, candidate: Candidate, call: Call | None = None) -> Address | None:
        """The address of the candidate's endpoint with its credential, for a stream if `call` or it asks for one; None
        when it is not there (any more), or cannot have a model of that name."""
        streamed = candidate.streamed or (call is not None and call.stream)
        made = self._addresses.get((candidate.channel, candidate.endpoint, streamed))
        if made is None:
            return None
        address = made[candidate.key] if 0 <= candidate.key < len(made) else made[0]
        return self._finish(address, candidate, streamed=streamed) if MODEL in address.target else address

    def _finish(self, address: Address, candidate: Candidate, *, streamed: bool) -> Address | None:
        key = (candidate.channel, candidate.endpoint, streamed, candidate.key, candidate.model)
        found = self._finished.get(key)
        if found is None:
            if candidate.model in _DOTS or not candidate.model:
                return None
            if len(self._finished) >= _KEPT:
                self._finished.pop(next(iter(self._finished)))
            found = self._finished[key] = address.of(candidate.model)
        return found

    def secrets(self, channel: str) -> tuple[str, ...]:
        """What must never be told of `channel`: its keys and the values of its secret headers."""
        return self._secrets.get(channel, ())


class _Maker:
    """Makes the addresses of one channel."""

    def __init__(self, channel: Channel, provider: Provider, location: Location, agent: str) -> None:
        self._location = location
        self._provider = provider
        self._agent = agent
        self._own = _own_headers(channel.headers, location.where)
        self._issuer = Issuer(channel, location)

    def address(self, way: Way, key: str | None, *, streamed: bool) -> Address:
        """The address of `way` with `key`. Raises InvalidAddress."""
        location, own = self._location, self._own
        target = location.target(way, streamed=streamed)
        shown, credential = self._issuer.issue(way.credential or self._provider.credential, key)
        headers = {"Host": location.authority}
        if not way.mixed:
            headers["Content-Type"] = "application/json"
        headers |= {"Accept": way.accept, "Accept-Encoding": "identity", "User-Agent": self._agent, **shown}
        names = {name.lower() for name in own}
        open_to = (*(("content-type",) if way.mixed else ()), *self._provider.passed)
        passed = tuple(name for name in open_to if name not in names)
        fallback = {"content-type": "application/json"} if way.mixed else {}
        defaults = []
        for name, value in (*fallback.items(), *way.headers.items()):
            if name in passed:
                defaults.append((name, f"{name}: {value}\r\n".encode()))
            else:
                headers[name] = value
        merged = {name: value for name, value in headers.items() if name.lower() not in names} | own
        if not all(_VALUE.fullmatch(value) for value in shown.values()):
            message = "its api_key holds a line break or another character no header can carry"
            raise InvalidAddress(location.where + message)
        lines = "".join(f"\r\n{name}: {value}" for name, value in merged.items()) + "\r\n"
        head = lines if MODEL in target else f"POST {target} HTTP/1.1{lines}"
        return Address(
            endpoint=location.endpoint,
            target=target,
            head=head.encode("latin-1"),
            passed=passed,
            defaults=tuple(defaults),
            origin=location.origin,
            credential=credential,
            envelope=way.envelope,
            framed=way.framed,
            special=credential is not None or way.envelope is not None or way.framed,
        )


def passed_on(headers: Mapping[str, str] | None, address: Address) -> bytes:
    """The lines of those client headers that go upstream, and of the defaults that they do not replace; what no header
    can carry is left out."""
    lines = b""
    headers = _NO_HEADERS if headers is None else headers
    for name in address.passed:
        value = headers.get(name)
        if value is not None and _VALUE.fullmatch(value):
            lines += f"{name}: {value}\r\n".encode("latin-1")
    for name, line in address.defaults:
        if name not in headers:
            lines += line
    return lines


def _own_headers(headers: Mapping[str, str], where: str) -> dict[str, str]:
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            raise InvalidAddress(f"{where}{name!r} is not a header name")
        if name.lower() in _OURS:
            raise InvalidAddress(f"{where}the header {name!r} is set by outwait itself")
        if not _VALUE.fullmatch(value):
            raise InvalidAddress(f"{where}the header {name!r} holds a character no header can carry")
    return {name.title() if name.islower() else name: value for name, value in headers.items()}
