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
from outwait.core.plan import Candidate, Plan
from outwait.core.request import Call, State
from outwait.dialects.openai_responses.dialect import RESPONSES
from outwait.exchange.driver import Exchange
from outwait.exchange.effects import Outcome
from outwait.exchange.handle import Handle
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig
from outwait.testing.scripted import Upstream as Scripted
from outwait.toolkit.simulate.server import Simulator
from outwait.upstream.call import Upstream

OURS = "resp_0000000000000000000001"


class Bench:
    """Exchanges with a simulated provider. Pauses take no time."""

    def __init__(self, url: str, simulator: Simulator) -> None:
        self.simulator = simulator
        self.rig = Rig(Scripted())
        channel = Channel("c", "openai", url, api_keys=("k",))
        self.upstream = Upstream(self.rig.wheel, Catalog(channels=(channel,)))
        self.ports = replace(
            self.rig._ports, open=self.upstream.open, judge=self.upstream.judge, luck=lambda: 0.0,
            upstream_dialect=lambda _: RESPONSES,
        )  # fmt: skip

    def begin(self, model: str, *, stream: bool = True, handle: Handle | None = None) -> Exchange:
        body = json.dumps({"model": model, "input": "hi", "background": True, "stream": stream}).encode()
        state = State(OURS, background=True)
        call = Call("responses", "responses", model, stream=stream, body=body, path="/v1/responses", state=state)
        candidate = Candidate("c", "responses", model, endpoint="responses", provider="openai", streamed=True)
        plan: Plan = replace(plan_of("c"), candidates=(candidate,))
        exchange = Exchange("ow_1", "key", call, plan, RESPONSES, self.ports)
        if handle is not None:
            exchange.handle = handle
        exchange.begin()
        exchange.detach()
        return exchange

    async def over(self, exchange: Exchange) -> bytes:
        """What the client would have got."""
        while not exchange.settled:  # noqa: ASYNC110 - the code under test should not have an event for tests
            await asyncio.sleep(0.002)
        return b"".join(exchange.replay.chunk(number) for number in range(exchange.replay.count))

    @property
    def asked(self) -> list[str]:
        return [call.method for call in self.simulator.calls]


def play(story: Callable[[Bench], Awaitable[None]]) -> None:
    async def told() -> None:
        simulator = Simulator()
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


def test_what_is_left_by_one_worker_is_read_by_another() -> None:
    async def story(bench: Bench) -> None:
        first = bench.begin("drip-8ms+long-12")
        while first.handle is None:
            await asyncio.sleep(0.002)
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
        while exchange.handle is None:
            await asyncio.sleep(0.002)
        exchange.cancel()
        while not any(call.path.endswith("/cancel") and call.status == 200 for call in bench.simulator.calls):
            await asyncio.sleep(0.002)
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
