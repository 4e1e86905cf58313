from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from outwait.core.ask import ToolChoice
from outwait.core.fault import Fault, Refusal
from outwait.dialects import openai_asked
from outwait.dialects.fields import Fields, Strange


def refused(act: Callable[[], object]) -> Fault:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value.fault


@pytest.mark.parametrize(
    "body, user, rest",
    [
        ({}, None, {}),
        ({"user": "a"}, "a", {}),
        ({"safety_identifier": "b"}, "b", {}),
        ({"user": "a", "safety_identifier": "b"}, "a", {"safety_identifier": "b"}),
    ],
)
def test_the_end_user(body: dict[str, Any], user: str | None, rest: dict[str, Any]) -> None:
    strange = Strange()
    assert openai_asked.user(Fields(body), strange) == user
    assert strange.rest == rest


def choose(nested: bool, **body: Any) -> tuple[ToolChoice | None, dict[str, Any]]:
    strange = Strange()
    return openai_asked.choice(Fields(body), strange, nested=nested), strange.rest


@pytest.mark.parametrize("nested", [True, False])
def test_a_choice_in_a_word(nested: bool) -> None:
    assert choose(nested) == (None, {})
    assert choose(nested, parallel_tool_calls=False) == (ToolChoice(parallel=False), {})
    assert choose(nested, tool_choice="required") == (ToolChoice("required"), {})
    assert refused(lambda: choose(nested, tool_choice="any")).param == "tool_choice"


@pytest.mark.parametrize(
    "nested, choice",
    [
        (True, {"type": "custom", "custom": {"name": "f"}, "x": 1}),
        (False, {"type": "custom", "name": "f", "x": 1}),
    ],
)
def test_one_tool(nested: bool, choice: dict[str, Any]) -> None:
    assert choose(nested, tool_choice=choice) == (ToolChoice("named", ("f",)), {"tool_choice.x": 1})
    assert refused(lambda: choose(nested, tool_choice={"type": "file_search"})).param == "tool_choice.type"


@pytest.mark.parametrize("mode, told", [({}, "auto"), ({"mode": "required"}, "required")])
def test_some_tools(mode: dict[str, str], told: str) -> None:
    flat = {**mode, "tools": [{"type": "function", "name": "f"}]}
    deep = {**mode, "tools": [{"type": "function", "function": {"name": "f"}}]}
    for nested, choice in ((False, flat), (True, {"allowed_tools": deep})):
        made, _ = choose(nested, tool_choice={"type": "allowed_tools", **choice}, parallel_tool_calls=True)
        assert made == ToolChoice(told, ("f",), parallel=True)


def test_a_tool_of_the_providers_is_refused_by_its_place() -> None:
    choice = {"type": "allowed_tools", "tools": [{"type": "web_search"}]}
    failed = refused(lambda: choose(False, tool_choice=choice))
    assert (failed.code, failed.param) == ("not_expressible", "tool_choice.tools[0].type")
