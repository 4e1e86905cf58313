"""One secret whose fetching blocks: fetched in a thread, once for all who wait, and again before it ends.

While an old one is still good, the new one is fetched beside the calls; only where there is none does a call wait.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Generic, TypeVar

from outwait.wire.tasks import spawn

_T = TypeVar("_T")
_AHEAD = 300.0  # seconds before its end at which a secret is fetched anew
_PAUSE = 10.0  # seconds between two tries while the old one is still good
_log = logging.getLogger("outwait")


class Unobtainable(Exception):  # noqa: N818 - it says what is the case
    """The secret cannot be had now; the text is for logs."""


def epoch() -> float:
    """The time of day, in seconds since 1970: secrets end at a date."""
    return datetime.now(UTC).timestamp()


class Mint(Generic[_T]):
    """`fetch()` blocks, and gives the secret and the date of its end; `name` is for logs."""

    __slots__ = ("_end", "_fetch", "_name", "_next", "_task", "_value")

    def __init__(self, name: str, fetch: Callable[[], tuple[_T, float]]) -> None:
        self._name = name
        self._fetch = fetch
        self._value: _T | None = None
        self._end = self._next = 0.0
        self._task: asyncio.Task[str | None] | None = None

    def value(self, now: float) -> _T | None:
        """The secret if it is good at `now`; near its end the next one is fetched meanwhile."""
        if now >= self._end:
            return None
        if now >= max(self._next, self._end - _AHEAD):
            self._begin()
        return self._value

    async def warm(self) -> None:
        """Until there is a new secret; raises Unobtainable. Whoever is cancelled leaves the others' fetch alone."""
        failure = await asyncio.shield(self._begin())
        if failure is not None:
            raise Unobtainable(failure)

    def _begin(self) -> asyncio.Task[str | None]:
        if self._task is None:
            self._task = spawn(self._run(), f"fetch {self._name}")
        return self._task

    async def _run(self) -> str | None:
        """Fetch once; why it failed, if it did."""
        failure = None
        try:
            self._value, self._end = await asyncio.to_thread(self._fetch)
        except Exception as error:  # noqa: BLE001 - task top: whatever a library raises, the secret cannot be had
            failure = f"{self._name}: {type(error).__name__}: {error}"
            _log.warning("a credential could not be fetched: %s", failure)
        self._next = epoch() + _PAUSE
        self._task = None
        return failure
