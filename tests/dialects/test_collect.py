from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion
from tests.examples import examples

from outwait.dialects.collect import Fold
from outwait.dialects.openai_chat.fold import chunks_of

TEXT = st.text(alphabet="ab é😀\n", min_size=1, max_size=12)
CALL = st.fixed_dictionaries(
    {
        "id": st.uuids().map(str),
        "type": st.just("function"),
        "function": st.fixed_dictionaries({"name": st.sampled_from(["look", "find"]), "arguments": TEXT}),
    }
)
CITATION = st.fixed_dictionaries(
    {
        "type": st.just("url_citation"),
        "url_citation": st.fixed_dictionaries(
            {"url": TEXT, "title": TEXT, "start_index": st.just(0), "end_index": st.just(1)}
        ),
    }
)
MESSAGE = st.fixed_dictionaries(
    {"role": st.just("assistant"), "content": st.none() | TEXT, "refusal": st.none() | TEXT},
    optional={
        "reasoning_content": TEXT,
        "tool_calls": st.lists(CALL, min_size=1, max_size=3, unique_by=lambda call: str(call["id"])),
        "annotations": st.lists(CITATION, min_size=1, max_size=2),
        "x_text": TEXT,
        "x_deep": st.fixed_dictionaries({"words": TEXT, "count": st.integers()}),
        "x_flag": st.booleans(),
    },
)
TOKEN = st.fixed_dictionaries(
    {"token": TEXT, "logprob": st.floats(-9, 0), "bytes": st.none(), "top_logprobs": st.just([])}
)
LOGPROBS = st.none() | st.fixed_dictionaries(
    {"content": st.lists(TOKEN, min_size=1, max_size=3), "refusal": st.none() | st.lists(TOKEN, min_size=1)}
)


@st.composite
def completions(draw: st.DrawFn) -> dict[str, Any]:
    choices = [
        {
            "index": index,
            "message": draw(MESSAGE),
            "logprobs": draw(LOGPROBS),
            "finish_reason": draw(st.sampled_from(["stop", "length", "tool_calls"])),
            **({"content_filter_results": {"hate": {"severity": "safe"}}} if draw(st.booleans()) else {}),
        }
        for index in range(draw(st.integers(1, 3)))
    ]
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1732286400,
        "model": "m-1",
        "choices": choices,
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
        "system_fingerprint": "fp",
        "citations": ["https://example.org"],
    }


def split_text(draw: st.DrawFn, text: str) -> list[str]:
    cut = draw(st.integers(0, len(text)))
    return [part for part in (text[:cut], text[cut:]) if part]


def deltas_of(draw: st.DrawFn, message: dict[str, Any]) -> list[dict[str, Any]]:
    """The message in pieces: strings cut, lists cut, tool calls cut, the rest whole."""
    deltas: list[dict[str, Any]] = [{"role": message["role"], "content": None, "refusal": None}]
    for key, value in message.items():
        if key == "tool_calls":
            for index, call in enumerate(value):
                deltas.append({key: [{"index": index, **call, "function": {**call["function"], "arguments": ""}}]})
                deltas += [
                    {key: [{"index": index, "function": {"arguments": part}}]}
                    for part in split_text(draw, call["function"]["arguments"])
                ]
        elif isinstance(value, str) and key != "role":
            deltas += [{key: part} for part in split_text(draw, value)]
        elif isinstance(value, list):
            deltas += [{key: [item]} for item in value]
        elif isinstance(value, dict):
            deltas += [{key: {member: inner}} for member, inner in value.items()]
        elif value is not None and key != "role":
            deltas.append({key: value})
    return deltas


@st.composite
def streams(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    whole = draw(completions())
    base = {key: whole[key] for key in ("id", "created", "model", "system_fingerprint")}
    base["object"] = "chat.completion.chunk"
    runs: list[list[dict[str, Any]]] = []
    for choice in whole["choices"]:
        index = choice["index"]
        run = [{"index": index, "delta": delta} for delta in deltas_of(draw, choice["message"])]
        for key, tokens in (choice["logprobs"] or {}).items():
            run += [{"index": index, "delta": {}, "logprobs": {key: [token]}} for token in tokens or ()]
            if tokens is None:
                run.append({"index": index, "delta": {}, "logprobs": {key: None}})
        last = {key: value for key, value in choice.items() if key not in {"index", "message", "logprobs"}}
        run.append({"index": index, "delta": {}, **last})
        runs.append(run)
    chunks: list[dict[str, Any]] = []
    while any(runs):
        run = draw(st.sampled_from([run for run in runs if run]))
        chunks.append({**base, "choices": [run.pop(0)], "usage": None})
    chunks[0]["citations"] = whole["citations"]
    chunks.append({**base, "choices": [], "usage": whole["usage"]})
    return whole, chunks


def folded(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    fold = Fold()
    for chunk in chunks:
        fold.add(chunk)
    return fold.completion()


@settings(max_examples=examples(50))
@given(streams())
def test_any_cut_completion_folds_back(stream: tuple[dict[str, Any], list[dict[str, Any]]]) -> None:
    whole, chunks = stream
    assert folded(chunks) == whole
    ChatCompletion.model_validate(folded(chunks))


@given(completions())
def test_unfolding_and_folding_is_nothing(whole: dict[str, Any]) -> None:
    assert folded(chunks_of(whole, include_usage=True)) == whole


def one(*deltas: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = folded([{"choices": [{"index": 0, "delta": delta}]} for delta in deltas])["choices"][0]
    return dict(message["message"])


def call(**fields: Any) -> dict[str, Any]:
    return {"tool_calls": [fields]}


@pytest.mark.parametrize(
    "deltas",
    [
        # no index at all
        [
            call(id="a", function={"name": "f", "arguments": "{"}),
            call(function={"arguments": "}"}),
            call(id="b", function={"name": "g", "arguments": "{}"}),
        ],
        # the same index for all
        [
            call(index=0, id="a", function={"name": "f", "arguments": "{}"}),
            call(index=0, id="b", function={"name": "g", "arguments": "{"}),
            call(index=0, function={"arguments": "}"}),
        ],
        # id and name repeated in every piece
        [
            call(index=0, id="a", type="function", function={"name": "f", "arguments": "{"}),
            call(index=0, id="a", type="function", function={"name": "f", "arguments": "}"}),
            call(index=1, id="b", type="function", function={"name": "g", "arguments": "{}"}),
        ],
        # interleaved
        [
            call(index=0, id="a", function={"name": "f", "arguments": ""}),
            call(index=1, id="b", function={"name": "g", "arguments": "{"}),
            call(index=0, id="", function={"name": None, "arguments": "{}"}),
            call(index=1, id=None, function={"name": "", "arguments": "}"}),
        ],
    ],
)
def test_sloppy_tool_calls(deltas: list[dict[str, Any]]) -> None:
    assert one(*deltas)["tool_calls"] == [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
        {"id": "b", "type": "function", "function": {"name": "g", "arguments": "{}"}},
    ]


def test_tool_calls_without_ids_get_some() -> None:
    calls = one(call(index=0, function={"name": "f"}), call(index=1, function={"name": "g"}))["tool_calls"]
    assert [made["id"] for made in calls] == ["call_0_0", "call_0_1"]
    assert [made["function"]["arguments"] for made in calls] == ["", ""]


def test_a_function_call_of_old() -> None:
    message = one({"function_call": {"name": "f", "arguments": "{"}}, {"function_call": {"arguments": "}"}})
    assert message["function_call"] == {"name": "f", "arguments": "{}"}


def test_audio_comes_in_pieces() -> None:
    message = one(
        {"audio": {"id": "a1", "transcript": "he"}},
        {"audio": {"data": "QQ"}},
        {"audio": {"transcript": "y", "expires_at": 5}},
    )
    assert message["audio"] == {"id": "a1", "transcript": "hey", "data": "QQ", "expires_at": 5}


def test_reasoning_details_merge_by_index_and_type() -> None:
    message = one(
        {"reasoning_details": [{"type": "reasoning.text", "text": "a", "format": "x-v1", "index": 0}]},
        {"reasoning_details": [{"type": "reasoning.text", "text": "b", "format": "x-v1", "index": 0}]},
        {"reasoning_details": [{"type": "reasoning.encrypted", "data": "zz", "index": 0}]},
        {"reasoning_details": [{"type": "reasoning.text", "signature": "s", "index": 0}]},
    )
    assert message["reasoning_details"] == [
        {"type": "reasoning.text", "text": "ab", "format": "x-v1", "index": 0, "signature": "s"},
        {"type": "reasoning.encrypted", "data": "zz", "index": 0},
    ]


def test_parts_and_text_are_one_content() -> None:
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    assert one({"content": [thought]}, {"content": "he"}, {"content": "y"})["content"] == [
        thought,
        {"type": "text", "text": "hey"},
    ]
    assert one({"content": "a"}, {"content": [thought]})["content"] == [{"type": "text", "text": "a"}, thought]


def test_empty_heads_are_filled_later() -> None:
    chunks: list[dict[str, Any]] = [
        {"id": "", "created": 0, "model": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]},
        {"id": "x", "created": 5, "model": "m", "choices": [{"index": 0, "delta": {"content": "a"}}]},
    ]
    whole = folded(chunks)
    assert (whole["id"], whole["created"], whole["model"]) == ("x", 5, "m")
    assert whole["prompt_filter_results"] == [{"prompt_index": 0}]


def test_a_long_answer_folds_in_linear_time() -> None:
    message = one(*[{"content": "word "} for _ in range(20_000)])
    assert len(message["content"]) == 100_000


MEMBERS = st.sampled_from(
    ["choices", "delta", "index", "tool_calls", "id", "name", "function", "content", "logprobs", "type"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS, inner, max_size=4),
    max_leaves=15,
)


@given(st.lists(st.dictionaries(st.sampled_from(["choices", "id", "usage", "x"]), JSON, max_size=3), max_size=5))
def test_nonsense_never_raises(chunks: list[dict[str, Any]]) -> None:
    assert folded(chunks)["object"] == "chat.completion"


@given(st.lists(st.dictionaries(st.sampled_from(["content", "tool_calls", "role", "name", "x"]), JSON), max_size=5))
def test_nonsense_deltas_never_raise(deltas: list[dict[str, Any]]) -> None:
    folded([{"choices": [{"index": 0, "delta": delta}]} for delta in deltas])


def test_a_later_null_takes_no_logprobs_away() -> None:
    fold = Fold()
    for logprobs in ({"content": [{"token": "a"}]}, {"content": None}, {"refusal": None}):
        fold.add({"choices": [{"index": 0, "delta": {}, "logprobs": logprobs}]})
    assert fold.completion()["choices"][0]["logprobs"] == {"content": [{"token": "a"}], "refusal": None}


def test_a_later_null_takes_nothing_away_that_stands_beside_the_choices() -> None:
    fold = Fold()
    for tier in ("flex", None):
        fold.add({"choices": [], "service_tier": tier, "tags": {"a": 1} if tier else {"a": None, "b": 2}})
    whole = fold.completion()
    assert (whole["service_tier"], whole["tags"]) == ("flex", {"a": 1, "b": 2})
