from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import FunctionTool

from outwait.core.ask import Ask, Message, Output, Reasoning, Sampling, Tool, ToolChoice
from outwait.core.part import Text, Thought
from outwait.core.plan import Candidate
from outwait.core.request import Call
from outwait.dialects.openai_responses.ask import ask
from outwait.dialects.openai_responses.word import word

CANDIDATE = Candidate("c", "responses", "up", endpoint="responses")
QUESTION = (Message("user", (Text("q"),)),)


def tell(**fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(word(Ask("m", fields.pop("messages", QUESTION), **fields), CANDIDATE).body)
    return made


def test_a_plain_question_is_not_stored() -> None:
    assert tell() == {
        "model": "up",
        "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "q"}]}],
        "store": False,
    }


def test_a_stream_is_asked_for_where_one_is_wanted() -> None:
    assert tell(stream=True)["stream"] is True
    folded = word(Ask("m", QUESTION), Candidate("c", "responses", "m", streamed=True))
    assert json.loads(folded.body)["stream"] is True


@pytest.mark.parametrize(
    "reasoning, told, encrypted",
    [
        (Reasoning("high"), {"effort": "high"}, True),
        (Reasoning("none"), {"effort": "none"}, False),
        (Reasoning(budget=8192, show=True), {"effort": "medium", "summary": "auto"}, True),
        (Reasoning(budget=0, show=True), {"effort": "none"}, False),
        (Reasoning(budget=-1), None, False),
        (Reasoning(show=True), {"summary": "auto"}, True),
        (Reasoning(show=False), None, False),
        (Reasoning("low", None, True, "detailed"), {"effort": "low", "summary": "detailed"}, True),
        (None, None, False),
    ],
)
def test_reasoning(reasoning: Reasoning | None, told: dict[str, str] | None, encrypted: bool) -> None:
    made = tell(reasoning=reasoning)
    assert made.get("reasoning") == told
    assert made.get("include") == (["reasoning.encrypted_content"] if encrypted else None)


def test_thoughts_that_were_encrypted_are_asked_for_again() -> None:
    turns = (*QUESTION, Message("assistant", (Thought(sealed="blob", dialect="responses"),)))
    assert tell(messages=turns)["include"] == ["reasoning.encrypted_content"]
    assert "include" not in tell(messages=turns, store=True)


def test_tools_are_strict_only_where_that_was_asked() -> None:
    made = tell(
        tools=(
            Tool("f"),
            Tool("g", "d", {"type": "object"}, True),
            Tool("h", custom=True),
            Tool("i", schema={"type": "text"}, custom=True, cache={"type": "ephemeral"}),
        )
    )["tools"]
    assert [tool.get("strict") for tool in made] == [False, True, None, None]
    assert made[0]["parameters"] == {"type": "object", "properties": {}}
    assert made[2:] == [{"type": "custom", "name": "h"}, {"type": "custom", "name": "i", "format": {"type": "text"}}]
    FunctionTool.model_validate(made[1], strict=True)


def test_a_mark_on_a_tool_is_dropped() -> None:
    worded = word(Ask("m", QUESTION, tools=(Tool("f", cache={"type": "ephemeral"}),)), CANDIDATE)
    assert worded.dropped == ("tools.cache",)


@pytest.mark.parametrize(
    "choice, told",
    [
        (ToolChoice("auto"), {"tool_choice": "auto"}),
        (ToolChoice(parallel=False), {"parallel_tool_calls": False}),
        (ToolChoice("named", ("f",)), {"tool_choice": {"type": "function", "name": "f"}}),
        (ToolChoice("named", ("g",)), {"tool_choice": {"type": "custom", "name": "g"}}),
        (
            ToolChoice("named", ("f", "g")),
            {"tool_choice": {"type": "allowed_tools", "mode": "required", "tools": [
                {"type": "function", "name": "f"}, {"type": "custom", "name": "g"}]}},
        ),
        (
            ToolChoice("auto", ("f",)),
            {"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]}},
        ),
    ],
)  # fmt: skip
def test_choices(choice: ToolChoice, told: dict[str, Any]) -> None:
    made = tell(choice=choice, tools=(Tool("f"), Tool("g", custom=True)))
    assert {key: made[key] for key in ("tool_choice", "parallel_tool_calls") if key in made} == told


@pytest.mark.parametrize(
    "output, told",
    [
        (Output("text"), {"type": "text"}),
        (Output("json"), {"type": "json_object"}),
        (Output("schema", {"type": "object"}), {"type": "json_schema", "name": "answer", "schema": {"type": "object"}}),
    ],
)
def test_forms(output: Output, told: dict[str, Any]) -> None:
    assert tell(output=output)["text"] == {"format": told}


def test_verbosity_stands_beside_the_form() -> None:
    assert tell(verbosity="low")["text"] == {"verbosity": "low"}


def test_tiers_of_others() -> None:
    assert tell(tier="standard_only")["service_tier"] == "default"
    assert tell(tier="flex")["service_tier"] == "flex"


def test_logprobs_are_an_inclusion() -> None:
    made = tell(sampling=Sampling(logprobs=True, top_logprobs=2))
    assert (made["include"], made["top_logprobs"]) == (["message.output_text.logprobs"], 2)


# -- request -> neutral -> the same request ---------------------------------------------------------------------------

_TEXT = st.text(min_size=1, max_size=5)
_DATA = st.sampled_from(["AAAA", "AA=="])
_CONTENT = st.one_of(
    st.builds(lambda text: {"type": "input_text", "text": text}, _TEXT),
    st.builds(
        lambda url, detail: {"type": "input_image", "image_url": url, **detail},
        st.one_of(st.just("https://a.example/b"), _DATA.map("data:image/png;base64,{}".format)),
        st.sampled_from([{}, {"detail": "low"}]),
    ),
    st.just({"type": "input_image", "file_id": "file-1"}),
    st.builds(lambda data: {"type": "input_file", "filename": "a", "file_data": f"data:application/pdf;base64,{data}"},
              _DATA),
    st.just({"type": "input_file", "file_url": "https://a.example/b.pdf"}),
    st.builds(lambda data: {"type": "input_audio", "input_audio": {"data": data, "format": "mp3"}}, _DATA),
)  # fmt: skip
_ANNOTATION = {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 1}
_SPOKEN = st.builds(
    lambda role, content: [{"type": "message", "role": role, "content": content}],
    st.sampled_from(["user", "developer"]),
    st.one_of(_TEXT, st.lists(_CONTENT, min_size=1, max_size=3)),
)
_SAID = st.lists(
    st.one_of(
        st.builds(lambda text: {"type": "output_text", "text": text, "annotations": []}, _TEXT),
        st.just({"type": "output_text", "text": "x", "annotations": [_ANNOTATION]}),
        st.just({"type": "refusal", "refusal": "no"}),
    ),
    min_size=1,
    max_size=2,
)
_THOUGHT = st.builds(
    lambda text, sealed: {
        "type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": text}], **sealed
    },
    _TEXT,
    st.sampled_from([{}, {"encrypted_content": "gAAAA"}]),
)  # fmt: skip
_CALLS: list[dict[str, Any]] = [
    {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{}"},
    {"type": "custom_tool_call", "call_id": "c2", "name": "g", "input": "x"},
]
_RESULT = st.one_of(_TEXT, st.lists(_CONTENT, min_size=2, max_size=3))
_ANSWER = st.builds(
    lambda thoughts, said, outputs: [
        *thoughts,
        {"type": "message", "role": "assistant", "content": said},
        *_CALLS,
        {"type": "function_call_output", "call_id": "c1", "output": outputs[0]},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": outputs[1]},
    ],
    st.lists(_THOUGHT, max_size=1),
    _SAID,
    st.tuples(_RESULT, _RESULT),
)
_RUNS: Any = st.lists(st.one_of(_SPOKEN, _ANSWER), min_size=1, max_size=3)
_ITEMS = _RUNS.map(lambda runs: [item for run in runs for item in run])
_TOOLS = [
    {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}, "strict": True},
    {"type": "custom", "name": "g", "format": {"type": "grammar", "syntax": "lark", "definition": "x"}},
]
_MORE = st.fixed_dictionaries(
    {"model": st.just("up"), "input": _ITEMS, "store": st.just(True)},
    optional={
        "instructions": _TEXT,
        "stream": st.just(True),
        "tools": st.just(_TOOLS),
        "tool_choice": st.sampled_from(
            ["auto", "none", "required", {"type": "function", "name": "f"},
             {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]}]
        ),
        "parallel_tool_calls": st.booleans(),
        "text": st.sampled_from(
            [{"format": {"type": "text"}}, {"format": {"type": "json_object"}, "verbosity": "low"},
             {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True}}]
        ),
        "reasoning": st.sampled_from(
            [{"effort": "high"}, {"effort": "low", "summary": "auto"}, {"effort": "none", "context": "auto"}]
        ),
        "max_output_tokens": st.integers(1, 9),
        "temperature": st.floats(0, 2),
        "top_p": st.floats(0, 1),
        "top_logprobs": st.integers(0, 20),
        "include": st.sampled_from(
            [["message.output_text.logprobs"], ["file_search_call.results", "message.output_text.logprobs"]]
        ),
        "metadata": st.just({"a": "b"}),
        "user": st.just("u"),
        "service_tier": st.sampled_from(["auto", "flex"]),
        "truncation": st.just("auto"),
        "prompt_cache_key": st.just("k"),
        "previous_response_id": st.just("resp_1"),
        "stream_options": st.just({"include_obfuscation": False}),
        "new_field": st.just([1, {"a": None}]),
    },
)  # fmt: skip


def plain(request: dict[str, Any]) -> dict[str, Any]:
    """`request` in one of the forms that say the same: a content string is a list with one text."""
    items = []
    for item in request["input"]:
        content = item.get("content")
        parts = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
        items.append(item if content is None else {**item, "content": parts})
    return {**request, "input": items}


@given(_MORE)
def test_a_request_comes_back_as_it_was(request: dict[str, Any]) -> None:
    # An answer of two messages in a row is one turn; here each is followed by the results of its calls.
    body = json.dumps(request).encode()
    worded = word(ask(Call("responses", "responses", "up", False, body)), CANDIDATE)
    # A thought without a seal is known by its id; results of tools, instructions and the rest stay as they are.
    assert json.loads(worded.body) == plain(request)
    assert worded.dropped == ()
