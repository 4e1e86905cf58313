"""The replay buffer: append only, many readers, memory bounded.

The exchange appends whole events (or body pieces); readers come, read at their own pace, and go. What is older than the
memory bound is spilled to an unlinked temporary file, so that a reader who comes late still gets everything from
the first byte. While all readers are slow it does not grow: `lag()` tells the driver to hold the upstream back. One who
is slower than another finds the rest in the file. Past `cap` bytes, or when the disk refuses, history is given up
(`whole` turns False): the slowest of those who are there holds the upstream back then, and nobody else is served.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from outwait.core.fault import Fault
from outwait.core.reply import Head
from outwait.exchange.account import Delivery


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bytes. `memory`: kept in memory; `lag`: how far a reader may fall behind before the upstream is held back;
    `cap`: kept in all. `directory`: where spill files go (the system's temporary directory when None).
    """

    memory: int = 1 << 20
    lag: int = 1 << 20
    cap: int = 64 << 20
    directory: str | None = None


SPILL_STEP = 256 << 10  # bytes written to the file at a time


class Gone(Exception):  # noqa: N818 - it names a state
    """The wanted part of the history was given up."""


class Replay:
    """One exchange's answer. `head` is None until the first append; after `finish` nothing is appended. `chunks`: those
    that are in memory; `base`: the index of the first of them.
    """

    __slots__ = (
        "_bounds",
        "_file",
        "_full",
        "_lag",
        "_released",
        "_spilled",
        "base",
        "chunks",
        "fault",
        "finished",
        "head",
        "readers",
        "size",
        "whole",
    )

    def __init__(self, bounds: Bounds) -> None:
        self.head: Head | None = None
        self.fault: Fault | None = None
        self.finished = False
        self.whole = True
        self.size = 0  # bytes appended in all
        self.readers: list[Reader] = []
        self._bounds = bounds
        self._lag = bounds.lag
        self.chunks: list[bytes] = []
        self.base = 0  # index of the first chunk still in memory
        self._released = 0  # bytes that are in memory no more
        self._full = bounds.memory  # memory is full when so many bytes were appended in all
        self._spilled: list[tuple[int, int]] | None = None  # chunk index -> (offset, length) in the file
        self._file: int | None = None

    # -- writing -------------------------------------------------------------------------------------------------

    def append(self, data: bytes) -> bool:
        """Add whole events and wake the readers. Returns whether somebody has to look: they are so far behind now that
        the upstream should be held back, or nobody reads, and history is given up.
        """
        self.chunks.append(data)  # as `_keep` does, without the call
        self.size = size = self.size + len(data)
        if size > self._full:
            self._shrink()
        readers = self.readers
        if len(readers) == 1:  # the usual case, without another call
            reader = readers[0]
            wake = reader.wake
            wake()
            if size - reader.taken <= self._lag:
                return False
        else:
            for reader in readers:
                reader.wake()
        return self.over() or not (self.whole or readers)

    def finish(self, fault: Fault | None, last: bytes = b"") -> None:
        """The answer is over; `last` is appended without waking, so that readers see it and the end at once."""
        if last:
            self._keep(last)
        self.fault = fault
        self.finished = True
        for reader in tuple(self.readers):
            reader.wake()

    def _keep(self, data: bytes) -> None:
        self.chunks.append(data)
        self.size += len(data)
        if self.size > self._full:
            self._shrink()

    def _shrink(self) -> None:
        if self.whole and self.size > self._bounds.cap:
            self._forget()
        try:
            while self.whole and self.size > self._full:
                self._spill()
        except OSError:
            self._forget()
        if not self.whole:
            self._drop_read()

    def _spill(self) -> None:
        """Move the oldest chunks from memory to the file, in one write."""
        if self._file is None:
            if self._bounds.directory is not None:
                Path(self._bounds.directory).mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._bounds.directory) as made:
                self._file = os.dup(made.fileno())
            self._spilled = []
        assert self._spilled is not None  # noqa: S101 - narrows the type
        offset = self._spilled[-1][0] + self._spilled[-1][1] if self._spilled else 0
        taken, size = 0, 0
        places = []
        while size < SPILL_STEP and taken < len(self.chunks):
            length = len(self.chunks[taken])
            places.append((offset + size, length))
            size += length
            taken += 1
        data = b"".join(self.chunks[:taken])
        done = 0
        while done < size:
            done += os.pwrite(self._file, data[done:], offset + done)
        self._spilled.extend(places)
        self._release(taken, size)

    def _drop_read(self) -> None:
        """Without history: free what every reader has taken already."""
        needed = min((reader.position for reader in self.readers), default=self.base + len(self.chunks))
        taken = max(0, needed - self.base)
        self._release(taken, sum(map(len, self.chunks[:taken])))

    def _release(self, taken: int, size: int) -> None:
        del self.chunks[:taken]
        self.base += taken
        self._released += size
        self._full += size

    def _forget(self) -> None:
        self.whole = False

    def close(self) -> None:
        """Free the memory and the file; who would still read is told that it is gone."""
        self._release(len(self.chunks), self.memory)
        self.whole = False
        if self._file is not None:
            os.close(self._file)
            self._file = None

    # -- reading -------------------------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """How many chunks were appended."""
        return self.base + len(self.chunks)

    @property
    def memory(self) -> int:
        """Bytes held in memory."""
        return self.size - self._released

    def chunk(self, index: int) -> bytes:
        """Chunk `index`, from memory or from the file. Raises `Gone` when it was given up."""
        if index >= self.base:
            return self.chunks[index - self.base]
        if self._file is None or self._spilled is None or index >= len(self._spilled):
            raise Gone
        offset, length = self._spilled[index]
        return os.pread(self._file, length, offset)

    def lag(self) -> int:
        """Bytes by which the quickest reader is behind, or the slowest once history is given up; 0 without readers.

        As long as everything is kept, who reads slowly finds it later, and holds nobody else up.
        """
        readers = self.readers
        if len(readers) == 1:
            return self.size - readers[0].taken
        first = max if self.whole else min
        return self.size - first((reader.taken for reader in readers), default=self.size)

    def over(self) -> bool:
        """Readers are so far behind that the upstream should be held back."""
        return self.lag() > self._lag

    def caught_up(self) -> bool:
        """They are near enough for the upstream to go on."""
        return self.lag() <= self._lag // 2


def _nobody() -> None:
    """Wakes nobody: the reader is closed."""


class Reader:
    """One reader's place in the replay buffer. `wake` is called when there is more to read, or the end; `delivery`:
    what its client got so far, where that is counted.
    """

    __slots__ = ("_replay", "delivery", "position", "taken", "wake")

    def __init__(self, replay: Replay, wake: Callable[[], None], delivery: Delivery | None = None) -> None:
        self._replay = replay
        self.wake = wake
        self.delivery = delivery
        self.position = 0  # index of the next chunk
        self.taken = 0  # bytes read

    def close(self) -> None:
        """Let the owner go: the two refer to each other, and the collector should not have to find that out."""
        self.wake = _nobody

    def read(self) -> bytes:
        """The next chunk, b"" when there is none yet. Raises `Gone`."""
        replay = self._replay
        at = self.position - replay.base
        if at < 0:
            data = replay.chunk(self.position)
        elif at < len(replay.chunks):
            data = replay.chunks[at]
        else:
            return b""
        self.position += 1
        self.taken += len(data)
        return data

    @property
    def behind(self) -> bool:
        """There is something to read."""
        return self.position < self._replay.count
