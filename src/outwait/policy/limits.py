"""What others on the way allow: the time limits of clients, middleboxes, clouds and providers, as data.

The diagnosis matches elapsed times against them, the generator of settings says how each is raised, and the pages
about middleboxes and clouds print them. The rows stand in `limits_clients`, `limits_apps`, `limits_middleboxes`,
`limits_clouds` and `limits_platforms`.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

from outwait.policy.limit import Kind, Limit, Place
from outwait.policy.limits_apps import APPS
from outwait.policy.limits_clients import CLIENTS
from outwait.policy.limits_clouds import CLOUDS
from outwait.policy.limits_middleboxes import MIDDLEBOXES
from outwait.policy.limits_platforms import PLATFORMS

__all__ = ["ANSWER", "BEATEN", "LIMITS", "Kind", "Limit", "Place", "limits", "near", "products"]

ANSWER: Final[frozenset[Kind]] = frozenset({"idle", "first_byte", "total", "events"})
"""The kinds that end an answer one is waiting for."""

BEATEN: Final[frozenset[Kind]] = frozenset({"idle", "first_byte"})
"""The kinds that any heartbeat holds off."""

LIMITS: Final[tuple[Limit, ...]] = (*CLIENTS, *APPS, *MIDDLEBOXES, *CLOUDS, *PLATFORMS)


def limits(product: str) -> tuple[Limit, ...]:
    """The limits of `product`, as the table names it."""
    return tuple(limit for limit in LIMITS if limit.product == product)


def products(place: Place) -> tuple[str, ...]:
    """The products of `place`, in the order of the tables."""
    return tuple(dict.fromkeys(limit.product for limit in LIMITS if limit.place == place))


def near(seconds: float, *, slack: float = 0.05, kinds: AbstractSet[Kind] = ANSWER) -> tuple[Limit, ...]:
    """Limits of `kinds` with a default of `seconds`, give or take `slack` of it (at least 1 s), the nearest first."""
    found = [
        limit
        for limit in LIMITS
        if limit.kind in kinds
        and limit.seconds is not None
        and abs(limit.seconds - seconds) <= max(1.0, slack * limit.seconds)
    ]
    return tuple(sorted(found, key=lambda limit: abs((limit.seconds or 0.0) - seconds)))
