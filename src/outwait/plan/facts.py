"""The facts a plan is made from: what the client asked, who it is, and what is known of its software."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from outwait.core.principal import Principal
from outwait.core.request import Call


@dataclass(frozen=True, slots=True)
class Facts:
    """One request, ready to be planned.

    `client`: name of the client profile ("" = none known). `shape`: heartbeat fields that profile sets, names as in
    `core.plan.Heartbeat`; the same name always comes with the same shape.
    """

    call: Call
    principal: Principal
    client: str = ""
    shape: Mapping[str, object] = field(default_factory=dict)
