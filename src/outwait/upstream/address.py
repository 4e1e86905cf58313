"""From a channel to the head of a request: where it goes, with which credentials, under which names.

Everything that can be wrong with a channel's URL, keys or headers is found here when the book is made, as an
`InvalidAddress` that names the channel; a request only looks up a finished head.

base_url follows the OpenAI convention (`https://api.openai.com/v1` + `/chat/completions`). A bare host gets `/v1`,
since that is what is meant; any other path is kept; a URL that already ends with the endpoint's path is taken as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from urllib.parse import SplitResult, urlsplit

from outwait.config.secret import names_secret
from outwait.core.catalog import Channel
from outwait.core.plan import Candidate
from outwait.wire.endpoint import Endpoint, refusal

# What a dialect's endpoints are called below base_url.
PATHS: Mapping[str, Mapping[str, str]] = {
    "openai": {"chat.completions": "/chat/completions"},
}
# Client headers that mean something to the provider and nothing to us. Not among them: anything that names an account
# (openai-organization, openai-project: the channel's business), and x-request-id (servers such as vLLM take it for
# their own request id, and two attempts of one exchange would share it).
PASSED: Mapping[str, tuple[str, ...]] = {
    "openai": ("openai-beta", "x-client-request-id", "traceparent", "tracestate", "baggage"),
}
_PORTS = {"http": 80, "https": 443}
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


class InvalidAddress(ValueError):  # noqa: N818 - it names what is wrong, and is shown as such
    """A channel cannot be addressed; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Address:
    """A finished request head up to its length. `target`: path and query. `passed`: client headers that may follow."""

    endpoint: Endpoint
    target: str
    head: bytes = field(repr=False)
    passed: tuple[str, ...] = ()


class AddressBook:
    """The addresses of all channels of one catalog; immutable."""

    __slots__ = ("_addresses", "_secrets")

    def __init__(self, channels: Iterable[Channel]) -> None:
        agent = f"outwait/{version('outwait')}"
        self._addresses: dict[tuple[str, str | None], tuple[Address, ...]] = {}
        self._secrets: dict[str, tuple[str, ...]] = {}
        for channel in channels:
            for number, (endpoint, path) in enumerate(PATHS.get(channel.dialect, {}).items()):
                keys: tuple[str | None, ...] = channel.api_keys or (None,)
                made = tuple(make_address(channel, path, key, agent=agent) for key in keys)
                self._addresses[channel.name, endpoint] = made
                if number == 0:
                    self._addresses[channel.name, None] = made
            hidden = tuple(value for name, value in channel.headers.items() if names_secret(name))
            self._secrets[channel.name] = channel.api_keys + hidden

    def find(self, candidate: Candidate, endpoint: str | None = None) -> Address | None:
        """The address of `endpoint` (None: the dialect's first) at the candidate's channel with the candidate's
        credential; None when it is not there (any more)."""
        made = self._addresses.get((candidate.channel, endpoint))
        if made is None:
            return None
        return made[candidate.key] if 0 <= candidate.key < len(made) else made[0]

    def secrets(self, channel: str) -> tuple[str, ...]:
        """What must never be told of `channel`: its keys and the values of its secret headers."""
        return self._secrets.get(channel, ())


def make_address(channel: Channel, path: str, key: str | None, *, agent: str) -> Address:
    """The address of `path` at `channel`. Raises InvalidAddress."""
    where = f"channel {channel.name!r}: "
    try:
        parts = urlsplit(channel.base_url.strip())
        port = parts.port
    except ValueError as error:
        raise InvalidAddress(f"{where}base_url {channel.base_url!r} is not a URL: {error}") from None
    wrong = _wrong(parts, port)
    if wrong is not None:
        raise InvalidAddress(f"{where}base_url {_shown(parts)!r} {wrong}")
    host = _ascii_host(parts.hostname or "", where)
    tls = parts.scheme == "https"
    endpoint = Endpoint(
        host=host,
        port=port or _PORTS[parts.scheme],
        tls=tls,
        ca_file=channel.ca_file if tls else None,
        verify=channel.verify_tls if tls else True,
    )
    target = _target(parts, path)
    headers = {
        "Host": _authority(host, port, parts.scheme),
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",  # which of them is said in the body
        "Accept-Encoding": "identity",
        "User-Agent": agent,
    }
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    own = _own_headers(channel.headers, where)
    names = {name.lower() for name in own}
    merged = {name: value for name, value in headers.items() if name.lower() not in names} | own
    if not _VALUE.fullmatch(merged.get("Authorization", "")):
        raise InvalidAddress(f"{where}its api_key holds a line break or another character no header can carry")
    lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in merged.items())]
    passed = tuple(name for name in PASSED.get(channel.dialect, ()) if name not in names)
    return Address(endpoint, target, ("\r\n".join(lines) + "\r\n").encode("latin-1"), passed)


def passed_on(headers: Mapping[str, str], names: tuple[str, ...]) -> bytes:
    """The lines of those client headers that go upstream; what no header can carry is left out."""
    lines = b""
    for name in names:
        value = headers.get(name)
        if value is not None and _VALUE.fullmatch(value):
            lines += f"{name}: {value}\r\n".encode("latin-1")
    return lines


def _wrong(parts: SplitResult, port: int | None) -> str | None:
    if parts.scheme not in _PORTS:
        return "must begin with https:// or http://"
    if not parts.hostname:
        return "names no host"
    if parts.username is not None or parts.password is not None:
        return "holds credentials; put them in api_key"
    if parts.fragment:
        return "has a #fragment, which is never sent"
    if port == 0:
        return "has port 0"
    if not (parts.path + parts.query).isprintable() or " " in parts.path + parts.query:
        return "has a blank or a control character in its path"
    return None


def _shown(parts: SplitResult) -> str:
    """The URL for an error message, without credentials."""
    netloc = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=netloc, query="").geturl()


def _ascii_host(host: str, where: str) -> str:
    if ":" in host or host.replace(".", "").isdigit():
        try:
            refused = refusal(host)
        except ValueError:
            raise InvalidAddress(f"{where}{host!r} is not an IP address") from None
        if refused is not None:
            raise InvalidAddress(f"{where}{host} is a {refused}; upstreams there are refused")
        return host
    try:
        name = host.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise InvalidAddress(f"{where}{host!r} is not a host name: {error}") from None
    if not re.fullmatch(r"[a-z0-9_.-]+", name):
        raise InvalidAddress(f"{where}{host!r} is not a host name")
    return name


def _authority(host: str, port: int | None, scheme: str) -> str:
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None or port == _PORTS[scheme] else f"{shown}:{port}"


def _target(parts: SplitResult, path: str) -> str:
    prefix = parts.path.rstrip("/")
    if not prefix:
        prefix = "/v1"
    target = prefix if prefix.endswith(path) else prefix + path
    target = "".join(char if char.isascii() else _escaped(char) for char in target)
    query = "".join(char if char.isascii() else _escaped(char) for char in parts.query)
    return f"{target}?{query}" if query else target


def _escaped(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode())


def _own_headers(headers: Mapping[str, str], where: str) -> dict[str, str]:
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            raise InvalidAddress(f"{where}{name!r} is not a header name")
        if name.lower() in _OURS:
            raise InvalidAddress(f"{where}the header {name!r} is set by outwait itself")
        if not _VALUE.fullmatch(value):
            raise InvalidAddress(f"{where}the header {name!r} holds a character no header can carry")
    return {name.title() if name.islower() else name: value for name, value in headers.items()}
