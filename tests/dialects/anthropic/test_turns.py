from __future__ import annotations

import pytest

from outwait.core.ask import Message
from outwait.core.fault import Refusal
from outwait.core.part import Media, Part, Text, Thought, ToolCall, ToolResult
from outwait.dialects.anthropic import turns


def message(role: str, *parts: Part | str, name: str | None = None) -> Message:
    return Message(role, tuple(Text(part) if isinstance(part, str) else part for part in parts), name)


def test_turns_take_turns() -> None:
    dropped: dict[str, None] = {}
    system, said = turns.turns_of(
        [
            message("system", "s1"),
            message("user", "a", name="ann"),
            message("user", "b"),
            message("developer", "s2"),
            message("assistant", "c"),
            message("assistant", ToolCall("t", "f", "{}")),
            message("user", "late"),
            message("tool", ToolResult("t", (Text("r"),))),
            message("assistant", ""),
        ],
        dropped,
    )
    assert [block["text"] for block in system] == ["s1", "s2"]
    assert [turn["role"] for turn in said] == ["user", "assistant", "user"]
    assert [block["type"] for block in said[1]["content"]] == ["text", "tool_use"]
    assert [block["type"] for block in said[2]["content"]] == ["tool_result", "text"]
    assert list(dropped) == ["messages.name"]


def test_only_instructions_become_a_turn() -> None:
    system, said = turns.turns_of([message("system", "do it")], {})
    assert (system, said) == ([], [{"role": "user", "content": [{"type": "text", "text": "do it"}]}])
    assert turns.written(said) == [{"role": "user", "content": "do it"}]


def test_a_system_prompt_is_text() -> None:
    with pytest.raises(Refusal):
        turns.turns_of([message("system", Media("image", url="u"))], {})


def test_the_beginning_of_an_answer_has_no_space_behind_it() -> None:
    _, said = turns.turns_of([message("user", "a "), message("assistant", "The answer is ( \n")], {})
    assert turns.begins(said)
    assert said[1]["content"][0]["text"] == "The answer is ("
    assert said[0]["content"][0]["text"] == "a "
    _, said = turns.turns_of([message("assistant", ToolCall("t", "f", "{}"))], {})
    assert turns.begins(said)
    assert not turns.begins([])


@pytest.mark.parametrize(
    "parts, unsigned",
    [
        ((Text("x"),), False),
        ((ToolCall("t", "f", "{}"),), True),
        ((Text("x"), ToolCall("t", "f", "{}")), True),
        ((Thought("x"), ToolCall("t", "f", "{}")), True),
        ((Thought("x", "s", dialect="anthropic"), ToolCall("t", "f", "{}")), False),
        ((Thought(sealed="s", dialect="anthropic"), ToolCall("t", "f", "{}")), False),
    ],
)
def test_unsigned_calls(parts: tuple[Part, ...], unsigned: bool) -> None:
    _, said = turns.turns_of([message("assistant", *parts), message("tool", ToolResult("t", ()))], {})
    assert turns.unsigned(said) is unsigned
    _, said = turns.turns_of([message("assistant", *parts), message("user", "x"), message("assistant", "y")], {})
    assert not turns.unsigned(said)
    assert not turns.unsigned([])
