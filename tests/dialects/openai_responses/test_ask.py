from __future__ import annotations

import json
from typing import Any

import pytest

from outwait.core.ask import Ask, Message, Output, Reasoning, Sampling, Tool, ToolChoice
from outwait.core.fault import Refusal
from outwait.core.part import Text
from outwait.core.request import Call, State
from outwait.dialects.openai_responses.ask import ask
from outwait.dialects.openai_responses.tables import LOSABLE


def read(**fields: Any) -> Ask:
    body = json.dumps({"model": "m", "input": "q", **fields}).encode()
    return ask(Call("responses", "responses", "m", False, body))


def refused(**fields: Any) -> tuple[str, str | None]:
    with pytest.raises(Refusal) as caught:
        read(**fields)
    return caught.value.fault.code, caught.value.fault.param


def test_a_plain_question() -> None:
    assert read() == Ask("m", (Message("user", (Text("q"),)),), usage=True)


def test_null_says_nothing() -> None:
    nothing = dict.fromkeys(
        ("instructions", "tools", "tool_choice", "text", "reasoning", "include", "user", "store", "metadata",
         "background", "previous_response_id", "conversation", "prompt", "temperature", "max_output_tokens")
    )  # fmt: skip
    assert read(**nothing) == read()


def test_the_single_fields() -> None:
    made = read(
        stream=True,
        temperature=0.5,
        top_p=1,
        top_logprobs=3,
        include=["message.output_text.logprobs", "reasoning.encrypted_content"],
        max_output_tokens=9,
        metadata={"a": "b"},
        service_tier="flex",
        store=False,
        user="u",
        text={"verbosity": "low"},
    )
    assert made.sampling == Sampling(temperature=0.5, top_p=1, logprobs=True, top_logprobs=3)
    assert (made.stream, made.limit, made.metadata, made.tier, made.store, made.user, made.verbosity) == (
        True, 9, {"a": "b"}, "flex", False, "u", "low",
    )  # fmt: skip
    assert made.rest == {}


@pytest.mark.parametrize(
    "fields, user, rest",
    [
        ({"user": "u"}, "u", {}),
        ({"safety_identifier": "s"}, "s", {}),
        ({"user": "u", "safety_identifier": "s"}, "u", {"safety_identifier": "s"}),
    ],
)
def test_the_end_user_has_two_names(fields: dict[str, str], user: str, rest: dict[str, str]) -> None:
    made = read(**fields)
    assert (made.user, made.rest) == (user, rest)


@pytest.mark.parametrize(
    "form, output",
    [
        (None, None),
        ({"type": "text"}, Output("text")),
        ({"type": "json_object"}, Output("json")),
        (
            {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True, "description": "d"},
            Output("schema", {"type": "object"}, "n", "d", True),
        ),
    ],
)
def test_forms(form: dict[str, Any] | None, output: Output | None) -> None:
    assert read(text={"format": form}).output == output


def test_tools() -> None:
    schema = {"type": "object"}
    tools = [
        {"type": "function", "name": "f", "description": "d", "parameters": schema, "strict": True, "async": False,
         "defer_loading": False, "allowed_callers": ["direct"]},
        {"type": "custom", "name": "g", "format": {"type": "text"}},
    ]  # fmt: skip
    assert read(tools=tools).tools == (
        Tool("f", "d", schema, True),
        Tool("g", schema={"type": "text"}, custom=True),
    )


@pytest.mark.parametrize(
    "fields, choice",
    [
        ({"parallel_tool_calls": False}, ToolChoice(parallel=False)),
        ({"tool_choice": "required", "parallel_tool_calls": True}, ToolChoice("required", (), True)),
        ({"tool_choice": {"type": "function", "name": "f"}}, ToolChoice("named", ("f",))),
        ({"tool_choice": {"type": "custom", "name": "f"}}, ToolChoice("named", ("f",))),
        (
            {
                "tool_choice": {
                    "type": "allowed_tools",
                    "mode": "required",
                    "tools": [{"type": "function", "name": "f"}],
                }
            },
            ToolChoice("required", ("f",)),
        ),
        ({"tool_choice": {"type": "allowed_tools", "tools": []}}, ToolChoice("auto")),
    ],
)
def test_choices(fields: dict[str, Any], choice: ToolChoice) -> None:
    assert read(**fields).choice == choice


@pytest.mark.parametrize(
    "told, reasoning",
    [
        ({"effort": "xhigh"}, Reasoning("xhigh")),
        ({"summary": "auto"}, Reasoning(None, None, True, "auto")),
        ({"effort": "low", "generate_summary": "concise"}, Reasoning("low", None, True, "concise")),
        ({}, None),
    ],
)
def test_reasoning(told: dict[str, str], reasoning: Reasoning | None) -> None:
    assert read(reasoning=told).reasoning == reasoning


@pytest.mark.parametrize(
    "fields, name, losable",
    [
        ({"background": True}, "background", False),
        ({"previous_response_id": "resp_1"}, "previous_response_id", False),
        ({"conversation": "conv_1"}, "conversation", False),
        ({"prompt": {"id": "p"}}, "prompt", False),
        ({"new": 1}, "new", False),
        ({"reasoning": {"mode": "pro"}}, "reasoning.mode", False),
        ({"reasoning": {"context": "auto"}}, "reasoning.context", True),
        ({"text": {"new": 1}}, "text.new", False),
        ({"include": ["file_search_call.results"]}, "include", True),
        ({"prompt_cache_key": "k"}, "prompt_cache_key", True),
        ({"truncation": "auto"}, "truncation", True),
        ({"max_tool_calls": 3}, "max_tool_calls", True),
        ({"stream_options": {"include_obfuscation": False}}, "stream_options.include_obfuscation", True),
        ({"tools": [{"type": "function", "name": "f", "output_schema": {}}]}, "tools.output_schema", True),
    ],
)
def test_what_has_no_place(fields: dict[str, Any], name: str, losable: bool) -> None:
    assert list(read(**fields).rest) == [name]
    assert (name in LOSABLE) is losable


@pytest.mark.parametrize(
    "fields, code, param",
    [
        ({"temperature": "hot"}, "invalid_value", "temperature"),
        ({"max_output_tokens": 0}, "invalid_value", "max_output_tokens"),
        ({"store": 1}, "invalid_value", "store"),
        ({"include": [1]}, "invalid_value", "include[0]"),
        ({"reasoning": {"effort": "huge"}}, "invalid_value", "reasoning.effort"),
        ({"text": {"verbosity": "huge"}}, "invalid_value", "text.verbosity"),
        ({"text": {"format": {"type": "new"}}}, "not_expressible", "text.format.type"),
        ({"text": {"format": {"type": "json_schema"}}}, "invalid_value", "text.format.name"),
        ({"tools": [{"type": "web_search"}]}, "not_expressible", "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "invalid_value", "tools[0].name"),
        ({"tools": [{"type": "function", "name": "f", "async": True}]}, "not_expressible", "tools[0].async"),
        (
            {"tools": [{"type": "function", "name": "f", "allowed_callers": ["programmatic"]}]},
            "not_expressible", "tools[0].allowed_callers",
        ),
        ({"tool_choice": "maybe"}, "invalid_value", "tool_choice"),
        ({"tool_choice": {"type": "mcp"}}, "not_expressible", "tool_choice.type"),
        (
            {"tool_choice": {"type": "allowed_tools", "tools": [{"type": "mcp"}]}},
            "not_expressible", "tool_choice.tools[0].type",
        ),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "not_expressible", "input[0].type"),
    ],
)  # fmt: skip
def test_what_is_refused(fields: dict[str, Any], code: str, param: str) -> None:
    assert refused(**fields) == (code, param)


def kept(expanded: bytes | None = None, **fields: Any) -> Ask:
    """What is asked where outwait keeps the response."""
    body = json.dumps({"model": "m", "input": "q", **fields}).encode()
    return ask(Call("responses", "responses", "m", False, body, state=State("resp_ow", expanded=expanded)))


def test_what_the_keeper_has_done_is_not_asked_of_the_upstream() -> None:
    assert kept(background=True, store=True) == kept(store=False) == read()


def test_a_kept_conversation_is_told_whole() -> None:
    whole = b'{"model":"m","background":true,"input":[{"role":"user","content":"p"},{"role":"user","content":"q"}]}'
    told = kept(whole, previous_response_id="resp_1")
    assert told.messages == (Message("user", (Text("p"),)), Message("user", (Text("q"),)))
    assert told.rest == {}


def test_what_is_not_kept_is_still_refused() -> None:
    assert kept(previous_response_id="resp_1").rest == {"previous_response_id": "resp_1"}
    assert kept(conversation="conv_1").rest == {"conversation": "conv_1"}
