"""The reader for a chat answer that goes to a chat client: stream or JSON, crossed with what the upstream sends."""

from __future__ import annotations

from collections.abc import Mapping

from outwait.core.plan import Candidate
from outwait.core.reply import Head
from outwait.core.request import Call
from outwait.dialects import sniff
from outwait.dialects.dialect import Reader
from outwait.dialects.openai_chat.fold import FoldReader, UnfoldReader
from outwait.dialects.openai_chat.reply import JsonReader
from outwait.dialects.openai_chat.stream import StreamReader

# Headers of an upstream's reply that clients may see.
_PASSED = ("openai-processing-ms", "openai-version")


def reader(call: Call, candidate: Candidate, status: int, headers: Mapping[str, str]) -> Reader:
    """The reader for a 2xx reply with these headers (lower-case names)."""
    head = sniff.head_of(status, sniff.STREAM_TYPE if call.stream else sniff.JSON_TYPE, headers, _PASSED)
    return sniff.choose(call, candidate, headers, head, _MAKERS)


def streamed(call: Call, head: Head) -> Reader:
    """The reader for an upstream that streams."""
    return StreamReader(call, head) if call.stream else FoldReader(call, head)


def whole(call: Call, head: Head) -> Reader:
    """The reader for an upstream that answers with one JSON body."""
    return UnfoldReader(call, head) if call.stream else JsonReader(call, head)


_MAKERS = (streamed, whole)
