"""Calls that have a name, at one worker and at several, each a gateway of its own in the test's loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.app.conftest import Reply, chat
from tests.edge.conftest import House, story
from tests.edge.test_neighbours import SLOW, answer, owner_of, street, until

from outwait.core.request import Call
from outwait.edge import claims
from outwait.edge.claims import Claims
from outwait.edge.neighbours import ROUNDS
from outwait.exchange import adopt
from outwait.toolkit.simulate.server import Simulator

pytestmark = pytest.mark.slow  # several workers and an upstream for each test

Told = Callable[[list[House], Simulator], Any]
MARK = "idempotent-replayed"
UNASKED = Call("openai", "chat.completions", "m", stream=False, body=b"")


def named(name: str, request: bytes = SLOW) -> bytes:
    return request.replace(b"host:", f"idempotency-key: {name}\r\nhost:".encode("latin-1"))


def streets(folder: Path, count: int, told: Told) -> None:
    @story
    async def run() -> None:
        async with street(folder, count) as (houses, model):
            await told(houses, model)

    run()


async def begin(worker: House, request: bytes) -> asyncio.StreamWriter:
    """A call, not waited for; returns the client's side."""
    registry = worker.gateway.door.registry
    before = len(registry)
    _, writer = await asyncio.open_connection("127.0.0.1", worker.port)
    writer.write(request)
    await until(lambda: len(registry) > before)
    return writer


def digest(name: str) -> bytes:
    """As the registry knows a name that the tests' key gave."""
    return adopt.named("dev", name, UNASKED).name


def at_home(worker: House, name: str) -> bool:
    neighbours = worker.gateway.door.neighbours
    return neighbours.home(digest(name), neighbours.others()) is None


def name_at(worker: House) -> str:
    """A name whose home is `worker`."""
    return next(name for name in map(str, range(99)) if at_home(worker, name))


@pytest.mark.parametrize("count", [1, 2, 4])
def test_first_tries_at_all_workers_at_once_make_one_call(tmp_path: Path, count: int) -> None:
    async def told(houses: list[House], model: Simulator) -> None:
        for name in ("a", "b", "c"):
            replies = await asyncio.gather(*(each.send(named(name)) for each in houses * 5))
            assert [answer(reply) for reply in replies] == ["Hi"] * len(replies)
            assert len({reply.headers["x-outwait-exchange"] for reply in replies}) == 1
            assert not any(MARK in reply.headers for reply in replies)
        assert len(model.calls) == 3

    streets(tmp_path, count, told)


def test_the_answer_is_replayed_at_every_worker(tmp_path: Path) -> None:
    async def told(houses: list[House], model: Simulator) -> None:
        first = await houses[0].send(named("q"))
        for each in houses * 2:
            again = await each.send(named("q"))
            assert (answer(again), again.body) == ("Hi", first.body)
            assert (again.headers[MARK], owner_of(again)) == ("true", "00ab00")
        assert len(model.calls) == 1

    streets(tmp_path, 3, told)


def test_another_question_is_refused_at_every_worker(tmp_path: Path) -> None:
    async def told(houses: list[House], model: Simulator) -> None:
        await houses[0].send(named("q"))
        for each in houses:
            refused = await each.send(named("q", SLOW.replace(b"300ms", b"301ms")))
            assert (refused.status, refused.error["code"]) == (422, "idempotency_mismatch")
            assert (refused.error["param"], refused.error["type"]) == ("Idempotency-Key", "invalid_request_error")
            assert refused.headers["x-should-retry"] == "false"
        assert len(model.calls) == 1

    streets(tmp_path, 3, told)


@pytest.mark.parametrize("name, status", [("", 200), ("x" * 255, 200), ("x" * 256, 400), ("caf\xe9", 400)])
def test_names_that_are_none(tmp_path: Path, name: str, status: int) -> None:
    async def told(houses: list[House], _: Simulator) -> None:
        reply = await houses[0].send(named(name))
        assert reply.status == status
        if status == 400:
            assert (reply.error["code"], reply.error["param"]) == ("invalid_value", "Idempotency-Key")

    streets(tmp_path, 1, told)


def test_a_cancelled_exchange_is_asked_anew_wherever_it_was(tmp_path: Path) -> None:
    async def told(houses: list[House], model: Simulator) -> None:
        for at, each in enumerate(houses):
            for other in houses:
                name = f"{at} {other.port}"
                writer = await begin(each, named(name))
                (running,) = (one for one in each.gateway.door.registry if not one.settled)
                running.cancel()
                writer.close()
                reply = await other.send(named(name))
                assert (answer(reply), owner_of(reply)) == ("Hi", other.gateway.door.name)
                assert MARK not in reply.headers
        assert 9 <= len(model.calls) <= 18  # a call that is cancelled at once may not have left the house

    streets(tmp_path, 3, told)


def test_a_client_that_left_before_anything_began_leaves_the_name_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, claim = asyncio.Event(), Claims.claim

    async def slow(self: Claims, name: bytes, ident: str, instead: str = "") -> str:
        await held.wait()
        return await claim(self, name, ident, instead)

    monkeypatch.setattr(Claims, "claim", slow)
    monkeypatch.setattr(Claims, "at_once", lambda *_: None)

    async def told(houses: list[House], model: Simulator) -> None:
        here = houses[0]
        _, first = await asyncio.open_connection("127.0.0.1", here.port)
        first.write(named("q"))
        await until(lambda: here.gateway.door.claims._open)
        others = [asyncio.ensure_future(here.send(named("q"))) for _ in range(3)]
        (waiting,) = here.gateway.door.claims._open.values()
        await until(lambda: len(waiting) == 3)
        first.close()
        await until(lambda: here.gateway.server.connections == 3)
        held.set()
        replies = await asyncio.gather(*others)
        assert len({reply.headers["x-outwait-exchange"] for reply in replies}) == 1
        assert len(model.calls) == 1

    streets(tmp_path, 2, told)


def test_a_neighbour_that_comes_while_we_ask_waits_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The home has given us the name, and has told the neighbour so, before we know it ourselves."""
    held, claim = asyncio.Event(), Claims.claim

    async def slow(self: Claims, name: bytes, ident: str, instead: str = "") -> str:
        holder = await claim(self, name, ident, instead)
        if ident.startswith("ow_00ab00"):
            await held.wait()
        return holder

    monkeypatch.setattr(Claims, "claim", slow)
    monkeypatch.setattr(Claims, "at_once", lambda *_: None)

    async def told(houses: list[House], model: Simulator) -> None:
        here, there = houses[0].gateway.door, houses[1].gateway.door
        name = name_at(houses[1])
        first = asyncio.ensure_future(houses[0].send(named(name)))
        await until(lambda: there.claims._held)
        second = asyncio.ensure_future(houses[1].send(named(name)))
        (waiting,) = here.claims._open.values()
        await until(lambda: waiting)
        held.set()
        replies: list[Reply] = [await first, await second]
        assert [owner_of(reply) for reply in replies] == ["00ab00", "00ab00"]
        assert len(model.calls) == 1

    streets(tmp_path, 2, told)


def test_an_owner_that_died_is_not_waited_for(tmp_path: Path) -> None:
    async def told(houses: list[House], model: Simulator) -> None:
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(tmp_path / "09dead"))
            for each in houses:
                each.gateway.door.claims._heard = frozenset(each.gateway.door.neighbours.others())
            name = name_at(houses[0])
            houses[0].gateway.door.claims._held[digest(name)] = "ow_09dead0123456789abcdef"
            for each in reversed(houses):
                reply = await each.send(named(name))
                assert (answer(reply), owner_of(reply)) == ("Hi", "01ab01")
        assert len(model.calls) == 1

    streets(tmp_path, 2, told)


def test_a_home_that_does_not_answer_is_gone_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "PATIENCE", 0.05)
    monkeypatch.setattr(claims, "HEARING", 0.02)

    async def told(houses: list[House], model: Simulator) -> None:
        with socket.socket(socket.AF_UNIX) as frozen:
            frozen.bind(str(tmp_path / "07aaaa"))
            frozen.listen()
            for name in map(str, range(9)):  # of some of them it is the home
                for _ in range(2):
                    assert answer(await houses[0].send(named(name, chat("echo", stream=False)))) == "Hi"
        assert len(model.calls) == 9

    streets(tmp_path, 1, told)


def test_a_worker_that_comes_learns_which_names_there_are(tmp_path: Path) -> None:
    names = [str(number) for number in range(12)]

    async def told(houses: list[House], model: Simulator) -> None:
        first, second, third = houses
        doors = [tmp_path / f"{number:02x}ab{number:02x}" for number in range(3)]
        hidden = [door.rename(door.with_name(f"hidden-{door.name}")) for door in doors[1:]]
        for name in names:
            await first.send(named(name, chat("echo", stream=False)))
        for door, was in zip(doors[1:], hidden, strict=True):
            was.rename(door)
        for name in names:
            for each in (second, third, first):
                assert owner_of(await each.send(named(name, chat("echo", stream=False)))) == "00ab00"
        assert len(model.calls) == len(names)

    streets(tmp_path, 3, told)


def test_workers_that_disagree_do_not_send_a_client_round_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def elsewhere(_: Claims, __: bytes, ___: str, instead: str = "") -> str:
        asked.append(instead)
        return "ow_01ab010123456789abcdef"

    monkeypatch.setattr(Claims, "at_once", elsewhere)

    async def told(houses: list[House], model: Simulator) -> None:
        reply = await houses[0].send(named("q"))
        assert (answer(reply), owner_of(reply)) == ("Hi", "00ab00")
        assert len(asked) == ROUNDS
        assert len(model.calls) == 1

    streets(tmp_path, 2, told)


def test_an_owner_that_breaks_off_is_told_of(tmp_path: Path) -> None:
    async def told(houses: list[House], model: Simulator) -> None:
        writer = await begin(houses[0], named("q"))
        second = asyncio.ensure_future(houses[1].send(named("q")))
        (running,) = houses[0].gateway.door.registry
        await until(lambda: len(running.replay.readers) == 2)
        houses[0].gateway.server._handler = lambda _: None
        await houses[0].gateway.server.close(0.0)
        writer.close()
        reply = await second
        assert (reply.status, reply.error["code"]) == (503, "owner_unreachable")
        assert reply.headers["x-should-retry"] == "true"
        assert len(model.calls) <= 1

    streets(tmp_path, 2, told)


def test_a_claim_that_fails_is_told_as_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(*_: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(Claims, "claim", fails)
    monkeypatch.setattr(Claims, "at_once", lambda *_: None)

    async def told(houses: list[House], _: Simulator) -> None:
        reply = await houses[0].send(named("q"))
        assert (reply.status, reply.error["code"]) == (500, "internal_error")
        assert houses[0].gateway.door.claims._open == {}

    streets(tmp_path, 1, told)
    assert "the claim of a name failed" in caplog.text
