"""What a room tells of an upstream's reply that is passed on in its own dialect, and the verdict made of it."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from outwait.core.fault import Fault, fault
from outwait.core.reply import Usage
from outwait.dialects.sse import Splitter


class Watch(Protocol):
    """Judges the events of one reply, one after the other, or its one JSON body.

    `begun`: anything but pings has come. `content`: words have been seen. `wordless`: it ended for a reason that allows
    no words. `finished`: nothing follows. `complete`: a reply that is over now is whole. `progress`: the event judged
    last was more than a ping. `fault`: an error told inside the reply.
    """

    begun: bool
    content: bool
    wordless: bool
    finished: bool
    complete: bool
    progress: bool
    fault: Fault | None
    usage: Usage | None

    def event(self, name: bytes, data: bytes) -> bool:
        """Judge one event of a stream; whether it is for the client (pings and errors are not)."""

    def whole(self, body: bytes) -> None:
        """Judge the JSON body of a reply that is no stream: sets `complete`, `fault`, `content`, `usage`."""

    def stray(self, text: bytes) -> Fault | None:
        """The fault that `text`, which stood where a stream should have been, tells; None if it tells none."""


W = TypeVar("W", bound=Watch)


class Watched(Generic[W]):
    """A decoder whose flags are those of its watch; see `dialect.Decoder`."""

    __slots__ = ("_watch",)

    _watch: W

    @property
    def finished(self) -> bool:
        """Nothing follows."""
        return self._watch.finished

    @property
    def complete(self) -> bool:
        """The reply may be over."""
        return self._watch.complete

    @property
    def fault(self) -> Fault | None:
        """An error told inside the reply."""
        return self._watch.fault

    @property
    def progress(self) -> bool:
        """The last event was more than a ping."""
        return self._watch.progress


def verdict(watch: Watch, splitter: Splitter | None = None) -> Fault | None:
    """After the end: the fault that makes the reply no whole answer, or None. `splitter`: of a stream."""
    if watch.fault is not None:
        return watch.fault
    if splitter is not None and splitter.overflow:
        return fault("upstream_bad_response", detail=f"an event of more than {splitter.limit} bytes")
    if not watch.complete:
        if splitter is None:
            return fault("upstream_truncated")
        if not watch.begun and splitter.stray:
            told = watch.stray(splitter.stray)
            return told or fault("upstream_bad_response", detail=f"no event stream: {splitter.stray[:200]!r}")
        return fault("upstream_truncated" if watch.begun or splitter.held else "upstream_empty")
    if not watch.content and not watch.wordless:
        return fault("upstream_empty")
    return None
