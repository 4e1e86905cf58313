"""The official SDKs against the simulated providers: answers, loops with tools to their end, errors, models."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import errors as genai_errors
from google.genai import types

from outwait.toolkit.simulate.server import Simulator

pytestmark = pytest.mark.slow  # real SDKs, which take seconds to import

RESULTS = ("sunny", "dull; wet")
QUOTED = "Results: sunny; dull; wet"


@dataclass
class Clients:
    open_ai: openai.AsyncOpenAI
    azure: openai.AsyncOpenAI
    claude: anthropic.AsyncAnthropic
    gemini: genai.Client
    simulator: Simulator


@asynccontextmanager
async def clients(**options: Any) -> AsyncIterator[Clients]:
    simulator = Simulator(**options)
    async with simulator as url:
        root = url.removesuffix("/v1")
        http = openai.DefaultAsyncHttpxClient(trust_env=False)
        azure_http = openai.DefaultAsyncHttpxClient(trust_env=False)
        other = anthropic.DefaultAsyncHttpxClient(trust_env=False)
        settings = types.HttpOptions(base_url=root, async_client_args={"trust_env": False})
        gemini = genai.Client(api_key="k", http_options=settings)
        azure = openai.AsyncAzureOpenAI(
            api_key="k", azure_endpoint=root, api_version="2025-01-01", max_retries=0, http_client=azure_http
        )
        async with (
            openai.AsyncOpenAI(api_key="k", base_url=url, max_retries=0, http_client=http) as chat,
            azure,
            anthropic.AsyncAnthropic(api_key="k", base_url=root, max_retries=0, http_client=other) as messages,
        ):
            try:
                yield Clients(chat, azure, messages, gemini, simulator)
            finally:
                await gemini.aio.aclose()
                gemini.close()


def story(told: Callable[[Clients], Awaitable[None]], **options: Any) -> None:
    async def run() -> None:
        async with clients(**options) as given, asyncio.timeout(10):
            await told(given)

    asyncio.run(run())


MODEL = "think-10ms+tools-2"
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}}


def test_chat_loop() -> None:
    async def told(given: Clients) -> None:
        messages: list[Any] = [{"role": "user", "content": "how is it?"}]
        tools: Any = [{"type": "function", "function": {"name": "look", "parameters": SCHEMA}}]
        async with given.open_ai.chat.completions.stream(model=MODEL, messages=messages, tools=tools) as stream:
            first = (await stream.get_final_completion()).choices[0]
        assert first.finish_reason == "tool_calls"
        messages.append(first.message.model_dump(include={"role", "content", "tool_calls"}))
        for call, result in zip(first.message.tool_calls or (), RESULTS, strict=True):
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
        last = await given.open_ai.chat.completions.create(model=MODEL, messages=messages, tools=tools)
        assert last.choices[0].message.content == QUOTED

    story(told)


def test_responses_loop() -> None:
    async def told(given: Clients) -> None:
        items: list[Any] = [{"role": "user", "content": "how is it?"}]
        tools: Any = [{"type": "function", "name": "look", "parameters": SCHEMA, "strict": False}]
        wanted: Any = {"model": MODEL, "tools": tools, "include": ["reasoning.encrypted_content"], "store": False}
        async with given.open_ai.responses.stream(input=items, **wanted) as stream:
            first = await stream.get_final_response()
        assert [item.type for item in first.output] == ["reasoning", "function_call", "function_call"]
        items += [item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in first.output]
        calls = [item.call_id for item in first.output if item.type == "function_call"]
        for ident, result in zip(calls, RESULTS, strict=True):
            items.append({"type": "function_call_output", "call_id": ident, "output": result})
        last = await given.open_ai.responses.create(input=items, **wanted)
        assert last.output_text == QUOTED

    story(told)


def test_messages_loop() -> None:
    async def told(given: Clients) -> None:
        messages: list[Any] = [{"role": "user", "content": "how is it?"}]
        wanted: Any = {
            "model": MODEL,
            "max_tokens": 4000,
            "tools": [{"name": "look", "input_schema": SCHEMA}],
            "thinking": {"type": "enabled", "budget_tokens": 1024},
        }
        async with given.claude.messages.stream(messages=messages, **wanted) as stream:
            first = await stream.get_final_message()
        assert [block.type for block in first.content] == ["thinking", "tool_use", "tool_use"]
        messages.append(
            {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in first.content]}
        )
        calls = [block.id for block in first.content if block.type == "tool_use"]
        results = zip(calls, RESULTS, strict=True)
        content = [{"type": "tool_result", "tool_use_id": ident, "content": result} for ident, result in results]
        messages.append({"role": "user", "content": content})
        last = await given.claude.messages.create(messages=messages, **wanted)
        assert [block.text for block in last.content if block.type == "text"] == [QUOTED]

    story(told)


@pytest.mark.parametrize("streamed", [True, False])
def test_gemini_loop(streamed: bool) -> None:
    async def told(given: Clients) -> None:
        look = types.FunctionDeclaration(name="look", parameters_json_schema=SCHEMA)
        config = types.GenerateContentConfig(
            tools=[types.Tool(function_declarations=[look])],
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        )
        chat = given.gemini.aio.chats.create(model=MODEL, config=config)
        if streamed:
            pieces = [chunk async for chunk in await chat.send_message_stream("how is it?")]
            calls = [call for chunk in pieces for call in chunk.function_calls or ()]
        else:
            calls = (await chat.send_message("how is it?")).function_calls or []
        assert [call.name for call in calls] == ["look", "look"]
        parts: Any = [types.Part.from_function_response(name="look", response={"result": result}) for result in RESULTS]
        assert (await chat.send_message(parts)).text == QUOTED

    story(told)


def test_azure_names_the_model_in_its_path() -> None:
    async def told(given: Clients) -> None:
        whole = await given.azure.chat.completions.create(model="long-3", messages=[{"role": "user", "content": "x"}])
        assert whole.model == "long-3"
        assert given.simulator.calls[-1].path == "/openai/deployments/long-3/chat/completions"

    story(told)


def test_the_plain_routes() -> None:
    async def told(given: Clients) -> None:
        client = given.open_ai
        stream = await client.completions.create(model="long-3", prompt="x", stream=True)
        text = "".join([chunk.choices[0].text async for chunk in stream])
        assert text == (await client.completions.create(model="long-3", prompt="x")).choices[0].text
        assert len((await client.embeddings.create(model="fast", input="x")).data[0].embedding) == 1536
        assert not (await client.moderations.create(model="fast", input="x")).results[0].flagged
        assert (await client.images.generate(model="fast", prompt="x")).data
        upload = ("a.png", b"\x89PNG", "image/png")
        assert (await client.images.edit(model="fast", prompt="x", image=[upload, upload])).data
        sound = await client.audio.speech.create(model="fast", voice="alloy", input="x", response_format="wav")
        written = await client.audio.transcriptions.create(model="long-3", file=("a.wav", sound.content))
        assert len(written.text.split()) == 3

    story(told)


def test_counts_embeddings_and_models() -> None:
    async def told(given: Clients) -> None:
        counted = await given.claude.messages.count_tokens(
            model="fast", messages=[{"role": "user", "content": "two words"}]
        )
        models = given.gemini.aio.models
        assert (counted.input_tokens, (await models.count_tokens(model="fast", contents="a b")).total_tokens) == (2, 2)
        embedded = await models.embed_content(model="fast", contents=["a", "b"])
        assert len(embedded.embeddings or ()) == 2
        assert (await models.get(model="fast")).name == "models/fast"
        assert [model.name async for model in await models.list()] == ["models/hang"]
        assert [model.id async for model in given.claude.models.list()] == ["hang"]
        assert [model.id async for model in given.open_ai.models.list()] == ["hang"]

    story(told, models=["hang"])


def test_each_sdk_raises_its_own_errors() -> None:
    async def told(given: Clients) -> None:
        hello: Any = [{"role": "user", "content": "x"}]
        with pytest.raises(openai.RateLimitError):
            await given.open_ai.responses.create(model="error-429", input="x")
        with pytest.raises(openai.NotFoundError, match="is no script"):
            await given.open_ai.responses.create(model="nope", input="x")
        with pytest.raises(anthropic.OverloadedError):
            await given.claude.messages.create(model="error-529", max_tokens=9, messages=hello)
        with pytest.raises(anthropic.NotFoundError, match="is no script"):
            await given.claude.messages.create(model="nope", max_tokens=9, messages=hello)
        with pytest.raises(genai_errors.ServerError, match="UNAVAILABLE"):
            await given.gemini.aio.models.generate_content(model="error-503", contents="x")
        for model in ("nope", "error-404"):
            with pytest.raises(genai_errors.ClientError, match="NOT_FOUND"):
                [_ async for _ in await given.gemini.aio.models.generate_content_stream(model=model, contents="x")]

    story(told)


def test_each_sdk_raises_on_an_error_inside_a_stream() -> None:
    async def told(given: Clients) -> None:
        hello: Any = [{"role": "user", "content": "x"}]
        name: Any = "error-in-stream-after-2"
        with pytest.raises(openai.APIError, match="failed while"):
            [event async for event in await given.open_ai.responses.create(model=name, input="x", stream=True)]
        stream = await given.claude.messages.create(model=name, max_tokens=9, messages=hello, stream=True)
        with pytest.raises(anthropic.APIStatusError, match="failed while"):
            [event async for event in stream]
        with pytest.raises(genai_errors.APIError, match="failed while"):
            [chunk async for chunk in await given.gemini.aio.models.generate_content_stream(model=name, contents="x")]

    story(told)


def test_each_key_is_asked_for() -> None:
    async def told(given: Clients) -> None:
        await given.azure.chat.completions.create(model="fast", messages=[{"role": "user", "content": "x"}])
        await given.claude.messages.create(model="fast", max_tokens=9, messages=[{"role": "user", "content": "x"}])
        await given.gemini.aio.models.generate_content(model="fast", contents="x")
        wrong = given.claude.with_options(api_key="other")
        with pytest.raises(anthropic.AuthenticationError, match="invalid x-api-key"):
            await wrong.messages.create(model="fast", max_tokens=9, messages=[{"role": "user", "content": "x"}])
        options = types.HttpOptions(headers={"x-goog-api-key": "other"})
        config = types.GenerateContentConfig(http_options=options)
        with pytest.raises(genai_errors.ClientError, match="API key not valid"):
            await given.gemini.aio.models.generate_content(model="fast", contents="x", config=config)

    story(told, key="k")


def test_a_request_is_echoed_as_it_came() -> None:
    async def told(given: Clients) -> None:
        hello: Any = [{"role": "user", "content": "x"}]
        name: Any = "echo-request"
        chat = await given.open_ai.chat.completions.create(model=name, messages=hello, max_tokens=1)
        assert json.loads(chat.choices[0].message.content or "") == {"model": name, "messages": hello, "max_tokens": 1}
        message = await given.claude.messages.create(model=name, max_tokens=1, messages=hello)
        block = message.content[0]
        assert block.type == "text"
        assert json.loads(block.text) == {"model": name, "messages": hello, "max_tokens": 1}
        reply = await given.gemini.aio.models.generate_content(model=name, contents="x")
        assert json.loads(reply.text or "")["contents"] == [{"role": "user", "parts": [{"text": "x"}]}]

    story(told)
