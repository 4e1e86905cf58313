"""The messages of a neutral request as a system prompt and the turns of user and assistant.

Anthropic knows two roles that take turns, and one system prompt before them: tools' results are the user's words, turns
of one role in a row become one, and instructions from the middle of a conversation move to its front, in their order.
"""

from __future__ import annotations

from collections.abc import Iterable

from outwait.core.ask import Message
from outwait.core.part import Text
from outwait.dialects.anthropic.asked import Document
from outwait.dialects.anthropic.blocks import blocks_of, refuse, shortest

_INSTRUCTS = frozenset({"system", "developer"})
_THOUGHTS = frozenset({"thinking", "redacted_thinking"})


def turns_of(messages: Iterable[Message], dropped: dict[str, None]) -> tuple[list[Document], list[Document]]:
    """The blocks of the system prompt, and the turns, each with its blocks as `content`."""
    system: list[Document] = []
    turns: list[Document] = []
    for message in messages:
        if message.name is not None:
            dropped["messages.name"] = None
        blocks = blocks_of(message.parts, dropped)
        if message.role in _INSTRUCTS:
            if any(not isinstance(part, Text) for part in message.parts):
                refuse("A system prompt that is not only text")
            system += blocks
        elif blocks:
            _add(turns, "assistant" if message.role == "assistant" else "user", blocks)
    if not turns and system:  # there has to be a turn
        turns, system = [{"role": "user", "content": system}], []
    _trim(turns)
    return system, turns


def _add(turns: list[Document], role: str, blocks: list[Document]) -> None:
    if not turns or turns[-1]["role"] != role:
        turns.append({"role": role, "content": []})
    content = [*turns[-1]["content"], *blocks]
    if role == "user":
        content.sort(key=lambda block: block["type"] != "tool_result")  # they have to stand first
    turns[-1]["content"] = content


def _trim(turns: list[Document]) -> None:
    """Cut white space behind the beginning of an answer: it is refused there."""
    if turns and turns[-1]["role"] == "assistant":
        last = turns[-1]["content"][-1]
        if last["type"] == "text":
            last["text"] = last["text"].rstrip()


def begins(turns: list[Document]) -> bool:
    """Whether the last turn is the beginning of the answer."""
    return bool(turns) and turns[-1]["role"] == "assistant"


def unsigned(turns: list[Document]) -> bool:
    """Whether the last turn of the assistant calls a tool and does not begin with a thought, which is refused where a
    budget to think with is given."""
    last: list[Document] = next((turn["content"] for turn in reversed(turns) if turn["role"] == "assistant"), [])
    return any(block["type"] == "tool_use" for block in last) and last[0]["type"] not in _THOUGHTS


def written(turns: list[Document]) -> list[Document]:
    """The turns as they go into the body."""
    return [{**turn, "content": shortest(turn["content"])} for turn in turns]
