from __future__ import annotations

import json
from typing import Any

import pytest

from outwait.core.ask import Ask, Message, Output, Reasoning, Sampling, Tool, ToolChoice
from outwait.core.fault import Refusal
from outwait.core.part import Text, ToolCall, ToolResult
from outwait.core.request import Call
from outwait.dialects.anthropic.ask import ask

HI = [{"role": "user", "content": "hi"}]
TOOL = {"name": "f", "input_schema": {"type": "object"}}


def asked(endpoint: str = "messages", **fields: Any) -> Ask:
    body = {"model": "m", "max_tokens": 9, "messages": HI} | fields
    body = {key: value for key, value in body.items() if value != "-"}
    return ask(Call("anthropic", endpoint, "m", body.get("stream") is True, json.dumps(body).encode()))


def refused(**fields: Any) -> tuple[str, str | None]:
    with pytest.raises(Refusal) as caught:
        asked(**fields)
    return caught.value.fault.code, caught.value.fault.param


def test_the_smallest() -> None:
    assert asked() == Ask("m", (Message("user", (Text("hi"),)),), limit=9, usage=True)


def test_all_fields() -> None:
    told = asked(
        stream=True,
        system=[{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}],
        tools=[TOOL | {"type": "custom", "description": "d", "strict": True, "cache_control": {"type": "ephemeral"}}],
        tool_choice={"type": "any", "disable_parallel_tool_use": True},
        thinking={"type": "enabled", "budget_tokens": 2000, "display": "omitted"},
        output_config={"effort": "low", "format": {"type": "json_schema", "schema": {"a": 1}}},
        stop_sequences=["x"],
        temperature=0.5,
        top_p=1,
        top_k=3,
        metadata={"user_id": "u"},
        service_tier="standard_only",
    )
    assert told.stream
    assert told.messages[0] == Message("system", (Text("s", cache={"type": "ephemeral"}),))
    assert told.tools == (Tool("f", "d", {"type": "object"}, strict=True, cache={"type": "ephemeral"}),)
    assert told.choice == ToolChoice("required", parallel=False)
    assert told.reasoning == Reasoning("low", 2000, show=False)
    assert told.output == Output("schema", {"a": 1})
    assert told.sampling == Sampling(0.5, 1, 3)
    assert (told.stop, told.user, told.tier, told.rest) == (("x",), "u", "default", {})


def test_what_has_no_place_is_kept() -> None:
    told = asked(
        container="c",
        future=None,
        mcp_servers=[1],
        metadata={"user_id": None, "x": 1, "y": None},
        output_config={"task_budget": {"a": 1}, "none": None},
        thinking={"type": "adaptive", "block_binding": "b", "budget_tokens": None, "z": None},
        tools=[
            TOOL | {"eager_input_streaming": True, "defer_loading": False, "allowed_callers": ["direct"]},
            TOOL | {"name": "g", "eager_input_streaming": False, "input_examples": None},
        ],
    )
    assert told.rest == {
        "container": "c",
        "mcp_servers": [1],
        "metadata.x": 1,
        "output_config.task_budget": {"a": 1},
        "thinking.block_binding": "b",
        "tools.eager_input_streaming": {"f": True, "g": False},
    }


def test_results_are_messages_of_their_own() -> None:
    told = asked(
        messages=[
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "t", "content": "1"},
                    {"type": "tool_result", "tool_use_id": "u", "content": "2"},
                    {"type": "text", "text": "go on"},
                ],
            },
            {"role": "system", "content": "be brief"},
            {"role": "assistant", "content": []},
        ]
    )
    assert told.messages[1:] == (
        Message("assistant", (ToolCall("t", "f", "{}"),)),
        Message("tool", (ToolResult("t", (Text("1"),), "f"), ToolResult("u", (Text("2"),)))),
        Message("user", (Text("go on"),)),
        Message("system", (Text("be brief"),)),
        Message("assistant", ()),
    )


@pytest.mark.parametrize(
    "thinking, config, reasoning",
    [
        (None, {"effort": "max"}, Reasoning("max")),
        ({"type": "disabled"}, None, Reasoning(budget=0)),
        ({"type": "between_tools"}, {"effort": "low"}, Reasoning("low", 0)),
        ({"type": "adaptive", "display": "summarized"}, None, Reasoning(budget=-1, show=True)),
    ],
)
def test_reasoning(thinking: Any, config: Any, reasoning: Reasoning) -> None:
    assert asked(thinking=thinking, output_config=config).reasoning == reasoning


@pytest.mark.parametrize(
    "told, choice",
    [
        ({"type": "auto"}, ToolChoice("auto")),
        ({"type": "none"}, ToolChoice("none")),
        (
            {"type": "tool", "name": "f", "disable_parallel_tool_use": False},
            ToolChoice("named", ("f",), parallel=True),
        ),
    ],
)
def test_choices(told: dict[str, Any], choice: ToolChoice) -> None:
    assert asked(tool_choice=told).choice == choice


def test_the_older_place_of_a_schema() -> None:
    form = {"type": "json_schema", "schema": {"b": 1}}
    assert asked(output_format=form).output == Output("schema", {"b": 1})


def test_a_count_needs_no_limit() -> None:
    assert asked("messages.count_tokens", max_tokens="-").limit is None


@pytest.mark.parametrize(
    "fields, code, param",
    [
        ({"messages": []}, "invalid_value", "messages"),
        ({"messages": "-"}, "invalid_value", "messages"),
        ({"messages": ["x"]}, "invalid_value", "messages[0]"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "invalid_value", "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "invalid_value", "messages[0].content"),
        ({"messages": [{"role": "user", "content": "x", "effort": 1}]}, "not_expressible", "messages[0].effort"),
        (
            {
                "messages": [
                    *HI,
                    {"role": "user", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
                ]
            },
            "invalid_value",
            "messages[1].content[0].type",
        ),
        (
            {"messages": [{"role": "assistant", "content": [{"type": "tool_result", "tool_use_id": "t"}]}]},
            "invalid_value",
            "messages[0].content[0].type",
        ),
        ({"max_tokens": "-"}, "invalid_value", "max_tokens"),
        ({"max_tokens": 0}, "not_expressible", "max_tokens"),
        ({"max_tokens": "9"}, "invalid_value", "max_tokens"),
        ({"tools": [TOOL | {"type": "web_search_20250305"}]}, "not_expressible", "tools[0].type"),
        ({"tools": [{"name": "f"}]}, "invalid_value", "tools[0].input_schema"),
        ({"tool_choice": {"type": "all"}}, "invalid_value", "tool_choice.type"),
        ({"tool_choice": {"type": "tool"}}, "invalid_value", "tool_choice.name"),
        ({"thinking": {"type": "new"}}, "invalid_value", "thinking.type"),
        ({"thinking": {"type": "enabled"}}, "invalid_value", "thinking.budget_tokens"),
        ({"thinking": {"type": "adaptive", "display": "all"}}, "invalid_value", "thinking.display"),
        ({"output_config": {"format": {"type": "xml"}}}, "invalid_value", "output_config.format.type"),
        ({"output_format": {"type": "json_schema"}}, "invalid_value", "output_format.schema"),
        ({"stop_sequences": [1]}, "invalid_value", "stop_sequences[0]"),
        ({"temperature": "x"}, "invalid_value", "temperature"),
        ({"metadata": {"user_id": 1}}, "invalid_value", "metadata.user_id"),
        ({"service_tier": "flex"}, "invalid_value", "service_tier"),
    ],
)
def test_what_is_refused(fields: dict[str, Any], code: str, param: str) -> None:
    assert refused(**fields) == (code, param)


def test_what_cannot_be_decoded() -> None:
    deep = b'{"model":"m","x":' + b"[" * 200 + b"]" * 200 + b"}"
    with pytest.raises(Refusal) as caught:
        ask(Call("anthropic", "messages", "m", False, deep))
    assert caught.value.fault.code == "invalid_json"
