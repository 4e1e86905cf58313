"""Settings of what stands before the gateway: proxies, meshes, clouds."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from outwait.toolkit.timeouts.emit_servers_clouds import CLOUDS
from outwait.toolkit.timeouts.emit_servers_meshes import MESHES
from outwait.toolkit.timeouts.emit_servers_proxies import PROXIES
from outwait.toolkit.timeouts.snippet import Emitter

SERVERS: Final[Mapping[str, Emitter]] = MappingProxyType({**PROXIES, **MESHES, **CLOUDS})

# Where one product is set in several files or languages.
_PARTS = {
    "traefik-static": "traefik",
    "traefik-dynamic": "traefik",
    "alb-cli": "alb",
    "alb-terraform": "alb",
    "alb-cloudformation": "alb",
}
EDGES: Final[Mapping[str, str]] = MappingProxyType({target: _PARTS.get(target, target) for target in SERVERS})
"""Target -> the edge whose settings it has, as chains name it."""

CLOUD_EDGES: Final = frozenset(EDGES[target] for target in CLOUDS)
