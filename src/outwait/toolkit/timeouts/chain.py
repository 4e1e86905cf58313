"""The hops of a call and how long each may wait, so that the one further in always gives up first.

    client  >  edges (proxies, load balancers)  >  gateway  >  upstream

Who gives up first tells what happened, and to whom it did. When the gateway's clock is the shortest, the client gets
an answer that says which clock ran out; when a proxy's is, it gets a page that says 504. So each hop gets a margin more
than the next one further in.

These spans hold without heartbeats too: the gateway may then be silent until its `total`, so the idle span of every
hop outside it is longer than that. `connect` and `write` are not nested in one another (one is over before the next
begins), so they are the same everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from outwait.core.plan import Timeouts
from outwait.toolkit.timeouts.boxes import REUSED, Box, box

MARGIN = 30.0  # seconds from one hop to the next: an error page, a slow network and coarse timers fit into it
LONGER = 15.0  # seconds who accepts connections keeps an idle one longer than who made it: nobody asks on a closed one


@dataclass(frozen=True, slots=True)
class Hop:
    """One hop; spans in seconds.

    `name`: client, gateway, upstream, or what the edge is called, as in `nginx`. `connect`: to the next hop further in.
    `write`: between two writes of the request. `idle`: between two bytes of the answer, and until the first one.
    `total`: request sent -> answer whole. `wanted`: what `idle` and `total` would be if the product could be set so.
    `held_idle`, `held_total`: it cannot (a fixed limit, or a maximum), so that is all there is. `reuse`: how long it
    keeps an idle connection to the next hop further in.
    """

    name: str
    connect: float
    write: float
    idle: float
    total: float
    wanted: float
    held_idle: bool = False
    held_total: bool = False
    reuse: float = REUSED


@dataclass(frozen=True, slots=True)
class Chain:
    """The hops. `edges`: the one next to the client first, at least one. `margin`: seconds between neighbours.

    `place`: which of the edges settings are made for; the innermost one, unless `at` says another.
    """

    client: Hop
    edges: tuple[Hop, ...]
    gateway: Hop
    upstream: Hop
    margin: float
    place: int = -1

    @property
    def edge(self) -> Hop:
        """The edge settings are made for."""
        return self.edges[self.place]

    @property
    def inner(self) -> Hop:
        """What stands behind `edge`: another edge, or the gateway."""
        return (*self.edges, self.gateway)[self.edges.index(self.edge) + 1]

    @property
    def kept(self) -> float:
        """Seconds `edge` keeps an idle connection of who stands before it."""
        outer = self.edges[: self.edges.index(self.edge)]
        return LONGER + (outer[-1].reuse if outer else REUSED)

    def hops(self) -> Iterator[Hop]:
        """All of them, the client first."""
        yield from (self.client, *self.edges, self.gateway, self.upstream)

    def at(self, name: str) -> Chain:
        """The same chain with `name` as its `edge`. What does not stand in it stands where the innermost edge does."""
        for place, hop in enumerate(self.edges):
            if hop.name == name:
                return replace(self, place=place)
        wanted = self.gateway.total + self.margin
        return replace(self, edges=(*self.edges[:-1], _edge(self.gateway, wanted, box(name))), place=-1)


def link(spans: Timeouts, attempts: int, behind: Sequence[str] = (), margin: float = MARGIN) -> Chain:
    """The chain around a gateway that makes up to `attempts` with `spans`.

    `behind`: what stands before it, the one next to the client first.
    """
    total = spans.total.seconds
    gateway = Hop("gateway", spans.connect.seconds, spans.write.seconds, total, total, total)
    edges = tuple(
        _edge(gateway, total + margin * further, box(name))
        for further, name in zip(range(max(1, len(behind)), 0, -1), behind or ("edge",), strict=True)
    )
    last = total + margin * (len(edges) + 1)
    left = total - spans.queue.seconds
    waits = max(spans.first_byte.seconds, spans.first_token.seconds, spans.idle.seconds)
    waits *= 1 + spans.growth * (attempts - 1)
    return Chain(
        replace(gateway, name="client", idle=last, total=last, wanted=last),
        edges,
        gateway,
        replace(gateway, name="upstream", idle=min(waits, left), total=left, wanted=left),
        margin,
    )


def _edge(gateway: Hop, wanted: float, limit: Box) -> Hop:
    total = min(wanted, limit.total)
    idle = min(wanted, limit.idle, total)
    return Hop(
        limit.name,
        gateway.connect,
        gateway.write,
        idle,
        total,
        wanted,
        held_idle=idle < wanted,
        held_total=total < wanted,
        reuse=idle if limit.reuse == math.inf else limit.reuse,
    )
