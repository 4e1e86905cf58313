"""The server: who is connected, what is being handled, and how it all ends.

Promises: a connection over a limit is told 503 and closed; every handled request gets an answer, even when its handler
fails (500, or an abort once the head is out); `drain` loses no request that was accepted; `close` leaves nothing open.
Errors of this level are rendered by the `refuse` callable, so that every error of the product has one shape.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from email.utils import formatdate

from outwait.core.fault import Fault, fault
from outwait.wire import framing
from outwait.wire.guard import Limits, Network
from outwait.wire.inlet import Inlet, SideInlet
from outwait.wire.link import Link
from outwait.wire.outlet import Outlet
from outwait.wire.request import Heads, Request
from outwait.wire.tasks import spawn
from outwait.wire.wheel import Wheel

_log = logging.getLogger("outwait")

Handler = Callable[[Request], Awaitable[None] | None]
Refuse = Callable[[Fault, Request | None], tuple[int, bytes, bytes]]

# Refused connections stay a moment to be told why; this many above the limit, they are cut without a word.
_COURTESY = 64
_CROWDED = (
    "There are {most} connections from {peer} already (server.limits.per_ip). If that is a reverse proxy, name it in"
    " server.limits.per_ip_except."
)
# Seconds handlers get to notice that their clients were cut.
_FAREWELL = 1.0


class Server:
    """Serves HTTP/1.1 on the connections that `protocol_factory` is given.

    `handler(request)`: answers through `request.outlet`, now or later; what it returns, if anything, is awaited in a
    task. `body_limit(path)`: bytes a body may have. `refuse(fault, request or None)`: status, header block and body of
    an error; the request where its head was read. `draining`: responses close their connections. `heads`: reads heads.
    `lines_of(request)`: header lines that every answer to it carries; None where none does. It may be replaced.
    """

    __slots__ = (
        "_date", "_date_until", "_handler", "_idle", "_inlets", "_openings", "_peers", "_served", "body_limit",
        "draining", "heads", "limits", "lines_of", "refuse", "wheel",
    )  # fmt: skip

    def __init__(
        self, handler: Handler, *, limits: Limits, wheel: Wheel, body_limit: Callable[[str], int], refuse: Refuse
    ) -> None:
        self._handler = handler
        self.limits = limits
        self.wheel = wheel
        self.body_limit = body_limit
        self.refuse = refuse
        self.lines_of: Callable[[Request], bytes] | None = None
        self.draining = False
        self.heads = Heads(limits)
        self._served: set[Outlet] = set()  # of the requests whose handlers are tasks
        self._inlets: set[Link] = set()
        self._peers: dict[str, int] = {}
        self._idle: asyncio.Event = asyncio.Event()
        self._idle.set()
        self._date = b""
        self._date_until = 0.0
        self._openings: dict[int, bytes] = {}

    def protocol_factory(self) -> Inlet:
        """For `loop.create_server`: the protocol of one new connection."""
        return Inlet(self)

    def side_protocol_factory(self) -> Inlet:
        """For the side door: the protocol of one connection of a neighbour."""
        return SideInlet(self)

    @property
    def connections(self) -> int:
        """Connections open now, refused ones included."""
        return len(self._inlets)

    @property
    def handling(self) -> int:
        """Requests being handled: their response is not over, or their handler's task still runs."""
        outlets = {inlet.outlet for inlet in self._inlets}
        return len(self._served.union(outlets) - {None})

    def drain(self) -> None:
        """Close idle connections now and the others after their response. The listener is its owner's to close."""
        self.draining = True
        for inlet in tuple(self._inlets):
            inlet.drain()

    async def wait_idle(self, timeout: float) -> bool:
        """Wait until no connection is open and no handler runs; False when `timeout` seconds did not suffice."""
        try:
            async with asyncio.timeout(timeout):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def close(self, grace: float) -> bool:
        """Drain, wait `grace` seconds, then cut what is left; returns whether nothing had to be cut."""
        self.drain()
        whole = await self.wait_idle(grace)
        for inlet in tuple(self._inlets):
            inlet.kill()
        await self.wait_idle(_FAREWELL)
        return whole

    # -- the inlets' calls

    def arrived(self, inlet: Link) -> Fault | None:
        """Count a new connection; returns the fault it is refused with, if it is."""
        self._inlets.add(inlet)
        self._idle.clear()
        limits = self.limits
        if limits.connections and len(self._inlets) > limits.connections:
            if len(self._inlets) > limits.connections + _COURTESY:
                inlet.kill()
            return fault("gateway_overloaded", "The gateway has as many connections as it has descriptors for.")
        if limits.per_ip and inlet.peer and not _within(inlet.peer, limits.uncounted):
            key = _household(inlet.peer)
            count = self._peers.get(key, 0)
            if count >= limits.per_ip:
                return fault("gateway_overloaded", _CROWDED.format(peer=inlet.peer, most=limits.per_ip))
            self._peers[key] = count + 1
            inlet.admitted = True
        return None

    def left(self, inlet: Link) -> None:
        """A connection is closed."""
        self._inlets.discard(inlet)
        if inlet.admitted:
            inlet.admitted = False
            key = _household(inlet.peer)
            count = self._peers[key] - 1
            if count:
                self._peers[key] = count
            else:
                del self._peers[key]
        self._check_idle()

    def handle(self, request: Request) -> None:
        """Run the handler. One that returns an awaitable gets a task; any other answers through the outlet, now or
        later, and costs none: its connection is what is waited for in a drain.
        """
        try:
            answer = self._handler(request)
        except Exception:  # noqa: BLE001 - the top of a request
            _log.exception("the handler of %s %s failed", request.method, request.path)
            self._settle(request, None)
            return
        if answer is not None:
            self._served.add(request.outlet)
            spawn(self._serve(request, answer), "request")

    def opening(self, status: int, now: float) -> bytes:
        """The status line and the Date header; made anew once a second (RFC 9110 section 6.6.1)."""
        if now >= self._date_until:
            self._date_until = now + 1.0
            self._date = f"date: {formatdate(time.time(), usegmt=True)}\r\n".encode("ascii")
            self._openings.clear()
        found = self._openings.get(status)
        if found is None:
            found = self._openings[status] = framing.status_line(status) + self._date
        return found

    async def _serve(self, request: Request, answer: Awaitable[None]) -> None:
        try:
            await answer
            self._settle(request, "the handler returned before the response was whole")
        except Exception:  # noqa: BLE001 - the top of a request's task
            _log.exception("the handler of %s %s failed", request.method, request.path)
            self._settle(request, None)
        finally:
            request.outlet.abort()  # does nothing unless the task was cancelled in the middle
            self._served.discard(request.outlet)
            self._check_idle()

    def _settle(self, request: Request, complaint: str | None) -> None:
        """Answer for a handler that did not."""
        outlet = request.outlet
        if outlet.done:
            return
        if complaint is not None:
            _log.error("%s %s: %s", request.method, request.path, complaint)
        if outlet.opened:
            outlet.abort()
        else:
            outlet.send(*self.refuse(fault("internal_error"), request))

    def _check_idle(self) -> None:
        if not self._inlets and not self._served:  # a response without a task is over when its connection is
            self._idle.set()


def _within(peer: str, networks: Iterable[Network]) -> bool:
    address = ipaddress.ip_address(peer)
    return any(address in each for each in networks)


def _household(peer: str) -> str:
    """Whom a connection is counted for: an IPv4 address, or the /64 one IPv6 customer gets."""
    if ":" not in peer:
        return peer
    return str(ipaddress.IPv6Network((peer.partition("%")[0], 64), strict=False))
