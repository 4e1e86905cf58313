"""What is asked about a response that is there, and how OpenAI refuses it."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from tests.toolkit.simulate.conftest import hear
from tests.toolkit.simulate.test_background import ended, play

from outwait.toolkit.simulate.errands import find
from outwait.toolkit.simulate.server import Simulator

AZURE = "/openai/responses/resp_1"


def test_paths_are_those_of_openai_and_azure() -> None:
    assert find("GET", "/v1/responses/resp_1", "") is not None
    assert find("GET", "/openai/v1/responses/resp_1/input_items", "") is not None
    assert find("GET", AZURE, "") is None
    assert find("POST", AZURE + "/cancel", "api-version=2025-04-01-preview") is not None
    assert find("GET", "/v1/responses/resp_1/other", "") is None
    asked = find("GET", "/v1/responses/a%2Fb", "stream=true&starting_after=7")
    assert asked is not None
    assert (asked.ident, asked.query) == ("a/b", {"stream": "true", "starting_after": "7"})


def test_a_plain_response_is_kept_and_can_be_deleted() -> None:
    async def story(client: Any, simulator: Simulator, url: str) -> None:
        made = await client.responses.create(model="echo", input="hi")
        assert (await client.responses.retrieve(made.id)).output_text == "hi"
        deleted = await hear(url, b"", f"/v1/responses/{made.id}", "DELETE")
        assert json.loads(deleted.body) == {"id": made.id, "object": "response", "deleted": True}
        with pytest.raises(openai.NotFoundError):
            await client.responses.retrieve(made.id)
        loose = await client.responses.create(model="echo", input="hi", store=False)
        with pytest.raises(openai.NotFoundError):
            await client.responses.retrieve(loose.id)
        assert [call.method for call in simulator.calls] == ["POST", "GET", "DELETE", "GET", "POST", "GET"]
        assert simulator.charged == 2

    play(story)


async def refused(url: str, path: str, method: str = "GET", body: bytes = b"") -> tuple[int, dict[str, Any]]:
    heard = await hear(url, body, path, method)
    return heard.status, json.loads(heard.body)["error"]


def test_refusals_have_openais_form() -> None:
    async def story(client: Any, _: Simulator, url: str) -> None:
        status, error = await refused(url, "/v1/responses/resp_0")
        assert (status, error) == (404, {
            "message": "Response with id 'resp_0' not found.", "type": "invalid_request_error", "param": None,
            "code": None,
        })  # fmt: skip
        assert (await refused(url, "/v1/responses/resp_0", "PUT"))[0] == 405
        plain = (await client.responses.create(model="fast", input="hi")).id
        job = (await client.responses.create(model="fast", input="hi", background=True)).id
        hanging = (await client.responses.create(model="hang", input="hi", background=True)).id
        await ended(client, job)
        for path, method, param, words in (
            (f"{plain}?stream=true", "GET", "stream", "not created with background=true"),
            (f"{job}?stream=true", "GET", "stream", "not created with stream=true"),
            (f"{plain}/cancel", "POST", None, "Cannot cancel a synchronous response."),
            (f"{job}/cancel", "POST", None, "Cannot cancel a completed response."),
            (hanging, "DELETE", None, "in progress"),
            (f"{plain}/input_items?limit=0", "GET", "limit", "from 1 to 100"),
            (f"{plain}/input_items?order=up", "GET", "order", "'asc', 'desc'"),
            (f"{plain}/input_items?after=x", "GET", "after", "No item"),
        ):
            status, error = await refused(url, f"/v1/responses/{path}", method)
            assert (status, error["param"]) == (400, param)
            assert words in error["message"]
        stream = await client.responses.create(model="fast", input="hi", background=True, stream=True)
        ident = (await anext(aiter(stream))).response.id
        status, error = await refused(url, f"/v1/responses/{ident}?stream=true&starting_after=x")
        assert (status, error["param"]) == (400, "starting_after")

    play(story)


def test_an_old_job_is_streamed_no_more() -> None:
    async def story(client: Any, simulator: Simulator, url: str) -> None:
        assert simulator.library is not None
        simulator.library.streamed_for = 0.01
        stream = await client.responses.create(model="drip-5ms+long-5", input="hi", background=True, stream=True)
        seen = [event async for event in stream]
        ident = seen[0].response.id
        status, error = await refused(url, f"/v1/responses/{ident}?stream=true")
        assert (status, error["param"]) == (400, "stream")
        assert "can no longer be streamed" in error["message"]
        assert (await client.responses.retrieve(ident)).status == "completed"

    play(story)


def test_a_job_must_be_stored() -> None:
    async def story(client: Any, simulator: Simulator, _: str) -> None:
        with pytest.raises(openai.BadRequestError) as caught:
            await client.responses.create(model="fast", input="hi", background=True, store=False)
        assert caught.value.param == "background"
        assert simulator.charged == 0

    play(story)


def test_a_key_is_asked_for_here_too() -> None:
    async def story(client: Any, _: Simulator, url: str) -> None:
        made = await client.responses.create(model="fast", input="hi")
        status, error = await refused(url, f"/v1/responses/{made.id}")
        assert (status, error["code"]) == (401, "invalid_api_key")
        assert (await client.responses.retrieve(made.id)).id == made.id

    play(story, key="k")


def test_a_conversation_is_continued_by_its_id() -> None:
    async def story(client: Any, _: Simulator, _url: str) -> None:
        first = await client.responses.create(model="echo", input="one")
        second = await client.responses.create(model="echo-conversation", input="two", previous_response_id=first.id)
        assert second.output_text == "user: one\nassistant: one\nuser: two"
        assert second.previous_response_id == first.id
        third = await client.responses.create(
            model="echo-conversation", input=[{"role": "user", "content": "three"}], previous_response_id=second.id,
            background=True,
        )  # fmt: skip
        done = await ended(client, third.id)
        assert done.output_text.splitlines()[-1] == "user: three"
        assert done.output_text.count("\n") == 6
        with pytest.raises(openai.BadRequestError) as caught:
            await client.responses.create(model="echo", input="x", previous_response_id="resp_0")
        assert (caught.value.code, caught.value.param) == ("previous_response_not_found", "previous_response_id")
        with pytest.raises(openai.BadRequestError):
            await client.responses.create(model="echo", input=3, previous_response_id=first.id)

    play(story)


def test_what_it_was_asked_with_is_listed_by_pages() -> None:
    async def story(client: Any, _: Simulator, _url: str) -> None:
        said = [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"},
                {"role": "user", "content": [{"type": "input_text", "text": "three"}]}]  # fmt: skip
        made = await client.responses.create(model="fast", input=said)
        listed = await client.responses.input_items.list(made.id, limit=2)
        assert [item.content[0].text for item in listed.data] == ["three", "two"]
        assert listed.has_more
        whole = [item async for item in client.responses.input_items.list(made.id, limit=2)]
        assert len(whole) == len({item.id for item in whole}) == 3
        rising = await client.responses.input_items.list(made.id, order="asc")
        assert [item.id for item in rising.data] == [item.id for item in reversed(whole)]
        assert not rising.has_more

    play(story)
