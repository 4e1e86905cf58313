"""What is done from time to time for all that is stored: dead processes are buried, old and surplus answers go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from outwait.exchange.inherit import Heirs
from outwait.store.errors import StoreError
from outwait.wire.tasks import spawn
from outwait.wire.wheel import Alarm, Wheel

if TYPE_CHECKING:
    from outwait.store.store import Store

_log = logging.getLogger("outwait")

BURIAL: Final = 15.0  # seconds between looks for dead processes
SWEEP: Final = 300.0  # seconds between sweeps


class Upkeep:
    """One worker's part in it. `size`: bytes of kept answers from which on the oldest go. `wall`: seconds since 1970;
    `luck`: in [0, 1), so that workers do not all sweep at once.
    """

    __slots__ = ("_alarm", "_heirs", "_luck", "_size", "_store", "_sweep_at", "_task", "_wall", "_wheel")

    def __init__(
        self, store: Store, heirs: Heirs, size: int, wheel: Wheel, wall: Callable[[], float], luck: Callable[[], float]
    ) -> None:
        self._store = store
        self._heirs = heirs
        self._size = size
        self._wheel = wheel
        self._wall = wall
        self._luck = luck
        self._task: asyncio.Task[None] | None = None
        self._alarm = Alarm(self._ring)
        self._sweep_at = wheel.now() + SWEEP * luck()

    def use(self, size: int) -> None:
        """Take up a new limit."""
        self._size = size

    async def bury(self) -> None:
        """See to what dead processes left, and from now on do all this from time to time."""
        await self._bury()
        self._wheel.set(self._alarm, self._wheel.now() + BURIAL * (1 + self._luck()))

    async def close(self) -> None:
        """Stop; what is being done is finished."""
        self._wheel.forget(self._alarm)
        if self._task is not None:
            await asyncio.wait([self._task])

    def _ring(self, now: float) -> None:
        self._wheel.set(self._alarm, now + BURIAL * (1 + self._luck()))
        if self._task is None or self._task.done():
            self._task = spawn(self._round(now), "upkeep of the store")

    async def _round(self, now: float) -> None:
        await self._bury()
        if now >= self._sweep_at:
            self._sweep_at = now + SWEEP * (1 + self._luck())
            await self._swept()

    async def _bury(self) -> None:
        try:
            await self._heirs.bury()
        except StoreError as error:
            _log.error("what dead processes left could not be seen to: %s", error)
        except Exception:  # noqa: BLE001 - task top: what one of them left must not keep this one from serving
            _log.exception("something that a dead process left cannot be seen to")

    async def _swept(self) -> None:
        try:
            swept = await self._store.sweep(self._wall(), self._size)
        except StoreError as error:
            _log.error("old answers could not be swept: %s", error)
            return
        if swept.evicted:
            _log.warning("%d kept answers went before their time: there is no room for more", len(swept.evicted))
