"""Which channels serve a model for a key, in the order they are tried.

A channel serves a model if its `model_map` names it, or one of its globs fits, or it has no globs. Lower `priority`
goes first, then higher `weight`, then the order of the configuration.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from outwait.core.catalog import Channel
from outwait.core.fault import Fault, Refusal, fault
from outwait.core.principal import Principal
from outwait.core.request import Call
from outwait.policy import globs

MAX_MODEL = 256  # characters of a model's name; real ones stay below 100


def route(call: Call, principal: Principal, channels: Iterable[Channel]) -> tuple[tuple[Channel, str], ...]:
    """The channels for `call` with the model's name at each, first choice first.

    Raises Refusal: `invalid_value` for a name no model can have, `permission_denied` when the key may not use the
    model, `model_not_found` when no channel serves it, `not_supported` when only channels of another dialect do.
    """
    model = call.model
    if not 0 < len(model) <= MAX_MODEL:
        message = f"A model's name has 1 to {MAX_MODEL} characters."
        raise Refusal(fault("invalid_value", message, param="model"))
    if globs.first(principal.models, model) is None:
        message = f"The key {principal.name!r} may not use the model {model!r}."
        raise Refusal(fault("permission_denied", message, param="model"))
    known = tuple(channels)
    serving = [channel for channel in known if serves(channel, model)]
    if not serving:
        raise Refusal(_unknown(model, principal, known))
    speaking = [channel for channel in serving if channel.dialect == call.dialect]
    if not speaking:
        others = ", ".join(sorted({channel.dialect for channel in serving}))
        message = (
            f"The model {model!r} is served by {others} channels only, which cannot answer {call.dialect} calls yet."
        )
        raise Refusal(fault("not_supported", message, param="model"))
    speaking.sort(key=lambda channel: (channel.priority, -channel.weight))  # stable: then configuration order
    return tuple((channel, channel.model_map.get(model, model)) for channel in speaking)


def serves(channel: Channel, model: str) -> bool:
    """Whether `channel` serves the public name `model`."""
    return not channel.models or model in channel.model_map or globs.first(channel.models, model) is not None


def names(channels: Iterable[Channel], principal: Principal) -> tuple[str, ...]:
    """The public model names that are known by name (not only by a glob) and open to `principal`, sorted."""
    return tuple(sorted({name for name in _named(channels) if globs.first(principal.models, name) is not None}))


def _named(channels: Iterable[Channel]) -> Iterator[str]:
    for channel in channels:
        yield from channel.model_map
        yield from filter(globs.literal, channel.models)


def _unknown(model: str, principal: Principal, channels: Iterable[Channel]) -> Fault:
    near = get_close_matches(model, names(channels, principal), n=3, cutoff=0.5)
    hint = f" Nearest: {', '.join(near)}." if near else ""
    return fault("model_not_found", f"No channel serves the model {model!r}.{hint}", param="model")
