"""What is to be checked: a URL that somebody typed, or a channel of the configuration, as a `Target`.

A base URL of a provider or a gateway is recognised by its host, its path, or by a model being named; any other URL is
plain: it is fetched and no more. Nothing in a `Target` that is meant to be shown holds a secret.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from outwait.core.catalog import Channel
from outwait.dialects.providers import PROVIDERS
from outwait.toolkit.check.words import Wrong

PLAIN: Final = "http"
DIALECTS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "openai": ("compatible", ()),
    "responses": ("openai", ("responses",)),
    "anthropic": ("anthropic", ()),
    "gemini": ("gemini", ()),
}
"""Dialect -> the provider that is taken for a host nobody knows, and which of its endpoints are called; empty = any."""

# What the end of a path says, first row that fits: a version alone is OpenAI's form, which most of the others copy.
_PATHS: Final = (
    (re.compile(r"/messages$|/anthropic(/v1)?$"), "anthropic"),
    (re.compile(r"/responses$"), "responses"),
    (re.compile(r"/v1beta$"), "gemini"),
    (re.compile(r"/v\d+$|/v\d+/openai$|/openai(/v\d+)?$|/chat/completions$"), "openai"),
)
_VARIABLES: Final = {"compatible": "OPENAI_API_KEY"}


class BadTarget(Wrong):
    """It cannot be checked."""


@dataclass(frozen=True, slots=True)
class Target:
    """`name`: what it is called in tables and files. `url`: for people. `channel`: None for a plain URL, which is
    `plain`. `model`: as clients call it. `key_from`: where its key comes from, "" if it has none.
    """

    name: str
    url: str
    channel: Channel | None = None
    plain: str = field(default="", repr=False)
    user: tuple[str, str] | None = field(default=None, repr=False)
    key: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    model: str | None = None
    key_from: str = ""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be told, beside the channel's own: the credentials and the query of the URL."""
        parts = urlsplit(self.plain or (self.channel.base_url if self.channel else ""))
        values = [value for pair in parts.query.split("&") for value in (pair, pair.partition("=")[2])]
        found = (*(self.user or ()), self.key, *values, *map(unquote, values))
        return tuple(secret for secret in found if secret)


def of_url(
    url: str,
    *,
    dialect: str | None = None,
    model: str | None = None,
    key: str | None = None,
    ca_file: str | None = None,
) -> Target:
    """The target at `url`. `dialect`: a row of `DIALECTS` or `http`; None: guessed. Raises BadTarget."""
    parts = _parts(url)
    provider, endpoints = _provider(parts, dialect, model)
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
    name = shown.partition("://")[2].rstrip("/")
    user = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    if provider is None:
        if model is not None:
            raise BadTarget("plain_model", url=shown)
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()
        return Target(name, shown, plain=bare, user=user, key=key, ca_file=ca_file)
    if user is not None:
        raise BadTarget("key_in_url", url=shown)
    channel = Channel(
        name,
        provider,
        parts._replace(fragment="").geturl(),
        (key,) if key else (),
        endpoints=endpoints,
        ca_file=ca_file,
    )
    return Target(name, shown, channel, model=model)


def of_channel(channel: Channel, model: str | None) -> Target:
    """The target that a configured channel is, with its first key."""
    where = channel.base_url or PROVIDERS[channel.dialect].base_url or ""
    parts = urlsplit(where)
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
    return Target(channel.name, shown, channel, model=model, key_from="outwait.yaml" if channel.api_keys else "")


def variable(target: Target) -> str | None:
    """The environment variable that holds a key for this provider; None for a plain URL."""
    if target.channel is None:
        return None
    return _VARIABLES.get(target.channel.dialect, f"{target.channel.dialect.upper()}_API_KEY")


def keyed(targets: tuple[Target, ...], environ: Mapping[str, str]) -> tuple[Target, ...]:
    """The targets with keys from the environment where they have none.

    Where a provider's own host is among the targets, its variable is for that host alone: a key must not wander to
    another one because both are compared.
    """
    own = {variable(target) for target in targets if _at_home(target)}
    done = []
    for target in targets:
        name = variable(target)
        value = environ.get(name, "").strip() if name else ""
        if target.channel is None or target.channel.api_keys or not value or (name in own and not _at_home(target)):
            done.append(target)
        else:
            done.append(replace(target, channel=replace(target.channel, api_keys=(value,)), key_from=name or ""))
    return tuple(done)


def named(targets: tuple[Target, ...]) -> tuple[Target, ...]:
    """The targets with names that tell them apart: by the model if that helps, else by a number."""
    counts = Counter(target.name for target in targets)
    alone = len(counts) == 1  # then the model says it all
    apart = Counter((target.name, target.model) for target in targets)
    seen: Counter[str] = Counter()
    done = []
    for target in targets:
        name = target.name
        if counts[name] > 1 and target.model and apart[name, target.model] == 1:
            name = target.model if alone else f"{name} {target.model}"
        seen[name] += 1
        done.append(replace(target, name=name if seen[name] == 1 else f"{name} #{seen[name]}"))
    return tuple(done)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise BadTarget("no_url", url=_blind(url), why=f": {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadTarget("no_url", url=_blind(url), why="")
    if port == 0:
        raise BadTarget("bad_port", url=_blind(url))
    if not url.strip().isprintable() or " " in url.strip():
        raise BadTarget("blank", url=_blind(url))
    return parts


def _blind(url: str) -> str:
    """A URL that is wrong, without what may be a secret in it."""
    return repr(re.sub(r"(?<=//)[^/@]*@", "", url).partition("?")[0][:200])


def _provider(parts: SplitResult, dialect: str | None, model: str | None) -> tuple[str | None, tuple[str, ...]]:
    """The row of PROVIDERS and the endpoints to call; None for a plain URL."""
    if dialect == PLAIN:
        return None, ()
    home = _home(parts.hostname or "")
    if dialect is not None:
        provider, endpoints = DIALECTS[dialect]
        if home is None or (dialect != "openai" and provider != home):
            return provider, endpoints
        return home, endpoints
    if home is not None:
        return home, ("responses",) if parts.path.rstrip("/").endswith("/responses") else ()
    path = parts.path.rstrip("/")
    guessed = next((name for pattern, name in _PATHS if pattern.search(path)), None)
    if guessed is None and model is not None:
        guessed = "openai"
    return DIALECTS[guessed] if guessed is not None else (None, ())


def _home(host: str) -> str | None:
    """The provider that lives at `host`."""
    for name, provider in PROVIDERS.items():
        for base in (provider.base_url, *provider.regions.values()):
            known = urlsplit(base or "").hostname or ""
            if known == host.lower() and known not in ("", "localhost"):
                return name
    return None


def _at_home(target: Target) -> bool:
    return target.channel is not None and _home(urlsplit(target.channel.base_url).hostname or "") is not None
