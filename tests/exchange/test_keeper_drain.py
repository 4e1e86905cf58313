"""What a drain had no time for is lost by its id, also where its client was connected and was told so."""

from __future__ import annotations

import pytest
from tests.exchange.archive import CALL, FINISH, JSON, MEMORY, Archive, with_store

from outwait.core.fault import fault
from outwait.core.request import Call
from outwait.exchange.ties import Kept
from outwait.store.rows import State
from outwait.store.store import Store
from outwait.testing.rig import Rig, scene
from outwait.testing.scripted import Upstream, hangs

DRAIN = fault("gateway_draining")


@pytest.mark.parametrize("call", [CALL, JSON], ids=["stream", "JSON"])
@pytest.mark.parametrize("words", [b"", b"hello\n"], ids=["before words", "flowing"])
def test_who_was_connected_finds_it_by_its_id_with_what_had_come(call: Call, words: bytes) -> None:
    @with_store
    async def told(store: Store) -> None:
        here = Archive(store)
        visit = here.ask(call=call)
        if words:
            here.say(words)
        visit.exchange.cancel(DRAIN)
        assert visit.client.ending == ("finished" if words and call.stream else "whole")
        await here.keeper.close()
        row = await here.row(visit.exchange)
        assert (row.state, row.orphan) == (State.LOST, None)
        assert row.story is not None
        assert b"gateway_draining" in row.story
        result = await store.results.find(row.id)
        if words and call.stream:
            assert result is not None
            assert (result.partial, await here.body(visit.exchange)) == (True, words)
        else:
            assert result is None
        assert here.counts[Kept.LOST_DRAIN] == 1
        assert (here.cases, len(here.registry)) == ({}, 0)

    told()


@scene
async def test_it_is_written_once() -> None:
    here = Archive()
    visit = here.ask()
    here.say(b"hello\n")
    here.registry.held(visit.exchange)
    visit.exchange.cancel(DRAIN)
    await here.keeper.close()
    assert here.asked == ["remember", "settle"]
    other = here.ask()
    other.exchange.cancel(DRAIN)
    await here.keeper.quiet()
    assert here.asked == ["remember", "settle", "keep"]


@scene
async def test_of_a_key_that_keeps_nothing_there_is_nothing() -> None:
    here = Archive()
    here.rig.joined.silent.add("key")
    here.ask().exchange.cancel(DRAIN)
    await here.keeper.close()
    assert (here.asked, len(here.registry)) == ([], 0)


@scene
async def test_of_what_waited_for_its_turn_nothing_is_lost() -> None:
    """Nothing of it was asked upstream; its client was told to ask another."""
    here = Archive(rig=Rig(Upstream(hangs), keeping=MEMORY, limits={"a": 1}))
    here.ask()
    waits = here.ask()
    assert waits.exchange.candidate is None
    waits.exchange.cancel(DRAIN)
    await here.keeper.quiet()
    assert here.asked == []


@scene
async def test_who_cancels_it_loses_nothing() -> None:
    here = Archive()
    visit = here.rig.serve(here.rig.make(CALL, FINISH))
    visit.exchange.cancel()
    await here.keeper.close()
    assert here.asked == []
