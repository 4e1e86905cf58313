"""The neutral request worded for an upstream that speaks chat completions: OpenAI, or a provider compatible with it.

How a provider differs is data (`provider.Quirks`): its name for the limit, whether it knows developers, how it is told
to think. What it cannot be told, and may go without, is listed in `Wording.dropped`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from outwait.core.ask import Ask, Output, Reasoning, Tool, ToolChoice, Wording
from outwait.core.plan import Candidate
from outwait.dialects import document
from outwait.dialects.effort import budget_of, effort_of
from outwait.dialects.openai_chat.retell import Retelling, Style
from outwait.dialects.openai_chat.tables import IDS, IDS_OF, MARKING, SIGNING, TIERS, USER_LIMIT
from outwait.dialects.providers import PROVIDERS

_NAMED = re.compile(r"[^.\[\]]+")
_LISTS = ("messages.", "tools.")
# Which field takes earlier reasoning back, by the way a provider is told to think.
_THOUGHTS = {"thinking": "reasoning_content", "object": "reasoning"}
# Ways whose providers tell thoughts by themselves.
_TELLING = frozenset({"thinking", "switch"})
_STREAMED = {"include_usage": True}


def word(ask: Ask, candidate: Candidate) -> Wording:
    """The request for `candidate`. Raises Refusal `not_expressible`."""
    quirks = PROVIDERS[candidate.provider].quirks
    marking = candidate.provider in MARKING
    style = Style(
        quirks.developer,
        _THOUGHTS.get(quirks.reasoning or ""),
        candidate.provider in SIGNING,
        marking,
        IDS_OF.get(candidate.provider, IDS),
    )
    telling = Retelling(style)
    body: dict[str, Any] = {"model": candidate.model, "messages": telling.messages(ask.messages)}
    if ask.stream or candidate.streamed:
        body["stream"] = True
        if quirks.usage:
            body["stream_options"] = dict(_STREAMED)
    dropped = telling.dropped
    if ask.tools:
        body["tools"] = [_tool(tool, marking=marking) for tool in ask.tools]
        dropped += ["tools.cache"] * (not marking and any(tool.cache is not None for tool in ask.tools))
    body |= _told(ask, quirks.limit) | _choice(ask.choice, ask.tools)
    if ask.output is not None:
        body["response_format"] = _form(ask.output)
    if ask.reasoning is not None:
        told, lost = _reasoning(ask.reasoning, quirks.reasoning)
        body |= told
        dropped += lost
    for name, value in ask.rest.items():
        if name.startswith(_LISTS) and isinstance(value, dict):
            for path, held in value.items():
                _put(body, path, held)
        else:
            _put(body, name, value)
    return Wording(document.dumps(body), tuple(dict.fromkeys(dropped)))


def _told(ask: Ask, limit: str) -> dict[str, Any]:
    """The fields that are one value each; those that the client set."""
    fields: dict[str, Any] = {
        limit: ask.limit,
        "stop": list(ask.stop) or None,
        "n": ask.count,
        "user": _user(ask.user),
        "metadata": ask.metadata,
        "service_tier": None if ask.tier is None else TIERS.get(ask.tier, ask.tier),
        "store": ask.store,
        "verbosity": ask.verbosity,
        "modalities": list(ask.modalities) or None,
        "temperature": ask.sampling.temperature,
        "top_p": ask.sampling.top_p,
        "seed": ask.sampling.seed,
        "frequency_penalty": ask.sampling.frequency_penalty,
        "presence_penalty": ask.sampling.presence_penalty,
        "logit_bias": ask.sampling.logit_bias,
        "logprobs": ask.sampling.logprobs,
        "top_logprobs": ask.sampling.top_logprobs,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _user(user: str | None) -> str | None:
    """Whoever it is: only the same id for the same user matters, and a digest is one too."""
    if user is None or len(user) <= USER_LIMIT:
        return user
    return hashlib.sha256(user.encode(errors="replace")).hexdigest()


def _tool(tool: Tool, *, marking: bool) -> dict[str, Any]:
    inner: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        inner["description"] = tool.description
    kind = "custom" if tool.custom else "function"
    if tool.custom:
        if tool.schema is not None:
            inner["format"] = _format(tool.schema)
    else:
        if tool.schema is not None:
            inner["parameters"] = tool.schema
        if tool.strict is not None:
            inner["strict"] = tool.strict
    mark = {"cache_control": tool.cache} if marking and tool.cache is not None else {}
    return {"type": kind, kind: inner, **mark}


def _format(form: Mapping[str, Any]) -> dict[str, Any]:
    """The format of a custom tool: chat completions put a grammar one level deeper than Responses do."""
    kind = form.get("type")
    if kind != "grammar":
        return dict(form)
    return {"type": kind, "grammar": {key: value for key, value in form.items() if key != "type"}}


def _choice(choice: ToolChoice | None, tools: tuple[Tool, ...]) -> dict[str, Any]:
    if choice is None:
        return {}
    made: dict[str, Any] = {} if choice.parallel is None else {"parallel_tool_calls": choice.parallel}
    kinds = {tool.name: "custom" if tool.custom else "function" for tool in tools}
    named = [
        {"type": (kind := kinds.get(name, "function")), kind: {"name": name}} for name in choice.names
    ]  # fmt: skip
    if not named:
        return made if choice.mode is None else {**made, "tool_choice": choice.mode}
    if choice.mode == "named" and len(named) == 1:
        return {**made, "tool_choice": named[0]}
    allowed = {"mode": "auto" if choice.mode == "auto" else "required", "tools": named}
    return {**made, "tool_choice": {"type": "allowed_tools", "allowed_tools": allowed}}


def _form(output: Output) -> dict[str, Any]:
    if output.kind != "schema":
        return {"type": "json_object" if output.kind == "json" else "text"}
    inner: dict[str, Any] = {"name": output.name or "answer"}
    told = {"description": output.description, "schema": output.schema, "strict": output.strict}
    inner |= {name: value for name, value in told.items() if value is not None}
    return {"type": "json_schema", "json_schema": inner}


def _reasoning(asked: Reasoning, way: str | None) -> tuple[dict[str, Any], list[str]]:
    """What tells a provider how hard to think, and what of it is left out."""
    lost = ["reasoning.summary"] * (asked.summary is not None)
    if way != "object" and asked.show is not None and not (asked.show and way in _TELLING):
        lost.append("reasoning.show")
    effort, budget = asked.effort, asked.budget
    if effort is None and budget is not None and budget >= 0:
        effort = effort_of(budget)
    if way == "object":
        return _object(asked), lost
    if effort is None and budget is None:
        return {}, lost
    if way == "effort":
        return ({} if effort is None else {"reasoning_effort": effort}), lost
    off = effort == "none"
    if way == "thinking":
        lost += ["reasoning.effort"] * (effort is not None and not off)
        return {"thinking": {"type": "disabled" if off else "enabled"}}, lost
    if way == "switch":
        tokens = budget if budget is not None or effort is None else budget_of(effort)
        limit = {} if off or tokens is None or tokens < 0 else {"thinking_budget": tokens}
        return {"enable_thinking": not off, **limit}, lost
    return {}, [*lost, "reasoning"]


def _object(asked: Reasoning) -> dict[str, Any]:
    """OpenRouter's `reasoning`; it takes an effort or a number of tokens, not both."""
    told: dict[str, Any] = {}
    if asked.effort is not None:
        told["effort"] = asked.effort
    elif asked.budget is not None:
        told |= {"max_tokens": asked.budget} if asked.budget > 0 else {"enabled": asked.budget < 0}
    if asked.show is not None:
        told["exclude"] = not asked.show
    return {"reasoning": told} if told else {}


def _put(body: dict[str, Any], path: str, value: Any) -> None:
    """Set what stands at `path`, such as `messages[0].content[1].x`."""
    *way, last = _NAMED.findall(path) or [path]
    place: Any = body
    for key in way:
        inner = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
        if isinstance(inner, str):  # content that was told as a string has a part of its own now
            inner = place[key] = [{"type": "text", "text": inner}]
        place = inner
    place[last] = value
