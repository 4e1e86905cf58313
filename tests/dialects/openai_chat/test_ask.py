from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.ask import Ask, Message, Output, Reasoning, Sampling, Tool, ToolChoice
from outwait.core.fault import Fault, Refusal
from outwait.core.part import Text
from outwait.core.request import Call
from outwait.dialects.openai_chat import request
from outwait.dialects.openai_chat.ask import ask
from outwait.dialects.openai_chat.tables import LOSABLE

HI = [{"role": "user", "content": "hi"}]


def call(body: bytes) -> Call:
    return request.read("POST", "/v1/chat/completions", {}, body)


def read(**fields: Any) -> Ask:
    return ask(call(json.dumps({"model": "m", "messages": HI, **fields}).encode()))


def refused(**fields: Any) -> Fault:
    with pytest.raises(Refusal) as caught:
        read(**fields)
    return caught.value.fault


def test_a_plain_request() -> None:
    assert read() == Ask("m", (Message("user", (Text("hi"),)),))


def test_all_simple_fields() -> None:
    made = read(
        stream=True, stream_options={"include_usage": True}, max_completion_tokens=5, max_tokens=9, stop="x", n=2,
        user="u", metadata={"a": "b"}, service_tier="flex", store=True, verbosity="low", modalities=["text"],
        temperature=0.5, top_p=1, top_k=40, seed=-7, frequency_penalty=-2, presence_penalty=1.5,
        logit_bias={"5": -100}, logprobs=True, top_logprobs=3,
    )  # fmt: skip
    assert (made.stream, made.usage, made.limit, made.stop, made.count) == (True, True, 5, ("x",), 2)
    assert (made.user, made.metadata, made.tier, made.store) == ("u", {"a": "b"}, "flex", True)
    assert (made.verbosity, made.modalities, made.rest) == ("low", ("text",), {})
    assert made.sampling == Sampling(0.5, 1, 40, -7, -2, 1.5, {"5": -100}, True, 3)


@pytest.mark.parametrize(
    "fields, field, value",
    [
        ({"max_tokens": 9}, "limit", 9),
        ({"stop": ["a", "b"]}, "stop", ("a", "b")),
        ({"stop": None}, "stop", ()),
        ({"safety_identifier": "s"}, "user", "s"),
        ({"stream": False}, "stream", False),
        ({"stream_options": {"include_usage": None}}, "usage", False),
        ({"response_format": None}, "output", None),
        ({"response_format": {"type": "text"}}, "output", Output("text")),
        ({"response_format": {"type": "json_object"}}, "output", Output("json")),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "n", "schema": {"a": 1}, "strict": True, "description": "d"},
                }
            },
            "output",
            Output("schema", {"a": 1}, "n", "d", True),
        ),
        ({"tool_choice": "auto"}, "choice", ToolChoice("auto")),
        ({"parallel_tool_calls": False}, "choice", ToolChoice(parallel=False)),
        ({"tool_choice": "none", "parallel_tool_calls": True}, "choice", ToolChoice("none", parallel=True)),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, "choice", ToolChoice("named", ("f",))),
        ({"tool_choice": {"type": "custom", "custom": {"name": "f"}}}, "choice", ToolChoice("named", ("f",))),
        (
            {
                "tool_choice": {
                    "type": "allowed_tools",
                    "allowed_tools": {
                        "mode": "required",
                        "tools": [
                            {"type": "function", "function": {"name": "f"}},
                            {"type": "custom", "custom": {"name": "g"}},
                        ],
                    },
                }
            },
            "choice",
            ToolChoice("required", ("f", "g")),
        ),
        (
            {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"tools": []}}},
            "choice",
            ToolChoice("auto"),
        ),
    ],
)
def test_fields_with_a_form_of_their_own(fields: dict[str, Any], field: str, value: object) -> None:
    made = read(**fields)
    assert getattr(made, field) == value
    assert made.rest == {}


@pytest.mark.parametrize(
    "fields, reasoning",
    [
        ({"reasoning_effort": "high"}, Reasoning("high")),
        ({"reasoning_effort": None}, None),
        ({"reasoning": {"effort": "low", "summary": "auto"}}, Reasoning("low", summary="auto")),
        ({"reasoning": {"max_tokens": 2000, "exclude": True}}, Reasoning(budget=2000, show=False)),
        ({"reasoning": {"enabled": True}}, Reasoning("medium")),
        ({"reasoning": {"enabled": False}}, Reasoning("none")),
        ({"reasoning": {"enabled": True, "max_tokens": 9, "exclude": False}}, Reasoning(budget=9, show=True)),
        ({"reasoning": {}}, None),
        ({"thinking": {"type": "disabled"}}, Reasoning("none")),
        ({"thinking": {"type": "enabled"}}, Reasoning("medium")),
        ({"thinking": {"type": "enabled", "budget_tokens": 99}}, Reasoning(budget=99)),
        ({"thinking": {"type": "enabled"}, "reasoning_effort": "high"}, Reasoning("high")),
        ({"enable_thinking": True}, Reasoning("medium")),
        ({"enable_thinking": True, "thinking_budget": 50}, Reasoning(budget=50)),
        ({"enable_thinking": False, "thinking_budget": 50}, Reasoning("none", 50)),
    ],
)
def test_every_way_to_ask_for_reasoning(fields: dict[str, Any], reasoning: Reasoning | None) -> None:
    made = read(**fields)
    assert made.reasoning == reasoning
    assert made.rest == {}


def test_tools() -> None:
    made = read(
        tools=[
            {
                "type": "function",
                "function": {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": True},
                "cache_control": {"type": "ephemeral"},
            },
            {"type": "function", "function": {"name": "g", "parameters": None}},
            {"type": "custom", "custom": {"name": "h", "format": {"type": "text"}}},
            {"type": "custom", "custom": {"name": "i"}},
            {
                "type": "custom",
                "custom": {
                    "name": "j",
                    "format": {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: x"}},
                },
            },
        ]
    )
    assert made.tools == (
        Tool("f", "d", {"type": "object"}, True, cache={"type": "ephemeral"}),
        Tool("g"),
        Tool("h", schema={"type": "text"}, custom=True),
        Tool("i", custom=True),
        Tool("j", schema={"type": "grammar", "syntax": "lark", "definition": "start: x"}, custom=True),
    )


@pytest.mark.parametrize(
    "fields, rest",
    [
        ({"prompt_cache_key": "k", "web_search_options": {}}, {"prompt_cache_key": "k", "web_search_options": {}}),
        ({"audio": {"voice": "v"}, "brand_new": [1], "gone": None}, {"audio": {"voice": "v"}, "brand_new": [1]}),
        ({"user": "u", "safety_identifier": "s"}, {"safety_identifier": "s"}),
        ({"functions": [{"name": "f"}], "function_call": "auto"},
         {"functions": [{"name": "f"}], "function_call": "auto"}),
        ({"stream_options": {"include_obfuscation": False}}, {"stream_options.include_obfuscation": False}),
        ({"reasoning": {"x": 1}}, {"reasoning.x": 1}),
        ({"thinking": {"type": "enabled", "x": 1}}, {"thinking.x": 1}),
        ({"response_format": {"type": "text", "x": 1}}, {"response_format.x": 1}),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}, "x": 1}}, {"tool_choice.x": 1}),
        ({"tools": [{"type": "function", "function": {"name": "f", "x": 1}, "y": 2}]},
         {"tools.function.x": {"tools[0].function.x": 1}, "tools.y": {"tools[0].y": 2}}),
        ({"messages": [{"role": "user", "content": "x", "id": "i"}]}, {"messages.id": {"messages[0].id": "i"}}),
    ],
)  # fmt: skip
def test_what_has_no_place_goes_to_the_rest(fields: dict[str, Any], rest: dict[str, Any]) -> None:
    assert read(**fields).rest == rest


def test_calls_of_the_old_kind_are_not_left_out() -> None:
    assert LOSABLE.keys().isdisjoint({"functions", "function_call", "messages.function_call", "audio"})


def test_half_an_emoji_is_kept() -> None:
    made = ask(call(rb'{"model":"m","messages":[{"role":"user","content":"a\ud83d"}]}'))
    assert made.messages[0].parts == (Text("a\ud83d"),)


@pytest.mark.parametrize(
    "fields, code, param",
    [
        ({"messages": None}, "invalid_value", "messages"),
        ({"messages": "hi"}, "invalid_value", "messages"),
        ({"messages": []}, "invalid_value", "messages"),
        ({"temperature": "hot"}, "invalid_value", "temperature"),
        ({"n": 0}, "invalid_value", "n"),
        ({"stop": 3}, "invalid_value", "stop"),
        ({"stop": [3]}, "invalid_value", "stop[0]"),
        ({"max_tokens": -1}, "invalid_value", "max_tokens"),
        ({"reasoning_effort": "heroic"}, "invalid_value", "reasoning_effort"),
        ({"reasoning": {"effort": 3}}, "invalid_value", "reasoning.effort"),
        ({"verbosity": "loud"}, "invalid_value", "verbosity"),
        ({"tools": [{"type": "function"}]}, "invalid_value", "tools[0].function"),
        ({"tools": [{"type": "web_search"}]}, "not_expressible", "tools[0].type"),
        (
            {"tools": [{"type": "custom", "custom": {"name": "f", "format": {"type": "xml"}}}]},
            "not_expressible",
            "tools[0].custom.format.type",
        ),
        ({"tool_choice": "maybe"}, "invalid_value", "tool_choice"),
        ({"tool_choice": 3}, "invalid_value", "tool_choice"),
        ({"tool_choice": {"type": "mcp"}}, "not_expressible", "tool_choice.type"),
        (
            {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "none"}}},
            "invalid_value",
            "tool_choice.allowed_tools.mode",
        ),
        (
            {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"tools": [{"type": "mcp"}]}}},
            "not_expressible",
            "tool_choice.allowed_tools.tools[0].type",
        ),
        ({"response_format": {"type": "xml"}}, "not_expressible", "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "invalid_value", "response_format.json_schema"),
        ({"metadata": []}, "invalid_value", "metadata"),
        ({"stream_options": 3}, "invalid_value", "stream_options"),
    ],
)
def test_refusals(fields: dict[str, Any], code: str, param: str) -> None:
    told = refused(**fields)
    assert (told.code, told.param, told.status) == (code, param, 400)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "function", "text", "user", "auto"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["type", "role", "content", "function", "name", "text", "tools", "url", "image_url", "id"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
NAMES = ("messages", "tools", "tool_choice", "response_format", "reasoning", "stop", "stream_options", "thinking", "n")


@given(st.dictionaries(st.sampled_from(NAMES), JSON, min_size=1))
def test_junk_is_read_or_refused(fields: dict[str, Any]) -> None:
    try:
        outcome: Ask | Fault = read(**fields)
    except Refusal as refusal:
        outcome = refusal.fault
    assert isinstance(outcome, Ask) or (outcome.param is not None and outcome.status == 400)
