"""The recorder: takes entries in no time, and has them counted and written by a thread, in batches.

A request pays one append. Every half second the thread hands what has gathered to the sinks (metrics, log, ...); one
sink's failure is told and does not keep the others from theirs. The queue is bounded: when the sinks cannot keep up,
entries are dropped and counted, and requests go on.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from outwait.core.entry import Entry

_log = logging.getLogger("outwait")


class Sink(Protocol):
    """Takes batches of entries, in the recorder's thread."""

    def absorb(self, entries: Sequence[Entry]) -> None:
        """Take `entries`, oldest first."""


class Recorder:
    """Gathers entries for `sinks`. `dropped`: entries lost because `capacity` entries were waiting.

    `interval`: seconds from flush to flush. `settle` may be called from any thread; `start` and `close` from one.
    """

    def __init__(self, sinks: Sequence[Sink], *, interval: float = 0.5, capacity: int = 20_000) -> None:
        self.dropped = 0
        self._sinks = tuple(sinks)
        self._interval = interval
        self._capacity = capacity
        # A deque's append and popleft are atomic, so that the loop's thread and ours need no lock.
        self._waiting: deque[Entry] = deque()
        self._closing = threading.Event()
        self._flushing = threading.Lock()
        self._thread: threading.Thread | None = None

    def settle(self, entry: Entry) -> None:
        """Take `entry`; returns at once."""
        if len(self._waiting) < self._capacity:
            self._waiting.append(entry)
        else:
            self.dropped += 1

    def start(self) -> None:
        """Start the thread that flushes."""
        if self._thread is None:
            self._closing.clear()
            self._thread = threading.Thread(target=self._run, name="outwait-recorder", daemon=True)
            self._thread.start()

    def close(self, timeout: float = 10.0) -> None:
        """Flush what is left and end the thread; waits at most `timeout` seconds for it. May be called twice."""
        self._closing.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(timeout)
            if thread.is_alive():  # a sink hangs: do not hang with it
                return
        self.flush()

    def flush(self, patience: float = -1) -> None:
        """Hand everything that waits to the sinks, now, in the caller's thread.

        The sinks hear of every flush, an empty one too, so that what they sample stays fresh. `patience`: seconds to
        wait for a flush that is under way, after which nothing is done; negative: as long as it takes.
        """
        if not self._flushing.acquire(timeout=patience):
            return
        try:
            take = self._waiting.popleft
            batch = [take() for _ in range(len(self._waiting))]
            for sink in self._sinks:
                try:
                    sink.absorb(batch)
                except Exception:  # noqa: BLE001 - task top: one broken sink must not cost the others their entries
                    _log.exception("%s could not take %d entries", type(sink).__name__, len(batch))
        finally:
            self._flushing.release()

    def _run(self) -> None:
        while not self._closing.wait(self._interval):
            self.flush()
