"""The neutral request worded as a Messages request, for the model that will get it.

Models differ in what they take (`models`); where two of the client's wishes would be refused together, the table
`tables.DROPS` says which one gives way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outwait.core.ask import Ask, Output, Tool, Wording
from outwait.core.plan import Candidate
from outwait.dialects import document
from outwait.dialects.anthropic import models, think, turns
from outwait.dialects.anthropic.asked import Document
from outwait.dialects.anthropic.blocks import refuse, shortest
from outwait.dialects.anthropic.models import Traits
from outwait.dialects.anthropic.request import COUNT, VERSIONS
from outwait.dialects.anthropic.tables import TOLD_TIERS

_TOP_P = 0.95  # the least beside thinking
_FORCING = frozenset({"required", "named"})
_UNCOUNTED = ("max_tokens", "stop_sequences", "temperature", "top_p", "top_k", "metadata", "service_tier", "stream")


def word(ask: Ask, candidate: Candidate) -> Wording:
    """The body for `candidate`; raises Refusal for what cannot be said."""
    traits = models.traits_of(candidate.model)
    dropped: dict[str, None] = {}
    system, said = turns.turns_of(ask.messages, dropped)
    if not said:
        refuse("A request without any words")
    body: Document = {"model": candidate.model}
    if candidate.provider in VERSIONS:
        body = {"anthropic_version": VERSIONS[candidate.provider]}
    elif ask.stream or candidate.streamed:
        body["stream"] = True
    if system:
        body["system"] = shortest(system)
    body["messages"] = turns.written(said)
    _tools(ask, traits, body, dropped)
    _reason(ask, traits, said, body, dropped)
    _sample(ask, traits, body, dropped)
    _form(ask.output, traits, body, dropped)
    _small(ask, body, dropped)
    _rest(ask.rest, body)
    if candidate.endpoint == COUNT:
        body = {key: value for key, value in body.items() if key not in _UNCOUNTED}
    return Wording(document.dumps(body), tuple(dropped))


def _tools(ask: Ask, traits: Traits, body: Document, dropped: dict[str, None]) -> None:
    choice = ask.choice
    tools = ask.tools
    mode = choice.mode if choice is not None else None
    names = choice.names if choice is not None else ()
    if mode in _FORCING and not traits.forced:
        dropped["choice"] = None
    if mode == "named" and (len(names) > 1 or not traits.forced):
        tools = tuple(tool for tool in tools if tool.name in names)  # nothing else may be called
    if tools:
        body["tools"] = [_tool(tool, traits, dropped) for tool in tools]
    if choice is None or (not tools and mode not in _FORCING):
        return
    told: Document = {"type": {"required": "any", "named": "any", "none": "none"}.get(mode or "", "auto")}
    if mode in _FORCING and not traits.forced:
        told = {"type": "auto"}
    elif mode == "named" and len(names) == 1:
        told = {"type": "tool", "name": names[0]}
    if choice.parallel is not None and mode != "none":
        told["disable_parallel_tool_use"] = not choice.parallel
    if mode is not None or choice.parallel is False:
        body["tool_choice"] = told


def _tool(tool: Tool, traits: Traits, dropped: dict[str, None]) -> Document:
    if tool.custom:
        refuse(f"The tool {tool.name!r}, which takes free text,", "tools")
    schema: Document = {"type": "object", "properties": {}} if tool.schema is None else dict(tool.schema)
    schema.setdefault("type", "object")
    told: Document = {"name": tool.name, "input_schema": schema}
    if tool.description is not None:
        told["description"] = tool.description
    if tool.strict is not None:
        if traits.schema:
            told["strict"] = tool.strict
            told["input_schema"] = closed(schema) if tool.strict else schema
        elif tool.strict:
            dropped["tools.strict"] = None
    if tool.cache is not None:
        told["cache_control"] = dict(tool.cache)
    return told


def _reason(ask: Ask, traits: Traits, said: list[Document], body: Document, dropped: dict[str, None]) -> None:
    """Thinking, its effort, and the room there has to be for it."""
    thinking, effort = think.thinking_of(ask.reasoning, traits, dropped)
    limit = models.limit_of(traits) if ask.limit is None else ask.limit
    if traits.limit is not None:
        limit = min(limit, traits.limit)
    if thinking is not None and thinking["type"] == "enabled":
        forced = body.get("tool_choice", {}).get("type") in {"any", "tool"}
        if forced or turns.begins(said) or turns.unsigned(said):
            thinking = None
            dropped["reasoning"] = None
        else:
            limit = think.fit(thinking, limit, traits)
    body["max_tokens"] = limit
    if thinking is not None:
        body["thinking"] = thinking
    if effort is not None:
        body["output_config"] = {"effort": effort}


def _sample(ask: Ask, traits: Traits, body: Document, dropped: dict[str, None]) -> None:
    thinks = body.get("thinking", {}).get("type") in {"enabled", "adaptive"}
    sampling = ask.sampling
    temperature, top_p, top_k = sampling.temperature, sampling.top_p, sampling.top_k
    none = traits.sampling == "none"
    wishes: tuple[tuple[str, Any, bool], ...] = (
        ("temperature", temperature, none or (thinks and temperature != 1)),
        ("top_p", top_p, none or (thinks and (top_p or 0) < _TOP_P)),
        ("top_k", top_k, none or thinks),
    )
    for name, value, refused in wishes:
        both = name == "top_p" and traits.sampling == "one" and "temperature" in body
        if value is None:
            continue
        if refused or both:
            dropped[f"sampling.{name}"] = None
        else:
            body[name] = value
    if body.get("temperature", 0) > 1:
        body["temperature"] = 1
        dropped["sampling.temperature"] = None


def _form(output: Output | None, traits: Traits, body: Document, dropped: dict[str, None]) -> None:
    if output is None or output.kind == "text":
        return
    if output.kind != "schema" or output.schema is None:
        dropped["output"] = None
        return
    if not traits.schema:
        refuse("An answer after a JSON schema from this model", "output")
    form = {"type": "json_schema", "schema": closed(output.schema)}
    body["output_config"] = {**body.get("output_config", {}), "format": form}


def closed(schema: object) -> object:
    """`schema` with its objects closed to further members where nothing is said of them: others are refused, and every
    answer that fits the closed one fits the open one."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    told = {key: value if key in {"enum", "const", "default"} else closed(value) for key, value in schema.items()}
    if told.get("type") == "object" and "additionalProperties" not in told:
        told["additionalProperties"] = False
    return told


def _small(ask: Ask, body: Document, dropped: dict[str, None]) -> None:
    if ask.stop:
        body["stop_sequences"] = list(ask.stop)
    if ask.user is not None:
        body["metadata"] = {"user_id": ask.user}
    if ask.tier is not None:
        if ask.tier in TOLD_TIERS:
            body["service_tier"] = TOLD_TIERS[ask.tier]
        else:
            dropped["tier"] = None


def _rest(rest: Mapping[str, Any], body: Document) -> None:
    """Put back what only this dialect knows."""
    for name, value in rest.items():
        place, _, key = name.partition(".")
        if not key:
            body[name] = value
        elif place == "tools":
            for tool in body.get("tools", ()):
                if tool["name"] in value:
                    tool[key] = value[tool["name"]]
        else:
            body[place] = {**body.get(place, {}), key: value}
