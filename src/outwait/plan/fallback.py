"""Which models a call may go to: the one that was asked for, and after it the ones configured as its fallback.

The first glob under `fallback` that fits the asked name has the list. Lists are not chained: what stands under a
fallback's own name counts only for those who ask for that. So no list leads round in a circle, and who reads one sees
all of it. A model that the key may not use, or that nobody serves, is passed over and named in the plan.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from outwait.core.catalog import Catalog, Channel
from outwait.core.fault import Refusal
from outwait.core.principal import Principal
from outwait.core.request import Call
from outwait.plan.routes import NOTHING, Served, Told, names, route, serves, serving
from outwait.policy import globs
from outwait.policy.scenarios import Judged, judge

# What a fallback helps against. That a key has no right to what it asks for is an answer.
_ABSENT = frozenset(("model_not_found", "not_supported"))


@dataclass(frozen=True, slots=True)
class Step:
    """One model of a route. `number`: 0 is the one that was asked for. `call`: as if it had been asked for."""

    number: int
    call: Call
    judged: Judged
    served: tuple[Served, ...]

    @property
    def said(self) -> str:
        """Which step it is, for people; empty for the asked model."""
        return f"fallback {self.number}" if self.number else ""


def steps(call: Call, principal: Principal, catalog: Catalog) -> tuple[tuple[Step, ...], dict[str, str]]:
    """The models for `call` that are served, in order and never none, and why others are not: model -> reason.

    Raises the Refusal of the asked model when neither it nor any fallback is served, or its key has no right to it.
    """
    found: list[Step] = []
    skipped: dict[str, str] = {}
    refused: Refusal | None = None
    for number, model in enumerate((call.model, *listed(call.model, catalog))):
        asked = msgspec.structs.replace(call, model=model) if number else call
        try:
            served = route(asked, principal, catalog.channels)
        except Refusal as refusal:
            if not number and refusal.fault.code not in _ABSENT:
                raise
            refused = refused or refusal
            skipped[model] = refusal.fault.message
            continue
        judged = judge(model, call.effort, catalog.scenarios, call.endpoint)
        found.append(Step(number, asked, judged, served))
    if not found and refused is not None:
        raise refused
    return tuple(found), skipped


def listed(model: str, catalog: Catalog) -> tuple[str, ...]:
    """The fallback of `model` as configured, each name once and without itself."""
    glob = globs.first(catalog.fallback, model)
    names = () if glob is None else catalog.fallback[glob]
    return tuple(name for name in dict.fromkeys(names) if name != model)


def offered(principal: Principal, catalog: Catalog, told: Told = NOTHING) -> tuple[str, ...]:
    """The public names to list for `principal`, sorted: those of channels, and those that a fallback alone serves.
    `told`: what providers list.
    """
    own = names(catalog.channels, principal, told)
    more = (name for name in catalog.fallback if globs.literal(name) and name not in own)
    return tuple(sorted((*own, *(name for name in more if _answered(name, principal, catalog)))))


def owner(model: str, principal: Principal, catalog: Catalog) -> Channel:
    """The channel that answers for `model` first, if any does, at whatever endpoint. Raises Refusal as `steps` does."""
    try:
        return serving(model, principal, catalog.channels)[0]
    except Refusal as refusal:
        if refusal.fault.code in _ABSENT:
            for name in _usable(model, principal, catalog):
                return serving(name, principal, catalog.channels)[0]
        raise


def _answered(model: str, principal: Principal, catalog: Catalog) -> bool:
    return globs.first(principal.models, model) is not None and bool(_usable(model, principal, catalog))


def _usable(model: str, principal: Principal, catalog: Catalog) -> list[str]:
    """The fallbacks of `model` that are served for `principal`."""
    able = (name for name in listed(model, catalog) if globs.first(principal.models, name) is not None)
    return [name for name in able if any(serves(channel, name) for channel in catalog.channels)]
