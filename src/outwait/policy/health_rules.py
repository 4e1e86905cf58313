"""The numbers of everything that keeps endpoints well, in one value: what is configured under `health`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from outwait.policy.adaptive import Adapting
from outwait.policy.choice import ChoiceRule
from outwait.policy.keyring import KeyRule
from outwait.policy.limiter import Concurrency
from outwait.policy.queueing import Queueing
from outwait.policy.quota import Reserve
from outwait.policy.standing import StandingRule
from outwait.policy.survival import Suspecting

if TYPE_CHECKING:
    from outwait.core.catalog import Catalog

Adaptive = Literal["on", "observe", "off"]


@dataclass(frozen=True, slots=True)
class ProbeRule:
    """Free probes (connect and TLS, nothing that costs). `every`: seconds between two of a channel; `timeout`: seconds
    one may take.
    """

    enabled: bool = True
    every: float = 30.0
    timeout: float = 5.0


@dataclass(frozen=True, slots=True)
class HealthRules:
    """How endpoints are judged, chosen and spared.

    `adaptive`: `on` uses learned clocks, `observe` only tells them, `off` learns none. `written`: they take the place
    of what a rule, a channel or a key says, too. `floor`, `ceiling`: clock name -> seconds, for learned ones. `shed`: a
    worker in need refuses new work (`policy.shed`).
    """

    standing: StandingRule = field(default_factory=StandingRule)
    choice: ChoiceRule = field(default_factory=ChoiceRule)
    keys: KeyRule = field(default_factory=KeyRule)
    concurrency: Concurrency = field(default_factory=Concurrency)
    queueing: Queueing = field(default_factory=Queueing)
    reserve: Reserve = field(default_factory=Reserve)
    suspecting: Suspecting = field(default_factory=Suspecting)
    adapting: Adapting = field(default_factory=Adapting)
    adaptive: Adaptive = "observe"
    written: bool = False
    floor: Mapping[str, float] = field(default_factory=dict)
    ceiling: Mapping[str, float] = field(default_factory=dict)
    probe: ProbeRule = field(default_factory=ProbeRule)
    shed: bool = True


DEFAULT: Final = HealthRules()


def rules_of(catalog: Catalog) -> HealthRules:
    """The rules a catalog carries; the defaults where it carries none."""
    return catalog.health if isinstance(catalog.health, HealthRules) else DEFAULT
