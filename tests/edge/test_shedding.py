"""A worker in need: what is measured, in virtual time, and what is refused, on real sockets."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import Callable, Coroutine
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.app.conftest import chat, get
from tests.edge.conftest import House, house, provider, story, until
from tests.edge.memory import Memory

from outwait.edge.shedding import LOOK, WINDOW, Shedding, lag
from outwait.policy.shed import Level
from outwait.testing.virtual import VirtualLoop, run
from outwait.wire.wheel import Wheel

NOTHING, BACKGROUND, NEW = Level.NOTHING, Level.BACKGROUND, Level.NEW


class Machine:
    """A worker's wheel, whose loop can be held and whose memory can be said."""

    def __init__(self) -> None:
        self.loop = cast("VirtualLoop", asyncio.get_running_loop())
        self.memory = 0.1
        self.asked = 0
        self.shedding = Shedding(Wheel(self.loop), self._share)

    def _share(self) -> float:
        self.asked += 1
        return self.memory

    def hold(self, seconds: float) -> None:
        """Nothing else ran for so long."""
        self.loop._jumping.now += seconds

    async def busy(self, turn: float, seconds: float) -> None:
        """For `seconds`, each turn of the loop takes `turn`."""
        until = self.loop.time() + seconds
        while self.loop.time() < until:
            self.hold(turn)
            await asyncio.sleep(0.001)


def scene(play: Callable[[Machine], Coroutine[None, None, None]]) -> None:
    async def begin() -> None:
        machine = Machine()
        machine.shedding.use(on=True)
        await asyncio.sleep(2 * WINDOW)
        await play(machine)

    run(begin())


def test_a_calm_worker_refuses_nothing() -> None:
    async def play(machine: Machine) -> None:
        await asyncio.sleep(3600)
        assert machine.shedding.level is NOTHING
        assert machine.shedding.refusal(background=True) is None
        assert 3500 < machine.asked < 3700

    scene(play)


@pytest.mark.parametrize("turn, level", [(0.05, NOTHING), (0.3, BACKGROUND), (0.8, NEW)])
def test_a_loop_that_is_late_again_and_again(turn: float, level: Level) -> None:
    async def play(machine: Machine) -> None:
        await machine.busy(turn, 5)
        assert machine.shedding.level is level
        assert (machine.shedding.refusal(background=True) is None) is (level is NOTHING)
        assert (machine.shedding.refusal(background=False) is None) is (level is not NEW)
        await asyncio.sleep(WINDOW + 12)
        assert machine.shedding.level is NOTHING

    scene(play)


def test_one_stall_is_no_need_however_long() -> None:
    async def play(machine: Machine) -> None:
        for _ in range(5):
            machine.hold(5)
            await asyncio.sleep(WINDOW + 1)
            assert machine.shedding.level is NOTHING

    scene(play)


def test_memory_is_told_of_and_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    async def play(machine: Machine) -> None:
        machine.memory = 0.95
        await asyncio.sleep(1.2)
        assert machine.shedding.level is NEW
        refused = machine.shedding.refusal(background=False)
        assert refused is not None
        assert (refused.code, refused.status, refused.retry_after) == ("gateway_overloaded", 503, 5)
        machine.memory = math.nan  # not known any more: no reason to go on
        await asyncio.sleep(20)
        assert machine.shedding.level is NOTHING

    with caplog.at_level(logging.INFO, "outwait"):
        scene(play)
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "new work is refused",
        "background work is refused",
        "no work is refused any more",
    ]


def test_switched_off_it_neither_measures_nor_refuses() -> None:
    async def play(machine: Machine) -> None:
        shedding = machine.shedding
        machine.memory = 0.95
        await asyncio.sleep(1.2)
        assert shedding.level is NEW
        shedding.use(on=False)
        assert (shedding.level, shedding.refusal(background=True)) == (NOTHING, None)
        asked = machine.asked
        await asyncio.sleep(100)
        assert machine.asked == asked
        shedding.use(on=False)
        shedding.use(on=True)
        shedding.use(on=True)
        await asyncio.sleep(1.2)
        assert (shedding.level, machine.asked) == (NEW, asked + 1)

    scene(play)


def test_the_lag_is_that_of_more_than_one_look() -> None:
    assert math.isnan(lag([]))
    assert math.isnan(lag([9.0]))
    assert lag([9.0, 0.0]) == 0.0
    assert lag([9.0, 8.0, 0.0]) == 8.0
    assert lag([9.0] + [8.0] + [0.0] * 98) == 8.0
    assert lag([9.0] * 2 + [8.0] + [0.0] * 197) == 8.0


@given(st.lists(st.floats(0, 100), min_size=2, max_size=400))
def test_all_but_one_in_a_hundred_looks_stay_within_the_lag(looks: list[float]) -> None:
    found = lag(looks)
    assert found in looks
    assert sum(look > found for look in looks) <= max(1, len(looks) // 100)
    assert len(looks) <= WINDOW / LOOK or len(looks) > 100


# -------------------------------------------------------------------------------------------------------- at the door
def needy(door: House, memory: float) -> None:
    """Its memory is `memory` of what it may be."""
    shedding = Shedding(door.gateway.wheel, lambda: memory)
    shedding._shed.observe(0.0, memory, 0.0)
    shedding.level = shedding._shed.level
    door.gateway.door.shedding = shedding


@pytest.mark.parametrize(
    "path, body, told",
    [
        ("/v1/chat/completions", b'{"model":"echo","messages":[{"role":"user","content":"a"}]}', ["error", "code"]),
        ("/v1/messages", b'{"model":"echo","max_tokens":9,"messages":[{"role":"user","content":"a"}]}', []),
        ("/v1beta/models/echo:generateContent", b'{"contents":[{"parts":[{"text":"a"}]}]}', []),
    ],
)
def test_new_work_is_refused_in_the_dialect_of_its_client(path: str, body: bytes, told: list[str]) -> None:
    @story
    async def scene() -> None:
        async with provider() as (text, model), house(text) as door:
            needy(door, 0.95)
            head = get(path, "content-type: application/json", f"content-length: {len(body)}", method="POST")
            reply = await door.send(head + body)
            assert (reply.status, reply.headers["retry-after"]) == (503, "5")
            assert reply.headers["x-should-retry"] == "true"
            shape = json.loads(reply.body)
            if told:
                assert shape["error"]["code"] == "gateway_overloaded"
            else:
                assert "type" in shape or shape["error"]["status"] == "UNAVAILABLE"
            (entry,) = door.entries
            assert (entry.outcome, entry.key) == ("refused", "dev")
            assert entry.fault is not None
            assert (entry.fault.code, entry.fault.detail) == ("gateway_overloaded", "loop lag p99 0 ms, memory 95%")
            assert model.calls == []
            needy(door, 0.1)
            assert (await door.chat("echo")).status == 200

    scene()


@story
async def test_who_comes_for_what_is_there_is_served() -> None:
    async with provider() as (text, model), house(text) as door:
        named = chat("echo", stream=False).replace(b"host:", b"idempotency-key: q\r\nhost:")
        retried = chat("silent-100ms-then-echo", stream=False)
        done = await door.send(named)
        ident = await door.leave(retried)
        needy(door, 0.95)
        assert (await door.send(named)).body == done.body
        other = await door.send(named.replace(b"key: q", b"key: r"))
        assert (other.status, other.error["code"]) == (503, "gateway_overloaded")
        again = await door.send(retried.replace(b"host:", b"x-stainless-retry-count: 1\r\nhost:"))
        assert (again.status, again.headers["x-outwait-exchange"]) == (200, ident)
        kept = f"/v1/exchanges/{done.headers['x-outwait-exchange']}"
        for path in ("/healthz", "/readyz", "/metrics", "/v1/models", "/v1/exchanges", kept):
            assert (await door.ask(path)).status == 200, path
        assert len(model.calls) == 2


@story
async def test_running_answers_run_on() -> None:
    async with provider() as (text, _), house(text) as door:
        running = asyncio.ensure_future(door.chat("drip-5ms+long-20", stream=True))
        await until(lambda: len(door.gateway.door.registry))
        needy(door, 0.95)
        assert (await running).whole


@story
async def test_background_work_is_refused_first() -> None:
    async with provider() as (text, _), house(text) as door:
        Memory(door)
        needy(door, 0.85)
        head = ("content-type: application/json", "content-length: {}")

        async def ask(body: bytes) -> int:
            lines = (head[0], head[1].format(len(body)))
            return (await door.send(get("/v1/responses", *lines, method="POST") + body)).status

        assert await ask(b'{"model":"echo","input":"a","background":true}') == 503
        assert await ask(b'{"model":"echo","input":"a"}') == 200
        assert (await door.chat("echo")).status == 200
        needy(door, 0.1)
        assert await ask(b'{"model":"echo","input":"a","background":true}') == 200


@story
async def test_a_named_call_is_refused_before_it_is_written_down() -> None:
    async with provider() as (text, model), house(text) as door:
        Memory(door)
        named = chat("echo", stream=False).replace(b"host:", b"idempotency-key: q\r\nhost:")
        needy(door, 0.95)
        assert (await door.send(named)).status == 503
        assert len(door.gateway.door.registry) == 0
        needy(door, 0.1)
        assert (await door.send(named)).status == 200
        assert len(model.calls) == 1
