"""The state of responses with OpenAI's own SDK, two workers, a real store, and an upstream of each kind: one that keeps
responses itself, and two that know nothing of them."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types.responses import Response
from tests.e2e.acts import Serve
from tests.e2e.asking import request
from tests.e2e.backstage import Provider
from tests.e2e.speakers import ROOTS, SPEAKS
from tests.e2e.stage import Gateway, Stage, until
from tests.e2e.steering import Steering, reach

KEY = "key-dev"
PENDING = ("queued", "in_progress")


@pytest.fixture(scope="module", params=["responses", "chat", "anthropic"])
def gateway(serve: Serve, provider: Provider, request: pytest.FixtureRequest) -> Gateway:
    url = f"http://127.0.0.1:{provider.port}{ROOTS[request.param]}"
    return serve(
        {
            "channels": [{"name": "provider", "base_url": url, "api_key": "sim", **SPEAKS[request.param]}],
            "keys": [
                {"name": "dev", "key": KEY},
                {"name": "other", "key": "key-other"},
                {"name": "silent", "key": "key-silent", "keep_results": "off"},
            ],
            "retry": {"attempts": 1},
            "server": {"workers": 2},
        },
        f"state-{request.param}",
    )


@pytest.fixture
def client(gateway: Gateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=gateway.url, api_key=KEY, max_retries=0) as made:
        yield made


def asked(gateway: Gateway, what: str) -> str:
    """A question that no other test asks."""
    return f"{what} {gateway.name}"


def ended(client: openai.OpenAI, ident: str) -> Response:
    """The response once it has ended, asked for on a new connection each time: any worker may answer."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        told = client.with_options(default_headers={"Connection": "close"}).responses.retrieve(ident)
        if told.status not in PENDING:
            return told
        time.sleep(0.05)
    raise AssertionError(ident)


def charged(provider: Provider, question: str) -> int:
    """How often the question was asked upstream, other than about what was there."""
    return sum(call.charged for call in provider.calls(question))


def test_a_background_response_is_polled_until_it_is_completed(
    gateway: Gateway, provider: Provider, client: openai.OpenAI
) -> None:
    question = asked(gateway, "polled")
    first = client.responses.create(model="silent-700ms+long-5", input=question, background=True, metadata={"a": "b"})
    assert (first.status, first.background, first.output) == ("queued", True, [])
    assert client.responses.retrieve(first.id).status in PENDING
    final = ended(client, first.id)
    assert (final.id, final.status, len(final.output_text.split())) == (first.id, "completed", 5)
    assert (final.background, final.metadata) == (True, {"a": "b"})
    assert charged(provider, question) == 1
    for _ in range(4):
        assert ended(client, first.id) == final


def test_a_stream_that_was_cut_goes_on_behind_any_of_its_events(
    gateway: Gateway, provider: Provider, client: openai.OpenAI
) -> None:
    question = asked(gateway, "cut")
    seen = []
    with client.responses.create(model="drip-50ms+long-12", input=question, background=True, stream=True) as stream:
        for event in stream:
            seen.append(event)
            if event.type == "response.output_text.delta":
                break
    ident = seen[0].response.id  # type: ignore[union-attr] # the first event has it
    last = seen[-1].sequence_number
    live = list(client.responses.retrieve(ident, stream=True, starting_after=last))
    assert live[-1].type == "response.completed"
    whole = list(client.responses.retrieve(ident, stream=True))
    assert [*seen, *live] == whole
    assert [event.sequence_number for event in whole] == list(range(len(whole)))
    for event in whole[::5]:
        rest = list(client.responses.retrieve(ident, stream=True, starting_after=event.sequence_number))
        assert rest == whole[event.sequence_number + 1 :]
    last_told = whole[-1].response  # type: ignore[union-attr] # it is the last event's
    final = ended(client, ident)
    assert (final.id, final.output, final.usage) == (ident, last_told.output, last_told.usage)
    assert charged(provider, question) == 1


def test_a_response_that_was_not_streamed_cannot_be(client: openai.OpenAI) -> None:
    ident = client.responses.create(model="fast", input="Hi", background=True).id
    with pytest.raises(openai.BadRequestError, match="not created with stream=true") as raised:
        client.responses.retrieve(ident, stream=True)
    assert raised.value.param == "stream"


def test_cancelling_ends_it_everywhere(gateway: Gateway, provider: Provider, client: openai.OpenAI) -> None:
    question = asked(gateway, "cancelled")
    ident = client.responses.create(model="drip-100ms+long-200", input=question, background=True).id
    until(lambda: provider.calls(question), "the call")
    until(lambda: client.responses.retrieve(ident).status == "in_progress", "its beginning")
    cancelled = client.responses.cancel(ident)
    assert (cancelled.id, cancelled.status, cancelled.output) == (ident, "cancelled", [])
    assert client.responses.cancel(ident) == cancelled
    assert ended(client, ident) == cancelled
    until(lambda: provider.calls(question)[0].outcome in {"cut", "whole"}, "the end upstream", timeout=5)
    assert (provider.calls(question)[0].seconds or 0) < 10


def test_what_has_ended_cannot_be_cancelled(client: openai.OpenAI) -> None:
    done = client.responses.create(model="fast", input="Hi", background=True).id
    ended(client, done)
    with pytest.raises(openai.BadRequestError, match="Cannot cancel a completed response"):
        client.responses.cancel(done)
    with pytest.raises(openai.BadRequestError, match="Cannot cancel a synchronous response"):
        client.responses.cancel(client.responses.create(model="fast", input="Hi").id)


@pytest.mark.parametrize("background", [False, True], ids=["plain", "background"])
def test_a_deleted_response_is_gone(client: openai.OpenAI, background: bool) -> None:
    ident = client.responses.create(model="fast", input="Hi", background=background).id
    assert ended(client, ident).status == "completed"
    client.responses.delete(ident)
    for act in (client.responses.retrieve, client.responses.delete, client.responses.input_items.list):
        with pytest.raises(openai.NotFoundError, match=ident):
            act(ident)
    with pytest.raises(openai.BadRequestError):
        client.responses.create(model="fast", input="And?", previous_response_id=ident)


def test_deleting_one_that_runs_ends_it(gateway: Gateway, provider: Provider, client: openai.OpenAI) -> None:
    question = asked(gateway, "deleted")
    ident = client.responses.create(model="drip-100ms+long-200", input=question, background=True).id
    until(lambda: provider.calls(question), "the call")
    client.responses.delete(ident)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(ident)
    until(lambda: provider.calls(question)[0].outcome in {"cut", "whole"}, "the end upstream", timeout=5)


def test_a_response_is_its_keys_own(gateway: Gateway, client: openai.OpenAI) -> None:
    ident = client.responses.create(model="fast", input="Hi", background=True).id
    with openai.OpenAI(base_url=gateway.url, api_key="key-other", max_retries=0) as other:
        for act in (other.responses.retrieve, other.responses.cancel, other.responses.delete):
            with pytest.raises(openai.NotFoundError, match="not found"):
                act(ident)
    assert ended(client, ident).status == "completed"


def test_its_items_come_page_by_page(client: openai.OpenAI) -> None:
    said: Any = [{"role": "user", "content": f"Word {number}"} for number in range(5)]
    ident = client.responses.create(model="fast", input=said).id
    items = list(client.responses.input_items.list(ident, limit=2, order="asc"))
    told: Any = [item.model_dump()["content"][0]["text"] for item in items]
    assert told == [each["content"] for each in said]
    assert len({item.id for item in items}) == 5
    assert list(client.responses.input_items.list(ident)) == items[::-1]


@pytest.mark.parametrize("background", [False, True], ids=["plain", "background"])
@pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])
def test_a_conversation_goes_on(
    gateway: Gateway, provider: Provider, client: openai.OpenAI, background: bool, stream: bool
) -> None:
    previous, sizes = None, []
    for turn in range(3):
        question = asked(gateway, f"turn {turn} {background} {stream}")
        made: Any = client.responses.create(
            model="long-40", input=question, previous_response_id=previous, background=background, stream=stream
        )
        if stream:
            *_, last = made
            made = last.response
        final = ended(client, made.id)
        assert (final.status, final.previous_response_id) == ("completed", previous)
        assert len(final.output_text.split()) == 40
        previous = final.id
        sizes.append(provider.calls(question)[0].body_bytes)
    if gateway.name == "state-responses":  # which knows the conversation by itself
        assert max(sizes) - min(sizes) < 150
    else:
        assert sizes[0] + 150 < sizes[1] < sizes[2] - 150


def test_what_nobody_knows_cannot_be_continued(gateway: Gateway, client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        client.responses.create(model="fast", input="And?", previous_response_id="resp_nothing")
    assert (raised.value.code, raised.value.param) == ("previous_response_not_found", "previous_response_id")
    running = client.responses.create(model="silent-1s+fast", input="Hi", background=True).id
    with pytest.raises(openai.BadRequestError, match=running):
        client.responses.create(model="fast", input="And?", previous_response_id=running)


def test_a_name_leads_to_one_response_at_any_worker(
    gateway: Gateway, provider: Provider, client: openai.OpenAI
) -> None:
    question = asked(gateway, "named")
    named = {"Idempotency-Key": question, "Connection": "close"}

    def ask(_: int) -> str:
        return client.responses.create(
            model="silent-500ms+long-5", input=question, background=True, extra_headers=named
        ).id

    with ThreadPoolExecutor(10) as pool:
        (ident,) = set(pool.map(ask, range(10)))
    assert ended(client, ident).status == "completed"
    assert ask(0) == ident
    assert charged(provider, question) == 1


def test_a_retry_at_another_worker_is_given_the_same_response(gateway: Gateway, provider: Provider) -> None:
    question = asked(gateway, "retried")
    body = json.dumps({"model": "silent-500ms+long-5", "input": question, "background": True}).encode()
    auth = {"Authorization": f"Bearer {KEY}"}
    line, worker = reach(gateway)
    with line:
        line.send(request(body, auth, path="/v1/responses"))
        ident = line.hear().json["id"]
    line, _ = reach(gateway, other_than=worker)
    with line:
        line.send(request(body, {**auth, "x-stainless-retry-count": "1"}, path="/v1/responses"))
        assert line.hear().json["id"] == ident
    assert charged(provider, question) <= 1


def test_every_worker_finds_what_another_makes(gateway: Gateway, client: openai.OpenAI) -> None:
    with client.responses.create(model="drip-100ms+long-20", input="Hi", background=True, stream=True) as stream:
        first = next(iter(stream)).response.id  # type: ignore[union-attr] # the first event has it
    with (
        Steering(gateway) as steered,
        openai.OpenAI(base_url=f"http://127.0.0.1:{steered.port}/v1", api_key=KEY, max_retries=0) as anybody,
    ):
        closing = anybody.with_options(default_headers={"Connection": "close"})
        assert {closing.responses.retrieve(first).status for _ in range(4)} <= set(PENDING)
        streams = [list(closing.responses.retrieve(first, stream=True)) for _ in range(2)]
        assert streams[0] == streams[1]
        finals = [closing.responses.retrieve(first) for _ in range(4)]
        assert {final.status for final in finals} == {"completed"}
        assert len(set(steered.taken)) == 2


def test_where_nothing_is_kept_nothing_runs_in_the_background(gateway: Gateway) -> None:
    with openai.OpenAI(base_url=gateway.url, api_key="key-silent", max_retries=0) as silent:
        with pytest.raises(openai.BadRequestError, match="keep_results"):
            silent.responses.create(model="fast", input="Hi", background=True)
        plain = silent.responses.create(model="fast", input="Hi")
        with pytest.raises(openai.NotFoundError):
            silent.responses.retrieve(plain.id)


def test_all_of_it_is_there_after_a_restart(serve: Serve, stage: Stage, provider: Provider) -> None:
    config = {
        "channels": [{"name": "provider", "base_url": provider.url, "api_key": "sim", **SPEAKS["chat"]}],
        "keys": [{"name": "dev", "key": KEY}],
        "data_dir": str(stage.folder / "responses-data"),
    }
    before = serve(config, "before")
    with openai.OpenAI(base_url=before.url, api_key=KEY, max_retries=0) as client:
        plain = client.responses.create(model="long-40", input="Remember this.")
        events = list(client.responses.create(model="long-5", input="Hi", background=True, stream=True))
        ident = events[0].response.id  # type: ignore[union-attr] # the first event has it
        final = ended(client, ident)
    assert before.stop() == 0
    after = serve(config, "after")
    with openai.OpenAI(base_url=after.url, api_key=KEY, max_retries=0) as client:
        assert client.responses.retrieve(plain.id) == plain
        assert client.responses.retrieve(ident) == final
        assert list(client.responses.retrieve(ident, stream=True)) == events
        assert [item.type for item in client.responses.input_items.list(ident)] == ["message"]
        question = "after a restart"
        told = client.responses.create(model="fast", input=question, previous_response_id=plain.id)
        assert told.previous_response_id == plain.id
        assert provider.calls(question)[0].body_bytes > 300  # the first answer is in it
        client.responses.delete(ident)
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(ident)


def test_one_whose_process_was_killed_has_failed_and_says_why(serve: Serve, stage: Stage, provider: Provider) -> None:
    config = {
        "channels": [{"name": "provider", "base_url": provider.url, "api_key": "sim", **SPEAKS["chat"]}],
        "keys": [{"name": "dev", "key": KEY}],
        "data_dir": str(stage.folder / "killed-data"),
    }
    before = serve(config, "killed")
    question = "killed in the middle"
    with openai.OpenAI(base_url=before.url, api_key=KEY, max_retries=0) as client:
        ident = client.responses.create(model="drip-100ms+long-300", input=question, background=True).id
        until(lambda: provider.calls(question), "the call")
    pid = before.process.pid
    workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for each in (pid, *map(int, workers)):
        os.kill(each, signal.SIGKILL)
    before.process.wait()
    stage.programs.remove(before)
    after = serve(config, "survivor")
    with openai.OpenAI(base_url=after.url, api_key=KEY, max_retries=0) as client:
        final = ended(client, ident)
        assert (final.id, final.status, final.output) == (ident, "failed", [])
        assert final.error is not None
        assert (final.error.code, "process" in final.error.message) == ("server_error", True)
        with pytest.raises(openai.BadRequestError, match="Cannot cancel a failed response"):
            client.responses.cancel(ident)
        client.responses.delete(ident)
    assert charged(provider, question) == 1
