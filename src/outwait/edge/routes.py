"""Which path is what. Wiring is data: a new route is a row."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from outwait.core.fault import Fault, fault
from outwait.dialects.dialect import Dialect
from outwait.dialects.table import DIALECTS
from outwait.edge import hints, models, refuse, status
from outwait.edge.door import Door
from outwait.edge.serve_call import serve_call
from outwait.wire.request import Request

# A route answers through the request's outlet, now or later; one that must wait for something returns an awaitable.
Route = Callable[[Door, Dialect, Request], Awaitable[None] | None]
Methods = Mapping[str, tuple[Route, Dialect]]

_OPENAI = DIALECTS["openai"]

# A HEAD is answered wherever a GET is: the wire leaves the body out.
ROUTES: Mapping[str, Methods] = {
    "/v1/chat/completions": {"POST": (serve_call, _OPENAI)},
    "/v1/models": {"GET": (models.list_models, _OPENAI)},
    "/healthz": {"GET": (status.healthz, _OPENAI)},
    "/readyz": {"GET": (status.readyz, _OPENAI)},
    "/metrics": {"GET": (status.metrics, _OPENAI)},
}
# A path that goes on behind the prefix.
PREFIXES: Mapping[str, Methods] = {
    models.PATH: {"GET": (models.get_model, _OPENAI)},
}


def handler(door: Door) -> Callable[[Request], Awaitable[None] | None]:
    """The wire server's handler."""

    def handle(request: Request) -> Awaitable[None] | None:
        methods = ROUTES.get(request.path) or _by_prefix(request.path)
        if methods is None:
            refuse.refuse(door, _OPENAI, request, _unknown(request.path))
            return None
        found = methods.get("GET" if request.method == "HEAD" else request.method)
        if found is None:
            _refuse_method(door, request, methods)
            return None
        route, dialect = found
        return route(door, dialect, request)

    return handle


def teller(door: Door) -> Callable[[Fault, Request | None], tuple[int, bytes, bytes]]:
    """How the wire tells what it refuses before a route is known."""
    return refuse.teller(door, _OPENAI)


def _by_prefix(path: str) -> Methods | None:
    for prefix, methods in PREFIXES.items():
        if path.startswith(prefix) and path != prefix:
            return methods
    return None


def _refuse_method(door: Door, request: Request, methods: Methods) -> None:
    allowed = ", ".join([*methods, *(["HEAD"] if "GET" in methods else [])])
    refused = fault("method_not_allowed", f"{request.path[:200]} takes {allowed}, not {request.method}.")
    refuse.refuse(door, _OPENAI, request, refused, headers=f"allow: {allowed}\r\n".encode())


def _unknown(path: str) -> Fault:
    """A refusal that helps: the commonest mistake is a base URL without /v1, or with it twice."""
    later = hints.later(path)
    if later is not None:
        return fault("not_supported", later)
    return fault("not_found", f"There is nothing at {path[:200]}. {hints.hint(path, ROUTES)}")
