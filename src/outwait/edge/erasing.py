"""A response that is deleted here is deleted at the upstream that keeps it too. Nobody waits for that: what fails is
for the log.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from outwait.core.fault import Fault
from outwait.core.plan import Candidate
from outwait.core.progress import Attempt, Errand
from outwait.edge.door import Door
from outwait.exchange import responded
from outwait.exchange.handle import Handle
from outwait.exchange.ports import Ports
from outwait.plan.routes import at
from outwait.store.rows import ResponseRow
from outwait.wire.wheel import Alarm

_log = logging.getLogger("outwait")

PATIENCE: Final = 30.0  # seconds the upstream has to answer
_DONE: Final = frozenset((200, 202, 204, 404, 410))


def erase(door: Door, row: ResponseRow, handle: Handle) -> None:
    """Ask the channel of `handle` to delete its copy of `row`; returns at once."""
    call = responded.call_of(row)
    channel = next((each for each in door.catalog.channels if each.name == handle.channel), None)
    served = None if channel is None else at(channel, call)
    if channel is None or served is None or served.way.dialect != responded.DIALECT:
        _log.warning("the upstream's copy of %s stays: there is no channel %r for it any more", row.id, handle.channel)
        return
    candidate = Candidate(
        channel.name,
        responded.DIALECT,
        served.model,
        key=handle.key,
        endpoint=served.endpoint,
        provider=channel.dialect,
    )
    _Erasure(door.ports, candidate, handle.ident).send()


class _Erasure:
    """One deletion under way (core.progress.Sink)."""

    __slots__ = ("_alarm", "_attempt", "_candidate", "_ident", "_ports", "_repaired")

    def __init__(self, ports: Ports, candidate: Candidate, ident: str) -> None:
        self._ports = ports
        self._candidate = candidate
        self._ident = ident
        self._alarm = Alarm(self._ring)
        self._attempt: Attempt | None = None
        self._repaired = False

    def send(self) -> None:
        """Ask for it."""
        errand = Errand("DELETE", f"/{quote(self._ident, safe='')}")
        self._ports.wheel.set(self._alarm, self._ports.clock() + PATIENCE)
        self._attempt = self._ports.open(self._candidate, b"", self, fresh=self._repaired, errand=errand)

    def resolved(self) -> None:
        """No matter."""

    def connected(self, reused: bool) -> None:
        """No matter."""

    def wrote(self, left: int) -> None:
        """No matter."""

    def sent(self) -> None:
        """No matter."""

    def head(self, status: int, headers: Mapping[str, str], *, whole: bool = False) -> None:
        """It is gone there, or never was, or the upstream would not have it."""
        if status not in _DONE:
            self._complain(f"status {status}")

    def body(self, data: bytes) -> None:
        """Nobody reads it."""

    def end(self) -> None:
        """That was all."""
        self._ports.wheel.forget(self._alarm)

    def failed(self, fault: Fault) -> None:
        """Once more where only a pooled connection was dead."""
        self._ports.wheel.forget(self._alarm)
        if fault.hint == "stale" and not self._repaired:
            self._repaired = True
            self.send()
        else:
            self._complain(fault.code)

    def _ring(self, _: float) -> None:
        if self._attempt is not None:
            self._attempt.cancel()
        self._complain(f"no answer within {PATIENCE:g} s")

    def _complain(self, why: str) -> None:
        _log.warning("%s at %s could not be deleted (%s)", self._ident, self._candidate.channel, why)
