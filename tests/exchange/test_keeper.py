"""Which exchanges come into the store, when, and which end is held back for it; in virtual time."""

from __future__ import annotations

import pytest
from tests.exchange.archive import CALL, FINISH, MEMORY, Archive

from outwait.core.plan import OnDisconnect
from outwait.exchange import keeper as keeping
from outwait.exchange.driver import Exchange
from outwait.exchange.handle import Handle
from outwait.exchange.replay import Bounds
from outwait.exchange.ties import Kept
from outwait.store.errors import StoreError
from outwait.store.rows import State
from outwait.testing.plain import PLAIN
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
async def test_a_quick_call_asks_nothing_of_the_store() -> None:
    here = office(answers(b"hello\n", b".\n", after=1), answers(b"hello\n", b".\n", after=1))
    visit = here.rig.ask(SLOW)
    named = here.rig.ask(SLOW, stream=False, body=b"another")
    await here.rig.until(2)
    assert (visit.client.ending, named.client.ending) == ("finished", "whole")
    assert here.shelf.asked == []
    assert nothing_left(here)
    assert len(here.registry) == 0


@scene
async def test_one_that_waits_is_remembered_and_its_state_forgotten_early() -> None:
    here = office(answers(b"hello\n", b".\n", after=30))
    visit = here.rig.ask(SLOW)
    await here.rig.until(20)
    assert here.shelf.asked == ["exchanges.remember"]
    await here.rig.until(31)
    assert visit.client.ending == "finished"
    (end,) = here.settled()
    assert (end.state, end.result, end.orphan) == (State.COMPLETED, None, None)
    assert end.expires == pytest.approx(30 + here.rig.scribe.keeps.delivered, abs=0.1)
    assert (len(here.registry), here.counts) == (0, {})
    assert nothing_left(here)


@scene
async def test_one_whose_words_flow_is_remembered_after_a_minute() -> None:
    here = office(answers(*[b"word\n"] * 80, b".\n", every=1))
    here.rig.ask(SLOW)
    await here.rig.until(keeping.LONG - 1)
    assert here.shelf.asked == []
    await here.rig.until(keeping.LONG + keeping.TICK)
    assert here.shelf.asked == ["exchanges.remember"]


@scene
async def test_so_is_one_whose_response_is_kept() -> None:
    here = office(answers(*[b"word\n"] * 80, b".\n", every=1))
    here.respond(stream=True)
    await here.rig.until(keeping.LONG - 1)
    assert here.shelf.asked == []
    await here.rig.until(keeping.LONG + keeping.TICK)
    assert here.shelf.asked == ["exchanges.remember"]


@scene
async def test_what_could_not_be_remembered_is_tried_again() -> None:
    here = office(hangs)
    here.shelf.fail("exchanges.remember", GONE, 2)
    here.rig.ask(SLOW)
    await here.rig.until(200)
    assert here.shelf.asked == ["exchanges.remember"] * 3
    assert here.counts == {Kept.ERROR: 2}


@scene
async def test_of_a_silent_key_nothing_is_kept() -> None:
    """Neither in the store nor, after the end, in memory; while it runs a retry may have it."""
    here = office(answers(b"hello\n", b".\n", after=100), answers(b"hello\n", b".\n", after=100))
    here.rig.joined.silent.add("key")
    first, second = here.rig.ask(SLOW), here.rig.ask(SLOW, name="q")
    await here.rig.until(70)
    first.client.go()
    second.client.go()
    assert here.rig.ask(SLOW, retry=1).exchange is first.exchange
    await here.rig.until(80)
    assert here.registry.orphans == 0
    for exchange in (first.exchange, second.exchange):
        here.keeper._handled(exchange)
    await here.rig.until(101)
    assert here.shelf.asked == []
    assert (len(here.registry), here.registry.orphans, list(here.registry.names())) == (0, 0, [])


@scene
async def test_the_words_of_a_detached_stream_are_drafted_and_only_those() -> None:
    here = office(answers(*[b"word\n"] * 100, b".\n", every=1))
    visit = here.rig.ask(SLOW)
    await here.rig.until(5)
    assert "draft.add" not in here.shelf.asked
    visit.client.go()
    await here.rig.until(11)
    drafted = b"".join(given[0] for name, given in here.shelf.given if name == "draft.add")
    assert drafted == b"word\n" * 11
    back = here.rig.ask(SLOW, retry=1)
    count = here.shelf.asked.count("draft.add")
    await here.rig.until(20)
    assert here.shelf.asked.count("draft.add") == count
    back.client.go()
    await here.rig.until(23)
    drafted = b"".join(given[0] for name, given in here.shelf.given if name == "draft.add")
    assert drafted == b"word\n" * (len(drafted) // 5)
    assert len(drafted) >= 21 * 5


@scene
async def test_a_draft_that_fails_leaves_no_gap() -> None:
    here = office(answers(*[b"%d\n" % number for number in range(20)], b".\n", every=1))
    here.shelf.fail("draft.add", GONE, 1)
    here.rig.ask(SLOW).client.go()
    await here.rig.until(3)
    assert here.counts == {Kept.ERROR: 1}
    await here.rig.until(9)
    tried, *drafted = [given[0] for name, given in here.shelf.given if name == "draft.add"]
    assert b"".join(drafted).startswith(tried)
    assert b"".join(drafted) == b"".join(b"%d\n" % number for number in range(9))


@scene
async def test_where_nothing_new_was_said_nothing_is_drafted() -> None:
    here = office(answers(b"hello\n", b".\n", every=50))
    here.rig.ask(SLOW).client.go()
    await here.rig.until(3)
    here.keeper.tick(3.0)
    assert (here.keeper._tasks, here.shelf.asked) == (set(), ["exchanges.remember", "draft.add"])


@scene
async def test_the_end_waits_for_the_draft_before_it() -> None:
    here = office(answers(b"hello\n", b"more\n", b".\n", every=3))
    gate = here.shelf.hang("draft.add")
    here.rig.ask(SLOW).client.go()
    await here.rig.until(5)
    assert here.shelf.asked == ["exchanges.remember", "draft.add"]
    await here.rig.until(6.9)
    assert here.shelf.asked == ["exchanges.remember", "draft.add"]
    gate.set()
    await here.rig.until(7)
    assert here.shelf.asked == ["exchanges.remember", "draft.add", "exchanges.settle"]


@scene
async def test_what_is_too_long_to_be_kept_is_not_drafted() -> None:
    here = office(answers(*[b"x" * 999 + b"\n"] * 9, every=0.1), bounds=Bounds(memory=1000, cap=2000))
    visit = here.rig.ask(SLOW)
    here.registry.held(visit.exchange)
    await here.rig.until(0.75)
    case = here.cases["ow_here_1"]
    visit.exchange.replay.readers.clear()
    assert (case.alone, case.drafted.behind, visit.exchange.replay.whole) == (True, True, False)
    here.keeper.tick(1)
    await here.keeper.quiet()
    assert ("draft.add" in here.shelf.asked, here.counts) == (False, {})


@scene
async def test_a_handle_is_stored_after_its_exchange() -> None:
    here = office(hangs)
    gate = here.shelf.hang("exchanges.remember")
    exchange = here.rig.ask(SLOW).exchange
    exchange._handle = Handle("a", "job_1")
    here.keeper._handled(exchange)
    await here.rig.until(1)
    assert here.shelf.asked == ["exchanges.remember"]
    gate.set()
    await here.rig.until(2)
    assert here.shelf.asked == ["exchanges.remember", "exchanges.handle"]
    assert here.shelf.given[1][1][:2] == ("ow_here_1", '{"channel":"a","ident":"job_1","sequence":-1,"key":0}')
    here.keeper._handled(exchange)
    await here.rig.until(3)
    assert here.shelf.asked[2:] == ["exchanges.handle"]


@scene
async def test_a_submission_that_fails_leaves_nothing() -> None:
    here = office(answers(b"hello\n", b".\n", after=30))
    here.shelf.fail("exchanges.remember", GONE, 1)
    exchange = here.rig.make(CALL, SLOW)
    with pytest.raises(StoreError):
        await here.keeper.submit(exchange, here.named("q"))
    assert (here.cases, exchange.keep, exchange.on_handle) == ({}, None, None)
    here.keeper.attend(exchange)  # it is in memory as ever; when it is known by its name, so is its case
    visit = here.rig.serve(exchange, here.named("q"))
    await here.rig.until(20)
    visit.client.go()
    await here.rig.until(31)
    row = here.shelf.given[1][1][0]
    assert row.idempotency == here.named("q").name.hex()
    (end,) = here.settled()
    assert (end.orphan, end.result is None) == (None, False)


@scene
async def test_what_goes_on_from_another_process_is_known_already() -> None:
    here = office(answers(b"hello\n", b".\n", after=20))
    exchange = here.rig.make(CALL, FINISH)
    here.registry.add(exchange, here.named("q"))
    here.keeper.inherit(exchange, here.named("q"), None)
    exchange.begin()
    exchange.detach()
    await here.rig.until(21)
    assert here.asked == ["settle"]
    assert isinstance(here.registry.named(here.named("q")), Exchange)
    exchange.detach()
    assert exchange.settled


@scene
async def test_what_the_keeper_says_of_keys_and_times() -> None:
    here = office()
    here.rig.joined.silent.add("mute")
    assert (here.keeper.keeps("key"), here.keeper.keeps("mute")) == (True, False)
    assert here.keeper.forgotten_at() == pytest.approx(30 * 86_400, abs=1)


@scene
async def test_of_two_that_adopt_at_once_the_slower_has_nothing() -> None:
    here = office()
    here.shelf.answer("exchanges.waiting", "ow_1")
    assert await here.keeper.adopt("key", CALL, PLAIN, here.rig.ports) is None
    assert here.asked == ["waiting", "adopt"]
