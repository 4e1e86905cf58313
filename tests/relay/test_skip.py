"""A reader that comes back gets exactly what it missed: byte for byte, whatever it has seen."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.relay.skip import Skip

WORDS = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=5)


def plain(words: list[str], newline: str = "\n") -> list[bytes]:
    return [f"data: {json.dumps({'say': word})}{newline * 2}".encode() for word in words]


def numbered(words: list[str], first: int = 0) -> list[bytes]:
    inner = {"sequence_number": 999}
    return [
        f"event: x\ndata: {json.dumps({'inner': inner, 'say': word, 'sequence_number': number})}\n\n".encode()
        for number, word in enumerate(words, first)
    ]


def pieces(events: list[bytes], cuts: list[int]) -> list[bytes]:
    """The same bytes in pieces of whole events."""
    edges = sorted({0, len(events), *(cut % (len(events) + 1) for cut in cuts)})
    return [b"".join(events[start:end]) for start, end in itertools.pairwise(edges)]


@given(st.lists(WORDS, max_size=8), st.integers(0, 10), st.lists(st.integers(0, 8)), st.sampled_from(["\n", "\r\n"]))
def test_the_first_events_are_left_out_however_they_come(
    words: list[str], seen: int, cuts: list[int], newline: str
) -> None:
    events = plain(words, newline)
    skip = Skip(seen)
    assert b"".join(map(skip.pass_on, pieces(events, cuts))) == b"".join(events[seen:])
    assert skip.done == (seen <= len(words))


@given(st.lists(WORDS, max_size=8), st.integers(0, 10), st.lists(st.integers(0, 8)), st.integers(0, 3))
def test_numbers_of_the_protocol_count(words: list[str], last: int, cuts: list[int], first: int) -> None:
    skip = Skip(last, numbered=True)
    left = [event for number, event in enumerate(numbered(words, first), first) if number > last]
    assert b"".join(map(skip.pass_on, pieces(numbered(words, first), cuts))) == b"".join(left)


@pytest.mark.parametrize("event", [b": comment\n\n", b"event: x\ndata: {}\n\n", b'data: {"sequence_number":"x"}\n\n'])
def test_an_event_without_a_number_goes_with_those_before_it(event: bytes) -> None:
    skip = Skip(0, numbered=True)
    assert skip.pass_on(event) == b""
    last = numbered(["a"], 1)[0]
    assert skip.pass_on(last + event) == last + event


def test_a_last_piece_without_its_blank_line_is_one_event() -> None:
    assert Skip(1).pass_on(b"data: 1\n\ndata: 2") == b"data: 2"
    assert Skip(2).pass_on(b"data: 1\n\ndata: 2") == b""
