"""A program that asks again without a word, after outwait cut its reply: on real sockets, here and at a neighbour."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import pytest
from tests.app.conftest import Reply, chat
from tests.edge.conftest import House, house, provider, story
from tests.edge.test_neighbours import owner_of, street, until

from outwait.edge import cutting
from outwait.edge.cutting import DIGEST, hear
from outwait.exchange.cuts import Cuts
from outwait.wire import errand
from outwait.wire.endpoint import SideDoor

LATE = chat("error-400-after-1200ms", stream=False).replace(b"host:", b"x-outwait-heartbeat: 1s\r\nhost:")


def test_a_letter_is_of_whole_digests() -> None:
    cuts = Cuts(lambda: 0.0)
    one, two = b"1" * DIGEST, b"2" * DIGEST
    assert not hear(cuts, one + two[:-1])
    assert not cuts
    assert hear(cuts, b"")
    assert hear(cuts, one + two)
    assert [cuts.elsewhere(question) for question in (one, two, b"3" * DIGEST)] == [True, True, False]


async def cut(owner: House, request: bytes = LATE) -> Reply:
    """A call that fails late."""
    reply = await owner.send(request)
    assert (reply.status, reply.whole) == (200, False)
    assert json.loads(reply.body)["error"]
    return reply


def true_error(reply: Reply, first: Reply) -> bool:
    """Whether this is what `first` could not be told."""
    same = reply.headers["x-outwait-exchange"] == first.headers["x-outwait-exchange"]
    told = (reply.status, reply.whole, reply.headers["x-should-retry"]) == (400, True, "false")
    return same and told and reply.error["message"] in first.body


@pytest.mark.slow
def test_the_same_request_is_told_the_true_error_and_then_it_is_asked(tmp_path: Path) -> None:
    @story
    async def told() -> None:
        async with provider() as (text, model), house(text, data_dir=tmp_path) as door:
            first = await cut(door)
            another = LATE.replace(b"x-outwait-heartbeat: 1s", b"x-outwait-heartbeat: 60s")
            assert (await door.send(another)).headers["x-outwait-exchange"] != first.headers["x-outwait-exchange"]
            named = await door.send(LATE.replace(b"host:", b"idempotency-key: mine\r\nhost:"))
            assert named.headers["x-outwait-exchange"] != first.headers["x-outwait-exchange"]
            for _ in range(2):
                assert true_error(await door.send(LATE), first)
            assert door.gateway.door.registry.orphans == 0
            await until(lambda: len(model.calls) == 3)
            assert door.counted["outwait_adopted_requests_total"] == 2
            assert door.counted["outwait_calls_saved_total"] == 2
            await cut(door)
            await until(lambda: len(model.calls) == 4)

    told()


@pytest.mark.slow
def test_a_client_that_left_may_have_pressed_stop(tmp_path: Path) -> None:
    @story
    async def told() -> None:
        async with provider("on_disconnect: finish\n") as (text, model), house(text, data_dir=tmp_path) as door:
            first = await door.leave(LATE, b"\r\n\r\n")  # headers are out
            await door.ended(first)
            assert (await cut(door)).headers["x-outwait-exchange"] != first
            await until(lambda: len(model.calls) == 2)

    told()


@pytest.mark.slow
def test_a_neighbour_is_told_of_it_and_passes_the_retry_on(tmp_path: Path) -> None:
    @story
    async def told() -> None:
        async with street(tmp_path, 3) as (houses, model):
            first = await cut(houses[0])
            registries = [each.gateway.door.registry for each in houses]
            await until(lambda: all(each.cuts for each in registries))
            replies = await asyncio.gather(*(each.send(LATE) for each in (*houses[1:], houses[1])))
            adopted = [reply for reply in replies if owner_of(reply) == "00ab00"]
            assert len(adopted) == 2
            assert all(true_error(reply, first) for reply in adopted)
            await until(lambda: len(model.calls) == 2)

    told()


@pytest.mark.slow
def test_a_neighbour_that_is_stuck_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "PATIENCE", 0.05)

    @story
    async def told() -> None:
        with socket.socket(socket.AF_UNIX) as frozen, socket.socket(socket.AF_UNIX) as dead:
            frozen.bind(str(tmp_path / "07aaaa"))
            frozen.listen()
            dead.bind(str(tmp_path / "08aaaa"))
            async with street(tmp_path) as (houses, _):
                first = await cut(houses[0])
                other = houses[1].gateway.door.registry
                await until(lambda: other.cuts)
                assert true_error(await houses[1].send(LATE), first)
                letters = "cuts for the neighbours"
                await until(lambda: letters not in {task.get_name() for task in asyncio.all_tasks()})

    told()


@pytest.mark.slow
def test_a_draining_owner_still_tells_it(tmp_path: Path) -> None:
    @story
    async def told() -> None:
        async with street(tmp_path) as (houses, _):
            first = await cut(houses[0])
            houses[0].gateway.door.draining = True
            await until(lambda: houses[1].gateway.door.registry.cuts)
            assert true_error(await houses[1].send(LATE), first)

    told()


@pytest.mark.slow
def test_what_neighbours_ask_and_tell(tmp_path: Path) -> None:
    @story
    async def told() -> None:
        async with street(tmp_path, 1) as ((owner,), _):
            door, cuts = SideDoor(str(tmp_path / "00ab00")), owner.gateway.door.registry.cuts
            question = "0a" * DIGEST
            assert await errand.fetch(door, f"/internal/cuts/{question}") == (204, b"")
            assert await errand.fetch(door, "/internal/cuts/letter", b"short") == (400, b"")
            assert await errand.fetch(door, "/internal/cuts/letter", bytes.fromhex(question)) == (204, b"")
            assert cuts.elsewhere(bytes.fromhex(question))
            first = await cut(owner)
            (own,) = cuts._own._by_question
            ident = first.headers["x-outwait-exchange"].encode()
            assert await errand.fetch(door, f"/internal/cuts/{own.hex()}") == (200, ident)
            assert (await owner.ask("/internal/cuts/letter", method="POST")).status == 404

    told()
