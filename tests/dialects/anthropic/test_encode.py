from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from anthropic.types import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outwait.core.delta import (
    Answer,
    Began,
    Called,
    Choice,
    Cited,
    Counted,
    Declined,
    Delta,
    Mused,
    Said,
    Showed,
    Stopped,
)
from outwait.core.part import Citation, Denial, Media, Text, Thought, ToolCall
from outwait.core.reply import Usage
from outwait.core.request import Call
from outwait.dialects.anthropic import encode
from outwait.dialects.anthropic.decode import Decoder
from outwait.dialects.anthropic.parts import parts_of
from outwait.dialects.gather import Gather
from outwait.dialects.seal import seal

CALL = Call("anthropic", "messages", "asked", True, b"{}")
BEGAN = Began("msg_1", "m")


def stream(*deltas: Delta) -> bytes:
    made = encode.encoder(CALL)
    return b"".join([*map(made.feed, deltas), made.end()])


def blocks(*deltas: Delta) -> list[dict[str, Any]]:
    """The blocks of the stream; fails where they overlap or are not numbered in order."""
    made: list[dict[str, Any]] = []
    opened = False
    for text in stream(*deltas).split(b"\n\n")[:-1]:
        event = json.loads(text.partition(b"data: ")[2])
        kind = event["type"]
        if kind == "content_block_start":
            assert not opened
            assert event["index"] == len(made)
            made.append({**event["content_block"], "pieces": ""})
            opened = True
        elif kind == "content_block_delta":
            assert opened
            assert event["index"] == len(made) - 1
            made[-1]["pieces"] += str(event["delta"].get("partial_json") or event["delta"].get("text") or "")
        elif kind == "content_block_stop":
            assert opened
            opened = False
    assert not opened
    return made


def test_the_sdk_hears_all_of_it(heard: Any) -> None:
    message, events = heard(
        stream(
            BEGAN,
            Mused("h", dialect="anthropic"),
            Mused("m", dialect="anthropic"),
            Mused(signature="s", dialect="anthropic"),
            Mused(sealed="d", dialect="anthropic"),
            Said("a"),
            Said("b"),
            Cited(Citation(url="u", title="t")),
            Called(0, id="t0", name="f", arguments='{"a"'),
            Called(0, arguments=":1}"),
            Called(1, id="t1", name="g"),
            Stopped("tool_calls"),
            Counted(Usage(input=9, output=5, cached=2, reasoning=1)),
        ),
        events=True,
    )
    assert [block.type for block in message.content] == [
        "thinking",
        "redacted_thinking",
        "text",
        "tool_use",
        "tool_use",
    ]
    assert (message.content[0].thinking, message.content[0].signature) == ("hm", "s")
    assert message.content[2].text == "ab"
    assert message.content[2].citations[0].url == "u"
    assert (message.content[3].input, message.content[4].input) == ({"a": 1}, {})
    assert (message.id, message.model, message.stop_reason) == ("msg_1", "m", "tool_use")
    assert (message.usage.input_tokens, message.usage.cache_read_input_tokens, message.usage.output_tokens) == (7, 2, 5)
    assert events[-1].type == "message_stop"
    Message.model_validate(message.to_dict(), strict=False)


def test_the_smallest(heard: Any) -> None:
    message = heard(stream(Said("x"), Stopped("stop")))
    assert (message.id, message.model, message.stop_reason) == ("msg_outwait", "asked", "end_turn")
    empty = heard(stream(Began("x")))
    assert (empty.id, empty.content) == ("msg_x", [])


@pytest.mark.parametrize(
    "stopped, reason",
    [
        (Stopped("stop"), "end_turn"),
        (Stopped("stop", sequence="X"), "stop_sequence"),
        (Stopped("length"), "max_tokens"),
        (Stopped("content_filter"), "refusal"),
        (Stopped("refusal"), "refusal"),
        (Stopped("pause"), "pause_turn"),
        (Stopped("context_length"), "model_context_window_exceeded"),
        (Stopped("unheard-of"), "end_turn"),
    ],
)
def test_reasons(stopped: Stopped, reason: str, heard: Any) -> None:
    message = heard(stream(Said("x"), stopped))
    assert (message.stop_reason, message.stop_sequence) == (reason, stopped.sequence)


def test_who_calls_tools_stops_for_them(heard: Any) -> None:
    assert heard(stream(Called(0, id="t", name="f"), Stopped("stop"))).stop_reason == "tool_use"


def test_signatures_of_others_are_carried() -> None:
    made = blocks(Mused("x", signature="s", dialect="gemini"), Mused(sealed="d", dialect="responses"), Mused("y"))
    assert [block["type"] for block in made] == ["thinking", "redacted_thinking", "thinking"]
    assert made[1]["data"] == seal("responses", "d")
    whole = stream(Mused("x", signature="s", dialect="gemini"))
    assert seal("gemini", "s").encode() in whole


def test_a_thought_that_nobody_signed_comes_back_unsigned(heard: Any) -> None:
    message = heard(stream(Mused("x"), Said("y")))
    block = message.content[0].to_dict()
    assert block["signature"] == encode.UNSIGNED
    assert parts_of([block], "p", {}) == (Thought("x", dialect="none"),)


def test_thoughts_that_are_only_signed(heard: Any) -> None:
    message = heard(stream(Mused(signature="s", dialect="anthropic"), Said("x")))
    assert (message.content[0].thinking, message.content[0].signature) == ("", "s")


@pytest.mark.parametrize(
    "deltas, kinds",
    [
        ([Said("a"), Declined("no")], ["text"]),
        ([Said(""), Mused("")], []),
        ([Said("a", choice=1), Stopped("stop", choice=1)], []),
        ([Cited(Citation(url="u"))], []),
        ([Said("a"), Cited(Citation(title="t"))], ["text"]),
        ([Said("a"), Cited(Citation(raw={"type": "c"}, dialect="anthropic"))], ["text"]),
        ([Mused("a"), Cited(Citation(url="u")), Said("b")], ["thinking", "text"]),
    ],
)
def test_kinds(deltas: list[Delta], kinds: list[str]) -> None:
    assert [block["type"] for block in blocks(*deltas)] == kinds


@pytest.mark.parametrize(
    "media, text",
    [
        (Media("image", "image/png", data="QQ=="), "![image](data:image/png;base64,QQ==)"),
        (Media("image", data="QQ=="), "![image](data:application/octet-stream;base64,QQ==)"),
        (Media("image", url="https://x"), "![image](https://x)"),
        (Media("document", text="words"), "words"),
    ],
)
def test_pictures_are_told_in_words(media: Media, text: str) -> None:
    assert blocks(Showed(media))[0]["pieces"] == text
    assert blocks(Showed(Media("image"))) == []


def test_parallel_calls_do_not_overlap() -> None:
    made = blocks(
        Called(0, id="a", name="f", arguments='{"x'),
        Called(1, id="b", name="g", arguments='{"y":'),
        Said("between"),
        Called(2, id="c", name="h"),
        Called(0, arguments='":1}'),
        Called(0, arguments=" "),
        Called(1, arguments="2}"),
        Called(2, arguments='{"z":3}'),
        Called(1, arguments=" "),
    )
    assert [(block.get("id", ""), block["pieces"].strip()) for block in made] == [
        ("a", '{"x":1}'),
        ("b", '{"y":2}'),
        ("", "between"),
        ("c", '{"z":3}'),
    ]


def test_a_call_that_is_whole_lets_the_next_one_begin_at_once() -> None:
    made = encode.encoder(CALL)
    made.feed(Called(0, id="a", name="f", arguments='{"x":"}"'))
    assert made.feed(Called(1, id="b", name="g")) == b""
    assert b'"id":"b"' in made.feed(Called(0, arguments="}"))
    assert b'"id":"c"' not in made.feed(Called(2, id="c", name="h"))
    assert b'"id":"c"' in made.end()


def test_broken_arguments_wait_for_the_end() -> None:
    made = blocks(Called(0, name="f", arguments="}"), Said("x"), Called(1, id="b", name="g", arguments="{}"))
    assert [(block.get("id"), block["pieces"]) for block in made] == [
        ("toolu_outwait_0", "}"),
        (None, "x"),
        ("b", "{}"),
    ]


# ---------------------------------------------------------------------------------------------- any order of pieces
arguments = st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=5), max_size=2).map(json.dumps)


@st.composite
def interleaved(draw: st.DrawFn) -> tuple[list[Delta], dict[int, str], str]:
    wanted = dict(enumerate(draw(st.lists(arguments, max_size=3))))
    queues: list[list[Delta]] = []
    for index, text in wanted.items():
        cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=3)))
        pieces = [text[start:end] for start, end in itertools.pairwise([0, *cuts, len(text)])]
        begins = Called(index, id=f"t{index}", name="f", arguments=pieces[0])
        queues.append([begins, *(Called(index, arguments=piece) for piece in pieces[1:])])
    words = draw(st.lists(st.text(min_size=1, max_size=3), max_size=3))
    queues.append([Said(word) for word in words])
    said: list[Delta] = []
    while any(queues):
        said.append(draw(st.sampled_from([queue for queue in queues if queue])).pop(0))
    return said, wanted, "".join(words)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=interleaved())
def test_nothing_is_lost_in_any_order(told: tuple[list[Delta], dict[int, str], str], heard: Any) -> None:
    said, wanted, words = told
    made = blocks(*said)
    calls = {int(block["id"][1:]): json.loads(block["pieces"]) for block in made if block["type"] == "tool_use"}
    assert calls == {index: json.loads(text) for index, text in wanted.items()}
    assert "".join(block["pieces"] for block in made if block["type"] == "text") == words


def test_the_sdk_hears_interleaved_calls(heard: Any) -> None:
    message = heard(
        stream(
            Called(0, id="a", name="f", arguments="{"),
            Called(1, id="b", name="g", arguments='{"y":'),
            Called(0, arguments="}"),
            Called(1, arguments="2}"),
            Stopped("tool_calls"),
        )
    )
    assert [block.input for block in message.content] == [{}, {"y": 2}]


# ------------------------------------------------------------------------------------------------------- whole replies
texts = st.text(min_size=1, max_size=5)
answers = st.builds(
    Answer,
    id=st.just("msg_1"),
    model=st.just("m"),
    choices=st.tuples(
        st.builds(
            Choice,
            parts=st.lists(
                st.builds(Thought, texts, texts, dialect=st.just("anthropic"))
                | st.builds(Thought, sealed=texts, dialect=st.just("anthropic"))
                | st.builds(Text, texts)
                | st.builds(ToolCall, st.uuids().map(str), texts, arguments),
                max_size=5,
            ).map(tuple),
            reason=st.just("length"),
        )
    ),
    usage=st.builds(Usage, input=st.integers(0, 99), output=st.integers(0, 99)),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=answers)
def test_a_whole_answer_comes_back(answer: Answer, read: Any) -> None:
    body = encode.whole(CALL, answer)
    assert read(body).stop_reason == "max_tokens"
    gather = Gather()
    for delta in Decoder().whole(body):
        gather.add(delta)
    again = gather.answer()
    assert (again.id, again.model, again.usage) == (answer.id, answer.model, answer.usage)
    assert normal(again) == normal(answer)


def normal(answer: Answer) -> list[object]:
    """The parts, with words that follow words joined, and arguments as what they mean."""
    parts: list[Any] = []
    for part in answer.choices[0].parts:
        if isinstance(part, Text) and parts and isinstance(parts[-1], Text):
            parts[-1] = Text(parts[-1].text + part.text)
        else:
            parts.append(part)
    return [(part.id, part.name, json.loads(part.arguments)) if isinstance(part, ToolCall) else part for part in parts]


def test_words_of_refusal() -> None:
    answer = Answer("x", "m", choices=(Choice((Denial("no"),), "refusal"),))
    body = json.loads(encode.whole(CALL, answer))
    assert (body["content"], body["stop_reason"]) == ([{"type": "text", "text": "no"}], "refusal")


@pytest.mark.parametrize("usage, count", [(Usage(input=12), 12), (None, 0)])
def test_a_count(usage: Usage | None, count: int) -> None:
    call = Call("anthropic", "messages.count_tokens", "m", False, b"{}")
    assert json.loads(encode.whole(call, Answer(usage=usage))) == {"input_tokens": count}
