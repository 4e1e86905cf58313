"""Which channels serve a call for a key, in the order they are tried.

A channel serves a model if its `model_map` names it, or one of its globs fits, or it has no globs; it serves a call if
its provider has the endpoint, or one that the call can be translated to. Lower `priority` goes first, then channels
that speak the client's own dialect, then higher `weight`, then the order of the configuration.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from outwait.core.catalog import Channel
from outwait.core.fault import Fault, Refusal, fault
from outwait.core.principal import Principal
from outwait.core.request import Call
from outwait.dialects.providers import PROVIDERS, Way, way
from outwait.policy import globs

MAX_MODEL = 256  # characters of a model's name; real ones stay below 100
Told = Mapping[str, Iterable[str]]
"""Channel name -> the names that its provider lists."""
NOTHING: Told = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Served:
    """A channel that serves a call: under which name of the model, and at which of its endpoints."""

    channel: Channel
    model: str
    endpoint: str
    way: Way


def route(call: Call, principal: Principal, channels: Iterable[Channel]) -> tuple[Served, ...]:
    """The channels for `call`, first choice first.

    Raises Refusal as `serving` does, and `not_supported` when no channel that serves the model has such an endpoint.
    """
    known = serving(call.model, principal, channels)
    able = [served for channel in known if (served := at(channel, call)) is not None]
    if not able:
        others = ", ".join(sorted({channel.dialect for channel in known}))
        what = f"which have nothing for {call.endpoint}"
        message = f"The model {call.model!r} is served by {others} channels only, {what}."
        raise Refusal(fault("not_supported", message, param="model"))
    # Stable: then heavier first.
    able.sort(key=lambda served: (served.channel.priority, served.way.dialect != call.dialect))
    return tuple(able)


def serving(model: str, principal: Principal, channels: Iterable[Channel]) -> list[Channel]:
    """The channels that serve `model`, never none: lower priority first, then higher weight, then as configured.

    Raises Refusal: `invalid_value` for a name no model can have, `permission_denied` when the key may not use the
    model, `model_not_found` when no channel serves it.
    """
    if not 0 < len(model) <= MAX_MODEL:
        message = f"A model's name has 1 to {MAX_MODEL} characters."
        raise Refusal(fault("invalid_value", message, param="model"))
    if globs.first(principal.models, model) is None:
        message = f"The key {principal.name!r} may not use the model {model!r}."
        raise Refusal(fault("permission_denied", message, param="model"))
    known = tuple(channels)
    found = [channel for channel in known if serves(channel, model)]
    if not found:
        raise Refusal(_unknown(model, principal, known))
    return sorted(found, key=lambda channel: (channel.priority, -channel.weight))


def at(channel: Channel, call: Call) -> Served | None:
    """Where `channel` answers `call`, None where it cannot."""
    model = channel.model_map.get(call.model, call.model)
    found = way(PROVIDERS[channel.dialect], channel.endpoints, call.dialect, call.endpoint, model)
    return None if found is None else Served(channel, model, *found)


def serves(channel: Channel, model: str) -> bool:
    """Whether `channel` serves the public name `model`."""
    return not channel.models or model in channel.model_map or globs.first(channel.models, model) is not None


def unnamed(channels: Iterable[Channel], principal: Principal) -> tuple[Channel, ...]:
    """The channels whose names only their providers know all of, and which tell them: those that are open to every
    name, or have a glob. None for a key that may use no model.
    """
    if not principal.models:
        return ()
    wide = (each for each in channels if not (each.models and all(map(globs.literal, each.models))))
    return tuple(channel for channel in wide if PROVIDERS[channel.dialect].lists is not None)


def names(channels: Iterable[Channel], principal: Principal, told: Told = NOTHING) -> tuple[str, ...]:
    """The public model names that are known by name and open to `principal`, sorted: those that the configuration
    spells out, and of those that providers list (`told`) the ones that are served there under the very same name.
    """
    found = {name for channel in channels for name in (*_named(channel), *_listed(channel, told))}
    return tuple(sorted(name for name in found if globs.first(principal.models, name) is not None))


def _named(channel: Channel) -> Iterator[str]:
    yield from channel.model_map
    yield from filter(globs.literal, channel.models)


def _listed(channel: Channel, told: Told) -> Iterator[str]:
    for name in told.get(channel.name, ()):
        # The map may give a listed name to another model: then that one is meant, and the map names it.
        if len(name) <= MAX_MODEL and serves(channel, name):
            yield name


def _unknown(model: str, principal: Principal, channels: Iterable[Channel]) -> Fault:
    near = get_close_matches(model, names(channels, principal), n=3, cutoff=0.5)
    hint = f" Nearest: {', '.join(near)}." if near else ""
    return fault("model_not_found", f"No channel serves the model {model!r}.{hint}", param="model")
