"""Which path is what. Wiring is data: a new route is a row."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from outwait.core.fault import Fault, fault
from outwait.dialects.dialect import Dialect
from outwait.dialects.table import DIALECTS
from outwait.edge import models, status
from outwait.edge.door import Door
from outwait.edge.refuse import refuse
from outwait.edge.serve_call import serve_call
from outwait.relay import heads
from outwait.wire.request import Request

Route = Callable[[Door, Dialect, Request], Awaitable[None]]

_OPENAI = DIALECTS["openai"]
JSON_BODY = 20 << 20  # bytes

ROUTES: dict[str, dict[str, tuple[Route, Dialect]]] = {
    "/v1/chat/completions": {"POST": (serve_call, _OPENAI)},
    "/v1/models": {"GET": (models.list_models, _OPENAI)},
    "/healthz": {"GET": (status.healthz, _OPENAI), "HEAD": (status.healthz, _OPENAI)},
    "/readyz": {"GET": (status.readyz, _OPENAI), "HEAD": (status.readyz, _OPENAI)},
    "/metrics": {"GET": (status.metrics, _OPENAI)},
}
PREFIXES: dict[str, dict[str, tuple[Route, Dialect]]] = {
    "/v1/models/": {"GET": (models.get_model, _OPENAI)},
}


def handler(door: Door) -> Callable[[Request], Awaitable[None]]:
    """The wire server's handler."""

    async def handle(request: Request) -> None:
        methods = ROUTES.get(request.path) or _by_prefix(request.path)
        if methods is None:
            refuse(door, _OPENAI, request, _unknown(request.path))
            return
        found = methods.get(request.method)
        if found is None:
            allowed = ", ".join(sorted(methods))
            refuse(door, _OPENAI, request, fault("method_not_allowed", f"{request.path} takes {allowed}."))
            return
        route, dialect = found
        await route(door, dialect, request)

    return handle


def _by_prefix(path: str) -> dict[str, tuple[Route, Dialect]] | None:
    for prefix, methods in PREFIXES.items():
        if path.startswith(prefix):
            return methods
    return None


def _unknown(path: str) -> Fault:
    """A 404 that helps: the commonest mistake is a base URL without /v1, or with it twice."""
    known = [each for each in ROUTES if path and (each.endswith(path) or path.endswith(each))]
    hint = f" Did you mean {known[0]}?" if known else " Model calls go to /v1/chat/completions."
    return fault("not_found", f"There is nothing at {path[:200]}.{hint}")


def body_limit(_: str) -> int:
    """Bytes a request body may have at this path."""
    return JSON_BODY


def tell(refused: Fault, _: Request | None) -> tuple[int, bytes, bytes]:
    """How the wire tells what it refuses before there is a call: status, header block, body."""
    return refused.status, heads.failure(refused, told=False), _OPENAI.error_body(refused, "")
