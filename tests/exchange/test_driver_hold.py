"""An end that is held back until it is stored: nobody sees it before, everybody at once then."""

from __future__ import annotations

import pytest
from tests.exchange.archive import CALL, FINISH, JSON, MEMORY

from outwait.core.plan import OnDisconnect
from outwait.core.request import Call
from outwait.exchange.driver import Exchange
from outwait.exchange.phase import Phase
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, Visit, scene
from outwait.testing.scripted import Upstream, answers, breaks, hangs

GOOD = answers(b"hello\n", b".\n", after=1)


class Notary:
    """Asked for each end, says `hold`."""

    def __init__(self, *, hold: bool = True) -> None:
        self.asked: list[tuple[str, bool]] = []
        self._hold = hold

    def keep(self, exchange: Exchange) -> bool:
        self.asked.append((exchange.machine.phase.value, exchange.settled))
        return self._hold


def held(rig: Rig, call: Call = CALL, *, hold: bool = True) -> tuple[Visit, Notary]:
    exchange, notary = rig.make(call, FINISH), Notary(hold=hold)
    exchange.keep = notary.keep
    return rig.serve(exchange), notary


@pytest.mark.parametrize("call, before, after", [(CALL, "hello\n", "hello\n.\n"), (JSON, "", "hello\n")])
@scene
async def test_readers_see_no_end_before_it_is_released(call: Call, before: str, after: str) -> None:
    rig = Rig(Upstream(GOOD), keeping=MEMORY)
    visit, notary = held(rig, call)
    await rig.until(2)
    exchange = visit.exchange
    late = rig.join(exchange)
    assert notary.asked == [("settled", False)]
    for each in (visit, late):
        assert (each.client.text, each.client.ending) == (before, "")
    assert (exchange.settled, exchange.machine.phase, exchange.stored, rig.entries) == (False, Phase.SETTLED, None, [])
    exchange.release()
    for each in (visit, late):
        assert (each.client.text, bool(each.client.ending)) == (after, True)
    assert (exchange.settled, len(rig.entries), len(rig.registry), exchange.ending) == (True, 2, 0, b"")


@scene
async def test_heartbeats_go_on_until_then() -> None:
    rig = Rig(Upstream(GOOD), keeping=MEMORY)
    visit, _ = held(rig, JSON)
    await rig.until(40)
    assert visit.client.text == "\n\n"
    visit.exchange.release()
    assert visit.client.text == "\n\nhello\n"


@scene
async def test_an_error_is_held_back_too() -> None:
    rig = Rig(Upstream(breaks("upstream_reset", after=1)))
    visit, _ = held(rig)
    await rig.until(2)
    assert visit.client.status == 0
    visit.exchange.release()
    assert (visit.client.status, visit.client.text) == (502, "!upstream_reset\n")


@scene
async def test_what_need_not_wait_does_not() -> None:
    rig = Rig(Upstream(GOOD), keeping=MEMORY)
    visit, notary = held(rig, hold=False)
    await rig.until(2)
    assert (notary.asked, visit.client.ending, len(rig.registry)) == ([("settled", False)], "finished", 0)


@scene
async def test_who_leaves_meanwhile_is_missed_when_it_is_released() -> None:
    rig = Rig(Upstream(GOOD), keeping=MEMORY)
    visit, _ = held(rig, JSON)
    await rig.until(2)
    visit.client.go()
    assert (rig.registry.orphans, rig.entries) == (1, [])
    visit.exchange.release()
    assert (rig.registry.orphans, len(rig.entries)) == (1, 1)
    assert rig.ask(FINISH, stream=False, retry=1).client.text == "hello\n"
    assert len(rig.registry) == 0


@scene
async def test_its_slot_is_free_before_it_is_released() -> None:
    rig = Rig(Upstream(GOOD, GOOD), limits={"a": 1})
    visit, _ = held(rig)
    await rig.until(2)
    second = rig.ask(FINISH)
    await rig.until(4)
    assert (visit.client.ending, second.client.ending) == ("", "finished")
    visit.exchange.cancel()  # it is over upstream: this changes nothing
    visit.exchange.release()
    assert visit.client.ending == "finished"


@scene
async def test_one_that_is_detached_goes_on_without_a_client() -> None:
    rig = Rig(Upstream(GOOD, hangs), keeping=MEMORY)
    exchange = rig.make(CALL, FINISH)
    rig.registry.add(exchange, None)
    exchange.begin()
    exchange.detach()
    await rig.until(2)
    assert (exchange.settled, len(rig.registry)) == (True, 0)  # nobody asked for it
    exchange.detach()
    assert exchange.fault is None
    alone = rig.make(CALL, plan_of("a", on_disconnect=OnDisconnect.CANCEL))
    rig.registry.add(alone)
    alone.begin()
    alone.detach()
    assert (alone.settled, len(rig.registry)) == (True, 0)
