"""Workers that know each other, each a gateway of its own in the test's loop, with real side doors."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from tests.app.conftest import Reply, chat
from tests.edge.conftest import KEYS, House, house, story

from outwait.core.fault import Fault
from outwait.edge import neighbours
from outwait.edge.neighbours import Neighbours
from outwait.toolkit.simulate.server import Simulator
from outwait.wire.endpoint import SideDoor
from outwait.wire.request import Request

pytestmark = pytest.mark.slow  # real gateways and stores on disk

SLOW = chat("silent-300ms-then-echo", stream=False)
RETRY = SLOW.replace(b"host:", b"x-stainless-retry-count: 1\r\nhost:")


@asynccontextmanager
async def street(folder: Path, count: int = 2) -> AsyncIterator[tuple[list[House], Simulator]]:
    """`count` workers before a simulated provider."""
    model = Simulator()
    text = f"channels: [{{name: sim, base_url: '{await model.start()}'}}]\n{KEYS}heartbeat: {{enabled: false}}\n"
    try:
        async with AsyncExitStack() as stack:
            doors = [folder / f"{number:02x}ab{number:02x}" for number in range(count)]
            yield [await stack.enter_async_context(house(text, door)) for door in doors], model
    finally:
        await model.stop()


async def until(true: Callable[[], object]) -> None:
    while not true():  # noqa: ASYNC110 - real sockets have no event for it
        await asyncio.sleep(0.005)


async def orphan(owner: House, request: bytes = SLOW) -> None:
    """A call whose client leaves at once."""
    registry = owner.gateway.door.registry
    before = registry.orphans
    _, writer = await asyncio.open_connection("127.0.0.1", owner.port)
    writer.write(request)
    await until(lambda: len(registry) > before)
    writer.close()
    await until(lambda: registry.orphans > before)


def answer(reply: Reply) -> str:
    assert reply.status == 200
    return str(json.loads(reply.body)["choices"][0]["message"]["content"])


def owner_of(reply: Reply) -> str:
    return reply.headers["x-outwait-exchange"][3:9]


# ------------------------------------------------------------------------------------------------------ who they are
def test_an_id_leads_to_the_life_that_made_it(tmp_path: Path) -> None:
    known = Neighbours(tmp_path / "00aaaa")
    rest = "0123456789abcdef"
    with socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as own:
        one.bind(str(tmp_path / "01bbbb"))
        own.bind(str(tmp_path / "00aaaa"))
        assert known.others() == [SideDoor(str(tmp_path / "01bbbb"))]
    assert known.owner(f"ow_01bbbb{rest}") == SideDoor(str(tmp_path / "01bbbb"))
    for ident in (
        f"ow_00aaaa{rest}",  # ours
        f"ow_01cccc{rest}",  # of an earlier life
        f"ow_01bbbb{rest}0",
        f"ow_01BBBB{rest}",
        f"ow_../../{rest}",
        "ow_01bbbb",
        "",
    ):
        assert known.owner(ident) is None
    (tmp_path / "02cccc").touch()  # no socket
    assert known.owner(f"ow_02cccc{rest}") is None


def test_a_worker_that_stands_alone_has_nobody_to_ask(tmp_path: Path) -> None:
    alone = Neighbours(None)
    assert alone.others() == []
    assert alone.owner("ow_01bbbb0123456789abcdef") is None
    assert Neighbours(tmp_path / "gone" / "00aaaa").others() == []


def test_all_choose_the_same_home_and_only_its_own_names_move(tmp_path: Path) -> None:
    doors = [f"{number:02x}aaaa" for number in range(4)]
    names = [bytes([number]) * 16 for number in range(200)]

    def homes(present: list[str]) -> list[str]:
        seen = set()
        for own in present:
            others = [SideDoor(str(tmp_path / door)) for door in present if door != own]
            found = (Neighbours(tmp_path / own).home(name, others) for name in names)
            seen.add(tuple(own if home is None else Path(home.path).name for home in found))
        assert len(seen) == 1
        return list(next(iter(seen)))

    four = homes(doors)
    assert all(30 < four.count(door) < 70 for door in doors)
    assert all(new == old for old, new in zip(four, homes(doors[:3]), strict=True) if old != doors[3])
    assert homes([*doors[:3], "03bbbb"]) == [each.replace("03aaaa", "03bbbb") for each in four]
    assert Neighbours(None).home(names[0], []) is None


# ---------------------------------------------------------------------------------------------------------- adoption
@pytest.mark.parametrize("count", [2, 4])
def test_a_retry_gets_the_answer_that_a_neighbour_keeps(tmp_path: Path, count: int) -> None:
    @story
    async def told() -> None:
        async with street(tmp_path, count) as (houses, model):
            for owner, other in ((houses[0], houses[-1]), (houses[-1], houses[0])):
                await orphan(owner)
                reply = await other.send(RETRY)
                assert (answer(reply), owner_of(reply)) == ("Hi", owner.gateway.door.name)
            await until(lambda: len(model.calls) == 2)

    told()


@story
async def _asked_anew(folder: Path, request: bytes, calls: int) -> None:
    async with street(folder) as (houses, model):
        await orphan(houses[0])
        reply = await houses[1].send(request)
        assert owner_of(reply) == houses[1].gateway.door.name
        assert answer(reply)
        await until(lambda: len(model.calls) == calls)


def test_what_is_no_retry_or_another_question_is_asked_anew(tmp_path: Path) -> None:
    _asked_anew(tmp_path, SLOW, 2)
    (tmp_path / "b").mkdir()
    _asked_anew(tmp_path / "b", RETRY.replace(b"300ms", b"301ms"), 2)


@story
async def _a_plain_call_asks_nobody(folder: Path) -> None:
    async with street(folder) as (houses, _):
        assert answer(await houses[1].send(chat("echo", stream=False))) == "Hi"
        assert houses[0].gateway.server.connections == 0


def test_a_plain_call_asks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Neighbours, "adopt", lambda *_: pytest.fail("it asked"))
    _a_plain_call_asks_nobody(tmp_path)


def test_one_retry_gets_one_orphan_wherever_it_is(tmp_path: Path) -> None:
    """Three orphans of one question on two workers; four retries at once on a third."""

    @story
    async def told() -> None:
        async with street(tmp_path, 3) as (houses, model):
            for owner in (houses[0], houses[0], houses[1]):
                await orphan(owner)
            replies = await asyncio.gather(*(houses[2].send(RETRY) for _ in range(4)))
            assert [answer(reply) for reply in replies] == ["Hi"] * 4
            names = sorted(owner_of(reply) for reply in replies)
            assert names == ["00ab00", "00ab00", "01ab01", "02ab02"]
            await until(lambda: len(model.calls) == 4)

    told()


def test_neighbours_that_do_not_answer_in_time_are_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "PATIENCE", 0.05)

    @story
    async def told() -> None:
        with socket.socket(socket.AF_UNIX) as frozen, socket.socket(socket.AF_UNIX) as dead:
            frozen.bind(str(tmp_path / "07aaaa"))
            frozen.listen()
            dead.bind(str(tmp_path / "08aaaa"))
            async with street(tmp_path) as (houses, model):
                assert answer(await houses[0].send(RETRY)) == "Hi"
                await orphan(houses[1])
                reply = await houses[0].send(RETRY)
                assert owner_of(reply) == "01ab01"
                await until(lambda: len(model.calls) == 2)

    told()


def test_a_draining_owner_still_gives_out_what_it_keeps(tmp_path: Path) -> None:
    @story
    async def told() -> None:
        async with street(tmp_path) as (houses, model):
            await orphan(houses[0])
            houses[0].gateway.door.draining = True
            assert owner_of(await houses[1].send(RETRY)) == "00ab00"
            assert owner_of(await houses[1].send(RETRY)) == "01ab01"  # and begins nothing
            await until(lambda: len(model.calls) == 2)

    told()


def test_a_client_that_left_meanwhile_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "PATIENCE", 0.1)

    @story
    async def told() -> None:
        with socket.socket(socket.AF_UNIX) as frozen:
            frozen.bind(str(tmp_path / "07aaaa"))
            frozen.listen()
            async with street(tmp_path) as (houses, model):
                _, writer = await asyncio.open_connection("127.0.0.1", houses[0].port)
                writer.write(RETRY)
                await until(lambda: houses[0].gateway.server.handling)
                writer.close()
                await until(lambda: not houses[0].gateway.server.connections)
                await until(lambda: "search for an orphan" not in {task.get_name() for task in asyncio.all_tasks()})
                assert (len(houses[0].gateway.door.registry), model.calls) == (0, [])

    told()


def test_a_search_that_fails_is_told_as_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(neighbours, "_first", fails)

    @story
    async def told() -> None:
        async with street(tmp_path) as (houses, _):
            reply = await houses[0].send(RETRY)
            assert (reply.status, reply.error["code"]) == (500, "internal_error")

    told()
    assert "the search for an orphan failed" in caplog.text


def test_an_orphan_that_is_said_to_be_there_and_never_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers that disagree about a question must not send a retry round for ever."""

    @story
    async def told() -> None:
        async with street(tmp_path) as (houses, model):
            asked: list[str] = []

            async def first(others: list[SideDoor], _: bytes) -> tuple[SideDoor, str]:
                asked.append(others[0].path)
                return others[0], "ow_01ab010123456789abcdef"

            monkeypatch.setattr(neighbours, "_first", first)
            reply = await houses[0].send(RETRY)
            assert (answer(reply), owner_of(reply)) == ("Hi", "00ab00")
            assert len(asked) == neighbours.ROUNDS
            assert len(model.calls) == 1

    told()


def test_an_owner_that_dies_before_it_has_the_retry_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def first(*_: object) -> tuple[SideDoor, str]:
        return SideDoor(str(tmp_path / "09dead")), "ow_09dead0123456789abcdef"

    monkeypatch.setattr(neighbours, "_first", first)

    @story
    async def told() -> None:
        async with street(tmp_path) as (houses, model):
            reply = await houses[0].send(RETRY)
            assert (reply.status, reply.error["code"]) == (503, "owner_unreachable")
            assert (reply.headers["x-should-retry"], reply.headers["retry-after"]) == ("true", "1")
            assert model.calls == []

    told()


# ---------------------------------------------------------------------------------------------------------- by its id
def wire(worker: House, ident: str) -> list[bool]:
    """Let `worker` pass on whatever it is asked to the maker of `ident`; returns whether it could, each time."""
    passed: list[bool] = []

    def handle(request: Request) -> None:
        def lost(failed: Fault) -> None:
            request.outlet.send(failed.status, b"", failed.code.encode())

        passed.append(worker.gateway.door.neighbours.pass_on(request, ident, lost))
        if not passed[-1]:
            request.outlet.send(200, b"", b"mine")

    worker.gateway.server._handler = handle
    return passed


def test_a_request_is_passed_on_by_id_and_only_once(tmp_path: Path) -> None:
    @story
    async def told() -> None:
        async with street(tmp_path) as (houses, _):
            theirs = houses[1].gateway.door.new_id()
            passed = wire(houses[0], theirs)
            back = wire(houses[1], houses[0].gateway.door.new_id())
            reply = await houses[0].ask("/anything")
            assert (reply.status, reply.body, passed, back) == (200, "mine", [True], [False])
            (tmp_path / "01ab01").unlink()
            assert (await houses[0].ask("/anything")).body == "mine"

    told()


def test_an_owner_that_has_just_died_is_told_of(tmp_path: Path) -> None:
    @story
    async def told() -> None:
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(tmp_path / "09dead"))
            async with street(tmp_path, 1) as (houses, _):
                passed = wire(houses[0], "ow_09dead0123456789abcdef")
                reply = await houses[0].ask("/anything")
                assert (reply.status, reply.body, passed) == (503, "owner_unreachable", [True])

    told()


@story
async def test_an_ask_that_breaks_is_no() -> None:
    assert await neighbours._ask(SideDoor("/nowhere/00aaaa"), f"{neighbours.ORPHANS}00") is None
