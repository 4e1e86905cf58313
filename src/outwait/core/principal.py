"""Who asks: one client key and what it may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Principal:
    """A client key's name and rights; the secret itself is not kept here.

    `models`: globs of public model names. `timeouts`: clock name -> seconds. `heartbeat`: field name -> value, as in
    `core.plan.Heartbeat`. `on_disconnect`: `finish`, `cancel`, `linger` or `linger:SECONDS`. `keep`: whether
    anything of an answer may outlive its call. `admin`: it may also see and change how the gateway itself runs.
    """

    name: str
    models: tuple[str, ...] = ("*",)
    timeouts: Mapping[str, float] = field(default_factory=dict)
    heartbeat: Mapping[str, object] = field(default_factory=dict)
    on_disconnect: str | None = None
    keep: bool = True
    admin: bool = False
