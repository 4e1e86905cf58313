"""Makes calls with the google-genai SDK for Python, both its plain and its asyncio client."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from google import genai
from google.genai import errors, types
from tests.conformance.sdks.telling import TOOLS, Call, Row, main, work

_SCHEMA = {
    "type": "OBJECT",
    "properties": {"city": {"type": "STRING"}, "days": {"type": "INTEGER"}},
    "required": ["city"],
}


def answer(call: Call, row: Row) -> None:
    """One call, with the round trip of its tools."""
    options = types.HttpOptions(
        base_url=call["root"],
        timeout=int(call["timeout"] * 1000),
        retry_options=types.HttpRetryOptions(attempts=call["retries"] + 1, initial_delay=0.5),
        headers=call["headers"],
    )
    client = genai.Client(api_key=call["key"], http_options=options)
    try:
        _answer(client, call, row)
    finally:
        client.close()


def _answer(client: genai.Client, call: Call, row: Row) -> None:
    contents: list[Any] = [types.Content(role="user", parts=[types.Part(text=call["name"])])]
    config: Any = None
    if call["tools"]:
        declared = [{"name": name, "description": text, "parameters": _SCHEMA} for name, text in TOOLS.items()]
        config = {"tools": [{"function_declarations": declared}]}
    asked = {"model": call["model"], "contents": contents, "config": config}
    said = _turn(client, asked, call, row)
    if call["tools"]:
        wanted = [part.function_call for part in said if part.function_call]
        row["calls"] = [{"name": one.name, "arguments": one.args} for one in wanted]
        contents.append(types.Content(role="model", parts=said))
        contents.append(types.Content(role="user", parts=[_result(one) for one in wanted]))
        _turn(client, asked, call, row)


def _result(one: Any) -> types.Part:
    result = {"result": work(one.name, one.args)}
    return types.Part(function_response=types.FunctionResponse(id=one.id, name=one.name, response=result))


def _turn(client: genai.Client, asked: dict[str, Any], call: Call, row: Row) -> list[types.Part]:
    parts: list[types.Part] = []
    if call["api"] == "asyncio":
        asyncio.run(_later(client, asked, call, row, parts))
        return parts
    if call["stream"]:
        for chunk in client.models.generate_content_stream(**asked):
            parts += _take(chunk, row)
    else:
        parts += _take(client.models.generate_content(**asked), row)
    return parts


async def _later(client: genai.Client, asked: dict[str, Any], call: Call, row: Row, parts: list[types.Part]) -> None:
    if call["stream"]:
        async for chunk in await client.aio.models.generate_content_stream(**asked):
            parts += _take(chunk, row)
    else:
        parts += _take(await client.aio.models.generate_content(**asked), row)


def _take(reply: types.GenerateContentResponse, row: Row) -> Iterator[types.Part]:
    for candidate in reply.candidates or ():
        if candidate.finish_reason is not None:
            row["finish"] = candidate.finish_reason.value
        for part in (candidate.content and candidate.content.parts) or ():
            if part.text and not part.thought:
                row["text"] += part.text
            if part.text or part.function_call:
                yield part


if __name__ == "__main__":
    main(answer, errors.APIError)
