"""What web pages of other origins may read: `policy.cors` decides, this applies it to requests.

Answers to model calls and all that goes with them are shared, with the pages of the origins that are configured; so are
refusals, also of paths where nothing is, or a page could not be told what is wrong. What is for operators and for
neighbours is never shared.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from outwait.core.fault import Refusal, fault
from outwait.policy.cors import Origins, is_preflight, is_rebound, is_unasked
from outwait.wire import framing
from outwait.wire.request import Request

APART: Final = ("/healthz", "/readyz", "/metrics", "/internal/", "/v1/channels", "/v1/live")
"""What begins with one of these is never shared."""

_MEMO = "shared"
_NO_CONTENT = 204


class Sharing:
    """Of one configuration: with whom answers are shared."""

    __slots__ = ("_origins",)

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = Origins.of(origins)

    def lines(self, request: Request) -> bytes:
        """The header lines that every answer to `request` carries; none where a neighbour's front says them."""
        known: tuple[Sharing, bytes] | None = request.memo.get(_MEMO)
        if known is not None and known[0] is self:
            return known[1]
        if request.neighbour or not shared(request):
            return b""
        block = framing.render(self._origins.lines(request.headers.get("origin")))
        request.memo[_MEMO] = (self, block)
        return block

    def admits(self, origin: str) -> bool:
        """Whether pages of `origin` may call."""
        return self._origins.admits(origin)

    def answered(self, request: Request, methods: Iterable[str]) -> bool:
        """Answer a preflight of a page that may ask; False where it may not, or `request` is none. `methods`: those
        taken at its path, if any.
        """
        if not shared(request):
            return False
        pairs = self._origins.preflight(request.headers, methods)
        if pairs is None:
            return False
        request.outlet.send(_NO_CONTENT, framing.render(pairs), b"")
        return True


_UNASKED: Final = (
    "A web page of {origin} may have sent this unasked, and this gateway asks for no key. Send"
    " `content-type: application/json` or any key, or list the origin in `server.cors`."
)
_REBOUND: Final = (
    "A web page of {origin} takes this gateway for its own server, so that name may have been pointed here to call it,"
    " and it asks for no key. Ask for 127.0.0.1 or localhost instead, configure `keys`, or list the origin in"
    " `server.cors`."
)


def keep_out(sharing: Sharing | None, request: Request, port: int) -> None:
    """Refuse what a page sent that may not call, to a gateway on `port` that asks for no key. Raises Refusal.

    What has a key or is JSON is let through: the browser has asked before, or it is none. Programs with a page inside
    (Electron) send such requests, from origins of all kinds. Not so the page of a name that leads here, which the
    browser takes for ours, and does not ask.
    """
    headers = request.headers
    if "origin" not in headers:
        return
    rebound = is_rebound(headers, port)
    if not rebound and not is_unasked(request.method, headers):
        return
    origin = headers["origin"]
    if sharing is None or not sharing.admits(origin):
        told = (_REBOUND if rebound else _UNASKED).format(origin=origin[:200])
        raise Refusal(fault("permission_denied", told))


def shared(request: Request) -> bool:
    """Whether pages may be let read the answer to `request`, if any may."""
    return not request.path.startswith(APART)


def stranger(request: Request) -> str:
    """What to tell whoever sent a preflight that was not answered; empty where `request` is none."""
    if not is_preflight(request.method, request.headers) or not shared(request):
        return ""
    return f" Web pages may call when `server.cors` lists their origin, here {request.headers['origin'][:200]}."
