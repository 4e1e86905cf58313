"""What the scribe writes of responses, in which order, and what it says when it cannot write."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from tests.exchange.archive import CALL, FINISH, JSON, MEMORY, Archive, with_store

from outwait.core.fault import fault
from outwait.core.request import State as Asked
from outwait.exchange import responded, scribe
from outwait.exchange.handle import Handle
from outwait.exchange.scribe import Keeps
from outwait.exchange.ties import Kept
from outwait.store.errors import StorageFull, StoreError
from outwait.store.rows import ResponseEnd, ResponseRow, State
from outwait.store.store import Store
from outwait.testing.rig import Rig, scene
from outwait.testing.scripted import Upstream, answers, breaks

ANSWER = b'{"id":"resp_1","object":"response","status":"completed","output":[]}\n'
EVENTS = (
    b"event: response.completed\n",
    b'data: {"type":"response.completed","sequence_number":0,"response":' + ANSWER.strip() + b"}\n",
)
BACKGROUND = Asked("resp_ours", background=True)
GONE = StoreError("it is gone")


def office(*scripts: object) -> Archive:
    return Archive(rig=Rig(Upstream(*scripts), keeping=MEMORY))  # type: ignore[arg-type]


@with_store
async def test_a_response_is_in_the_store_before_its_end_is_told(store: Store) -> None:
    here = Archive(store)
    gate = here.shelf.hang("responses.add")
    visit = here.respond()
    here.finish(ANSWER)
    await asyncio.sleep(0)
    assert (visit.client.status, visit.exchange.settled) == (0, False)
    gate.set()
    await here.keeper.quiet()
    assert (visit.client.status, visit.client.text) == (200, ANSWER.decode())
    assert here.shelf.asked == ["responses.add"]
    row = await store.responses.find("resp_1", "key")
    assert row is not None
    assert (row.exchange, row.status, row.background) == (visit.exchange.id, "completed", False)
    assert msgspec.json.decode(row.output or b"")["id"] == "resp_1"
    assert (here.cases, len(here.registry), visit.exchange.stored) == ({}, 0, None)


@scene
async def test_a_failed_response_is_not_kept_unless_it_is_in_the_background() -> None:
    here = office(breaks("upstream_error", after=1))
    visit = here.respond()
    await here.rig.until(2)
    assert (visit.client.status, here.shelf.asked, here.cases, len(here.registry)) == (502, [], {}, 0)


@scene
async def test_a_store_that_hangs_delays_a_response_so_long_and_no_longer() -> None:
    here = office(answers(ANSWER, b".\n"))
    here.shelf.hang("responses.add")
    visit = here.respond()
    await here.rig.until(scribe.PATIENCE - 0.1)
    assert visit.client.text.strip() == ""
    await here.rig.until(scribe.PATIENCE + 0.1)
    assert visit.client.text.strip() == ANSWER.decode().strip()
    assert here.counts == {Kept.REFUSED: 1, Kept.ERROR: 1}


@scene
async def test_a_slow_response_that_its_client_has_is_settled_after_it() -> None:
    here = office(answers(ANSWER, b".\n", after=30))
    visit = here.respond()
    await here.rig.until(31)
    assert visit.client.ending == "finished"
    assert here.asked == ["remember", "responses.add", "settle"]
    (end,) = here.settled()
    assert (end.result, end.response, end.orphan, visit.exchange.stored) == (None, None, None, True)
    assert (here.cases, len(here.registry)) == ({}, 0)


@pytest.mark.parametrize("slow", [True, False])
@scene
async def test_who_leaves_with_half_of_a_response_finds_all_of_it(slow: bool) -> None:
    """Its end was told, and shows only then that it must be kept; the response is not written again."""
    here = office(answers(*EVENTS, b".\n", after=1))
    visit = here.respond(stream=True)
    if slow:
        here.registry.held(visit.exchange)
    visit.client.blocked = True
    await here.rig.until(2)
    visit.client.go()
    await here.rig.until(3)
    assert here.asked == (["remember", "responses.add", "settle"] if slow else ["responses.add", "keep"])
    (end,) = here.settled()
    assert (end.response, end.result is None) == (None, False)
    assert end.orphan == pytest.approx(2, abs=0.1)
    assert here.counts == {Kept.ANSWER: 1}


@scene
async def test_a_response_that_was_not_stored_in_time_comes_with_the_end() -> None:
    here = office(answers(ANSWER, b".\n", after=1))
    here.shelf.fail("responses.add", GONE, 1)
    visit = here.respond(stream=False)
    visit.exchange.join(lambda: None)
    visit.client.go()
    await here.rig.until(2)
    (end,) = here.settled()
    assert isinstance(end.response, ResponseRow)
    assert end.result is not None


@scene
async def test_a_response_that_nobody_reads_and_nobody_wants_is_kept_all_the_same() -> None:
    here = office(answers(ANSWER, b".\n", after=1))
    visit = here.respond(stream=False)
    visit.client.go()
    here.registry.asked_for(visit.exchange)
    here.keeper._close(here.cases[visit.exchange.id])
    here.keeper.attend(visit.exchange)  # as if it could not be remembered
    await here.rig.until(2)
    assert here.asked[-1] == "responses.add"
    assert here.settled() == []


async def background(here: Archive) -> Archive:
    call = msgspec.structs.replace(JSON, body=b'{"model":"m","input":"Hi","background":true}', state=BACKGROUND)
    exchange = here.rig.make(call, FINISH)
    row = responded.asked_row(exchange, here.keeper.forgotten_at())
    await here.keeper.submit(exchange, None, msgspec.structs.replace(row, id="resp_ours"))
    here.registry.add(exchange)
    exchange.begin()
    exchange.detach()
    return here


@scene
async def test_what_could_not_be_remembered_and_was_delivered_is_over() -> None:
    here = office(answers(ANSWER, b".\n", after=20))
    gate = here.shelf.hang("exchanges.remember")
    here.shelf.fail("exchanges.remember", GONE)
    visit = here.respond()
    await here.rig.until(21)
    assert (visit.client.ending, list(here.registry)) == ("finished", [visit.exchange])
    gate.set()
    await here.rig.until(22)
    assert here.asked == ["remember", "responses.add"]
    assert (here.cases, len(here.registry), here.counts) == ({}, 0, {Kept.ERROR: 1})


@with_store
async def test_a_background_response_ends_with_its_exchange_and_its_event(store: Store) -> None:
    here = await background(Archive(store))
    row = await store.responses.find("resp_ours", "key")
    assert row is not None
    assert (row.status, row.output) == ("queued", None)
    here.finish(ANSWER)
    await here.keeper.quiet()
    ended = await store.responses.find("resp_ours", "key")
    assert ended is not None
    assert ended.status == "completed"
    (event,) = await store.outbox.lease(here.rig.loop.time() + 1, here.rig.loop.time() + 30)
    assert (event.type, here.rig.joined.woken) == ("response.completed", 1)
    assert (here.cases, len(here.registry)) == ({}, 0)
    assert here.counts == {Kept.ANSWER: 1}


@scene
async def test_without_room_a_background_response_has_its_end_at_least() -> None:
    here = await background(office(answers(ANSWER, b".\n", after=1)))
    here.shelf.fail("exchanges.settle", StorageFull("there"), 1)
    await here.rig.until(2)
    full, bare = here.settled()
    assert isinstance(full.response, ResponseEnd)
    assert full.events
    assert (bare.response, bare.events, bare.result) == (None, (), None)


@scene
async def test_who_streams_a_background_response_hears_no_end_before_it_is_stored() -> None:
    here = await background(office(answers(ANSWER, b".\n", after=1)))
    (exchange,) = here.registry
    gate = here.shelf.hang("exchanges.settle")
    reader = here.rig.join(exchange)
    await here.rig.until(2)
    assert (exchange.settled, reader.client.status, here.asked) == (False, 0, ["remember", "settle"])
    (end,) = here.settled()
    assert isinstance(end.response, ResponseEnd)
    gate.set()
    await here.rig.until(3)
    assert reader.client.ending == "whole"
    assert (here.asked, here.cases, len(here.registry)) == (["remember", "settle"], {}, 0)


@scene
async def test_a_background_response_waits_for_nobody_s_retry() -> None:
    here = await background(office(answers(ANSWER, b".\n", after=5)))
    (exchange,) = here.registry
    here.rig.join(exchange).client.go()
    assert here.registry.orphans == 1
    await here.rig.until(6)
    (end,) = here.settled()
    assert (end.orphan, end.result is None) == (None, False)


@scene
async def test_a_cancelled_background_response_says_so() -> None:
    here = await background(office(answers(ANSWER, b".\n", after=1)))
    (exchange,) = here.registry
    exchange.cancel()
    await here.keeper.quiet()
    (end,) = here.settled()
    assert isinstance(end.response, ResponseEnd)
    assert (end.state, end.response.status, end.events[0].type) == (State.CANCELLED, "cancelled", "response.cancelled")


@scene
async def test_a_background_response_whose_job_goes_on_is_not_ended_by_a_drain() -> None:
    here = await background(office(answers(ANSWER, b".\n", after=1)))
    (exchange,) = here.registry
    exchange.job = None
    exchange._handle = Handle("a", "job_1")
    exchange.cancel(fault("gateway_draining"))
    await here.keeper.close()
    assert (here.settled(), exchange.settled, here.cases, len(here.registry)) == ([], True, {}, 0)


@scene
async def test_complaints_are_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    here = office()
    await here.rig.until(100)
    for moment, told in ((100, 1), (130, 1), (161, 2)):
        await here.rig.until(moment)
        here.keeper.complain(GONE)
        assert caplog.text.count("in memory only: it is gone") == told
    await here.rig.until(300)
    here.rig.scribe.complain(TimeoutError())
    assert "does not answer in time" in caplog.text
    assert here.counts == {Kept.ERROR: 4}


@scene
async def test_a_new_configuration_counts_from_now_on() -> None:
    here = office()
    here.rig.scribe.keeps = Keeps(responses=50.0)
    assert here.keeper.forgotten_at() == pytest.approx(50, abs=0.1)


@scene
async def test_a_name_whose_exchange_did_nothing_is_given_back() -> None:
    here = office(breaks("upstream_connect", after=1))
    exchange = here.rig.make(CALL, FINISH)
    await here.keeper.submit(exchange, here.named("q"))
    here.rig.serve(exchange, here.named("q"))
    await here.rig.until(2)
    assert here.asked == ["remember", "settle", "claims.release"]
    assert here.shelf.given[-1][1] == ("key", here.named("q").name.hex(), exchange.id)
    (end,) = here.settled()
    assert (end.state, end.result, end.orphan) == (State.FAILED, None, None)


@scene
async def test_who_reads_a_named_answer_hears_its_end_when_that_is_stored() -> None:
    """Or what a killed process told as whole would be told as lost to the next who has the name."""
    here = office(answers(b"hello\n", b".\n", after=1))
    gate = here.shelf.hang("exchanges.settle")
    exchange = here.rig.make(CALL, FINISH)
    await here.keeper.submit(exchange, here.named("q"))
    visit = here.rig.serve(exchange, here.named("q"))
    await here.rig.until(1.5)
    assert (visit.client.text, visit.client.ending, exchange.settled) == ("hello\n", "", False)
    assert here.registry.named(here.named("q")) is exchange
    gate.set()
    await here.rig.until(2)
    assert (visit.client.text, visit.client.ending) == ("hello\n.\n", "finished")
    assert (exchange.settled, exchange.stored) == (True, True)


@scene
async def test_a_named_answer_is_whole_in_the_store_though_its_client_has_it() -> None:
    here = office(answers(b"hello\n", b".\n", after=1))
    exchange = here.rig.make(CALL, FINISH)
    await here.keeper.submit(exchange, here.named("q"))
    visit = here.rig.serve(exchange, here.named("q"))
    await here.rig.until(2)
    (end,) = here.settled()
    assert (visit.client.ending, end.result is None, end.orphan) == ("finished", False, None)
    assert here.registry.named(here.named("q")) is exchange
    assert here.asked == ["remember", "settle"]
