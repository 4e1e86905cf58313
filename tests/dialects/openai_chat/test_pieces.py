from __future__ import annotations

from typing import Any

import pytest

from outwait.core.delta import Called, Cited, Declined, Delta, Mused, Said, Showed, Stopped
from outwait.core.part import Citation, Media
from outwait.dialects.openai_chat.pieces import Strand


def read(*deltas: dict[str, Any], told: str | None = "stop", choice: int = 0) -> list[Delta]:
    strand = Strand(choice, "r")
    made = [delta for piece in deltas for delta in strand.read({"delta": piece})]
    if told is not None:
        made += strand.read({"delta": {}, "finish_reason": told})
    return made


def called(*pieces: dict[str, Any]) -> list[tuple[int, str, str, str]]:
    """Each piece that was told: index, id, name, arguments."""
    made = read(*({"tool_calls": [piece]} for piece in pieces))
    assert made.pop() == Stopped("tool_calls", told="stop")
    return [(call.index, call.id, call.name, call.arguments) for call in made if isinstance(call, Called)]


def function(name: str | None = None, arguments: Any = None, **beside: Any) -> dict[str, Any]:
    return {"function": {"name": name, "arguments": arguments}, **beside}


def test_words() -> None:
    assert read({"role": "assistant", "content": ""}, {"content": "a"}, {"content": "b"}) == [
        Said("a"), Said("b"), Stopped("stop", told="stop"),
    ]  # fmt: skip


def test_the_choice_is_named() -> None:
    assert read({"content": "a", "refusal": "no"}, choice=2) == [
        Said("a", 2),
        Declined("no", 2),
        Stopped("refusal", 2, told="stop"),
    ]


def test_words_of_refusal_are_one_unless_a_tool_is_called() -> None:
    called = read({"refusal": "no"}, {"tool_calls": [{"index": 0, **function("f", "{}")}]})
    assert called[-1] == Stopped("tool_calls", told="stop")


def test_a_message_may_be_plain_text() -> None:
    assert list(Strand(0, "").read({"message": "a"})) == [Said("a")]
    assert list(Strand(0, "").read({"message": 3})) == []


def test_log_probabilities_go_with_the_words() -> None:
    entry = {"token": "a", "logprob": -1}
    strand = Strand(0, "")
    made = [*strand.read({"delta": {"content": "a"}, "logprobs": {"content": [entry]}})]
    made += strand.read({"delta": {"content": ""}, "logprobs": {"content": [entry], "refusal": None}})
    made += strand.read({"delta": {}, "logprobs": {"content": None}})
    assert made == [Said("a", 0, (entry,)), Said("", 0, (entry,))]


@pytest.mark.parametrize(
    "delta, made",
    [
        ({"reasoning_content": "a"}, [Mused("a")]),
        ({"reasoning": "a"}, [Mused("a")]),
        ({"reasoning_content": None, "reasoning": "a", "content": "b"}, [Mused("a"), Said("b")]),
        ({"reasoning": "a", "reasoning_details": [{"type": "reasoning.text", "text": "a"}]}, [Mused("a")]),
        ({"reasoning_details": [{"type": "reasoning.text", "text": "a"}, 3, {}]}, [Mused("a")]),
        (
            {
                "reasoning_content": "a",
                "reasoning_details": [{"type": "reasoning.text", "text": "a", "signature": "s", "format": "gemini"}],
            },
            [Mused("a", 0, "s", None, None, "gemini")],
        ),
        (
            {"reasoning_details": [{"type": "reasoning.encrypted", "data": "d", "format": "anthropic", "id": "i"}]},
            [Mused("", 0, None, "d", "i", "anthropic")],
        ),
        (
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "a"}, {"text": ""}]},
                    {"type": "thinking", "thinking": "b"},
                    {"type": "text", "text": "c"},
                    {"type": "text", "text": ""},
                    {"type": "image_url", "image_url": "https://e.com/a"},
                    {"type": "reference", "ids": [1]},
                ]
            },
            [Mused("a"), Mused("b"), Said("c"), Showed(Media("image", url="https://e.com/a"))],
        ),
        (
            {
                "images": [
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
                    {"image_url": {"url": "data:broken"}},
                    {"image_url": {}},
                ]
            },
            [Showed(Media("image", "image/png", "AA"))],
        ),
        (
            {"annotations": [{"type": "url_citation", "url_citation": {"url": "u"}}, {"type": "other"}]},
            [Cited(Citation("u", raw={"type": "url_citation", "url_citation": {"url": "u"}}, dialect="openai"))],
        ),
        ({"content": 3, "refusal": [], "tool_calls": "x", "annotations": {}, "audio": 4}, []),
    ],
)
def test_what_a_delta_says(delta: dict[str, Any], made: list[Delta]) -> None:
    assert read(delta, told=None) == made


def test_a_thought_is_told_once() -> None:
    signed = {"type": "reasoning.text", "text": "ab", "signature": "s", "format": "gemini"}
    proof = Mused("", 0, "s", None, None, "gemini")
    told = {"reasoning_content": "a"}, {"reasoning_content": "b"}, {"reasoning_details": [signed]}
    assert read(*told, told=None) == [Mused("a"), Mused("b"), proof]
    assert read({"reasoning_details": [signed]}, told=None) == [Mused("ab", 0, "s", None, None, "gemini")]
    assert read(*told, {"reasoning_details": [signed]}, told=None)[3:] == [Mused("ab", 0, "s", None, None, "gemini")]
    assert read({"reasoning_content": "xab", "reasoning_details": [signed]}, told=None) == [Mused("xab"), proof]


def test_sound_is_told_whole() -> None:
    pieces = [{"id": "a", "data": "QQ=="}, {"data": "QkI=", "transcript": "hel"}, {"transcript": "lo", "expires_at": 9}]
    made = read(*({"audio": piece} for piece in pieces))
    assert made == [Showed(Media("audio", data="QUJC", name="a", text="hello")), Stopped("stop", told="stop")]
    broken = read({"audio": {"data": "QQ="}}, {"audio": {"data": "x"}})
    assert broken[0] == Showed(Media("audio", data="QQ=x"))


def test_a_call_in_pieces() -> None:
    assert called(
        {"index": 0, "id": "c", "type": "function", **function("f", "")},
        {"index": 0, **function(None, '{"a"')},
        {"index": 0, **function(None, ":1}")},
    ) == [(0, "c", "f", '{"a"'), (0, "", "", ":1}")]


def test_calls_side_by_side() -> None:
    assert called(
        {"index": 0, "id": "c", **function("f")},
        {"index": 1, "id": "d", **function("g")},
        {"index": 1, **function(None, "2")},
        {"index": 0, **function(None, "1")},
    ) == [(0, "c", "f", ""), (1, "d", "g", "2"), (0, "", "", "1")]


@pytest.mark.parametrize(
    "pieces, calls",
    [
        # no index at all
        ([{"id": "c", **function("f", "1")}, {"id": "d", **function("g", "2")}],
         [(0, "c", "f", "1"), (1, "d", "g", "2")]),
        # found by id
        ([{"id": "c", **function("f", "1")}, {"id": "d", **function("g", "2")}, {"id": "c", **function(None, "3")}],
         [(0, "c", "f", "1"), (1, "d", "g", "2"), (0, "", "", "3")]),
        # neither index nor id: the last
        ([{"id": "c", **function("f", "1")}, function(None, "2")], [(0, "c", "f", "1"), (0, "", "", "2")]),
        # the same index for all
        ([{"index": 0, "id": "c", **function("f", "1")}, {"index": 0, "id": "d", **function("g", "2")}],
         [(0, "c", "f", "1"), (1, "d", "g", "2")]),
        # names sent twice, and in pieces
        ([{"index": 0, "id": "c", **function("f", "1")}, {"index": 0, "id": "c", **function("f", "2")}],
         [(0, "c", "f", "1"), (0, "", "", "2")]),
        ([{"index": 0, "id": "c", **function("get_")}, {"index": 0, **function("time")},
          {"index": 0, **function("", "1")}],
         [(0, "c", "get_time", "1")]),
        # no id: one is made
        ([{"index": 3, **function("f", "{}")}], [(0, "call_r_0_0", "f", "{}")]),
        # arguments as an object
        ([{"id": "c", **function("f", {"a": 1})}], [(0, "c", "f", '{"a":1}')]),
        ([{"id": "c", **function("f", {})}], [(0, "c", "f", "")]),
        # nothing but a name, and nonsense
        ([{"id": "c", **function("f")}], [(0, "c", "f", "")]),
        ([{"id": "c", "function": None}, {"id": 3, "function": {"name": "f", "arguments": 3}}],
         [(0, "c", "", ""), (1, "call_r_0_1", "f", "")]),
    ],
)  # fmt: skip
def test_calls_of_sloppy_providers(pieces: list[dict[str, Any]], calls: list[tuple[int, str, str, str]]) -> None:
    assert called(*pieces) == calls


def test_calls_of_other_kinds() -> None:
    custom = {"index": 0, "id": "c", "type": "custom", "custom": {"name": "f", "input": "x"}}
    assert read({"tool_calls": [custom]}, told=None) == [Called(0, 0, "c", "f", "x", custom=True)]
    old = read(
        {"function_call": {"name": "f", "arguments": ""}}, {"function_call": {"arguments": "{}"}}, told="function_call"
    )
    assert old == [Called(0, 0, "call_r_0_0", "f", "{}"), Stopped("tool_calls", told="function_call")]


def test_signatures_of_calls() -> None:
    extra = {"extra_content": {"google": {"thought_signature": "s"}}}
    assert read({"tool_calls": [{"id": "c", **function("f", "{}"), **extra}]}, told=None) == [
        Called(0, 0, "c", "f", "{}", signature="s")
    ]
    late = read(
        {"tool_calls": [{"index": 0, "id": "c", **function("f", "{}")}]}, {"tool_calls": [{"index": 0, **extra}]}
    )
    assert late[1] == Called(0, signature="s")
    assert read({"tool_calls": [{"index": 0, "id": "c", **function("f", "{}")}]}, {"tool_calls": [{"index": 0}]})[
        1:
    ] == [Stopped("tool_calls", told="stop")]


@pytest.mark.parametrize(
    "told, reason",
    [
        ("length", "length"),
        ("eos", "stop"),
        ("content_filter", "content_filter"),
        ("who knows", "stop"),
        ("refusal", "refusal"),
    ],
)
def test_reasons(told: str, reason: str) -> None:
    assert read({"content": "a"}, told=told)[-1] == Stopped(reason, told=told)


def test_what_comes_after_the_end_is_not_told() -> None:
    strand = Strand(0, "")
    assert list(strand.read({"delta": {"content": "a"}, "finish_reason": "stop"})) == [
        Said("a"),
        Stopped("stop", told="stop"),
    ]
    assert strand.stopped
    assert list(strand.read({"delta": {"content": "b"}, "finish_reason": "stop"})) == []
    assert list(strand.stop()) == []


def test_an_end_without_a_reason() -> None:
    strand = Strand(0, "")
    assert list(strand.read({"delta": {"content": "a"}, "finish_reason": None})) == [Said("a")]
    assert list(strand.stop()) == [Stopped("stop")]
