"""What `outwait check` is asked: words and options made into targets, each with its model and key."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import typer

from outwait.core.fault import Refusal
from outwait.core.tongue import Said, Tongue
from outwait.toolkit.check import proxies
from outwait.toolkit.check import target as targets
from outwait.toolkit.check.target import Target
from outwait.toolkit.check.wording import Asking, InvalidAddress, Wording, word
from outwait.toolkit.check.words import Remark, Wrong

if TYPE_CHECKING:
    from outwait.core.catalog import Channel

_SCHEMES = ("http://", "https://")
_ADDRESS = re.compile(r"(localhost|[\w-]+(\.[\w-]+)+|\[[0-9a-fA-F:.]+\]|[\w-]+(?=:))(:\d+)?(/\S*)?")
_NONE = Said("none is configured", "未配置渠道")


@dataclass(frozen=True, slots=True)
class Asked:
    """The options that say what is probed. `models`, `keys`: one for all targets, or one for each URL."""

    words: Sequence[str]
    config: str | None = None
    models: Sequence[str] = ()
    keys: Sequence[str] = ()
    dialect: str | None = None
    ca_file: str | None = None


@contextmanager
def wrongs(tongue: Tongue) -> Iterator[None]:
    """What is asked wrongly inside ends the command with 2, and with a sentence in `tongue`."""
    try:
        yield
    except Wrong as wrong:
        raise typer.BadParameter(wrong.remark.told(tongue), param_hint=wrong.hint) from wrong


def find(asked: Asked) -> tuple[Target, ...]:
    """The targets, each with a name of its own. Raises Wrong."""
    urls = [word for word in asked.words if word.lower().startswith(_SCHEMES)]
    names = [word for word in asked.words if word not in urls]
    if urls and names and asked.config is None:
        if _ADDRESS.fullmatch(names[0]):
            raise Wrong("no_scheme", word=names[0])
        raise Wrong("word_beside_url", word=names[0])
    if asked.dialect is not None and asked.dialect not in (*targets.DIALECTS, targets.PLAIN):
        known = ", ".join((*targets.DIALECTS, targets.PLAIN))
        raise Wrong("no_dialect", "--dialect", dialect=asked.dialect, known=known)
    found: list[Target] = []
    if urls:
        found += _of_urls(urls, asked)
    if names or not urls or asked.config is not None:
        found += _of_channels(names, asked)
    return targets.named(targets.keyed(tuple(found), os.environ))


def worded(found: Sequence[Target], asking: Asking) -> tuple[Wording, ...]:
    """The request for each target, and the proxy it goes through. Raises Wrong."""
    made = []
    for target in found:
        try:
            wording = word(target, asking)
            made.append(replace(wording, proxy=proxies.applying(wording.url, os.environ)))
        except InvalidAddress as error:
            raise Wrong("said_so", target.url or target.name, why=error) from error
        except Refusal as refused:
            raise Wrong("said_so", target.url or target.name, why=refused.fault.message) from refused
    return tuple(made)


def announced(found: Sequence[Target], wordings: Sequence[Wording], probes: int, *, each: bool) -> list[Remark]:
    """What is said before it begins: what will be paid for, and which keys go where."""
    told = []
    paid = [wording.about for wording in wordings if wording.about.paid]
    if paid:
        values: dict[str, object] = {
            "calls": probes * len(paid),
            "each": Remark("each_round") if each else "",
            "models": ", ".join(dict.fromkeys(about.model or "" for about in paid)),
            "tokens": max(about.max_tokens or 0 for about in paid),
        }
        told.append(Remark("paid", values))
    elif any(target.channel is not None for target in found):
        asked = ", ".join(dict.fromkeys(wording.about.asked for wording in wordings))
        told.append(Remark("free", {"asked": asked}))
    for target, wording in zip(found, wordings, strict=True):
        if target.model is not None and not wording.about.paid:
            told.append(Remark("not_served", {"model": target.model}, target.name))
    for variable in dict.fromkeys(target.key_from for target in found if target.key_from.endswith("_API_KEY")):
        names = ", ".join(target.name for target in found if target.key_from == variable)
        told.append(Remark("key_from", {"variable": variable, "names": names}))
    return [*told, *proxied(wordings)]


def proxied(wordings: Sequence[Wording]) -> list[Remark]:
    """For each endpoint that is behind a proxy of the environment: which one."""
    return [proxies.named(wording.proxy, wording.about.name) for wording in wordings if wording.proxy is not None]


def keyless(found: Sequence[Target], refused: Sequence[str]) -> list[Remark]:
    """For each target that refused its probes (`refused`: names) because no key was sent: where one is looked for."""
    return [
        Remark("no_key", {"variable": targets.variable(target) or "OPENAI_API_KEY"}, target.name)
        for target in found
        if target.name in refused and target.channel is not None and not target.channel.api_keys
    ]


def _of_urls(urls: Sequence[str], asked: Asked) -> list[Target]:
    models = _each(asked.models, len(urls), "--model")
    keys = _each(asked.keys, len(urls), "--key")
    found = []
    for url, model, key in zip(urls, models, keys, strict=True):
        found.append(targets.of_url(url, dialect=asked.dialect, model=model, key=key or None, ca_file=asked.ca_file))
    return found


def _each(given: Sequence[str], count: int, option: str) -> list[str | None]:
    """One of the given values for each URL."""
    if len(given) > 1 and len(given) != count:
        raise Wrong("how_often", option, count=len(given), urls=count)
    if len(given) == count:
        return list(given)
    return [given[0] if given else None] * count


def _of_channels(names: Sequence[str], asked: Asked) -> list[Target]:
    if len(asked.models) > 1:
        raise Wrong("one_model", "--model")
    if asked.keys or asked.dialect or asked.ca_file:
        hint = "--key" if asked.keys else "--dialect" if asked.dialect else "--ca-file"
        if not any(word.lower().startswith(_SCHEMES) for word in asked.words):
            raise Wrong("of_urls", hint)
    channels = _channels(asked.config, names)
    model = asked.models[0] if asked.models else None
    return [targets.of_channel(channel, model) for channel in channels]


def _channels(config: str | None, names: Sequence[str]) -> list[Channel]:
    """The configured channels of these names, all if there are none."""
    from outwait.config import catalog as catalogs
    from outwait.config.errors import ConfigError
    from outwait.config.load import load

    try:
        catalog = catalogs.build(load(config, serving=False))
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    known = {channel.name: channel for channel in catalog.channels}
    wrong = [name for name in names if name not in known]
    if wrong and not known and _ADDRESS.fullmatch(wrong[0]):
        raise Wrong("no_scheme", word=wrong[0])
    if wrong:
        raise Wrong("no_channel", "NAME", word=wrong[0], known=", ".join(known) or _NONE)
    if not known:
        raise Wrong("nothing")
    return [known[name] for name in names] if names else list(catalog.channels)


def share_of(text: str) -> float:
    """`90`, `90%`: a share of 0 to 100 in a hundred. Raises Wrong."""
    try:
        value = float(text.strip().removesuffix("%"))
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise Wrong("no_share", "--fail-below", text=text)
    return value / 100
