"""The reader for a reply that goes to a Messages client: stream or JSON, crossed with what the upstream sends."""

from __future__ import annotations

import re
from collections.abc import Mapping

from outwait.core.plan import Candidate
from outwait.core.reply import Head
from outwait.core.request import Call
from outwait.dialects import sniff
from outwait.dialects.anthropic.fold import Fold, unfold
from outwait.dialects.anthropic.watch import Watch
from outwait.dialects.dialect import Reader
from outwait.dialects.mould import Mould
from outwait.dialects.passing import FoldReader, StreamReader, WholeReader, event

_WORDS = re.compile(rb'"(?:text|thinking|partial_json)": ?"')
_DELTA = b"content_block_delta"


class NamedReader(StreamReader):
    """Passes a stream on; gives events that have no name (Bedrock's have none) the name that SDKs go by."""

    __slots__ = ("_judge", "_mould")

    def __init__(self, head: Head, watch: Watch) -> None:
        super().__init__(head, watch)
        self._judge = watch
        self._mould = Mould(_WORDS)

    def feed(self, data: bytes) -> bytes:
        """Whole events for the client; the very same object when `data` is one that is like the last but for words."""
        watch, splitter = self._judge, self._splitter
        if splitter.held or watch.finished or watch.fault is not None or len(data) > splitter.limit:
            return super().feed(data)
        if self._mould.fits(data):
            self.progress = True
            return data
        out = super().feed(data)
        # A name, words and a blank line: one event that says something, passed on as it came.
        if self.progress and watch.kind == _DELTA and out == data and data.count(b"\n") == 3:
            self._mould.learn(data)
        return out

    def _take(self, name: bytes, payload: bytes, out: list[bytes]) -> None:
        if name:
            super()._take(name, payload, out)
            return
        if self._judge.event(name, payload):
            out.append(event(self._judge.kind, payload))
        self.progress = self.progress or self._judge.progress


def reader(call: Call, candidate: Candidate, status: int, headers: Mapping[str, str]) -> Reader:
    """The reader for a 2xx reply with these headers (lower-case names)."""
    head = Head(status, sniff.STREAM_TYPE if call.stream else sniff.JSON_TYPE)
    return sniff.choose(call, candidate, headers, head, _MAKERS)


def streamed(call: Call, head: Head) -> Reader:
    """The reader for an upstream that streams."""
    return NamedReader(head, Watch()) if call.stream else FoldReader(head, Watch(), Fold())


def whole(call: Call, head: Head) -> Reader:
    """The reader for an upstream that answers with one JSON body."""
    return WholeReader(head, Watch(), unfold if call.stream else None)


_MAKERS = (streamed, whole)
