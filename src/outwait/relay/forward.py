"""A request that another worker owns: passed on to it as it is, its reply passed back as it comes.

Promises: method, target, headers and body are the client's, but for what concerns one connection only; the reply's
bytes, pauses and end are the owner's: heartbeats flow through, an abort stays an abort. A slow client holds the owner
back, and one that leaves is gone for the owner too, at once. There is no clock in here but the wire's for connecting:
the owner keeps them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from outwait.core.fault import Fault, Stage, fault
from outwait.wire import errand, framing
from outwait.wire.attempt import OpenAttempt
from outwait.wire.endpoint import SideDoor
from outwait.wire.request import Request

ORPHAN = "x-outwait-orphan"
"""Names the exchange that a request is passed on for; taken from neighbours only, and never passed on from clients."""

# What belongs to one connection (RFC 9110 section 7.6.1), and what the wire says by itself.
_HOP = frozenset((
    "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "content-length",
))  # fmt: skip
_ASKED_WITHOUT = _HOP | {"expect", ORPHAN}
_TOLD_WITHOUT = _HOP | {"date"}
_MISSED = 410


def forward(
    request: Request, owner: SideDoor, lost: Callable[[Fault], None], orphan: str | None = None
) -> OpenAttempt | None:
    """Let the worker behind `owner` answer `request`; returns at once, None if the client has left already.

    `lost(fault)`: the owner broke off before anything of its reply was told, or, says the hint `missed`, has the
    `orphan` no more for which it was asked, or, says the hint `dead`, is no more itself.
    """
    if request.outlet.done:
        return None
    carried = _Carried(request, lost)
    attempt = carried.attempt = errand.send(owner, _head(request, orphan), request.body, carried)
    request.outlet.on_gone = attempt.cancel
    request.outlet.on_drain = attempt.resume
    return attempt


def miss(request: Request) -> None:
    """The owner's word to the front: what `request` was passed on for is not here any more; nothing was begun."""
    request.outlet.send(_MISSED, f"{ORPHAN}: gone\r\n".encode("ascii"), b"")


def _head(request: Request, orphan: str | None) -> bytes:
    # A HEAD is asked as GET, whose reply ends where it says; the outlet leaves the body out.
    method = "GET" if request.method == "HEAD" else request.method
    target = f"{request.path}?{request.query}" if request.query else request.path
    fields = [*_kept(request.headers, _ASKED_WITHOUT)]
    if "host" not in request.headers:  # HTTP/1.0
        fields.append(("host", "localhost"))
    if orphan is not None:
        fields.append((ORPHAN, orphan))
    return f"{method} {target} HTTP/1.1\r\n".encode("ascii") + framing.render(fields)


def _kept(headers: Mapping[str, str], without: frozenset[str]) -> Iterable[tuple[str, str]]:
    named = headers.get("connection", "")
    if named:
        without |= {option.strip().lower() for option in named.split(",")}
    return (pair for pair in headers.items() if pair[0] not in without)


class _Carried:
    """The sink of a forwarded request: writes to the client what the owner says."""

    __slots__ = ("_block", "_body", "_head_only", "_lost", "_outlet", "_status", "attempt")

    def __init__(self, request: Request, lost: Callable[[Fault], None]) -> None:
        self.attempt: OpenAttempt | None = None
        self._outlet = request.outlet
        self._head_only = request.method == "HEAD"
        self._lost = lost
        self._status = 0
        self._block: bytes | None = None  # of a reply that is here whole, and is passed on whole
        self._body = b""

    def resolved(self) -> None:
        """There is no name to resolve."""

    def connected(self, reused: bool) -> None:
        """The owner is there."""

    def wrote(self, left: int) -> None:
        """It takes the request."""

    def sent(self) -> None:
        """It has the request."""

    def head(self, status: int, headers: Mapping[str, str], *, whole: bool = False) -> None:
        """Status and headers of the owner's reply."""
        if status == _MISSED and ORPHAN in headers:
            self._cancel()
            self._lost(fault("owner_unreachable", hint="missed"))
            return
        block = framing.render(_kept(headers, _TOLD_WITHOUT))
        if whole and not self._head_only:
            self._status, self._block = status, block
            return
        self._outlet.open(status, block)
        if self._head_only:
            self._cancel()
            self._outlet.finish()

    def body(self, data: bytes) -> None:
        """A piece of it: an answer's, a heartbeat, anything."""
        if self._block is not None:
            self._body = data
            return
        self._outlet.write(data)
        if self._outlet.blocked and self.attempt is not None:
            self.attempt.pause()

    def end(self) -> None:
        """The owner's reply ended as it should."""
        if self._block is not None:
            self._outlet.send(self._status, self._block, self._body)
        else:
            self._outlet.finish()

    def failed(self, fault: Fault) -> None:
        """It did not: the owner aborted it, or is no more."""
        if self._outlet.opened:
            self._outlet.abort()
        elif not self._outlet.gone:
            self._lost(_unreachable(fault))

    def _cancel(self) -> None:
        if self.attempt is not None:
            self.attempt.cancel()


def _unreachable(broken: Fault) -> Fault:
    dead = broken.code == "upstream_connect" and broken.stage is Stage.CONNECTING  # nobody listens there
    hint = "dead" if dead else None
    return fault("owner_unreachable", stage=broken.stage, hint=hint, detail=f"{broken.code}: {broken.detail}")
