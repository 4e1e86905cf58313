"""Replies passed on in their own dialect, for every dialect whose room offers a `Watch`.

A stream goes on event by event, each with its very data; comments, ids, retry hints and pings stay behind. Until the
first words (or a proper end) come, events are held back: should the attempt fail before, another one begins with a
clean page. A JSON body is held until it is whole, so that an error or a cut can be told as what it is; only one of
more than `HOLD_LIMIT` bytes begins to flow before its end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from outwait.core.fault import Fault, fault
from outwait.core.reply import Ending, Head, Usage
from outwait.dialects.sse import EVENT_LIMIT, Splitter
from outwait.dialects.watch import Watch, verdict

HOLD_LIMIT = 1024 * 1024
PRELUDE_LIMIT = 64 * 1024
_SPACE = b" \t\r\n"


class Fold(Protocol):
    """Gathers the events of a stream into the JSON reply that says the same."""

    def add(self, name: bytes, data: bytes) -> None:
        """One event that is for the client; raises ValueError for one that cannot be read."""

    def body(self) -> bytes:
        """The reply."""


class _Watched:
    """The flags of a reader (see `dialect.Reader`), as its watch has them."""

    __slots__ = ("_watch", "head", "progress")

    def __init__(self, head: Head, watch: Watch) -> None:
        self.head = head
        self.progress = False
        self._watch = watch

    @property
    def content(self) -> bool:
        """See `Reader`."""
        return self._watch.content

    @property
    def fault(self) -> Fault | None:
        """See `Reader`."""
        return self._watch.fault

    @property
    def finished(self) -> bool:
        """See `Reader`."""
        return self._watch.finished

    @property
    def usage(self) -> Usage | None:
        """See `Reader`."""
        return self._watch.usage


class StreamReader(_Watched):
    """Reads a stream for a client that asked for one. `tail`: bytes behind the last event, as the dialect ends streams.
    `newline`: the line end that the dialect's clients expect. `limit`: bytes of the largest event.
    """

    __slots__ = ("_newline", "_prelude", "_splitter", "_tail")

    def __init__(
        self, head: Head, watch: Watch, *, tail: bytes = b"", newline: bytes = b"\n", limit: int = EVENT_LIMIT
    ) -> None:
        super().__init__(head, watch)
        self._splitter = Splitter(limit)
        self._prelude: list[bytes] | None = []  # None once bytes flow
        self._tail = tail
        self._newline = newline

    def feed(self, data: bytes) -> bytes:
        """Whole events for the client."""
        self.progress = False
        watch = self._watch
        if over(watch):
            return b""
        out: list[bytes] = []
        for name, payload in self._splitter.feed(data):
            self._take(name, payload, out)
            if over(watch):
                break
        if self._splitter.growing:
            self.progress = True
        if self._splitter.overflow and watch.fault is None:
            watch.fault = verdict(watch, self._splitter)
        return self._release(b"".join(out))

    def _take(self, name: bytes, payload: bytes, out: list[bytes]) -> None:
        if self._watch.event(name, payload):
            out.append(event(name, payload, self._newline))
        self.progress = self.progress or self._watch.progress

    def _release(self, out: bytes) -> bytes:
        prelude = self._prelude
        if prelude is None:
            return out
        if out:
            prelude.append(out)
        watch = self._watch
        ready = watch.content or (watch.finished and watch.wordless) or sum(map(len, prelude)) >= PRELUDE_LIMIT
        if not ready:
            return b""
        self._prelude = None
        return b"".join(prelude)

    def end(self) -> Ending:
        """The last bytes, or why this is no answer; see `Reader`."""
        watch = self._watch
        out: list[bytes] = []
        if not over(watch):
            for name, payload in self._splitter.close():
                if payload.endswith((b"}", b"]")):  # only the blank line is missing; else it was cut in the middle
                    self._take(name, payload, out)
        failed = verdict(watch, self._splitter)
        if failed is not None:
            return Ending(fault=failed, usage=watch.usage)
        prelude, self._prelude = self._prelude or [], None
        return Ending(b"".join((*prelude, *out, self._tail)), usage=watch.usage)


class FoldReader(_Watched):
    """Reads a stream for a client that asked for one JSON reply; all bytes come from `end`."""

    __slots__ = ("_fold", "_splitter")

    def __init__(self, head: Head, watch: Watch, fold: Fold) -> None:
        super().__init__(head, watch)
        self._splitter = Splitter()
        self._fold = fold

    def feed(self, data: bytes) -> bytes:
        """Gathers; gives nothing yet."""
        self.progress = False
        watch = self._watch
        if over(watch):
            return b""
        for name, payload in self._splitter.feed(data):
            self._take(name, payload)
            if over(watch):
                break
        if self._splitter.growing:
            self.progress = True
        if self._splitter.overflow and watch.fault is None:
            watch.fault = verdict(watch, self._splitter)
        return b""

    def _take(self, name: bytes, payload: bytes) -> None:
        watch = self._watch
        if watch.event(name, payload):
            try:
                self._fold.add(name, payload)
            except ValueError as error:
                watch.fault = fault("upstream_bad_response", detail=f"an event that cannot be folded: {error}")
        self.progress = self.progress or watch.progress

    def end(self) -> Ending:
        """The reply, or why this is no answer; see `Reader`."""
        watch = self._watch
        if not over(watch):
            for name, payload in self._splitter.close():
                if payload.endswith((b"}", b"]")):
                    self._take(name, payload)
        failed = verdict(watch, self._splitter)
        if failed is not None:
            return Ending(fault=failed, usage=watch.usage)
        return Ending(self._fold.body(), usage=watch.usage)


class WholeReader(_Watched):
    """Reads one JSON body for a client that asked for one. White space before it is a keep-alive, swallowed.

    `unfold`: makes a stream of it, for a client that asked for one instead; then it is held whatever its size.
    """

    __slots__ = ("_held", "_size", "_tail", "_unfold")

    def __init__(self, head: Head, watch: Watch, unfold: Callable[[bytes], bytes] | None = None) -> None:
        super().__init__(head, watch)
        self._held: list[bytes] | None = []  # None once bytes flow
        self._size = 0
        self._tail = b""
        self._unfold = unfold

    def feed(self, data: bytes) -> bytes:
        """Nothing until the body is longer than the hold, then whatever comes."""
        self.progress = False
        if not self._size:
            data = data.lstrip(_SPACE)
        if not data or self._watch.fault is not None:
            return b""
        self.progress = bool(data.strip(_SPACE))
        self._size += len(data)
        if self._held is None:
            self._tail = data.rstrip(_SPACE)[-1:] or self._tail
            return data
        self._held.append(data)
        if self._unfold is not None or self._size <= HOLD_LIMIT:
            return b""
        if not self._held[0].startswith((b"{", b"[")):
            self._watch.fault = fault("upstream_bad_response", detail="a long body that is no JSON")
            return b""
        out = b"".join(self._held)
        self._held = None
        self._tail = out.rstrip(_SPACE)[-1:]
        self._watch.content = True
        return out

    def end(self) -> Ending:
        """The body as it came (or unfolded), or why it is no answer; see `Reader`."""
        watch = self._watch
        if self._held is None:
            if self._tail not in {b"}", b"]"}:
                watch.fault = fault("upstream_truncated")
            return Ending(fault=watch.fault, usage=watch.usage)
        body = b"".join(self._held)
        if watch.fault is None:
            if not body:
                watch.fault = fault("upstream_empty")
            else:
                watch.whole(body)
        failed = verdict(watch)
        if failed is not None:
            return Ending(fault=failed, usage=watch.usage)
        try:
            return Ending(body if self._unfold is None else self._unfold(body), usage=watch.usage)
        except ValueError as error:
            return Ending(fault=fault("upstream_bad_response", detail=str(error)), usage=watch.usage)


def over(watch: Watch) -> bool:
    """Whether nothing more is to be judged."""
    return watch.finished or watch.fault is not None


def event(name: bytes, data: bytes, newline: bytes = b"\n") -> bytes:
    """An event as it goes over the wire."""
    lines = [b"event: " + name] if name else []
    lines += [b"data: " + line for line in data.split(b"\n")] if data or not name else []
    return newline.join([*lines, b"", b""])
