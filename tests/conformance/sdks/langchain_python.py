"""Makes calls with langchain-openai: ChatOpenAI, over chat completions and over responses."""

from __future__ import annotations

import importlib
from typing import Any

from tests.conformance.sdks.telling import Call, Row, functions, main, work

# They live in an environment of their own.
openai: Any = importlib.import_module("openai")
langchain_openai: Any = importlib.import_module("langchain_openai")
messages_of: Any = importlib.import_module("langchain_core.messages")


def answer(call: Call, row: Row) -> None:
    """One call, with the round trip of its tools."""
    messages = [messages_of.HumanMessage(call["name"])]
    turn = _stream if call["stream"] else _json
    model = _model(call)
    message = turn(model, messages, row)
    if call["tools"]:
        row["calls"] = [{"name": one["name"], "arguments": one["args"]} for one in message.tool_calls]
        messages.append(message)
        for one in message.tool_calls:
            messages.append(messages_of.ToolMessage(work(one["name"], one["args"]), tool_call_id=one["id"]))
        turn(model, messages, row)


def _model(call: Call) -> Any:
    model = langchain_openai.ChatOpenAI(
        model=call["model"],
        base_url=call["root"] + "/v1",
        api_key=call["key"],
        max_retries=call["retries"],
        timeout=call["timeout"],
        default_headers=call["headers"],
        use_responses_api=call["api"] == "responses",
    )
    if not call["tools"]:
        return model
    return model.bind_tools([{"type": "function", "function": each} for each in functions()])


def _json(model: Any, messages: list[Any], row: Row) -> Any:
    message = model.invoke(messages)
    row |= {"text": message.text, "finish": _finish(message)}
    return message


def _stream(model: Any, messages: list[Any], row: Row) -> Any:
    whole = None
    for chunk in model.stream(messages):
        whole = chunk if whole is None else whole + chunk
        row["text"] += chunk.text
        row["finish"] = _finish(whole)
        row["pieces"] = row.get("pieces", 0) + sum(bool(one.get("args")) for one in chunk.tool_call_chunks)
    return whole


def _finish(message: Any) -> str | None:
    about = message.response_metadata
    return about.get("finish_reason") or about.get("status")


if __name__ == "__main__":
    main(answer, openai.OpenAIError)
