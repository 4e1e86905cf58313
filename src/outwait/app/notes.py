"""What a worker has learned, in a file of its own: written now and then and at the end, read at the start.

A file that is no good costs what was learned, never the start; a place that cannot be written costs a line in the log.
Only counts of seconds are in it, beside the names of channels, models and scenarios.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from asyncio import Task, sleep, to_thread
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec

from outwait.core.catalog import Catalog, Channel
from outwait.health.channel import identity, leads
from outwait.health.learning import Learning
from outwait.wire.tasks import spawn
from outwait.wire.wheel import Alarm, Wheel

_log = logging.getLogger("outwait")

VERSION: Final = 1
EVERY: Final = 300.0  # seconds from one writing to the next
ROWS: Final = 16  # are taken at a time, in some two milliseconds
LARGEST: Final = 64 * 2**20  # bytes of a file that is read


class Told(msgspec.Struct, frozen=True):
    """The file. `written`: seconds since the epoch. `channels`: name -> where it led. `known`: `Learning.dump`."""

    version: int
    written: float = 0.0
    channels: dict[str, str] = {}
    known: dict[str, object] = {}


class Notes:
    """`wall`: seconds since the epoch."""

    __slots__ = ("_alarm", "_failed", "_file", "_learning", "_on", "_places", "_task", "_wall", "_wheel")

    def __init__(self, file: Path, learning: Learning, wheel: Wheel, wall: Callable[[], float]) -> None:
        self._file = file
        self._learning = learning
        self._wheel = wheel
        self._wall = wall
        self._alarm = Alarm(self._ring)
        self._on = False
        self._failed = False
        self._places: dict[str, str] = {}
        self._task: Task[None] | None = None

    def start(self, catalog: Catalog, *, on: bool) -> None:
        """Know what the file says, and write it from now on; neither unless `on`."""
        self.use(catalog, on=on)
        if on:
            self._read()

    def use(self, catalog: Catalog, *, on: bool) -> None:
        """The configuration as it is now. `on`: clocks are learned."""
        self._places = {channel.name: place(channel) for channel in catalog.channels}
        if on and not self._on:
            self._wheel.set(self._alarm, self._wheel.now() + EVERY)
        elif not on:
            self._wheel.forget(self._alarm)
        self._on = on

    def close(self) -> None:
        """Write it for the last time."""
        self._wheel.forget(self._alarm)
        if self._task is not None:
            self._task.cancel()
        if self._on:
            self._on = False
            self._save(self._text(self._learning.dump(self._wheel.now())))

    def _ring(self, now: float) -> None:
        self._wheel.set(self._alarm, now + EVERY)
        self._task = spawn(self._write(), "learned")

    async def _write(self) -> None:
        known: dict[str, object] = {}
        for row, _ in enumerate(self._learning.dumped(known, self._wheel.now()), 1):
            if not row % ROWS:
                await sleep(0)  # whatever else waits for the loop goes first
        await to_thread(self._save, self._text(known))

    def _text(self, known: dict[str, object]) -> bytes:
        return msgspec.json.encode(Told(VERSION, self._wall(), self._places, known))

    def _save(self, text: bytes) -> None:
        try:
            replace(self._file, text)
        except OSError as error:
            if not self._failed:  # one line for each time that it begins to fail
                _log.warning("what was learned cannot be written to %s: %s", self._file, error.strerror)
            self._failed = True
        else:
            self._failed = False

    def _read(self) -> None:
        try:
            told = read(self._file)
            if told is not None:
                age = max(0.0, self._wall() - told.written)
                self._learning.restore(told.known, self._wheel.now(), age)
                for name, led in told.channels.items():
                    if self._places.get(name) != led:
                        self._learning.forget(name)
        except OSError as error:
            _log.warning("what was learned cannot be read from %s: %s", self._file, error.strerror)
        except (ValueError, msgspec.MsgspecError, RecursionError) as error:
            _log.warning("what was learned begins anew, %s is not used: %s", self._file, error)


def place(channel: Channel) -> str:
    """Where a channel leads, as a digest: an address may hold secrets."""
    return blake2b(repr(leads(identity(channel))).encode(), digest_size=8).hexdigest()


def read(file: Path) -> Told | None:
    """What is in `file`; None: there is none. Raises OSError; ValueError or MsgspecError for what is none of ours."""
    try:
        with file.open("rb") as opened:
            text = opened.read(LARGEST + 1)
    except FileNotFoundError:
        return None
    if len(text) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST} bytes")
    told = msgspec.json.decode(text, type=Told)
    if told.version != VERSION:
        raise ValueError(f"it has the format {told.version}, and only {VERSION} can be read")
    return told


def replace(file: Path, text: bytes) -> None:
    """Write `file` whole or not at all, for this user's eyes only. Raises OSError."""
    handle, made = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(text)
        Path(made).replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            Path(made).unlink()
        raise
