"""What dead processes left: each exchange falls to one heir, and is seen to in the end."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from tests.exchange.archive import FINISH, JSON, Archive, with_store

from outwait.core.request import State as Asked
from outwait.exchange import responded
from outwait.exchange.driver import Exchange
from outwait.exchange.handle import Handle
from outwait.exchange.ties import Kept
from outwait.store.errors import StoreError
from outwait.store.rows import State
from outwait.store.store import Store
from outwait.testing.rig import scene

GONE = StoreError("it is gone")


async def background(here: Archive, *, handle: bool = False) -> Exchange:
    """A background response that runs."""
    call = msgspec.structs.replace(JSON, body=b'{"model":"m","input":"Hi","background":true}')
    exchange = here.rig.make(msgspec.structs.replace(call, state=Asked(f"resp_{here.rig._asked}", True)), FINISH)
    row = responded.asked_row(exchange, here.keeper.forgotten_at())
    await here.keeper.submit(exchange, None, row)
    here.registry.add(exchange)
    exchange.begin()
    exchange.detach()
    if handle:
        assert exchange.job is not None
        exchange.job = None
        exchange._handle = Handle("a", "job_1")
        here.keeper._handled(exchange)
        await here.keeper.quiet()
    return exchange


def heir(store: Store, boot: str = "there") -> Archive:
    there = Archive(store, boot)
    there.rig.joined.dead.add("here")
    return there


@scene
async def test_where_nobody_died_nothing_is_taken() -> None:
    there = Archive()
    there.shelf.answer("exchanges.boots", frozenset({"alive"}))
    await there.rig.heirs.bury()
    assert there.shelf.asked == ["exchanges.boots"]


@with_store
async def test_the_response_of_a_lost_exchange_failed_and_who_waits_is_told(store: Store) -> None:
    here, there = Archive(store), heir(store)
    exchange = await background(here)
    await there.rig.heirs.bury()
    assert (await there.row(exchange)).state is State.LOST
    row = await store.responses.of(exchange.id)
    assert row is not None
    assert (row.status, msgspec.json.decode(row.output or b"")["error"]["code"]) == ("failed", "server_error")
    now = there.rig.loop.time()
    (event,) = await store.outbox.lease(now + 1, now + 2)
    assert (event.type, event.payload) == ("response.failed", row.id.encode())
    assert (there.rig.joined.woken, there.counts) == (1, {Kept.LOST_PROCESS: 1})


@with_store
async def test_what_has_a_handle_goes_on_with_its_heir(store: Store) -> None:
    here, there = Archive(store), heir(store)
    exchange = await background(here, handle=True)
    await there.rig.heirs.bury()
    (row,) = there.rig.joined.resumed
    assert (row.id, row.owner.boot, row.state) == (exchange.id, "there", State.RUNNING)
    assert row.provider == '{"channel":"a","ident":"job_1","sequence":-1,"key":0}'
    assert there.counts == {}
    await there.rig.heirs.bury()
    assert len(there.rig.joined.resumed) == 1


@with_store
async def test_of_two_heirs_each_has_what_the_other_has_not(store: Store) -> None:
    here, heirs = Archive(store), (heir(store), heir(store, "yonder"))
    exchanges = [await background(here, handle=bool(number % 2)) for number in range(6)]
    await asyncio.gather(*(each.rig.heirs.bury() for each in heirs))
    resumed = [row.id for each in heirs for row in each.rig.joined.resumed]
    assert sorted(resumed) == sorted(exchange.id for exchange in exchanges[1::2])
    assert sum(each.counts[Kept.LOST_PROCESS] for each in heirs) == 3


@with_store
async def test_what_was_ended_before_is_not_ended_again(store: Store) -> None:
    here, there = Archive(store), heir(store)
    exchange = await background(here)
    row = await store.responses.of(exchange.id)
    assert row is not None
    end = responded.lost_end(row, responded._LOST)
    assert end is not None
    await store.responses.end(end)
    quick = here.ask()
    here.registry.held(quick.exchange)
    await here.keeper.quiet()
    await there.rig.heirs.bury()
    assert (there.rig.joined.woken, there.counts) == (0, {Kept.LOST_PROCESS: 2})


@with_store
async def test_a_store_that_fails_half_way_is_asked_again(store: Store) -> None:
    here, there = Archive(store), heir(store)
    exchanges = [await background(here), await background(here), await background(here, handle=True)]
    there.shelf.fail("responses.of", GONE, 1)
    with pytest.raises(StoreError):
        await there.rig.heirs.bury()
    assert there.rig.joined.resumed == []
    await there.rig.heirs.bury()
    assert [row.id for row in there.rig.joined.resumed] == [exchanges[2].id]
    for exchange in exchanges[:2]:
        row = await store.responses.of(exchange.id)
        assert row is not None
        assert row.status == "failed"
    assert there.counts == {Kept.LOST_PROCESS: 2}
