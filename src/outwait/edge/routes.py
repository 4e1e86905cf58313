"""Which path is what. Wiring is data: a new route is a row."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping

from outwait.core.fault import Fault, fault
from outwait.dialects.dialect import Dialect
from outwait.dialects.passthrough.table import PASSTHROUGH
from outwait.dialects.table import DIALECTS
from outwait.edge import exchanges, hints, internal, live, models, probe, refuse, responses, sharing, status
from outwait.edge.channels import LEARNED, Desk
from outwait.edge.channels import PATH as CHANNELS
from outwait.edge.claims import CLAIMS, NAMES
from outwait.edge.door import Door
from outwait.edge.hearsay import HEARSAY
from outwait.edge.neighbours import CUTS, ORPHANS
from outwait.edge.serve_call import serve_call
from outwait.wire.request import Request

# A route answers through the request's outlet, now or later; one that must wait for something returns an awaitable.
Route = Callable[[Door, Dialect, Request], Awaitable[None] | None]
Methods = Mapping[str, tuple[Route, Dialect]]

_OPENAI, _RESPONSES = DIALECTS["openai"], DIALECTS["responses"]
_ANTHROPIC, _GEMINI = DIALECTS["anthropic"], DIALECTS["gemini"]

# A HEAD is answered wherever a GET is: the wire leaves the body out.
ROUTES: Mapping[str, Methods] = {
    "/v1/chat/completions": {"POST": (serve_call, _OPENAI)},
    responses.PATH: {"POST": (serve_call, _RESPONSES)},
    "/v1/messages": {"POST": (serve_call, _ANTHROPIC)},
    "/v1/messages/count_tokens": {"POST": (serve_call, _ANTHROPIC)},
    "/v1/completions": {"POST": (serve_call, PASSTHROUGH)},
    "/v1/embeddings": {"POST": (serve_call, PASSTHROUGH)},
    "/v1/images/generations": {"POST": (serve_call, PASSTHROUGH)},
    "/v1/images/edits": {"POST": (serve_call, PASSTHROUGH)},
    "/v1/images/variations": {"POST": (serve_call, PASSTHROUGH)},
    "/v1/audio/speech": {"POST": (serve_call, PASSTHROUGH)},
    "/v1/audio/transcriptions": {"POST": (serve_call, PASSTHROUGH)},
    "/v1/audio/translations": {"POST": (serve_call, PASSTHROUGH)},
    "/v1/moderations": {"POST": (serve_call, PASSTHROUGH)},
    "/v1/rerank": {"POST": (serve_call, PASSTHROUGH)},
    "/rerank": {"POST": (serve_call, PASSTHROUGH)},
    "/v1/models": {"GET": (models.list_models, _OPENAI)},
    exchanges.PATH: {"GET": (exchanges.list_exchanges, _OPENAI)},
    live.PATH: {"GET": (live.list_live, _OPENAI)},
    probe.PATH: {"GET": (probe.read_bounds, _OPENAI), "POST": (probe.probe, _OPENAI)},
    "/v1beta/models": {"GET": (models.list_models, _GEMINI)},
    "/healthz": {"GET": (status.healthz, _OPENAI)},
    "/readyz": {"GET": (status.readyz, _OPENAI)},
    "/metrics": {"GET": (status.metrics, _OPENAI)},
}
# A path that goes on behind the prefix. Gemini's clients name model and method there.
PREFIXES: Mapping[str, Methods] = {
    f"{exchanges.PATH}/": {
        "GET": (exchanges.read_exchange, _OPENAI),
        "POST": (exchanges.cancel_exchange, _OPENAI),
    },
    f"{live.PATH}/": {"GET": (live.read_live, _OPENAI)},
    f"{responses.PATH}/": dict.fromkeys(("GET", "POST", "DELETE"), (responses.serve_response, _RESPONSES)),
    models.PATH: {"GET": (models.get_model, _OPENAI), "POST": (serve_call, _GEMINI)},
    f"{models.GEMINI_PATH}/": {"GET": (models.get_model, _GEMINI), "POST": (serve_call, _GEMINI)},
    "/v1beta/tunedModels/": {"POST": (serve_call, _GEMINI)},
    "/v1alpha/models/": {"POST": (serve_call, _GEMINI)},
}
# For neighbours only: from outside there is nothing at these.
INTERNAL: Mapping[str, Methods] = {
    ORPHANS: {"GET": (internal.find_orphan, _OPENAI)},
    CUTS: {"GET": (internal.find_cut, _OPENAI), "POST": (internal.hear_cuts, _OPENAI)},
    CLAIMS: {"GET": (internal.claim_name, _OPENAI)},
    NAMES: {"GET": (internal.find_names, _OPENAI)},
    live.SIDE: {"GET": (live.tell_live, _OPENAI)},
    HEARSAY: {"POST": (internal.hear_words, _OPENAI)},
}


def at_desk(desk: Desk) -> tuple[Mapping[str, Methods], Mapping[str, Methods]]:
    """The routes and prefixes of the channels' desk."""
    one: Methods = {"GET": (desk.read_channel, _OPENAI), "POST": (desk.act, _OPENAI)}
    routes: dict[str, Methods] = {
        CHANNELS: {"GET": (desk.list_channels, _OPENAI)},
        # A channel may have this name too: it is read here, and acted on below its own path.
        LEARNED: {"GET": (desk.read_channel, _OPENAI), "POST": (desk.learned, _OPENAI)},
    }
    return routes, {f"{CHANNELS}/": one}


def handler(door: Door, desk: Desk | None = None) -> Callable[[Request], Awaitable[None] | None]:
    """The wire server's handler. `desk`: where channels are shown; without one there is nothing at their paths."""
    routes, prefixes = ({}, {}) if desk is None else at_desk(desk)
    routes, prefixes = {**ROUTES, **routes}, {**PREFIXES, **prefixes}

    def handle(request: Request) -> Awaitable[None] | None:
        methods = routes.get(request.path) or _by_prefix(prefixes, request.path)
        if methods is None and request.neighbour:
            methods = _by_prefix(INTERNAL, request.path)
        if methods is None:
            if _preflight(door, request, ()):
                return None
            refuse.refuse(door, spoken(request.path), request, _unknown(request.path))
            return None
        found = methods.get("GET" if request.method == "HEAD" else request.method)
        if found is None:
            allowed = [*methods, *(["HEAD"] if "GET" in methods else [])]
            if not _preflight(door, request, allowed):
                _refuse_method(door, request, ", ".join(allowed))
            return None
        route, dialect = found
        return route(door, dialect, request)

    return handle


def teller(door: Door) -> Callable[[Fault, Request | None], tuple[int, bytes, bytes]]:
    """How the wire tells what it refuses before a route is known: in the dialect that the path belongs to."""

    def tell(refused: Fault, request: Request | None) -> tuple[int, bytes, bytes]:
        return refuse.teller(door, spoken(request.path if request is not None else ""))(refused, request)

    return tell


def spoken(path: str) -> Dialect:
    """The dialect whose clients ask at `path`."""
    if path.startswith("/v1/messages"):
        return _ANTHROPIC
    gemini = path.startswith(("/v1beta", "/v1alpha")) or (path.startswith(models.PATH) and ":" in path)
    return _GEMINI if gemini else _OPENAI


def _by_prefix(prefixes: Mapping[str, Methods], path: str) -> Methods | None:
    for prefix, methods in prefixes.items():
        if path.startswith(prefix) and path != prefix:
            return methods
    return None


def _preflight(door: Door, request: Request, methods: Iterable[str]) -> bool:
    """Whether it was one of a browser whose page may call; then it is answered."""
    return request.method == "OPTIONS" and door.sharing is not None and door.sharing.answered(request, methods)


def _refuse_method(door: Door, request: Request, allowed: str) -> None:
    told = f"{request.path[:200]} takes {allowed}, not {request.method}.{sharing.stranger(request)}"
    refused = fault("method_not_allowed", told)
    refuse.refuse(door, spoken(request.path), request, refused, headers=f"allow: {allowed}\r\n".encode())


def _unknown(path: str) -> Fault:
    """A refusal that helps: the commonest mistake is a base URL without /v1, or with it twice."""
    later = hints.later(path)
    if later is not None:
        return fault("not_supported", later)
    return fault("not_found", f"There is nothing at {path[:200]}. {hints.hint(path, ROUTES)}")
