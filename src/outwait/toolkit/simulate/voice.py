"""The line to one client of a simulated provider: an outlet that can also break every rule, on purpose.

Promises: whatever is written is counted in the call's record; a pause ends at once when the client leaves (`Left`, and
the record says `cut`); a slow client holds the script up instead of filling memory.
"""

from __future__ import annotations

import asyncio
import math
from asyncio import Future
from typing import TYPE_CHECKING, Final, Protocol

from outwait.toolkit.simulate.record import Received
from outwait.wire import flush, framing
from outwait.wire.outlet import Outlet

if TYPE_CHECKING:
    from outwait.wire.inlet import Inlet

_LOOK: Final = 0.002  # seconds between two looks whether the client's kernel has everything
_LOOKS: Final = 500
_BREATH: Final = 64  # pieces after which others get their turn


class Left(Exception):  # noqa: N818 - it says what happened
    """The client left before the script was over."""


class Listener(Protocol):
    """Whom a script is played to: `Voice` says what each of these does for a client."""

    @property
    def opened(self) -> bool:
        """Whether status and headers are out."""

    def now(self) -> float:
        """The loop's clock in seconds."""

    async def pause(self, seconds: float) -> None:
        """Say nothing for `seconds`."""

    async def pause_until(self, when: float) -> None:
        """Say nothing until the loop's clock shows `when`."""

    def open(self, status: int, headers: bytes) -> None:
        """Status and headers, once."""

    async def write(self, data: bytes) -> None:
        """A piece of the body."""

    def send(self, status: int, headers: bytes, body: bytes) -> None:
        """The whole reply at once."""

    def finish(self) -> None:
        """The end of a reply that was opened."""

    def close(self) -> None:
        """End with the reply not whole."""

    async def reset(self) -> None:
        """End with a reset."""

    def raw(self, data: bytes, status: int = 0) -> None:
        """Bytes as they are, instead of a reply."""

    def short(self, status: int, headers: bytes, body: bytes) -> None:
        """A reply whose body ends in the middle."""


class Voice:
    """Writes one reply. `opened`: status and headers are out."""

    __slots__ = ("_call", "_loop", "_outlet", "_waiter")

    def __init__(self, outlet: Outlet, call: Received) -> None:
        self._outlet = outlet
        self._call = call
        self._loop = asyncio.get_running_loop()
        self._waiter: Future[None] | None = None
        outlet.on_gone = outlet.on_drain = self.wake

    @property
    def opened(self) -> bool:
        """Whether status and headers are out."""
        return self._outlet.opened

    def now(self) -> float:
        """The loop's clock in seconds."""
        return self._loop.time()

    async def pause(self, seconds: float) -> None:
        """Say nothing for `seconds` (infinity: until the client leaves). Raises Left when the client leaves."""
        if seconds > 0:
            await self._sleep(seconds)
        self._check()

    async def pause_until(self, when: float) -> None:
        """Say nothing until the loop's clock shows `when`."""
        await self.pause(when - self.now())

    async def wait(self) -> None:
        """Until `wake`. Raises Left when the client leaves."""
        await self.pause(math.inf)

    def open(self, status: int, headers: bytes) -> None:
        """Status and headers, once; a second call does nothing."""
        self._check()
        if not self._outlet.opened:
            self._call.status = status
            self._outlet.open(status, headers)

    async def write(self, data: bytes) -> None:
        """A piece of the body, as one chunk. Waits while the client is behind."""
        self._check()
        self._count(data)
        self._outlet.write(data)
        if self._call.pieces % _BREATH == 0:
            await asyncio.sleep(0)
        while self._outlet.blocked:
            await self._sleep(math.inf)
        self._check()

    def send(self, status: int, headers: bytes, body: bytes) -> None:
        """The whole reply at once."""
        self._check()
        self._call.status = status
        self._count(body)
        self._outlet.send(status, headers, body)

    def finish(self) -> None:
        """The end of a reply that was opened."""
        self._check()
        self._outlet.finish()

    def close(self) -> None:
        """FIN, with the reply not whole."""
        self._outlet.abort()

    async def reset(self) -> None:
        """A TCP reset, once the client's kernel has what was written: a reset destroys what is still on its way."""
        transport = self._inlet.transport
        for _ in range(_LOOKS):
            if self._outlet.gone or not flush.waiting(transport):
                break
            await asyncio.sleep(_LOOK)
        self._check()
        flush.reset(transport)
        while not self._outlet.gone:
            await self._sleep(math.inf)

    def raw(self, data: bytes, status: int = 0) -> None:
        """Bytes as they are, instead of a reply; then FIN."""
        self._check()
        self._call.status = status
        self._count(data)
        self._inlet.put(data)
        self._outlet.abort()

    def short(self, status: int, headers: bytes, body: bytes) -> None:
        """A reply whose body ends in the middle, short of the Content-Length that its head names."""
        head = b"%b%bcontent-length: %d\r\n\r\n" % (framing.status_line(status), headers, len(body))
        self.raw(head + body[: len(body) // 2], status)

    @property
    def _inlet(self) -> Inlet:
        # An outlet keeps the rules of HTTP; the connection below it is the only place where they can be broken.
        return self._outlet._inlet  # noqa: SLF001 - see above

    async def _sleep(self, seconds: float) -> None:
        if self._outlet.gone:
            return
        self._waiter = waiter = self._loop.create_future()
        timer = None if seconds == math.inf else self._loop.call_later(seconds, self.wake)
        try:
            await waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def wake(self) -> None:
        """End a pause, or `wait`."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _check(self) -> None:
        if self._outlet.gone:
            raise Left

    def _count(self, data: bytes) -> None:
        self._call.sent += len(data)
        self._call.pieces += bool(data)
