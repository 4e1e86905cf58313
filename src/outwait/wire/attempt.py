"""The handle of one upstream attempt, from the dial to the end of its response.

It outlives nothing: whatever carries the attempt (a dial, a connection, a decoder behind it) is told by the handle, and
takes itself off the handle when the attempt is over, so that a late `cancel` never hits the next user of a connection.
"""

from __future__ import annotations

import asyncio
from typing import Protocol


class Carrier(Protocol):
    """What currently carries an attempt."""

    def hold(self) -> None:
        """Read no more."""

    def release(self) -> None:
        """Read on."""

    def drop(self) -> None:
        """Close now and report nothing more."""

    def leave(self) -> None:
        """Report nothing more; read to the end of the response if that comes soon."""

    def left(self) -> int:
        """Request bytes not yet taken by the kernel."""


class OpenAttempt:
    """Implements `core.progress.Attempt`.

    `close_delimited`: set before the head is reported: the body ends where the connection ends, so that a cut cannot
    be told from its end. `paused`: the sink asked for no more. `over`: ended, failed or cancelled. `dialing`: the
    task that makes the connection.
    """

    __slots__ = ("_carrier", "close_delimited", "dialing", "over", "paused")

    def __init__(self) -> None:
        self._carrier: Carrier | None = None
        self.dialing: asyncio.Task[None] | None = None
        self.close_delimited = False
        self.paused = False
        self.over = False

    def pause(self) -> None:
        """Stop reading; idempotent."""
        if not self.paused:
            self.paused = True
            if self._carrier is not None:
                self._carrier.hold()

    def resume(self) -> None:
        """Read on; idempotent."""
        if self.paused:
            self.paused = False
            if self._carrier is not None:
                self._carrier.release()

    def cancel(self) -> None:
        """Close the connection, or stop the dial, now; nothing more is reported; idempotent."""
        self.over = True
        dialing, self.dialing = self.dialing, None
        if dialing is not None:
            dialing.cancel()
        carrier, self._carrier = self._carrier, None
        if carrier is not None:
            carrier.drop()

    def leave(self) -> None:
        """Nothing more is reported, but the connection may be used again if the response ends soon; idempotent.

        For an answer that was whole before its framing was (`[DONE]` before the last chunk).
        """
        self.over = True
        carrier, self._carrier = self._carrier, None
        if carrier is None:
            self.cancel()
        else:
            carrier.leave()

    def left(self) -> int:
        """Request bytes the kernel has not taken yet (TLS: up to 64 KiB more may wait encrypted)."""
        return self._carrier.left() if self._carrier is not None else 0

    def carry(self, carrier: Carrier) -> None:
        """`carrier` has the attempt from now on."""
        self._carrier = carrier

    def settle(self) -> None:
        """The attempt is over; nobody carries it any more."""
        self._carrier = None
        self.over = True
