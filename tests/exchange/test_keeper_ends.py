"""How exchanges end: what is held back for the store, how long, and what becomes of it; in virtual time."""

from __future__ import annotations

import pytest
from tests.exchange.archive import MEMORY, Archive

from outwait.core.fault import fault
from outwait.core.plan import OnDisconnect
from outwait.exchange import scribe
from outwait.exchange.handle import Handle
from outwait.exchange.replay import Bounds
from outwait.exchange.story import state
from outwait.exchange.ties import Kept
from outwait.store.errors import StorageFull, StoreError
from outwait.store.rows import State
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


@pytest.mark.parametrize("stream, ending", [(True, "finished"), (False, "whole")])
@scene
async def test_an_orphan_that_ends_is_running_until_its_end_is_stored(stream: bool, ending: str) -> None:
    here = office(answers(b"hello\n", b".\n", after=10.5))
    gate = here.shelf.hang("exchanges.settle")
    visit = here.rig.ask(SLOW, stream=stream)
    visit.client.go()
    exchange = visit.exchange
    await here.rig.until(11)
    retry = here.rig.ask(SLOW, stream=stream, retry=1)
    assert (retry.exchange, exchange.settled, state(exchange)["status"]) == (exchange, False, "running")
    assert (retry.client.text, retry.client.ending) == ("hello\n" if stream else "", "")
    gate.set()
    await here.rig.until(11.1)
    assert (retry.client.text, retry.client.ending) == ("hello\n.\n" if stream else "hello\n", ending)
    assert state(exchange)["status"] == "completed"
    assert here.counts == {Kept.ANSWER: 1}
    assert here.shelf.asked == ["exchanges.remember", "exchanges.settle", "exchanges.adopted"]
    assert (len(here.registry), nothing_left(here)) == (0, True)


@scene
async def test_a_store_that_hangs_delays_it_so_long_and_no_longer() -> None:
    here = office(answers(b"hello\n", b".\n", after=10))
    here.shelf.hang("exchanges.settle")
    visit = here.rig.ask(SLOW)
    visit.client.go()
    await here.rig.until(10 + scribe.PATIENCE - 0.1)
    assert not visit.exchange.settled
    await here.rig.until(10 + scribe.PATIENCE + 0.1)
    assert (visit.exchange.settled, visit.exchange.stored) == (True, False)
    assert here.counts == {Kept.REFUSED: 1, Kept.ERROR: 1}
    retry = here.rig.ask(SLOW, retry=1)
    assert retry.client.text == "hello\n.\n"
    assert (len(here.registry), nothing_left(here)) == (0, True)


@scene
async def test_a_memory_that_hangs_does_not_say_later_that_it_runs() -> None:
    here = office(answers(b"hello\n", b".\n", after=10))
    here.shelf.hang("exchanges.remember")
    visit = here.rig.ask(SLOW)
    visit.client.go()
    here.registry.held(visit.exchange)
    await here.rig.until(25)
    assert (visit.exchange.settled, here.shelf.asked) == (True, ["exchanges.remember"])
    assert nothing_left(here)


@scene
async def test_without_room_it_settles_without_its_answer() -> None:
    here = office(answers(b"hello\n", b".\n", after=10))
    here.shelf.fail("exchanges.settle", StorageFull("there"), 1)
    visit = here.rig.ask(SLOW)
    visit.client.go()
    await here.rig.until(11)
    assert (visit.exchange.settled, visit.exchange.stored) == (True, True)
    full, bare = here.settled()
    assert (full.result is None, bare.result) == (False, None)
    assert here.counts == {Kept.REFUSED: 1, Kept.ERROR: 1}


@scene
async def test_without_any_room_it_is_refused_once() -> None:
    here = office(answers(b"hello\n", b".\n"))
    here.shelf.fail("exchanges.keep", StorageFull("there"))
    visit = here.rig.ask(SLOW)
    visit.client.blocked = True
    await here.rig.until(1)
    visit.client.go()
    await here.rig.until(2)
    assert (visit.exchange.stored, here.counts) == (False, {Kept.REFUSED: 1, Kept.ERROR: 1})
    assert here.shelf.asked == ["exchanges.keep", "exchanges.keep"]
    assert here.rig.ask(SLOW, retry=1).client.text == "hello\n.\n"
    assert (len(here.registry), nothing_left(here)) == (0, True)


@scene
async def test_whatever_goes_wrong_the_end_is_told(caplog: pytest.LogCaptureFixture) -> None:
    here = office(answers(b"hello\n", b".\n", after=10))
    here.shelf.fail("exchanges.settle", ZeroDivisionError())
    visit = here.rig.ask(SLOW)
    visit.client.go()
    await here.rig.until(11)
    assert (visit.exchange.settled, visit.exchange.stored) == (True, False)
    assert "could not be stored" in caplog.text
    assert nothing_left(here)


@scene
async def test_who_leaves_with_half_of_what_is_over_finds_it_in_the_store() -> None:
    here = office(answers(b"hello\n", b".\n", after=1))
    visit = here.rig.ask(SLOW)
    visit.client.blocked = True
    await here.rig.until(2)
    assert (visit.exchange.settled, here.shelf.asked) == (True, [])
    gate = here.shelf.hang("exchanges.keep")
    visit.client.go()
    await here.rig.until(3)
    assert here.shelf.asked == ["exchanges.keep"]
    gate.set()
    await here.rig.until(4)
    (end,) = here.settled()
    assert end.result is not None
    assert end.orphan == pytest.approx(2, abs=0.1)
    assert (here.registry.orphans, here.counts) == (1, {Kept.ANSWER: 1})
    await here.rig.until(100)
    assert here.shelf.asked == ["exchanges.keep"]
    await here.rig.until(200)
    assert (len(here.registry), nothing_left(here)) == (0, True)


@scene
async def test_who_comes_back_while_it_is_written_has_it() -> None:
    here = office(answers(b"hello\n", b".\n", after=1))
    visit = here.rig.ask(SLOW)
    visit.client.blocked = True
    await here.rig.until(2)
    gate = here.shelf.hang("exchanges.keep")
    visit.client.go()
    await here.rig.until(3)
    retry = here.rig.ask(SLOW, retry=1)
    assert retry.client.text == "hello\n.\n"
    gate.set()
    await here.rig.until(4)
    assert here.shelf.asked == ["exchanges.keep", "exchanges.adopted"]
    assert (len(here.registry), nothing_left(here)) == (0, True)


@scene
async def test_who_comes_and_goes_while_its_end_is_stored_changes_nothing() -> None:
    here = office(answers(b"hello\n", b".\n", after=10))
    here.shelf.fail("exchanges.remember", GONE)
    gate = here.shelf.hang("exchanges.keep")
    here.rig.ask(SLOW).client.go()
    await here.rig.until(11)
    here.rig.ask(SLOW, retry=1).client.go()
    await here.rig.until(12)
    gate.set()
    await here.rig.until(13)
    assert here.asked == ["remember", "keep"]
    assert (here.registry.orphans, here.cases) == (1, {})


@scene
async def test_who_comes_and_goes_while_a_state_is_stored_finds_the_answer_in_memory() -> None:
    here = office(answers(b"hello\n", b".\n", after=20))
    gate = here.shelf.hang("exchanges.settle")
    visit = here.rig.ask(SLOW)
    await here.rig.until(21)
    assert visit.client.ending == "finished"
    here.rig.join(visit.exchange, gone=True)
    await here.rig.until(22)
    gate.set()
    await here.rig.until(23)
    assert here.rig.ask(SLOW, retry=1).client.text == "hello\n.\n"
    await here.rig.until(24)
    assert (len(here.registry), nothing_left(here)) == (0, True)


@scene
async def test_adopted_later_and_lost_again_it_waits_again() -> None:
    here = office(answers(b"hello\n", b".\n", after=10))
    here.rig.ask(SLOW).client.go()
    await here.rig.until(20)
    retry = here.rig.ask(SLOW, retry=1, gone=True)
    await here.rig.until(21)
    assert here.asked[2:] == ["adopted", "orphan"]
    assert (retry.exchange.stored, here.registry.orphans) == (True, 1)
    here.rig.ask(SLOW, retry=2)
    await here.rig.until(22)
    assert here.asked[4:] == ["adopted"]
    assert (len(here.registry), nothing_left(here)) == (0, True)


@scene
async def test_a_second_client_may_read_while_the_first_end_is_written() -> None:
    """It goes when the write is over, and takes the exchange with it."""
    here = office(answers(b"hello\n", b".\n", after=1))
    visit = here.rig.ask(SLOW)
    visit.client.blocked = True
    await here.rig.until(2)
    gate = here.shelf.hang("exchanges.keep")
    visit.client.go()
    reader = visit.exchange.join(lambda: None)
    await here.rig.until(3)
    gate.set()
    await here.rig.until(4)
    assert (nothing_left(here), len(here.registry)) == (True, 1)
    visit.relay.delivery.whole = True
    visit.exchange.leave(reader, visit.relay.delivery)
    await here.rig.until(5)
    assert here.shelf.asked == ["exchanges.keep"]


@pytest.mark.parametrize("handle", [None, Handle("a", "job_1")])
@scene
async def test_what_a_drain_cuts_is_lost_unless_its_job_goes_on(handle: Handle | None) -> None:
    here = office(answers(b"hello\n", b".\n", every=60))
    visit = here.rig.ask(SLOW)
    visit.client.go()
    await here.rig.until(3)
    visit.exchange._handle = handle
    visit.exchange.cancel(fault("gateway_draining"))
    await here.keeper.close()
    assert visit.exchange.settled
    if handle is not None:
        assert (here.settled(), visit.exchange.stored, here.counts) == ([], False, {})
        return
    (end,) = here.settled()
    assert (end.state, end.result is not None and end.result.partial) == (State.LOST, True)
    assert here.counts == {Kept.ANSWER: 1, Kept.LOST_DRAIN: 1}


@scene
async def test_of_a_key_that_became_silent_a_drain_keeps_nothing() -> None:
    here = office(answers(b"hello\n", b".\n", every=60))
    visit = here.rig.ask(SLOW)
    visit.client.go()
    await here.rig.until(3)
    here.rig.joined.silent.add("key")
    visit.exchange.cancel(fault("gateway_draining"))
    await here.keeper.close()
    (end,) = here.settled()
    assert (end.state, end.result) == (State.LOST, None)


@scene
async def test_what_was_settled_by_another_is_not_counted_here() -> None:
    here = office(answers(b"hello\n", b".\n", after=9), answers(b"hello\n", b".\n", every=60))
    here.shelf.answer("exchanges.settle", False)
    visit, cut = here.rig.ask(SLOW), here.rig.ask(SLOW)
    visit.client.go()
    cut.client.go()
    await here.rig.until(10)
    cut.exchange.cancel(fault("gateway_draining"))
    await here.keeper.close()
    assert (visit.exchange.stored, cut.exchange.stored, here.counts) == (False, False, {})


@scene
async def test_what_is_cancelled_after_it_was_remembered_is_settled() -> None:
    here = office(hangs)
    visit = here.rig.ask(plan_of("a", on_disconnect=OnDisconnect.LINGER, linger=20.0, spans={"first_byte": 900}))
    await here.rig.until(17)
    visit.client.go()
    await here.rig.until(60)
    (end,) = here.settled()
    assert (end.state, end.result) == (State.CANCELLED, None)
    assert (len(here.registry), nothing_left(here)) == (0, True)


@scene
async def test_what_is_dropped_while_it_is_written_goes_then() -> None:
    here = office(answers(b"hello\n", b".\n", after=1))
    visit = here.rig.ask(SLOW)
    visit.client.blocked = True
    await here.rig.until(2)
    gate = here.shelf.hang("exchanges.keep")
    visit.client.go()
    here.registry.drop(visit.exchange.id)
    await here.rig.until(3)
    gate.set()
    await here.rig.until(4)
    assert (len(here.registry), nothing_left(here)) == (0, True)


@scene
async def test_of_a_key_that_became_silent_nothing_waits_any_more() -> None:
    here = office(answers(b"hello\n", b".\n", after=9))
    here.rig.ask(SLOW).client.go()
    await here.rig.until(20)
    retry = here.rig.ask(SLOW, retry=1)
    reader = retry.exchange.join(lambda: None)
    here.registry.add(retry.exchange)
    here.rig.joined.silent.add("key")
    retry.relay.delivery.whole = False
    retry.exchange.leave(reader, retry.relay.delivery)
    await here.rig.until(21)
    assert here.asked == ["remember", "settle", "adopted"]
    assert len(here.registry) == 0
