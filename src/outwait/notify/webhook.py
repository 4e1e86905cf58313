"""A configured webhook in the form it is used: secrets as bytes, the address taken apart."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import version
from urllib.parse import urlsplit

from outwait.config.webhooks import SECRET_PREFIX, WebhookSection
from outwait.policy import globs
from outwait.wire.endpoint import Endpoint

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Webhook:
    """Somebody who is told of events. `events`: globs of them, `keys`: names of client keys; empty: all.

    `head`: the request line and the headers that are the same for each event.
    """

    name: str
    url: str = field(repr=False)  # some receivers are known by a token in it
    endpoint: Endpoint
    head: bytes = field(repr=False)
    secrets: tuple[bytes, ...] = field(repr=False)
    events: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()

    def wants(self, event: str, key: str) -> bool:
        """Whether it is told of `event` when the response is of the client key named `key`."""
        mine = not self.keys or key in self.keys
        return mine and (not self.events or globs.first(self.events, event) is not None)


def webhooks(sections: Iterable[WebhookSection]) -> tuple[Webhook, ...]:
    """The webhooks of a configuration."""
    agent = f"outwait/{version('outwait')}"
    return tuple(_webhook(section, agent) for section in sections)


def _webhook(section: WebhookSection, agent: str) -> Webhook:
    parts = urlsplit(section.url)
    tls = parts.scheme == "https"
    port = parts.port or _PORTS[parts.scheme]
    endpoint = Endpoint(parts.hostname or "", port, tls, section.ca_file if tls else None)
    return Webhook(
        name=section.name,
        url=section.url,
        endpoint=endpoint,
        head=_head(section, agent),
        secrets=tuple(_key(secret.get_secret_value()) for secret in section.secret),
        events=section.events,
        keys=section.keys,
    )


def _head(section: WebhookSection, agent: str) -> bytes:
    parts = urlsplit(section.url)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    headers = {"user-agent": agent, "accept": "*/*"}
    headers |= {name: value.get_secret_value() for name, value in section.headers.items()}
    lines = [f"POST {target} HTTP/1.1", f"host: {_authority(section.url)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    # One request per connection: events are rare, and a kept connection would be dead by the next one.
    lines += ["accept-encoding: identity", "content-type: application/json", "connection: close"]
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1")


def _authority(url: str) -> str:
    parts = urlsplit(url)
    return parts.netloc.removesuffix(f":{_PORTS[parts.scheme]}")


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
