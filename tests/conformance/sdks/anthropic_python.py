"""Makes calls with the anthropic SDK for Python."""

from __future__ import annotations

from typing import Any

import anthropic
from tests.conformance.sdks.telling import Call, Row, functions, main, work

MOST = 1000  # tokens; an answer has to say how long it may get


def answer(call: Call, row: Row) -> None:
    """One call, with the round trip of its tools."""
    client = anthropic.Anthropic(
        base_url=call["root"],
        api_key=call["key"],
        max_retries=call["retries"],
        timeout=call["timeout"],
        default_headers=call["headers"],
    )
    messages: list[Any] = [{"role": "user", "content": call["name"]}]
    asked: dict[str, Any] = {"model": call["model"], "max_tokens": MOST, "messages": messages}
    if call["tools"]:
        asked["tools"] = functions("input_schema")
    turn = _stream if call["stream"] else _json
    with client:
        reply = turn(client, asked, row)
        if call["tools"]:
            wanted = [block for block in reply.content if block.type == "tool_use"]
            row["calls"] = [{"name": block.name, "arguments": block.input} for block in wanted]
            messages.append({"role": "assistant", "content": reply.content})
            messages.append({"role": "user", "content": [_result(block) for block in wanted]})
            turn(client, asked, row)


def _result(block: Any) -> dict[str, object]:
    return {"type": "tool_result", "tool_use_id": block.id, "content": work(block.name, block.input)}


def _json(client: Any, asked: dict[str, Any], row: Row) -> Any:
    reply = client.messages.create(**asked)
    row["text"] = "".join(block.text for block in reply.content if block.type == "text") if reply.content else None
    row["finish"] = reply.stop_reason
    return reply


def _stream(client: Any, asked: dict[str, Any], row: Row) -> Any:
    with client.messages.stream(**asked) as stream:
        for event in stream:
            if event.type == "text":
                row["text"] += event.text
            elif event.type == "input_json" and event.partial_json:
                row["pieces"] = row.get("pieces", 0) + 1
        reply = stream.get_final_message()
    row["finish"] = reply.stop_reason
    return reply


if __name__ == "__main__":
    main(answer, anthropic.AnthropicError)
