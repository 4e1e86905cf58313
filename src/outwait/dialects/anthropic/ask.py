"""A Messages request read into the neutral one.

Only calls that go to another dialect come here. What the neutral request has no place for is kept under its own name.
"""

from __future__ import annotations

from typing import Any

from outwait.core.ask import Ask, Message, Output, Reasoning, Sampling, Tool, ToolChoice
from outwait.core.fault import Refusal, fault
from outwait.core.part import Media, Part, Text, Thought, ToolCall, ToolResult
from outwait.core.request import Call
from outwait.dialects import document
from outwait.dialects.anthropic import asked, parts
from outwait.dialects.anthropic.asked import Document
from outwait.dialects.anthropic.request import COUNT
from outwait.dialects.anthropic.tables import CHOICES, TIERS

_READ = frozenset({
    "model", "messages", "system", "max_tokens", "stream", "tools", "tool_choice", "thinking", "output_config",
    "output_format", "stop_sequences", "temperature", "top_p", "top_k", "metadata", "service_tier",
})  # fmt: skip
_MESSAGE = frozenset({"role", "content"})
# Role -> the parts that a message of it can hold.
_HELD: dict[str, tuple[type[Part], ...]] = {
    "user": (Text, Media, ToolResult),
    "assistant": (Text, Media, Thought, ToolCall),
    "system": (Text,),
}
_TOOL = frozenset({"type", "name", "description", "input_schema", "strict", "cache_control"})
# Values that say what holds anyway.
_DEFAULTS: tuple[tuple[str, Any], ...] = (("defer_loading", False), ("allowed_callers", ["direct"]))
_OFF = frozenset({"disabled", "between_tools"})
_SHOWN = {"summarized": True, "omitted": False}


def ask(call: Call) -> Ask:
    """The request in `call`; raises Refusal for a malformed one and for what no other protocol can say."""
    try:
        told = document.loads(call.body)
    except ValueError:
        raise Refusal(fault("invalid_json")) from None
    body = asked.table(told, "request")
    rest: Document = {key: value for key, value in body.items() if key not in _READ and value is not None}
    output, effort = _output(body, rest)
    return Ask(
        call.model,
        (*_system(body), *_messages(body)),
        stream=call.stream,
        tools=_tools(body, rest),
        choice=_choice(body.get("tool_choice")),
        output=output,
        reasoning=_reasoning(body.get("thinking"), effort, rest),
        sampling=Sampling(
            temperature=asked.maybe_number(body.get("temperature"), "temperature"),
            top_p=asked.maybe_number(body.get("top_p"), "top_p"),
            top_k=asked.maybe_count(body.get("top_k"), "top_k"),
        ),
        limit=_limit(body, call),
        stop=_stop(body),
        user=_user(body, rest),
        tier=_tier(body),
        usage=True,
        rest=rest,
    )


def _system(body: Document) -> tuple[Message, ...]:
    system = body.get("system")
    said = () if system is None else parts.texts_of(system, "system")
    return (Message("system", said),) if said else ()


def _messages(body: Document) -> list[Message]:
    messages: list[Message] = []
    names: dict[str, str] = {}
    told = asked.items(body.get("messages"), "messages")
    if not told:
        asked.invalid("messages", "at least one message")
    for place, one in enumerate(told):
        path = f"messages[{place}]"
        message = asked.table(one, path)
        asked.only(message, _MESSAGE, path)
        role = asked.one_of(message.get("role"), _HELD, f"{path}.role")
        said = parts.parts_of(message.get("content"), f"{path}.content", names)
        names |= {part.id: part.name for part in said if isinstance(part, ToolCall)}
        _place(role, said, f"{path}.content")
        messages += _turns(role, said)
    return messages


def _place(role: str, said: tuple[Part, ...], path: str) -> None:
    """Refuse blocks that stand where they may not."""
    for place, part in enumerate(said):
        if not isinstance(part, _HELD[role]):
            asked.invalid(f"{path}[{place}].type", f"a type that a message of the {role} can have")


def _turns(role: str, said: tuple[Part, ...]) -> list[Message]:
    """One message, or as many as the runs of tool results and other parts in it."""
    runs: list[tuple[str, list[Part]]] = []
    for part in said:
        kind = "tool" if isinstance(part, ToolResult) else role
        if not runs or runs[-1][0] != kind:
            runs.append((kind, []))
        runs[-1][1].append(part)
    return [Message(kind, tuple(run)) for kind, run in runs] or [Message(role, ())]


def _tools(body: Document, rest: Document) -> tuple[Tool, ...]:
    tools: list[Tool] = []
    for place, one in enumerate(asked.items(body.get("tools") or [], "tools")):
        path = f"tools[{place}]"
        tool = asked.table(one, path)
        kind = asked.maybe_text(tool.get("type"), f"{path}.type")
        if kind not in {None, "custom"}:
            asked.unspeakable(f"{path}.type", f"The provider's own tool {kind!r}")
        name = asked.text(tool.get("name"), f"{path}.name")
        for key, value in tool.items():
            if key not in _TOOL and value is not None and (key, value) not in _DEFAULTS:
                rest.setdefault(f"tools.{key}", {})[name] = value
        tools.append(
            Tool(
                name,
                asked.maybe_text(tool.get("description"), f"{path}.description"),
                asked.table(tool.get("input_schema"), f"{path}.input_schema"),
                asked.maybe_flag(tool.get("strict"), f"{path}.strict"),
                cache=asked.maybe_table(tool.get("cache_control"), f"{path}.cache_control"),
            )
        )
    return tuple(tools)


def _choice(told: object) -> ToolChoice | None:
    if told is None:
        return None
    choice = asked.table(told, "tool_choice")
    kind = asked.one_of(choice.get("type"), CHOICES, "tool_choice.type")
    names = (asked.text(choice.get("name"), "tool_choice.name"),) if kind == "tool" else ()
    alone = asked.maybe_flag(choice.get("disable_parallel_tool_use"), "tool_choice.disable_parallel_tool_use")
    return ToolChoice(CHOICES[kind], names, None if alone is None else not alone)


def _output(body: Document, rest: Document) -> tuple[Output | None, str | None]:
    """The form of the answer, and the effort, which stands in the same place."""
    config = asked.maybe_table(body.get("output_config"), "output_config") or {}
    effort = asked.maybe_text(config.get("effort"), "output_config.effort")
    for key, value in config.items():
        if key not in {"effort", "format"} and value is not None:
            rest[f"output_config.{key}"] = value
    path = "output_config.format" if config.get("format") is not None else "output_format"
    form = asked.maybe_table(config.get("format") or body.get("output_format"), path)
    if form is None:
        return None, effort
    asked.one_of(form.get("type"), ("json_schema",), f"{path}.type")
    return Output("schema", asked.table(form.get("schema"), f"{path}.schema")), effort


def _reasoning(told: object, effort: str | None, rest: Document) -> Reasoning | None:
    if told is None:
        return None if effort is None else Reasoning(effort)
    thinking = asked.table(told, "thinking")
    kind = asked.one_of(thinking.get("type"), ("enabled", "adaptive", *sorted(_OFF)), "thinking.type")
    shown = asked.maybe_text(thinking.get("display"), "thinking.display")
    show = None if shown is None else _SHOWN[asked.one_of(shown, _SHOWN, "thinking.display")]
    for key, value in thinking.items():
        if key not in {"type", "budget_tokens", "display"} and value is not None:
            rest[f"thinking.{key}"] = value
    if kind in _OFF:
        return Reasoning(effort, 0, show)
    if kind == "adaptive":
        return Reasoning(effort, -1, show)
    budget = asked.maybe_count(thinking.get("budget_tokens"), "thinking.budget_tokens")
    if not budget:
        asked.invalid("thinking.budget_tokens", "an integer from 1024 up")
    return Reasoning(effort, budget, show)


def _limit(body: Document, call: Call) -> int | None:
    limit = asked.maybe_count(body.get("max_tokens"), "max_tokens")
    if call.endpoint == COUNT:
        return limit
    if limit is None:
        asked.invalid("max_tokens", "given")
    if limit == 0:
        asked.unspeakable("max_tokens", "A request for no answer, which only fills the prompt cache,")
    return limit


def _stop(body: Document) -> tuple[str, ...]:
    told = asked.items(body.get("stop_sequences") or [], "stop_sequences")
    return tuple(asked.text(one, f"stop_sequences[{place}]") for place, one in enumerate(told))


def _user(body: Document, rest: Document) -> str | None:
    metadata = asked.maybe_table(body.get("metadata"), "metadata") or {}
    rest |= {f"metadata.{key}": value for key, value in metadata.items() if key != "user_id" and value is not None}
    return asked.maybe_text(metadata.get("user_id"), "metadata.user_id")


def _tier(body: Document) -> str | None:
    tier = asked.maybe_text(body.get("service_tier"), "service_tier")
    return None if tier is None else TIERS[asked.one_of(tier, TIERS, "service_tier")]
