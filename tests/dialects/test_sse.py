from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.dialects.sse import Event, Splitter

LINES = st.lists(
    st.sampled_from(
        [b"data: a", b"data:b", b"data", b"data:", b": ping", b"event: error", b"id: 7", b"retry: 1", b"", b"", b"{x"]
    ),
    max_size=12,
)
ENDS = st.sampled_from([b"\n", b"\r", b"\r\n"])


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    at = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in itertools.pairwise(at)]


def run(parts: list[bytes], limit: int = 1000) -> tuple[list[Event], bool]:
    splitter = Splitter(limit)
    events = [event for part in parts for event in splitter.feed(part)]
    return events + splitter.close(), splitter.overflow


@given(LINES, ENDS, st.lists(st.integers(0, 200), max_size=20), st.booleans(), st.integers(4, 40))
def test_any_split_gives_the_same_events(
    lines: list[bytes], end: bytes, cuts: list[int], marked: bool, limit: int
) -> None:
    data = (b"\xef\xbb\xbf" if marked else b"") + end.join(lines) + end
    assert run(pieces(data, cuts), limit) == run([data], limit)


@given(LINES, ENDS)
def test_line_ends_are_equal(lines: list[bytes], end: bytes) -> None:
    assert run([end.join([*lines, b""])]) == run([b"\n".join([*lines, b""])])


def test_fields() -> None:
    data = b": c\nid: 1\nretry: 9\nevent: error\ndata: a\ndata:b\nother: x\n\ndata: z\n\n\n: ping\n\n"
    assert run([data])[0] == [Event(b"error", b"a\nb"), Event(b"", b"z")]


def test_the_last_event_may_lack_its_blank_line() -> None:
    assert run([b"data: a\n\ndata: [DONE]"])[0] == [Event(b"", b"a"), Event(b"", b"[DONE]")]


@pytest.mark.parametrize("size", [1, 7, 64, 4096])
def test_an_event_over_the_limit_stops_everything(size: int) -> None:
    data = b"data: ok\n\n" + b"data: " + b"x" * 995 + b"\n\n" + b"data: never\n\n"
    events, overflow = run([data[at : at + size] for at in range(0, len(data), size)])
    assert events == [Event(b"", b"ok")]
    assert overflow


def test_an_event_at_the_limit_passes() -> None:
    assert run([b"data: " + b"x" * 994 + b"\n\n"]) == ([Event(b"", b"x" * 994)], False)


@pytest.mark.parametrize(
    "data, growing, held",
    [
        (b": keep-alive\n", False, False),
        (b": keep", False, True),
        (b"data: ", False, True),
        (b"data: {", True, True),
        (b"data: {}\n", True, True),
        (b"data: {}\n\n", False, False),
        (b"event: x\n", False, True),
    ],
)
def test_what_waits(data: bytes, growing: bool, held: bool) -> None:
    splitter = Splitter()
    splitter.feed(data)
    assert (splitter.growing, splitter.held) == (growing, held)
    bytewise = Splitter()
    for at in range(len(data)):
        bytewise.feed(data[at : at + 1])
    assert (bytewise.growing, bytewise.held) == (growing, held)


def test_what_is_no_event_stream_is_kept_for_the_error() -> None:
    splitter = Splitter()
    splitter.feed(b'{\n"error": {}\n}')
    splitter.close()
    assert splitter.stray == b'{\n"error": {}\n}\n'


@given(st.lists(st.binary(max_size=20), max_size=10))
def test_junk_never_raises(parts: list[bytes]) -> None:
    run(parts, 30)
