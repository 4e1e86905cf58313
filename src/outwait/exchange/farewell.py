"""Ends a job at its provider once its exchange is over: what nobody will read should not be paid for.

Nobody waits for it. It has one try and ten seconds; that it failed is logged, since then the job runs on.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from outwait.core.fault import Fault
from outwait.core.plan import Candidate
from outwait.core.progress import Attempt
from outwait.exchange.handle import cancellation
from outwait.wire.wheel import Alarm

if TYPE_CHECKING:
    from outwait.exchange.driver import Exchange

_log = logging.getLogger("outwait")

FAREWELL: Final = 10.0  # seconds that a cancellation may take
_OK = range(200, 300)
_SETTLED = frozenset((400, 404, 409, 410))  # what a provider says of a cancellation that comes too late


class Farewell:
    """Cancels a job; nobody waits for it (core.progress.Sink)."""

    __slots__ = ("_alarm", "_attempt", "_call", "_candidate", "_errand", "_name", "_over", "_ports", "_repaired")

    def __init__(self, exchange: Exchange, candidate: Candidate, ident: str) -> None:
        self._ports = exchange.ports
        self._call = exchange.call
        self._name = exchange.id
        self._candidate = candidate
        self._errand = cancellation(ident)
        self._alarm = Alarm(self._ring)
        self._attempt: Attempt | None = None
        self._over = self._repaired = False

    def say(self) -> None:
        """Ask for it, once."""
        self._ports.wheel.set(self._alarm, self._ports.clock() + FAREWELL)
        self._send()

    def _send(self) -> None:
        attempt = self._ports.open(
            self._candidate, b"", self, fresh=self._repaired, call=self._call, errand=self._errand
        )
        if self._over:
            attempt.leave()
        else:
            self._attempt = attempt

    def resolved(self) -> None:
        """No matter."""

    def connected(self, reused: bool) -> None:
        """No matter."""

    def wrote(self, left: int) -> None:
        """No matter."""

    def sent(self) -> None:
        """No matter."""

    def head(self, status: int, headers: Mapping[str, str], *, whole: bool = False) -> None:
        """It is done, or there is nothing to be cancelled (any more)."""
        attempt = self._attempt
        self._end("" if status in _OK or status in _SETTLED else f"status {status}")
        if attempt is not None:
            attempt.leave()

    def body(self, data: bytes) -> None:
        """Nobody reads it."""

    def end(self) -> None:
        """Nobody waits for it."""

    def failed(self, fault: Fault) -> None:
        """Once more where only a pooled connection was dead."""
        if fault.hint == "stale" and not self._repaired:
            self._repaired = True
            self._send()
        else:
            self._end(fault.code)

    def _ring(self, _: float) -> None:
        attempt = self._attempt
        self._end(f"no answer within {FAREWELL:g} s")
        if attempt is not None:
            attempt.cancel()

    def _end(self, failure: str) -> None:
        self._over, self._attempt = True, None
        self._ports.wheel.forget(self._alarm)
        if failure:
            channel = self._candidate.channel
            _log.warning("the job of %s at %s may run on: it could not be cancelled (%s)", self._name, channel, failure)
