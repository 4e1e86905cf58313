"""The section of outwait.yaml that says who is told when a background response ends, and how each proves it was us."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Collection, Iterable
from typing import Annotated, Final
from urllib.parse import SplitResult, quote, urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator

from outwait.config.fields import ExistingFile, HeaderName, HeaderValue, Name, wrong
from outwait.config.sections import OneOrMore, Section
from outwait.policy import globs

# What OpenAI tells of background responses, under the same names.
EVENTS: Final = ("response.completed", "response.failed", "response.cancelled", "response.incomplete")
SECRET_PREFIX: Final = "whsec_"
# Standard Webhooks 1.0.0, "Signature scheme": 192 bits at least, 512 at most.
_SECRET_BYTES = range(24, 65)
_SECRET = "`whsec_` and 24 to 64 random bytes in base64, such as `openssl rand -base64 32` makes them"
_URL = "a URL such as https://example.com/webhooks"
# Names that the public DNS does not give to anybody: RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`.
_AT_HOME = (".localhost", ".local", ".internal", ".home.arpa")
_METADATA = "metadata.google.internal"
# Signed, or what was signed would not be what is read.
_SIGNED = frozenset({"webhook-id", "webhook-timestamp", "webhook-signature", "content-type", "content-encoding"})
# RFC 3986: what may stand in a path and a query as it is; `%` so that what is escaped is not escaped again.
_PLAIN = "/%:@!$&'()*+,;=-._~?[]"


def private(address: str) -> bool:
    """Whether an IP address, as a resolver gives it, is of this machine or a private network; ValueError: none."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return not (ip.is_global or ip.is_link_local or ip.is_multicast or ip.is_unspecified)


def _url(value: str) -> str:
    """`value` as it is sent: host and path in ASCII."""
    if any(letter.isspace() or not letter.isprintable() for letter in value):
        raise wrong(_URL)
    try:
        parts = urlsplit(value)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise wrong(_URL) from None
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        raise wrong(_URL)
    if parts.username is not None or parts.password is not None:
        raise wrong("a URL without user and password; use `headers`")
    if parts.fragment:
        raise wrong("a URL without `#`")
    address = _literal(host)
    if address is None:
        host = _host(host)
    if host == _METADATA or (address is not None and _nobodys(address)):
        raise wrong("an address that is not link-local or a cloud's metadata service")
    if parts.scheme == "http" and not _at_home(host, address):
        raise wrong("https://; http:// is for this machine and private networks", what="is not encrypted")
    return _rebuilt(parts, host, port)


def _rebuilt(parts: SplitResult, host: str, port: int | None) -> str:
    shown = f"[{host}]" if ":" in host else host
    netloc = shown if port is None else f"{shown}:{port}"
    return parts._replace(netloc=netloc, path=quote(parts.path, _PLAIN), query=quote(parts.query, _PLAIN)).geturl()


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _host(host: str) -> str:
    try:
        name = host.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        raise wrong(_URL, what="names no host that could exist") from None
    if not name or not name.replace("-", "").replace(".", "").replace("_", "").isalnum():
        raise wrong(_URL, what="names no host that could exist")
    return name


def _nobodys(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    inner = getattr(address, "ipv4_mapped", None) or address
    return bool(inner.is_link_local or inner.is_unspecified or inner.is_multicast)


def _at_home(host: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> bool:
    """Whether `host` can be at home at all. Where a name really leads is seen when it is resolved."""
    if address is not None:
        return private(str(address))
    return "." not in host or host.endswith(_AT_HOME)


def _secret(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not text:
        raise wrong(_SECRET, what="is empty (is its variable set to an empty text?)")
    if not text.startswith(SECRET_PREFIX):
        raise wrong(_SECRET, what="does not begin with `whsec_`")
    coded = text.removeprefix(SECRET_PREFIX)
    try:
        key = base64.b64decode(coded, validate=True)
    except ValueError:  # binascii.Error is one, and so is what comes of letters beyond ASCII
        key = b""
    if base64.b64encode(key).decode() != coded:  # Python takes more `=` than others do
        raise wrong(_SECRET, what="is not base64 behind `whsec_`")
    if len(key) not in _SECRET_BYTES:
        raise wrong(_SECRET, what=f"has {len(key)} bytes")
    return value


def _events(value: str) -> str:
    if not any(globs.fits(value, each) for each in EVENTS):
        raise wrong("one of " + ", ".join(f"'{each}'" for each in EVENTS) + ", or a pattern such as `response.*`")
    return value


def _not_signed(value: str) -> str:
    if value in _SIGNED or value.startswith("webhook-"):
        raise wrong("a header that the gateway does not set itself")
    return value


WebhookUrl = Annotated[str, AfterValidator(_url)]
SigningSecret = Annotated[SecretStr, AfterValidator(_secret)]
EventGlob = Annotated[str, AfterValidator(_events)]
WebhookHeader = Annotated[HeaderName, AfterValidator(_not_signed)]


class WebhookSection(Section):
    """Somebody who is told of events.

    `secret`: what events are signed with, or several of them while one takes the place of another. `events`: globs of
    the events it is told; none = all. `keys`: names of the client keys whose responses it is told of; none = all.
    `ca_file`: authorities to trust instead of the system's.
    """

    name: Name
    url: WebhookUrl
    secret: Annotated[tuple[SigningSecret, ...], OneOrMore]
    events: Annotated[tuple[EventGlob, ...], OneOrMore] = ()
    keys: Annotated[tuple[Name, ...], OneOrMore] = ()
    headers: dict[WebhookHeader, HeaderValue] = Field(default_factory=dict)
    ca_file: ExistingFile | None = None

    @field_validator("secret")
    @classmethod
    def _at_least_one(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not value:
            raise wrong(_SECRET, what="is an empty list")
        return value

    def secrets(self) -> tuple[str, ...]:
        """The signing secrets as they are written, and without their prefix."""
        found = tuple(secret.get_secret_value() for secret in self.secret)
        return (*found, *(text.removeprefix(SECRET_PREFIX) for text in found))


def check_keys(webhooks: Iterable[WebhookSection], known: Collection[str]) -> None:
    """Raises for a webhook that is told of the responses of a client key that is none of the `known` names."""
    for index, webhook in enumerate(webhooks):
        for place, name in enumerate(webhook.keys):
            if name not in known:
                one_of = "one of " + ", ".join(f"'{each}'" for each in sorted(known)) if known else "it to be left out"
                what = f"there is no client key `{name}`"
                raise wrong(one_of, what=what, at=("webhooks", index, "keys", place))
