"""What the store did not take in time is told later, and a keeper that closes tells what it can; in virtual time."""

from __future__ import annotations

import asyncio

from tests.exchange.archive import MEMORY, Archive

from outwait.core.plan import OnDisconnect
from outwait.exchange import keeper as keeping
from outwait.exchange import scribe
from outwait.exchange.replay import Bounds
from outwait.exchange.ties import Kept
from outwait.store.errors import StorageFull, StoreError
from outwait.store.rows import ResponseEnd, Settlement, State
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, scene
from outwait.testing.scripted import Upstream, answers, hangs
from outwait.testing.shelf import Shelf

SLOW = plan_of("a", on_disconnect=OnDisconnect.FINISH, spans={"first_byte": 4000, "total": 9000, "idle": 9000})
GONE = StoreError("it is gone")


def office(*scripts: object, shelf: Shelf | None = None, bounds: Bounds | None = None) -> Archive:
    return Archive(shelf, rig=Rig(Upstream(*scripts), bounds=bounds, keeping=MEMORY))  # type: ignore[arg-type]


def nothing_left(office: Archive) -> bool:
    return not office.cases and not office.keeper._tasks


@scene
async def test_close_finishes_what_is_being_written_and_ticks_no_more() -> None:
    here = office(answers(b"hello\n", b".\n", after=10), hangs)
    gate = here.shelf.hang("exchanges.settle")
    visit = here.rig.ask(SLOW)
    visit.client.go()
    await here.rig.until(11)
    closing = asyncio.ensure_future(here.keeper.close())
    await here.rig.until(12)
    assert not closing.done()
    gate.set()
    await closing
    assert (visit.exchange.settled, visit.exchange.stored) == (True, True)
    here.rig.ask(SLOW, body=b"another").client.blocked = True
    count = len(here.shelf.asked)
    await here.rig.until(13 + 2 * keeping.LONG)
    assert here.shelf.asked[count:] == []


@scene
async def test_what_the_store_did_not_take_in_time_is_told_later() -> None:
    """Without its answer, which is in memory: no exchange is running for ever."""
    here = office(answers(b"hello\n", b".\n", after=10))
    gate = here.shelf.hang("exchanges.settle")
    here.rig.ask(SLOW).client.go()
    await here.rig.until(40)
    full, bare = here.settled()  # the second try hangs as well
    assert (full.result is None, bare.result, bare.state, len(here.rig.scribe.late)) == (
        False,
        None,
        State.COMPLETED,
        0,
    )
    gate.set()
    await here.rig.until(60)
    assert (len(here.settled()), len(here.rig.scribe.late), here.keeper._tasks) == (2, 0, set())


@scene
async def test_a_late_end_is_tried_until_it_is_stored() -> None:
    here = office(answers(b"hello\n", b".\n", every=30))
    here.shelf.fail("exchanges.settle", GONE, 4)
    drafts = here.shelf.hang("draft.add")
    here.rig.ask(SLOW).client.go()
    await here.rig.until(39)
    assert (here.settled(), len(here.rig.scribe.late)) == ([], 0)
    await here.rig.until(90)
    assert {end.state for end in here.settled()} == {State.COMPLETED}
    assert (len(here.settled()), len(here.rig.scribe.late), here.counts[Kept.ERROR]) == (5, 0, 5)
    drafts.set()
    await here.rig.until(91)
    assert nothing_left(here)


@scene
async def test_without_room_a_late_end_is_told_alone() -> None:
    here = office(answers(b"hello\n", b".\n", after=10))
    here.rig.scribe.late.append(
        Settlement("ow_1", State.FAILED, 1.0, 2.0, response=ResponseEnd("resp_1", "failed", b""))
    )
    here.shelf.fail("exchanges.settle", StorageFull("there"), 1)
    await here.rig.until(5)
    full, bare = here.settled()
    assert (full.response is None, bare.response) == (False, None)


@scene
async def test_close_waits_no_longer_than_it_must() -> None:
    here = office(hangs)
    here.shelf.hang("exchanges.remember")
    visit = here.rig.ask(SLOW)
    visit.client.go()
    closing = asyncio.ensure_future(here.keeper.close())
    await here.rig.until(2 * scribe.PATIENCE - 0.1)
    assert not closing.done()
    await here.rig.until(2 * scribe.PATIENCE + 0.1)
    assert (closing.done(), here.keeper._tasks) == (True, set())


@scene
async def test_close_tells_late_ends_once_more() -> None:
    here = office()
    here.rig.scribe.late.append(Settlement("ow_1", State.FAILED, 1.0, 2.0))
    await here.keeper.close()
    assert (here.asked, len(here.rig.scribe.late)) == (["settle"], 0)
