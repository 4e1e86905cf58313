"""Makes calls with litellm, which speaks to the gateway as to OpenAI, Anthropic or Google."""

from __future__ import annotations

import importlib
import json
import os
from typing import Any

from tests.conformance.sdks.telling import Call, Row, functions, main, work

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it fetches prices when it is imported
litellm: Any = importlib.import_module("litellm")  # lives in an environment of its own
litellm.suppress_debug_info = True
importlib.import_module("httpx2")  # litellm imports it late, in as many threads as ask at once


def answer(call: Call, row: Row) -> None:
    """One call, with the round trip of its tools."""
    messages: list[Any] = [{"role": "user", "content": call["name"]}]
    asked = {"messages": messages, "stream": call["stream"], "max_tokens": 1000}
    asked |= {"api_key": call["key"], "timeout": call["timeout"], "max_retries": call["retries"]}
    asked |= {"extra_headers": call["headers"], **_target(call)}
    if call["tools"]:
        asked["tools"] = [{"type": "function", "function": each} for each in functions()]
    turn = _stream if call["stream"] else _json
    wanted = turn(asked, row)
    if call["tools"]:
        calls = wanted.tool_calls or []
        row["calls"] = [{"name": one.function.name, "arguments": json.loads(one.function.arguments)} for one in calls]
        messages.append(wanted)
        for one, parsed in zip(calls, row["calls"], strict=True):
            result = work(one.function.name, parsed["arguments"])
            messages.append({"role": "tool", "tool_call_id": one.id, "content": result})
        turn(asked, row)


def _target(call: Call) -> dict[str, str]:
    base = {"openai": "/v1", "anthropic": "", "gemini": "/v1beta"}[call["api"]]
    return {"model": f"{call['api']}/{call['model']}", "api_base": call["root"] + base}


def _json(asked: dict[str, Any], row: Row) -> Any:
    choice = litellm.completion(**asked).choices[0]
    row |= {"text": choice.message.content, "finish": choice.finish_reason}
    return choice.message


def _stream(asked: dict[str, Any], row: Row) -> Any:
    chunks = []
    for chunk in litellm.completion(**asked):
        chunks.append(chunk)
        choice = chunk.choices[0]
        row["text"] += choice.delta.content or ""
        row["finish"] = choice.finish_reason or row.get("finish")
        row["pieces"] = row.get("pieces", 0) + sum(
            bool(one.function.arguments) for one in choice.delta.tool_calls or ()
        )
    return litellm.stream_chunk_builder(chunks).choices[0].message


if __name__ == "__main__":
    main(answer, litellm.exceptions.openai.OpenAIError)
