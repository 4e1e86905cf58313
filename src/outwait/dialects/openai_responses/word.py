"""The neutral request worded for an upstream that speaks Responses.

Nothing is stored there unless the client asked for it. So that a reasoning model's thoughts survive the way through a
client of another dialect, they are asked for in encrypted form, where reasoning is spoken of at all (models without it
refuse that).
"""

from __future__ import annotations

from typing import Any

from outwait.core.ask import Ask, Output, Reasoning, Tool, ToolChoice, Wording
from outwait.core.plan import Candidate
from outwait.dialects import document
from outwait.dialects.effort import effort_of
from outwait.dialects.openai_responses.retell import Retelling
from outwait.dialects.openai_responses.tables import ENCRYPTED, LOGPROBS, TIERS

_NO_ARGUMENTS = {"type": "object", "properties": {}}
_LISTS = ("input.", "tools.")


def word(ask: Ask, candidate: Candidate) -> Wording:
    """The request for `candidate`. Raises Refusal `not_expressible`."""
    telling = Retelling()
    body: dict[str, Any] = {"model": candidate.model, **telling.request(ask.messages)}
    if ask.stream or candidate.streamed:
        body["stream"] = True
    body["store"] = ask.store is True
    if ask.tools:
        body["tools"] = [_tool(tool) for tool in ask.tools]
        if any(tool.cache is not None for tool in ask.tools):
            telling.dropped.append("tools.cache")
    reasoning = _reasoning(ask.reasoning)
    body |= _told(ask) | _choice(ask.choice, ask.tools) | _text(ask) | reasoning
    thinks = reasoning.get("reasoning", {}).get("effort") not in {None, "none"} or "summary" in str(reasoning)
    include = [*ask.rest.get("include", ())]
    include += [LOGPROBS] * (ask.sampling.logprobs is True)
    include += [ENCRYPTED] * (not body["store"] and (thinks or telling.sealed))
    if include:
        body["include"] = include
    for name, value in ask.rest.items():
        if name != "include" and not name.startswith(_LISTS):
            _put(body, name, value)
    return Wording(document.dumps(body), tuple(dict.fromkeys(telling.dropped)))


def _told(ask: Ask) -> dict[str, Any]:
    """The fields that are one value each; those that the client set."""
    fields: dict[str, Any] = {
        "max_output_tokens": ask.limit,
        "user": ask.user,
        "metadata": ask.metadata,
        "service_tier": None if ask.tier is None else TIERS.get(ask.tier, ask.tier),
        "temperature": ask.sampling.temperature,
        "top_p": ask.sampling.top_p,
        "top_logprobs": ask.sampling.top_logprobs,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _tool(tool: Tool) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "custom" if tool.custom else "function", "name": tool.name}
    if tool.description is not None:
        made["description"] = tool.description
    if tool.custom:
        return made if tool.schema is None else {**made, "format": tool.schema}
    # Responses are strict unless told otherwise; the other protocols are not.
    return {**made, "parameters": _NO_ARGUMENTS if tool.schema is None else tool.schema, "strict": tool.strict is True}


def _choice(choice: ToolChoice | None, tools: tuple[Tool, ...]) -> dict[str, Any]:
    if choice is None:
        return {}
    made: dict[str, Any] = {} if choice.parallel is None else {"parallel_tool_calls": choice.parallel}
    custom = {tool.name for tool in tools if tool.custom}
    named = [{"type": "custom" if name in custom else "function", "name": name} for name in choice.names]
    if not named:
        return made if choice.mode is None else {**made, "tool_choice": choice.mode}
    if choice.mode == "named" and len(named) == 1:
        return {**made, "tool_choice": named[0]}
    mode = "auto" if choice.mode == "auto" else "required"
    return {**made, "tool_choice": {"type": "allowed_tools", "mode": mode, "tools": named}}


def _text(ask: Ask) -> dict[str, Any]:
    text: dict[str, Any] = {} if ask.output is None else {"format": _form(ask.output)}
    if ask.verbosity is not None:
        text["verbosity"] = ask.verbosity
    return {"text": text} if text else {}


def _form(output: Output) -> dict[str, Any]:
    if output.kind != "schema":
        return {"type": "json_object" if output.kind == "json" else "text"}
    told = {"description": output.description, "strict": output.strict}
    made = {"type": "json_schema", "name": output.name or "answer", "schema": output.schema or {}}
    return made | {name: value for name, value in told.items() if value is not None}


def _reasoning(asked: Reasoning | None) -> dict[str, Any]:
    if asked is None:
        return {}
    effort, budget, summary = asked.effort, asked.budget, asked.summary
    if effort is None and budget is not None and budget >= 0:
        effort = effort_of(budget)
    if summary is None and asked.show and effort != "none":
        summary = "auto"
    told = {name: value for name, value in (("effort", effort), ("summary", summary)) if value is not None}
    return {"reasoning": told} if told else {}


def _put(body: dict[str, Any], path: str, value: Any) -> None:
    """Set what stands at `path`, such as `reasoning.context`."""
    *way, last = path.split(".")
    for key in way:
        body = body.setdefault(key, {})
    body[last] = value
