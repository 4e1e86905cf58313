"""What a target can say of a request: each field the client set is taken, dropped by a documented table, or refused.

Nothing is lost in silence: a dropped field is named in `x-outwait-dropped`, a refused one in the error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NoReturn

import msgspec

from outwait.core.ask import Ask, Sampling
from outwait.core.fault import Fault, Refusal, fault
from outwait.dialects.dialect import Translation

_OPTIONAL = (
    "limit", "stop", "count", "user", "metadata", "tier", "store", "verbosity", "modalities", "tools", "choice",
    "output", "reasoning",
)  # fmt: skip
_NOTHING = Ask("", ())


def check(ask: Ask, source: Translation, target: Translation, speech: str) -> tuple[str, ...]:
    """The client's names of the fields that `target` leaves out. `speech`: the target's name. Raises Refusal
    `not_expressible` for a field that it cannot say and must not leave out.
    """
    dropped: list[str] = []
    for field in given(ask):
        if field in target.takes:
            continue
        name = named(field, source.names)
        if field not in target.drops:
            refuse(name, speech)
        dropped.append(name)
    for name in ask.rest:
        if name not in source.losable:
            refuse(name, speech)
        dropped.append(name)
    return tuple(dropped)


def given(ask: Ask) -> Iterator[str]:
    """The fields of `ask` that say something; those of its sampling as `sampling.<name>`."""
    for field in _OPTIONAL:
        value = getattr(ask, field)
        if value != getattr(_NOTHING, field) and not _is_default(field, value):
            yield field
    for field in Sampling.__struct_fields__:
        if getattr(ask.sampling, field) is not None and getattr(ask.sampling, field) is not False:
            yield f"sampling.{field}"


def _is_default(field: str, value: object) -> bool:
    """Whether `value` only says what holds anyway."""
    if field == "count":
        return value == 1
    if field == "store":
        return value is False
    if field == "output":
        return getattr(value, "kind", "") == "text"
    return field == "modalities" and value == ("text",)


def named(field: str, names: Mapping[str, str]) -> str:
    """What a client whose words are `names` calls a field of the neutral request, or one inside of it: `messages.cache`
    without a name of its own is called after `messages`.
    """
    if field in names:
        return names[field]
    outer, dot, inner = field.rpartition(".")
    return f"{named(outer, names)}.{inner}" if dot else field


def retold(refused: Fault, names: Mapping[str, str]) -> Fault:
    """`refused`, a fault of `word`, with the client's name of its field."""
    return refused if refused.param is None else replace(refused, param=named(refused.param, names))


def refuse(name: str, speech: str, what: str | None = None) -> NoReturn:
    """Refuse what `speech` cannot say: the client's field `name`, or `what` of it."""
    told = (
        f"{what or repr(name)} cannot be expressed in the {speech} protocol, which is what this model's channel speaks."
    )
    raise Refusal(fault("not_expressible", told[0].upper() + told[1:], param=name))


def merge(dropped: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    """Both lists, each name once, in order."""
    return tuple(dict.fromkeys((*dropped, *more)))


def without_rest(ask: Ask) -> Ask:
    """`ask` as another dialect's `word` may see it."""
    return msgspec.structs.replace(ask, rest={}) if ask.rest else ask
