"""The response object: as OpenAI's API gives it, with each of its fields.

Clients read it with strict types, so a response that outwait makes itself has every field that OpenAI's has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from outwait.core.reply import Usage
from outwait.dialects import document

# Fields of a response that repeat the request's.
_ECHOED = (
    "background", "instructions", "max_output_tokens", "max_tool_calls", "metadata", "parallel_tool_calls",
    "previous_response_id", "prompt_cache_key", "safety_identifier", "service_tier", "store", "temperature",
    "tool_choice", "top_logprobs", "top_p", "truncation", "user",
)  # fmt: skip


def blank(ident: str, model: str, created: float = 0) -> dict[str, Any]:
    """A response that has just begun, of a request that sets nothing."""
    return {
        "id": ident,
        "object": "response",
        "created_at": created,
        "status": "in_progress",
        "background": False,
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "max_tool_calls": None,
        "model": model,
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "prompt_cache_key": None,
        "reasoning": {"effort": None, "summary": None},
        "safety_identifier": None,
        "service_tier": "default",
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None,
        "user": None,
        "metadata": {},
    }


def echo(asked: Mapping[str, Any], made: dict[str, Any]) -> dict[str, Any]:
    """`made`, a blank response, with what the request `asked`, as OpenAI repeats it."""
    told = {key: asked[key] for key in _ECHOED if asked.get(key) is not None}
    for key in ("reasoning", "text"):
        given = asked.get(key)
        if isinstance(given, dict):
            told[key] = made[key] | {name: value for name, value in given.items() if value is not None}
    tools = asked.get("tools")
    if isinstance(tools, list):
        told["tools"] = [_tool(tool) for tool in tools if isinstance(tool, dict)]
    return made | told


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    if tool.get("type") != "function":
        return tool
    return {"description": None, "parameters": None, "strict": False, **tool}


def usage(counted: Usage) -> dict[str, Any]:
    """The `usage` object."""
    return {
        "input_tokens": counted.input,
        "input_tokens_details": {"cached_tokens": counted.cached, "cache_write_tokens": counted.cache_write},
        "output_tokens": counted.output,
        "output_tokens_details": {"reasoning_tokens": counted.reasoning},
        "total_tokens": counted.input + counted.output,
    }


def key_of(*seeds: bytes) -> str:
    """The part behind the prefix of an id, always the same for the same `seeds`."""
    return hashlib.sha256(b"\0".join(seeds)).hexdigest()[:48]


def asked(body: bytes) -> dict[str, Any]:
    """The fields of a request that was read before."""
    value = document.loads(body)
    return value if isinstance(value, dict) else {}
