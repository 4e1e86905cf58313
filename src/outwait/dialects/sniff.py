"""Which reader a reply needs: stream or JSON towards the client, crossed with what the upstream really sends.

A content type of `text/event-stream` is believed, and JSON is believed where JSON was asked for. Anything else is
decided by the first bytes of the body, since providers name their replies carelessly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from outwait.core.fault import Fault
from outwait.core.plan import Candidate
from outwait.core.reply import Ending, Head, Usage
from outwait.core.request import Call
from outwait.dialects.dialect import Reader

STREAM_TYPE = "text/event-stream; charset=utf-8"
JSON_TYPE = "application/json"
_EVENT_STREAM = "text/event-stream"
_FIELDS = (b"data", b"event", b"id", b"retry", b":", b"\xef\xbb\xbf")
_BLANK = b" \t\r\n"
_LONGEST_FIELD = 5

Make = Callable[[Call, Head], Reader]


def choose(
    call: Call, candidate: Candidate, headers: Mapping[str, str], head: Head, makers: tuple[Make, Make]
) -> Reader:
    """The reader for a 2xx reply with these headers (lower-case names). `makers`: of the reader for an upstream that
    streams, and of the one for an upstream that answers with one JSON body; `head`: of the client's reply.
    """
    streamed, whole = makers
    named = headers.get("content-type", "")
    if named != JSON_TYPE:
        named = named.partition(";")[0].strip().lower()
    if named == _EVENT_STREAM:
        return streamed(call, head)
    if (named == JSON_TYPE or named.endswith("+json")) and not (call.stream or candidate.streamed):
        return whole(call, head)
    return SniffReader(call, head, makers)


def head_of(status: int, kind: str, headers: Mapping[str, str], passed: tuple[str, ...]) -> Head:
    """The head of the client's reply: content type `kind`, and those upstream headers that clients may see."""
    if headers.keys().isdisjoint(passed):
        return Head(status, kind)
    return Head(status, kind, tuple((name, headers[name]) for name in passed if name in headers))


class SniffReader:
    """Stands for the right reader until the first bytes tell which one that is."""

    __slots__ = ("_call", "_first", "_inner", "_makers", "head")

    def __init__(self, call: Call, head: Head, makers: tuple[Make, Make]) -> None:
        self.head = head
        self._call = call
        self._first = b""
        self._inner: Reader | None = None
        self._makers = makers

    @property
    def content(self) -> bool:
        """See `Reader`."""
        return self._inner is not None and self._inner.content

    @property
    def progress(self) -> bool:
        """See `Reader`."""
        return self._inner is not None and self._inner.progress

    @property
    def fault(self) -> Fault | None:
        """See `Reader`."""
        return None if self._inner is None else self._inner.fault

    @property
    def finished(self) -> bool:
        """See `Reader`."""
        return self._inner is not None and self._inner.finished

    @property
    def usage(self) -> Usage | None:
        """See `Reader`."""
        return None if self._inner is None else self._inner.usage

    def feed(self, data: bytes) -> bytes:
        """See `Reader`."""
        if self._inner is None:
            data = (self._first + data).lstrip(_BLANK)
            if len(data) < _LONGEST_FIELD and not data.startswith((b"{", b":")):
                self._first = data
                return b""
            self._inner = self._decide(data)
        return self._inner.feed(data)

    def _decide(self, data: bytes) -> Reader:
        streamed, whole = self._makers
        return (streamed if data.startswith(_FIELDS) else whole)(self._call, self.head)

    def end(self) -> Ending:
        """See `Reader`."""
        data = b""
        if self._inner is None:
            self._inner = self._decide(self._first)
            data = self._inner.feed(self._first)
        ending = self._inner.end()
        return Ending(data + ending.data, ending.fault, ending.usage) if data else ending
