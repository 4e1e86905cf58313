"""The simplest voice: each heartbeat is the same bytes, and nothing in the answer changes because of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from outwait.core.fault import Fault


class Unnumbered:
    """What all voices share whose events have no numbers, and whose answers no name (see `dialect.Voice`)."""

    __slots__ = ()

    inserted: Sequence[int] = ()
    announced: None = None

    def decided(self) -> None:
        """There is nothing to announce."""

    def resume(self, after: int, inserted: Sequence[int]) -> None:
        """Nothing depends on what was seen before."""


class PlainVoice(Unnumbered):
    """A voice of fixed bytes. `fail`: tells a fault inside the open stream."""

    __slots__ = ("_beat", "_fail")

    edits = False

    def __init__(self, beat: bytes, fail: Callable[[Fault, str], bytes]) -> None:
        self._beat = beat
        self._fail = fail

    def beat(self) -> bytes:
        """The fixed bytes."""
        return self._beat

    def say(self, data: bytes) -> bytes:
        """The very same bytes."""
        return data

    def fail(self, fault: Fault, exchange_id: str) -> bytes:
        """See `dialect.Voice`."""
        return self._fail(fault, exchange_id)
