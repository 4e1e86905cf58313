"""What workers tell each other, over real side doors."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.edge.conftest import house, story, until
from tests.health.worker import REFUSED, Clock, Worker

from outwait.dialects.table import DIALECTS
from outwait.edge import hearsay, internal, routes
from outwait.edge.door import Door
from outwait.edge.hearsay import PAUSE, WORDS, Hearsay
from outwait.edge.neighbours import Neighbours
from outwait.wire import errand, listen
from outwait.wire.endpoint import SideDoor
from outwait.wire.guard import Limits
from outwait.wire.server import Server
from outwait.wire.wheel import Wheel

OWN = "00aaaa"


class Neighbour:
    """A worker with a side door that hears, and a wheel that tells."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / name
        self.worker = Worker(Clock())
        self.wheel = Wheel(asyncio.get_running_loop())
        self.hearsay = Hearsay(self.worker.hints, Neighbours(self.path), self.wheel)
        self.letters = 0
        self.server = Server(
            self._handle,
            limits=Limits(),
            wheel=self.wheel,
            body_limit=lambda _: 1 << 20,
            refuse=lambda *_: (500, b"", b""),
        )

    def _handle(self, request: Any) -> None:
        self.letters += 1
        assert request.neighbour
        internal.hear_words(cast("Door", SimpleNamespace(hearsay=self.hearsay)), DIALECTS["openai"], request)


@asynccontextmanager
async def street(folder: Path, count: int) -> Any:
    async with AsyncExitStack() as stack:
        found = [Neighbour(folder, f"{number:02x}ab{number:02x}") for number in range(count)]
        for one in found:
            side = await listen.start_side(one.server, listen.bind_side(one.path))
            stack.callback(side.close)
            stack.callback(one.wheel.close)
            stack.callback(one.hearsay.close)
        for one in found:
            one.hearsay.start()
        yield found


def test_what_one_finds_out_all_know_and_nobody_tells_on(tmp_path: Path) -> None:
    @story
    async def told() -> None:
        async with street(tmp_path, 3) as (one, two, three):
            for each in (one, two, three):
                each.worker.know()
            one.worker.eject()
            two.worker.call("two/m", REFUSED)
            one.worker.notes.seen = [{"n": 1}]
            one.hearsay._waits_at = 0.0
            await until(lambda: two.worker.shut() and three.worker.shut())
            assert not two.worker.ejected()
            await until(lambda: all(each.worker.tracker.channels["two"].credentials.dead for each in (one, three)))
            await until(lambda: two.worker.notes.heard == three.worker.notes.heard == [{"n": 1}])
            letters = [each.letters for each in (one, two, three)]
            await asyncio.sleep(3 * PAUSE)
            assert [each.letters for each in (one, two, three)] == letters
            assert letters[0] == 1  # of the dead key; nothing of what it had told itself came back

    told()


def test_bad_letters_are_refused_and_change_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    @story
    async def told() -> None:
        async with street(tmp_path, 1) as (one,):
            worker, door = one.worker, SideDoor(str(one.path))
            worker.know()
            word = b'{"what":"ejected","channel":"one","mark":"%s","endpoint":"one/m"}'
            whole = word % worker.word("ejected").mark.encode()
            for bad in (b"", b"[", b'{"v":1,"words":[%s,{}]}' % whole, b'{"v":1,"words":[%s],"waits":["bad"]}' % whole):
                status, why = await errand.fetch(door, WORDS, bad)
                assert status == 400
                assert why
            assert await errand.fetch(door, WORDS, b'{"v":2,"words":[%s]}' % whole) == (
                409,
                b"version 2 is not known here",
            )
            assert worker.told == []
            assert await errand.fetch(door, WORDS, b'{"v":1,"words":[%s],"new":1}' % whole) == (204, b"")
            assert worker.shut()

    told()
    assert len(caplog.records) == 4


def test_a_frozen_neighbour_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearsay, "PATIENCE", 0.05)

    @story
    async def told() -> None:
        with socket.socket(socket.AF_UNIX) as frozen, socket.socket(socket.AF_UNIX) as dead:
            frozen.bind(str(tmp_path / "07aaaa"))
            frozen.listen()
            dead.bind(str(tmp_path / "08aaaa"))
            async with street(tmp_path, 2) as (one, two):
                two.worker.know()
                one.worker.eject()
                await until(two.worker.shut)
                await until(lambda: sum(bool(known.away_until) for known in one.hearsay._met.values()) == 2)

    told()


@given(st.binary(max_size=200))
def test_whatever_is_posted_is_answered(data: bytes) -> None:
    logging.getLogger("outwait").disabled = True
    try:
        status, _ = Hearsay(Worker().hints, Neighbours(None), cast("Wheel", None)).hear(data)
    finally:
        logging.getLogger("outwait").disabled = False
    assert status in (204, 400, 409)


# ----------------------------------------------------------------------------------------------------- in real gateways
def test_only_neighbours_are_heard(tmp_path: Path) -> None:
    @story
    async def told() -> None:
        async with house(side_door=tmp_path / OWN) as door:
            side = SideDoor(str(tmp_path / OWN))
            assert routes.INTERNAL[hearsay.HEARSAY]
            door.gateway.door.hearsay = None
            assert await errand.fetch(side, WORDS, b'{"v":1}') == (404, b"")
            worker = Worker()
            worker.know()
            door.gateway.door.hearsay = Hearsay(worker.hints, Neighbours(None), door.gateway.wheel)
            data = json.dumps({"v": 1, "words": [{"what": "ejected", "channel": "one", "mark": "x"}]}).encode()
            assert await errand.fetch(side, WORDS, data) == (204, b"")
            assert (await door.ask(WORDS, "content-length: 0", method="POST")).status == 404
            assert door.entries[-1].fault is not None

    told()
