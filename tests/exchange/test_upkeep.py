"""Burials and sweeps: at the start, from time to time, and whatever fails."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from outwait.exchange import upkeep as rounds
from outwait.exchange.inherit import Heirs
from outwait.exchange.upkeep import Upkeep
from outwait.store.errors import StoreError
from outwait.store.rows import Swept
from outwait.testing.rig import scene
from outwait.testing.shelf import Shelf
from outwait.wire.wheel import Wheel


class Burials:
    """When somebody buried; `error` is raised, `gate` waited for."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.error: Exception | None = None
        self.gate: asyncio.Event | None = None

    async def bury(self) -> None:
        self.times.append(round(asyncio.get_running_loop().time(), 1))
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error


def made(luck: float = 0.0) -> Any:
    loop = asyncio.get_running_loop()
    shelf, burials, wheel = Shelf(), Burials(), Wheel(loop, tick=0.001)
    keeping = Upkeep(shelf.store, cast("Heirs", burials), 1000, wheel, lambda: 7.0, lambda: luck)
    return SimpleNamespace(shelf=shelf, burials=burials, upkeep=keeping, sleep=asyncio.sleep)


@scene
async def test_it_buries_at_the_start_and_again_from_time_to_time() -> None:
    here = made()
    await here.upkeep.bury()
    assert here.burials.times == [0.0]
    await here.sleep(3 * rounds.BURIAL + 1)
    assert here.burials.times == [0.0, 15.0, 30.0, 45.0]
    await here.upkeep.close()
    await here.sleep(100)
    assert len(here.burials.times) == 4


@scene
async def test_workers_do_not_do_it_all_at_once() -> None:
    here = made(luck=0.5)
    await here.upkeep.bury()
    await here.sleep(rounds.SWEEP * 2.5)
    assert here.burials.times[:3] == [0.0, 22.5, 45.0]
    swept = [given for name, given in here.shelf.given if name == "sweep"]
    assert swept == [(7.0, 1000), (7.0, 1000)]  # after half its time, and then after one and a half


@scene
async def test_it_sweeps_with_the_limit_of_now(caplog: pytest.LogCaptureFixture) -> None:
    here = made()
    here.upkeep.use(5)
    here.shelf.answer("sweep", Swept(evicted=("ow_1", "ow_2")))
    await here.upkeep.bury()
    await here.sleep(20)
    assert [given for name, given in here.shelf.given if name == "sweep"] == [(7.0, 5)]
    assert "2 kept answers went before their time" in caplog.text


@scene
async def test_what_fails_is_told_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    here = made()
    here.burials.error = StoreError("it is gone")
    here.shelf.fail("sweep", StoreError("it is full"))
    await here.upkeep.bury()
    await here.sleep(2 * rounds.SWEEP + 30)
    assert caplog.text.count("could not be seen to: it is gone") == len(here.burials.times) > 30
    assert caplog.text.count("could not be swept: it is full") == 3
    here.burials.error = ZeroDivisionError()
    await here.sleep(20)
    assert "something that a dead process left cannot be seen to" in caplog.text
    count = len(here.burials.times)
    await here.sleep(20)
    assert len(here.burials.times) > count


@scene
async def test_a_start_goes_on_whatever_is_found(caplog: pytest.LogCaptureFixture) -> None:
    here = made()
    here.burials.error = ZeroDivisionError()
    await here.upkeep.bury()
    assert "cannot be seen to" in caplog.text
    await here.upkeep.close()
    await here.sleep(100)
    assert here.burials.times == [0.0]


@scene
async def test_close_waits_for_what_is_being_done_and_a_round_for_the_last() -> None:
    here = made()
    await here.upkeep.bury()
    here.burials.gate = asyncio.Event()
    await here.sleep(100)
    assert here.burials.times == [0.0, 15.0]
    closing = asyncio.ensure_future(here.upkeep.close())
    await here.sleep(1)
    assert not closing.done()
    here.burials.gate.set()
    await closing
    assert "sweep" in here.shelf.asked
