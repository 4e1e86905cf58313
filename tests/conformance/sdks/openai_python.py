"""Makes calls with the openai SDK of the interpreter that runs this, chat completions and responses.

It must work with the oldest SDK: nothing here but what openai 1.0 has (and responses, where they are).
"""

from __future__ import annotations

import json
from typing import Any

import openai
from tests.conformance.sdks.telling import Call, Row, functions, main, work


def answer(call: Call, row: Row) -> None:
    """One call, with the round trip of its tools."""
    client = openai.OpenAI(
        base_url=call["root"] + "/v1",
        api_key=call["key"],
        max_retries=call["retries"],
        timeout=call["timeout"],
        default_headers=call["headers"],
    )
    try:
        (_responses if call["api"] == "responses" else _chat)(client, call, row)
    finally:
        client.close()


def _chat(client: Any, call: Call, row: Row) -> None:
    messages: list[Any] = [{"role": "user", "content": call["name"]}]
    asked = {"model": call["model"], "messages": messages}
    if call["tools"]:
        asked["tools"] = [{"type": "function", "function": each} for each in functions()]
    turn = _chat_stream if call["stream"] else _chat_json
    wanted = turn(client, asked, row)
    if not call["tools"]:
        return
    row["calls"] = [{"name": one["name"], "arguments": json.loads(one["arguments"])} for _, one in wanted]
    said = [{"id": ident, "type": "function", "function": one} for ident, one in wanted]
    messages.append({"role": "assistant", "content": None, "tool_calls": said})
    for (ident, one), parsed in zip(wanted, row["calls"], strict=True):
        result = work(one["name"], parsed["arguments"])
        messages.append({"role": "tool", "tool_call_id": ident, "content": result})
    turn(client, asked, row)


def _chat_json(client: Any, asked: dict[str, Any], row: Row) -> list[tuple[str, dict[str, str]]]:
    reply = client.chat.completions.create(**asked)
    if not reply.choices:
        row["text"] = None  # what programs trip over
        return []
    message = reply.choices[0].message
    row |= {"text": message.content, "finish": reply.choices[0].finish_reason}
    calls = getattr(message, "tool_calls", None) or []
    return [(one.id, {"name": one.function.name, "arguments": one.function.arguments}) for one in calls]


def _chat_stream(client: Any, asked: dict[str, Any], row: Row) -> list[tuple[str, dict[str, str]]]:
    calls: dict[int, tuple[str, dict[str, str]]] = {}
    for chunk in client.chat.completions.create(**asked, stream=True):
        choice = chunk.choices[0]  # as every tutorial does; a chunk without choices would break it
        row["text"] += choice.delta.content or ""
        row["finish"] = choice.finish_reason or row.get("finish")
        for one in getattr(choice.delta, "tool_calls", None) or []:
            if one.id:
                calls[one.index] = (one.id, {"name": one.function.name, "arguments": ""})
            if one.function.arguments:
                calls[one.index][1]["arguments"] += one.function.arguments
                row["pieces"] = row.get("pieces", 0) + 1
    return list(calls.values())


def _responses(client: Any, call: Call, row: Row) -> None:
    items: list[Any] = [{"role": "user", "content": call["name"]}]
    asked = {"model": call["model"], "input": items}
    if call["tools"]:
        asked["tools"] = functions(type="function", strict=False)
    turn = _responses_stream if call["stream"] else _responses_json
    output = turn(client, asked, row)
    if not call["tools"]:
        return
    items += output
    row["calls"] = []
    for item in output:
        if item.type == "function_call":
            arguments = json.loads(item.arguments)
            row["calls"].append({"name": item.name, "arguments": arguments})
            result = work(item.name, arguments)
            items.append({"type": "function_call_output", "call_id": item.call_id, "output": result})
    turn(client, asked, row)


def _responses_json(client: Any, asked: dict[str, Any], row: Row) -> list[Any]:
    reply = client.responses.create(**asked)
    row |= {"text": reply.output_text, "finish": reply.status}
    return list(reply.output)


def _responses_stream(client: Any, asked: dict[str, Any], row: Row) -> list[Any]:
    output: list[Any] = []
    for event in client.responses.create(**asked, stream=True):
        if event.type == "response.output_text.delta":
            row["text"] += event.delta
        elif event.type == "response.function_call_arguments.delta":
            row["pieces"] = row.get("pieces", 0) + 1
        elif event.type == "response.completed":
            row["finish"] = event.response.status
            output = event.response.output
        elif event.type in ("error", "response.failed", "response.incomplete"):
            row["finish"] = event.type
            row["message"] = event.model_dump_json()[:300]
    return output


if __name__ == "__main__":
    main(answer, openai.OpenAIError)
