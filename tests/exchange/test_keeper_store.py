"""What one process keeps, and another one finds: with a real database."""

from __future__ import annotations

import asyncio
from unittest.mock import patch

import pytest
from tests.exchange.archive import CALL, FINISH, JSON, Archive, with_store

from outwait.core.fault import fault
from outwait.exchange.account import Delivery
from outwait.exchange.driver import Exchange
from outwait.exchange.replay import Replay
from outwait.exchange.ties import Kept
from outwait.store.errors import StoreError
from outwait.store.rows import State
from outwait.store.store import Store
from outwait.testing.plain import PLAIN


async def lost_by(here: Archive) -> Exchange:
    """An exchange whose client went with half of it."""
    visit = here.ask()
    visit.client.blocked = True
    here.finish(b"hello\n")
    visit.client.go()
    await here.keeper.quiet()
    return visit.exchange


@with_store
async def test_a_retry_has_it_from_another_process_byte_by_byte(store: Store) -> None:
    here, there = Archive(store), Archive(store, "there")
    exchange = await lost_by(here)
    row = await here.row(exchange)
    assert (row.state, row.owner.boot, row.orphan is None) == (State.COMPLETED, "here", False)
    found = await there.keeper.adopt("key", CALL, PLAIN, there.rig.ports)
    assert found is not None
    assert (found.id, found.stored, found.settled) == (exchange.id, True, True)
    assert there.registry.get(found.id) is found
    visit = there.rig.join(found, adopted=True)
    assert (visit.client.status, visit.client.text, visit.client.ending) == (200, "hello\n.\n", "finished")
    await there.keeper.quiet()
    assert (await there.row(found)).orphan is None
    assert (len(there.registry), there.cases) == (0, {})
    assert await there.keeper.adopt("key", CALL, PLAIN, there.rig.ports) is None
    assert await there.keeper.adopt("other", CALL, PLAIN, there.rig.ports) is None
    (entry,) = there.rig.entries
    assert (entry.exchange, entry.adopted, entry.rescued, entry.channel, entry.attempts) == (
        found.id,
        True,
        True,
        "a",
        1,
    )
    assert there.rig.budgets._routes == {}


@with_store
async def test_what_could_not_be_read_waits_for_the_next_retry(store: Store) -> None:
    here, there = Archive(store), Archive(store, "there")
    await lost_by(here)
    there.shelf.fail("results.find", StoreError("not now"), 1)
    with pytest.raises(StoreError):
        await there.keeper.adopt("key", CALL, PLAIN, there.rig.ports)
    await there.keeper.quiet()
    assert len(there.registry) == 0
    assert await there.keeper.adopt("key", CALL, PLAIN, there.rig.ports) is not None


@with_store
async def test_who_loses_it_there_makes_it_wait_again(store: Store) -> None:
    here, there = Archive(store), Archive(store, "there")
    exchange = await lost_by(here)
    found = await there.keeper.adopt("key", CALL, PLAIN, there.rig.ports)
    assert found is not None
    there.rig.join(found, adopted=True, gone=True)
    await there.keeper.quiet()
    assert (await there.row(exchange)).orphan is not None
    assert there.registry.orphans == 1
    third = Archive(store, "third")
    assert await third.keeper.adopt("key", CALL, PLAIN, third.rig.ports) is not None


@with_store
async def test_two_that_look_for_it_share_what_they_find(store: Store) -> None:
    here, there = Archive(store), Archive(store, "there")
    exchange = await lost_by(here)
    row = await there.keeper.find(exchange.id, "key")
    assert row is not None
    assert await there.keeper.find(exchange.id, "other") is None
    assert await there.keeper.find("ow_none", "key") is None
    asking = (there.keeper.recall(row, None, PLAIN, there.rig.ports) for _ in range(3))
    with patch.object(Replay, "close", autospec=True) as close:
        first, second, third = await asyncio.gather(*asking)
    assert close.call_count == 2  # they may have files
    assert first is second is third is there.registry.get(exchange.id)
    assert await there.keeper.recall(row, None, PLAIN, there.rig.ports) is first
    assert len(there.registry) == 1


@with_store
async def test_what_is_recalled_and_not_read_is_forgotten(store: Store) -> None:
    here, there = Archive(store), Archive(store, "there")
    row = await here.row(await lost_by(here))
    assert await there.keeper.recall(row, None, PLAIN, there.rig.ports) is not None
    there.keeper.tick(0.0)
    assert len(there.registry) == 0
    again = await there.keeper.recall(row, None, PLAIN, there.rig.ports)
    assert again is not None
    reader = again.join(lambda: None)
    there.keeper.tick(0.0)
    there.keeper.tick(0.0)
    assert there.registry.get(row.id) is again
    again.leave(reader, Delivery(whole=True))
    assert len(there.registry) == 0


@with_store
async def test_what_runs_or_is_not_kept_is_not_recalled(store: Store) -> None:
    here, there = Archive(store), Archive(store, "there")
    visit = here.ask()
    here.registry.held(visit.exchange)
    await here.keeper.quiet()
    row = await there.row(visit.exchange)
    assert await there.keeper.recall(row, None, PLAIN, there.rig.ports) is None
    here.finish(b"hello\n")
    await here.keeper.quiet()
    row = await there.row(visit.exchange)
    assert row.state is State.COMPLETED
    assert await there.keeper.recall(row, None, PLAIN, there.rig.ports) is None
    assert len(there.registry) == 0


@with_store
async def test_a_name_leads_to_its_answer_in_another_process(store: Store) -> None:
    here, there = Archive(store), Archive(store, "there")
    visit = await here.submit("q", call=JSON)
    known = here.named("q", JSON)
    row = await here.row(visit.exchange)
    assert (row.state, row.idempotency) == (State.RUNNING, known.name.hex())
    here.finish(b"hello\n")
    await here.keeper.quiet()
    assert (visit.client.text, len(here.registry)) == ("hello\n", 1)
    row = await there.row(visit.exchange)
    found = await there.keeper.recall(row, JSON, PLAIN, there.rig.ports)
    assert found is not None
    again = there.rig.join(found, named=True)
    assert (again.client.status, again.client.text) == (200, "hello\n")
    assert again.client.headers["idempotent-replayed"] == "true"
    assert len(there.registry) == 0


@with_store
async def test_a_killed_process_loses_the_connection_but_not_the_words(store: Store) -> None:
    here, there = Archive(store), Archive(store, "there")
    visit = here.ask()
    here.say(b"one\n", b"two\n")
    visit.client.go()
    await here.keeper.quiet()
    here.keeper.tick(0.0)
    await here.keeper.quiet()
    here.say(b"three\n")
    here.keeper.tick(0.0)
    await here.keeper.quiet()
    here.say(b"never\n")  # and then it is killed
    there.rig.joined.dead.add("here")
    await there.rig.heirs.bury()
    assert there.counts == {Kept.LOST_PROCESS: 1}
    row = await there.row(visit.exchange)
    assert (row.state, row.orphan) == (State.LOST, None)
    found = await there.keeper.recall(row, None, PLAIN, there.rig.ports)
    assert found is not None
    told = there.rig.join(found)
    assert told.client.text == "one\ntwo\nthree\n!exchange_lost\n.\n"
    (entry,) = there.rig.entries
    assert (entry.outcome, entry.fault and entry.fault.code) == ("failed", "exchange_lost")
    await there.rig.heirs.bury()
    assert there.counts == {Kept.LOST_PROCESS: 1}


@with_store
async def test_the_answer_takes_the_place_of_the_draft(store: Store) -> None:
    here = Archive(store)
    visit = here.ask()
    here.say(b"one\n")
    visit.client.go()
    await here.keeper.quiet()
    here.shelf.fail("draft.add", StoreError("not now"), 1)
    for word in (b"two\n", b"three\n"):
        here.keeper.tick(0.0)
        await here.keeper.quiet()
        here.say(word)
    here.keeper.tick(0.0)
    await here.keeper.quiet()
    assert await here.body(visit.exchange) == b"one\ntwo\nthree\n"
    here.finish(b"four\n")
    await here.keeper.quiet()
    assert await here.body(visit.exchange) == b"one\ntwo\nthree\nfour\n.\n"
    row = await here.row(visit.exchange)
    assert (row.state, row.orphan is None) == (State.COMPLETED, False)


@with_store
async def test_a_drained_exchange_is_lost_with_what_there_was(store: Store) -> None:
    here, there = Archive(store), Archive(store, "there")
    visit, known = await here.submit("q"), here.named("q")
    assert await here.keeper.names.claim("key", known, visit.exchange.id) == visit.exchange.id
    here.say(b"half\n")
    visit.client.go()
    visit.exchange.cancel(fault("gateway_draining"))
    await here.keeper.close()
    row = await there.row(visit.exchange)
    assert (row.state, here.counts) == (State.LOST, {Kept.ANSWER: 1, Kept.LOST_DRAIN: 1})
    assert await there.keeper.names.claim("key", known, "ow_new") == visit.exchange.id
    found = await there.keeper.recall(row, CALL, PLAIN, there.rig.ports)
    assert found is not None
    assert there.rig.join(found, named=True).client.text == "half\n!gateway_draining\n.\n"


@with_store
async def test_one_that_was_drained_before_it_asked_gives_its_name_back(store: Store) -> None:
    here = Archive(store)
    exchange = here.rig.make(CALL, FINISH)
    known = here.named("q")
    assert await here.keeper.names.claim("key", known, exchange.id) == exchange.id
    await here.keeper.submit(exchange, known)
    here.registry.add(exchange, known)
    exchange.cancel(fault("gateway_draining"))
    await here.keeper.close()
    assert await here.keeper.names.claim("key", known, "ow_new") == "ow_new"


@with_store
async def test_without_a_store_that_works_there_is_memory(store: Store) -> None:
    here = Archive(store)
    await store.close()
    exchange = await lost_by(here)
    assert (exchange.stored, here.registry.orphans, here.counts[Kept.REFUSED]) == (False, 1, 1)
    with pytest.raises(StoreError):
        await here.keeper.submit(here.rig.make(CALL, FINISH))
