"""A reply between any two dialects: the client reads what the upstream said; what was cut is no answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.examples import examples
from tests.properties.pairs import called, gathered, heard, side, translated

from outwait.core.delta import Answer, Began, Called, Counted, Declined, Delta, Mused, Said, Stopped
from outwait.core.part import Denial, Text, Thought, ToolCall
from outwait.core.reply import Usage
from outwait.core.request import Call
from outwait.dialects.table import DIALECTS

PAIRS = list(permutations(DIALECTS, 2))
# The last event without which a stream is no whole answer, by a mark that cannot stand in its words.
ENDS = {
    "openai": b'"finish_reason":"',
    "responses": b"\nevent: response.",
    "anthropic": b"\nevent: message_stop",
    "gemini": b'"finishReason"',
}
# Reasons that are one to some dialect.
ALIKE = {"pause": "stop", "context_length": "length", "refusal": "content_filter"}

words = st.text(min_size=1, max_size=6).filter(str.strip)
pieces = st.lists(words, max_size=3)
arguments = st.dictionaries(words, st.integers(-9, 9) | words, max_size=2)
counts = st.integers(0, 99)
BODIES: dict[str, dict[str, Any]] = {
    "openai": {"messages": [{"role": "user", "content": "q"}], "stream_options": {"include_usage": True}},
    "responses": {"input": "q"},
    "anthropic": {"messages": [{"role": "user", "content": "q"}], "max_tokens": 9},
    "gemini": {
        "contents": [{"parts": [{"text": "q"}]}],
        "generationConfig": {"thinkingConfig": {"includeThoughts": True}},
    },
}


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    cached, fresh, reasoning, rest = (draw(counts) for _ in range(4))
    return Usage(cached + fresh, reasoning + rest, cached, reasoning)


@st.composite
def replies(draw: st.DrawFn) -> tuple[Delta, ...]:
    """One answer in pieces: thoughts, then words or a refusal, then up to two calls whose arguments take turns."""
    calls = [json.dumps(draw(arguments)) for _ in range(draw(st.integers(0, 2)))]
    thoughts, said = draw(pieces), draw(pieces)
    declined = [] if calls or said else draw(pieces)
    if not (calls or said or declined):
        said = ["x"]
    made: list[Delta] = [Began("abc", "m", 7), *map(Mused, thoughts), *map(Said, said), *map(Declined, declined)]
    for index in range(len(calls)):
        made.append(Called(index, id=f"call_{index}", name=f"tool_{index}"))
    made += draw(st.permutations([Called(index, arguments=text) for index, text in enumerate(calls)]).map(_turns))
    plain = st.sampled_from(["stop", "length", "content_filter", "refusal", "pause", "context_length"])
    reason = "tool_calls" if calls else "refusal" if declined else draw(plain)
    return (*made, Counted(draw(usages())), Stopped(reason))


def _turns(calls: Sequence[Called]) -> list[Called]:
    """The calls in three pieces each, by turns."""
    cut: list[list[Called]] = []
    for call in calls:
        text, third = call.arguments, len(call.arguments) // 3
        parts = (text[:third], text[third : 2 * third], text[2 * third :])
        cut.append([Called(call.index, arguments=part) for part in parts if part])
    longest = max(map(len, cut), default=0)
    return [each[turn] for turn in range(longest) for each in cut if turn < len(each)]


def call_of(name: str, *, stream: bool) -> Call:
    body = BODIES[name] | ({"stream": stream} if name != "gemini" else {})
    if name != "gemini":
        body = {"model": "m", **body}
    if name == "openai" and not stream:
        del body["stream_options"]
    return called(name, json.dumps(body).encode(), stream=stream)


def sent(by: str, deltas: Sequence[Delta], *, stream: bool) -> bytes:
    """The upstream's bytes."""
    call = call_of(by, stream=stream)
    if not stream:
        return side(by).whole(call, gathered(deltas))
    encoder = side(by).encoder(call)
    return b"".join([*map(encoder.feed, deltas), encoder.end()])


def said(answer: Answer) -> dict[str, Any]:
    """`answer` as plain values. A refusal is words where it has no form of its own."""
    (choice,) = answer.choices
    calls = [part for part in choice.parts if isinstance(part, ToolCall)]
    reason = ALIKE.get(choice.reason, choice.reason)
    refused = any(isinstance(part, Denial) for part in choice.parts)
    return {
        "model": answer.model,
        "words": "".join(part.text for part in choice.parts if isinstance(part, Text | Denial)),
        "thoughts": "".join(part.text for part in choice.parts if isinstance(part, Thought)),
        "calls": [(call.id, call.name, json.loads(call.arguments)) for call in calls],
        "reason": "content_filter" if refused else reason,
        "usage": answer.usage or Usage(),
    }


@pytest.mark.parametrize("own, by", PAIRS)
@settings(max_examples=examples(50))
@given(deltas=replies(), stream=st.booleans(), streamed=st.booleans(), cuts=st.lists(st.integers(0, 6000), max_size=5))
def test_the_client_reads_what_was_said(
    own: str, by: str, deltas: tuple[Delta, ...], stream: bool, streamed: bool, cuts: list[int]
) -> None:
    call, data = call_of(own, stream=stream), sent(by, deltas, stream=streamed)
    ending = translated(call, by, data, cuts, streamed=streamed)
    assert ending.fault is None
    assert ending == translated(call, by, data, streamed=streamed)
    assert said(heard(call, ending.data)) == said(gathered(deltas))


@pytest.mark.parametrize("own, by", PAIRS)
@settings(max_examples=examples(25))
@given(deltas=replies(), stream=st.booleans(), cuts=st.lists(st.integers(0, 9999), min_size=8, max_size=8))
def test_what_was_cut_is_no_answer(own: str, by: str, deltas: tuple[Delta, ...], stream: bool, cuts: list[int]) -> None:
    call, whole, body = call_of(own, stream=stream), sent(by, deltas, stream=True), sent(by, deltas, stream=False)
    last = whole.rindex(ENDS[by])
    end = min(at for mark in (b"\n\n", b"\r\n\r\n") if (at := whole.find(mark, last + 1)) > 0)
    for cut in {end - 1, last, *(cut % end for cut in cuts)}:
        assert translated(call, by, whole[:cut], streamed=True).fault is not None
    for cut in {len(body) - 1, *(cut % len(body) for cut in cuts)}:
        assert translated(call, by, body[:cut], streamed=False).fault is not None
    assert translated(call, by, whole[:end], streamed=True).fault is None
