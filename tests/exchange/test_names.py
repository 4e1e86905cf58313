"""A name leads to one exchange, in whatever process, unless nothing was done about it."""

from __future__ import annotations

import asyncio

import pytest
from tests.exchange.archive import CALL, FINISH, Archive, with_store
from tests.exchange.test_recall import row_of

from outwait.core.entry import Mark
from outwait.core.fault import Refusal, fault
from outwait.exchange import names
from outwait.exchange.names import Names, nothing_done
from outwait.exchange.story import Story
from outwait.store.rows import Existing, State
from outwait.store.store import Store
from outwait.testing.rig import scene
from outwait.testing.shelf import Shelf

SAFE, UNSURE = fault("upstream_connect"), fault("upstream_reset")
COMMITTED = (Mark(1.0, "committed", ""),)


class Graves:
    """Whoever buries: how often, and what it finds."""

    def __init__(self, shelf: Shelf) -> None:
        self.visits = 0
        self._shelf = shelf

    async def bury(self) -> None:
        self.visits += 1
        self._shelf.answer("exchanges.find", row_of(State.LOST, None))


@with_store
async def test_who_claims_first_has_it(store: Store) -> None:
    here, there = Archive(store), Archive(store, "there")
    visit, known = await here.submit("q"), here.named("q")
    first = await here.keeper.names.claim("key", known, visit.exchange.id)
    assert first == visit.exchange.id
    assert await there.keeper.names.claim("key", known, "ow_other") == first
    assert await there.keeper.names.claim("other", known, "ow_other") == "ow_other"


@with_store
async def test_of_two_that_claim_at_once_one_begins(store: Store) -> None:
    """Also when the other looks before the first one's exchange is written down."""
    here, there = Archive(store), Archive(store, "there")
    known = here.named("q")
    exchange = here.rig.make(CALL, FINISH)
    gate = here.shelf.hang("exchanges.remember")

    async def begin() -> str:
        holder = await here.keeper.names.claim("key", known, exchange.id)
        await here.keeper.submit(exchange, known)
        return holder

    beginning = asyncio.ensure_future(begin())
    await here.shelf.met("exchanges.remember")
    asking = asyncio.ensure_future(there.keeper.names.claim("key", known, "ow_other"))
    await there.shelf.met("exchanges.find")
    gate.set()
    assert await beginning == await asking == exchange.id


@with_store
async def test_a_name_is_one_question_s(store: Store) -> None:
    here = Archive(store)
    known = here.named("q")
    await here.submit("q")
    await here.keeper.names.claim("key", known, "ow_here_1")
    with pytest.raises(Refusal, match="used for another request") as caught:
        await here.keeper.names.claim("key", known._replace(question=b"x" * 16), "ow_new")
    assert caught.value.fault.code == "idempotency_mismatch"


@with_store
async def test_what_died_with_its_process_is_what_its_name_leads_to(store: Store) -> None:
    here, there = Archive(store), Archive(store, "there")
    visit, known = await here.submit("q"), here.named("q")
    await here.keeper.names.claim("key", known, visit.exchange.id)
    there.rig.joined.dead.add("here")
    assert await there.keeper.names.claim("key", known, "ow_new") == visit.exchange.id
    assert (await there.row(visit.exchange)).state is State.LOST


@with_store
async def test_what_did_nothing_is_asked_anew(store: Store) -> None:
    here, there = Archive(store), Archive(store, "there")
    for name in ("cancelled", "refused"):
        visit, known = await here.submit(name), here.named(name)
        await here.keeper.names.claim("key", known, visit.exchange.id)
        if name == "cancelled":
            visit.exchange.cancel()
        else:
            here.rig.upstream.line.fail("upstream_connect")
        await here.keeper.quiet()
        assert await there.keeper.names.claim("key", known, "ow_new") == "ow_new"
    assert here.cases == {}


@scene
async def test_a_claim_whose_exchange_never_came_is_taken_over() -> None:
    shelf = Shelf()
    book = Names(shelf.store, Graves(shelf).bury, lambda: 0.0, 60.0)
    known = Archive.named("q")
    shelf.answer("claims.claim", Existing("ow_old", known.question))
    loop = asyncio.get_running_loop()
    assert await book.claim("key", known, "ow_new") == "ow_new"  # snatched away again and again
    assert loop.time() == pytest.approx(names.ROUNDS * names.LOOKS * names.PAUSE)
    assert shelf.asked.count("claims.release") == names.ROUNDS


@scene
async def test_the_dead_are_buried_before_a_running_one_is_believed() -> None:
    shelf = Shelf()
    graves = Graves(shelf)
    book = Names(shelf.store, graves.bury, lambda: 0.0, 60.0)
    known = Archive.named("q")
    shelf.answer("claims.claim", Existing("ow_old", known.question))
    shelf.answer("exchanges.find", row_of(State.RUNNING))
    assert await book.claim("key", known, "ow_new") == "ow_old"
    assert (graves.visits, shelf.asked) == (1, ["claims.claim", "exchanges.find", "exchanges.find"])


@scene
async def test_a_name_can_be_given_back() -> None:
    shelf = Shelf()
    book = Names(shelf.store, Graves(shelf).bury, lambda: 5.0, 60.0)
    known = Archive.named("q")
    assert await book.claim("key", known, "ow_1") == "ow_1"
    claim = shelf.given[0][1][0]
    assert (claim.created, claim.expires, claim.fingerprint) == (5.0, 65.0, known.question)
    await book.release("key", known, "ow_1")
    assert shelf.given[1] == ("claims.release", ("key", known.name.hex(), "ow_1"))


@pytest.mark.parametrize(
    "state, story, nothing",
    [
        (State.CANCELLED, Story(), True),
        (State.FAILED, Story(fault=SAFE), True),
        (State.FAILED, Story(fault=SAFE, timeline=COMMITTED), False),
        (State.FAILED, Story(fault=UNSURE), False),
        (State.FAILED, Story(), False),
        (State.LOST, Story(), False),
        (State.COMPLETED, Story(), False),
    ],
)
def test_what_counts_as_nothing_done(state: State, story: Story, nothing: bool) -> None:
    assert nothing_done(row_of(state, story)) is nothing
