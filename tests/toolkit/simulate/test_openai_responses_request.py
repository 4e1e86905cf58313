from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.toolkit.simulate.conftest import asked, refusal

from outwait.toolkit.simulate.answer import signature
from outwait.toolkit.simulate.dialect import BadCallError, Envelope
from outwait.toolkit.simulate.openai_responses import OPENAI_RESPONSES as SPEECH

USER = {"role": "user", "content": "go"}
CALL = {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "call_1", "output": "sunny"}
OTHER = {"type": "function_call_output", "call_id": "call_2", "output": [{"type": "input_text", "text": "dull"}]}


def body(*items: object, **more: object) -> dict[str, Any]:
    return {"model": "fast", "input": list(items), **more}


def test_a_question_is_read() -> None:
    parts = [{"type": "input_text", "text": "two words"}, {"type": "input_image", "image_url": "data:,"}]
    answered = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "yes"}]}
    tools = [{"type": "function", "name": "look", "parameters": {}}, {"type": "web_search"}]
    question = SPEECH.ask(
        body({"role": "user", "content": parts}, answered, instructions="be brief", tools=tools, max_output_tokens=20)
    )
    assert (question.text, question.words, question.most, question.tools) == ("two words", 5, 20, ("look",))
    assert SPEECH.ask({"input": "hi"}, Envelope(model="deployed")).model == "deployed"


def test_results_are_quoted_in_the_order_given() -> None:
    items = (USER, CALL, CALL | {"call_id": "call_2"}, OTHER, RESULT)
    said = asked(SPEECH, "tools-2", body(*items))
    assert "".join(said.choices[0].pieces) == "Results: dull; sunny"
    assert asked(SPEECH, "tools-2", body(*items, USER)).question.results == ("dull", "sunny")
    later = (*items, {"role": "assistant", "content": "done"}, USER)
    assert asked(SPEECH, "tools-2", body(*later)).choices[0].tools


def test_reasoning_that_was_handed_out_is_taken_back() -> None:
    thought = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": signature("rs_1")}
    assert SPEECH.ask(body(USER, thought, CALL, RESULT)).results == ("sunny",)
    param, text = refusal(SPEECH, body(USER, thought | {"encrypted_content": "forged"}, CALL, RESULT))
    assert (param, "could not be verified" in text) == ("input[1].encrypted_content", True)


@pytest.mark.parametrize(
    "items,param,text",
    [
        ((USER, RESULT), "input", "No tool call found for function call output with call_id call_1."),
        ((USER, CALL), "input", "No tool output found for function call call_1."),
        ((USER, CALL, CALL, RESULT), "input[2].call_id", "Duplicate call_id"),
        ((USER, CALL, RESULT, RESULT), "input", "No tool call found"),
        ((USER, {"type": "reasoning", "id": "rs_1", "summary": []}), "input", "without its required following item"),
        ((USER, {"type": "reasoning", "id": "rs_1", "summary": []}, USER), "input", "without its required following"),
        (({"type": "item_reference", "id": "x"},), "input", "Item with id 'x' not found."),
        (({"role": "tool", "content": "x"},), "input[0].role", "Invalid value"),
        (({"role": "user", "content": [{"type": "text", "text": "x"}]},), "input[0].content[0].type", "one of"),
        (({"role": "user", "content": [{"type": "output_text", "text": ""}]},), "input[0].content[0].type", "one of"),
        (({"role": "assistant", "content": [{"type": "input_text", "text": ""}]},), "input[0].content[0].type", "one"),
        (({"role": "user"},), "input[0].content", "Missing required parameter: 'input[0].content'."),
        (({"role": "assistant", "content": "x", "tool_calls": []},), "input[0].tool_calls", "Unknown parameter"),
        ((CALL | {"id": "call_1"},), "input[0].id", "expected a text that matches 'fc.*'"),
        (({"type": "reasoning", "id": "x", "summary": []},), "input[0].id", "expected a text that matches 'rs.*'"),
        ((USER | {"id": "x"},), "input[0].id", "expected a text that matches 'msg.*'"),
        ((CALL | {"arguments": {}},), "input[0].arguments", "Invalid type for 'input[0].arguments': expected string."),
    ],
)
def test_items_that_do_not_fit_are_refused(items: tuple[object, ...], param: str, text: str) -> None:
    told = refusal(SPEECH, body(*items))
    assert (told[0], text in told[1]) == (param, True)


@pytest.mark.parametrize(
    "more,param",
    [
        ({"messages": []}, "messages"),
        ({"max_tokens": 5}, "max_tokens"),
        ({"max_output_tokens": 15}, "max_output_tokens"),
        ({"tools": [{"type": "function", "function": {"name": "look"}}]}, "tools[0].name"),
        ({"tools": [{"type": "function", "name": "look up"}]}, "tools[0].name"),
        ({"tool_choice": "any"}, "tool_choice"),
        ({"tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice.name"),
        ({"text": {"format": {"type": "json_schema", "json_schema": {}}}}, "text.format.name"),
        ({"reasoning": {"effort": "much"}}, "reasoning.effort"),
        ({"previous_response_id": 1}, "previous_response_id"),
        ({"background": True, "store": False}, "background"),
        ({"model": None}, "model"),
        ({"stream": "yes"}, "stream"),
    ],
)
def test_a_wrong_field_is_named(more: dict[str, object], param: str) -> None:
    assert refusal(SPEECH, body(USER, **more))[0] == param


def test_a_field_of_the_future_is_taken() -> None:
    assert SPEECH.ask(body(USER, x_new={"a": 1})).body["x_new"] == {"a": 1}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["user", "message", "function_call", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "role", "content", "call_id", "id", "output", "name"]), inner)
    ),
)


@given(JSON, st.dictionaries(st.sampled_from(["tools", "text", "include", "tool_choice", "instructions"]), JSON))
def test_any_object_is_a_question_or_is_refused(items: object, more: dict[str, object]) -> None:
    told = "model"
    try:
        SPEECH.ask({"model": "fast", "input": items, **more})
    except BadCallError as error:
        told = str(error.param)
    assert told.partition("[")[0].partition(".")[0] in ("model", "input", *more)
