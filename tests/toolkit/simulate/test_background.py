"""Background jobs as a client of OpenAI sees them: they go on by themselves, and are read again from where one was."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI
from tests.toolkit.simulate.conftest import events, hear

from outwait.toolkit.simulate.background import is_job
from outwait.toolkit.simulate.script import parse
from outwait.toolkit.simulate.server import Simulator

Story = Callable[[Any, Simulator, str], Awaitable[None]]
BROKEN = (openai.APIError, openai.APIConnectionError, Exception)


def play(story: Story, **options: Any) -> None:
    async def told() -> None:
        simulator = Simulator(**options)
        async with simulator as url, AsyncOpenAI(base_url=url, api_key="k", max_retries=0) as client:
            async with asyncio.timeout(5):
                await story(client, simulator, url)

    asyncio.run(told())


async def ended(client: Any, ident: str) -> Any:
    while True:
        response = await client.responses.retrieve(ident)
        if response.status not in ("queued", "in_progress"):
            return response
        await asyncio.sleep(0.005)


async def read(stream: Any) -> list[Any]:
    """The events until the stream ends or breaks."""
    found = []
    try:
        async for event in stream:
            found.append(event)
    except BROKEN:
        found.append(None)
    return found


def test_a_job_is_queued_at_once_and_done_later() -> None:
    async def story(client: Any, simulator: Simulator, _: str) -> None:
        made = await client.responses.create(model="silent-50ms+long-3", input="hi", background=True)
        assert (made.status, made.background, made.output, made.usage) == ("queued", True, [], None)
        assert (await client.responses.retrieve(made.id)).status == "queued"
        done = await ended(client, made.id)
        assert (done.status, done.id, done.background) == ("completed", made.id, True)
        assert len(done.output_text.split()) == 3
        assert done.usage is not None
        assert [(call.method, call.charged) for call in simulator.calls][:2] == [("POST", True), ("GET", False)]
        assert simulator.charged == 1

    play(story)


def test_its_stream_is_numbered_from_its_creation_on() -> None:
    async def story(client: Any, _simulator: Simulator, _: str) -> None:
        stream = await client.responses.create(model="think-20ms+long-3", input="hi", background=True, stream=True)
        seen = await read(stream)
        assert [event.type for event in seen[:3]] == ["response.created", "response.queued", "response.in_progress"]
        assert [event.sequence_number for event in seen] == list(range(len(seen)))
        assert seen[-1].type == "response.completed"
        assert seen[-1].response.status == "completed"

    play(story)


@pytest.mark.parametrize("cut", ["reset", "reset-after-3", "close-after-3", "truncate-after-2", "reset-after-20ms"])
def test_a_connection_that_breaks_does_not_break_the_job(cut: str) -> None:
    async def story(client: Any, simulator: Simulator, _: str) -> None:
        asked = {"model": f"drip-8ms+long-12+{cut}", "input": "hi", "background": True, "stream": True}
        first = await read(await client.responses.create(**asked))
        if first[-1] is None:
            first.pop()
        assert first[-1].type != "response.completed"
        ident = first[0].response.id
        last = first[-1].sequence_number
        rest = await read(await client.responses.retrieve(ident, stream=True, starting_after=last))
        assert [event.sequence_number for event in first + rest] == list(range(last + 1 + len(rest)))
        assert rest[-1].type == "response.completed"
        said = "".join(event.delta for event in first + rest if event.type == "response.output_text.delta")
        assert said == rest[-1].response.output_text
        assert len(said.split()) == 12
        again = await read(await client.responses.retrieve(ident, stream=True))
        assert again == first + rest
        assert simulator.charged == 1

    play(story)


def test_two_can_follow_at_once_and_one_that_leaves_disturbs_nobody() -> None:
    async def story(client: Any, _simulator: Simulator, _: str) -> None:
        stream = await client.responses.create(model="drip-10ms+long-9", input="hi", background=True, stream=True)
        created = await anext(aiter(stream))
        await stream.close()
        assert created.type == "response.created"
        follow = [read(await client.responses.retrieve(created.response.id, stream=True)) for _ in range(2)]
        one, other = await asyncio.gather(*follow)
        assert one == other
        assert one[-1].type == "response.completed"

    play(story)


def test_errors_happen_to_the_job_once_it_is_there() -> None:
    async def story(client: Any, simulator: Simulator, _: str) -> None:
        for model in ("error-in-stream-after-2", "silent-10ms+error-503", "error-504-after-10ms"):
            made = await client.responses.create(model=model, input="hi", background=True)
            assert made.status == "queued"
            done = await ended(client, made.id)
            assert done.status == "failed"
            assert done.error is not None
            assert done.error.code == "server_error"
        with pytest.raises(openai.RateLimitError):
            await client.responses.create(model="error-429", input="hi", background=True)
        stream = await client.responses.create(model="error-in-stream", input="hi", background=True, stream=True)
        assert [event.type for event in await read(stream)][-1] == "response.failed"
        assert simulator.charged == 4

    play(story)


def test_a_reply_that_is_none_makes_no_job() -> None:
    jobs = ["fast", "reset", "hang", "silent-1s+error-500", "error-500-after-1s", "error-in-stream"]
    assert all(is_job(parse(name), stream=True) for name in jobs)
    assert not any(is_job(parse(name), stream=True) for name in ("garbage", "html-502", "error-500", "refuse-stream"))
    assert is_job(parse("refuse-stream"), stream=False)

    async def story(client: Any, _simulator: Simulator, url: str) -> None:
        assert (await ended(client, (await client.responses.create(
            model="refuse-stream", input="hi", background=True)).id)).status == "completed"  # fmt: skip
        body = b'{"model":"html-502","input":"hi","background":true}'
        assert (await hear(url, body, "/v1/responses")).body.startswith(b"<html>")

    play(story)


def test_a_cancelled_job_has_no_output_and_its_stream_ends() -> None:
    async def story(client: Any, _simulator: Simulator, _: str) -> None:
        stream = await client.responses.create(model="long-2+hang", input="hi", background=True, stream=True)
        created = await anext(aiter(stream))
        ident = created.response.id
        following = asyncio.ensure_future(read(stream))
        await asyncio.sleep(0.01)
        cancelled = await client.responses.cancel(ident)
        assert (cancelled.status, cancelled.output) == ("cancelled", [])
        assert (await following)[-1].response.status == "cancelled"
        assert (await client.responses.cancel(ident)).status == "cancelled"
        assert (await client.responses.retrieve(ident)).status == "cancelled"

    play(story)


def test_the_server_stops_with_jobs_running() -> None:
    async def story(client: Any, _simulator: Simulator, _: str) -> None:
        await client.responses.create(model="hang", input="hi", background=True)

    play(story)


def test_a_server_without_state_overlooks_what_it_cannot_do() -> None:
    async def story(client: Any, simulator: Simulator, url: str) -> None:
        asked = {"model": "echo", "input": "hi", "background": True, "store": False, "previous_response_id": "resp_0"}
        made = await client.responses.create(**asked)
        assert (made.status, made.output_text, made.background) == ("completed", "hi", False)
        with pytest.raises(openai.NotFoundError):
            await client.responses.retrieve(made.id)
        streamed = await hear(url, b'{"model":"echo","input":"hi","background":true,"stream":true}', "/v1/responses")
        assert events(streamed.body)[-1][0] == "response.completed"
        assert simulator.charged == 2

    play(story, stateless=True)
