"""A background call of the Responses API on real sockets, at a provider that breaks its connections."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.toolkit.simulate.conftest import events

from outwait.core.catalog import Catalog, Channel
from outwait.core.fault import fault
from outwait.core.plan import Candidate, OnDisconnect
from outwait.core.request import Call, State
from outwait.dialects.openai_responses.dialect import RESPONSES
from outwait.exchange.driver import Exchange, Ports
from outwait.exchange.effects import Outcome
from outwait.exchange.handle import Handle
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, scene
from outwait.testing.scripted import Upstream as Scripted
from outwait.toolkit.simulate.server import Simulator
from outwait.upstream.call import Upstream

OURS = "resp_0000000000000000000001"


def begun(ports: Ports, model: str, *, stream: bool, handle: Handle | None = None) -> Exchange:
    """A background exchange that nobody reads."""
    body = json.dumps({"model": model, "input": "hi", "background": True, "stream": stream}).encode()
    state = State(OURS, background=True)
    call = Call("responses", "responses", model, stream=stream, body=body, path="/v1/responses", state=state)
    candidate = Candidate("c", "responses", model, endpoint="responses", provider="openai", streamed=True)
    plan = replace(plan_of("c", spans={"total": 3600}), candidates=(candidate,), on_disconnect=OnDisconnect.FINISH)
    exchange = Exchange("ow_1", "key", call, plan, RESPONSES, ports)
    if handle is not None:
        exchange.handle = handle
    exchange.begin()
    exchange.detach()
    return exchange


class Bench:
    """Exchanges with a simulated provider. Pauses take no time."""

    def __init__(self, url: str, simulator: Simulator) -> None:
        self.simulator = simulator
        self.rig = Rig(Scripted())
        channel = Channel("c", "openai", url, api_keys=("k",))
        self.upstream = Upstream(self.rig.wheel, Catalog(channels=(channel,)))
        self.ports = replace(
            self.rig.ports, open=self.upstream.open, judge=self.upstream.judge, luck=lambda: 0.0,
            upstream_dialect=lambda _: RESPONSES,
        )  # fmt: skip

    def begin(self, model: str, *, stream: bool = True, handle: Handle | None = None) -> Exchange:
        return begun(self.ports, model, stream=stream, handle=handle)

    async def until(self, there: Callable[[], bool]) -> None:
        """Until it is so; the code under test should not have an event for tests."""
        while not there():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.002)

    async def over(self, exchange: Exchange) -> bytes:
        """What the client would have got."""
        await self.until(lambda: exchange.settled)
        return b"".join(exchange.replay.chunk(number) for number in range(exchange.replay.count))

    @property
    def asked(self) -> list[str]:
        return [call.method for call in self.simulator.calls]


def play(story: Callable[[Bench], Awaitable[None]], *, streamed_for: float = 300.0) -> None:
    async def told() -> None:
        simulator = Simulator()
        assert simulator.library is not None
        simulator.library.streamed_for = streamed_for
        async with simulator as url, asyncio.timeout(5):
            bench = Bench(url, simulator)
            try:
                await story(bench)
            finally:
                bench.upstream.close()
                bench.rig.wheel.close()

    asyncio.run(told())


def words(told: list[tuple[str, Any]]) -> str:
    return "".join(data["delta"] for name, data in told if name == "response.output_text.delta")


@pytest.mark.parametrize("cut", ["reset-after-3", "close-after-5", "truncate-after-2", "reset-after-30ms"])
def test_a_broken_stream_is_whole_in_the_end_and_charged_once(cut: str) -> None:
    async def story(bench: Bench) -> None:
        exchange = bench.begin(f"drip-8ms+long-12+{cut}")
        told = events(await bench.over(exchange))
        assert exchange.machine.outcome is Outcome.COMPLETED
        numbers = [data["sequence_number"] for _, data in told]
        assert numbers == sorted(set(numbers))
        assert told[-1][0] == "response.completed"
        assert told[-1][1]["response"]["id"] == OURS
        assert words(told) == told[-1][1]["response"]["output"][0]["content"][0]["text"]
        assert len(words(told).split()) == 12
        assert bench.asked == ["POST", "GET"]
        assert bench.simulator.charged == 1
        assert exchange.handle is not None
        assert exchange.handle.ident.startswith("resp_")
        assert exchange.handle.ident != OURS

    play(story)


def test_a_broken_json_answer_is_whole_in_the_end() -> None:
    async def story(bench: Bench) -> None:
        exchange = bench.begin("drip-8ms+long-12+reset-after-3", stream=False)
        told = json.loads(await bench.over(exchange))
        assert (told["id"], told["status"], told["background"]) == (OURS, "completed", True)
        assert len(told["output"][0]["content"][0]["text"].split()) == 12
        assert bench.simulator.charged == 1

    play(story)


@pytest.mark.parametrize("stream", [True, False])
def test_a_job_whose_stream_is_too_old_is_read_in_one_piece(stream: bool) -> None:
    async def story(bench: Bench) -> None:
        exchange = bench.begin("drip-8ms+long-12+reset-after-6", stream=stream)
        told = await bench.over(exchange)
        response = events(told)[-1][1]["response"] if stream else json.loads(told)
        assert (response["id"], response["status"]) == (OURS, "completed")
        assert len(response["output"][0]["content"][0]["text"].split()) == 12
        assert exchange.machine.outcome is Outcome.COMPLETED
        assert bench.simulator.charged == 1
        assert "polling" in [mark[1] for mark in exchange.machine.timeline.marks()]

    play(story, streamed_for=0.01)


def test_what_another_left_too_long_ago_is_read_in_one_piece_too() -> None:
    async def story(bench: Bench) -> None:
        first = bench.begin("drip-8ms+long-12")
        await bench.until(lambda: first.handle is not None)
        first.cancel(fault("gateway_draining"))
        await asyncio.sleep(0.03)
        second = bench.begin("drip-8ms+long-12", handle=first.handle)
        told = events(await bench.over(second))
        assert told[-1][1]["response"]["status"] == "completed"
        assert bench.simulator.charged == 1

    play(story, streamed_for=0.01)


def test_what_is_left_by_one_worker_is_read_by_another() -> None:
    async def story(bench: Bench) -> None:
        first = bench.begin("drip-8ms+long-12")
        await bench.until(lambda: first.handle is not None)
        first.cancel(fault("gateway_draining"))
        second = bench.begin("drip-8ms+long-12", handle=first.handle)
        told = events(await bench.over(second))
        assert told[0][1]["sequence_number"] == 0
        assert len(words(told).split()) == 12
        assert bench.asked == ["POST", "GET"]
        assert bench.simulator.charged == 1

    play(story)


def test_a_cancelled_exchange_cancels_the_job() -> None:
    async def story(bench: Bench) -> None:
        exchange = bench.begin("long-3+hang")
        await bench.until(lambda: exchange.handle is not None)
        exchange.cancel()
        cancelled = lambda call: call.path.endswith("/cancel") and call.status == 200  # noqa: E731 - a word
        await bench.until(lambda: any(map(cancelled, bench.simulator.calls)))
        assert bench.simulator.charged == 1

    play(story)


def test_a_job_that_was_deleted_is_a_failure() -> None:
    async def story(bench: Bench) -> None:
        exchange = bench.begin("fast", handle=Handle("c", "resp_unknown"))
        await bench.over(exchange)
        assert exchange.fault is not None
        assert exchange.fault.upstream is not None
        assert exchange.fault.upstream.status == 404
        assert bench.asked == ["GET"]

    play(story)


JSON = {"content-type": "application/json"}
QUEUED = b'{"id":"resp_x","object":"response","status":"queued","output":[]}'
DONE = b'{"id":"resp_x","object":"response","status":"completed","output":[{"type":"message","id":"msg_1",\
"role":"assistant","status":"completed","content":[{"type":"output_text","text":"hello","annotations":[]}]}]}'


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("whole", [True, False])
def test_a_provider_that_answers_with_the_job_alone_is_asked_until_it_is_done(stream: bool, whole: bool) -> None:
    @scene
    async def story() -> None:
        rig = Rig(Scripted(), dialect=RESPONSES)
        exchange = begun(rig.ports, "gpt", stream=stream)
        first = rig.upstream.line
        first.reach()
        first.head(200, JSON, whole=whole)
        first.body(QUEUED)
        first.end()
        assert exchange.handle == Handle("c", "resp_x", -1)
        for said in (QUEUED, DONE):
            await rig.until(rig.loop.time() + 2)
            line = rig.upstream.line
            assert line.errand is not None
            assert line.errand.suffix == "/resp_x?stream=true"
            line.reach()
            line.head(200, JSON)
            line.body(said)
            line.end()
        assert exchange.machine.outcome is Outcome.COMPLETED
        assert exchange.machine.number == 1
        told = b"".join(exchange.replay.chunk(number) for number in range(exchange.replay.count))
        response = events(told)[-1][1]["response"] if stream else json.loads(told)
        assert response["id"] == OURS
        assert response["output"][0]["content"][0]["text"] == "hello"

    story()
