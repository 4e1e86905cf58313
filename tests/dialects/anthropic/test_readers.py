from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.examples import examples

from outwait.core.plan import Candidate
from outwait.core.request import Call
from outwait.dialects.anthropic import readers
from outwait.dialects.anthropic.fold import line, unfold
from outwait.dialects.dialect import Reader
from outwait.dialects.mould import Mould

MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": "hi"}, {"type": "new_kind", "x": [1]}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 2},
}
BODY = json.dumps(MESSAGE).encode()
STREAM = unfold(BODY)
NOISY = STREAM.replace(
    b"event: content_block_stop", b': hello\n\nevent: ping\ndata: {"type":"ping"}\n\nevent: content_block_stop'
)
NOISY = NOISY.replace(b"event: message_delta", b"event: future\ndata: <any>\n\nevent: message_delta")
KEPT = STREAM.replace(b"event: message_delta", b"event: future\ndata: <any>\n\nevent: message_delta")


def make(stream: bool, streamed: bool, kind: str = "application/json") -> Reader:
    call = Call("anthropic", "messages", "m", stream, b"{}")
    candidate = Candidate("c", "anthropic", "m", streamed=streamed, endpoint="messages")
    return readers.reader(call, candidate, 200, {"content-type": kind} if kind else {})


@given(cuts=st.lists(st.integers(0, len(NOISY)), max_size=8), newline=st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_a_stream_is_passed_on_event_by_event(cuts: list[int], newline: bytes) -> None:
    read = make(True, False, "text/event-stream")
    data = NOISY.replace(b"\n", newline)
    at = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    out = b"".join(read.feed(data[start:end]) for start, end in itertools.pairwise(at))
    ending = read.end()
    assert ending.fault is None
    assert out + ending.data == KEPT
    assert read.finished
    assert read.content
    assert read.usage is not None
    assert read.usage.output == 2


def test_events_without_a_name_get_one() -> None:
    read = make(True, False, "text/event-stream")
    bare = b"".join(text + b"\n\n" for text in STREAM.split(b"\n") if text.startswith(b"data:"))
    pinged = bare.replace(b"data: ", b'data: {"type":"ping"}\n\ndata: ', 1)
    assert read.feed(pinged) + read.end().data == STREAM
    assert read.progress


def test_nothing_flows_before_the_first_words() -> None:
    read = make(True, False, "text/event-stream")
    begins, rest = STREAM.split(b"event: content_block_delta", 1)
    assert read.feed(begins) == b""
    assert read.progress
    error = line("error", error={"type": "overloaded_error", "message": "Overloaded"})
    assert read.feed(error) == b""
    assert read.fault is not None
    assert (read.fault.status, read.end().fault) == (503, read.fault)
    assert rest


@pytest.mark.parametrize("stream, streamed", [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize("body", [STREAM, BODY])
@pytest.mark.parametrize("kind", ["", "text/plain"])
def test_all_four_ways(stream: bool, streamed: bool, body: bytes, kind: str) -> None:
    read = make(stream, streamed, kind)
    out = read.feed(b"\n \n" + body[:7]) + read.feed(body[7:])
    ending = read.end()
    assert ending.fault is None
    out += ending.data
    if stream:
        assert out == STREAM
    else:
        assert json.loads(out) == MESSAGE


def test_a_count_passes() -> None:
    call = Call("anthropic", "messages.count_tokens", "m", False, b"{}", foldable=False)
    read = readers.reader(call, Candidate("c", "anthropic", "m"), 200, {"content-type": "application/json"})
    assert read.feed(b'{"input_tokens":7}') == b""
    assert read.end().data == b'{"input_tokens":7}'


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("cut", [20, len(STREAM) // 2, len(STREAM) - 40])
def test_a_cut_stream_is_no_answer(stream: bool, cut: int) -> None:
    read = make(stream, True, "text/event-stream")
    read.feed(STREAM[:cut])
    ending = read.end()
    assert ending.fault is not None
    assert ending.fault.code in {"upstream_truncated", "upstream_empty"}


def test_heads() -> None:
    head = make(True, False, "text/event-stream").head
    assert (head.status, head.content_type) == (200, "text/event-stream; charset=utf-8")
    assert make(False, True, "text/event-stream").head.content_type == "application/json"


SAID = (
    b'"hi"', b'""', '"漢"'.encode(), b'"a\\nb"', b'"\\""', '"\u00a0"'.encode(), b"null", b'"x","text":"y"', b'"\xff"',
    b'"\x00"', b'"\\q"', b'"x"y"', b'"x', b'"a\nb"', b'"a\rb"', b"7",
)  # fmt: skip
SHAPES = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"type":"text_delta","text":%b}}\n\n',
    b'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"thinking": %b}}\n\n',
    b'event: content_block_delta\ndata: {"type":"content_block_delta","text":%b,"delta":{}}\n\n',
    b'event: content_block_delta\ndata: {"type":"content_block_delta","text":%b,"delta":{"text" : "x"}}\n\n',
    b'event: content_block_delta\ndata: {"delta":{"partial_json":%b},"error":{"a":1}}\n\n',
    b'event: odd\ndata: {"type":"content_block_delta","delta":{"text":%b}}\n\n',
    b'data: {"type":"content_block_delta","delta":{"text":%b}}\n\n',
    b'event: error\ndata: {"type":"error","text":%b}\n\n',
    b'event: ping\ndata: {"type":"ping","text":%b}\n\n',
    b'data: {"type":"content_block_delta","delta":{"text":%b}}\nevent: content_block_delta\n\n',
    b'event:content_block_delta\ndata:{"type":"content_block_delta","delta":{"text":%b}}\n\n',
    b'event: content_block_delta\nid: 1\ndata: {"type":"content_block_delta","delta":{"text":%b}}\n\n',
)
EVENTS = st.builds(lambda shape, said: shape % said, st.sampled_from(SHAPES), st.sampled_from(SAID))


@settings(max_examples=examples(300))
@given(
    st.lists(st.tuples(st.sampled_from(SHAPES), st.lists(st.sampled_from(SAID), max_size=4)), max_size=4),
    st.lists(EVENTS, max_size=3),
    st.integers(0, 3),
)
def test_events_of_one_mould_are_judged_like_any_other(
    runs: list[tuple[bytes, list[bytes]]], others: list[bytes], junk: int
) -> None:
    quick, slow = (make(True, False, "text/event-stream") for _ in range(2))
    slow._mould = Mould(re.compile(b"^$"))  # type: ignore[attr-defined]  # one that nothing fits
    said = [shape % words for shape, run in runs for words in (b'"hi"', *run)]
    cut = SHAPES[0] % b'"cut"'
    start, end = (STREAM.index(b"event: content_block_" + kind) for kind in (b"delta", b"stop"))
    broken = [b": x\n\n", cut[:9], cut[9:]][:junk]
    for data in (STREAM[:start], *said, *broken, *said, *others, *said, STREAM[end:], *said):
        assert quick.feed(data) == slow.feed(data)
        assert seen(quick) == seen(slow)
    assert quick.end() == slow.end()


def seen(read: Reader) -> tuple[object, ...]:
    return read.progress, read.content, read.finished, read.usage, read.fault


def test_an_event_like_the_last_is_passed_as_the_same_object() -> None:
    read = make(True, False, "text/event-stream")
    first, second = (SHAPES[0] % words for words in (b'"a"', b'"b"'))
    assert read.feed(first) == first
    assert read.feed(second) is second
    assert read.progress
