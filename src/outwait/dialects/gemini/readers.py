"""The reader for a Gemini reply that goes to a Gemini client: SSE, array or JSON, crossed with what the upstream sends.

An upstream is always asked for SSE. One that answers with an array all the same is understood.
"""

from __future__ import annotations

from collections.abc import Mapping

from outwait.core.plan import Candidate
from outwait.core.reply import Head
from outwait.core.request import Call
from outwait.dialects import sniff
from outwait.dialects.dialect import Reader
from outwait.dialects.gemini import fold
from outwait.dialects.gemini.target import is_array
from outwait.dialects.gemini.watch import Watch
from outwait.dialects.passing import FoldReader, StreamReader, WholeReader

SEPARATOR = b",\r\n"
# Headers of an upstream's reply that clients may see.
_PASSED = ("server-timing", "x-goog-api-version")


class ArrayReader(StreamReader):
    """Reads a stream for a client that gets it as one JSON array, each chunk an element on a line of its own."""

    __slots__ = ("_first",)

    def __init__(self, head: Head, watch: Watch) -> None:
        super().__init__(head, watch, tail=b"]")
        self._first = True

    def _take(self, name: bytes, payload: bytes, out: list[bytes]) -> None:
        if self._watch.event(name, payload):
            out += (b"[" if self._first else SEPARATOR, payload)
            self._first = False
        self.progress = self.progress or self._watch.progress


def reader(call: Call, candidate: Candidate, status: int, headers: Mapping[str, str]) -> Reader:
    """The reader for a 2xx reply with these headers (lower-case names)."""
    head = sniff.head_of(status, kind_of(call), headers, _PASSED)
    return sniff.choose(call, candidate, headers, head, _MAKERS)


def kind_of(call: Call) -> str:
    """The content type of the client's reply."""
    return sniff.STREAM_TYPE if call.stream and not is_array(call) else sniff.JSON_TYPE


def streamed(call: Call, head: Head) -> Reader:
    """The reader for an upstream that streams."""
    watch = Watch(call.endpoint)
    if not call.stream:
        return FoldReader(head, watch, fold.Fold())
    if is_array(call):
        return ArrayReader(head, watch)
    return StreamReader(head, watch, newline=fold.NEWLINE)


def whole(call: Call, head: Head) -> Reader:
    """The reader for an upstream that answers with one JSON body."""
    watch = Watch(call.endpoint)
    if not call.stream:
        return WholeReader(head, watch, fold.folded if call.foldable else None)
    return WholeReader(head, watch, fold.array if is_array(call) else fold.events)


_MAKERS = (streamed, whole)
