from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.plan import Candidate
from outwait.core.reply import Ending
from outwait.core.request import Call
from outwait.dialects.dialect import Reader
from outwait.dialects.openai_chat.fold import FoldReader, UnfoldReader
from outwait.dialects.openai_chat.readers import reader
from outwait.dialects.openai_chat.reply import JsonReader
from outwait.dialects.openai_chat.stream import StreamReader
from outwait.dialects.sniff import SniffReader

BODY = b'{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}'
STREAM = b'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def make(stream: bool, streamed: bool, kind: str, **headers: str) -> Reader:
    call = Call("openai", "chat.completions", "m", stream, b'{"model":"m"}')
    sent = {"content-type": kind, **{key.replace("_", "-"): value for key, value in headers.items()}}
    return reader(call, Candidate("c", "openai", "m", streamed=streamed), 200, sent)


@pytest.mark.parametrize(
    "stream, streamed, kind, made",
    [
        (True, False, "text/event-stream; charset=utf-8", StreamReader),
        (True, False, "Text/Event-Stream", StreamReader),
        (False, True, "text/event-stream", FoldReader),
        (False, False, "text/event-stream", FoldReader),
        (False, False, "application/json", JsonReader),
        (False, False, "application/vnd.x+json", JsonReader),
        (False, False, "text/plain", SniffReader),
        (False, True, "application/json", SniffReader),
        (True, False, "application/json", SniffReader),
        (True, False, "", SniffReader),
    ],
)
def test_the_reader_fits(stream: bool, streamed: bool, kind: str, made: type) -> None:
    assert type(make(stream, streamed, kind)) is made


@pytest.mark.parametrize(
    "stream, body, inner",
    [(True, STREAM, StreamReader), (True, BODY, UnfoldReader), (False, STREAM, FoldReader), (False, BODY, JsonReader)],
)
@given(cuts=st.lists(st.integers(0, 150), max_size=6), blank=st.sampled_from([b"", b"\n \n", b"\n"]))
def test_the_first_bytes_decide(stream: bool, body: bytes, inner: type, cuts: list[int], blank: bytes) -> None:
    read = make(stream, False, "text/plain")
    data = blank + body
    at = sorted({cut % len(data) for cut in cuts} | {0, len(data)})
    out = b"".join(read.feed(data[start:end]) for start, end in itertools.pairwise(at))
    ending = read.end()
    assert ending.fault is None
    assert isinstance(read, SniffReader)
    assert type(read._inner) is inner
    assert read.content
    assert read.finished
    assert read.usage is None
    if stream:
        assert (out + ending.data).endswith(b"data: [DONE]\n\n")
    else:
        assert json.loads(out + ending.data)["choices"][0]["message"]["content"] == "hi"


@pytest.mark.parametrize("lead", [b": ping\n\n", b"event: message\n", b"id: 1\n", b"retry: 1\n", b"\xef\xbb\xbf"])
def test_every_start_of_a_stream_is_known(lead: bytes) -> None:
    read = make(True, False, "")
    assert read.feed(lead + STREAM) == STREAM
    assert read.end() == Ending()


@pytest.mark.parametrize(
    "body, code",
    [
        (b"", "upstream_empty"),
        (b"\n", "upstream_empty"),
        (b"<ht", "upstream_bad_response"),
        (b"<html>", "upstream_bad_response"),
        (b'{"error":{"message":"m"}}', "upstream_error"),
        (b"da", "upstream_bad_response"),
    ],
)
def test_what_is_neither(body: bytes, code: str) -> None:
    read = make(True, False, "text/html")
    assert read.feed(body) == b""
    ending = read.end()
    assert ending.fault is not None
    assert ending.fault.code == code
    assert read.fault is ending.fault


def test_heads() -> None:
    head = make(True, False, "text/event-stream", openai_version="v", set_cookie="c").head
    assert (head.status, head.content_type) == (200, "text/event-stream; charset=utf-8")
    assert head.headers == (("openai-version", "v"),)
    assert make(False, True, "text/event-stream").head.content_type == "application/json"
    assert make(True, False, "application/json").head.content_type.startswith("text/event-stream")
