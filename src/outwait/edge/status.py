"""Is it alive, does it take work, what does it count: /healthz, /readyz, /metrics."""

from __future__ import annotations

from outwait.dialects.dialect import Dialect
from outwait.edge.door import Door
from outwait.ledger.metrics import CONTENT_TYPE
from outwait.wire.request import Request

_JSON = b"content-type: application/json\r\ncache-control: no-store\r\n"
_FIGURES = f"content-type: {CONTENT_TYPE}\r\ncache-control: no-store\r\n".encode()


def healthz(_: Door, __: Dialect, request: Request) -> None:
    """The process turns; says nothing about upstreams, so that a restart is never the answer to a provider's outage."""
    request.outlet.send(200, _JSON, b'{"status":"ok"}')


def readyz(door: Door, _: Dialect, request: Request) -> None:
    """Whether new work is welcome: false from the first moment of a drain."""
    if door.draining:
        request.outlet.send(503, _JSON, b'{"status":"draining"}')
    else:
        request.outlet.send(200, _JSON, b'{"status":"ready"}')


async def metrics(door: Door, _: Dialect, request: Request) -> None:
    """All workers' figures in Prometheus' text format; they are put together off the loop."""
    page = await door.metrics()
    request.outlet.send(200, _FIGURES, page)
