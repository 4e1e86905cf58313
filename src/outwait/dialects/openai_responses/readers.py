"""The reader for a reply that goes to a Responses client: stream or JSON, crossed with what the upstream sends."""

from __future__ import annotations

from collections.abc import Mapping

from outwait.core.plan import Candidate
from outwait.core.reply import Head
from outwait.core.request import Call
from outwait.dialects import sniff
from outwait.dialects.dialect import Reader
from outwait.dialects.openai_responses.fold import Fold, unfold
from outwait.dialects.openai_responses.request import in_background
from outwait.dialects.openai_responses.watch import Watch
from outwait.dialects.passing import FoldReader, StreamReader, WholeReader

# Headers of an upstream's reply that clients may see.
_PASSED = ("openai-processing-ms", "openai-version")


def reader(call: Call, candidate: Candidate, status: int, headers: Mapping[str, str]) -> Reader:
    """The reader for a 2xx reply with these headers (lower-case names)."""
    head = sniff.head_of(status, sniff.STREAM_TYPE if call.stream else sniff.JSON_TYPE, headers, _PASSED)
    return sniff.choose(call, candidate, headers, head, _MAKERS)


def streamed(call: Call, head: Head) -> Reader:
    """The reader for an upstream that streams."""
    watch = Watch(background=in_background(call))
    return StreamReader(head, watch) if call.stream else FoldReader(head, watch, Fold())


def whole(call: Call, head: Head) -> Reader:
    """The reader for an upstream that answers with one JSON body."""
    return WholeReader(head, Watch(), unfold if call.stream else None)


_MAKERS = (streamed, whole)
