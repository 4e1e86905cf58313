"""Answers as a gateway sends them over one connection after another, for tests: with heartbeats, in pieces, cut."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import strategies as st

BEATS = (b": ping\n\n", b'event: ping\ndata: {"type": "ping"}\n\n', b"\n")

Cut = tuple[int, list[int]]  # bytes that come, and where they are in pieces


def chat(words: int) -> list[bytes]:
    """The events of a chat completion; some of them are the same."""
    said = [b'data: {"choices":[{"index":0,"delta":{"content":"%d"}}]}\n\n' % (word // 2) for word in range(words)]
    return [*said, b"data: [DONE]\n\n"]


def responses(words: int) -> list[bytes]:
    """The events of a response, numbered."""
    kinds = ["response.created", "response.in_progress", *["response.output_text.delta"] * words, "response.completed"]
    told = [{"type": kind, "sequence_number": number, "delta": "x"} for number, kind in enumerate(kinds)]
    return [f"event: {each['type']}\ndata: {json.dumps(each)}\n\n".encode() for each in told]


def cuts(most: int) -> st.SearchStrategy[list[Cut]]:
    """Connections that are cut, each after some bytes."""
    return st.lists(st.tuples(st.integers(0, most), st.lists(st.integers(0, most), max_size=3)), max_size=5)


def pieces(data: bytes, at: Sequence[int]) -> list[bytes]:
    """`data` in pieces."""
    places = [0, *sorted(min(each, len(data)) for each in at), len(data)]
    return [data[a:b] for a, b in pairwise(places)]


def beaten(events: Sequence[bytes], beats: Sequence[int], beat: bytes) -> bytes:
    """The events with heartbeats before some of them."""
    return b"".join(beat * (number in beats) + event for number, event in enumerate(events))
